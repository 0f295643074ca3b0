//! Which content a repository's descriptors lead to: through indexes to manifests, and from those to blobs.
//!
//! Nothing is followed before a request needs it, and then only until it is found: a client that pulls asks for an index,
//! its manifest and that one's blobs in this order, and each was learnt when the one before was served.

use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;

use super::contents::Shelf;
use super::layout::Layout;
use crate::model::Digest;
use crate::oci::{Descriptor, Document};

/// What was found so far, and where to look on.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// Media types of indexes and manifests.
    manifests: HashMap<Digest, String>,
    blobs: HashSet<Digest>,
    /// Those of `manifests` whose content was read.
    followed: HashSet<Digest>,
    /// Those to read, some of which were since.
    todo: Vec<Digest>,
}

impl<'a, I: Iterator<Item = &'a Descriptor>> From<I> for Reached {
    fn from(roots: I) -> Self {
        let mut reached = Self::default();
        reached.add(roots.cloned());
        reached
    }
}

impl Reached {
    fn add(&mut self, descriptors: impl IntoIterator<Item = Descriptor>) {
        for descriptor in descriptors {
            if !self.manifests.contains_key(&descriptor.digest) {
                self.todo.push(descriptor.digest.clone());
                self.manifests.insert(descriptor.digest, descriptor.media_type);
            }
        }
    }

    /// Takes note of what the content of `digest` names.
    fn follow(&mut self, digest: &Digest, document: Document) {
        let blobs = document.config.into_iter().chain(document.layers);
        self.blobs.extend(blobs.map(|blob| blob.digest));
        self.add(document.manifests);
        self.followed.insert(digest.clone());
    }
}

impl Layout {
    /// The media type of an index or a manifest, if the repository leads to it.
    pub(super) fn reach_manifest(&self, shelf: &Shelf, digest: &Digest) -> Option<String> {
        self.reach(shelf, |reached| reached.manifests.get(digest).cloned())
    }

    /// Whether the repository leads to a blob.
    pub(super) fn reaches_blob(&self, shelf: &Shelf, digest: &Digest) -> bool {
        let found = self.reach(shelf, |reached| reached.blobs.contains(digest).then_some(()));
        found.is_some()
    }

    /// Takes note of a manifest that was read to be served.
    pub(super) fn learn(&self, shelf: &Shelf, digest: &Digest, document: Document) {
        let mut reached = shelf.reached.lock().unwrap_or_else(PoisonError::into_inner);
        reached.follow(digest, document);
    }

    fn reach<T>(&self, shelf: &Shelf, find: impl Fn(&Reached) -> Option<T>) -> Option<T> {
        let mut reached = shelf.reached.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(found) = find(&reached) {
                return Some(found);
            }
            let digest = reached.todo.pop()?;
            if reached.followed.contains(&digest) {
                continue;
            }
            // Content that is missing or corrupt leads nowhere; asked for itself, it is an error.
            let document = self.folder().document(&digest).unwrap_or_else(|error| {
                if !error.is_missing() {
                    self.log(&error.to_string());
                }
                Document::default()
            });
            reached.follow(&digest, document);
        }
    }
}
