//! A pin: one upstream's exact, content-addressed choice.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::{ArchivePin, CommitId, DebianPin, Digest, GitRef, GitUrl, ImageRef, Platform, Repository, Tag};

/// The four kinds of manifest that a tag can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/vnd.oci.image.index.v1+json`
    OciIndex,
    /// `application/vnd.oci.image.manifest.v1+json`
    OciManifest,
    /// `application/vnd.docker.distribution.manifest.list.v2+json`
    DockerList,
    /// `application/vnd.docker.distribution.manifest.v2+json`
    DockerManifest,
}

impl MediaType {
    /// All four: a request that accepts fewer may be answered with one platform's manifest.
    pub const ALL: [Self; 4] = [Self::OciIndex, Self::DockerList, Self::OciManifest, Self::DockerManifest];

    /// The registered name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OciIndex => "application/vnd.oci.image.index.v1+json",
            Self::OciManifest => "application/vnd.oci.image.manifest.v1+json",
            Self::DockerList => "application/vnd.docker.distribution.manifest.list.v2+json",
            Self::DockerManifest => "application/vnd.docker.distribution.manifest.v2+json",
        }
    }

    /// Whether it names manifests of several platforms.
    pub fn is_index(self) -> bool {
        matches!(self, Self::OciIndex | Self::DockerList)
    }
}

impl FromStr for MediaType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|media_type| media_type.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not the media type of an image index or manifest"))
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a tag of an image repository named when it was locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImagePin {
    /// The canonical repository, never a mirror.
    pub repository: Repository,
    /// The tag.
    pub tag: Tag,
    /// Of the index, or of the manifest where the tag names one.
    pub digest: Digest,
    /// Of what `digest` names.
    pub media_type: MediaType,
    /// The manifest of each declared platform; never attestations.
    pub platforms: BTreeMap<Platform, Digest>,
}

impl ImagePin {
    /// `repository:tag@digest`
    pub fn reference(&self) -> ImageRef {
        ImageRef::new(self.repository.clone(), Some(self.tag.clone()), Some(self.digest.clone()))
    }
}

/// What a tag of a git repository named when it was locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitPin {
    /// The declared URL, never a mirror.
    pub url: GitUrl,
    /// The tag.
    pub tag: GitRef,
    /// The commit, peeled where the tag is annotated.
    pub commit: CommitId,
    /// The tag object, where the tag is annotated.
    pub tag_object: Option<CommitId>,
}

/// One table of `pins.lock`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// From an image repository.
    Image(ImagePin),
    /// From a git repository.
    Git(GitPin),
    /// From a server that publishes files.
    Archive(ArchivePin),
    /// Suites of a Debian archive.
    Debian(DebianPin),
}

impl Pin {
    /// The locked tag's text; the version of an archive, the time of a Debian archive.
    pub fn tag(&self) -> &str {
        match self {
            Self::Archive(pin) => &pin.version,
            Self::Debian(pin) => pin.time().as_str(),
            Self::Image(pin) => pin.tag.as_str(),
            Self::Git(pin) => pin.tag.as_str(),
        }
    }

    /// The content: `sha256:…` of an index or manifest, of an archive or of `InRelease` files; or a commit's id.
    pub fn content(&self) -> String {
        match self {
            Self::Archive(pin) => pin.digest().to_string(),
            Self::Debian(pin) => pin.digest().to_string(),
            Self::Image(pin) => pin.digest.to_string(),
            Self::Git(pin) => pin.commit.to_string(),
        }
    }

    /// The content, short enough for a table.
    pub fn short_content(&self) -> String {
        match self {
            Self::Image(pin) => pin.digest.short(),
            Self::Archive(pin) => pin.digest().short(),
            Self::Debian(pin) => pin.digest().short(),
            Self::Git(pin) => pin.commit.short().into(),
        }
    }

    /// Where it comes from.
    pub fn upstream(&self) -> String {
        match self {
            Self::Image(pin) => pin.repository.to_string(),
            Self::Git(pin) => pin.url.to_string(),
            Self::Archive(pin) => pin.url.to_string(),
            Self::Debian(pin) => pin.names(),
        }
    }
}
