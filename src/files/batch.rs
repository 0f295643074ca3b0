//! Several files that are replaced together.
//!
//! Every new content stands beside its target, written through to the disk, before the first rename; then the files are
//! renamed in the order in which they were staged. What is staged last is the sign that all is done: a run that was
//! ended in between is made whole by the next one.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

/// Files that are replaced together: all, or none as far as a file system allows.
#[derive(Debug, Default)]
pub struct Batch {
    staged: Vec<Staged>,
    /// Folders that were made for them; those that stay empty are removed.
    folders: Vec<PathBuf>,
}

#[derive(Debug)]
struct Staged {
    path: PathBuf,
    target: PathBuf,
    /// Closed, so that a batch may have more files than a process may open.
    temporary: TempPath,
    before: Before,
}

/// What must be there when a file is replaced.
#[derive(Debug, PartialEq, Eq)]
pub enum Before {
    /// Whatever there is.
    Anything,
    /// No file.
    Absent,
    /// This content.
    Content(Vec<u8>),
}

/// Why a batch was not written.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// The file system refused.
    #[error("{0} could not be written: {1}; nothing was changed")]
    Io(PathBuf, #[source] io::Error),
    /// A person or another program wrote to it meanwhile.
    #[error("{0} was changed by something else while this run was under way; nothing was written")]
    Changed(PathBuf),
    /// The file system refused in the middle, and refused to go back too.
    #[error("{0} could not be written: {1}; {2} could not be put back as it was")]
    Torn(PathBuf, #[source] io::Error, PathBuf),
}

impl Batch {
    /// Writes a file's new content beside it. A symbolic link stays and its target is replaced; the target's
    /// permissions stay.
    pub fn stage(&mut self, path: &Path, content: &[u8], before: Before) -> Result<(), BatchError> {
        let refused = |error| BatchError::Io(path.to_path_buf(), error);
        let target = target_of(path).map_err(refused)?;
        // Two names of one file.
        if self.staged.iter().any(|staged| staged.target == target) {
            return Ok(());
        }
        let folder = folder_of(&target).to_path_buf();
        self.make(&folder).map_err(refused)?;
        let temporary = write_beside(&folder, &target, content).map_err(refused)?;
        self.staged.push(Staged { path: path.to_path_buf(), target, temporary, before });
        Ok(())
    }

    /// Replaces the files, unless one of them is not what it was.
    pub fn commit(mut self) -> Result<(), BatchError> {
        for staged in &self.staged {
            staged.check()?;
        }
        let mut done: Vec<(PathBuf, Before)> = Vec::new();
        let mut folders = BTreeSet::new();
        for staged in std::mem::take(&mut self.staged) {
            let Staged { path, target, temporary, before } = staged;
            if let Err(error) = temporary.persist(&target) {
                return Err(undone(done, path, error.error));
            }
            folders.insert(folder_of(&target).to_path_buf());
            done.push((target, before));
        }
        for folder in folders {
            let synced = File::open(&folder).and_then(|folder| folder.sync_all());
            synced.map_err(|error| BatchError::Io(folder, error))?;
        }
        Ok(())
    }

    /// Makes a folder and those that it is in.
    fn make(&mut self, folder: &Path) -> io::Result<()> {
        let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.is_dir()).collect();
        for folder in missing.into_iter().rev().filter(|folder| *folder != Path::new("")) {
            fs::create_dir(folder)?;
            self.folders.push(folder.to_path_buf());
        }
        Ok(())
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.staged.clear();
        for folder in self.folders.iter().rev() {
            // One that is in use stays.
            let _ = fs::remove_dir(folder);
        }
    }
}

impl Staged {
    fn check(&self) -> Result<(), BatchError> {
        let is_same = match (&self.before, fs::read(&self.target)) {
            (Before::Anything, _) => true,
            (Before::Content(before), Ok(now)) => *before == now,
            (Before::Absent, Err(error)) => error.kind() == io::ErrorKind::NotFound,
            _ => false,
        };
        if is_same { Ok(()) } else { Err(BatchError::Changed(self.path.clone())) }
    }
}

/// Puts back what was replaced before one that could not be.
fn undone(done: Vec<(PathBuf, Before)>, path: PathBuf, error: io::Error) -> BatchError {
    for (target, before) in done.into_iter().rev() {
        let put_back = match before {
            Before::Content(content) => super::replace(&target, &content),
            Before::Absent => fs::remove_file(&target),
            Before::Anything => Err(io::ErrorKind::Other.into()),
        };
        if put_back.is_err() {
            return BatchError::Torn(path, error, target);
        }
    }
    BatchError::Io(path, error)
}

