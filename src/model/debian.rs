//! Debian's words: suites, architectures, packages and their versions, and states of an archive.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use super::Digest;

/// Why a text is none of Debian's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}")]
pub struct DebianWordError {
    text: String,
    what: &'static str,
}

macro_rules! word {
    ($(#[$doc:meta])* $type:ident, $what:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(String);

        impl $type {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = DebianWordError;

            fn from_str(text: &str) -> Result<Self, DebianWordError> {
                let valid: fn(&str) -> bool = $valid;
                match valid(text) {
                    true => Ok(Self(text.into())),
                    false => Err(DebianWordError { text: text.into(), what: $what }),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        super::text_type!($type);
    };
}

fn is_low(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Starts with a lower-case letter or digit; behind it also these.
fn is_word(text: &str, also: &[u8]) -> bool {
    text.bytes().next().is_some_and(is_low) && text.bytes().all(|byte| is_low(byte) || also.contains(&byte))
}

word!(
    /// A suite or codename, as below `dists/`: `bookworm-security`.
    Suite,
    "a suite: expected lower-case letters, digits, `-`, `.` and `_`",
    |text| is_word(text, b"-._")
);
word!(
    /// A component of a suite: `main`, `non-free-firmware`.
    Component,
    "a component: expected lower-case letters, digits, `-`, `.` and `_`",
    |text| is_word(text, b"-._")
);
word!(
    /// An architecture as Debian names it: `amd64`, `arm64`, `armhf`.
    Architecture,
    "an architecture: expected lower-case letters, digits, `-` and `_`",
    |text| is_word(text, b"-_")
);
word!(
    /// The name of a binary package (policy 5.6.1).
    PackageName,
    "the name of a package: expected lower-case letters, digits, `+`, `-` and `.`, two at least",
    |text| text.len() > 1 && is_word(text, b"+-.")
);
word!(
    /// A version as policy 5.6.12 has it, its order apart: `1:2.36-9+deb12u10`.
    PackageVersion,
    "a version of a package",
    |text| {
        let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
        let upstream = rest.rsplit_once('-').map_or(rest, |(upstream, _)| upstream);
        let revision = rest.rsplit_once('-').map(|(_, revision)| revision);
        let is = |byte: u8, also: &[u8]| byte.is_ascii_alphanumeric() || also.contains(&byte);
        !epoch.is_empty()
            && epoch.bytes().all(|byte| byte.is_ascii_digit())
            && upstream.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
            && upstream.bytes().all(|byte| is(byte, b".+-~:"))
            && revision.is_none_or(|revision| {
                !revision.is_empty() && revision.bytes().all(|byte| is(byte, b"+.~"))
            })
    }
);
word!(
    /// The fingerprint of an OpenPGP key, of version 4 or 6, in upper case.
    Fingerprint,
    "the fingerprint of a key: expected 40 or 64 upper-case hexadecimal digits",
    |text| matches!(text.len(), 40 | 64)
        && text.bytes().all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
);

impl Architecture {
    /// The one that a container platform runs (`linux/arm64/v8` runs `arm64`), where Debian has it.
    pub fn of(platform: &super::Platform) -> Option<Self> {
        let text = platform.to_string();
        let mut parts = text.split('/');
        let (system, processor, variant) = (parts.next()?, parts.next()?, parts.next());
        let name = match (processor, variant) {
            ("amd64", _) => "amd64",
            ("arm64", _) => "arm64",
            ("arm", Some("v5" | "v6")) => "armel",
            ("arm", _) => "armhf",
            ("386", _) => "i386",
            ("ppc64le", _) => "ppc64el",
            ("mips64le", _) => "mips64el",
            (same @ ("riscv64" | "s390x"), _) => same,
            _ => return None,
        };
        (system == "linux").then(|| Self(name.into()))
    }

    /// As a part of a build argument's name.
    pub fn argument(&self) -> String {
        self.0.to_ascii_uppercase().replace('-', "_")
    }
}

/// A state of an archive by its time, as snapshot services name it: `20260820T000000Z`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArchiveTime {
    text: String,
    time: jiff::Timestamp,
}

impl ArchiveTime {
    const FORMAT: &str = "%Y%m%dT%H%M%SZ";

    /// The last midnight, in UTC, that is not after `time`.
    pub fn midnight(time: jiff::Timestamp) -> Self {
        const DAY: i64 = 24 * 60 * 60;
        let midnight = jiff::Timestamp::from_second(time.as_second().div_euclid(DAY) * DAY);
        Self::from(midnight.unwrap_or(time))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The time.
    pub fn time(&self) -> jiff::Timestamp {
        self.time
    }
}

impl From<jiff::Timestamp> for ArchiveTime {
    fn from(time: jiff::Timestamp) -> Self {
        Self { text: time.strftime(Self::FORMAT).to_string(), time }
    }
}

impl FromStr for ArchiveTime {
    type Err = DebianWordError;

    fn from_str(text: &str) -> Result<Self, DebianWordError> {
        let wrong =
            || DebianWordError { text: text.into(), what: "a time of an archive: expected YYYYMMDDTHHMMSSZ" };
        let civil = jiff::civil::DateTime::strptime(Self::FORMAT, text).map_err(|_| wrong())?;
        let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong())?;
        let time = Self::from(zoned.timestamp());
        if time.text == text { Ok(time) } else { Err(wrong()) }
    }
}

impl fmt::Display for ArchiveTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

super::text_type!(ArchiveTime);

/// A suite's `InRelease` as it was locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InRelease {
    /// Of the whole file.
    pub digest: Digest,
    /// Its `Date`.
    pub date: jiff::Timestamp,
    /// The keys that made its good signatures: subkeys as they are.
    pub signed_by: BTreeSet<Fingerprint>,
}

/// A binary package of one architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackagePin {
    /// Its version.
    pub version: PackageVersion,
    /// Of the `.deb`; SHA-256.
    pub digest: Digest,
    /// Of the `.deb`, in bytes.
    pub size: u64,
}

/// The locked packages, by name and architecture.
pub type Packages = BTreeMap<PackageName, BTreeMap<Architecture, PackagePin>>;

/// What suites of an archive were when they were locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DebianPin {
    suites: BTreeMap<Suite, InRelease>,
    time: ArchiveTime,
    is_mirror: bool,
    /// Those that are declared, or that images install.
    pub packages: Packages,
}

impl DebianPin {
    /// Of a snapshot, or where there is none of a plain mirror, whose time is that of its newest suite. None where
    /// there is no suite.
    pub fn new(
        suites: BTreeMap<Suite, InRelease>,
        snapshot: Option<ArchiveTime>,
        packages: Packages,
    ) -> Option<Self> {
        let newest = suites.values().map(|suite| suite.date).max()?;
        let is_mirror = snapshot.is_none();
        let time = snapshot.unwrap_or_else(|| newest.into());
        Some(Self { suites, time, is_mirror, packages })
    }

    /// Each suite's `InRelease`.
    pub fn suites(&self) -> &BTreeMap<Suite, InRelease> {
        &self.suites
    }

    /// The snapshot's time, or of a mirror that of its newest suite.
    pub fn time(&self) -> &ArchiveTime {
        &self.time
    }

    /// The snapshot; none of a plain mirror.
    pub fn snapshot(&self) -> Option<&ArchiveTime> {
        Some(&self.time).filter(|_| !self.is_mirror)
    }

    /// The suites' names, as people read them.
    pub fn names(&self) -> String {
        self.suites.keys().map(Suite::as_str).collect::<Vec<_>>().join(", ")
    }

    /// What stands for all its `InRelease` files: the digest of the only one, or of all digests together.
    pub fn digest(&self) -> Digest {
        let mut digests = self.suites.values().map(|suite| &suite.digest);
        match (digests.next(), digests.next()) {
            (Some(only), None) => only.clone(),
            _ => Digest::sha256(self.digests().join("\n").as_bytes()),
        }
    }

    /// The digests of its `InRelease` files as bare hexadecimal digits, sorted.
    pub fn digests(&self) -> Vec<&str> {
        let mut digests: Vec<&str> = self.suites.values().map(|suite| suite.digest.hex()).collect();
        digests.sort_unstable();
        digests
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_as_policy_has_them() {
        for good in
            ["6.1.0-3", "1:2.36-9+deb12u10", "0~20210101-1", "2.0", "1:1.0-rc1-2", "3.0~rc1+dfsg-1.1~exp1"]
        {
            assert!(good.parse::<PackageVersion>().is_ok(), "{good}");
        }
        for bad in ["", "1:", "-1", ":1", "a:1", "1.0-", "1 0", "1.0_2", "~1", "é"] {
            assert!(bad.parse::<PackageVersion>().is_err(), "{bad}");
        }
        for bad in ["", "a", "A1", "-ab", "a_b", "a/b"] {
            assert!(bad.parse::<PackageName>().is_err(), "{bad}");
        }
        for bad in ["", "../x", "a/b", ".x", "a b"] {
            assert!(bad.parse::<Suite>().is_err(), "{bad}");
        }
    }

    #[test]
    fn times_are_read_to_the_letter() {
        let time: ArchiveTime = "20260820T013000Z".parse().unwrap();
        assert_eq!(time.time(), "2026-08-20T01:30:00Z".parse().unwrap());
        assert_eq!(ArchiveTime::midnight(time.time()).as_str(), "20260820T000000Z");
        for bad in ["20260820", "20260820T000000", "20261320T000000Z", "20260820t000000z", "20260820T240000Z"]
        {
            assert!(bad.parse::<ArchiveTime>().is_err(), "{bad}");
        }
    }

    #[test]
    fn platforms_have_architectures() {
        for (platform, architecture) in
            [("linux/arm64/v8", "arm64"), ("linux/arm/v7", "armhf"), ("linux/386", "i386")]
        {
            let found = Architecture::of(&platform.parse().unwrap());
            assert_eq!(found.unwrap().as_str(), architecture);
        }
        assert_eq!(Architecture::of(&"windows/amd64".parse().unwrap()), None);
    }
}
