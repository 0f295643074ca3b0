//! The upstreams: each source reports facts, and never chooses or writes.
//!
//! [`ImageSource`] speaks to registries, [`GitSource`] to git servers, [`DebianSource`] to archives of Debian. They ask
//! nothing twice: a source lives for one run, and what was answered once, failures included, is the answer for that run.

mod debian;
mod error;
mod git;
mod image;
mod memo;

pub use debian::{DebianSource, Suites, SuitesState};
pub use error::SourceError;
pub use git::{GitSource, Way};
pub use image::ImageSource;

pub use crate::net::Kind;
