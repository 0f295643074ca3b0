//! A from-source image whose runtime stage carries the base that it was built on.

use std::collections::BTreeMap;

use crate::catalog::{Class, Edition, Image, Level};
use crate::document::Place;
use crate::model::PinName;
use crate::scan::dockerfile::{self, Source};
use crate::verify::{Check, Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "build-base-shipped",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "compilers and headers have no business where the program runs",
    explanation: "\
An image of class from-source is built on one base and runs on another. Its last stage comes from
the build base, so that everything that was needed to build it is shipped.

    FROM ${PIN_RUST} AS build
    RUN cargo build --release
    ENTRYPOINT [\"/src/target/release/app\"]     # found: there is no runtime stage

Add a stage `FROM ${PIN_DEBIAN}` and copy the program into it.",
    check: Check::Whole(check),
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    let from_source = input.catalog.images.values().filter(|image| image.class == Class::FromSource);
    from_source.filter_map(check_image).collect()
}

fn check_image(image: &Image) -> Option<Raw> {
    let build_base = image.build_base.as_ref().filter(|base| **base != image.runtime_base)?;
    let platforms: Vec<String> = image.platforms.iter().map(ToString::to_string).collect();
    let stages = dockerfile::stages(&image.dockerfile.text, &BTreeMap::new(), &platforms).list;
    let mut last = stages.last()?;
    // A stage can only be FROM an earlier one, so this ends.
    while let Source::Stages(earlier) = &last.base {
        last = stages.get(*earlier.first()?)?;
    }
    let Source::Outside(reference) = &last.base else { return None };
    is_argument_of(reference, build_base).then(|| Raw {
        place: Place { file: image.dockerfile.clone(), span: reference.span.clone() },
        message: format!(
            "the last stage of {} comes from `{build_base}`, the base that it is built on",
            image.name
        ),
        help: format!(
            "add a stage `FROM ${{{}}}` at the end, and copy into it what was built",
            image.runtime_base.argument()
        ),
    })
}

fn is_argument_of(reference: &crate::scan::Reference, pin: &PinName) -> bool {
    matches!(&reference.input, Err(crate::scan::Unresolved::Argument { name, .. }) if *name == pin.argument())
}
