//! Content that is copied as it is: the bytes of manifests, and blobs of any size. All of it is hashed, here or where it goes.

use std::sync::{Arc, Mutex};

use super::answer::checked;
use super::content::{self, Content, Wrong};
use super::{ImageSource, Reference};
use crate::model::{Digest, ImageRef, MediaType, Repository};
use crate::net::{Asked, Kind, NetError, Sink};
use crate::source::SourceError;

/// The bytes of an index or a manifest, which are what its digest names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawManifest {
    /// Of the bytes.
    pub digest: Digest,
    /// Of what they are.
    pub media_type: MediaType,
    /// As they were sent.
    pub bytes: Vec<u8>,
}

/// How an answer with a blob ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poured {
    /// All that was wanted has come.
    All,
    /// The registry has nothing behind what is there already: that was not the beginning of it.
    NothingBehind,
}

impl ImageSource {
    /// The bytes that a reference names: by its digest, or else by its tag.
    pub async fn raw_manifest(&self, reference: &ImageRef) -> Result<RawManifest, SourceError> {
        let repository = reference.repository();
        let reference = match (reference.digest(), reference.tag()) {
            (Some(digest), _) => Reference::Digest(digest.clone()),
            (None, Some(tag)) => Reference::Tag(tag.clone()),
            (None, None) => {
                let asked = format!("read {repository}");
                return Err(SourceError::new(
                    Kind::Configuration,
                    asked,
                    "it has neither a tag nor a digest",
                ));
            }
        };
        let (digest, (media_type, bytes)) = self.fetched(repository, &reference, raw).await?;
        Ok(RawManifest { digest, media_type, bytes })
    }

    /// Asks for a blob, or for what is behind that part of it that `sink` has, and passes it on. Nothing is hashed here.
    /// More than `size` bytes are wrong ones.
    pub async fn pour_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        size: Option<u64>,
        sink: Arc<Mutex<dyn Sink>>,
    ) -> Result<Poured, SourceError> {
        let asked = || format!("read the blob {digest} of {repository}");
        let net = |error| SourceError::net(asked(), &error);
        let endpoint = self.client.endpoint(repository.registry()).map_err(net)?;
        let most = size.and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX);
        let request = endpoint.request(Asked::Layer, repository, &format!("blobs/{digest}"));
        let response = match self.client.send(&request.at_most(most).into_sink(sink)).await {
            Ok(response) => response,
            Err(NetError::TooLarge { place, .. }) => {
                let why = format!("{place} sent more than the {most} bytes that it has");
                return Err(SourceError::new(Kind::Integrity, asked(), why));
            }
            Err(error) => return Err(net(error)),
        };
        match response.status() {
            206 => Ok(Poured::All),
            416 => Ok(Poured::NothingBehind),
            _ => checked(response, &endpoint, asked).map(|_| Poured::All),
        }
    }
}

fn raw(body: &[u8], content_type: Option<&str>) -> Result<(MediaType, Vec<u8>), Wrong> {
    let media_type = match content::read(body, content_type)? {
        Content::Index(media_type, _) | Content::Single(media_type, ..) => media_type,
    };
    Ok((media_type, body.to_vec()))
}
