//! Sharing the journal with a repository in another folder.
//!
//! Objects are copied as one pack, and the ref is compared and swapped under its lock, there as here: of two that push
//! at once the second is refused, merges, and pushes again. Nothing is forced.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use git2::{Buf, ErrorCode, Oid, Repository};
use jiff::Timestamp;
use url::Url;

use super::REF;
use super::error::{Error, said};
use super::merge::Merged;
use super::objects::{self, Swap};
use super::store::{ATTEMPTS, Handle, State, pause};

/// What came of sending a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The remote had all of it.
    Unchanged,
    /// The remote has it now.
    Sent,
}

/// Whether a remote is read or written: it can have two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Fetch,
    Push,
}

/// Brings the journal of `remote` (a name, a path or a `file://` URL) to the repository of `root`, also where that is
/// a shallow clone that does not have it yet.
pub fn fetch(root: &Path, remote: &str, now: Timestamp) -> Result<State, Error> {
    let Some((repository, handle)) = Handle::of(root)? else {
        return Ok(State::Outside);
    };
    let mut handle = handle.reloaded(&repository, now)?;
    handle.fetch(remote, now)?;
    Ok(State::Open(Box::new(handle)))
}

impl Handle {
    /// Merges the journal of `remote`: a name, a path or a `file://` URL. Nothing is written there.
    pub fn fetch(&mut self, remote: &str, now: Timestamp) -> Result<Merged, Error> {
        let repository = self.open()?;
        let from = Remote::open(&repository, remote, Direction::Fetch)?;
        self.take(&repository, &from, now).map(|(_, merged)| merged)
    }

    /// Merges the journal of `remote` and sends the result, where the remote still has what was merged. Where it has
    /// not, again.
    pub fn push(&mut self, remote: &str, now: Timestamp) -> Result<Pushed, Error> {
        self.push_and(remote, now, &mut || {})
    }

    /// As [`Self::push`]; `between` runs each time after the remote was read, before it is written.
    pub(super) fn push_and(
        &mut self,
        remote: &str,
        now: Timestamp,
        between: &mut dyn FnMut(),
    ) -> Result<Pushed, Error> {
        let repository = self.open()?;
        let to = Remote::open(&repository, remote, Direction::Push)?;
        for attempt in 0..ATTEMPTS {
            let (theirs, _) = self.take(&repository, &to, now)?;
            let Some(ours) = self.tip.map(|tip| tip.id).filter(|ours| Some(*ours) != theirs) else {
                return Ok(Pushed::Unchanged);
            };
            between();
            let sent = copy(&repository, &to.repository, ours, theirs)
                .and_then(|()| objects::swap(&to.repository, theirs, ours));
            match sent.map_err(|error| to.refused(&error))? {
                Swap::Done => return Ok(Pushed::Sent),
                Swap::Lost => pause(attempt, ours),
            }
        }
        Err(Error::Busy { repository: to.repository.path().into(), attempts: ATTEMPTS })
    }

    /// Merges what a remote has; its commit.
    fn take(
        &mut self,
        repository: &Repository,
        from: &Remote,
        now: Timestamp,
    ) -> Result<(Option<Oid>, Merged), Error> {
        self.reload(repository, now)?;
        let ours = self.tip.map(|tip| tip.id);
        match objects::tip(&from.repository)?.map(|tip| tip.id) {
            None => Ok((None, Merged::Unchanged)),
            Some(theirs) if ours.is_some_and(|ours| has(repository, ours, theirs)) => {
                Ok((Some(theirs), Merged::Unchanged))
            }
            Some(theirs) => {
                let known = ours.and_then(|ours| shared(repository, ours, &from.repository));
                copy(&from.repository, repository, theirs, known).map_err(|error| from.refused(&error))?;
                Ok((Some(theirs), self.merge(repository, theirs, now)?))
            }
        }
    }
}

/// A repository in another folder, and how it was named.
struct Remote {
    name: String,
    repository: Repository,
}

