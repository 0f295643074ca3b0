//! A from-source image whose runtime stage carries the base that it was built on.

use super::{base_pins, register, stages};
use crate::catalog::{Class, Edition, Image, Level};
use crate::document::Place;
use crate::references::Register;
use crate::scan::Reference;
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
    let register = register(input);
    let from_source = input.catalog.images.values().filter(|image| image.class == Class::FromSource);
    from_source.filter_map(|image| check_image(&register, image)).collect()
}

fn check_image(register: &Register<'_>, image: &Image) -> Option<Raw> {
    let build_base = image.build_base.as_ref().filter(|base| **base != image.runtime_base)?;
    let stages = stages(image);
    let is_shipped = |reference: &&Reference| base_pins(register, image, reference).contains(build_base);
    let mut bases = stages.bases().into_iter().filter_map(|(_, base)| base.outside());
    bases.find(is_shipped).map(|reference| Raw {
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
