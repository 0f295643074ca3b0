//! The files of a repository: as they are in its folder ([`WorkTree`]), or in a commit ([`CommitTree`]); or as they
//! would be ([`Overlay`]), or only some of them ([`Selection`]).
//!
//! Files are given one at a time, so that memory does not grow with their number.

mod apart;
mod commit;
mod context;
mod dockerignore;
mod index;
mod kept;
mod overlay;
mod refused;
mod selection;
mod standing;
mod work;

use std::path::{Path, PathBuf};

use git2::{ErrorCode, Repository};

pub use apart::{Apart, How};
pub use commit::CommitTree;
pub use context::{Context, Entry};
pub use kept::is_kept;
pub use overlay::Overlay;
pub use refused::{remedy, trust};
pub use selection::Selection;
pub use standing::{Standing, Touched};
pub use work::WorkTree;

/// More than any file that a person writes. What is larger is not read, and that is said.
pub const MAX_FILE: u64 = 16 << 20;

/// The files of a repository. Paths are relative to its top, with `/`.
pub trait Tree: Sync {
    /// A file's bytes; `None` where there is no such file.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, TreeError>;

    /// The names of the folders in a folder, sorted; none where it is not there.
    fn folders(&self, path: &str) -> Result<Vec<String>, TreeError>;

    /// Visits every file that is tracked or could be, in any order, from several threads; of `within` (files or
    /// folders) where it names any. What `wanted` refuses by its path is not read.
    fn each(&self, within: &[String], wanted: &Wanted<'_>, visit: &Visit<'_>) -> Result<(), TreeError>;
}

/// Whether a file is to be read, by its path.
pub type Wanted<'a> = dyn Fn(&str) -> Want + Sync + 'a;

/// Takes a file by its path.
pub type Visit<'a> = dyn Fn(&str, File<'_>) + Sync + 'a;

/// Whether a file is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// It is.
    Whole,
    /// It is, unless it is binary: then nobody hears of it.
    Text,
    /// It is not.
    Nothing,
}

/// What came of reading a file.
#[derive(Debug)]
pub enum File<'a> {
    /// Its bytes.
    Bytes(&'a [u8]),
    /// It could not be read, for this reason.
    Unreadable(String),
    /// It is the folder of a submodule: another repository's files.
    Submodule,
}

/// Why the files of a repository could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// The file system refused.
    #[error("{0} could not be read: {1}")]
    Io(PathBuf, #[source] std::io::Error),
    /// Git refused; with what to do about it, where that is known.
    #[error("the git repository could not be read: {0}")]
    Git(String, Option<String>),
    /// No such revision.
    #[error("`{0}` names no commit here")]
    Revision(String),
    /// No git repository.
    #[error("{0} is in no git repository")]
    NoRepository(PathBuf),
}

impl From<git2::Error> for TreeError {
    fn from(error: git2::Error) -> Self {
        Self::Git(error.message().to_owned(), remedy(&error).map(str::to_owned))
    }
}

/// The repository that a folder is in. One that git does not trust is no reason to look at less than it tracks.
fn discover(folder: &Path) -> Result<Option<Repository>, TreeError> {
    match Repository::discover(folder) {
        Ok(repository) => Ok(Some(repository)),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) if error.code() == ErrorCode::Owner => {
            Err(TreeError::Git(error.message().to_owned(), Some(trust(folder))))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether a path is one of `within`, or below one; every path is where there are none.
fn covers(within: &[String], path: &str) -> bool {
    let in_it = |start: &String| {
        path.strip_prefix(start.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    within.is_empty() || within.iter().any(in_it)
}

/// Whether bytes are of a binary file, as git tells: a zero among the first 8000.
fn is_binary(bytes: &[u8]) -> bool {
    bytes.iter().take(8000).any(|byte| *byte == 0)
}

/// The path that a link in `path` leads to; `None` where that is outside.
fn link_target(path: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests;
