//! A `PIN_` argument that no pin carries.

use super::{pin_arguments, pin_of};
use crate::catalog::{Edition, Level};
use crate::document::meant;
use crate::verify::{Check, Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "unknown-argument",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "an argument that no pin carries would be empty in every build",
    explanation: "\
A `PIN_` argument is carried by no pin. It would be empty in every build.

    ARG PIN_DEBAIN                          # found, where the pin is called `debian`",
    check: Check::Whole(check),
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    let arguments = input.catalog.images.values().flat_map(pin_arguments);
    let unknown = arguments.filter(|(argument, _)| pin_of(input.catalog, &argument.name).is_none());
    let known: Vec<String> = input.catalog.declarations.values().flat_map(|pin| pin.arguments()).collect();
    let raw = |(argument, place): (crate::scan::dockerfile::Argument, _)| Raw {
        place,
        message: format!("no pin is read as {}", argument.name),
        help: match meant(&argument.name, known.iter().map(String::as_str)) {
            Some(known) => format!("did you mean {known}?"),
            None => format!("declare the pin in {}", input.catalog.declared_in),
        },
    };
    unknown.map(raw).collect()
}
