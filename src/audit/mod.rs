//! The audit: what a build used, compared with a lock. Pure.
//!
//! [`Locked`] is the lock as it was at one revision, as far as an image may use it. `materials` compares what provenance
//! names; what an image has installed is compared by whoever reads it. What is not in the lock is a finding, and so is what is not understood:
//! what a build did not need is absent, so that the lock may have more than was used, never less.

mod materials;

use std::collections::BTreeSet;

use crate::lock::Lock;
use crate::model::{Pin, PinName, Platform};

/// What the audit can find, each with what it means.
pub const RULES: [(&str, &str); 10] = [
    (NO_PROVENANCE, "nothing says what the image was built from"),
    (OTHER_SUBJECT, "the provenance is about another image"),
    (NO_REVISION, "nothing says which revision the image was built from"),
    (REVISION_NOT_HERE, "the revision that the image was built from is not in this repository"),
    (
        REVISION_NOT_KEPT,
        "the revision that the image was built from is on no branch or tag of this repository",
    ),
    (REVISIONS_DIFFER, "several revisions are named"),
    (NOT_LOCKED, "a material is not in the lock"),
    (NOT_OF_IMAGE, "a material is locked by a pin that the image does not read"),
    (NOT_UNDERSTOOD, "something of the image is of a kind that cannot be compared with the lock"),
    (PACKAGE_NOT_LOCKED, "an installed package is neither in the base nor in a locked suite"),
];

/// Nothing says what the image was built from.
pub const NO_PROVENANCE: &str = "no-provenance";
/// The provenance is about another image.
pub const OTHER_SUBJECT: &str = "other-subject";
/// Nothing says which revision the image was built from.
pub const NO_REVISION: &str = "no-revision";
/// The revision is not in this repository.
pub const REVISION_NOT_HERE: &str = "revision-not-here";
/// The revision is on no branch or tag of this repository.
pub const REVISION_NOT_KEPT: &str = "revision-not-kept";
/// Several revisions are named.
pub const REVISIONS_DIFFER: &str = "revisions-differ";
/// A material is not in the lock.
pub const NOT_LOCKED: &str = "not-locked";
/// A material is locked by a pin that the image does not read.
pub const NOT_OF_IMAGE: &str = "not-of-image";
/// Something cannot be compared.
pub const NOT_UNDERSTOOD: &str = "not-understood";
/// A package is neither in the base nor in a locked suite.
pub const PACKAGE_NOT_LOCKED: &str = "package-not-locked";

/// One thing that an image has and should not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Stable, for machines.
    pub rule: &'static str,
    /// The platform whose image has it, where that is known.
    pub platform: Option<Platform>,
    /// What it is about: a material, a package; empty where it is about the image as a whole.
    pub subject: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// The lock of a revision, as far as an image may use it.
pub struct Locked<'a> {
    lock: &'a Lock,
    /// The pins that the image reads; all of them where the image is not known.
    read: Option<BTreeSet<&'a PinName>>,
    /// The pin that it is built on, where the image is known.
    base: Option<&'a PinName>,
    /// The revision: a build that ran in the repository itself has it among its materials.
    commit: Option<&'a str>,
}

impl<'a> Locked<'a> {
    /// The whole lock.
    pub fn new(lock: &'a Lock) -> Self {
        Self { lock, read: None, base: None, commit: None }
    }

    /// Only what an image reads.
    #[must_use]
    pub fn read_by(self, pins: impl IntoIterator<Item = &'a PinName>) -> Self {
        Self { read: Some(pins.into_iter().collect()), ..self }
    }

    /// Of an image that is built on this pin.
    #[must_use]
    pub fn built_on(self, base: &'a PinName) -> Self {
        Self { base: Some(base), ..self }
    }

    /// As it was at this commit.
    #[must_use]
    pub fn at(self, commit: &'a str) -> Self {
        Self { commit: Some(commit), ..self }
    }

    /// Every pin of the lock.
    pub fn pins(&self) -> impl Iterator<Item = (&'a PinName, &'a Pin)> {
        self.lock.pins.iter()
    }

    /// Whether the image reads a pin.
    pub fn reads(&self, name: &PinName) -> bool {
        self.read.as_ref().is_none_or(|read| read.contains(name))
    }
}

#[cfg(test)]
mod tests;