impl Remote {
    fn open(repository: &Repository, remote: &str, direction: Direction) -> Result<Self, Error> {
        let configured = repository.find_remote(remote).ok().and_then(|found| {
            let push = match direction {
                Direction::Push => found.pushurl().ok().flatten().map(str::to_owned),
                Direction::Fetch => None,
            };
            push.or_else(|| found.url().ok().map(str::to_owned))
        });
        let shown = match (&configured, remote.split_once("://")) {
            (None, Some((scheme, _))) if scheme != "file" => format!("a remote of {scheme}://"),
            // A host may have a name and a password before it.
            (None, None) if remote.contains('@') => "a remote of ssh".into(),
            _ => format!("`{remote}`"),
        };
        let Some(folder) = folder_of(repository, configured.as_deref().unwrap_or(remote)) else {
            return Err(Error::Unsupported { remote: shown });
        };
        match Repository::open(&folder) {
            Ok(repository) => Ok(Self { name: shown, repository }),
            Err(error) if error.code() == ErrorCode::NotFound => Err(Error::Remote {
                remote: shown,
                cause: format!("{} is not a git repository", folder.display()),
            }),
            Err(error) => Err(Error::Remote { remote: shown, cause: said(&error) }),
        }
    }

    fn refused(&self, error: &git2::Error) -> Error {
        Error::Remote { remote: self.name.clone(), cause: format!("{REF}: {}", said(error)) }
    }
}

/// The folder that a URL or path names, relative to the top of the repository; `None` for what is not on this machine.
fn folder_of(repository: &Repository, place: &str) -> Option<PathBuf> {
    if place.contains("://") {
        return Url::parse(place).ok().filter(|url| url.scheme() == "file")?.to_file_path().ok();
    }
    let before_slash = place.split('/').next().unwrap_or_default();
    match before_slash.contains(':') {
        true => None,
        false => Some(repository.workdir().unwrap_or(repository.path()).join(place)),
    }
}

/// Whether a commit is another or has it in its history.
fn has(repository: &Repository, commit: Oid, other: Oid) -> bool {
    commit == other
        || repository.find_commit(other).is_ok()
            && repository.graph_descendant_of(commit, other).unwrap_or(false)
}

/// The newest commit of a history that another repository has too.
fn shared(repository: &Repository, tip: Oid, other: &Repository) -> Option<Oid> {
    let mut walk = repository.revwalk().ok()?;
    walk.push(tip).ok()?;
    walk.map_while(Result::ok).find(|id| other.find_commit(*id).is_ok())
}

/// Copies a commit with its history to another repository, without that of `known`, which both have.
fn copy(from: &Repository, to: &Repository, commit: Oid, known: Option<Oid>) -> Result<(), git2::Error> {
    let walk = || {
        let mut walk = from.revwalk()?;
        walk.push(commit)?;
        known.map(|id| walk.hide(id)).transpose()?;
        Ok::<_, git2::Error>(walk)
    };
    for id in walk()? {
        whole(from, id?)?;
    }
    let mut pack = from.packbuilder()?;
    pack.set_threads(1);
    pack.insert_walk(&mut walk()?)?;
    if pack.object_count() == 0 {
        return Ok(());
    }
    let mut bytes = Buf::new();
    pack.write_buf(&mut bytes)?;
    let odb = to.odb()?;
    let mut writer = odb.packwriter()?;
    writer.write_all(&bytes).map_err(|error| git2::Error::from_str(&error.to_string()))?;
    writer.commit()?;
    Ok(())
}

/// Refuses a commit whose parents are missing: a shallow history must not be sent as if it had been whole.
fn whole(repository: &Repository, id: Oid) -> Result<(), git2::Error> {
    let commit = repository.find_commit(id)?;
    // The parsed commit has no parents where the history is cut off; its bytes still name them.
    let header = String::from_utf8_lossy(commit.raw_header_bytes()).into_owned();
    let parents = header.lines().filter_map(|line| line.strip_prefix("parent "));
    for parent in parents {
        if repository.find_commit(Oid::from_str(parent)?).is_err() {
            let path = repository.path().display();
            let cause =
                format!("its history in {path} is cut off at {id}; `git fetch --unshallow` completes it");
            return Err(git2::Error::from_str(&cause));
        }
    }
    Ok(())
}
