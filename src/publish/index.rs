//! Replacing entries of git's index, so that a kill at any point leaves the old or the new one, and no lock for which
//! nobody can answer.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use git2::{Index, IndexEntry, IndexTime, Oid, Repository};

use super::place::said;
use crate::error::Error;
use crate::files;

/// What an entry becomes.
pub(super) struct Entry<'a> {
    /// Below the top.
    pub(super) path: &'a str,
    pub(super) id: Oid,
    pub(super) mode: u32,
}

/// Of an entry's extended flags: the file is not in the work tree.
const SKIP_WORKTREE: u16 = 1 << 14;

/// Whether an entry's file is left out of the work tree, as in a sparse checkout.
pub(super) fn is_left_out(entry: &IndexEntry) -> bool {
    entry.flags_extended & SKIP_WORKTREE != 0
}

/// Writes entries into the index; the others stay, staged or not.
///
/// The new index is made beside the old one, and becomes `index.lock` whole, by a link: of a lock that is left over it
/// can be told that it is ours.
pub(super) fn write(repository: &Repository, entries: &[Entry<'_>]) -> Result<(), Error> {
    let (index, lock, made) = paths(repository);
    remove_left_over(repository);
    let before = read(&index)?;
    // Of no index there is nothing to begin from.
    if !before.is_empty() {
        files::replace(&made, &before)?;
        fs::set_permissions(&made, fs::metadata(&index)?.permissions())?;
    }
    let wrong = |error: git2::Error| said("written", &error);
    let mut new = Index::open(&made).map_err(wrong)?;
    for entry in entries {
        let path = Path::new(entry.path);
        let old = new.get_path(path, 0);
        if old.as_ref().is_some_and(|old| old.id == entry.id && old.mode == entry.mode) {
            continue;
        }
        let file = repository.workdir().map(|top| top.join(path)).and_then(|path| fs::metadata(path).ok());
        let flags = old.as_ref().map_or(0, |old| old.flags_extended);
        new.add(&made_of(entry, file.as_ref(), flags)).map_err(wrong)?;
    }
    new.write().map_err(wrong)?;
    drop(new);
    File::open(&made)?.sync_all()?;
    fs::hard_link(&made, &lock).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Error::usage(format!("{} exists: another git is at work here", lock.display()))
                .hint("wait for it to end, then run the command again: it does the rest")
        }
        _ => error.into(),
    })?;
    if read(&index)? != before {
        fs::remove_file(&lock)?;
        return Err(Error::usage("the index was changed by another git meanwhile")
            .hint("run the command again: it does the rest"));
    }
    fs::rename(&lock, &index)?;
    fs::remove_file(&made)?;
    Ok(())
}

/// Removes what a run of ours that was ended has left: the lock is ours where it is the same file as the one beside it.
pub(super) fn remove_left_over(repository: &Repository) {
    let (_, lock, made) = paths(repository);
    let Ok(of_made) = fs::metadata(&made) else { return };
    if fs::metadata(&lock)
        .is_ok_and(|of_lock| (of_lock.dev(), of_lock.ino()) == (of_made.dev(), of_made.ino()))
    {
        // Where it cannot be removed, writing the index fails and says so.
        let _ = fs::remove_file(&lock);
    }
    let _ = fs::remove_file(&made);
    let _ = fs::remove_file(made.with_extension("lock"));
}

/// The index, its lock, and the new one while it is made.
fn paths(repository: &Repository) -> (PathBuf, PathBuf, PathBuf) {
    let git = repository.path();
    (git.join("index"), git.join("index.lock"), git.join("solera-pin").join("index"))
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        read => Ok(read?),
    }
}

/// An entry with what git compares to see that a file is as it was.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the index has 32 bits of each, the lower ones"
)]
fn made_of(entry: &Entry<'_>, file: Option<&fs::Metadata>, flags_extended: u16) -> IndexEntry {
    let time = |seconds: i64, nanoseconds: i64| IndexTime::new(seconds as i32, nanoseconds as u32);
    IndexEntry {
        ctime: file.map_or(IndexTime::new(0, 0), |file| time(file.ctime(), file.ctime_nsec())),
        mtime: file.map_or(IndexTime::new(0, 0), |file| time(file.mtime(), file.mtime_nsec())),
        dev: file.map_or(0, |file| file.dev() as u32),
        ino: file.map_or(0, |file| file.ino() as u32),
        mode: entry.mode,
        uid: file.map_or(0, |file| file.uid()),
        gid: file.map_or(0, |file| file.gid()),
        file_size: file.map_or(0, |file| file.len() as u32),
        id: entry.id,
        flags: 0,
        flags_extended,
        path: entry.path.as_bytes().to_vec(),
    }
}
