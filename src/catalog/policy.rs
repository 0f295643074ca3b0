//! `refresh/policy.toml`: when, how, and through which network.

use std::collections::BTreeMap;

use super::{Network, PathGlobs, Propose, Timetable, network, paths, propose, schedule};
use crate::document::{Entry, Place, Problem, Section, meant};
use crate::track::Glob;

/// The tables that are about more than one pin.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// When upstreams are asked by the daemon.
    pub schedule: Timetable,
    /// How the network is reached.
    pub network: Network,
    /// What is made of the references in files.
    pub references: References,
    /// Levels that differ from a rule's own, each with the place of the rule's name.
    pub rules: BTreeMap<String, (Level, Place)>,
    /// The newest rules that may fail the gate.
    pub edition: Option<Edition>,
    /// How a bump reaches people.
    pub propose: Propose,
}

/// `[references]`
#[derive(Clone, Debug, Default)]
pub struct References {
    /// How a reference comes to name what is locked.
    pub mode: Mode,
    /// Repositories of images that are built here, under their canonical names.
    pub own: Vec<Glob>,
    /// Files that are not looked at.
    pub ignore: PathGlobs,
}

/// How a reference comes to name what is locked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// `repository:tag@digest` is written into files.
    #[default]
    InPlace,
    /// Files keep their tag; the build runs under a policy that is made from the lock.
    Policy,
}

/// The month in which a rule came: `YYYY-MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edition {
    /// The year.
    pub year: i16,
    /// From 1 to 12.
    pub month: i8,
}

impl Edition {
    /// The edition of the first rules.
    pub const FIRST: Self = Self { year: 2026, month: 11 };
}

impl std::fmt::Display for Edition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// How much a rule's findings weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not reported.
    Off,
    /// Reported.
    Warning,
    /// The gate fails.
    Error,
}

const LEVELS: [(&str, Level); 3] =
    [("error", Level::Error), ("warning", Level::Warning), ("off", Level::Off)];

pub(super) fn read(root: &mut Section<'_>, policy: &mut Policy, problems: &mut Vec<Problem>) {
    network::read(network::Whose::Repository, root, &mut policy.network, problems);
    schedule::read(root, &mut policy.schedule, problems);
    read_references(root, &mut policy.references, problems);
    propose::read(root, &mut policy.propose, problems);
    if let Some(mut section) = root.read("verify", problems, Entry::section) {
        policy.edition = section.read("edition", problems, edition).or(policy.edition);
        let rules = section.read("rules", problems, Entry::section);
        for (rule, entry, place) in rules.iter().flat_map(|rules| {
            rules.entries().into_iter().map(|(rule, entry)| (rule, entry, rules.key_place(rule)))
        }) {
            match one_of(&entry, &LEVELS) {
                Ok(level) => drop(policy.rules.insert(rule.to_owned(), (level, place))),
                Err(problem) => problems.push(problem),
            }
        }
        section.finish(problems);
    }
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(entry: &Entry<'_>, words: &[(&str, T)]) -> Result<T, Problem> {
    let text = entry.text()?;
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let problem =
            entry.problem(format!("`{}` must be one of {}, not {text:?}", entry.path, names.join(", ")));
        match meant(text, names) {
            Some(word) => problem.help(format!("did you mean `{word}`?")),
            None => problem,
        }
    })
}

/// `YYYY-MM`
fn edition(entry: &Entry<'_>) -> Result<Edition, Problem> {
    let date = format!("{}-01", entry.text()?).parse::<jiff::civil::Date>();
    let date = date.map_err(|_| entry.problem("`verify.edition` must be a month such as 2026-11"))?;
    let edition = Edition { year: date.year(), month: date.month() };
    match edition < Edition::FIRST {
        true => {
            Err(entry
                .problem(format!("there are no rules of {edition}: the first are of {}", Edition::FIRST)))
        }
        false => Ok(edition),
    }
}

fn read_references(root: &mut Section<'_>, references: &mut References, problems: &mut Vec<Problem>) {
    let Some(mut section) = root.read("references", problems, Entry::section) else {
        return;
    };
    let modes = [("in-place", Mode::InPlace), ("policy", Mode::Policy)];
    references.mode = section.read("mode", problems, |entry| one_of(entry, &modes)).unwrap_or_default();
    references.own = section.read("own", problems, own).unwrap_or_default();
    references.ignore = section.read("ignore", problems, paths::read).unwrap_or_default();
    section.finish(problems);
}

/// Patterns over repositories. A name without a host is Docker Hub's, as it is in a reference.
fn own(entry: &Entry<'_>) -> Result<Vec<Glob>, Problem> {
    let pattern = |element: &Entry<'_>| {
        let text = element.text()?;
        let first = text.split('/').next().unwrap_or_default();
        let has_host = text.contains('/') && (first.contains(['.', ':', '*']) || first == "localhost");
        Ok(Glob::new(&match (has_host, text.contains('/')) {
            (true, _) => text.to_owned(),
            (false, true) => format!("docker.io/{text}"),
            (false, false) => format!("docker.io/library/{text}"),
        }))
    };
    entry.elements()?.iter().map(pattern).collect()
}
