//! An image whose last stage comes from something else than its declared runtime base.

use super::{base_pins, register, stage_place, stages};
use crate::catalog::{Class, Edition, Image, Level};
use crate::model::PinName;
use crate::references::{Register, Standing};
use crate::scan::dockerfile::Source;
use crate::scan::{Input as Named, Reference};
use crate::verify::{Check, Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "other-base",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "what an image is said to run on must be what it runs on",
    explanation: "\
The last stage of an image comes from another pin than the `runtime-base` of its image.toml, or
from `scratch`. What the catalog says of the image would not be true.

    runtime-base = \"debian\"              # in image.toml

    FROM ${PIN_RUST}                     # found, at the last stage of the Dockerfile",
    check: Check::Whole(check),
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    let register = register(input);
    input.catalog.images.values().filter_map(|image| check_image(&register, image)).collect()
}

fn check_image(register: &Register<'_>, image: &Image) -> Option<Raw> {
    stages(image).bases().into_iter().find_map(|(stage, base)| {
        let is = match base {
            Source::Outside(reference) => other(register, image, reference)?,
            Source::Scratch => "`scratch`".to_owned(),
            Source::Stages(_) => return None,
        };
        Some(Raw {
            place: stage_place(image, stage),
            message: format!(
                "the last stage of {} comes from {is}, and its runtime-base is `{}`",
                image.name, image.runtime_base
            ),
            help: format!(
                "begin it with `FROM ${{{}}}`, or name in image.toml what it runs on",
                image.runtime_base.argument()
            ),
        })
    })
}

/// The pin that a base is, where it is another one, or the image that is built here. What else names no pin is told by the
/// rules about references.
fn other(register: &Register<'_>, image: &Image, reference: &Reference) -> Option<String> {
    if let (Standing::Own, Ok(Named::Image(own))) =
        (register.judge(&image.dockerfile.path, reference), &reference.input)
    {
        return Some(format!("`{}`, which is no pin", own.repository));
    }
    let pins = base_pins(register, image, reference);
    let is_shipped =
        |pin: &PinName| image.class == Class::FromSource && image.build_base.as_ref() == Some(pin);
    let is_right = pins.contains(&image.runtime_base) || pins.iter().any(is_shipped);
    pins.first().filter(|_| !is_right).map(|pin| format!("`{pin}`"))
}
