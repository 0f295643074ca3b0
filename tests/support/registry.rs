//! A registry that can be told what to hold and how to misbehave, and that counts what it is asked.
//!
//! It holds repositories of tags, manifests and blobs; a token server is part of it. Content is a function of what
//! was pushed, so that digests are the same in every run.

mod answers;
mod images;
pub mod layered;
pub mod made;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use serde_json::Value;
use solera_pin::model::Digest;

use super::serve::Server;

pub use answers::basic;

pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// How many requests came, by what they asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// `GET /v2/`
    pub pings: u64,
    pub heads: u64,
    pub manifests: u64,
    pub tag_pages: u64,
    pub tokens: u64,
    pub blobs: u64,
    /// Requests that were answered 401; they are counted by kind too.
    pub unauthorized: u64,
    /// The most requests that were under way at once.
    pub peak: u64,
}

/// One request, as it came.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Recorded {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Who may pull.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    #[default]
    Nobody,
    /// A token of the built-in server, which may itself want something.
    Token {
        /// What the token server wants; anonymous otherwise.
        wants: Option<Secret>,
        /// What it says of a token's life.
        expires_in: Option<u64>,
        /// `token` or `access_token`.
        field: &'static str,
    },
    Basic(String, String),
}

#[derive(Clone, Debug)]
pub enum Secret {
    Password(String, String),
    Refresh(String),
}

impl Auth {
    /// Anonymous tokens that live an hour.
    pub fn tokens() -> Self {
        Self::Token { wants: None, expires_in: Some(3600), field: "token" }
    }
}

/// How a page links to the next.
#[derive(Clone, Copy, Debug, Default)]
pub enum LinkStyle {
    #[default]
    Relative,
    Absolute,
    NoRel,
}

/// An answer in place of the real one.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The connection breaks after the body, which is announced to be longer.
    pub truncated: bool,
    /// Its length is not announced.
    pub chunked: bool,
    /// The body comes byte by byte, each as late as this.
    pub drip: Option<Duration>,
}

impl Reply {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, body: body.into(), ..Self::default() }
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    #[must_use]
    pub fn chunked(self) -> Self {
        Self { chunked: true, ..self }
    }

    #[must_use]
    pub fn dripping(self, pause: Duration) -> Self {
        Self { drip: Some(pause), ..self }
    }

    #[must_use]
    pub fn truncated(self) -> Self {
        Self { truncated: true, ..self }
    }
}

#[derive(Default)]
struct Contents {
    repositories: BTreeMap<String, Repository>,
    auth: Auth,
    realm: Option<String>,
    tokens: HashSet<(String, String)>,
    issued: u64,
    page_size: Option<usize>,
    etags: bool,
    ranges: bool,
    link_style: LinkStyle,
    latency: Duration,
    counters: Counters,
    under_way: u64,
    requests: Vec<Recorded>,
    replies: HashMap<String, VecDeque<Reply>>,
    always: HashMap<String, Reply>,
    base: String,
}

#[derive(Default)]
struct Repository {
    tags: Vec<String>,
    named: HashMap<String, String>,
    manifests: HashMap<String, (String, Bytes)>,
    blobs: HashMap<String, Bytes>,
    pushes: HashMap<String, u64>,
}

type Shared = Arc<Mutex<Contents>>;

/// A running registry.
pub struct Registry {
    contents: Shared,
    server: Server,
}

impl Registry {
    /// An empty registry that asks for no authorization.
    pub fn start() -> Self {
        let contents = Shared::default();
        let router = Router::new().fallback(answers::handle).with_state(Arc::clone(&contents));
        let server = Server::start(router);
        contents.lock().unwrap().base = server.url();
        Self { contents, server }
    }

