//! Two journals made one. The history stays a line: what only one side has becomes a commit on top of the other.
//!
//! All roots of a repository share the ref, so that all folders are merged, whichever root asks for it.

use std::collections::{BTreeMap, BTreeSet};

use git2::{ObjectType, Oid, Repository, Sort, Tree};
use jiff::Timestamp;

use super::FOLDER_MARK;
use super::attempts::Attempts;
use super::contents::{Journal, News};
use super::error::{Error, said};
use super::message::{message, trailers};
use super::objects::{self, Entry, Swap, Tip};
use super::store::{Handle, shown};
use super::text::{self, JournalFile};
use crate::model::CommitId;
use crate::tree::MAX_FILE;

/// What came of merging another journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merged {
    /// Ours had all of it.
    Unchanged,
    /// Ours is theirs now.
    FastForward,
    /// A new commit on top of theirs holds what both have.
    Combined,
}

impl Handle {
    /// Merges another commit of the journal, whose objects are in this repository. Of two times for the same the
    /// earlier stays; a line that theirs lacks gets no time before their commit, as if it were added to it now.
    ///
    /// Where ours is an ancestor, theirs is taken. Lines in it that claim a time before our commit, which did not
    /// have them, are raised to it by one more commit.
    pub fn merge_from(&mut self, other: &CommitId, now: Timestamp) -> Result<Merged, Error> {
        let repository = self.open()?;
        let id =
            Oid::from_str(other.as_str()).map_err(|error| Error::unreadable(&repository, said(&error)))?;
        self.merge(&repository, id, now)
    }

    pub(super) fn merge(
        &mut self,
        repository: &Repository,
        other: Oid,
        now: Timestamp,
    ) -> Result<Merged, Error> {
        let theirs = objects::commit(repository, other)?;
        let mut attempts = Attempts::new(repository);
        loop {
            self.reread(repository, now)?;
            let (new, merged) = match self.tip {
                None => (theirs.id, Merged::FastForward),
                Some(ours) => join(repository, &ours, &theirs, now)?,
            };
            if merged == Merged::Unchanged {
                return Ok(merged);
            }
            // What cannot be read never becomes ours.
            objects::read(repository, &objects::commit(repository, new)?, &self.folder)?;
            match self.swap(repository, new)? {
                Swap::Done => {
                    self.reread(repository, now)?;
                    return Ok(merged);
                }
                Swap::Lost => attempts.lost(new)?,
            }
        }
    }
}

/// The commit that has what both have, and how it stands to ours.
fn join(repository: &Repository, ours: &Tip, theirs: &Tip, now: Timestamp) -> Result<(Oid, Merged), Error> {
    if ours.id == theirs.id || descends(repository, ours.id, theirs.id)? {
        return Ok((ours.id, Merged::Unchanged));
    }
    let ahead = descends(repository, theirs.id, ours.id)?;
    let side = if ahead { Side::Descendant } else { Side::Other };
    let mut merger = Merger { repository, ours: *ours, theirs: *theirs, side, now, news: Vec::new() };
    let tree = merger.tree(Some(ours.tree), Some(theirs.tree), &mut Vec::new())?;
    let decisions = if ahead { Vec::new() } else { decisions(repository, ours.id, theirs.id)? };
    if tree == theirs.tree && decisions.is_empty() {
        return Ok((theirs.id, Merged::FastForward));
    }
    let what = if ahead { ("raised", ", from before a commit that lacked it") } else { ("new", "") };
    let message = message(&merger.news, what, &decisions);
    let written = objects::write_commit(repository, tree, Some(theirs.id), now, &message);
    Ok((written.map_err(|error| Error::unwritable(repository, &error))?, Merged::Combined))
}

fn descends(repository: &Repository, commit: Oid, ancestor: Oid) -> Result<bool, Error> {
    let descends = repository.graph_descendant_of(commit, ancestor);
    descends.map_err(|error| Error::unreadable(repository, format!("its history: {}", said(&error))))
}

/// What people decided in our commits that are not theirs: the new commit takes the place of these.
fn decisions(repository: &Repository, ours: Oid, theirs: Oid) -> Result<Vec<String>, Error> {
    let lost = |error: git2::Error| Error::unreadable(repository, format!("its history: {}", said(&error)));
    let mut walk = repository.revwalk().map_err(lost)?;
    walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE).map_err(lost)?;
    walk.push(ours).and_then(|()| walk.hide(theirs)).map_err(lost)?;
    let mut found = Vec::new();
    for id in walk {
        let commit = id.and_then(|id| repository.find_commit(id)).map_err(lost)?;
        found.extend(trailers(&String::from_utf8_lossy(commit.message_bytes())));
    }
    Ok(found)
}

