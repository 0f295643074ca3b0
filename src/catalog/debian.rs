//! The keys of a pin that follows suites of a Debian archive.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::document::{Entry, Problem, Section};
use crate::model::{Architecture, ArchiveTime, Component, PackageName, Suite, holds_login};

/// Suites of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Debian {
    /// Their names.
    pub suites: BTreeSet<Suite>,
    /// What of them is of use.
    pub packages: Wanted,
    /// Where they are not those of the images.
    pub architectures: Option<BTreeSet<Architecture>>,
    /// The parts that are read.
    pub components: BTreeSet<Component>,
    /// Where they are.
    pub place: ArchivePlace,
    /// Where builds get packages first.
    pub live: Option<ArchiveBase>,
    /// The keyring that signatures are checked against: a file of the repository, or by an absolute path of the machine.
    pub signed_by: String,
}

impl Debian {
    /// The suites' names, as people read them.
    pub fn names(&self) -> String {
        self.suites.iter().map(Suite::as_str).collect::<Vec<_>>().join(", ")
    }

    /// For each suite the address below which `dists` is, at a time or now.
    pub fn bases(&self, time: Option<&ArchiveTime>) -> BTreeMap<Suite, String> {
        let (ArchivePlace::Snapshot(base) | ArchivePlace::Mirror(base)) = &self.place;
        self.suites.iter().map(|suite| (suite.clone(), base.of(suite, time))).collect()
    }
}

/// Which packages are locked by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those that the images install.
    FromDockerfiles,
    /// These.
    Listed(BTreeSet<PackageName>),
}

/// Where suites are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchivePlace {
    /// With a service that has every state by its time.
    Snapshot(ArchiveBase),
    /// On a mirror, which has the present state only.
    Mirror(ArchiveBase),
}

/// The address of an archive, `{archive}` and `{timestamp}` in it.
#[derive(Clone, PartialEq, Eq)]
pub struct ArchiveBase(String);

const ARCHIVE: &str = "{archive}";
const TIMESTAMP: &str = "{timestamp}";

/// Where Debian's own states are.
const SNAPSHOT: &str = "https://snapshot.debian.org/archive/{archive}/{timestamp}";
/// Where Debian's packages are.
const LIVE: &str = "http://deb.debian.org/{archive}";

impl ArchiveBase {
    /// As declared.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address below which `dists/SUITE` is, without a trailing slash. Debian has its security suites in an archive of
    /// their own, beside the other.
    pub fn of(&self, suite: &Suite, time: Option<&ArchiveTime>) -> String {
        let archive = archive_of(suite);
        let base = self.0.replace(TIMESTAMP, time.map_or("", ArchiveTime::as_str));
        match base.strip_suffix("/debian") {
            Some(parent) if !self.0.contains(ARCHIVE) => format!("{parent}/{archive}"),
            _ => base.replace(ARCHIVE, archive),
        }
    }

    /// Whether it is Debian's own snapshot service.
    pub fn is_debians(&self) -> bool {
        self.0 == SNAPSHOT
    }

    fn has_time(&self) -> bool {
        self.0.contains(TIMESTAMP)
    }
}

/// The archive that a suite is in: `debian` or `debian-security`.
fn archive_of(suite: &Suite) -> &'static str {
    if suite.as_str().ends_with("-security") { "debian-security" } else { "debian" }
}

impl FromStr for ArchiveBase {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if holds_login(text) {
            return Err("the address of an archive must not hold a credential".into());
        }
        let filled = text.replace(ARCHIVE, "debian").replace(TIMESTAMP, "20260101T000000Z");
        let url: Option<url::Url> = filled.parse().ok();
        let host = text.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
        let fits = |url: &url::Url| {
            matches!(url.scheme(), "http" | "https")
                && url.host_str().is_some()
                && url.query().is_none()
                && url.fragment().is_none()
        };
        // It becomes a line of apt's sources, in a script.
        let is_word =
            text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '\\' | '"' | '\'' | '`' | '[' | ']'));
        let is_whole = is_word && !host.is_empty() && !host.contains('{') && !filled.contains(['{', '}']);
        match url.filter(fits).is_some() && is_whole {
            true => Ok(Self(text.trim_end_matches('/').into())),
            false => Err(format!(
                "`{text}` is not the address of an archive: expected https://HOST/PATH, with {{archive}} and {{timestamp}} where they belong"
            )),
        }
    }
}

