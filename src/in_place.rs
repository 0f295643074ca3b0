//! References kept in step with the lock, over all files of a repository.
//!
//! [`in_step`] computes what a new lock makes of the files, and what of the new lock can be: a pin that cannot be written
//! into one of its references stays where it was, everywhere. [`unpinned`] computes the files without their pins, and
//! [`named`] tells which files name which pins. None writes; memory holds the files that change, and no others.

mod builds;
mod named;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use builds::Builds;
pub use named::{Named, named};

use crate::catalog::{Catalog, Mode};
use crate::lock::Lock;
use crate::model::PinName;
use crate::references::{Edit, Register, Step, Written, keep_in_step, splice, unpin};
use crate::scanned::{Scanned, Scanner};
use crate::tree::{File, Tree, TreeError};

/// What a new lock makes of a repository.
#[derive(Debug, Default)]
pub struct InStep {
    /// The new lock, as far as references can follow it.
    pub lock: Lock,
    /// The files that change, by path.
    pub files: Vec<FileChange>,
    /// Pins that could not be written into a reference; those that were to move stay where they were.
    pub stuck: Vec<Told>,
    /// References that name something else than their pin: a person's, left alone.
    pub edited: Vec<Told>,
}

/// A file that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Relative to the repository.
    pub path: String,
    /// Its bytes as they were read.
    pub before: Vec<u8>,
    /// Its new bytes.
    pub after: Vec<u8>,
    /// The references that change, with the lines they stand on; of a file that is unpinned, none are named.
    pub references: Vec<(usize, Written)>,
}

/// Something about a pin's reference at a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Told {
    /// The file.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// The pin.
    pub pin: PinName,
    /// Why it is stuck, or what is written instead.
    pub what: String,
}

/// Brings the files of `tree` from the lock `before` to the lock `after`; of the pins that are `wanted`.
///
/// A pin that `before` does not have is written wherever its tag is named.
pub fn in_step(
    tree: &dyn Tree,
    catalog: &Catalog,
    before: &Lock,
    after: &Lock,
    wanted: &(dyn Fn(&PinName) -> bool + Sync),
) -> Result<InStep, TreeError> {
    let mut result = InStep { lock: after.clone(), ..InStep::default() };
    // A pin that is stuck where it does not move leaves the reference as it is.
    let mut barred: BTreeSet<(String, PinName)> = BTreeSet::new();
    loop {
        let mut anchor = before.clone();
        for (name, pin) in &result.lock.pins {
            anchor.pins.entry(name.clone()).or_insert_with(|| pin.clone());
        }
        let found = walk(tree, catalog, &anchor, &result.lock, &|path, pin| {
            wanted(pin) && !barred.contains(&(path.to_owned(), pin.clone()))
        })?;
        if found.stuck.is_empty() {
            result.files = found.files;
            result.edited = found.edited;
            result.stuck.sort();
            result.stuck.dedup();
            return Ok(result);
        }
        for stuck in &found.stuck {
            let locked = before.pins.get(&stuck.pin);
            match locked.filter(|locked| result.lock.pins.get(&stuck.pin) != Some(locked)) {
                Some(locked) => drop(result.lock.pins.insert(stuck.pin.clone(), locked.clone())),
                None => drop(barred.insert((stuck.path.clone(), stuck.pin.clone()))),
            }
        }
        result.stuck.extend(found.stuck);
    }
}

/// The files of `tree` without the pins that are `wanted`: each reference names its tag again.
pub fn unpinned(
    tree: &dyn Tree,
    catalog: &Catalog,
    lock: &Lock,
    wanted: &(dyn Fn(&PinName) -> bool + Sync),
) -> Result<Vec<FileChange>, TreeError> {
    let register = Register::new(catalog, lock, &catalog.policy.references);
    let files = Mutex::new(Vec::new());
    each(tree, catalog, &|scanner, path, bytes| {
        if !scanner.may_matter(path, bytes) {
            return;
        }
        let scanned = scanner.scan(path, bytes);
        let edits = unpin(path, &scanned.scan, &register, wanted);
        if let Some(after) = applied(bytes, edits) {
            push(
                &files,
                FileChange { path: path.into(), before: bytes.into(), after, references: Vec::new() },
            );
        }
    })?;
    Ok(sorted(files))
}

