//! Everything that is locked, for a machine.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{EmittedImage, all_arguments, arguments};
use crate::model::{Pin, PinName};
use crate::report::{SCHEMA_VERSION, json as report};

/// Pins and images as one object with a schema version.
pub fn json(pins: &BTreeMap<PinName, Pin>, images: &[EmittedImage]) -> Value {
    let pin_values: Map<String, Value> =
        pins.iter().map(|(name, pin)| (name.to_string(), pin_json(name, pin))).collect();
    let image_values: Map<String, Value> =
        images.iter().map(|image| (image.name.clone(), image_json(image, pins))).collect();
    json!({ "schema_version": SCHEMA_VERSION, "pins": pin_values, "images": image_values })
}

fn pin_json(name: &PinName, pin: &Pin) -> Value {
    let mut value = report::pin(pin);
    value["arguments"] = json!(arguments(name, pin));
    if let Pin::Image(pin) = pin {
        value["reference"] = json!(pin.reference());
    }
    value
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
