//! What suites of an archive were found to be at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use super::{Architecture, Digest, InRelease, PackageName, PackagePin, PackageVersion, Packages, Suite};

/// What is read of suites before their lists are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveState {
    /// Each suite's `InRelease`, verified.
    pub suites: BTreeMap<Suite, InRelease>,
    /// The digests of the lists that count, by suite and path.
    pub lists: BTreeMap<(Suite, String), Digest>,
    /// When the first of the suites is no longer to be taken for the newest, where one says so.
    pub valid_until: Option<Timestamp>,
}

/// What the lists have of some packages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Those that were asked for, and all that their installation could bring in: of each the one that apt would take.
    pub packages: Packages,
    /// Those that were asked for and are not there, by architecture; with the packages that provide the name.
    pub missing: BTreeMap<PackageName, BTreeMap<Architecture, BTreeSet<String>>>,
}

/// What became of a package between two states, on the architectures where it became the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageStep {
    /// Its name.
    pub name: PackageName,
    /// Its version before; none where it is new.
    pub from: Option<PackageVersion>,
    /// Its version after; none where it is gone.
    pub to: Option<PackageVersion>,
    /// Where.
    pub architectures: Vec<Architecture>,
}

impl PackageStep {
    /// The packages that differ, by name.
    pub fn between(from: &Packages, to: &Packages) -> Vec<Self> {
        let names: BTreeSet<&PackageName> = from.keys().chain(to.keys()).collect();
        names.into_iter().flat_map(|name| Self::of(name, from.get(name), to.get(name))).collect()
    }

    fn of(
        name: &PackageName,
        from: Option<&BTreeMap<Architecture, PackagePin>>,
        to: Option<&BTreeMap<Architecture, PackagePin>>,
    ) -> Vec<Self> {
        let architectures: BTreeSet<&Architecture> =
            [from, to].into_iter().flatten().flat_map(BTreeMap::keys).collect();
        let mut steps: Vec<Self> = Vec::new();
        for architecture in architectures {
            let [was, is] = [from, to].map(|pins| pins.and_then(|pins| pins.get(architecture)));
            if was == is {
                continue;
            }
            let version = |pin: Option<&PackagePin>| pin.map(|pin| pin.version.clone());
            let (was, is) = (version(was), version(is));
            match steps.iter_mut().find(|step| step.from == was && step.to == is) {
                Some(step) => step.architectures.push(architecture.clone()),
                None => steps.push(Self {
                    name: name.clone(),
                    from: was,
                    to: is,
                    architectures: vec![architecture.clone()],
                }),
            }
        }
        steps
    }
}

impl fmt::Display for PackageStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, from, to, architectures } = self;
        match (from, to) {
            (Some(from), Some(to)) if from == to => write!(f, "{name} {to}, with other bytes")?,
            (Some(from), Some(to)) => write!(f, "{name} {from} -> {to}")?,
            (None, Some(to)) => write!(f, "{name} {to}, new")?,
            (Some(from), None) => write!(f, "{name} {from}, gone")?,
            (None, None) => write!(f, "{name}")?,
        }
        let architectures: Vec<&str> = architectures.iter().map(Architecture::as_str).collect();
        write!(f, " ({})", architectures.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(all: &[(&str, &str, &str)]) -> Packages {
        let mut packages = Packages::new();
        for (name, architecture, version) in all {
            let pin = PackagePin {
                version: version.trim_end_matches('!').parse().unwrap(),
                digest: Digest::sha256(version.as_bytes()),
                size: 1,
            };
            packages.entry(name.parse().unwrap()).or_default().insert(architecture.parse().unwrap(), pin);
        }
        packages
    }

    #[test]
    fn steps_are_told_together_where_they_are_the_same() {
        let from = [("aa", "amd64", "1"), ("aa", "arm64", "1"), ("bb", "amd64", "1"), ("cc", "amd64", "1")];
        let to = [
            ("aa", "amd64", "2"),
            ("aa", "arm64", "2"),
            ("bb", "amd64", "1!"),
            ("cc", "amd64", "1"),
            ("dd", "amd64", "1"),
        ];
        let steps = PackageStep::between(&packages(&from), &packages(&to));
        let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
        assert_eq!(
            steps,
            ["aa 1 -> 2 (amd64, arm64)", "bb 1, with other bytes (amd64)", "dd 1, new (amd64)"]
        );
        let back = PackageStep::between(&packages(&to[..3]), &packages(&to[..2]));
        assert_eq!(back[0].to_string(), "bb 1, gone (amd64)");
    }
}
