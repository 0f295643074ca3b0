//! One platform's manifest where the index is meant.

use crate::catalog::{Edition, Level};
use crate::document::Place;
use crate::lock::locate;
use crate::model::Pin;
use crate::references::Wrong;
use crate::verify::{Check, Input, Looked, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "child-manifest",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "the manifest of one platform is the wrong bytes on every other one",
    explanation: "\
A digest names the manifest of one platform, where the index of all of them is meant: the image
would be built or run with amd64 bytes on arm64. It happens when a digest is copied from `docker
images` or from a registry's page for one platform.

    FROM debian:bookworm-slim@sha256:1111...     # found, where 1111... is linux/amd64 of the locked index",
    check: Check::Both(in_lock, check),
};

fn check(_: &Input<'_>, looked: &Looked<'_>) -> Vec<Raw> {
    looked.each_wrong(|_, wrong| {
        let Wrong::Child { pin, platform } = wrong else { return None };
        let message = format!(
            "this digest is the manifest for {platform} alone, not the index of the pin `{}`",
            pin.name
        );
        Some((message, format!("write the digest that pins.lock has for `{}`", pin.name)))
    })
}

/// The same mistake inside pins.lock.
fn in_lock(input: &Input<'_>) -> Vec<Raw> {
    let mut found = Vec::new();
    for (name, pin) in &input.lock.pins {
        let Pin::Image(pin) = pin else { continue };
        if !pin.media_type.is_index() {
            continue;
        }
        if let Some((platform, _)) = pin.platforms.iter().find(|(_, child)| **child == pin.digest) {
            let span = locate(input.lock_file, name, &["digest"]);
            found.push(Raw {
                place: Place { file: input.lock_file.clone(), span },
                message: format!("the digest of `{name}` is the manifest for {platform} alone, not an index"),
                help: format!("restore pins.lock from git, or run `solera-pin refresh {name} --accept`"),
            });
        }
    }
    found
}
