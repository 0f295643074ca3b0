//! Why a journal could not be read or written.

use std::path::{Path, PathBuf};

use super::REF;
use super::text::TextError;
use crate::model::harmless;
use crate::tree::{remedy, trust};

/// What was being done, to what, and why it failed; [`Error::hint`] says what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The repository of a folder cannot be opened.
    #[error("cannot open the git repository of {folder}: {cause}")]
    Repository {
        /// The folder.
        folder: PathBuf,
        /// Why.
        cause: String,
        /// Git does not trust it.
        untrusted: bool,
        /// What to do about it, where that is known.
        remedy: Option<&'static str>,
    },
    /// The ref, or objects behind it, cannot be read.
    #[error("cannot read the journal, {REF} of {repository}: {cause}")]
    Unreadable {
        /// The repository's git folder.
        repository: PathBuf,
        /// Why.
        cause: String,
    },
    /// A file of the journal has a line that is none.
    #[error("cannot read the journal, {REF} of {repository}: `{file}` of commit {commit}, {error}")]
    Malformed {
        /// The repository's git folder.
        repository: PathBuf,
        /// The commit that has the file.
        commit: String,
        /// The file's path in the journal.
        file: String,
        /// The line.
        #[source]
        error: TextError,
    },
    /// The repository refused new objects or the new ref.
    #[error("cannot write the journal, {REF} of {repository}: {cause}")]
    Unwritable {
        /// The repository's git folder.
        repository: PathBuf,
        /// Why.
        cause: String,
    },
    /// Others kept changing the ref.
    #[error("cannot write the journal, {REF} of {repository}: others changed or locked it {attempts} times")]
    Busy {
        /// The repository's git folder.
        repository: PathBuf,
        /// How often it was tried.
        attempts: u32,
    },
}

impl Error {
    pub(super) fn repository(folder: &Path, error: &git2::Error) -> Self {
        let untrusted = error.code() == git2::ErrorCode::Owner;
        Self::Repository { folder: folder.into(), cause: said(error), untrusted, remedy: remedy(error) }
    }

    pub(super) fn unreadable(repository: &git2::Repository, cause: impl Into<String>) -> Self {
        Self::Unreadable { repository: repository.path().into(), cause: cause.into() }
    }

    pub(super) fn unwritable(repository: &git2::Repository, error: &git2::Error) -> Self {
        Self::Unwritable { repository: repository.path().into(), cause: said(error) }
    }

    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            Self::Repository { folder, untrusted: true, .. } => trust(folder),
            Self::Repository { remedy: Some(remedy), .. } => (*remedy).to_owned(),
            Self::Repository { .. } => "see whether `git status` works there".into(),
            Self::Unreadable { .. } | Self::Malformed { .. } => format!(
                "take it from where it is whole: `git fetch origin +{REF}:{REF}`; or, to begin it anew without what was \
                 seen so far, `git update-ref -d {REF}`"
            ),
            Self::Unwritable { repository, .. } => {
                format!("see whether {} can be written to and has room", repository.display())
            }
            Self::Busy { repository, .. } => format!(
                "run the command again; where nothing else runs, an ended process has left {}, which can then be removed",
                repository.join(format!("{REF}.lock")).display()
            ),
        }
    }
}

/// What git says, as text for a line of an error.
pub(super) fn said(error: &git2::Error) -> String {
    harmless(error.message()).chars().take(500).collect()
}
