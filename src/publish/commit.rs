//! Bump commits, made from objects: neither index nor work tree is read or touched.
//!
//! The same bumps on the same commit give the same commits: the date is that of the observation, and nothing else of the
//! run is in them.

use std::collections::{BTreeMap, BTreeSet};

use git2::build::TreeUpdateBuilder;
use git2::{FileMode, Oid, Repository, Signature, Time};
use jiff::Timestamp;

use super::bump::Bump;
use super::message::message;
use super::place::{Place, Snapshot, commit_id, oid, said};
use super::sign::Signer;
use crate::catalog::{Author, Mode};
use crate::error::Error;
use crate::in_place::{FileChange, InStep, Told, in_step};
use crate::lock::{self, FILE_NAME, Lock};
use crate::model::{CommitId, PinName};
use crate::tree::{Overlay, Selection, Tree};

/// Who makes commits, and what signs them.
#[derive(Clone, Debug)]
pub struct Maker {
    /// Author and committer.
    pub author: Author,
    /// None where they are not signed.
    pub signer: Option<Signer>,
}

/// Bumps as commits.
#[derive(Debug)]
pub struct Built {
    /// The newest commit; the base itself where there is nothing to change.
    pub tip: CommitId,
    /// What each commit does, the oldest first.
    pub commits: Vec<Made>,
    /// What the newest commit locks.
    pub lock: Lock,
    /// The files that differ from the base, by their paths below the root, with their new bytes; the lock too.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Pins that could not be written into a reference, and stay where they were.
    pub stuck: Vec<Told>,
    /// References that name something else than their pin: a person's, left alone.
    pub edited: Vec<Told>,
}

/// One bump commit.
#[derive(Debug)]
pub struct Made {
    /// The commit.
    pub id: CommitId,
    /// What it does.
    pub bump: Bump,
    /// The files besides the lock, with the lines that name the pin.
    pub files: Vec<FileChange>,
}

/// Commits each of `bumps` on top of `base`.
pub fn build(place: &Place, base: &Snapshot, bumps: &[Bump], maker: &Maker) -> Result<Built, Error> {
    let mut work = Work::begin(place, base, maker)?;
    if bumps.len() > 1 {
        work.changes = work.look(bumps)?;
    }
    bumps.iter().try_for_each(|bump| work.take(bump))?;
    if !work.is_as_seen() {
        // One change in a file made room for another, or left none: each is looked for in all files.
        work = Work::begin(place, base, maker)?;
        bumps.iter().try_for_each(|bump| work.take(bump))?;
    }
    Ok(work.built)
}

/// The files that all bumps together change.
struct Changes {
    /// Those that come to name a pin.
    of_pin: BTreeMap<PinName, BTreeSet<String>>,
    /// What they become.
    files: BTreeMap<String, Vec<u8>>,
}

/// Commits under way.
struct Work<'a> {
    place: &'a Place,
    base: &'a Snapshot,
    maker: &'a Maker,
    repository: Repository,
    parent: Oid,
    tree: Oid,
    /// Of the base: a bump that nobody observed has it.
    time: i64,
    /// The files that change in the end, where that could be told: no others have to be looked at for each bump.
    changes: Option<Changes>,
    built: Built,
}

impl<'a> Work<'a> {
    fn begin(place: &'a Place, base: &'a Snapshot, maker: &'a Maker) -> Result<Self, Error> {
        let repository = place.repository()?;
        let parent = oid(&base.commit)?;
        let commit = repository.find_commit(parent).map_err(|error| said("read", &error))?;
        let (tree, time) = (commit.tree_id(), commit.time().seconds());
        place.refuse_link(&commit.tree().map_err(|error| said("read", &error))?)?;
        drop(commit);
        let built = Built {
            tip: base.commit.clone(),
            commits: Vec::new(),
            lock: base.lock.clone(),
            files: BTreeMap::new(),
            stuck: Vec::new(),
            edited: Vec::new(),
        };
        Ok(Self { place, base, maker, parent, tree, time, repository, changes: None, built })
    }

    fn take(&mut self, bump: &Bump) -> Result<(), Error> {
        let mut decided = self.built.lock.clone();
        bump.apply(&mut decided);
        let step = self.follow(&decided, &bump.name)?;
        self.built.stuck.extend(step.stuck.iter().cloned());
        self.built.edited.extend(step.edited.iter().cloned());
        // One that is stuck stays where it was, and no commit says otherwise.
        if step.lock.pins.get(&bump.name) != bump.to.as_ref() {
            return Ok(());
        }
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for file in &step.files {
            files.insert(self.base.tree.target(&file.path)?, file.after.clone());
        }
        if step.lock != self.built.lock {
            files.insert(FILE_NAME.into(), self.lock_text(&step.lock)?.into_bytes());
        }
        if files.is_empty() {
            return Ok(());
        }
        self.tree = self.with(&files)?;
        self.parent = self.commit(bump)?;
        self.built.tip = commit_id(self.parent)?;
        self.built.lock = step.lock;
        self.built.files.extend(files);
        self.built.commits.push(Made { id: self.built.tip.clone(), bump: bump.clone(), files: step.files });
        Ok(())
    }