    /// `127.0.0.1:PORT`, which is also its name as a registry.
    pub fn host(&self) -> String {
        self.server.host()
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    fn lock(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap()
    }

    pub fn counters(&self) -> Counters {
        self.lock().counters
    }

    pub fn reset_counters(&self) {
        let mut contents = self.lock();
        contents.counters = Counters::default();
        contents.requests.clear();
    }

    pub fn requests(&self) -> Vec<Recorded> {
        self.lock().requests.clone()
    }

    pub fn set_auth(&self, auth: Auth) {
        self.lock().auth = auth;
    }

    /// Names another token server in the challenge than the built-in one.
    pub fn set_realm(&self, realm: impl Into<String>) {
        self.lock().realm = Some(realm.into());
    }

    /// Makes all tokens that were given out worthless.
    pub fn revoke_tokens(&self) {
        self.lock().tokens.clear();
    }

    /// Each answer is this late.
    pub fn set_latency(&self, latency: Duration) {
        self.lock().latency = latency;
    }

    /// The most tags on a page, whatever is asked for.
    pub fn set_page_size(&self, tags: usize) {
        self.lock().page_size = Some(tags);
    }

    /// Pages of tags have an entity tag, and one that is known to the client is not sent again.
    pub fn set_etags(&self, etags: bool) {
        self.lock().etags = etags;
    }

    /// A part of a blob is sent where only that is asked for.
    pub fn set_ranges(&self, ranges: bool) {
        self.lock().ranges = ranges;
    }

    pub fn set_link_style(&self, style: LinkStyle) {
        self.lock().link_style = style;
    }

    /// Answers the next requests of `method_and_path` (as `GET /v2/a/tags/list`) with these, in turn.
    pub fn answer_next(&self, method_and_path: &str, replies: impl IntoIterator<Item = Reply>) {
        self.lock().replies.entry(method_and_path.into()).or_default().extend(replies);
    }

    /// Answers all requests of `method_and_path` with this.
    pub fn answer(&self, method_and_path: &str, reply: Reply) {
        self.lock().always.insert(method_and_path.into(), reply);
    }

    /// The tag list; what the tags name stays.
    pub fn set_tags(&self, repository: &str, tags: impl IntoIterator<Item = impl Into<String>>) {
        let tags = tags.into_iter().map(Into::into).collect();
        self.lock().repositories.entry(repository.into()).or_default().tags = tags;
    }

    /// Forgets a tag, or a manifest by its digest.
    pub fn delete(&self, repository: &str, reference: &str) {
        if let Some(repository) = self.lock().repositories.get_mut(repository) {
            repository.tags.retain(|tag| tag != reference);
            repository.named.remove(reference);
            repository.manifests.remove(reference);
        }
    }

    /// Makes `tag` name what `digest` is.
    pub fn retag(&self, repository: &str, tag: &str, digest: &Digest) {
        self.lock().repositories.entry(repository.into()).or_default().name(tag, &digest.to_string());
    }

    /// The digests of an index's entries, in its order.
    pub fn children(&self, repository: &str, index: &Digest) -> Vec<String> {
        let contents = self.lock();
        let (_, bytes) = &contents.repositories[repository].manifests[&index.to_string()];
        let index: Value = serde_json::from_slice(bytes).unwrap();
        let entries = index["manifests"].as_array().unwrap().iter();
        entries.map(|entry| entry["digest"].as_str().unwrap().to_owned()).collect()
    }

    /// Stores exact bytes, and names them where a tag is given.
    pub fn push_bytes(
        &self,
        repository: &str,
        tag: Option<&str>,
        media_type: &str,
        bytes: impl Into<Bytes>,
    ) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::sha256(&bytes);
        let mut contents = self.lock();
        let repository = contents.repositories.entry(repository.into()).or_default();
        repository.manifests.insert(digest.to_string(), (media_type.into(), bytes));
        if let Some(tag) = tag {
            repository.name(tag, &digest.to_string());
        }
        digest
    }

    pub fn push_blob(&self, repository: &str, bytes: impl Into<Bytes>) -> Digest {
        let bytes = bytes.into();
        let digest = Digest::sha256(&bytes);
        let mut contents = self.lock();
        let repository = contents.repositories.entry(repository.into()).or_default();
        repository.blobs.insert(digest.to_string(), bytes);
        digest
    }
}

impl Repository {
    fn name(&mut self, tag: &str, digest: &str) {
        self.named.insert(tag.into(), digest.into());
        if !self.tags.iter().any(|known| known == tag) {
            self.tags.push(tag.into());
        }
    }
}
