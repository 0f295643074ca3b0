//! The locked images that an image is built from: what they say of themselves, and what is installed in them.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::attested::{self, Attested};
use super::copy::Copy;
use super::record::{LayerError, Record, record};
use super::revision::{Claims, LABEL};
use super::{Auditor, Compare, unreadable};
use crate::audit::Locked;
use crate::debian::Installed;
use crate::error::{Error, Status};
use crate::model::{Digest, ImagePin, ImageRef, Pin, PinName, Platform, Repository, harmless};
use crate::oci::Folder;
use crate::provenance::{Provenance, Source};
use crate::source::{Kind, SourceError};

/// The locked images that were used.
#[derive(Default)]
pub(super) struct Base {
    /// How many of the image's layers are those of one of them.
    pub(super) layers: usize,
    /// The revisions that their labels name: what is built on an image has its labels.
    revisions: BTreeSet<String>,
    /// Those whose layers are not the image's lowest: files of them may be in it all the same.
    pub(super) others: Vec<(Repository, Digest)>,
    /// Why one is not known, where that is so.
    pub(super) unknown: Vec<SourceError>,
}

impl Base {
    /// What cannot be told without it.
    pub(super) fn failure(&self, what: &str) -> Error {
        let status = |error: &SourceError| match error.kind() {
            Kind::Integrity => Status::Alarm,
            _ => Status::Incomplete,
        };
        let status = self.unknown.iter().map(status).fold(Status::Incomplete, Status::max);
        let why: Vec<String> = self.unknown.iter().map(ToString::to_string).collect();
        let failed = Error::new(status, format!("it is not known {what}: {}", why.join("; ")));
        self.unknown.iter().find_map(SourceError::hint).into_iter().fold(failed, Error::hint)
    }
}

impl Auditor<'_> {
    /// The locked images that were used.
    pub(super) async fn base(&self, locked: &Locked<'_>, image: &Attested, used: &[&Provenance]) -> Base {
        let mut base = Base::default();
        for (pin, manifest) in bases(locked, image.platform.as_ref(), used) {
            let make = match self.sources.images.make(&pin.repository, &manifest).await {
                Ok(Some(make)) => make,
                Ok(None) => continue,
                Err(error) => {
                    base.unknown.push(error);
                    continue;
                }
            };
            base.revisions.extend(make.revision);
            let layers: Option<Vec<Digest>> = make.layers.iter().map(|layer| layer.parse().ok()).collect();
            match layers.filter(|layers| image.diff_ids.starts_with(layers)) {
                Some(layers) => base.layers = base.layers.max(layers.len()),
                None => base.others.push((pin.repository.clone(), manifest)),
            }
        }
        base
    }

    /// What is said of an image's revision, without its label where that is the one of a locked image that it is built from.
    pub(super) async fn own_claims(
        &self,
        claims: Claims,
        image: &Attested,
        used: &[&Provenance],
        notes: &mut Vec<String>,
    ) -> Claims {
        let Some(label) = claims.of(LABEL).map(str::to_owned) else { return claims };
        let others = claims.without(LABEL);
        let revision = match self.compare {
            Compare::Here(_) => return claims,
            Compare::Revision(revision) => revision,
            // Its lock cannot have an image that was built at the same revision: another one's has to be looked at.
            Compare::Named => others.commit().unwrap_or("HEAD"),
        };
        let Ok(state) = self.read(revision) else { return claims };
        let Ok(locked) = self.locked(&state) else { return claims };
        if used.is_empty() || !self.base(&locked, image, used).await.revisions.contains(&label) {
            return claims;
        }
        notes.push(format!("its label names {}, as that of its base does", harmless(&label)));
        others
    }

    /// What is installed in a locked image.
    pub(super) async fn installed(
        &self,
        repository: &Repository,
        manifest: &Digest,
    ) -> Result<BTreeSet<Installed>, Error> {
        let reference = ImageRef::new(repository.clone(), None, Some(manifest.clone()));
        let copy = Copy::of(&self.sources.images, &reference).await?;
        let walk = attested::find(&copy.folder, Some(&copy.name)).map_err(unreadable)?;
        let mut all = BTreeSet::new();
        for image in walk.map(|walk| walk.images).unwrap_or_default() {
            let image = attested::read(&copy.folder, image).map_err(unreadable)?;
            let wrong = |error: LayerError| {
                let message = format!("what is installed in {reference} cannot be told: {error}");
                Error::new(Status::Incomplete, message)
            };
            let record = self.record(&copy.folder, &image, 0).await.map_err(wrong)?;
            all.extend(record.image.unwrap_or_default());
        }
        Ok(all)
    }

    /// dpkg's record of an image, and of its lowest `base` layers.
    pub(super) async fn record(
        &self,
        folder: &Arc<Folder>,
        image: &Attested,
        base: usize,
    ) -> Result<Record, LayerError> {
        let (folder, layers, diff_ids) = (Arc::clone(folder), image.layers.clone(), image.diff_ids.clone());
        let read = tokio::task::spawn_blocking(move || record(&folder, &layers, &diff_ids, base));
        read.await.unwrap_or_else(|error| Err(LayerError::Record("the layers".into(), error.to_string())))
    }
}

/// The locked images that were used, each with its manifest for the platform; all of them where nothing is stated.
fn bases<'l>(
    locked: &Locked<'l>,
    platform: Option<&Platform>,
    used: &[&Provenance],
) -> Vec<(&'l ImagePin, Digest)> {
    let is_used = |pin: &ImagePin, manifest: &Digest| {
        let mut materials = used.iter().flat_map(|provenance| &provenance.materials);
        used.is_empty()
            || materials.any(|material| match &material.source {
                Source::Image(used) => used.digest == pin.digest || used.digest == *manifest,
                Source::Layout(digest) => *digest == pin.digest || digest == manifest,
                _ => false,
            })
    };
    let base = |(name, pin): (&'l PinName, &'l Pin)| match pin {
        Pin::Image(pin) if locked.reads(name) => {
            let manifest = pin.platforms.get(platform?)?;
            is_used(pin, manifest).then(|| (pin, manifest.clone()))
        }
        _ => None,
    };
    locked.pins().filter_map(base).collect()
}