fn target_of(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Ok(target) => Ok(target),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(path.to_path_buf()),
        Err(error) => Err(error),
    }
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

fn write_beside(folder: &Path, target: &Path, content: &[u8]) -> io::Result<TempPath> {
    let mut temporary = tempfile::Builder::new().prefix(".solera-pin-").tempfile_in(folder)?;
    temporary.write_all(content)?;
    let permissions = fs::metadata(target).map(|metadata| metadata.permissions());
    temporary.as_file().set_permissions(permissions.unwrap_or_else(|_| default_permissions()))?;
    temporary.as_file().sync_all()?;
    Ok(temporary.into_temp_path())
}

fn default_permissions() -> fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o644)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) {
        super::super::replace(path, text.as_bytes()).unwrap();
    }

    fn content(text: &str) -> Before {
        Before::Content(text.into())
    }

    /// Every file below a folder, with its text.
    fn files(folder: &Path) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            found.push((name, fs::read_to_string(entry.path()).unwrap_or_else(|_| "(folder)".into())));
        }
        found.sort();
        found
    }

    fn shown(files: &[(String, String)]) -> String {
        files.iter().map(|(name, text)| format!("{name}={text} ")).collect()
    }

    #[test]
    fn nothing_is_seen_before_the_commit_and_everything_after() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write(&at("a"), "1");
        let mut batch = Batch::default();
        batch.stage(&at("a"), b"2", content("1")).unwrap();
        batch.stage(&at("new/deep/b"), b"3", Before::Absent).unwrap();
        assert_eq!(fs::read_to_string(at("a")).unwrap(), "1");
        batch.commit().unwrap();
        assert_eq!(shown(&files(folder.path())), "a=2 new=(folder) ");
        assert_eq!(shown(&files(&at("new/deep"))), "b=3 ");
    }

    #[test]
    fn what_is_not_committed_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut batch = Batch::default();
        batch.stage(&folder.path().join("new/deep/b"), b"3", Before::Absent).unwrap();
        drop(batch);
        assert_eq!(shown(&files(folder.path())), "");
    }

    #[test]
    fn a_file_that_was_changed_meanwhile_stops_all() {
        for (before, now) in [(content("1"), Some("9")), (content("1"), None), (Before::Absent, Some("9"))] {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            write(&at("a"), "1");
            let mut batch = Batch::default();
            batch.stage(&at("a"), b"2", content("1")).unwrap();
            batch.stage(&at("b"), b"2", before).unwrap();
            if let Some(now) = now {
                write(&at("b"), now);
            }
            let error = batch.commit().unwrap_err();
            assert!(matches!(&error, BatchError::Changed(path) if path.ends_with("b")), "{error}");
            let expected = now.map_or("a=1 ".to_owned(), |now| format!("a=1 b={now} "));
            assert_eq!(shown(&files(folder.path())), expected);
        }
    }

    #[test]
    fn a_rename_that_fails_takes_the_others_back() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write(&at("a"), "1");
        let mut batch = Batch::default();
        batch.stage(&at("a"), b"2", content("1")).unwrap();
        batch.stage(&at("b"), b"2", Before::Absent).unwrap();
        batch.stage(&at("c"), b"2", Before::Anything).unwrap();
        fs::create_dir(at("c")).unwrap();
        write(&at("c/full"), "");
        let error = batch.commit().unwrap_err();
        assert!(matches!(&error, BatchError::Io(path, _) if path.ends_with("c")), "{error}");
        assert_eq!(shown(&files(folder.path())), "a=1 c=(folder) ");
    }

    #[test]
    fn a_folder_that_takes_no_file_stops_all() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write(&at("a"), "1");
        let mut batch = Batch::default();
        batch.stage(&at("a"), b"2", content("1")).unwrap();
        // A file where a folder would have to be.
        assert!(matches!(batch.stage(&at("a/b"), b"2", Before::Absent), Err(BatchError::Io(..))));
        drop(batch);
        assert_eq!(shown(&files(folder.path())), "a=1 ");
    }

    #[test]
    fn two_names_of_one_file_are_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write(&at("a"), "1");
        std::os::unix::fs::symlink(at("a"), at("b")).unwrap();
        let mut batch = Batch::default();
        batch.stage(&at("a"), b"2", content("1")).unwrap();
        batch.stage(&at("b"), b"2", content("1")).unwrap();
        batch.commit().unwrap();
        assert!(at("b").is_symlink());
        assert_eq!(shown(&files(folder.path())), "a=2 b=2 ");
    }
}
