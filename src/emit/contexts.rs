//! `--build-context=NAME=docker-image://REFERENCE`, one a line: what a Dockerfile of somebody else calls by its tag is
//! what is locked. No value holds white space, so a shell may split the output.

use std::collections::BTreeMap;

use super::source::{Ambiguous, by_tag};
use crate::model::{ImagePin, Pin, PinName};

/// For `docker build $(solera-pin emit contexts) …`.
pub fn contexts(pins: &BTreeMap<PinName, Pin>) -> Result<String, Ambiguous> {
    Ok(named(pins)?.iter().map(|(name, value)| format!("--build-context={name}={value}\n")).collect())
}

/// Each locked image under the name that builders look for: as short as a Dockerfile may write it, with its tag.
pub(super) fn named(pins: &BTreeMap<PinName, Pin>) -> Result<BTreeMap<String, String>, Ambiguous> {
    by_tag(pins).whole()?;
    let images = pins.values().filter_map(|pin| match pin {
        Pin::Image(pin) => Some(context(pin)),
        _ => None,
    });
    Ok(images.collect())
}

fn context(pin: &ImagePin) -> (String, String) {
    let name = format!("{}:{}", pin.repository.familiar(), pin.tag);
    (name, format!("docker-image://{}", pin.reference()))
}
