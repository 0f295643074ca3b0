//! The images of a layout: what its indexes lead to, each with what is attested of it.
//!
//! Entry points: [`Folder::walk`] for all that some entries lead to, [`Folder::images`] for one image a platform.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use serde::Deserialize;

use super::document::{Descriptor, Document};
use super::folder::{Folder, FolderError, blob_name};
use crate::model::{Digest, Platform};

/// Indexes within indexes: builders write two.
pub const DEPTH: usize = 4;

/// More images than any index has.
pub const IMAGES: usize = 1000;

/// More than any configuration of an image has.
const CONFIGURATION: u64 = 8 << 20;

/// An image of a layout.
#[derive(Clone, Debug)]
pub struct Image {
    /// Of its manifest.
    pub manifest: Digest,
    /// How its index names it.
    pub entry: Descriptor,
    /// Its configuration.
    pub config: Descriptor,
    /// The lowest first.
    pub layers: Vec<Descriptor>,
    /// The manifests of what is attested of it, wherever they stand.
    pub attestations: Vec<Descriptor>,
}

/// What some entries lead to.
#[derive(Debug, Default)]
pub struct Walk {
    /// The images, in the order of their indexes.
    pub images: Vec<Image>,
    /// What an index names and the layout does not have: it may have been filled for some platforms only.
    pub missing: Vec<Digest>,
}

/// What an image's configuration says of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Configuration {
    os: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
    config: Option<Settings>,
    rootfs: Option<Layers>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Settings {
    #[serde(rename = "Labels")]
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Layers {
    diff_ids: Option<Vec<String>>,
}

impl Configuration {
    /// What it runs on; none where that is not said.
    pub fn platform(&self) -> Option<Platform> {
        let [os, architecture] =
            [&self.os, &self.architecture].map(|said| said.as_deref().unwrap_or_default());
        let variant = self.variant.as_deref().filter(|variant| !variant.is_empty());
        Platform::new(os, architecture, variant).ok().filter(|platform| !platform.is_unknown())
    }

    /// One of its labels.
    pub fn label(&self, name: &str) -> Option<&String> {
        self.config.as_ref()?.labels.as_ref()?.get(name)
    }

    /// The digests of its layers, unpacked, the lowest first; up to the first that is none.
    pub fn diff_ids(&self) -> Vec<Digest> {
        let said = self.rootfs.as_ref().and_then(|rootfs| rootfs.diff_ids.as_deref()).unwrap_or_default();
        said.iter().map_while(|text| text.parse().ok()).collect()
    }
}

/// What is gathered on the way.
#[derive(Default)]
struct Gathered {
    walk: Walk,
    attestations: Vec<Descriptor>,
    indexes: BTreeSet<Digest>,
    /// One manifest may be there for several platforms.
    manifests: BTreeSet<(Digest, Option<Platform>)>,
}

impl Folder {
    /// All images that these entries lead to. What is attested of them may also stand in `index.json`, whatever it is
    /// called there.
    pub fn walk(&self, entries: Vec<Descriptor>) -> Result<Walk, FolderError> {
        let mut all = Gathered::default();
        let is_statement = |entry: &Descriptor| Ok(entry.is_attestation() && self.is_statement(entry)?);
        for entry in self.index()? {
            if is_statement(&entry)? {
                all.attestations.push(entry);
            }
        }
        let mut level = entries;
        for depth in 0..=DEPTH {
            let mut below = Vec::new();
            for entry in level {
                if is_statement(&entry)? {
                    all.attestations.push(entry);
                    continue;
                }
                match self.document_of(&entry) {
                    Err(error) if error.is_missing() && depth > 0 => all.walk.missing.push(entry.digest),
                    document => below.extend(all.take(entry, document?)?),
                }
            }
            level = below;
        }
        match level.first() {
            None => Ok(all.matched()),
            Some(entry) => {
                let why = format!("it has indexes within more than {DEPTH} others");
                Err(FolderError::Strange { file: blob_name(&entry.digest), why })
            }
        }
    }

    /// The images that the layout's `index.json` leads to, one a platform. Two for one platform are an error: nothing tells
    /// which is run; so is one that says no platform, and one that is not there.
    pub fn images(&self) -> Result<BTreeMap<Platform, Image>, FolderError> {
        let walk = self.walk(self.index()?)?;
        if let Some(digest) = walk.missing.first() {
            self.manifest(digest)?;
        }
        let mut images: BTreeMap<Platform, Image> = BTreeMap::new();
        for image in walk.images {
            let platform = match image.entry.platform() {
                Some(platform) => Some(platform),
                None => self.configuration(&image.config)?.platform(),
            };
            let nowhere = || FolderError::Strange {
                file: blob_name(&image.manifest),
                why: "nothing says which platform it is for".into(),
            };
            let platform = platform.ok_or_else(nowhere)?;
            if let Some(other) = images.get(&platform).filter(|other| other.manifest != image.manifest) {
                let (one, other) = (Box::new(other.manifest.clone()), Box::new(image.manifest));
                return Err(FolderError::Twice { platform, one, other });
            }
            images.insert(platform, image);
        }
        Ok(images)
    }

    /// Whether what says that it is attested has nothing else in it. What could be unpacked can be run, whatever is said of it;
    /// what is not there was not copied.
    fn is_statement(&self, entry: &Descriptor) -> Result<bool, FolderError> {
        match self.document_of(entry) {
            Err(error) if error.is_missing() => Ok(true),
            document => Ok(document?.is_statement()),
        }
    }

    /// What an image's configuration says; nothing where it is none of an image.
    pub fn configuration(&self, config: &Descriptor) -> Result<Configuration, FolderError> {
        Ok(serde_json::from_slice(&self.configuration_bytes(config)?).unwrap_or_default())
    }

    /// The bytes of a configuration, hashed.
    pub(super) fn configuration_bytes(&self, config: &Descriptor) -> Result<Vec<u8>, FolderError> {
        self.small(config, CONFIGURATION)
    }

    /// The bytes of a blob that has no more than `limit`, hashed.
    pub fn small(&self, of: &Descriptor, limit: u64) -> Result<Vec<u8>, FolderError> {
        let (file, size) = self.blob_of(of)?;
        let name = blob_name(&of.digest);
        if size > limit {
            return Err(FolderError::TooLarge { file: name, size, limit });
        }
        let mut bytes = Vec::new();
        match file.take(limit).read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(source) => Err(FolderError::Read { file: name, source }),
        }
    }
}

