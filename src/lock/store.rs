//! The lock file on disk: loaded once, changed in memory, and written only by a commit that consumes it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{FILE_NAME, Lock, decode, encode};
use crate::document::{Problem, SourceFile};
use crate::files::{self, Batch, BatchError, Before};

/// A lock file as it was when it was loaded.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    original: Option<String>,
    file: Arc<SourceFile>,
    lock: Lock,
}

/// Why a lock file could not be loaded or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("{0} could not be {1}: {2}")]
    Io(PathBuf, &'static str, #[source] io::Error),
    /// It is not a lock file.
    #[error("the lock file is malformed")]
    Malformed(Vec<Problem>),
    /// A person or another program wrote to it meanwhile.
    #[error("{0} was changed by something else while this run was under way; nothing was written")]
    Changed(PathBuf),
}

/// What a commit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// The pins were the same: the file was not touched.
    Unchanged,
    /// The file was replaced.
    Written,
}

impl Store {
    /// Loads `pins.lock` of a repository; an absent file is an empty lock.
    pub fn load(root: &Path) -> Result<Self, StoreError> {
        let path = root.join(FILE_NAME);
        let original =
            files::read_text(&path).map_err(|error| StoreError::Io(path.clone(), "read", error))?;
        let file = SourceFile::new(FILE_NAME, original.as_deref().unwrap_or_default());
        let lock = match &original {
            Some(_) => decode(&file).map_err(StoreError::Malformed)?,
            None => Lock::default(),
        };
        Ok(Self { path, original, file, lock })
    }

    /// The pins as loaded.
    pub fn lock(&self) -> &Lock {
        &self.lock
    }

    /// The text as loaded.
    pub fn file(&self) -> &Arc<SourceFile> {
        &self.file
    }

    /// Whether the file was there.
    pub fn exists(&self) -> bool {
        self.original.is_some()
    }

    /// Whether the file still is what was loaded.
    pub fn check_unchanged(&self) -> Result<(), StoreError> {
        let now = files::read_text(&self.path);
        let now = now.map_err(|error| StoreError::Io(self.path.clone(), "read", error))?;
        if now == self.original { Ok(()) } else { Err(StoreError::Changed(self.path.clone())) }
    }

    /// Replaces the file where the pins differ from those loaded.
    pub fn commit(self, lock: &Lock, declared_in: &str) -> Result<Committed, StoreError> {
        let mut batch = Batch::default();
        let path = self.path.clone();
        let committed = self.stage(lock, declared_in, &mut batch)?;
        batch.commit().map_err(|error| failed(path, error))?;
        Ok(committed)
    }

    /// Adds the file to those that are replaced together, where the pins differ from those loaded.
    pub fn stage(self, lock: &Lock, declared_in: &str, batch: &mut Batch) -> Result<Committed, StoreError> {
        if *lock == self.lock {
            return Ok(Committed::Unchanged);
        }
        let text = text(lock, self.original.as_deref(), declared_in)?;
        let before = self.original.map_or(Before::Absent, |text| Before::Content(text.into_bytes()));
        let staged = batch.stage(&self.path, text.as_bytes(), before);
        staged.map_err(|error| failed(self.path, error))?;
        Ok(Committed::Written)
    }
}

/// The text of a lock file, in place of the `original` one. What could not be read again would stop every later run, and
/// is refused.
pub fn text(lock: &Lock, original: Option<&str>, declared_in: &str) -> Result<String, StoreError> {
    let text = encode(lock, original, declared_in);
    match decode(&SourceFile::new(FILE_NAME, &text)) {
        Ok(read) if read == *lock => Ok(text),
        Ok(_) => Err(StoreError::Malformed(Vec::new())),
        Err(problems) => Err(StoreError::Malformed(problems)),
    }
}

fn failed(path: PathBuf, error: BatchError) -> StoreError {
    match error {
        BatchError::Changed(path) => StoreError::Changed(path),
        BatchError::Io(_, error) | BatchError::Torn(_, error, _) => StoreError::Io(path, "written", error),
    }
}
