//! Merging what two sides made of one lock: pin by pin, and comment by comment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::comments::{Comments, changed};
use super::{Lock, decode};
use crate::document::{Problem, SourceFile};
use crate::model::{Pin, PinName};

/// What a merge came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    /// The text of the merged lock file.
    Clean(String),
    /// Pins were changed differently on both sides.
    Conflict {
        /// The merged text, with both tables of each such pin between conflict markers.
        text: String,
        /// Those pins.
        pins: Vec<PinName>,
    },
}

/// Merges what `ours` and `theirs` made of `base`. An empty base is an empty lock: both sides added the file.
///
/// A pin that one side dropped while the other only wrote a comment at it is a conflict too: nothing that a person
/// wrote goes unseen.
pub fn merge(
    base: &Arc<SourceFile>,
    ours: &Arc<SourceFile>,
    theirs: &Arc<SourceFile>,
) -> Result<Merged, Vec<Problem>> {
    let base = match base.text.trim().is_empty() {
        true => Ok(Side::default()),
        false => Side::read(base),
    };
    let mut problems = Vec::new();
    let mut keep = |side: Result<Side, Vec<Problem>>| side.map_err(|found| problems.extend(found)).ok();
    match (keep(base), keep(Side::read(ours)), keep(Side::read(theirs))) {
        (Some(base), Some(ours), Some(theirs)) => Ok(merge_sides(&base, &ours, &theirs)),
        _ => Err(problems),
    }
}

/// One of the three files.
#[derive(Default)]
struct Side {
    lock: Lock,
    comments: Comments,
}

impl Side {
    fn read(file: &Arc<SourceFile>) -> Result<Self, Vec<Problem>> {
        Ok(Self { lock: decode(file)?, comments: Comments::read(&file.text) })
    }

    /// The text of one table, with the empty line before it; nothing where there is no such pin.
    fn table(&self, name: &PinName) -> String {
        let Some(pin) = self.lock.pins.get(name) else { return String::new() };
        let head = Comments::default().write(&Lock::default());
        let lock = Lock { pins: BTreeMap::from([(name.clone(), pin.clone())]) };
        let text = self.comments.of_pin(name).write(&lock);
        text.strip_prefix(&head).unwrap_or(&text).to_owned()
    }
}

fn merge_sides(base: &Side, ours: &Side, theirs: &Side) -> Merged {
    let comments = Comments::merge(&base.comments, &ours.comments, &theirs.comments);
    let mut merged = Side { lock: Lock::default(), comments };
    let mut conflicts = Vec::new();
    let names: BTreeSet<&PinName> =
        [base, ours, theirs].iter().flat_map(|side| side.lock.pins.keys()).collect();
    for name in &names {
        match merge_pin(name, [base, ours, theirs]) {
            Some(pin) => merged.lock.pins.extend(pin.map(|pin| ((*name).clone(), pin.clone()))),
            None => conflicts.push((*name).clone()),
        }
    }
    if conflicts.is_empty() {
        return Merged::Clean(merged.comments.write(&merged.lock));
    }
    let (mut text, end) = merged.comments.head_and_end();
    for name in names {
        match conflicts.contains(name) {
            true => text.push_str(&marked(&ours.table(name), &theirs.table(name))),
            false => text.push_str(&merged.table(name)),
        }
    }
    Merged::Conflict { text: text + &end, pins: conflicts }
}

/// What becomes of a pin; `None` where both sides changed it differently.
fn merge_pin<'a>(name: &PinName, sides: [&'a Side; 3]) -> Option<Option<&'a Pin>> {
    let pin = changed(sides.map(|side| side.lock.pins.get(name)))?;
    let [base, ours, theirs] = sides;
    let keeps = [ours, theirs].into_iter().find(|side| side.lock.pins.contains_key(name));
    let is_lost = |side: &Side| side.comments.of_pin(name) != base.comments.of_pin(name);
    match pin {
        None if keeps.is_some_and(is_lost) => None,
        pin => Some(pin),
    }
}

/// Both tables as git marks a conflict.
fn marked(ours: &str, theirs: &str) -> String {
    let (ours, theirs) = (ours.trim_start_matches('\n'), theirs.trim_start_matches('\n'));
    format!("\n<<<<<<< ours\n{ours}=======\n{theirs}>>>>>>> theirs\n")
}
