//! A pin that is declared and not locked.

use crate::catalog::{Edition, Level};
use crate::verify::{Check, Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "lock-missing",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "a build cannot read a pin that is in no lock",
    explanation: "\
A pin is declared, and pins.lock does not have it.

`solera-pin refresh NAME` asks upstream and locks it; commit pins.lock with the declaration.",
    check: Check::Whole(check),
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
