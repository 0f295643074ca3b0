//! What suites of an archive were found to be at a time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Architecture, Digest, InRelease, PackageName, Packages, Suite};

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
