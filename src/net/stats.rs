//! What a client has asked of each host, and what came of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::NetError;
use super::allowance::Allowance;
use super::error::Place;

/// How many requests were sent, by what they asked for, and what came of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// HEAD requests.
    pub heads: u64,
    /// GET requests for manifests.
    pub manifests: u64,
    /// Pages of tag lists.
    pub tag_pages: u64,
    /// Requests to token servers.
    pub tokens: u64,
    /// GET requests for blobs.
    pub blobs: u64,
    /// Requests to git servers, over HTTP or ssh.
    pub git: u64,
    /// Requests to a forge.
    pub forge: u64,
    /// GET requests for files that a server publishes, the lists of archives among them.
    pub files: u64,
    /// Bytes of bodies received.
    pub bytes: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// The same by host (`host` or `host:port`).
    pub hosts: BTreeMap<String, Tally>,
}

/// What one host was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests that were sent.
    pub requests: u64,
    /// Bytes of bodies received.
    pub bytes: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// From each request to the end of its answer, added up: those that ran at once count each.
    pub time: Duration,
    /// The longest time that it was left alone because it had asked for that.
    pub paused: Duration,
    /// What it said last of how much more it will answer.
    pub allowance: Option<Allowance>,
    /// Who vouches for it: the issuer of its certificate (RFC 4514), where it is asked over TLS.
    pub issuer: Option<String>,
}

impl Stats {
    /// All requests.
    pub fn requests(&self) -> u64 {
        let images = self.heads + self.manifests + self.tag_pages + self.tokens + self.blobs;
        images + self.git + self.forge + self.files
    }

    /// What two clients have asked.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.heads += other.heads;
        self.manifests += other.manifests;
        self.tag_pages += other.tag_pages;
        self.tokens += other.tokens;
        self.blobs += other.blobs;
        self.git += other.git;
        self.forge += other.forge;
        self.files += other.files;
        self.bytes += other.bytes;
        self.retries += other.retries;
        for (host, tally) in other.hosts {
            let sum = self.hosts.entry(host).or_default();
            sum.requests += tally.requests;
            sum.bytes += tally.bytes;
            sum.retries += tally.retries;
            sum.time += tally.time;
            sum.paused = sum.paused.max(tally.paused);
            sum.allowance = tally.allowance.or(sum.allowance.take());
            sum.issuer = tally.issuer.or(sum.issuer.take());
        }
        self
    }
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The headers of a manifest or a file.
    Head,
    /// A manifest.
    Manifest,
    /// A page of a tag list.
    TagPage,
    /// A token.
    Token,
    /// A blob.
    Blob,
    /// A blob of any size.
    Layer,
    /// A git server's references.
    Git,
    /// A git server's objects, or its answer to ours.
    Pack,
    /// A forge's pull requests.
    Forge,
    /// A blob that says what an image is made of.
    Attestation,
    /// What a suite of an archive says of itself.
    Suite,
    /// A suite's list of packages.
    List,
    /// A file that a server publishes.
    File,
}

/// The live counters behind [`Stats`].
#[derive(Debug, Default)]
pub(super) struct Counters(Mutex<Stats>);

impl Counters {
    /// A request is sent to a host, unless `limit` of them were sent before.
    pub(super) fn spend(&self, place: &Place, asked: Asked, limit: Option<u64>) -> Result<(), NetError> {
        let mut stats = self.stats();
        if let Some(limit) = limit.filter(|limit| stats.requests() >= *limit) {
            return Err(NetError::Budget { place: place.clone(), limit });
        }
        let kind = match asked {
            Asked::Head => &mut stats.heads,
            Asked::Manifest => &mut stats.manifests,
            Asked::TagPage => &mut stats.tag_pages,
            Asked::Token => &mut stats.tokens,
            Asked::Blob | Asked::Layer | Asked::Attestation => &mut stats.blobs,
            Asked::Git | Asked::Pack => &mut stats.git,
            Asked::Forge => &mut stats.forge,
            Asked::File | Asked::Suite | Asked::List => &mut stats.files,
        };
        *kind += 1;
        tally(&mut stats, place.host()).requests += 1;
        Ok(())
    }

    /// So many bytes of a body came from `host`.
    pub(super) fn received(&self, host: &str, bytes: usize) {
        let mut stats = self.stats();
        stats.bytes += bytes as u64;
        tally(&mut stats, host).bytes += bytes as u64;
    }

    /// A request to `host` is over, after `time`.
    pub(super) fn over(&self, host: &str, time: Duration) {
        tally(&mut self.stats(), host).time += time;
    }

    /// A request to `host` is sent again.
    pub(super) fn retried(&self, host: &str) {
        let mut stats = self.stats();
        stats.retries += 1;
        tally(&mut stats, host).retries += 1;
    }

    /// `host` wants to be left alone for that long.
    pub(super) fn paused(&self, host: &str, pause: Duration) {
        let mut stats = self.stats();
        let tally = tally(&mut stats, host);
        tally.paused = tally.paused.max(pause);
    }

    /// `host` says how much more it will answer.
    pub(super) fn allows(&self, host: &str, allowance: Allowance) {
        tally(&mut self.stats(), host).allowance = Some(allowance);
    }

    /// Whose certificate `host` shows, by `read` where that is not known yet.
    pub(super) fn vouched(&self, host: &str, read: impl FnOnce() -> Option<String>) {
        let mut stats = self.stats();
        let tally = tally(&mut stats, host);
        if tally.issuer.is_none() {
            tally.issuer = read();
        }
    }

    pub(super) fn read(&self) -> Stats {
        self.stats().clone()
    }

    fn stats(&self) -> MutexGuard<'_, Stats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tally<'s>(stats: &'s mut Stats, host: &str) -> &'s mut Tally {
    stats.hosts.entry(host.to_owned()).or_default()
}
