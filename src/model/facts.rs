//! What an upstream says, before anyone chooses: reported by sources, read by selection.

use std::collections::BTreeMap;

use super::{CommitId, Digest, GitRef, ImageRef, MediaType, Platform};

/// What a reference names in a registry; the digest is of bytes that this program hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Of the exact bytes served.
    pub digest: Digest,
    /// What the bytes are.
    pub media_type: MediaType,
    /// The manifest of each platform, without attestations; itself, where it is one platform's.
    pub platforms: BTreeMap<Platform, Digest>,
    /// What the image of each platform says that it was built on, where it says so.
    pub bases: BTreeMap<Platform, Base>,
    /// The revision of its source that the image of each platform says that it was built from, where it says so.
    pub revisions: BTreeMap<Platform, String>,
}

/// What the image of one platform is made of, as far as its configuration tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Make {
    /// The digests of its unpacked layers, lowest first.
    pub layers: Vec<String>,
    /// What made each layer or changed the configuration, in order.
    pub history: Vec<String>,
    /// The revision of its source, as its label claims.
    pub revision: Option<String>,
    /// The instructions that builders follow in every image that is built on it (`ONBUILD`), in order.
    pub triggers: Vec<String>,
}

/// What an image says that it was built on: a claim, which nothing proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// The base's reference, as `debian:trixie-slim`.
    pub name: ImageRef,
    /// What that named when the image was built: the manifest of the platform, not an index.
    pub digest: Digest,
}

/// A tag of a git repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitTag {
    /// Without `refs/tags/`.
    pub name: GitRef,
    /// The commit, peeled.
    pub commit: CommitId,
    /// The tag object, where the tag is annotated.
    pub tag_object: Option<CommitId>,
}

/// The commits that one commit of a git repository has and another has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Between {
    /// The newest of them, each with the first line of its message.
    pub commits: Vec<(CommitId, String)>,
    /// How many there are.
    pub total: usize,
}