    /// Which files change with all bumps together; none where one of the pins is stuck in a file, so that it matters which
    /// of them move.
    fn look(&mut self, bumps: &[Bump]) -> Result<Option<Changes>, Error> {
        let catalog = &self.base.workspace.catalog;
        let names: BTreeSet<&PinName> = bumps.iter().map(|bump| &bump.name).collect();
        let mut decided = self.base.lock.clone();
        for bump in bumps {
            bump.apply(&mut decided);
        }
        let all = in_step(&self.base.tree, catalog, &self.base.lock, &decided, &|pin| names.contains(pin))?;
        if !all.stuck.is_empty() {
            return Ok(None);
        }
        self.built.edited = all.edited;
        let mut changes = Changes { of_pin: BTreeMap::new(), files: BTreeMap::new() };
        for file in all.files {
            for (_, written) in &file.references {
                changes.of_pin.entry(written.pin.clone()).or_default().insert(file.path.clone());
            }
            changes.files.insert(self.base.tree.target(&file.path)?, file.after);
        }
        Ok(Some(changes))
    }

    /// What the files of the commit below make of a lock.
    fn follow(&self, decided: &Lock, name: &PinName) -> Result<InStep, Error> {
        let catalog = &self.base.workspace.catalog;
        let tree = Overlay::new(&self.base.tree, self.built.files.clone());
        let step = |tree: &dyn Tree| in_step(tree, catalog, &self.built.lock, decided, &|pin| pin == name);
        Ok(match &self.changes {
            Some(changes) => {
                let paths = changes.of_pin.get(name).into_iter().flatten().cloned();
                let step = step(&Selection::new(&tree, paths))?;
                // They were told of before.
                InStep { edited: Vec::new(), ..step }
            }
            None => step(&tree)?,
        })
    }

    /// Whether the files, one bump after the other, came to what all bumps make of them together.
    fn is_as_seen(&self) -> bool {
        let Some(changes) = &self.changes else { return true };
        let mut files = self.built.files.iter().filter(|(path, _)| *path != FILE_NAME);
        changes.files.iter().all(|file| files.next() == Some(file)) && files.next().is_none()
    }

    fn lock_text(&self, lock: &Lock) -> Result<String, Error> {
        let before = self.built.files.get(FILE_NAME).map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let before = before.as_deref().or(self.base.text.as_deref());
        Ok(lock::text(lock, before, &self.base.workspace.catalog.declared_in)?)
    }

    /// The tree with these files in it; each keeps its mode.
    fn with(&self, files: &BTreeMap<String, Vec<u8>>) -> Result<Oid, Error> {
        let wrong = |error: git2::Error| said("written", &error);
        let tree = self.repository.find_tree(self.tree).map_err(wrong)?;
        let mut update = TreeUpdateBuilder::new();
        for (path, bytes) in files {
            let path = self.place.in_repository(path);
            let mode = tree.get_path(std::path::Path::new(&path)).map(|entry| entry.filemode());
            let mode = match mode {
                Ok(mode) if mode == i32::from(FileMode::BlobExecutable) => FileMode::BlobExecutable,
                _ => FileMode::Blob,
            };
            let blob = self.repository.blob(bytes).map_err(wrong)?;
            update.upsert(path, blob, mode);
        }
        update.create_updated(&self.repository, &tree).map_err(wrong)
    }

    fn commit(&self, bump: &Bump) -> Result<Oid, Error> {
        let wrong = |error: git2::Error| said("written", &error);
        let seconds = bump.first_seen.map_or(self.time, Timestamp::as_second);
        let Author { name, email } = &self.maker.author;
        let author = Signature::new(name, email, &Time::new(seconds, 0)).map_err(wrong)?;
        let tree = self.repository.find_tree(self.tree).map_err(wrong)?;
        let parent = self.repository.find_commit(self.parent).map_err(wrong)?;
        let text = message(bump, &self.place.folder);
        let Some(signer) = &self.maker.signer else {
            return self.repository.commit(None, &author, &author, &text, &tree, &[&parent]).map_err(wrong);
        };
        let buffer = self.repository.commit_create_buffer(&author, &author, &text, &tree, &[&parent]);
        let buffer = buffer.map_err(wrong)?;
        let content = String::from_utf8_lossy(&buffer);
        let signature = signer.sign(content.as_bytes())?;
        self.repository.commit_signed(&content, &signature, None).map_err(wrong)
    }
}

/// The pins that stay, but whose tag some file names without what it is locked at: each would be a bump of its own.
pub fn unpinned_references(
    base: &Snapshot,
    moving: &dyn Fn(&PinName) -> bool,
) -> Result<Vec<PinName>, Error> {
    let catalog = &base.workspace.catalog;
    if catalog.policy.references.mode == Mode::Policy {
        return Ok(Vec::new());
    }
    let stays = |pin: &PinName| !moving(pin);
    let names: BTreeSet<PinName> = base.lock.pins.keys().filter(|pin| stays(pin)).cloned().collect();
    let step = in_step(&base.tree, catalog, &base.lock, &base.lock, &|pin| names.contains(pin))?;
    let written =
        step.files.iter().flat_map(|file| file.references.iter().map(|(_, written)| written.pin.clone()));
    let mut pins: Vec<PinName> = written.collect();
    pins.sort();
    pins.dedup();
    Ok(pins)
}
