//! The rules, one file each.

pub(super) mod argument_default;
pub(super) mod image_pins;
pub(super) mod lock_missing;
pub(super) mod lock_stale;
pub(super) mod no_delta;
pub(super) mod not_pinned;
pub(super) mod platform_missing;
pub(super) mod unknown_argument;
pub(super) mod unknown_rule;
pub(super) mod unused_pin;

use crate::catalog::{Catalog, Image};
use crate::document::Place;
use crate::model::PinName;
use crate::scan::dockerfile::{self, Argument};

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
