//! The rules, one file each.

mod admission;
mod argument_default;
mod bad_comment;
mod bad_reference;
mod build_base_shipped;
mod child_manifest;
mod floating_tag;
mod image_pins;
mod lock_differs;
mod lock_missing;
mod lock_not_chosen;
mod lock_stale;
mod no_delta;
mod no_pin;
mod not_pinned;
mod other_base;
mod platform_missing;
mod several_pins;
mod suite_differs;
mod suppressions;
mod unknown_argument;
mod unknown_rule;
mod unlocked_fetch;
mod unread;
mod unresolved;
mod untold_packages;
mod unused_pin;

use std::collections::BTreeMap;

use super::{Input, Rule, look};
use crate::catalog::{Catalog, Image};
use crate::document::Place;
use crate::model::PinName;
use crate::references::Register;
use crate::scan::dockerfile::{self, Argument, Stages};
use crate::scan::{Reference, Unresolved};

/// Every rule.
pub const RULES: &[&Rule] = &[
    &not_pinned::RULE,
    &no_pin::RULE,
    &floating_tag::RULE,
    &several_pins::RULE,
    &lock_differs::RULE,
    &child_manifest::RULE,
    &unresolved::RULE,
    &bad_reference::RULE,
    &bad_comment::RULE,
    &unread::RULE,
    &unlocked_fetch::RULE,
    &suite_differs::RULE,
    &untold_packages::RULE,
    &lock_missing::RULE,
    &lock_stale::RULE,
    &lock_not_chosen::RULE,
    &platform_missing::RULE,
    &argument_default::RULE,
    &unknown_argument::RULE,
    &image_pins::RULE,
    &no_delta::RULE,
    &admission::RULE,
    &other_base::RULE,
    &build_base_shipped::RULE,
    &unused_pin::RULE,
    &unknown_rule::RULE,
    &suppressions::REASON,
    &suppressions::UNUSED,
];

/// The rules by which an image is admitted to the catalog.
pub const ADMISSION: &[&Rule] =
    &[&no_delta::RULE, &admission::RULE, &other_base::RULE, &build_base_shipped::RULE, &image_pins::RULE];

/// Where the stage of a number begins; the last one, where there are not so many.
fn stage_place(image: &Image, stage: usize) -> Place {
    let instructions = dockerfile::instructions(&image.dockerfile.text);
    let stages: Vec<_> = instructions.iter().filter(|instruction| instruction.keyword == "FROM").collect();
    let from = stages.get(stage).or(stages.last());
    match from {
        Some(from) => Place { file: image.dockerfile.clone(), span: from.span.clone() },
        None => Place::whole(&image.dockerfile),
    }
}

/// The `PIN_` arguments of an image's Dockerfile.
fn pin_arguments(image: &Image) -> impl Iterator<Item = (Argument, Place)> {
    let arguments = dockerfile::arguments(&image.dockerfile.text).into_iter();
    arguments.filter(|argument| argument.name.starts_with("PIN_")).map(|argument| {
        let place = Place { file: image.dockerfile.clone(), span: argument.span.clone() };
        (argument, place)
    })
}

/// The pin that a build argument carries.
fn pin_of<'a>(catalog: &'a Catalog, argument: &str) -> Option<&'a PinName> {
    let declared = catalog.declarations.values();
    declared
        .into_iter()
        .find(|pin| pin.arguments().iter().any(|known| known == argument))
        .map(|pin| &pin.name)
}

/// What is declared and locked, to ask about references.
fn register<'a>(input: &Input<'a>) -> Register<'a> {
    Register::new(input.catalog, input.lock, &input.policy.references)
}

/// The stages of an image's Dockerfile.
fn stages(image: &Image) -> Stages {
    let platforms: Vec<String> = image.platforms.iter().map(ToString::to_string).collect();
    dockerfile::stages(&image.dockerfile.text, &BTreeMap::new(), &platforms)
}

/// The pin that a base is, by its argument or written out; several, where what is written does not tell.
fn base_pins(register: &Register<'_>, image: &Image, base: &Reference) -> Vec<PinName> {
    match &base.input {
        Err(Unresolved::Argument { name, .. }) => {
            pin_of(register.catalog(), name).cloned().into_iter().collect()
        }
        _ => look::used(&register.judge(&image.dockerfile.path, base)),
    }
}
