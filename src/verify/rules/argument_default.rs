//! A `PIN_` argument with a default: a build that does not read the lock would start all the same.

use super::pin_arguments;
use crate::catalog::{Edition, Level};
use crate::verify::{Check, Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "argument-default",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "a build that does not read the lock must not start",
    explanation: "\
A `PIN_` argument has a default, so that a build which does not read the lock starts all the same,
with something else.

    ARG PIN_DEBIAN=debian:bookworm-slim     # found
    ARG PIN_DEBIAN                          # what is meant",
    check: Check::Whole(check),
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    let arguments = input.catalog.images.values().flat_map(pin_arguments);
    let with_default = arguments.filter(|(argument, _)| argument.default.is_some());
    let raw = |(argument, place): (crate::scan::dockerfile::Argument, _)| Raw {
        place,
        message: format!("the build argument {} has a default", argument.name),
        help: format!("write `ARG {}`: the lock gives the value", argument.name),
    };
    with_default.map(raw).collect()
}
