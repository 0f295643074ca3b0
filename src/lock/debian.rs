//! The table of a Debian pin.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{Array, InlineTable, Item, Table, Value, value};

use super::decode::{number, sha256};
use crate::document::{Entry, Problem, Section};
use crate::model::{Architecture, DebianPin, InRelease, PackageName, PackagePin, Packages, Suite};

pub(super) fn read(section: &mut Section<'_>, problems: &mut Vec<Problem>) -> Option<DebianPin> {
    let named = section.require("suites", problems, |entry| {
        let suites = entry.elements()?.iter().map(Entry::parse).collect::<Result<BTreeSet<Suite>, _>>()?;
        Ok((suites, entry.clone()))
    });
    let snapshot = section.read("snapshot", problems, Entry::parse);
    let suites = section.require("inrelease", problems, read_suites);
    let packages = section.read("packages", problems, read_packages).unwrap_or_default();
    let ((named, entry), suites) = (named?, suites?);
    if !named.iter().eq(suites.keys()) {
        problems.push(entry.problem("`suites` and `inrelease` must name the same suites"));
        return None;
    }
    let pin = DebianPin::new(suites, snapshot, packages);
    if pin.is_none() {
        problems.push(entry.problem("a locked archive must have at least one suite"));
    }
    pin
}

/// The entries of a table, each key parsed.
fn keyed<'e, K>(entry: &Entry<'e>) -> Result<Vec<(K, Entry<'e>)>, Problem>
where
    K: std::str::FromStr<Err: std::fmt::Display>,
{
    let keyed = |(key, value): (&str, Entry<'e>)| match key.parse::<K>() {
        Ok(key) => Ok((key, value)),
        Err(error) => Err(value.problem(error.to_string())),
    };
    entry.section()?.entries().into_iter().map(keyed).collect()
}

fn read_suites(entry: &Entry<'_>) -> Result<BTreeMap<Suite, InRelease>, Problem> {
    let mut suites = BTreeMap::new();
    for (suite, entry) in keyed::<Suite>(entry)? {
        let (mut section, mut problems) = (entry.section()?, Vec::new());
        let digest = section.require("digest", &mut problems, Entry::parse);
        let date = section.require("date", &mut problems, Entry::parse);
        let signed_by = section.require("signed-by", &mut problems, |entry| {
            entry.elements()?.iter().map(Entry::parse).collect::<Result<BTreeSet<_>, _>>()
        });
        let read = digest.zip(date).zip(signed_by);
        suites.extend(
            whole(section, problems, read)?
                .map(|((digest, date), signed_by)| (suite, InRelease { digest, date, signed_by })),
        );
    }
    Ok(suites)
}

fn read_packages(entry: &Entry<'_>) -> Result<Packages, Problem> {
    let mut packages = Packages::new();
    for (name, entry) in keyed::<PackageName>(entry)? {
        let each = packages.entry(name).or_default();
        for (architecture, entry) in keyed::<Architecture>(&entry)? {
            let (mut section, mut problems) = (entry.section()?, Vec::new());
            let version = section.require("version", &mut problems, Entry::parse);
            let digest = section.require("sha256", &mut problems, sha256);
            let size = section.require("size", &mut problems, number);
            let read = version.zip(digest).zip(size);
            each.extend(
                whole(section, problems, read)?
                    .map(|((version, digest), size)| (architecture, PackagePin { version, digest, size })),
            );
        }
    }
    Ok(packages)
}

/// What was read of a table, where nothing in it was wrong or left over.
pub(super) fn whole<T>(
    section: Section<'_>,
    mut problems: Vec<Problem>,
    read: Option<T>,
) -> Result<Option<T>, Problem> {
    section.finish(&mut problems);
    match problems.into_iter().next() {
        Some(problem) => Err(problem),
        None => Ok(read),
    }
}

pub(super) fn table(pin: &DebianPin) -> Table {
    let mut table = Table::new();
    table.insert("suites", value(pin.suites().keys().map(Suite::as_str).collect::<Array>()));
    if let Some(snapshot) = pin.snapshot() {
        table.insert("snapshot", value(snapshot.as_str()));
    }
    let mut suites = dotted();
    for (name, suite) in pin.suites() {
        let mut inline = InlineTable::new();
        inline.insert("digest", suite.digest.to_string().into());
        inline.insert("date", suite.date.to_string().into());
        let keys: Array = suite.signed_by.iter().map(crate::model::Fingerprint::as_str).collect();
        inline.insert("signed-by", Value::Array(keys));
        suites.insert(name.as_str(), value(inline));
    }
    table.insert("inrelease", Item::Table(suites));
    let mut packages = dotted();
    for (name, each) in &pin.packages {
        let mut of = dotted();
        for (architecture, package) in each {
            let mut inline = InlineTable::new();
            inline.insert("version", package.version.as_str().into());
            inline.insert("sha256", package.digest.hex().into());
            inline.insert("size", size(package.size));
            of.insert(architecture.as_str(), value(inline));
        }
        packages.insert(name.as_str(), Item::Table(of));
    }
    if !pin.packages.is_empty() {
        table.insert("packages", Item::Table(packages));
    }
    table
}

/// A table that is written as the start of its keys.
pub(super) fn dotted() -> Table {
    let mut table = Table::new();
    table.set_dotted(true);
    table
}

/// TOML's integers have a sign.
pub(super) fn size(bytes: u64) -> Value {
    i64::try_from(bytes).unwrap_or(i64::MAX).into()
}
