//! A `Release` file: what a suite says of itself, and the digests of its lists.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::model::{Digest, harmless};

use super::stanza::fields;

/// The signed text of an `InRelease`, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Such as `oldstable`.
    pub suite: Option<String>,
    /// Such as `bookworm`.
    pub codename: Option<String>,
    /// When it was made.
    pub date: Timestamp,
    /// When it is no longer to be taken for the newest.
    pub valid_until: Option<Timestamp>,
    /// Whether lists are served by their digests too.
    pub by_hash: bool,
    /// What it has lists for.
    pub architectures: Vec<String>,
    /// Its parts, such as `main`; of some archives with a path before that.
    pub components: Vec<String>,
    /// Whether packages for all architectures are in the list of each.
    pub all_in_each: bool,
    /// Whether its packages are only taken where no other suite has them.
    pub not_automatic: bool,
    /// Whether they are taken where one of them is there already.
    pub but_automatic_upgrades: bool,
    files: BTreeMap<String, Listed>,
}

/// A file of a suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The digest of its bytes.
    pub digest: Digest,
    /// How many there are.
    pub size: u64,
}

/// Why a text is not a release file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its Release file {0}")]
pub struct ReleaseError(String);

impl Release {
    /// Reads the text that was signed.
    pub fn parse(text: &str) -> Result<Self, ReleaseError> {
        let fields = read_fields(text).map_err(ReleaseError)?;
        let value = |name: &str| fields.get(name).copied().filter(|value| !value.is_empty());
        let time = |name: &'static str, value: &str| {
            time(value).ok_or_else(|| wrong(format!("has a {name} that is no time: `{}`", short(value))))
        };
        let yes = |name| value(name).is_some_and(|value| value.eq_ignore_ascii_case("yes"));
        let words =
            |name| value(name).unwrap_or_default().split_ascii_whitespace().map(str::to_owned).collect();
        let date = value("date").ok_or_else(|| wrong("has no Date"))?;
        let listed = value("sha256").ok_or_else(|| wrong("lists no files by their SHA256"))?;
        let (suite, codename) = (value("suite").map(str::to_owned), value("codename").map(str::to_owned));
        if suite.is_none() && codename.is_none() {
            return Err(wrong("names no suite"));
        }
        let unsupported: Vec<String> = words("no-support-for-architecture-all");
        Ok(Self {
            suite,
            codename,
            date: time("Date", date)?,
            valid_until: value("valid-until").map(|until| time("Valid-Until", until)).transpose()?,
            by_hash: yes("acquire-by-hash"),
            architectures: words("architectures"),
            components: words("components"),
            all_in_each: unsupported.iter().any(|list| list == "Packages"),
            not_automatic: yes("notautomatic"),
            but_automatic_upgrades: yes("butautomaticupgrades"),
            files: files(listed).map_err(ReleaseError)?,
        })
    }

    /// A file, by its path below the suite's folder.
    pub fn file(&self, path: &str) -> Option<&Listed> {
        self.files.get(path)
    }

    /// The paths of all files that it lists.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Whether it is the suite of this name.
    pub fn is_called(&self, name: &str) -> bool {
        [&self.suite, &self.codename].into_iter().flatten().any(|own| own == name)
    }

    /// Its names, for people.
    pub fn names(&self) -> String {
        let names = [&self.suite, &self.codename].into_iter().flatten();
        names.map(|name| harmless(name)).collect::<Vec<_>>().join(", ")
    }

    /// Whether it has this component. Some archives write a path before its name, as `updates/main`.
    pub fn has_component(&self, component: &str) -> bool {
        self.components.iter().any(|own| own == component || own.rsplit('/').next() == Some(component))
    }
}

fn wrong(why: impl Into<String>) -> ReleaseError {
    ReleaseError(why.into())
}

fn short(text: &str) -> String {
    harmless(&text.chars().take(80).collect::<String>())
}

/// The fields of the one stanza, by their names in lower case.
fn read_fields(text: &str) -> Result<BTreeMap<String, &str>, String> {
    let text = text.trim_end();
    if text.contains("\n\n") {
        return Err("has more than one stanza".into());
    }
    let mut read = BTreeMap::new();
    for field in fields(text.as_bytes()) {
        let (name, value) = field?;
        // What was text as a whole is text in its parts, which end at ASCII.
        let (name, value) = (std::str::from_utf8(name), std::str::from_utf8(value));
        let (Ok(name), Ok(value)) = (name, value) else { return Err("is not UTF-8".into()) };
        if read.insert(name.to_ascii_lowercase(), value).is_some() {
            return Err(format!("has {} twice", short(name)));
        }
    }
    Ok(read)
}

/// Lines of a digest, a size and a path.
fn files(listed: &str) -> Result<BTreeMap<String, Listed>, String> {
    let mut files = BTreeMap::new();
    for line in listed.lines().map(str::trim) {
        let malformed = || format!("has a line that is not a digest, a size and a path: `{}`", short(line));
        let mut words = line.split_ascii_whitespace();
        let (Some(digest), Some(size), Some(path), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(malformed());
        };
        let digest: Digest = format!("sha256:{digest}").parse().map_err(|_| malformed())?;
        let digits = size.bytes().all(|byte| byte.is_ascii_digit());
        let size = size.parse().ok().filter(|_| digits).ok_or_else(malformed)?;
        if !stays_below(path) {
            return Err(format!("lists a path that leads elsewhere: `{}`", short(path)));
        }
        let file = Listed { digest, size };
        if files.get(path).is_some_and(|other| *other != file) {
            return Err(format!("lists `{}` twice, and not as the same", short(path)));
        }
        files.insert(path.to_owned(), file);
    }
    Ok(files)
}

