//! Git repositories: tags and the commits that they name.

use std::sync::Arc;

use super::SourceError;
use crate::model::{CommitId, GitRef, GitUrl};
use crate::net::{Client, Kind};

/// A tag of a git repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitTag {
    /// Its name without `refs/tags/`.
    pub name: GitRef,
    /// The commit, peeled where the tag is annotated.
    pub commit: CommitId,
    /// The tag object, where the tag is annotated.
    pub tag_object: Option<CommitId>,
}

/// Reads git repositories.
#[derive(Clone, Debug)]
pub struct GitSource {
    client: Client,
}

impl GitSource {
    /// A source for one run.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// All tags that name a commit, sorted by name.
    pub async fn tags(&self, url: &GitUrl) -> Result<Arc<Vec<GitTag>>, SourceError> {
        let _ = &self.client;
        Err(SourceError::new(
            Kind::Unreachable,
            format!("list the tags of {url}"),
            "not done",
        ))
    }
}
