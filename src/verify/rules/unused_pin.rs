//! A pin that nothing reads: declared for no image, or locked and declared nowhere.

use crate::catalog::Level;
use crate::document::Place;
use crate::lock::locate;
use crate::verify::{Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "unused-pin",
    level: Level::Warning,
    reason: "a pin that nothing reads is refreshed and reviewed for nothing",
    check,
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    let catalog = input.catalog;
    // Without images the readers are files that no rule has looked at.
    let unread = catalog
        .declarations
        .values()
        .filter(|pin| !catalog.images.is_empty() && catalog.readers(&pin.name).next().is_none());
    let mut found: Vec<Raw> = unread
        .map(|pin| Raw {
            place: pin.place.clone(),
            message: format!("no image reads the pin `{}`", pin.name),
            help: format!("name it in an image.toml, or remove it from {}", catalog.declared_in),
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
