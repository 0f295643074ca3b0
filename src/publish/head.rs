//! Moving the branch that is checked out to bump commits, with the index and the files that they change.
//!
//! What is to be done is written down first. A run that is killed in between leaves old or new files, an index that git
//! can use, and that note: the next run does the rest of it before anything else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use git2::{ErrorCode, FileMode, Oid, Repository, RepositoryState};

use super::index::{self, Entry};
use super::place::{Place, oid, said};
use crate::error::Error;
use crate::files::{self, Batch, Before};
use crate::lock::FILE_NAME;
use crate::model::CommitId;

/// A move of `HEAD` from one commit to another.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Note {
    from: CommitId,
    to: CommitId,
}

/// A file that a move changes.
struct Change {
    /// Below the top of the repository.
    path: String,
    mode: u32,
    before: Option<Oid>,
    after: Oid,
}

/// Refuses to begin where it could not end: another operation of git is under way, or `pins.lock` was edited.
pub fn check(place: &Place) -> Result<(), Error> {
    let repository = place.repository()?;
    if repository.state() != RepositoryState::Clean {
        return Err(Error::usage("a merge, rebase or the like is under way here; nothing was done")
            .hint("end it, then run the command again"));
    }
    let Some(head) = place.head()? else {
        return Err(
            Error::usage("there is no commit here yet to stand on").hint("commit what there is first")
        );
    };
    let tree = repository.find_commit(oid(&head)?).and_then(|commit| commit.tree());
    let tree = tree.map_err(|error| said("read", &error))?;
    place.refuse_link(&tree)?;
    let path = place.in_repository(FILE_NAME);
    let before = tree.get_path(Path::new(&path)).ok().map(|entry| entry.id());
    let after = before.unwrap_or(Oid::ZERO_SHA1);
    refuse_dirty(&repository, &[Change { path, mode: 0, before, after }])
}

/// Moves `HEAD` from one commit to a later one of ours. Nothing is done where a file that they change is not as it was
/// committed.
pub fn land(place: &Place, from: &CommitId, to: &CommitId) -> Result<(), Error> {
    let repository = place.repository()?;
    refuse_dirty(&repository, &changes(&repository, from, to)?)?;
    let note = Note { from: from.clone(), to: to.clone() };
    let path = note_of(&repository);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    files::replace(&path, format!("{} {}\n", note.from, note.to).as_bytes())?;
    complete(place, &repository, &note, &path)
}

/// Does the rest of a move that was ended in between; whether there was one.
pub fn recover(place: &Place) -> Result<bool, Error> {
    let repository = place.repository()?;
    let path = note_of(&repository);
    let Some(text) = files::read_text(&path)? else {
        return Ok(false);
    };
    let note = text
        .trim_end()
        .split_once(' ')
        .and_then(|(from, to)| Some(Note { from: from.parse().ok()?, to: to.parse().ok()? }));
    let head = place.head()?;
    let known = |id: &CommitId| oid(id).is_ok_and(|id| repository.find_commit(id).is_ok());
    match note {
        Some(note)
            if head.as_ref().is_some_and(|head| [&note.from, &note.to].contains(&head))
                && known(&note.to) =>
        {
            remove_left_over(&repository, &note);
            complete(place, &repository, &note, &path)?;
            Ok(true)
        }
        // Somebody went elsewhere since: what was to be done is done no more.
        _ => {
            fs::remove_file(&path)?;
            Ok(false)
        }
    }
}

/// Files first, then the index, then `HEAD`: whatever is missing can be told from the note.
fn complete(place: &Place, repository: &Repository, note: &Note, path: &Path) -> Result<(), Error> {
    let changes = changes(repository, &note.from, &note.to)?;
    write_files(repository, &changes)?;
    let entries: Vec<Entry<'_>> = changes
        .iter()
        .map(|change| Entry { path: &change.path, id: change.after, mode: change.mode })
        .collect();
    index::write(repository, &entries)?;
    move_head(place, repository, note)?;
    fs::remove_file(path)?;
    Ok(())
}

fn note_of(repository: &Repository) -> PathBuf {
    repository.path().join("solera-pin").join("commit-under-way")
}

/// The files that differ between two commits, the lock last.
fn changes(repository: &Repository, from: &CommitId, to: &CommitId) -> Result<Vec<Change>, Error> {
    let wrong = |error: git2::Error| said("read", &error);
    let tree = |id: &CommitId| {
        let commit = repository.find_commit(oid(id)?).map_err(wrong)?;
        commit.tree().map_err(wrong)
    };
    let diff = repository.diff_tree_to_tree(Some(&tree(from)?), Some(&tree(to)?), None).map_err(wrong)?;
    let mut changes: Vec<Change> = Vec::new();
    for delta in diff.deltas() {
        let (old, new) = (delta.old_file(), delta.new_file());
        let path = new.path().or(old.path()).map(|path| path.display().to_string()).unwrap_or_default();
        let mode = if new.mode() == FileMode::BlobExecutable { 0o100_755 } else { 0o100_644 };
        let before = Some(old.id()).filter(|id| !id.is_zero());
        changes.push(Change { path, mode, before, after: new.id() });
    }
    changes.sort_by_key(|change| (change.path.ends_with(FILE_NAME), change.path.clone()));
    Ok(changes)
}

