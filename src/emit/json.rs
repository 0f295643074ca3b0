//! Everything that is locked, for a machine.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Arguments, all_arguments, arguments};
use crate::model::{Pin, PinName};

/// The part of an image of the catalog that a build needs.
pub struct EmittedImage {
    /// Its name.
    pub name: String,
    /// Its Dockerfile, relative to the repository.
    pub dockerfile: String,
    /// What it is built for.
    pub platforms: Vec<String>,
    /// The pins that it reads.
    pub pins: Vec<PinName>,
}

/// Pins and images as one object with a schema version.
pub fn json(pins: &BTreeMap<PinName, Pin>, images: &[EmittedImage]) -> Value {
    let pin_values: Map<String, Value> =
        pins.iter().map(|(name, pin)| (name.to_string(), pin_json(name, pin))).collect();
    let image_values: Map<String, Value> =
        images.iter().map(|image| (image.name.clone(), image_json(image, pins))).collect();
    json!({ "schema_version": 1, "pins": pin_values, "images": image_values })
}

fn pin_json(name: &PinName, pin: &Pin) -> Value {
    let arguments: Arguments = arguments(name, pin);
    match pin {
        Pin::Image(pin) => json!({
            "kind": "image",
            "image": pin.repository,
            "tag": pin.tag,
            "digest": pin.digest,
            "media_type": pin.media_type.as_str(),
            "platforms": pin.platforms,
            "reference": pin.reference(),
            "arguments": arguments,
        }),
        Pin::Git(pin) => json!({
            "kind": "git",
            "git": pin.url,
            "tag": pin.tag,
            "commit": pin.commit,
            "tag_object": pin.tag_object,
            "arguments": arguments,
        }),
    }
}

fn image_json(image: &EmittedImage, pins: &BTreeMap<PinName, Pin>) -> Value {
    let read = pins.iter().filter(|(name, _)| image.pins.contains(name));
    json!({
        "dockerfile": image.dockerfile,
        "platforms": image.platforms,
        "pins": image.pins,
        "arguments": all_arguments(read),
    })
}
