//! A server of files, over HTTP: each under its path, with an entity tag of its content; and ways to misbehave.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use futures_util::StreamExt as _;
use solera_pin::model::Digest;

use super::serve::Server;

/// What stands under a path.
#[derive(Clone, Debug, Default)]
pub struct File {
    pub body: Bytes,
    pub headers: Vec<(String, String)>,
    /// Without one, 200.
    pub status: Option<u16>,
    /// What HEAD is answered with.
    pub head: Option<u16>,
    /// It breaks off after these bytes.
    pub cut: Option<usize>,
    /// How long it is said to be, where it breaks off; else as long as it is.
    pub announced: Option<u64>,
    /// It has no entity tag.
    pub no_etag: bool,
}

#[derive(Default)]
struct Contents {
    files: BTreeMap<String, File>,
    asked: Vec<String>,
}

/// A running server.
pub struct FileServer {
    contents: Arc<Mutex<Contents>>,
    server: Server,
}

impl FileServer {
    pub fn start() -> Self {
        let contents: Arc<Mutex<Contents>> = Arc::default();
        let shared = Arc::clone(&contents);
        let router = Router::new().fallback(move |request: Request<Body>| {
            let shared = Arc::clone(&shared);
            async move { answer(&shared, &request) }
        });
        Self { contents, server: Server::start(router) }
    }

    pub fn url(&self) -> String {
        self.server.url()
    }

    pub fn host(&self) -> String {
        self.server.host()
    }

    /// Puts a file under a path.
    pub fn put(&self, path: &str, body: impl Into<Bytes>) {
        self.set(path, File { body: body.into(), ..File::default() });
    }

    pub fn set(&self, path: &str, file: File) {
        self.contents.lock().unwrap().files.insert(path.into(), file);
    }

    pub fn remove(&self, path: &str) {
        self.contents.lock().unwrap().files.remove(path);
    }

    /// Sends whoever asks for a path elsewhere.
    pub fn redirect(&self, path: &str, to: &str) {
        let headers = vec![("location".into(), to.into())];
        self.set(path, File { status: Some(302), headers, ..File::default() });
    }

    /// What was asked since it was last looked at: `GET /path`, sorted; one that was conditional with ` if` behind it.
    pub fn asked(&self) -> Vec<String> {
        let mut asked = std::mem::take(&mut self.contents.lock().unwrap().asked);
        asked.sort();
        asked
    }
}

fn answer(contents: &Mutex<Contents>, request: &Request<Body>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let condition = request.headers().get("if-none-match").and_then(|value| value.to_str().ok());
    assert!(request.headers().get("authorization").is_none());
    let mut contents = contents.lock().unwrap();
    let suffix = if condition.is_some() { " if" } else { "" };
    contents.asked.push(format!("{} {path}{suffix}", request.method()));
    let Some(file) = contents.files.get(&path).cloned() else {
        return Response::builder().status(404).body("nothing here".into()).unwrap();
    };
    let is_head = request.method() == "HEAD";
    let status = file.head.filter(|_| is_head).or(file.status).unwrap_or(200);
    let etag = format!("\"{}\"", &Digest::sha256(&file.body).hex()[..16]);
    let unchanged = condition == Some(etag.as_str()) && status == 200;
    let mut response = Response::builder().status(if unchanged { 304 } else { status });
    for (name, value) in &file.headers {
        response = response.header(name, value);
    }
    if !file.no_etag && status == 200 {
        response = response.header("etag", etag);
    }
    let body = match file.cut {
        _ if unchanged => Body::empty(),
        Some(length) if !is_head => {
            response = response.header("content-length", file.announced.unwrap_or(file.body.len() as u64));
            let pieces: Vec<Result<Bytes, std::io::Error>> =
                vec![Ok(file.body.slice(..length)), Err(std::io::ErrorKind::ConnectionReset.into())];
            // What is there is sent before the connection breaks.
            Body::from_stream(futures_util::stream::iter(pieces).then(|piece| async {
                if piece.is_err() {
                    tokio::task::yield_now().await;
                }
                piece
            }))
        }
        _ => Body::from(file.body),
    };
    response.body(body).unwrap()
}
