//! A journal as git's objects: trees of files, commits of one identity, one ref.

use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use git2::{ErrorCode, ObjectType, Oid, ReferenceType, Repository, Signature, Time, Tree};
use jiff::Timestamp;

use super::contents::{Journal, whole};
use super::error::{Error, said};
use super::text::{self, JournalFile};
use super::{FOLDER_MARK, REF};
use crate::tree::MAX_FILE;

const BLOB: i32 = 0o100_644;
const TREE: i32 = 0o040_000;

/// The commit that the ref names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tip {
    pub(super) id: Oid,
    pub(super) tree: Oid,
    pub(super) time: Timestamp,
}

/// A folder's path in the journal's tree. Each part is marked, so that none is a pin's name.
pub(super) fn folder_in_journal(relative: &Path) -> Vec<Vec<u8>> {
    let part = |part| match part {
        Component::Normal(name) => Some([FOLDER_MARK, name.as_bytes()].concat()),
        _ => None,
    };
    relative.components().filter_map(part).collect()
}

/// The commit of the ref; `None` where there is no such ref.
pub(super) fn tip(repository: &Repository) -> Result<Option<Tip>, Error> {
    let reference = match repository.find_reference(REF) {
        Ok(reference) => reference,
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
        Err(error) => return Err(Error::unreadable(repository, said(&error))),
    };
    match (reference.kind(), reference.target()) {
        (Some(ReferenceType::Direct), Some(id)) => commit(repository, id).map(Some),
        _ => Err(Error::unreadable(repository, "it names another ref, not a commit")),
    }
}

/// A commit of the journal.
pub(super) fn commit(repository: &Repository, id: Oid) -> Result<Tip, Error> {
    let lost = |error: git2::Error| Error::unreadable(repository, format!("commit {id}: {}", said(&error)));
    let commit = repository.find_commit(id).map_err(lost)?;
    let time = commit.time().seconds();
    let end = if time < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Ok(Tip { id, tree: commit.tree_id(), time: Timestamp::from_second(time).unwrap_or(end) })
}

/// A tree of the journal.
pub(super) fn tree(repository: &Repository, id: Oid) -> Result<Tree<'_>, Error> {
    let lost = |error: git2::Error| Error::unreadable(repository, format!("tree {id}: {}", said(&error)));
    repository.find_tree(id).map_err(lost)
}

/// Takes a file of `commit` into a journal. `path` is for people.
pub(super) fn read_file(
    repository: &Repository,
    journal: &mut Journal,
    file: &JournalFile,
    (commit, path, blob): (Oid, &str, Oid),
) -> Result<(), Error> {
    let unreadable = |cause: String| Error::unreadable(repository, format!("`{path}` of {commit}: {cause}"));
    let lost = |error: git2::Error| unreadable(said(&error));
    let (size, kind) = repository.odb().and_then(|odb| odb.read_header(blob)).map_err(lost)?;
    if kind != ObjectType::Blob {
        return Err(unreadable("it is not a file".into()));
    }
    if size as u64 > MAX_FILE {
        return Err(unreadable(format!("it has more than {} MiB", MAX_FILE >> 20)));
    }
    let blob = repository.find_blob(blob).map_err(lost)?;
    text::decode(journal, file, blob.content()).map_err(|error| Error::Malformed {
        repository: repository.path().into(),
        commit: commit.to_string(),
        file: path.into(),
        error,
    })
}

/// A folder of a commit's tree with its path; `None` where there is no such folder.
fn find_folder<'r>(
    repository: &'r Repository,
    tip: &Tip,
    folder: &[Vec<u8>],
) -> Result<Option<(Tree<'r>, String)>, Error> {
    let mut current = tree(repository, tip.tree)?;
    let mut path = String::new();
    for part in folder {
        let Some(id) = current.get_name_bytes(part).map(|entry| entry.id()) else {
            return Ok(None);
        };
        path = format!("{path}{}/", String::from_utf8_lossy(part));
        current = tree(repository, id)?;
    }
    Ok(Some((current, path)))
}

