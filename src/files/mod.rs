//! The file system: reading texts, replacing files whole, and keeping two runs apart.

mod batch;

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

pub use batch::{Batch, BatchError, Before};

/// A file's text; `None` where there is no such file, or no such folder.
pub fn read_text(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Replaces a file's content: whoever reads it, and a kill at any point, finds the old or the new, never a part.
///
/// A symbolic link stays and its target is replaced; the target's permissions stay.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut batch = Batch::default();
    let replaced = batch.stage(path, content, Before::Anything).and_then(|()| batch.commit());
    replaced.map_err(|error| match error {
        BatchError::Io(_, error) | BatchError::Torn(_, error, _) => error,
        BatchError::Changed(_) => io::ErrorKind::Other.into(),
    })
}

/// Where a path leads; of one that is not there, or not yet, what is there of it is followed.
pub fn resolved(path: &Path) -> PathBuf {
    match (std::fs::canonicalize(path), path.parent(), path.file_name()) {
        (Ok(path), ..) => path,
        (Err(_), Some(folder), Some(name)) => resolved(folder).join(name),
        (Err(_), ..) => path.to_path_buf(),
    }
}

/// Puts a folder with its files at `target`, in place of an image layout that may be there. What is anything else is left
/// alone.
pub fn replace_folder(folder: &Path, target: &Path) -> io::Result<()> {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(parent)?;
    let fresh = tempfile::Builder::new().prefix(".new-").tempdir_in(parent)?;
    let (new, old) = (fresh.path().join("new"), fresh.path().join("old"));
    copy_folder(folder, &new)?;
    if target.exists() {
        if !is_bare_layout(target)? {
            return Err(io::Error::other("there is something else than an image layout"));
        }
        std::fs::rename(target, &old)?;
    }
    std::fs::rename(new, target).inspect_err(|_| {
        // What was there is there again.
        let _ = std::fs::rename(&old, target);
    })
}

/// Whether a folder has an image layout and nothing else.
fn is_bare_layout(folder: &Path) -> io::Result<bool> {
    if folder.is_symlink() || !folder.join("oci-layout").is_file() {
        return Ok(false);
    }
    for entry in std::fs::read_dir(folder)? {
        if !["oci-layout", "index.json", "blobs", "ingest"]
            .iter()
            .any(|name| entry.as_ref().is_ok_and(|entry| entry.file_name() == *name))
        {
            return Ok(false);
        }
    }
    Ok(true)
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Held while one run reads, decides and writes; released when dropped, or by the system when the process ends.
#[derive(Debug)]
pub struct FolderLock(File);

/// Why a folder could not be locked.
#[derive(Debug, thiserror::Error)]
pub enum FolderLockError {
    /// Another process holds it.
    #[error("another solera-pin is writing in {0}")]
    Busy(PathBuf),
    /// The file system refused.
    #[error("{0} could not be locked: {1}")]
    Io(PathBuf, #[source] io::Error),
}

impl FolderLock {
    /// Locks a folder, which is made where it is not there.
    pub fn acquire_new(folder: &Path) -> Result<Self, FolderLockError> {
        std::fs::create_dir_all(folder).map_err(|error| FolderLockError::Io(folder.into(), error))?;
        Self::acquire(folder)
    }

    /// Locks a folder without leaving a file in it.
    pub fn acquire(folder: &Path) -> Result<Self, FolderLockError> {
        let file = File::open(folder).map_err(|error| FolderLockError::Io(folder.into(), error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(FolderLockError::Busy(folder.into())),
            Err(TryLockError::Error(error)) => Err(FolderLockError::Io(folder.into(), error)),
        }
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // A child that was begun at this moment has the open file too, until it runs its own program.
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_replaced_file_keeps_its_mode_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        replace(&path, b"one").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(read_text(&path).unwrap().as_deref(), Some("two"));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_lock_ends_with_who_took_it_whoever_has_the_file_open() {
        let folder = tempfile::tempdir().unwrap();
        let held = FolderLock::acquire(folder.path()).unwrap();
        let _copied = held.0.try_clone().unwrap();
        assert!(matches!(FolderLock::acquire(folder.path()), Err(FolderLockError::Busy(_))));
        drop(held);
        FolderLock::acquire(folder.path()).unwrap();
    }

    #[test]
    fn who_has_the_old_file_keeps_it_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (path, reader) = (folder.path().join("a"), folder.path().join("reader"));
        replace(&path, b"one").unwrap();
        std::fs::hard_link(&path, &reader).unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(read_text(&reader).unwrap().as_deref(), Some("one"));
        assert_eq!(read_text(&path).unwrap().as_deref(), Some("two"));
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        replace(&target, b"one").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        replace(&link, b"two").unwrap();
        assert!(link.is_symlink());
        assert_eq!(read_text(&target).unwrap().as_deref(), Some("two"));
    }

    #[test]
    fn the_second_run_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let held = FolderLock::acquire(folder.path()).unwrap();
        assert!(matches!(FolderLock::acquire(folder.path()), Err(FolderLockError::Busy(_))));
        drop(held);
        assert!(FolderLock::acquire(folder.path()).is_ok());
    }
}
