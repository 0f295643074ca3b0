//! What a builder says that it used: provenance as BuildKit states it and as buildx writes it to a file. Pure.
//!
//! [`read_file`] takes what `docker buildx build --metadata-file` or `docker buildx bake` wrote, [`statement`] an in-toto
//! statement as it is attached to an image. Both are of SLSA v0.2 or v1. `material` says what one material is, `steps`
//! which `RUN` steps had the network.
//!
//! Whoever made the image may have written anything here: it is read strictly, within bounds, and what is not understood
//! stays there as such.

mod file;
mod material;
mod predicate;
mod purl;
mod steps;

use crate::model::{Digest, ImageRef};

pub use file::{Built, read_file};
pub use material::{GitUse, ImageUse, Material, Source};
pub use steps::{Network, Start, Step, Steps};

/// The types of predicates that are read.
pub const PREDICATE_TYPES: [&str; 2] = ["https://slsa.dev/provenance/v0.2", "https://slsa.dev/provenance/v1"];

/// The most bytes that are read; the largest that builders write have some hundreds of kilobytes.
pub const LIMIT: usize = 32 << 20;

/// What a build used, as its builder says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Everything from outside that went into it.
    pub materials: Vec<Material>,
    /// Its `RUN` steps that had the network.
    pub steps: Steps,
    /// What its steps started with.
    pub start: Start,
    /// The revision of the source, as the builder found it.
    pub revision: Option<Revision>,
    /// The revision that the build was told to label its image with.
    pub label: Option<String>,
    /// The image that read the Dockerfile, where that was not the builder itself.
    pub frontend: Option<ImageRef>,
    /// The repository that the build ran in, where that was no folder: as it is among the materials.
    pub context: Option<String>,
}

/// A revision as builders state it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The commit, as written.
    pub commit: String,
    /// Whether files differed from it.
    pub dirty: bool,
}

/// An in-toto statement of provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it is about. Builders leave this empty where an image has no name.
    pub subjects: Vec<Digest>,
    /// What it states.
    pub provenance: Provenance,
}

/// Why bytes are no provenance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProvenanceError {
    /// There are too many.
    #[error("it has {0} bytes, more than the {LIMIT} that are read")]
    TooLarge(usize),
    /// It is not JSON, or a part of it is not of the kind that it must be.
    #[error("it is not what builders write: {0}")]
    Malformed(String),
    /// Its statement is of something else.
    #[error("it states `{0}`, not provenance of SLSA v0.2 or v1")]
    Type(String),
    /// It has more of something than any build.
    #[error("it has more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are read.
        most: usize,
    },
}

/// Reads an in-toto statement.
pub fn statement(bytes: &[u8]) -> Result<Statement, ProvenanceError> {
    predicate::statement(json(bytes)?)
}

/// Reads JSON within bounds.
fn json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, ProvenanceError> {
    match bytes.len() {
        0..=LIMIT => serde_json::from_slice(bytes).map_err(malformed),
        length => Err(ProvenanceError::TooLarge(length)),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn malformed(error: serde_json::Error) -> ProvenanceError {
    ProvenanceError::Malformed(error.to_string())
}

#[cfg(test)]
mod tests;