/// Whether a path names something below where it begins, and is the same when it is a URL's.
fn stays_below(path: &str) -> bool {
    let fits = |c: char| c.is_ascii_graphic() && !matches!(c, '\\' | '?' | '#' | '%');
    path.chars().all(fits) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// A time as Debian writes it: `Sat, 11 Jul 2026 10:16:37 UTC`. The day of the week says nothing.
fn time(text: &str) -> Option<Timestamp> {
    let (day, rest) = text.split_once(", ")?;
    let zones = [" UTC", " GMT", " +0000", " Z"];
    let civil = zones.iter().find_map(|zone| rest.strip_suffix(zone))?;
    if day.len() != 3 {
        return None;
    }
    let civil = DateTime::strptime("%d %b %Y %H:%M:%S", civil.trim_start()).ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "515e692f2c4121c6fcec444ef100cc18f79a991910615f3a88c8b7becfc94d2f";

    fn text() -> String {
        format!(
            "Origin: Debian\nSuite: oldstable\nCodename: bookworm\nDate: Sat, 11 Jul 2026 10:16:37 UTC\n\
             Acquire-By-Hash: yes\nNo-Support-for-Architecture-all: Packages\nArchitectures: all amd64 arm64\n\
             Components: main updates/contrib\nDescription: Debian 12.15\nMD5Sum:\n x 1 y\nSHA256:\n \
             {DIGEST} 50060337 main/binary-amd64/Packages\n {DIGEST}  7 main/binary-amd64/Packages.xz"
        )
    }

    fn wrong(from: &str, to: &str) -> String {
        assert!(text().contains(from), "{from}");
        Release::parse(&text().replacen(from, to, 1)).unwrap_err().to_string()
    }

    #[test]
    fn what_a_suite_says_is_read() {
        let release = Release::parse(&text()).unwrap();
        assert_eq!(release.date.to_string(), "2026-07-11T10:16:37Z");
        assert!(release.by_hash && release.all_in_each);
        assert!(!release.not_automatic && !release.but_automatic_upgrades);
        assert_eq!(release.architectures, ["all", "amd64", "arm64"]);
        assert!(release.has_component("main") && release.has_component("contrib"));
        assert!(!release.has_component("updates"));
        assert!(
            release.is_called("bookworm") && release.is_called("oldstable") && !release.is_called("stable")
        );
        let listed = release.file("main/binary-amd64/Packages").unwrap();
        assert_eq!((listed.digest.hex(), listed.size), (DIGEST, 50_060_337));
        assert_eq!(release.file("main/binary-amd64/Packages.gz"), None);
        assert_eq!(release.valid_until, None);
    }

    #[test]
    fn times_and_flags_are_read() {
        let more = "Suite: backports\nNotAutomatic: yes\nButAutomaticUpgrades: yes\nValid-Until: Sun,  2 Aug 2026 1:02:03 GMT";
        let release = Release::parse(&text().replace("Suite: oldstable", more)).unwrap();
        assert!(release.not_automatic && release.but_automatic_upgrades);
        assert_eq!(release.valid_until.unwrap().to_string(), "2026-08-02T01:02:03Z");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        assert!(wrong("Suite: oldstable", "Suite: a\nsuite: b").contains("twice"));
        assert!(wrong("Origin: Debian", "Origin").contains("`Name: value`"));
        assert!(wrong("Description", "\nDescription").contains("more than one stanza"));
        assert!(wrong("Packages.xz", "Packages").contains("twice, and not as the same"));
        assert!(wrong("Date: Sat, 11 Jul 2026 10:16:37 UTC", "Date: today").contains("no time"));
        assert!(wrong("10:16:37 UTC", "10:16:37 PST").contains("no time"));
        assert!(wrong("  7 main", "  +7 main").contains("not a digest"));
        assert!(wrong("  7 main", "  7 8 main").contains("not a digest"));
        assert!(wrong(&format!("{DIGEST}  7"), "ABC 7").contains("not a digest"));
    }

    #[test]
    fn paths_lead_nowhere_else() {
        for path in ["../x", "a/../x", "/x", "a//x", "a/./x", "a/%2e%2e/x", "a\\x", "a?b", "a#b", "a/"] {
            let told = wrong("main/binary-amd64/Packages.xz", path);
            assert!(told.contains("leads elsewhere"), "{path}: {told}");
        }
    }

    #[test]
    fn what_is_missing_is_told() {
        assert!(wrong("Date: Sat, 11 Jul 2026 10:16:37 UTC\n", "").contains("no Date"));
        assert!(wrong("SHA256:", "SHA1:").contains("by their SHA256"));
        assert!(wrong("Suite: oldstable\nCodename: bookworm", "Label: x").contains("names no suite"));
    }

    #[test]
    fn one_file_may_be_listed_twice_as_the_same() {
        let twice = format!("{}\n {DIGEST} 7 main/binary-amd64/Packages.xz", text());
        assert!(Release::parse(&twice).is_ok());
    }
}
