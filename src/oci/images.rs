//! The images of a layout, by platform.

use std::collections::BTreeMap;
use std::io::Read as _;

use serde::Deserialize;

use super::document::Descriptor;
use super::folder::{Folder, FolderError};
use crate::model::{Digest, Platform};

/// Indexes within indexes: builders write two.
const DEPTH: usize = 4;

/// More than any configuration of an image has.
const CONFIGURATION: u64 = 8 << 20;

/// The image of one platform.
#[derive(Clone, Debug)]
pub struct Image {
    /// Of its manifest.
    pub manifest: Digest,
    /// Its configuration.
    pub config: Descriptor,
    /// The lowest first.
    pub layers: Vec<Descriptor>,
}

#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
    variant: Option<String>,
}

#[derive(Deserialize)]
struct Unpacked {
    rootfs: Layers,
}

#[derive(Deserialize)]
struct Layers {
    diff_ids: Vec<String>,
}

impl Folder {
    /// The images that the layout's `index.json` leads to; attestations are none. Two for one
    /// platform are an error: nothing tells which is run.
    pub fn images(&self) -> Result<BTreeMap<Platform, Image>, FolderError> {
        let mut images = BTreeMap::new();
        self.collect(self.index()?, DEPTH, &mut images)?;
        Ok(images)
    }

    fn collect(
        &self,
        entries: Vec<Descriptor>,
        depth: usize,
        images: &mut BTreeMap<Platform, Image>,
    ) -> Result<(), FolderError> {
        for entry in entries {
            if entry.is_attestation() {
                continue;
            }
            let document = self.document(&entry.digest)?;
            let Some(config) = document.config else {
                if depth > 0 {
                    self.collect(document.manifests, depth - 1, images)?;
                }
                continue;
            };
            let platform = match entry.platform() {
                Some(platform) => Some(platform),
                None => self.platform_of(&config.digest)?,
            };
            if let Some(platform) = platform {
                let image = Image { manifest: entry.digest, config, layers: document.layers };
                let other = images.get(&platform).filter(|other: &&Image| other.manifest != image.manifest);
                if let Some(other) = other {
                    let (one, other) = (Box::new(other.manifest.clone()), Box::new(image.manifest));
                    return Err(FolderError::Twice { platform, one, other });
                }
                images.insert(platform, image);
            }
        }
        Ok(())
    }

    /// What a configuration says that it runs on; `None` where it is not that of an image.
    fn platform_of(&self, config: &Digest) -> Result<Option<Platform>, FolderError> {
        let said: Option<Configuration> = serde_json::from_slice(&self.configuration(config)?).ok();
        let platform = said.and_then(|said| {
            let variant = said.variant.as_deref().filter(|variant| !variant.is_empty());
            Platform::new(&said.os, &said.architecture, variant).ok()
        });
        Ok(platform.filter(|platform| !platform.is_unknown()))
    }

    /// The layers of an image as its configuration names them: unpacked, the lowest first.
    pub fn unpacked_layers(&self, image: &Image) -> Result<Vec<Digest>, FolderError> {
        let bytes = self.configuration(&image.config.digest)?;
        let file = || super::folder::blob_name(&image.config.digest);
        let read = serde_json::from_slice(&bytes);
        let said: Unpacked = read.map_err(|source| FolderError::Json { file: file(), source })?;
        // One that is none is none of a base either.
        Ok(said.rootfs.diff_ids.iter().map_while(|text| text.parse().ok()).collect())
    }

    /// The bytes of a configuration, hashed.
    pub fn configuration(&self, digest: &Digest) -> Result<Vec<u8>, FolderError> {
        let (file, size) = self.blob(digest)?;
        let name = super::folder::blob_name(digest);
        if size > CONFIGURATION {
            return Err(FolderError::TooLarge { file: name, size, limit: CONFIGURATION });
        }
        let mut bytes = Vec::new();
        let read = file.take(CONFIGURATION).read_to_end(&mut bytes);
        read.map_err(|source| FolderError::Read { file: name, source })?;
        Ok(bytes)
    }
}
