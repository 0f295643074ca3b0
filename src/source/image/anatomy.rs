//! What the images of a pin are made of: manifests, configurations and inventories, never a layer's content.
//!
//! Each is asked for by its digest and hashed. Nothing that is locked depends on it, so that what one image does not
//! tell is a reason in its place, and no failure of the whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::stream::StreamExt as _;

use super::described::{self, Claimed, Entries, Single};
use super::{ImageSource, Reference, inventory};
use crate::model::{
    Anatomy, Configuration, Depth, Digest, ImagePin, Learnt, Package, Part, Platform, Repository,
};
use crate::net::{Asked, Kind};
use crate::source::SourceError;

/// The packages of an image; shared by all who ask.
pub(super) type Inventory = Arc<Learnt<BTreeSet<Package>>>;

/// How many images of one pin are asked about at once.
const AT_ONCE: usize = 4;

/// How many inventories are in memory at once, before what is compared is taken out of them.
pub(super) const INVENTORIES: usize = 2;

/// The most bytes of an inventory, which a manifest may say before it is asked for.
const INVENTORY_SIZE: u64 = 64 << 20;

impl ImageSource {
    /// What the `wanted` images of `pin` are made of. Nothing is asked where none is wanted.
    pub async fn anatomy(&self, pin: &ImagePin, wanted: &BTreeMap<Platform, Depth>) -> Learnt<Anatomy> {
        if wanted.is_empty() {
            return Learnt::Known(Anatomy::default());
        }
        let entries = match pin.media_type.is_index() {
            true => self.entries(&pin.repository, &pin.digest).await,
            false => Ok(Arc::default()),
        };
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return Learnt::Unknown(why(&error)),
        };
        let images = wanted.iter().map(|(platform, depth)| {
            let entries = &entries;
            async move {
                let part = match pin.platforms.get(platform) {
                    Some(image) => self.part(&pin.repository, image, entries, *depth).await,
                    None => Learnt::Unknown("it is not locked".into()),
                };
                (platform.clone(), part)
            }
        });
        // Collected first: a stream over the borrowed iterator would not be `Send`.
        let images: Vec<_> = images.collect();
        let platforms = futures_util::stream::iter(images).buffered(AT_ONCE).collect().await;
        Learnt::Known(Anatomy { platforms })
    }

    async fn entries(&self, repository: &Repository, index: &Digest) -> Result<Arc<Entries>, SourceError> {
        let reference = Reference::Digest(index.clone());
        let read = async {
            self.fetched(repository, &reference, described::entries)
                .await
                .map(|(_, entries)| Arc::new(entries))
        };
        self.memory.entries.get((repository.clone(), index.clone()), read).await
    }

    async fn part(
        &self,
        repository: &Repository,
        image: &Digest,
        entries: &Entries,
        depth: Depth,
    ) -> Learnt<Part> {
        let read = async {
            let reference = Reference::Digest(image.clone());
            self.fetched(repository, &reference, described::single).await.map(|(_, single)| Arc::new(single))
        };
        let single = self.memory.singles.get((repository.clone(), image.clone()), read).await;
        let single = match single {
            Ok(single) => single,
            Err(error) => return Learnt::Unknown(why(&error)),
        };
        let (configuration, packages) = match depth {
            Depth::Size => (Learnt::not_asked(), Learnt::not_asked()),
            Depth::Whole => {
                let configuration = self.configuration_of(repository, image, &single);
                futures_util::future::join(configuration, self.packages(repository, image, entries)).await
            }
        };
        let claims = entries.claims.get(image).cloned().unwrap_or_default();
        let claims = claims.or(|| single.claims.clone());
        let Claimed { source, revision } =
            claims.or(|| configuration.known().map(Claimed::of_labels).unwrap_or_default());
        Learnt::Known(Part { source, revision, layers: single.layers.clone(), configuration, packages })
    }

    async fn configuration_of(
        &self,
        repository: &Repository,
        image: &Digest,
        single: &Single,
    ) -> Learnt<Configuration> {
        let reference = Reference::Digest(image.clone());
        let digest = &single.configuration;
        let read = async {
            let read = described::configuration;
            self.configuration(repository, &reference, digest, read).await.map(Arc::new)
        };
        match self.memory.configurations.get((repository.clone(), digest.clone()), read).await {
            Ok(configuration) => Learnt::Known(configuration.as_ref().clone()),
            Err(error) => Learnt::Unknown(why(&error)),
        }
    }

    /// What the attestation in the index says is installed in `image`.
    async fn packages(
        &self,
        repository: &Repository,
        image: &Digest,
        entries: &Entries,
    ) -> Learnt<BTreeSet<Package>> {
        let Some(attestation) = entries.attestations.get(image) else {
            return Learnt::Unknown("it has no inventory (SBOM)".into());
        };
        let read = self.inventory(repository, image, attestation);
        let key = (repository.clone(), image.clone(), attestation.clone());
        match self.memory.inventories.get(key, read).await {
            Ok(packages) => packages.as_ref().clone(),
            Err(error) => Learnt::Unknown(why(&error)),
        }
    }

    async fn inventory(
        &self,
        repository: &Repository,
        image: &Digest,
        attestation: &Digest,
    ) -> Result<Inventory, SourceError> {
        let reference = Reference::Digest(attestation.clone());
        let stated = |body: &[u8], content_type: Option<&str>| {
            described::stated(body, content_type, inventory::PREDICATE_TYPE)
        };
        let (_, layers) = self.fetched(repository, &reference, stated).await?;
        let unknown = |why: &str| Ok(Arc::new(Learnt::Unknown(why.to_owned())));
        let layer = match layers.as_slice() {
            [] => return unknown("its attestation has no inventory (SBOM)"),
            [layer] => layer,
            // One of them may be that of a stage of its build: nothing in the manifest tells which is the image's.
            _ => return unknown("its attestation has several inventories (SBOM)"),
        };
        if layer.size > INVENTORY_SIZE {
            return unknown("its inventory (SBOM) is too large");
        }
        let _permit = self.memory.inventory_readers.acquire().await;
        let asked = || format!("read the inventory of {repository}@{image}");
        let read = |body: &[u8]| inventory::read(body, image);
        let packages = self.blob(Asked::Attestation, repository, &layer.digest, read, asked).await?;
        Ok(Arc::new(Learnt::Known(packages)))
    }
}

/// Why something of an image is not known.
fn why(error: &SourceError) -> String {
    match error.kind() {
        Kind::NotFound => "it is not served any more".into(),
        Kind::Integrity => format!("what is served does not match its digest: {error}"),
        _ => error.to_string(),
    }
}
