//! Counters of what a client has asked.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many HTTP requests were sent, by what they asked for, and what came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// HEAD requests for manifests.
    pub heads: u64,
    /// GET requests for manifests.
    pub manifests: u64,
    /// Pages of tag lists.
    pub tag_pages: u64,
    /// Requests to token servers.
    pub tokens: u64,
    /// GET requests for blobs.
    pub blobs: u64,
    /// Requests to git servers over HTTP.
    pub git: u64,
    /// Requests to a forge.
    pub forge: u64,
    /// Bytes of bodies received.
    pub bytes: u64,
    /// Requests that were sent again.
    pub retries: u64,
}

impl Stats {
    /// All HTTP requests.
    pub fn requests(&self) -> u64 {
        self.heads + self.manifests + self.tag_pages + self.tokens + self.blobs + self.git + self.forge
    }
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The headers of a manifest.
    Head,
    /// A manifest.
    Manifest,
    /// A page of a tag list.
    TagPage,
    /// A token.
    Token,
    /// A blob.
    Blob,
    /// A git server's references.
    Git,
    /// A git server's objects, or its answer to ours.
    Pack,
    /// A forge's pull requests.
    Forge,
    /// A blob that says what an image is made of.
    Attestation,
}

/// The live counters behind [`Stats`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    asked: [AtomicU64; 9],
    bytes: AtomicU64,
    retries: AtomicU64,
}

impl Counters {
    pub(crate) fn asked(&self, asked: Asked) {
        self.asked[asked as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn received(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Stats {
        let count = |asked: Asked| self.asked[asked as usize].load(Ordering::Relaxed);
        Stats {
            heads: count(Asked::Head),
            manifests: count(Asked::Manifest),
            tag_pages: count(Asked::TagPage),
            tokens: count(Asked::Token),
            blobs: count(Asked::Blob) + count(Asked::Attestation),
            git: count(Asked::Git) + count(Asked::Pack),
            forge: count(Asked::Forge),
            bytes: self.bytes.load(Ordering::Relaxed),
            retries: self.retries.load(Ordering::Relaxed),
        }
    }
}
