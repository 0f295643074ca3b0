//! The upstreams: each source reports facts, and never chooses or writes.
//!
//! [`ImageSource`] speaks to registries, [`GitSource`] to git servers, [`ArchiveSource`] to whoever publishes files,
//! [`DebianSource`] to archives of Debian. They ask nothing twice: a source lives for one run, and what was answered once,
//! failures included, is the answer for that run.

mod archive;
mod debian;
mod error;
mod git;
mod image;
mod memo;

pub use archive::{ArchiveSource, Asked as AskedFile, FileNow, Published, Release, Stands};
pub use debian::{DebianSource, PackageFile, Suites, SuitesState};
pub use error::SourceError;
pub use git::{GitSource, Way};
pub use image::{ImageSource, Poured, RawManifest};

pub use crate::net::Kind;
