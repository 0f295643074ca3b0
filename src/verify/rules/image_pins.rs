//! An `image.toml` whose pins are not those of its Dockerfile.

use std::collections::BTreeSet;

use super::{pin_arguments, pin_of};
use crate::catalog::{Image, Level};
use crate::model::PinName;
use crate::verify::{Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "image-pins",
    level: Level::Error,
    reason: "what an image says it is built from must be what its Dockerfile reads",
    check,
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    input.catalog.images.values().flat_map(|image| check_image(input, image)).collect()
}

fn check_image(input: &Input<'_>, image: &Image) -> Vec<Raw> {
    let named: BTreeSet<&PinName> = image.pins().collect();
    let mut read: BTreeSet<&PinName> = BTreeSet::new();
    let mut found = Vec::new();
    for (argument, place) in pin_arguments(image) {
        let Some(pin) = pin_of(input.catalog, &argument.name) else {
            continue;
        };
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
            help: format!("add `ARG {}` to images/{}/Dockerfile and use it", pin.argument(), image.name),
        });
    }
    found
}
