//! What stays open after adoption: where, why, and what to do.

use std::collections::BTreeMap;

use super::survey::{Source, named};
use crate::scan::Reference;

/// An outside input that adoption could not pin.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undecided {
    /// The file.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// What is written there.
    pub written: String,
    /// Why it is open.
    pub why: String,
    /// What a person can do.
    pub help: String,
}

/// Why an upstream's tag was not declared, and what to do about it.
pub type Failures = BTreeMap<(Source, String), (String, String)>;

/// Why the upstream's tag that a reference names was not declared, and what to do about it.
pub fn failure<'f>(reference: &Reference, failures: &'f Failures) -> Option<&'f (String, String)> {
    let (source, tag, _) = named(reference)?;
    failures.get(&(source, tag))
}
