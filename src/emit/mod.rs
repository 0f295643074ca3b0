//! The lock for a builder: build arguments, as words for a command line, lines of an environment file, or JSON. Pure.

mod build_args;
mod env;
mod json;
mod sources_list;

use std::collections::BTreeMap;

pub use build_args::build_args;
pub use env::env;
pub use json::{EmittedImage, json};
pub use sources_list::{EmittedSuites, sources_list};

use crate::model::{Pin, PinName};

/// The build arguments of a pin, by name: what `PIN_<NAME>` and its companions hold.
pub fn arguments(name: &PinName, pin: &Pin) -> BTreeMap<String, String> {
    match pin {
        Pin::Image(pin) => BTreeMap::from([(name.argument(), pin.reference().to_string())]),
        Pin::Git(pin) => {
            let [source, commit, tag] = name.git_arguments();
            BTreeMap::from([
                (source, format!("{}#{}", pin.url.for_builders(), pin.commit)),
                (commit, pin.commit.to_string()),
                (tag, pin.tag.to_string()),
            ])
        }
        Pin::Archive(pin) => {
            let files = pin.files().into_iter().flat_map(|(architecture, file, url)| {
                let [at, checksum] = name.file_arguments(architecture);
                [(at, url), (checksum, file.digest.hex().to_owned())]
            });
            files.chain([(name.version_argument(), pin.version.clone())]).collect()
        }
        Pin::Debian(pin) => {
            let [time, inrelease] = name.debian_arguments();
            BTreeMap::from([(time, pin.time().to_string()), (inrelease, pin.digests().join(","))])
        }
    }
}

/// What is emitted for a set of pins.
pub type Arguments = BTreeMap<String, String>;

/// All arguments of several pins.
pub fn all_arguments<'a>(pins: impl IntoIterator<Item = (&'a PinName, &'a Pin)>) -> Arguments {
    pins.into_iter().flat_map(|(name, pin)| arguments(name, pin)).collect()
}