impl fmt::Display for ArchiveBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ArchiveBase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the keys beside `suites`.
pub(super) fn read(
    suites: BTreeSet<Suite>,
    section: &mut Section<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Debian> {
    let packages = section.read("packages", problems, wanted).unwrap_or(Wanted::FromDockerfiles);
    let architectures = section.read("architectures", problems, set);
    let components = section.read("components", problems, set);
    let snapshot = section.read("snapshot", problems, base);
    let mirror = section.read("mirror", problems, base);
    let live = section.read("live", problems, base);
    let signed_by = section.require("signed-by", problems, |entry| match entry.text()? {
        "" => Err(entry.problem("`signed-by` must name a keyring")),
        path => Ok(path.to_owned()),
    });
    let mut wrong = |message: &str| problems.push(section.problem(message));
    if snapshot.is_some() && mirror.is_some() {
        wrong("suites are either of a `snapshot` service or of a `mirror`, not both");
    }
    if snapshot.as_ref().is_some_and(|base| !base.has_time()) {
        wrong("the address of a `snapshot` service has no {timestamp}; one without is a `mirror`");
    }
    if [&mirror, &live].into_iter().flatten().any(ArchiveBase::has_time) {
        wrong("only the address of a `snapshot` service has a {timestamp}");
    }
    if mirror.is_some() && live.is_some() {
        wrong("a `mirror` is live itself: `live` goes with a `snapshot` service");
    }
    let live = match (&snapshot, &mirror, live) {
        (None, None, None) => LIVE.parse().ok(),
        (_, _, live) => live,
    };
    let place = match (snapshot, mirror) {
        (_, Some(mirror)) => ArchivePlace::Mirror(mirror),
        (Some(snapshot), None) => ArchivePlace::Snapshot(snapshot),
        (None, None) => ArchivePlace::Snapshot(SNAPSHOT.parse().ok()?),
    };
    let components = match components {
        Some(components) => components,
        None => "main".parse().into_iter().collect(),
    };
    Some(Debian { suites, packages, architectures, components, place, live, signed_by: signed_by? })
}

/// A non-empty array of words.
pub(super) fn set<T: FromStr<Err: fmt::Display> + Ord>(entry: &Entry<'_>) -> Result<BTreeSet<T>, Problem> {
    let found = entry.elements()?.iter().map(Entry::parse).collect::<Result<BTreeSet<T>, _>>()?;
    match found.is_empty() {
        true => Err(entry.problem(format!("`{}` must name at least one", entry.path))),
        false => Ok(found),
    }
}

fn wanted(entry: &Entry<'_>) -> Result<Wanted, Problem> {
    match entry.text() {
        Ok("from-dockerfiles") => Ok(Wanted::FromDockerfiles),
        Ok(_) => Err(entry.problem("`packages` must be \"from-dockerfiles\" or a list of packages")),
        Err(_) => entry.elements()?.iter().map(Entry::parse).collect::<Result<_, _>>().map(Wanted::Listed),
    }
}

fn base(entry: &Entry<'_>) -> Result<ArchiveBase, Problem> {
    entry.parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_suites_are_in_an_archive_of_their_own() {
        let (main, security): (Suite, Suite) =
            ("bookworm".parse().unwrap(), "bookworm-security".parse().unwrap());
        let time: ArchiveTime = "20260820T000000Z".parse().unwrap();
        for (base, of_main, of_security) in [
            ("http://h/debian", "http://h/debian", "http://h/debian-security"),
            ("http://h/{archive}/", "http://h/debian", "http://h/debian-security"),
            ("http://h/all", "http://h/all", "http://h/all"),
            (
                "http://h/{timestamp}/debian",
                "http://h/20260820T000000Z/debian",
                "http://h/20260820T000000Z/debian-security",
            ),
        ] {
            let base: ArchiveBase = base.parse().unwrap();
            assert_eq!(base.of(&main, Some(&time)), of_main);
            assert_eq!(base.of(&security, Some(&time)), of_security);
        }
        for bad in [
            "h/debian",
            "ftp://h/debian",
            "http://u:p@h/debian",
            "http://h/{suite}",
            "http://{archive}/x",
            "http://h/a b/debian",
            "http:///h/debian",
            "http://h/{archive}\nEND\ntouch /tmp/x\ncat <<'END' ",
            "http://h/?a",
        ] {
            assert!(bad.parse::<ArchiveBase>().is_err(), "{bad}");
        }
    }
}
