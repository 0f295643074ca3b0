//! The comments of a lock file, each at its place, so that two files' can be merged.

use std::collections::BTreeMap;

use toml_edit::{Decor, DocumentMut, Item, Table};

use super::Lock;
use super::encode::{encode, header, is_header};
use crate::model::PinName;

/// The file that is named where no side says which one people edit.
const DECLARED_IN: &str = "pins.toml";

/// What a comment stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Key,
    Dotted,
    Value,
    Table,
}

/// Whether it stands before that, on lines of its own, or behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Before,
    Behind,
}

type Slot = (Vec<String>, Part, Side);

/// The comments of a lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Comments {
    /// Our own first line.
    header: Option<String>,
    slots: BTreeMap<Slot, String>,
    /// Behind the last pin.
    end: Option<String>,
}

impl Comments {
    /// Of a text that is a lock file.
    pub(super) fn read(text: &str) -> Self {
        let mut document: DocumentMut = text.parse().unwrap_or_default();
        let mut comments = Self { end: comment(document.trailing().as_str()), ..Self::default() };
        if let Some(end) = comments.end.as_mut().filter(|end| !end.ends_with('\n')) {
            end.push('\n');
        }
        walk(document.as_table_mut(), &mut Vec::new(), &mut |path, part, decor| {
            for (side, text) in [(Side::Before, decor.prefix()), (Side::Behind, decor.suffix())] {
                if let Some(text) = comment(text.and_then(|raw| raw.as_str())) {
                    comments.slots.insert((path.to_vec(), part, side), text);
                }
            }
        });
        if let Some(head) = comments.slots.remove(&head_slot()) {
            let own = head.split_inclusive('\n').next().filter(|line| is_header(line)).map(str::to_owned);
            let persons = &head[own.as_ref().map_or(0, String::len)..];
            comments.slots.extend(comment(Some(persons)).map(|persons| (head_slot(), persons)));
            comments.header = own;
        }
        comments
    }

    /// What `ours` and `theirs` made of `base`. Where both changed the comment of one place, both stay.
    pub(super) fn merge(base: &Self, ours: &Self, theirs: &Self) -> Self {
        let header = [&base.header, &ours.header, &theirs.header].map(Option::as_ref);
        let header = changed(header).unwrap_or(ours.header.as_ref().or(theirs.header.as_ref())).cloned();
        let end = merged([&base.end, &ours.end, &theirs.end].map(Option::as_deref), Side::Before);
        let slots = ours.slots.keys().chain(theirs.slots.keys()).filter_map(|slot| {
            let at = [base, ours, theirs].map(|comments| comments.slots.get(slot).map(String::as_str));
            Some((slot.clone(), merged(at, slot.2)?))
        });
        Self { header, slots: slots.collect(), end }
    }

    /// Those of one pin alone.
    pub(super) fn of_pin(&self, name: &PinName) -> Self {
        let is_of = |path: &[String]| matches!(path, [pin, of, ..] if pin == "pin" && of == name.as_str());
        let slots = self.slots.iter().filter(|((path, ..), _)| is_of(path));
        Self { slots: slots.map(|(slot, text)| (slot.clone(), text.clone())).collect(), ..Self::default() }
    }

    /// What a lock file with these comments has before its first pin and behind its last.
    pub(super) fn head_and_end(&self) -> (String, String) {
        let head = Self { end: None, ..self.clone() }.write(&Lock::default());
        (head, self.end.clone().unwrap_or_default())
    }

    /// The lock file that has these comments.
    pub(super) fn write(&self, lock: &Lock) -> String {
        let bare = encode(lock, None, DECLARED_IN);
        let mut document: DocumentMut = bare.parse().unwrap_or_default();
        walk(document.as_table_mut(), &mut Vec::new(), &mut |path, part, decor| {
            let at = |side| self.slots.get(&(path.to_vec(), part, side));
            if let Some(text) = at(Side::Before) {
                decor.set_prefix(text);
            }
            if let Some(text) = at(Side::Behind) {
                decor.set_suffix(text);
            }
        });
        let persons = self.slots.get(&head_slot()).cloned().unwrap_or_default();
        let own = match (&self.header, persons.as_str()) {
            (None, "") => header(DECLARED_IN),
            (own, _) => own.clone().unwrap_or_default(),
        };
        if let Some(mut version) = document.key_mut("version") {
            version.leaf_decor_mut().set_prefix(own.clone() + &persons);
        }
        document.set_trailing(self.end.clone().unwrap_or_default());
        // As the program writes it where it finds these comments.
        let declared_in = own.split_once(" Edit ").and_then(|(_, rest)| rest.split_once(", then run "));
        encode(lock, Some(&document.to_string()), declared_in.map_or(DECLARED_IN, |(file, _)| file))
    }
}

/// Above everything.
fn head_slot() -> Slot {
    (vec!["version".to_owned()], Part::Key, Side::Before)
}

/// Only what holds a comment; white space is ours.
fn comment(text: Option<&str>) -> Option<String> {
    text.filter(|text| text.contains('#')).map(|text| text.replace("\r\n", "\n"))
}

/// Visits every place that a comment can stand at.
fn walk(table: &mut Table, path: &mut Vec<String>, visit: &mut dyn FnMut(&[String], Part, &mut Decor)) {
    let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
    for key in keys {
        path.push(key.clone());
        if let Some(mut key) = table.key_mut(&key) {
            visit(path, Part::Key, key.leaf_decor_mut());
            visit(path, Part::Dotted, key.dotted_decor_mut());
        }
        match table.get_mut(&key) {
            Some(Item::Value(value)) => visit(path, Part::Value, value.decor_mut()),
            Some(Item::Table(inner)) => {
                visit(path, Part::Table, inner.decor_mut());
                walk(inner, path, visit);
            }
            _ => {}
        }
        path.pop();
    }
}

/// The side that changed, or both where they are the same; `None` where they differ and both changed.
pub(super) fn changed<T: PartialEq>([base, ours, theirs]: [T; 3]) -> Option<T> {
    match (ours == theirs || theirs == base, ours == base) {
        (true, _) => Some(ours),
        (false, true) => Some(theirs),
        (false, false) => None,
    }
}

/// The comment of one place.
fn merged(sides: [Option<&str>; 3], side: Side) -> Option<String> {
    let [base, ours, theirs] = sides;
    let both = match (changed(sides), ours, theirs) {
        (Some(text), ..) => return text.map(str::to_owned),
        (None, Some(ours), Some(theirs)) => (ours, theirs),
        // One side dropped what the other went on writing.
        (None, ours, theirs) => return ours.or(theirs).map(str::to_owned),
    };
    let (ours, theirs) = both;
    if side == Side::Behind {
        return Some(format!("{} {}", ours.trim_end(), theirs.trim()));
    }
    let has = |text: &str, line: &str| text.lines().any(|other| other == line);
    let base = base.unwrap_or_default();
    let stays = |line: &&str| !line.contains('#') || has(theirs, line) || !has(base, line);
    let is_new = |line: &&str| line.contains('#') && !has(ours, line) && !has(base, line);
    let lines = ours.lines().filter(stays).chain(theirs.lines().filter(is_new));
    Some(lines.map(|line| format!("{line}\n")).collect())
}