/// Visits every text file whose references may be looked at, in any order, from several threads.
pub fn each(
    tree: &dyn Tree,
    catalog: &Catalog,
    visit: &(dyn Fn(&Scanner<'_>, &str, &[u8]) + Sync),
) -> Result<(), TreeError> {
    let scanner = Scanner::new(tree, catalog, &catalog.policy.references)?;
    tree.each(&[], &|path| scanner.wants(path), &|path, file| {
        // What cannot be read is not written either; the gate says so.
        if let File::Bytes(bytes) = file {
            visit(&scanner, path, bytes);
        }
    })
}

/// What one look at all files found.
#[derive(Default)]
struct Found {
    files: Vec<FileChange>,
    stuck: Vec<Told>,
    edited: Vec<Told>,
    /// The files that set arguments of Dockerfiles.
    builders: Vec<String>,
}

fn walk(
    tree: &dyn Tree,
    catalog: &Catalog,
    before: &Lock,
    after: &Lock,
    wanted: &(dyn Fn(&str, &PinName) -> bool + Sync),
) -> Result<Found, TreeError> {
    let policy = &catalog.policy.references;
    let follows_builds = policy.mode == Mode::InPlace;
    let (old, new) = (Register::new(catalog, before, policy), Register::new(catalog, after, policy));
    let found = Mutex::new(Found::default());
    each(tree, catalog, &|scanner, path, bytes| {
        if !scanner.may_matter(path, bytes) {
            return;
        }
        let scanned = scanner.scan(path, bytes);
        let rescan = |text: &str| scanner.scan_text(path, text);
        let (text, mine) = (&scanned.file.text, |pin: &PinName| wanted(path, pin));
        let step = keep_in_step(path, text, &scanned.scan, &old, &new, mine, rescan);
        found.lock().unwrap_or_else(PoisonError::into_inner).take(
            path,
            bytes,
            &scanned,
            (step, follows_builds),
        );
    })?;
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    found.stuck.sort();
    found.edited.sort();
    if found.stuck.is_empty() {
        let builders = std::mem::take(&mut found.builders);
        Builds { tree, catalog, new: &new }.follow(builders, &mut found)?;
    }
    Ok(found)
}

impl Found {
    fn take(&mut self, path: &str, bytes: &[u8], scanned: &Scanned, (step, follows_builds): (Step, bool)) {
        let told = |pin: PinName, at: usize, what: String| Told {
            path: path.into(),
            line: scanned.line(at),
            pin,
            what,
        };
        self.stuck.extend(step.stuck.into_iter().map(|stuck| told(stuck.pin, stuck.at, stuck.why)));
        self.edited.extend(step.edited.into_iter().map(|edited| told(edited.pin, edited.at, edited.written)));
        if follows_builds && scanned.scan.builds.iter().any(|build| !build.arguments.is_empty()) {
            self.builders.push(path.into());
        }
        // While a pin is stuck, it is all computed again.
        if let Some(after) = applied(bytes, step.edits).filter(|_| self.stuck.is_empty()) {
            let lines = step.written.into_iter().map(|written| (scanned.line(written.at), written));
            let references = lines.collect();
            self.files.push(FileChange { path: path.into(), before: bytes.into(), after, references });
        }
    }
}

impl Found {
    /// Has a file become `after`, in which these references are other than before.
    fn replace(&mut self, path: &str, before: Vec<u8>, after: Vec<u8>, written: Vec<(usize, Written)>) {
        match self.files.iter_mut().find(|file| file.path == path) {
            Some(file) => {
                file.after = after;
                file.references.extend(written);
                file.references.sort_by_key(|(line, _)| *line);
            }
            None => {
                self.files.push(FileChange { path: path.into(), before, after, references: written });
                self.files.sort_by(|a, b| a.path.cmp(&b.path));
            }
        }
    }
}

/// A file's bytes with edits of its text; `None` where it stays as it is.
fn applied(bytes: &[u8], mut edits: Vec<Edit>) -> Option<Vec<u8>> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    let shift = if bytes.starts_with(MARK) { MARK.len() } else { 0 };
    for edit in &mut edits {
        edit.start += shift;
        edit.end += shift;
    }
    splice(bytes, edits).ok().filter(|after| after != bytes)
}

fn push<T>(list: &Mutex<Vec<T>>, item: T) {
    list.lock().unwrap_or_else(PoisonError::into_inner).push(item);
}

fn sorted(files: Mutex<Vec<FileChange>>) -> Vec<FileChange> {
    let mut files = files.into_inner().unwrap_or_else(PoisonError::into_inner);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}
