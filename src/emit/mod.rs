//! The lock for a builder, one file a format. What a pin is to a build stands in two places: [`arguments`] are the values
//! that it gets, `source` names what it may fetch. Pure.

mod bake;
mod build_args;
mod buildah_policy;
mod contexts;
mod env;
mod json;
mod policy;
mod source;
mod source_policy;
mod sources_list;

use std::collections::BTreeMap;

pub use bake::{bake, is_emitted_bake};
pub use build_args::build_args;
pub use buildah_policy::buildah_policy;
pub use contexts::contexts;
pub use env::env;
pub use json::json;
pub use source::{Ambiguous, ambiguous};
pub use source_policy::source_policy;
pub use sources_list::{EmittedSuites, sources_list};

use crate::model::{Pin, PinName};

/// The part of an image of the catalog that a build needs.
pub struct EmittedImage {
    /// Its name.
    pub name: String,
    /// The folder that a builder sees, from the root, which is the empty one.
    pub context: String,
    /// Its Dockerfile, relative to the repository.
    pub dockerfile: String,
    /// What it is built for.
    pub platforms: Vec<String>,
    /// The pins that it reads.
    pub pins: Vec<PinName>,
    /// The pins that its Dockerfile names by their tags alone.
    pub by_tag: Vec<PinName>,
}

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
