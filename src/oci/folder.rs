//! An OCI image layout (image-spec, "image-layout"): a folder with `oci-layout`, `index.json` and `blobs/`, for reading.
//!
//! The folder may change while it is read: nothing is handed out whose bytes were not hashed here first. Errors name files
//! as they are in the layout, since clients get to see them.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use rustix::io::Errno;
use serde::Deserialize;

use super::document::{Descriptor, Document};
use crate::model::{Digest, Hasher, Platform};

/// A larger manifest than any registry takes.
const MANIFEST_LIMIT: u64 = 4 * 1024 * 1024;
/// For `index.json`: several hundred thousand tags.
const INDEX_LIMIT: u64 = 256 * 1024 * 1024;

/// What is wrong with a layout's files.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// No `oci-layout` file.
    #[error("`{path}` is not an OCI image layout: {reason}")]
    NotALayout {
        /// The folder.
        path: PathBuf,
        /// What it lacks.
        reason: String,
    },
    /// A file that cannot be read.
    #[error("cannot read `{file}` of the image layout: {source}")]
    Read {
        /// Its path in the layout.
        file: String,
        /// What the system said.
        source: io::Error,
    },
    /// A folder, a device, or a link that leads in a circle.
    #[error("`{file}` of the image layout is no file")]
    NotAFile {
        /// Its path in the layout.
        file: String,
    },
    /// A document that is none.
    #[error("`{file}` of the image layout is malformed: {source}")]
    Json {
        /// Its path in the layout.
        file: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// More than would be held in memory.
    #[error("`{file}` of the image layout has {size} bytes: at most {limit} are read")]
    TooLarge {
        /// Its path in the layout.
        file: String,
        /// How large it is.
        size: u64,
        /// How large it may be.
        limit: u64,
    },
    /// Content whose bytes are other ones.
    #[error("`blobs/{algorithm}/{hex}` of the image layout is corrupt: its content is {found}", algorithm = .expected.algorithm().name(), hex = .expected.hex())]
    Corrupt {
        /// What the file's name says.
        expected: Digest,
        /// What its bytes are.
        found: Digest,
    },
    /// Content of another size than what names it says.
    #[error("`{file}` of the image layout has {size} bytes, and {said} are said")]
    Size {
        /// Its path in the layout.
        file: String,
        /// How large it is.
        size: u64,
        /// How large it should be.
        said: u64,
    },
    /// Content that no builder writes.
    #[error("`{file}` of the image layout cannot be taken for an image: {why}")]
    Strange {
        /// Its path in the layout.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// Two images where one is run.
    #[error("the image layout has two images for {platform}: {one} and {other}")]
    Twice {
        /// What both are for.
        platform: Platform,
        /// The manifest of the first.
        one: Box<Digest>,
        /// The manifest of the second.
        other: Box<Digest>,
    },
}

impl FolderError {
    /// Whether the content is just not there, as in a layout that was copied for some platforms only.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Read { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// An image layout that is open for reading.
pub struct Folder {
    root: PathBuf,
    /// Blobs that were hashed, as they were at that time.
    verified: Mutex<HashMap<Digest, Stamp>>,
}

/// What changes when a file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
    /// Of the file's record too: whoever puts back the time of a change cannot put back this one.
    changed: (i64, i64),
}

impl Stamp {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let changed = (metadata.ctime(), metadata.ctime_nsec());
        let (modified, length, inode) = (metadata.modified().ok(), metadata.len(), metadata.ino());
        Ok(Self { modified, length, inode, changed })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marker {
    image_layout_version: String,
}

impl Folder {
    /// Opens the layout at `root`; what it holds is not read yet.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, FolderError> {
        let root = root.into();
        let not_a_layout = |reason: String| FolderError::NotALayout { path: root.clone(), reason };
        let (marker, _) = open(&root, "oci-layout").map_err(|error| not_a_layout(error.to_string()))?;
        let marker: Marker = serde_json::from_reader(marker.take(MANIFEST_LIMIT))
            .map_err(|error| not_a_layout(format!("its `oci-layout` is malformed: {error}")))?;
        if !marker.image_layout_version.starts_with("1.") {
            let reason = format!("its version is `{}`, known is 1", marker.image_layout_version);
            return Err(not_a_layout(reason));
        }
        Ok(Self { root, verified: Mutex::default() })
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What `index.json` names, in its order.
    pub fn index(&self) -> Result<Vec<Descriptor>, FolderError> {
        Ok(self.index_unless(None)?.map(|(_, index)| index).unwrap_or_default())
    }

    /// What `index.json` names, unless it is what was read before.
    pub fn index_unless(
        &self,
        before: Option<Stamp>,
    ) -> Result<Option<(Stamp, Vec<Descriptor>)>, FolderError> {
        let name = "index.json";
        let (mut file, stamp) = open(&self.root, name)?;
        if before == Some(stamp) {
            return Ok(None);
        }
        let bytes = read_all(&mut file, stamp, name, INDEX_LIMIT)?;
        let index: Document = serde_json::from_slice(&bytes)
            .map_err(|source| FolderError::Json { file: name.into(), source })?;
        Ok(Some((stamp, index.manifests)))
    }

    /// The bytes of an index or a manifest, hashed now.
    pub fn manifest(&self, digest: &Digest) -> Result<Vec<u8>, FolderError> {
        let name = blob_name(digest);
        let (mut file, stamp) = open(&self.root, &name)?;
        let bytes = read_all(&mut file, stamp, &name, MANIFEST_LIMIT)?;
        match Digest::of(digest.algorithm(), &bytes) {
            found if found == *digest => Ok(bytes),
            found => Err(FolderError::Corrupt { expected: digest.clone(), found }),
        }
    }

    /// A blob at its start, and its length; hashed when it is new or has changed.
    pub fn blob(&self, digest: &Digest) -> Result<(File, u64), FolderError> {
        let name = blob_name(digest);
        let (mut file, stamp) = open(&self.root, &name)?;
        if lock(&self.verified).get(digest) != Some(&stamp) {
            let found = hash(&mut file, digest).map_err(|source| FolderError::Read { file: name, source })?;
            if found != *digest {
                return Err(FolderError::Corrupt { expected: digest.clone(), found });
            }
            lock(&self.verified).insert(digest.clone(), stamp);
        }
        Ok((file, stamp.length))
    }

    /// A blob at its start, and its length, which is the one that is said.
    pub fn blob_of(&self, of: &Descriptor) -> Result<(File, u64), FolderError> {
        let (file, size) = self.blob(&of.digest)?;
        sized(of, size)?;
        Ok((file, size))
    }

    /// What an index or a manifest names, which has the length that is said.
    pub fn document_of(&self, of: &Descriptor) -> Result<Document, FolderError> {
        let bytes = self.manifest(&of.digest)?;
        sized(of, bytes.len() as u64)?;
        let name = || blob_name(&of.digest);
        serde_json::from_slice(&bytes).map_err(|source| FolderError::Json { file: name(), source })
    }

    /// What an index or a manifest names.
    pub fn document(&self, digest: &Digest) -> Result<Document, FolderError> {
        let bytes = self.manifest(digest)?;
        serde_json::from_slice(&bytes).map_err(|source| FolderError::Json { file: blob_name(digest), source })
    }
}

/// Whoever unpacks it refuses content that is longer or shorter than was said.
fn sized(of: &Descriptor, size: u64) -> Result<(), FolderError> {
    match of.size {
        Some(said) if said != size => Err(FolderError::Size { file: blob_name(&of.digest), size, said }),
        _ => Ok(()),
    }
}

/// A path made from the parts of a digest only, which can hold neither `/` nor `..`.
pub(super) fn blob_name(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}

fn open(root: &Path, name: &str) -> Result<(File, Stamp), FolderError> {
    let path = root.join(name);
    // Before it is opened: a pipe would wait for who writes to it.
    let opened = match fs::metadata(&path) {
        Ok(there) if !there.is_file() => return Err(FolderError::NotAFile { file: name.into() }),
        Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            return Err(FolderError::NotAFile { file: name.into() });
        }
        Ok(_) => File::open(path),
        Err(error) => Err(error),
    };
    let opened = opened.and_then(|file| Stamp::of(&file).map(|stamp| (file, stamp)));
    opened.map_err(|source| FolderError::Read { file: name.into(), source })
}

fn read_all(file: &mut File, stamp: Stamp, name: &str, limit: u64) -> Result<Vec<u8>, FolderError> {
    if stamp.length > limit {
        return Err(FolderError::TooLarge { file: name.into(), size: stamp.length, limit });
    }
    let mut bytes = Vec::new();
    match file.take(limit).read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(source) => Err(FolderError::Read { file: name.into(), source }),
    }
}

