//! A branch of ours as the remote has it: whose it is, what it proposes, and whether that still fits.

use git2::{ErrorCode, Oid, Repository};

use super::bump::{Bump, Target};
use super::commit::{Built, Maker, build};
use super::message::target_of;
use super::place::{Place, Snapshot, commit_id, oid, said};
use crate::document::SourceFile;
use crate::error::Error;
use crate::lock::{FILE_NAME, Lock, decode};
use crate::model::{CommitId, harmless};

/// A branch as the remote has it.
#[derive(Debug)]
pub struct Branch {
    /// Below `refs/heads/`.
    pub name: String,
    /// Its newest commit.
    pub tip: CommitId,
    /// Whose it is.
    pub state: State,
}

/// Whose a branch is.
#[derive(Debug)]
pub enum State {
    /// Nobody but us committed to it.
    Ours {
        /// The commit of the base that it stands on.
        fork: CommitId,
        /// What its commits are about, the oldest first.
        targets: Vec<Target>,
        /// What it locks; nothing where that cannot be read.
        lock: Lock,
    },
    /// The base has all of it.
    Merged,
    /// There is a commit on it that is not ours.
    Edited {
        /// The oldest of them that is on top of ours, or the newest that ours stand on.
        commit: CommitId,
        /// Who made it, harmless.
        by: String,
    },
    /// This clone is shallow, and does not reach down to where it leaves the base.
    CutOff,
}

/// More commits than a group has pins.
const MAX_COMMITS: usize = 10_000;

impl Branch {
    /// Looks at a branch whose objects are here.
    pub fn look(place: &Place, name: &str, tip: &CommitId, base: &CommitId) -> Result<Self, Error> {
        let repository = place.repository()?;
        let state = state(place, &repository, oid(tip)?, oid(base)?)?;
        Ok(Self { name: name.into(), tip: tip.clone(), state })
    }

    /// What it proposes, as far as that is ours.
    pub fn targets(&self) -> &[Target] {
        match &self.state {
            State::Ours { targets, .. } => targets,
            State::Merged | State::Edited { .. } | State::CutOff => &[],
        }
    }

    /// Whether it may stay as it is: it makes of the base what these bumps would, and can be merged into it. `built` is
    /// what they make of the base as it is now.
    pub fn serves(
        &self,
        place: &Place,
        base: &Snapshot,
        (bumps, built): (&[Bump], &Built),
        maker: &Maker,
    ) -> Result<bool, Error> {
        let State::Ours { fork, targets, .. } = &self.state else { return Ok(false) };
        let wanted: Vec<Target> = bumps.iter().map(Bump::target).collect();
        if *targets != wanted {
            return Ok(false);
        }
        let repository = place.repository()?;
        let wrong = |error: git2::Error| said("read", &error);
        let tree = |id: &CommitId| {
            let commit = repository.find_commit(oid(id)?).map_err(wrong)?;
            commit.tree().map_err(wrong)
        };
        let ours = tree(&self.tip)?.id();
        if *fork == base.commit {
            return Ok(tree(&built.tip)?.id() == ours);
        }
        // Where what was declared there cannot be read any more, it is made anew.
        let Ok(then) = place.snapshot(fork) else { return Ok(false) };
        if tree(&build(place, &then, bumps, maker)?.tip)?.id() != ours {
            return Ok(false);
        }
        let merged = repository.merge_trees(&tree(fork)?, &tree(&base.commit)?, &tree(&self.tip)?, None);
        Ok(!merged.map_err(wrong)?.has_conflicts())
    }
}

fn state(place: &Place, repository: &Repository, tip: Oid, base: Oid) -> Result<State, Error> {
    let wrong = |error: git2::Error| said("read", &error);
    let fork = match repository.merge_base(tip, base) {
        Ok(fork) => Some(fork),
        Err(error) if error.code() == ErrorCode::NotFound => None,
        Err(error) => return Err(wrong(error)),
    };
    if fork == Some(tip) {
        return Ok(State::Merged);
    }
    let (mut targets, mut edited) = (Vec::new(), None);
    let mut at = Some(tip);
    for _ in 0..MAX_COMMITS {
        let Some(id) = at.filter(|id| Some(*id) != fork) else { break };
        let Ok(commit) = repository.find_commit(id) else { break };
        match ours(&commit) {
            Some(target) => targets.push(target),
            None => edited = Some(State::Edited { commit: commit_id(id)?, by: harmless(&author(&commit)) }),
        }
        at = commit.parent_ids().next();
    }
    match (edited, fork) {
        // What is below a cut may be the base.
        (_, None) if repository.is_shallow() => Ok(State::CutOff),
        (Some(edited), _) => Ok(edited),
        (None, Some(fork)) => {
            targets.reverse();
            Ok(State::Ours { fork: commit_id(fork)?, targets, lock: lock_at(place, repository, tip)? })
        }
        (None, None) => {
            Ok(State::Edited { commit: commit_id(tip)?, by: "somebody who rewrote the base".into() })
        }
    }
}

fn author(commit: &git2::Commit<'_>) -> String {
    commit.author().name().unwrap_or("somebody").to_owned()
}

/// What a commit of ours is about; none where it is a person's, or a person changed it.
fn ours(commit: &git2::Commit<'_>) -> Option<Target> {
    let (author, committer) = (commit.author(), commit.committer());
    let same = author.name_bytes() == committer.name_bytes()
        && author.email_bytes() == committer.email_bytes()
        && author.when() == committer.when();
    target_of(commit.message().ok()?).filter(|_| same && commit.parent_count() == 1)
}

/// What a commit locks.
fn lock_at(place: &Place, repository: &Repository, commit: Oid) -> Result<Lock, Error> {
    let wrong = |error: git2::Error| said("read", &error);
    let tree = repository.find_commit(commit).and_then(|commit| commit.tree()).map_err(wrong)?;
    let path = place.in_repository(FILE_NAME);
    let Ok(entry) = tree.get_path(std::path::Path::new(&path)) else { return Ok(Lock::default()) };
    let Ok(blob) = repository.find_blob(entry.id()) else { return Ok(Lock::default()) };
    Ok(decode(&SourceFile::from_bytes(FILE_NAME, blob.content().to_vec())).unwrap_or_default())
}
