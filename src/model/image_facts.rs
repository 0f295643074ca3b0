//! What the images of a pin are made of, as far as upstream tells: for people to compare, nothing is decided by it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Digest, Platform};

/// What was learnt, or why it is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Learnt<T> {
    /// It is known.
    Known(T),
    /// It is not, for this reason.
    Unknown(String),
}

impl<T> Learnt<T> {
    /// Nobody asked.
    pub fn not_asked() -> Self {
        Self::Unknown("not asked".into())
    }

    /// What is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// The same, borrowed.
    pub fn as_ref(&self) -> Learnt<&T> {
        match self {
            Self::Known(value) => Learnt::Known(value),
            Self::Unknown(why) => Learnt::Unknown(why.clone()),
        }
    }

    /// What is made of what is known.
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Learnt<U> {
        match self {
            Self::Known(value) => Learnt::Known(make(value)),
            Self::Unknown(why) => Learnt::Unknown(why),
        }
    }

    /// What is made of what is known, where that can fail too.
    pub fn and_then<U>(self, make: impl FnOnce(T) -> Learnt<U>) -> Learnt<U> {
        match self {
            Self::Known(value) => make(value),
            Self::Unknown(why) => Learnt::Unknown(why),
        }
    }
}

/// How much is asked about the image of one platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// Its manifest: layers and their sizes.
    Size,
    /// Its configuration and its packages too.
    Whole,
}

/// What the images of a pin are made of; only the platforms that were asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Anatomy {
    /// The image of each platform.
    pub platforms: BTreeMap<Platform, Learnt<Part>>,
}

/// The image of one platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where its source is, as it claims.
    pub source: Option<String>,
    /// The revision of its source, as it claims.
    pub revision: Option<String>,
    /// Lowest first.
    pub layers: Vec<Layer>,
    /// How it is run, and how it is labelled.
    pub configuration: Learnt<Configuration>,
    /// What is installed in it, as the inventory that was published with it says.
    pub packages: Learnt<BTreeSet<Package>>,
}

/// A layer, as a manifest names it; never its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Of the compressed bytes.
    pub digest: Digest,
    /// How many they are.
    pub size: u64,
    /// How they are packed.
    pub media_type: String,
}

/// What an image's configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configuration {
    /// When it was made, as it claims.
    pub created: Option<String>,
    /// Each setting; a list is in JSON, as in a Dockerfile.
    pub settings: BTreeMap<Setting, String>,
}

/// What can be set in an image's configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Setting {
    /// `ENTRYPOINT`
    Entrypoint,
    /// `CMD`
    Cmd,
    /// `USER`
    User,
    /// `WORKDIR`
    WorkingDir,
    /// `EXPOSE`
    ExposedPorts,
    /// `VOLUME`
    Volumes,
    /// `STOPSIGNAL`
    StopSignal,
    /// `HEALTHCHECK`
    Healthcheck,
    /// `SHELL`
    Shell,
    /// `ENV`, a variable of this name.
    Env(String),
    /// `LABEL`, one of this name.
    Label(String),
}

impl Setting {
    /// What it is set by in a Dockerfile.
    pub fn instruction(&self) -> &'static str {
        match self {
            Self::Entrypoint => "ENTRYPOINT",
            Self::Cmd => "CMD",
            Self::User => "USER",
            Self::WorkingDir => "WORKDIR",
            Self::ExposedPorts => "EXPOSE",
            Self::Volumes => "VOLUME",
            Self::StopSignal => "STOPSIGNAL",
            Self::Healthcheck => "HEALTHCHECK",
            Self::Shell => "SHELL",
            Self::Env(_) => "ENV",
            Self::Label(_) => "LABEL",
        }
    }

    /// Which one, of those that have names.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Env(name) | Self::Label(name) => Some(name),
            _ => None,
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} {name}", self.instruction()),
            None => f.write_str(self.instruction()),
        }
    }
}

/// A package in an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// As a package URL says it: `deb`, `apk`, `npm`; empty where nothing says.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its version; empty where nothing says.
    pub version: String,
}
