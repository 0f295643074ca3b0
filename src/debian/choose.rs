//! Which of several packages of one name apt would take.

use super::{Index, Package, Version, VersionError};

/// How a suite stands to others: apt takes the highest version of those with the highest priority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// `NotAutomatic`: only what no other suite has.
    NotAutomatic,
    /// `NotAutomatic` with `ButAutomaticUpgrades`, as backports are: before those, and after all others.
    Upgrades,
    /// As suites are.
    #[default]
    Automatic,
}

/// A suite's list for an architecture. A suite with several components has several.
#[derive(Clone, Copy, Debug)]
pub struct Suite<'a> {
    /// Its priority.
    pub priority: Priority,
    /// Its packages.
    pub index: &'a Index,
}

/// The package that apt would take.
#[derive(Clone, Debug)]
pub struct Choice<'a> {
    /// The package.
    pub package: Package<'a>,
    /// Its version.
    pub version: Version,
}

/// Chooses from suites. Of the same version in several the first counts: they are the same package.
pub fn choose<'a>(suites: &[Suite<'a>], name: &str) -> Result<Option<Choice<'a>>, VersionError> {
    let mut best: Option<(Priority, Choice<'a>)> = None;
    for suite in suites {
        for package in suite.index.get(name) {
            let version: Version = package.version().parse()?;
            let better = best
                .as_ref()
                .is_none_or(|(priority, choice)| (suite.priority, &version) > (*priority, &choice.version));
            if better {
                best = Some((suite.priority, Choice { package, version }));
            }
        }
    }
    Ok(best.map(|(_, choice)| choice))
}

impl Priority {
    /// The priority of a suite that says this of itself.
    pub fn of(release: &super::Release) -> Self {
        match (release.not_automatic, release.but_automatic_upgrades) {
            (false, _) => Self::Automatic,
            (true, true) => Self::Upgrades,
            (true, false) => Self::NotAutomatic,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::closure::tests::index;
    use super::*;

    fn chosen(suites: &[(Priority, &Index)], name: &str) -> Option<String> {
        let suites: Vec<Suite<'_>> =
            suites.iter().map(|(priority, index)| Suite { priority: *priority, index }).collect();
        choose(&suites, name).unwrap().map(|choice| choice.version.to_string())
    }

    #[test]
    fn the_highest_version_of_the_highest_priority_is_taken() {
        use Priority::{Automatic, NotAutomatic, Upgrades};
        let (old, new, newest) =
            (index(&["aa 1.9"]), index(&["aa 1.10", "aa 1.2"]), index(&["aa 2", "bb 1"]));
        assert_eq!(chosen(&[(Automatic, &old), (Automatic, &new)], "aa").unwrap(), "1.10");
        assert_eq!(chosen(&[(Automatic, &new), (Automatic, &old)], "aa").unwrap(), "1.10");
        for other in [NotAutomatic, Upgrades] {
            assert_eq!(chosen(&[(other, &newest), (Automatic, &old)], "aa").unwrap(), "1.9");
            assert_eq!(chosen(&[(other, &newest), (Automatic, &old)], "bb").unwrap(), "1");
        }
        assert_eq!(chosen(&[(NotAutomatic, &newest), (Upgrades, &old)], "aa").unwrap(), "1.9");
        assert_eq!(chosen(&[(Automatic, &old)], "bb"), None);
    }

    #[test]
    fn a_version_that_is_none_is_an_error() {
        let bad = index(&["aa 1_2"]);
        assert!(choose(&[Suite { priority: Priority::Automatic, index: &bad }], "aa").is_err());
    }
}
