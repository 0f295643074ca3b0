//! An image layout that is served: its repositories as its `index.json` has them now, which is read again when it was
//! replaced.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::contents::Contents;
use crate::model::{Digest, ImageRef, Repository};
use crate::oci::{Folder, FolderError, Stamp};

/// Is told what a client should not have to find out alone, such as a blob that is corrupt.
pub type Log = Arc<dyn Fn(&str) + Send + Sync>;

/// How a layout is read.
#[derive(Clone)]
pub struct Options {
    /// The repository that tags without one belong to, as skopeo writes them.
    pub repository: Option<Repository>,
    /// Where problems of the layout are told; nowhere by default.
    pub log: Log,
}

impl Default for Options {
    fn default() -> Self {
        Self { repository: None, log: Arc::new(|_| {}) }
    }
}

/// What is wrong with a layout.
#[derive(Debug, thiserror::Error)]
pub enum LayoutError {
    /// A file of it.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// An annotation that names nothing.
    #[error("index.json calls {digest} `{name}`: {reason}")]
    Name {
        /// The annotation.
        name: String,
        /// Of which descriptor.
        digest: Digest,
        /// What is wrong with it.
        reason: String,
    },
    /// A bare tag, or no name at all.
    #[error(
        "index.json names no repository for {digest} (tag `{name}`): say which repository this layout is of"
    )]
    NoRepository {
        /// The tag, or nothing.
        name: String,
        /// Of which descriptor.
        digest: Digest,
    },
    /// A tag of two digests.
    #[error("index.json has {name} twice: as {one} and as {other}")]
    Twice {
        /// The tag.
        name: Box<ImageRef>,
        /// Its first digest.
        one: Digest,
        /// Its second digest.
        other: Digest,
    },
}

/// An image layout that is open for serving.
pub struct Layout {
    folder: Folder,
    options: Options,
    loaded: Mutex<(Stamp, Arc<Contents>)>,
}

impl Layout {
    /// Opens the layout at `root` and reads its `index.json`.
    pub fn open(root: impl Into<PathBuf>, options: Options) -> Result<Self, LayoutError> {
        let folder = Folder::open(root)?;
        let not_read = || FolderError::NotALayout {
            path: folder.root().to_owned(),
            reason: "its `index.json` cannot be read".into(),
        };
        let (stamp, index) = folder.index_unless(None)?.ok_or_else(not_read)?;
        let contents = Contents::new(index, options.repository.as_ref())?;
        Ok(Self { folder, options, loaded: Mutex::new((stamp, Arc::new(contents))) })
    }

    /// Its files.
    pub(super) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// The contents as `index.json` has them now.
    pub(super) fn contents(&self) -> Result<Arc<Contents>, LayoutError> {
        // A panic elsewhere leaves it whole.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((stamp, index)) = self.folder.index_unless(Some(loaded.0))? {
            *loaded = (stamp, Arc::new(Contents::new(index, self.options.repository.as_ref())?));
        }
        Ok(Arc::clone(&loaded.1))
    }

    /// Tells the owner of the layout what is wrong with it.
    pub(super) fn log(&self, message: &str) {
        (self.options.log)(message);
    }
}
