//! A locked pin that no longer satisfies its declaration.

use crate::catalog::{Edition, Level};
use crate::document::Place;
use crate::lock::locate;
use crate::plan::stale;
use crate::verify::{Check, Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "lock-stale",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "what is locked must be something that its declaration allows",
    explanation: "\
A locked pin no longer satisfies its declaration: its tag does not match the track, `version` or
`ignore` rule it out, it is from another repository, or its platforms are not those that are
declared. Somebody edited one of the two and not the other.

`solera-pin refresh NAME` brings the lock to what is declared.",
    check: Check::Whole(check),
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    let mut found = Vec::new();
    for declaration in input.catalog.declarations.values() {
        let Some(pin) = input.lock.pins.get(&declaration.name) else {
            continue;
        };
        let needs = input.catalog.needs(declaration);
        for stale in stale(declaration, &needs, pin) {
            found.push(Raw {
                place: Place {
                    file: input.lock_file.clone(),
                    span: locate(input.lock_file, &declaration.name, &[]),
                },
                message: format!("the pin `{}` is stale: {stale}", declaration.name),
                help: format!(
                    "run `solera-pin refresh {}`, or undo the edit of {} or pins.lock",
                    declaration.name, input.catalog.declared_in
                ),
            });
        }
    }
    found
}