/// The object of a file in a folder of a commit's tree.
pub(super) fn find(
    repository: &Repository,
    tip: &Tip,
    folder: &[Vec<u8>],
    name: &str,
) -> Result<Option<Oid>, Error> {
    let folder = find_folder(repository, tip, folder)?;
    Ok(folder.and_then(|(tree, _)| tree.get_name_bytes(name.as_bytes()).map(|entry| entry.id())))
}

/// The journal in a folder of a commit's tree; empty where there is no such folder. What this version does not know
/// is passed over.
pub(super) fn read(repository: &Repository, tip: &Tip, folder: &[Vec<u8>]) -> Result<Journal, Error> {
    let mut journal = Journal::default();
    let Some((tree, path)) = find_folder(repository, tip, folder)? else {
        return Ok(journal);
    };
    for entry in &tree {
        if let Some(file) = JournalFile::named(entry.name_bytes()) {
            let path = format!("{path}{}", file.name());
            read_file(repository, &mut journal, &file, (tip.id, &path, entry.id()))?;
        }
    }
    Ok(journal)
}

/// What becomes of an entry of a tree.
pub(super) enum Entry {
    File(String),
    Tree(Oid),
    /// As it is elsewhere.
    Kept(Oid, i32),
    None,
}

/// `base` with other entries.
pub(super) fn write_tree(
    repository: &Repository,
    base: Option<&Tree<'_>>,
    entries: Vec<(Vec<u8>, Entry)>,
) -> Result<Oid, git2::Error> {
    let mut builder = repository.treebuilder(base)?;
    for (name, entry) in entries {
        match entry {
            Entry::File(text) => drop(builder.insert(name, repository.blob(text.as_bytes())?, BLOB)?),
            Entry::Tree(id) => drop(builder.insert(name, id, TREE)?),
            Entry::Kept(id, mode) => drop(builder.insert(name, id, mode)?),
            Entry::None if builder.get(&name)?.is_some() => builder.remove(name)?,
            Entry::None => {}
        }
    }
    builder.write()
}

/// `base` with other files in a folder.
pub(super) fn write_folder(
    repository: &Repository,
    base: Option<&Tree<'_>>,
    folder: &[Vec<u8>],
    files: Vec<(Vec<u8>, Entry)>,
) -> Result<Oid, git2::Error> {
    let Some((first, rest)) = folder.split_first() else {
        return write_tree(repository, base, files);
    };
    let inner = base.and_then(|tree| tree.get_name_bytes(first)).map(|entry| entry.id());
    let inner = inner.map(|id| repository.find_tree(id)).transpose()?;
    let inner = write_folder(repository, inner.as_ref(), rest, files)?;
    write_tree(repository, base, vec![(first.clone(), Entry::Tree(inner))])
}

/// Writes a commit; nothing names it yet. The same input makes the same commit.
pub(super) fn write_commit(
    repository: &Repository,
    tree: Oid,
    parent: Option<Oid>,
    now: Timestamp,
    message: &str,
) -> Result<Oid, git2::Error> {
    let identity =
        Signature::new("solera-pin", "journal@solera-pin.invalid", &Time::new(whole(now).as_second(), 0))?;
    let tree = repository.find_tree(tree)?;
    let parent = parent.map(|id| repository.find_commit(id)).transpose()?;
    let parents: Vec<_> = parent.iter().collect();
    repository.commit(None, &identity, &identity, message, &tree, &parents)
}

/// Whether the ref was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Swap {
    Done,
    /// It is not what it was, or somebody is changing it.
    Lost,
}

/// Makes the ref name `new`, where it still names `expected`; nothing at all where that is `None`.
pub(super) fn swap(repository: &Repository, expected: Option<Oid>, new: Oid) -> Result<Swap, git2::Error> {
    // Zero is "no such ref", and is compared under the ref's lock. A create that does not force is not.
    let expected = expected.unwrap_or(Oid::ZERO_SHA1);
    match repository.reference_matching(REF, new, true, expected, "journal") {
        Ok(_) => Ok(Swap::Done),
        Err(error)
            if matches!(error.code(), ErrorCode::Modified | ErrorCode::Locked | ErrorCode::NotFound) =>
        {
            Ok(Swap::Lost)
        }
        Err(error) => Err(error),
    }
}
