//! A registry that takes uploads (distribution-spec, "Push"), and can be told to refuse or break them off. It notes what it
//! was asked in short words.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri};
use axum::response::Response;
use futures_util::StreamExt as _;
use solera_pin::model::Digest;

use super::serve::Server;

/// What comes of a request in place of its answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This status, headers and body.
    Says(u16, Vec<(&'static str, String)>, String),
    /// The connection breaks in the middle of the answer.
    Breaks,
}

impl Fault {
    pub fn status(status: u16) -> Self {
        Self::Says(status, Vec::new(), String::new())
    }
}

#[derive(Default)]
struct Contents {
    blobs: BTreeMap<String, Bytes>,
    manifests: BTreeMap<String, Bytes>,
    uploads: BTreeMap<String, Vec<u8>>,
    begun: usize,
    least: Option<u64>,
    /// By the method of the requests that they come of.
    faults: BTreeMap<String, VecDeque<Fault>>,
    asked: Vec<String>,
}

/// A running one.
pub struct Uploads {
    contents: Arc<Mutex<Contents>>,
    server: Server,
}

impl Uploads {
    pub fn start() -> Self {
        let contents = Arc::<Mutex<Contents>>::default();
        let router = Router::new().fallback(handle).with_state(Arc::clone(&contents));
        Self { contents, server: Server::start(router) }
    }

    pub fn host(&self) -> String {
        self.server.host()
    }

    /// The next requests of a method come to these.
    pub fn fault(&self, method: &str, faults: impl IntoIterator<Item = Fault>) {
        self.contents.lock().unwrap().faults.entry(method.into()).or_default().extend(faults);
    }

    /// Says that pieces have to be so long, and refuses shorter ones but the last.
    pub fn take_at_least(&self, bytes: u64) {
        self.contents.lock().unwrap().least = Some(bytes);
    }

    /// What was asked since it was asked for: method, the last parts of the path, and the length of what came.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.contents.lock().unwrap().asked)
    }

    pub fn has_blob(&self, digest: &Digest) -> bool {
        self.contents.lock().unwrap().blobs.contains_key(&digest.to_string())
    }

    /// The uploads that were neither ended nor given up.
    pub fn left(&self) -> usize {
        self.contents.lock().unwrap().uploads.len()
    }

    pub fn manifest(&self, reference: &str) -> Option<Bytes> {
        self.contents.lock().unwrap().manifests.get(reference).cloned()
    }
}

async fn handle(State(contents): State<Arc<Mutex<Contents>>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 30).await.unwrap_or_default();
    let mut contents = contents.lock().unwrap();
    let kind = parts.uri.path().rsplit('/').nth(1).unwrap_or_default().to_owned();
    contents.asked.push(format!("{} {kind} {}", parts.method, body.len()));
    let fault = contents.faults.get_mut(parts.method.as_str()).and_then(VecDeque::pop_front);
    match fault {
        Some(Fault::Says(status, headers, text)) => answer(status, &headers, text),
        Some(Fault::Breaks) => {
            let chunks = [Ok(Bytes::from("part")), Err(std::io::Error::other("the connection breaks here"))];
            let chunks = futures_util::stream::iter(chunks).then(|chunk| async move {
                tokio::task::yield_now().await;
                chunk
            });
            Response::builder().header("content-length", "1000").body(Body::from_stream(chunks)).unwrap()
        }
        None => contents.answer(&parts.method, &parts.uri, &parts.headers, body),
    }
}

fn answer(status: u16, headers: &[(&'static str, String)], body: impl Into<Body>) -> Response {
    let builder = Response::builder().status(StatusCode::from_u16(status).unwrap());
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, value));
    builder.body(body.into()).unwrap()
}

impl Contents {
    fn answer(&mut self, method: &Method, uri: &Uri, headers: &HeaderMap, body: Bytes) -> Response {
        let path = uri.path();
        let last = path.rsplit('/').next().unwrap_or_default().to_owned();
        let digest =
            uri.query().and_then(|query| query.split_once("digest=")).map(|(_, d)| d.replace("%3A", ":"));
        let bare = |status| answer(status, &[], "");
        if path.contains("/manifests/") {
            if method == Method::PUT {
                self.manifests.insert(Digest::sha256(&body).to_string(), body.clone());
                self.manifests.insert(last, body);
                return bare(201);
            }
            return self
                .manifests
                .get(&last)
                .map_or_else(|| bare(404), |found| answer(200, &[], found.clone()));
        }
        if method == Method::HEAD {
            return bare(if self.blobs.contains_key(&last) { 200 } else { 404 });
        }
        if method == Method::POST {
            self.begun += 1;
            let place = format!("{path}{}", self.begun);
            self.uploads.insert(self.begun.to_string(), Vec::new());
            let mut said = vec![("location", place)];
            said.extend(self.least.map(|least| ("oci-chunk-min-length", least.to_string())));
            return answer(202, &said, "");
        }
        if method == Method::DELETE {
            return bare(if self.uploads.remove(&last).is_some() { 204 } else { 404 });
        }
        let Some(upload) = self.uploads.get_mut(&last) else { return bare(404) };
        let range = headers.get("content-range").and_then(|value| value.to_str().ok());
        let whole = format!("{}-{}", upload.len(), (upload.len() + body.len()).saturating_sub(1));
        if range.is_some_and(|range| range != whole) {
            return bare(416);
        }
        if method == Method::PATCH && (body.len() as u64) < self.least.unwrap_or(0) {
            return bare(416);
        }
        upload.extend_from_slice(&body);
        if method == Method::PATCH {
            return answer(202, &[("location", path.to_owned())], "");
        }
        let bytes = Bytes::from(self.uploads.remove(&last).unwrap_or_default());
        match digest {
            Some(digest) if digest == Digest::sha256(&bytes).to_string() => {
                self.blobs.insert(digest, bytes);
                bare(201)
            }
            _ => answer(400, &[], r#"{"errors":[{"code":"DIGEST_INVALID","message":"digest invalid"}]}"#),
        }
    }
}
