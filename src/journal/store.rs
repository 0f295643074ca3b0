//! The journal of a folder: reading it, and adding to it.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, Oid, Repository};
use jiff::Timestamp;

use super::attempts::Attempts;
use super::contents::Journal;
use super::error::Error;
use super::message::{Decision, message};
use super::objects::{self, Entry, Swap, Tip};
use super::text;
use crate::model::CommitId;
use crate::tree::MAX_FILE;

/// What there is of a journal for a folder.
#[derive(Clone, Debug)]
pub enum State {
    /// The folder is in no git repository: there is no journal.
    Outside,
    /// A shallow clone that does not have it. What was seen is not known here, which is not the same as never seen.
    NotFetched,
    /// The journal; empty where it begins here.
    Open(Box<Handle>),
}

/// The journal of a folder in a repository, as it was when it was last read or written.
#[derive(Clone, Debug)]
pub struct Handle {
    /// What all work trees of a repository share: the ref is there, and whether it is shallow.
    pub(super) repository: PathBuf,
    /// Of the root, in the journal's tree.
    pub(super) folder: Vec<Vec<u8>>,
    pub(super) tip: Option<Tip>,
    /// As the tip has it.
    written: Journal,
    /// As it counts: nothing in it is later than now.
    journal: Journal,
}

/// What came of adding to a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Nothing was new, and nothing was written.
    Unchanged,
    /// By this commit.
    Written(CommitId),
}

/// The journal of the project whose root is the folder `root`. Times in it that are after `now` count as now.
pub fn load(root: &Path, now: Timestamp) -> Result<State, Error> {
    let Some((repository, handle)) = Handle::of(root)? else {
        return Ok(State::Outside);
    };
    let handle = handle.reloaded(&repository, now)?;
    match handle.tip.is_none() && repository.is_shallow() {
        true => Ok(State::NotFetched),
        false => Ok(State::Open(Box::new(handle))),
    }
}

/// The same, also where a shallow clone does not have the journal yet, so that it can be brought; `None` outside of git.
pub fn open(root: &Path, now: Timestamp) -> Result<Option<Handle>, Error> {
    let Some((repository, handle)) = Handle::of(root)? else {
        return Ok(None);
    };
    handle.reloaded(&repository, now).map(Some)
}

impl Handle {
    /// A handle that has read nothing yet; `None` outside of git.
    pub(super) fn of(root: &Path) -> Result<Option<(Repository, Self)>, Error> {
        let wrong = |error: git2::Error| Error::repository(root, &error);
        let found = match Repository::discover(root) {
            Ok(found) => found,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
            Err(error) => return Err(wrong(error)),
        };
        let lost = |error: std::io::Error| Error::Repository {
            folder: root.into(),
            cause: error.to_string(),
            untrusted: false,
            remedy: None,
        };
        let folder = match found.workdir() {
            Some(top) => {
                let (top, root) = (top.canonicalize().map_err(lost)?, root.canonicalize().map_err(lost)?);
                root.strip_prefix(top).map(objects::folder_in_journal).unwrap_or_default()
            }
            None => Vec::new(),
        };
        let shared = Repository::open(found.commondir()).map_err(wrong)?;
        let (written, journal) = Default::default();
        let handle = Self { repository: shared.path().into(), folder, tip: None, written, journal };
        Ok(Some((shared, handle)))
    }

    /// The git folder that all work trees share: the objects are there, and the ref.
    pub fn repository(&self) -> &Path {
        &self.repository
    }

    /// Reads the journal anew, as others may have left it.
    pub fn reload(&mut self, now: Timestamp) -> Result<(), Error> {
        let repository = self.open()?;
        self.reread(&repository, now)
    }

    /// A folder of git's for notes about this root that nobody shares; it need not be there.
    pub fn notes(&self) -> PathBuf {
        let parts = self.folder.iter().map(|part| String::from_utf8_lossy(part).into_owned());
        self.repository.join("solera-pin").join(parts.collect::<PathBuf>())
    }

    /// The journal. No time in it is later than it was when it was read.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The journal's newest commit; `None` where the journal begins here.
    pub fn tip(&self) -> Option<CommitId> {
        self.tip.and_then(|tip| id(tip.id))
    }

