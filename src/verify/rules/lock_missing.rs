//! A pin that is declared and not locked.

use crate::catalog::Level;
use crate::verify::{Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "lock-missing",
    level: Level::Error,
    reason: "a build cannot read a pin that is in no lock",
    check,
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    let missing = input.catalog.declarations.values().filter(|pin| !input.lock.pins.contains_key(&pin.name));
    let raw = |pin: &crate::catalog::Declaration| Raw {
        place: pin.place.clone(),
        message: format!("the pin `{}` is declared, but pins.lock does not have it", pin.name),
        help: format!("run `solera-pin refresh {}` and commit pins.lock", pin.name),
    };
    missing.map(raw).collect()
}
