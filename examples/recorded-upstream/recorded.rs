//! The upstreams as they stood at a date: an OCI layout with the official images debian, rust and wordpress, and a bare
//! git repository with the tags of sadoyan/aralez; and a stand-in for the states of Debian's archive (`debian`).
//!
//! Names, dates and architectures are facts (`facts`). Contents are made here (`images`, `git`): small, valid, and the
//! same for the same date, so their digests and commit ids are nobody else's. Entry point: [`write`].

#![allow(dead_code, unreachable_pub, reason = "a test that includes this module uses a part of it")]

#[path = "debian.rs"]
pub mod debian;
#[path = "facts.rs"]
pub mod facts;
#[path = "git.rs"]
mod git;
#[path = "images.rs"]
mod images;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use solera_pin::model::{GitRef, Repository, Tag};

/// What was made.
pub struct Written {
    /// The OCI image layout.
    pub layout: PathBuf,
    /// The bare git repository.
    pub git: PathBuf,
    /// One per image repository.
    pub images: Vec<ImageSummary>,
    /// The git tags that existed, by date.
    pub git_tags: Vec<GitRef>,
}

/// The tags of one image repository.
pub struct ImageSummary {
    /// Its canonical name.
    pub repository: Repository,
    /// How many tags exist.
    pub tags: usize,
    /// The tags that were listed or moved last, newest first; one for each time.
    pub newest: Vec<(Tag, Timestamp)>,
}

/// Why the upstream could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RecordedError {
    /// The data beside this file are wrong.
    #[error("the facts about {name} are wrong at `{text}`: {reason}")]
    Facts {
        /// Of what.
        name: &'static str,
        /// Where.
        text: String,
        /// What the parser said.
        reason: String,
    },
    /// A file or folder.
    #[error("cannot write `{path}`: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The git repository.
    #[error("cannot write the git repository `{path}`: {source}")]
    Git {
        /// Where it is.
        path: PathBuf,
        /// What git said.
        source: git2::Error,
    },
    /// A signature.
    #[error("cannot sign: {0}")]
    Signing(String),
    /// A JSON document.
    #[error("cannot write JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Makes `dir/layout` and `dir/aralez.git` as they stood at `at`, or moves the ones that are there to that time.
///
/// Both are changed in place: blobs are only added, `index.json` is replaced whole, tags are added, moved or removed. The
/// archive in `dir/archive` has all its states, whatever the time.
pub fn write(dir: &Path, at: Timestamp) -> Result<Written, RecordedError> {
    let layout = dir.join("layout");
    let git = dir.join("aralez.git");
    let images = images::write(&layout, &facts::images()?, at)?;
    debian::write(dir, &facts::packages()?)?;
    let git_tags = git::write(&git, &facts::aralez()?, at)?;
    Ok(Written { layout, git, images, git_tags })
}
