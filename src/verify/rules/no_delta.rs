//! An image that adds nothing to its upstream.

use std::collections::BTreeMap;

use super::stage_place;
use crate::catalog::{Class, Edition, Image, Level};
use crate::scan::dockerfile::{self, Instruction};
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
    LABEL org.opencontainers.image.title=\"wordpress\"
    RUN true                               # nor is what leaves nothing behind, or a stage without use",
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

/// Whether every instruction that the image is made by only says where it comes from and what it is called, or leaves
/// nothing behind. What another stage adds reaches the image by a `COPY` or a mount, and that is an instruction of it.
fn adds_nothing(image: &Image) -> bool {
    let text = &image.dockerfile.text;
    let platforms: Vec<String> = image.platforms.iter().map(ToString::to_string).collect();
    let own = dockerfile::stages(text, &BTreeMap::new(), &platforms).last_with_bases();
    let mut stages = 0;
    dockerfile::instructions(text).iter().all(|instruction| {
        stages += usize::from(instruction.keyword == "FROM");
        let is_own = stages.checked_sub(1).is_some_and(|stage| own.contains(&stage));
        !is_own || is_name(instruction) || instruction.is_idle_run()
    })
}

fn is_name(instruction: &Instruction) -> bool {
    matches!(instruction.keyword.as_str(), "FROM" | "ARG" | "LABEL" | "MAINTAINER")
}