    /// The time of the journal's newest commit.
    pub fn tip_time(&self) -> Option<Timestamp> {
        self.tip.map(|tip| tip.time)
    }

    pub(super) fn open(&self) -> Result<Repository, Error> {
        Repository::open(&self.repository).map_err(|error| Error::repository(&self.repository, &error))
    }

    /// Reads the ref anew.
    pub(super) fn reread(&mut self, repository: &Repository, now: Timestamp) -> Result<(), Error> {
        let tip = objects::tip(repository)?;
        let written = tip.map(|tip| objects::read(repository, &tip, &self.folder)).transpose()?;
        self.set(tip, written.unwrap_or_default(), now);
        Ok(())
    }

    pub(super) fn reloaded(mut self, repository: &Repository, now: Timestamp) -> Result<Self, Error> {
        self.reread(repository, now)?;
        Ok(self)
    }

    fn set(&mut self, tip: Option<Tip>, written: Journal, now: Timestamp) {
        self.journal = written.clone();
        self.journal.lower(now);
        (self.tip, self.written) = (tip, written);
    }

    /// Adds what is new by one commit on top of the newest, which becomes the newest. Where another process was
    /// faster, on top of its commit. A line that was not there gets no time before the commit that lacked it, and
    /// none after `now`. Without anything new, and without a decision to tell, nothing is written.
    pub fn record(
        &mut self,
        additions: &Journal,
        decisions: &[Decision],
        now: Timestamp,
    ) -> Result<Recorded, Error> {
        let repository = self.open()?;
        let trailers: Vec<String> = decisions.iter().flat_map(Decision::trailers).collect();
        let mut attempts = Attempts::new(&repository);
        loop {
            let mut lines = additions.clone();
            lines.clamp(&self.written, self.tip_time(), now);
            let mut next = self.written.clone();
            next.merge(&lines);
            if next == self.written && decisions.is_empty() {
                return Ok(Recorded::Unchanged);
            }
            let tip = self
                .write(&repository, &next, &trailers, now)
                .map_err(|error| Error::unwritable(&repository, &error))?;
            match self.swap(&repository, tip)? {
                Swap::Done => {
                    self.set(Some(objects::commit(&repository, tip)?), next, now);
                    return Ok(id(tip).map_or(Recorded::Unchanged, Recorded::Written));
                }
                Swap::Lost => {
                    attempts.lost(tip)?;
                    self.reread(&repository, now)?;
                }
            }
        }
    }

    /// Makes the ref name another commit, where it still names the tip.
    pub(super) fn swap(&self, repository: &Repository, new: Oid) -> Result<Swap, Error> {
        let swapped = objects::swap(repository, self.tip.map(|tip| tip.id), new);
        swapped.map_err(|error| Error::unwritable(repository, &error))
    }

    /// Writes the commit that makes of the tip's journal the `next` one.
    fn write(
        &self,
        repository: &Repository,
        next: &Journal,
        trailers: &[String],
        now: Timestamp,
    ) -> Result<Oid, git2::Error> {
        let base = self.tip.map(|tip| repository.find_tree(tip.tree)).transpose()?;
        let mut changed = Vec::new();
        for file in text::files(next) {
            let new = text::encode(next, &file);
            if new.len() as u64 > MAX_FILE {
                let cause = format!("`{}` would have more than {} MiB", file.name(), MAX_FILE >> 20);
                return Err(git2::Error::from_str(&cause));
            }
            if new != text::encode(&self.written, &file) {
                changed.push((file.name().into(), Entry::File(new)));
            }
        }
        let tree = objects::write_folder(repository, base.as_ref(), &self.folder, changed)?;
        let news = [(shown(&self.folder), next.news(&self.written))];
        let message = message(&news, ("new", ""), trailers);
        objects::write_commit(repository, tree, self.tip.map(|tip| tip.id), now, &message)
    }
}

/// A folder in the journal's tree, as people know it.
pub(super) fn shown(folder: &[Vec<u8>]) -> String {
    let parts = folder.iter().map(|part| String::from_utf8_lossy(&part[super::FOLDER_MARK.len()..]));
    parts.collect::<Vec<_>>().join("/")
}

pub(super) fn id(oid: Oid) -> Option<CommitId> {
    oid.to_string().parse().ok()
}