/// Hashes a file and leaves it at its start.
fn hash(file: &mut File, digest: &Digest) -> io::Result<Digest> {
    let mut hasher = Hasher::new(digest.algorithm());
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => hasher.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    file.rewind()?;
    Ok(hasher.finish())
}

/// A panic elsewhere leaves these maps whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
    fn a_file_whose_time_was_put_back_is_hashed_again() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("oci-layout"), "{\"imageLayoutVersion\": \"1.0.0\"}").unwrap();
        fs::create_dir_all(root.path().join("blobs/sha256")).unwrap();
        let digest = Digest::sha256(b"one");
        let path = root.path().join(blob_name(&digest));
        fs::write(&path, "one").unwrap();
        let then = SystemTime::UNIX_EPOCH;
        File::options().write(true).open(&path).unwrap().set_modified(then).unwrap();
        let folder = Folder::open(root.path()).unwrap();
        folder.blob(&digest).unwrap();
        let before = fs::metadata(&path).unwrap();
        // The system's clock may not have moved on.
        loop {
            fs::write(&path, "two").unwrap();
            File::options().write(true).open(&path).unwrap().set_modified(then).unwrap();
            let after = fs::metadata(&path).unwrap();
            if (after.ctime(), after.ctime_nsec()) != (before.ctime(), before.ctime_nsec()) {
                break;
            }
        }
        assert!(matches!(folder.blob(&digest), Err(FolderError::Corrupt { .. })));
    }

    #[test]
    fn what_is_no_file_is_said_to_be_none() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        std::os::unix::fs::symlink("b", root.path().join("b")).unwrap();
        std::os::unix::fs::symlink("nothing", root.path().join("c")).unwrap();
        for name in ["a", "b"] {
            let error = open(root.path(), name).unwrap_err();
            assert!(matches!(error, FolderError::NotAFile { .. }), "{error}");
        }
        assert!(open(root.path(), "c").unwrap_err().is_missing());
        // Nobody writes to this pipe.
        let made = std::process::Command::new("mkfifo").arg(root.path().join("oci-layout")).status().unwrap();
        assert!(made.success());
        assert!(matches!(Folder::open(root.path()), Err(FolderError::NotALayout { .. })));
        assert!(crate::oci::Writer::open(root.path()).is_err());
    }
}
