//! Image repositories: tags, manifests, platforms.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::SourceError;
use crate::model::{Digest, MediaType, Platform, Repository, Tag};
use crate::net::{Client, Kind};

/// What a tag or digest of a repository names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Of the bytes, hashed by us.
    pub digest: Digest,
    /// Of the bytes.
    pub media_type: MediaType,
    /// The manifest of each platform: itself, where it is one. Never attestations.
    pub platforms: BTreeMap<Platform, Digest>,
}

/// Reads image repositories.
#[derive(Clone, Debug)]
pub struct ImageSource {
    client: Client,
}

impl ImageSource {
    /// A source for one run.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// All tags, in the registry's order; what is not a valid tag is dropped.
    pub async fn tags(&self, repository: &Repository) -> Result<Arc<Vec<Tag>>, SourceError> {
        let _ = &self.client;
        Err(SourceError::new(
            Kind::Unreachable,
            format!("list the tags of {repository}"),
            "not done",
        ))
    }

    /// The digest that the registry claims for `tag`; `None` where it does not say.
    pub async fn head(&self, repository: &Repository, tag: &Tag) -> Result<Option<Digest>, SourceError> {
        Err(SourceError::new(
            Kind::Unreachable,
            format!("read {repository}:{tag}"),
            "not done",
        ))
    }

    /// What `tag` names now.
    pub async fn by_tag(&self, repository: &Repository, tag: &Tag) -> Result<Arc<Manifest>, SourceError> {
        Err(SourceError::new(
            Kind::Unreachable,
            format!("read {repository}:{tag}"),
            "not done",
        ))
    }

    /// What `digest` names; its bytes are checked.
    pub async fn by_digest(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Arc<Manifest>, SourceError> {
        Err(SourceError::new(
            Kind::Unreachable,
            format!("read {repository}@{digest}"),
            "not done",
        ))
    }

    /// Whether the registry still serves `digest`.
    pub async fn is_served(&self, repository: &Repository, digest: &Digest) -> Result<bool, SourceError> {
        Err(SourceError::new(
            Kind::Unreachable,
            format!("read {repository}@{digest}"),
            "not done",
        ))
    }
}