impl Gathered {
    /// Takes note of what an entry is; gives what it leads to where it is an index.
    fn take(&mut self, entry: Descriptor, document: Document) -> Result<Vec<Descriptor>, FolderError> {
        let strange = |why: String| Err(FolderError::Strange { file: blob_name(&entry.digest), why });
        let Some(config) = document.config else {
            let is_new = self.indexes.insert(entry.digest);
            return Ok(if is_new { document.manifests } else { Vec::new() });
        };
        if !document.manifests.is_empty() {
            return strange("it is an index and a manifest at once".into());
        }
        if !self.manifests.insert((entry.digest.clone(), entry.platform())) {
            return Ok(Vec::new());
        }
        if self.walk.images.len() >= IMAGES {
            return strange(format!("it is one of more than {IMAGES} images"));
        }
        let (manifest, layers, attestations) = (entry.digest.clone(), document.layers, Vec::new());
        self.walk.images.push(Image { manifest, entry, config, layers, attestations });
        Ok(Vec::new())
    }

    /// The images, each with what is attested of it.
    fn matched(self) -> Walk {
        let mut walk = self.walk;
        for image in &mut walk.images {
            let about = self.attestations.iter().filter(|entry| entry.is_about(&image.manifest));
            let mut seen = BTreeSet::new();
            image.attestations = about.filter(|entry| seen.insert(entry.digest.clone())).cloned().collect();
        }
        walk
    }
}