/// How theirs stands to ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    /// It was built on ours: what it left out, it left out knowingly.
    Descendant,
    Other,
}

/// Merges trees, entry by entry; what is the same on both sides is not read.
struct Merger<'r> {
    repository: &'r Repository,
    ours: Tip,
    theirs: Tip,
    side: Side,
    now: Timestamp,
    news: Vec<(String, News)>,
}

/// An entry of a tree: its object, whether that is a tree, and its mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    id: Oid,
    is_tree: bool,
    mode: i32,
}

fn entries(tree: Option<&Tree<'_>>) -> BTreeMap<Vec<u8>, Found> {
    let found = |entry: git2::TreeEntry<'_>| {
        let is_tree = entry.kind() == Some(ObjectType::Tree);
        (entry.name_bytes().to_vec(), Found { id: entry.id(), is_tree, mode: entry.filemode() })
    };
    tree.into_iter().flat_map(|tree| tree.iter().map(found).collect::<Vec<_>>()).collect()
}

impl Merger<'_> {
    fn tree(
        &mut self,
        ours: Option<Oid>,
        theirs: Option<Oid>,
        folder: &mut Vec<Vec<u8>>,
    ) -> Result<Oid, Error> {
        let repository = self.repository;
        let open = |id: Option<Oid>| id.map(|id| objects::tree(repository, id)).transpose();
        let (ours, theirs) = (open(ours)?, open(theirs)?);
        let (in_ours, in_theirs) = (entries(ours.as_ref()), entries(theirs.as_ref()));
        let mut changed = Vec::new();
        for name in in_ours.keys().chain(in_theirs.keys()).collect::<BTreeSet<_>>() {
            let (our, their) = (in_ours.get(name).copied(), in_theirs.get(name).copied());
            if our == their || (self.side == Side::Descendant && their.is_none()) {
                continue;
            }
            changed.push((name.clone(), self.entry(name, our, their, folder)?));
        }
        objects::write_tree(repository, theirs.as_ref(), changed)
            .map_err(|error| Error::unwritable(repository, &error))
    }

    fn entry(
        &mut self,
        name: &[u8],
        ours: Option<Found>,
        theirs: Option<Found>,
        folder: &mut Vec<Vec<u8>>,
    ) -> Result<Entry, Error> {
        if let Some(file) = JournalFile::named(name) {
            return self.file(&file, ours, theirs, folder);
        }
        let tree = |found: Option<Found>| found.is_none_or(|found| found.is_tree);
        if name.starts_with(FOLDER_MARK) && tree(ours) && tree(theirs) {
            folder.push(name.to_vec());
            let merged = self.tree(ours.map(|found| found.id), theirs.map(|found| found.id), folder);
            folder.pop();
            return merged.map(Entry::Tree);
        }
        // Of a later version, which knows how to merge it.
        Ok(theirs.or(ours).map_or(Entry::None, |found| Entry::Kept(found.id, found.mode)))
    }

    fn file(
        &mut self,
        file: &JournalFile,
        ours: Option<Found>,
        theirs: Option<Found>,
        folder: &[Vec<u8>],
    ) -> Result<Entry, Error> {
        let mut ours = self.read(file, &self.ours, ours, folder)?;
        let theirs = self.read(file, &self.theirs, theirs, folder)?;
        let mut merged = theirs.clone();
        match self.side {
            Side::Descendant => merged.raise(&ours, self.ours.time.min(self.now)),
            Side::Other => {
                ours.clamp(&theirs, Some(self.theirs.time), self.now);
                merged.merge(&ours);
            }
        }
        let text = text::encode(&merged, file);
        if text.len() as u64 > MAX_FILE {
            let cause = format!("`{}` would have more than {} MiB", file.name(), MAX_FILE >> 20);
            return Err(Error::Unwritable { repository: self.repository.path().into(), cause });
        }
        self.news.push((shown(folder), merged.news(&theirs)));
        Ok(Entry::File(text))
    }

    fn read(
        &self,
        file: &JournalFile,
        tip: &Tip,
        found: Option<Found>,
        folder: &[Vec<u8>],
    ) -> Result<Journal, Error> {
        let mut journal = Journal::default();
        if let Some(found) = found {
            let parts = folder.iter().map(|part| String::from_utf8_lossy(part) + "/");
            let path = parts.collect::<String>() + file.name();
            objects::read_file(self.repository, &mut journal, file, (tip.id, &path, found.id))?;
        }
        Ok(journal)
    }
}
