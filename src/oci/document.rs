//! What indexes and manifests say of other content (image-spec, "descriptor", "image-index", "manifest").
//!
//! Read as far as it tells where content is. Nothing here is written back: bytes that have a digest stay as they are.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, de};

use crate::model::{Digest, Platform};

/// Where content is and what it is, as an index or a manifest says it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Of the content; empty where it is not said.
    #[serde(default)]
    pub media_type: String,
    /// Of the content.
    #[serde(deserialize_with = "digest")]
    pub digest: Digest,
    /// Of the content, in bytes.
    #[serde(default)]
    pub size: Option<u64>,
    /// What is said of it, by key.
    #[serde(default, deserialize_with = "nullable")]
    pub annotations: HashMap<String, String>,
    #[serde(default)]
    platform: Option<Said>,
}

/// What says that an entry of an index is about another one of it.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";
const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";
const ATTESTATION: &str = "attestation-manifest";
/// What is attested is no part of any file system.
const STATEMENT: &str = "application/vnd.in-toto+json";

/// A platform as an index says it.
#[derive(Clone, Debug, Deserialize)]
struct Said {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
}

impl Descriptor {
    /// Whether it is an attestation about another entry: it says so, and runs nowhere. Whatever runs is an image, whatever
    /// it says.
    pub fn is_attestation(&self) -> bool {
        let says = self.annotations.get(REFERENCE_TYPE).is_some_and(|kind| kind == ATTESTATION);
        says && self
            .platform
            .as_ref()
            .is_none_or(|said| said.os == "unknown" && said.architecture == "unknown")
    }

    /// Whether it says that it is about this manifest.
    pub fn is_about(&self, manifest: &Digest) -> bool {
        self.annotations.get(REFERENCE_DIGEST).is_some_and(|of| *of == manifest.to_string())
    }

    /// What it runs on; `None` where that is not said, or is `unknown/unknown`, as of attestations.
    pub fn platform(&self) -> Option<Platform> {
        let said = self.platform.as_ref()?;
        let variant = said.variant.as_deref().filter(|variant| !variant.is_empty());
        let platform = Platform::new(&said.os, &said.architecture, variant).ok()?;
        (!platform.is_unknown()).then_some(platform)
    }
}

/// Go writes `null` for a list or a map that was never made.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn digest<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Digest, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

/// The parts of an index or a manifest that name other content.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Document {
    /// Of itself.
    pub media_type: Option<String>,
    /// Of an index.
    #[serde(deserialize_with = "nullable")]
    pub manifests: Vec<Descriptor>,
    /// Of a manifest.
    pub config: Option<Descriptor>,
    /// Of a manifest, the lowest first.
    #[serde(deserialize_with = "nullable")]
    pub layers: Vec<Descriptor>,
}

impl Document {
    /// Whether it is a manifest with statements and nothing else.
    pub fn is_statement(&self) -> bool {
        let is_one = |layer: &Descriptor| layer.media_type == STATEMENT;
        self.manifests.is_empty() && !self.layers.is_empty() && self.layers.iter().all(is_one)
    }
}
