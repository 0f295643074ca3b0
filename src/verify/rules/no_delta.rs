//! An image that adds nothing to its upstream.

use crate::catalog::{Edition, Level};
use crate::verify::{Check, Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "no-delta",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "an image that adds nothing is upstream's image under another name",
    explanation: "\
An image of the catalog says nothing that it adds to its upstream. Then upstream's own image can be
used.

    delta = [\"gmp PHP extension\"]          # in image.toml: what it adds",
    check: Check::Whole(check),
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    let empty =
        input.catalog.images.values().filter(|image| image.delta.iter().all(|line| line.trim().is_empty()));
    let raw = |image: &crate::catalog::Image| Raw {
        place: image.delta_place.clone(),
        message: format!("the image {} has no delta", image.name),
        help: "say what it adds, or use upstream's image itself".into(),
    };
    empty.map(raw).collect()
}