/// Says which files are not as they were committed; none that already is as it will be.
fn refuse_dirty(repository: &Repository, changes: &[Change]) -> Result<(), Error> {
    let index = repository.index().map_err(|error| said("read", &error))?;
    let mut dirty = Vec::new();
    for change in changes {
        let entry = index.get_path(Path::new(&change.path), 0);
        let staged = entry.as_ref().map(|entry| entry.id);
        let conflicted = (1..4).any(|stage| index.get_path(Path::new(&change.path), stage).is_some());
        if conflicted || staged != change.before {
            dirty.push(format!("{} (staged)", change.path));
        } else if !entry.as_ref().is_some_and(index::is_left_out) && !is_clean(repository, change)? {
            dirty.push(change.path.clone());
        }
    }
    match dirty.is_empty() {
        true => Ok(()),
        false => {
            let message = format!("{} changed since the last commit: nothing was done", dirty.join(", "));
            Err(Error::usage(message)
                .hint("commit it, stash it, or take it back, then run the command again"))
        }
    }
}

fn is_clean(repository: &Repository, change: &Change) -> Result<bool, Error> {
    let found = read(repository, &change.path)?;
    Ok(match (found, change.before) {
        (None, None) => true,
        (Some(found), Some(before)) => same(repository, before, &found)?.is_some(),
        _ => false,
    })
}

/// How the lines of a file in the work tree end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Same,
    Crlf,
}

/// Whether a file in the work tree is a blob, as it is or with the ends of lines that git writes on some systems.
fn same(repository: &Repository, blob: Oid, found: &[u8]) -> Result<Option<Ends>, Error> {
    let blob = repository.find_blob(blob).map_err(|error| said("read", &error))?;
    Ok(match found {
        found if found == blob.content() => Some(Ends::Same),
        found if found == crlf(blob.content()) => Some(Ends::Crlf),
        _ => None,
    })
}

fn crlf(bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len());
    for byte in bytes {
        if *byte == b'\n' && text.last() != Some(&b'\r') {
            text.push(b'\r');
        }
        text.push(*byte);
    }
    text
}

fn write_files(repository: &Repository, changes: &[Change]) -> Result<(), Error> {
    let index = repository.index().map_err(|error| said("read", &error))?;
    let mut batch = Batch::default();
    for change in changes {
        let entry = index.get_path(Path::new(&change.path), 0);
        if entry.as_ref().is_some_and(index::is_left_out) {
            continue;
        }
        let after = repository.find_blob(change.after).map_err(|error| said("read", &error))?;
        let found = read(repository, &change.path)?;
        if let Some(found) = &found
            && same(repository, change.after, found)?.is_some()
        {
            continue;
        }
        let ends = match (&found, change.before) {
            (Some(found), Some(before)) => same(repository, before, found)?,
            (None, None) => Some(Ends::Same),
            _ => None,
        };
        let content = match ends {
            Some(Ends::Same) => after.content().to_vec(),
            Some(Ends::Crlf) => crlf(after.content()),
            None => return refuse_dirty(repository, std::slice::from_ref(change)),
        };
        let before = found.map_or(Before::Absent, Before::Content);
        batch.stage(&work_path(repository, &change.path)?, &content, before)?;
    }
    Ok(batch.commit()?)
}

fn work_path(repository: &Repository, path: &str) -> Result<PathBuf, Error> {
    let top = repository.workdir().ok_or_else(|| Error::usage("the repository has no work tree"))?;
    Ok(top.join(path))
}

fn read(repository: &Repository, path: &str) -> Result<Option<Vec<u8>>, Error> {
    match fs::read(work_path(repository, path)?) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(Error::usage(format!("{path} could not be read: {error}"))),
    }
}

/// Moves the branch that is checked out, or `HEAD` itself where none is.
fn move_head(place: &Place, repository: &Repository, note: &Note) -> Result<(), Error> {
    if place.head()?.as_ref() == Some(&note.to) {
        return Ok(());
    }
    let name = head_name(repository)?;
    let (from, to) = (oid(&note.from)?, oid(&note.to)?);
    let moved = repository.reference_matching(&name, to, true, from, "solera-pin: bump");
    moved.map(drop).map_err(|error| match error.code() {
        ErrorCode::Modified => Error::usage("another commit was made meanwhile; nothing was committed")
            .hint("run the command again"),
        ErrorCode::Locked => Error::usage(format!("{name} is being written by another git"))
            .hint("wait for it to end, then run the command again: it does the rest"),
        _ => said("written", &error),
    })
}

fn head_name(repository: &Repository) -> Result<String, Error> {
    let head = repository.find_reference("HEAD").map_err(|error| said("read", &error))?;
    Ok(head.symbolic_target().ok().flatten().unwrap_or("HEAD").to_owned())
}

/// Removes the lock of a ref that was being written when a run of ours was ended. It is ours where it holds what was to
/// be written, or nothing yet.
fn remove_left_over(repository: &Repository, note: &Note) {
    let Ok(name) = head_name(repository) else { return };
    let folder = if name == "HEAD" { repository.path() } else { repository.commondir() };
    let lock = folder.join(format!("{name}.lock"));
    if let Ok(text) = fs::read_to_string(&lock)
        && (text.is_empty() || text.trim_end() == note.to.as_str())
    {
        // Where it cannot be removed, the move fails and says so.
        let _ = fs::remove_file(&lock);
    }
    index::remove_left_over(repository);
}
