//! An `image.toml` whose pins are not those of its Dockerfile, and an argument that the Dockerfile does not use.

use std::collections::BTreeSet;

use super::{pin_arguments, pin_of};
use crate::catalog::{Edition, Image, Level, Upstream};
use crate::model::PinName;
use crate::scan::dockerfile::{self, Instruction};
use crate::verify::{Check, Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "image-pins",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "what an image says it is built from must be what its Dockerfile reads",
    explanation: "\
An image.toml names other pins than its Dockerfile reads, or the Dockerfile declares an argument
that it does not use. What an image says it is built from would not be true.",
    check: Check::Whole(check),
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    input.catalog.images.values().flat_map(|image| check_image(input, image)).collect()
}

fn check_image(input: &Input<'_>, image: &Image) -> Vec<Raw> {
    let named: BTreeSet<&PinName> = image.pins().collect();
    let mut read: BTreeSet<&PinName> = BTreeSet::new();
    let mut found = Vec::new();
    let instructions = dockerfile::instructions(&image.dockerfile.text);
    let mut declared: BTreeSet<String> = BTreeSet::new();
    for (argument, place) in pin_arguments(image) {
        let Some(pin) = pin_of(input.catalog, &argument.name) else {
            continue;
        };
        let name = argument.name;
        let used = || instructions.iter().any(|instruction| uses(image, instruction, &name));
        if named.contains(pin) && declared.insert(name.clone()) && !used() {
            found.push(Raw {
                place: place.clone(),
                message: format!("the Dockerfile of {} declares {name} and does not use it", image.name),
                help: format!(
                    "use `${{{name}}}`, or remove the argument, and `{pin}` from images/{}/image.toml if nothing else reads it",
                    image.name
                ),
            });
        }
        if read.insert(pin) && !named.contains(pin) {
            found.push(Raw {
                place,
                message: format!(
                    "the Dockerfile of {} reads the pin `{pin}`, which its image.toml does not name",
                    image.name
                ),
                help: format!("name `{pin}` in images/{}/image.toml, or do not read it", image.name),
            });
        }
    }
    for pin in named.difference(&read) {
        found.push(Raw {
            place: image.place_of(pin),
            message: format!("{} names the pin `{pin}`, which its Dockerfile does not read", image.name),
            help: format!(
                "add `ARG {}` to images/{}/Dockerfile and use it",
                argument(input, pin),
                image.name
            ),
        });
    }
    found
}

/// The argument that a Dockerfile reads a pin by.
fn argument(input: &Input<'_>, pin: &PinName) -> String {
    let declared = input.catalog.declarations.get(pin);
    match declared.is_some_and(|declared| matches!(declared.upstream, Upstream::Debian(_))) {
        true => pin.debian_arguments().into_iter().last().unwrap_or_default(),
        false => pin.argument(),
    }
}

/// Whether an instruction uses an argument; a command may also find it in its environment.
fn uses(image: &Image, instruction: &Instruction, name: &str) -> bool {
    let arguments = &instruction.arguments.text;
    let heredocs = image.dockerfile.text.get(instruction.heredocs.clone()).unwrap_or_default();
    let inner = instruction.triggered();
    let is_command = inner.as_ref().unwrap_or(instruction).keyword == "RUN";
    [arguments, heredocs].into_iter().any(|text| mentions(text, name, is_command))
}

/// Whether a text has a name as a whole; behind a `$` where `bare` is not enough.
fn mentions(text: &str, name: &str, bare: bool) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + name.len()..]);
        let variable = before.ends_with('$') || before.ends_with("${");
        !before.ends_with(part) && !after.starts_with(part) && (bare || variable)
    })
}
