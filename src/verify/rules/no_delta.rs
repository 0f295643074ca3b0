//! An image that adds nothing to its upstream.

use super::stage_place;
use crate::catalog::{Class, Edition, Image, Level};
use crate::scan::dockerfile;
use crate::verify::{Check, Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "no-delta",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "an image that adds nothing is upstream's image under another name",
    explanation: "\
An image of the catalog says nothing that it adds to its upstream, or its Dockerfile adds nothing,
whatever is said. Then upstream's own image can be used.

    delta = [\"gmp PHP extension\"]          # in image.toml: what it adds

    ARG PIN_WORDPRESS                      # found: labels are no delta
    FROM ${PIN_WORDPRESS}
    LABEL org.opencontainers.image.title=\"wordpress\"",
    check: Check::Whole(check),
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    input.catalog.images.values().filter_map(check_image).collect()
}

fn check_image(image: &Image) -> Option<Raw> {
    if image.delta.iter().all(|line| line.trim().is_empty()) {
        return Some(Raw {
            place: image.delta_place.clone(),
            message: format!("the image {} has no delta", image.name),
            help: "say what it adds, or use upstream's image itself".into(),
        });
    }
    (image.class == Class::UpstreamExtension && adds_nothing(image)).then(|| Raw {
        place: stage_place(image, usize::MAX),
        message: format!("the Dockerfile of {} adds nothing to its upstream", image.name),
        help: "add what image.toml says that it adds, or use upstream's image itself".into(),
    })
}

/// Whether every instruction only says where the image comes from and what it is called. What stages add is added by an
/// instruction, however many there are.
fn adds_nothing(image: &Image) -> bool {
    let instructions = dockerfile::instructions(&image.dockerfile.text);
    let mut keywords = instructions.iter().map(|instruction| instruction.keyword.as_str());
    keywords.all(|keyword| matches!(keyword, "FROM" | "ARG" | "LABEL" | "MAINTAINER"))
}
