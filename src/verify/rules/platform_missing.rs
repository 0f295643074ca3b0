//! An image that is built for a platform which its runtime base is not locked for.

use crate::catalog::{Edition, Image, Level};
use crate::model::{Pin, Platform};
use crate::verify::{Check, Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "platform-missing",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "a platform that is not locked would be built on whatever the index holds for it",
    explanation: "\
An image is built for a platform that its runtime base is not locked for: what the index holds for
it was never looked at.

Add the platform to the pin and refresh it, or do not build for it.",
    check: Check::Whole(check),
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    input.catalog.images.values().filter_map(|image| check_image(input, image)).collect()
}

fn check_image(input: &Input<'_>, image: &Image) -> Option<Raw> {
    let Pin::Image(base) = input.lock.pins.get(&image.runtime_base)? else { return None };
    let missing = image.platforms.iter().filter(|platform| !base.platforms.contains_key(*platform));
    let missing: Vec<String> = missing.map(Platform::to_string).collect();
    (!missing.is_empty()).then(|| Raw {
        place: image.place_of(&image.runtime_base),
        message: format!(
            "{} is built for {}, and its base `{}` is not locked for that",
            image.name,
            missing.join(", "),
            image.runtime_base
        ),
        help: format!(
            "add the platform to `{}` in {} and refresh it, or do not build for it",
            image.runtime_base, input.catalog.declared_in
        ),
    })
}
