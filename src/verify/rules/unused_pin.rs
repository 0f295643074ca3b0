//! A pin that nothing reads, or that is locked and declared nowhere.

use std::collections::BTreeSet;

use crate::catalog::{Edition, Level};
use crate::document::Place;
use crate::lock::locate;
use crate::model::PinName;
use crate::verify::{Check, Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "unused-pin",
    level: Level::Warning,
    since: Edition::FIRST,
    reason: "a pin that nothing reads is refreshed and reviewed for nothing",
    explanation: "\
No file reads a pin, or pins.lock has one that is declared nowhere. It is refreshed and reviewed for
nothing.

Remove its declaration; the next `solera-pin refresh` drops it from pins.lock.",
    check: Check::Used(check),
};

fn check(input: &Input<'_>, used: &BTreeSet<PinName>) -> Vec<Raw> {
    let catalog = input.catalog;
    // Where no file reads any pin, the lock is read in a way that is not seen here.
    let is_read = !used.is_empty() || !catalog.images.is_empty();
    let has_reader = |name: &PinName| used.contains(name) || catalog.readers(name).next().is_some();
    let unread = catalog.declarations.values().filter(|pin| is_read && !has_reader(&pin.name));
    let mut found: Vec<Raw> = unread
        .map(|pin| Raw {
            place: pin.place.clone(),
            message: format!("nothing reads the pin `{}`", pin.name),
            help: format!("use it, or remove it from {}", catalog.declared_in),
        })
        .collect();
    let undeclared = input.lock.pins.keys().filter(|name| !catalog.declarations.contains_key(*name));
    found.extend(undeclared.map(|name| Raw {
        place: Place { file: input.lock_file.clone(), span: locate(input.lock_file, name, &[]) },
        message: format!("pins.lock has the pin `{name}`, which is declared nowhere"),
        help: "declare it, or run `solera-pin refresh` to drop it".into(),
    }));
    found
}
