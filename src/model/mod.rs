//! The words of the project as types: each is parsed once, at the edge, and cannot hold a wrong value.
//!
//! Pure: no network, no clock, no files, and nothing of ours is imported here.

mod archive;
mod archive_state;
mod debian;
mod digest;
mod facts;
mod git;
mod image_facts;
mod image_ref;
mod lane;
mod name;
mod pin;
mod platform;
mod repository;
mod sightings;
mod tag;
mod tag_list;
mod text;

pub use archive::{ArchiveFile, ArchiveFiles, ArchivePin, ArchiveUrl, ArchiveUrlError, fills_url};
pub use archive_state::{ArchiveState, PackageStep, Reach};
pub use debian::{
    Architecture, ArchiveTime, Component, DebianPin, DebianWordError, Fingerprint, InRelease, PackageName,
    PackagePin, PackageVersion, Packages, Suite,
};
pub use digest::{Algorithm, Digest, DigestError, Hasher};
pub use facts::{Base, Between, GitTag, Make, Manifest};
pub use git::{CommitId, GitRef, GitRefError, GitUrl, GitUrlError, ObjectIdError, Transport, same_git};
pub use image_facts::{Anatomy, Configuration, Depth, Layer, Learnt, Package, Part, Setting};
pub use image_ref::{ImageRef, ImageRefError};
pub use lane::{Allow, Lane};
pub use name::{GroupName, ImageName, NameError, PinName};
pub use pin::{GitPin, ImagePin, MediaType, Pin};
pub use platform::{Platform, PlatformError};
pub use repository::{Registry, Repository, RepositoryError};
pub use sightings::{Sighting, Sightings};
pub use tag::{Tag, TagError};
pub use tag_list::{ListMark, TagList};
pub use text::{harmless, holds_login, in_words, quoted, shell_word};

/// `Display`, `Debug`-as-text and `serde::Serialize` for a type whose text form is its whole value.
macro_rules! text_type {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{self}")
            }
        }
    };
}
use text_type;
