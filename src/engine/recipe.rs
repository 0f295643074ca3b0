//! What an image is built from, in no builder's words. Pure.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::catalog::{Catalog, Image, TemplatePart};
use crate::lock::Lock;
use crate::model::{Digest, Pin, PinName, Platform, Tag};

/// One image, to be built.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Where the builder runs; the paths of the image are below it.
    pub root: PathBuf,
    /// Its Dockerfile, from the root.
    pub dockerfile: String,
    /// The folder that the builder sees, from the root.
    pub context: String,
    /// The file that says what the builder does not see, where not every builder finds it.
    pub ignore_file: Option<String>,
    /// `repository:tag`.
    pub name: String,
    /// Tells this build from all others on this machine; may stand in a tag.
    pub run: String,
    /// What it is built for.
    pub platforms: Vec<Platform>,
    /// The build arguments.
    pub arguments: BTreeMap<String, String>,
    /// The labels that it gets besides those of its Dockerfile.
    pub labels: BTreeMap<String, String>,
    /// The time of everything in it, in seconds since 1970.
    pub epoch: i64,
    /// What it may read, in the builder's words, where it has such.
    pub policy: Option<PathBuf>,
    /// What is mounted as the secret `sources-list`.
    pub sources_list: Option<PathBuf>,
    /// Whether nothing that was built before is used.
    pub fresh: bool,
    /// What a person gave for the builder alone.
    pub further: Vec<OsString>,
}

/// Why an image has no tag.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Untold {
    /// A pin that its tag names is not locked.
    #[error("its tag names the pin `{0}`, which is not locked")]
    NotLocked(PinName),
    /// A pin that its tag names has no numbers.
    #[error("its tag names the version of `{0}`, whose tag `{1}` has none")]
    NoVersion(PinName, String),
    /// The result is no tag.
    #[error("its tag would be `{0}`, which is none: {1}")]
    NoTag(String, String),
}

impl Recipe {
    /// What all builders call the same: their arguments from the file to the secret, but the name and the goal.
    pub(super) fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec![format!("--file={}", self.dockerfile).into()];
        let pairs = |flag: &'static str, of: &BTreeMap<String, String>| -> Vec<OsString> {
            of.iter().map(|(name, value)| format!("--{flag}={name}={value}").into()).collect()
        };
        words.extend(pairs("build-arg", &self.arguments));
        words.extend(pairs("label", &self.labels));
        let platforms: Vec<String> = self.platforms.iter().map(ToString::to_string).collect();
        words.push(format!("--platform={}", platforms.join(",")).into());
        if self.fresh {
            words.push("--no-cache".into());
        }
        if let Some(file) = &self.sources_list {
            let mut secret = OsString::from("--secret=id=sources-list,src=");
            secret.push(file);
            words.push(secret);
        }
        words
    }

    /// The time of everything in it.
    pub fn time(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.epoch).ok()
    }
}

/// The tag that an image is pushed under: its template, filled from the lock. `inputs` are eight digits of all that it is
/// built from.
pub fn tag_of(catalog: &Catalog, image: &Image, lock: &Lock, inputs: &str) -> Result<Tag, Untold> {
    let locked = |name: &PinName| lock.pins.get(name).ok_or_else(|| Untold::NotLocked(name.clone()));
    let mut text = String::new();
    for part in image.tag.parts() {
        match part {
            TemplatePart::Literal(literal) => text.push_str(literal),
            TemplatePart::Tag(name) => text.push_str(locked(name)?.tag()),
            TemplatePart::Version(name) => text.push_str(&version_of(catalog, name, locked(name)?)?),
            TemplatePart::Inputs => text.push_str(inputs),
        }
    }
    text.parse().map_err(|error| Untold::NoTag(text.clone(), format!("{error}")))
}

/// The part of a pin's tag that its track has placeholders for.
fn version_of(catalog: &Catalog, name: &PinName, pin: &Pin) -> Result<String, Untold> {
    if let Pin::Archive(pin) = pin {
        return Ok(pin.version.clone());
    }
    let none = || Untold::NoVersion(name.clone(), pin.tag().to_owned());
    let declaration = catalog.declarations.get(name).ok_or_else(none)?;
    let numbers = declaration.track.numbers(pin.tag()).filter(|numbers| !numbers.is_empty());
    numbers.map(str::to_owned).ok_or_else(none)
}

/// Eight digits of build arguments and files, each a path, a letter for what it is, and its content. They change with any of
/// them, and are the same wherever they are computed.
pub fn digits_of(arguments: &BTreeMap<String, String>, files: &BTreeMap<String, (char, Digest)>) -> String {
    let mut text = String::new();
    for (name, value) in arguments {
        text.push_str(&format!("{name}={value}\n"));
    }
    for (path, (kind, digest)) in files {
        text.push_str(&format!("{path}\0{kind}\0{digest}\n"));
    }
    Digest::sha256(text.as_bytes()).hex()[..8].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_change_with_every_input() {
        let arguments = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        let file = |kind, content: &[u8]| {
            BTreeMap::from([("Dockerfile".to_owned(), (kind, Digest::sha256(content)))])
        };
        let digits = digits_of(&arguments, &file('-', b"x"));
        assert_eq!((digits.len(), &digits), (8, &digits_of(&arguments, &file('-', b"x"))));
        assert_ne!(digits, digits_of(&arguments, &file('x', b"x")));
        assert_ne!(digits, digits_of(&arguments, &file('-', b"y")));
        assert_ne!(digits, digits_of(&BTreeMap::new(), &file('-', b"x")));
    }
}
