//! The read side of the distribution API (distribution-spec, "Pull" and "Content Discovery") over an image layout.
//!
//! A request is routed, its repository found, and its content looked up among what that repository leads to: a digest that
//! another repository holds is not found here. Where several registries have a repository of the path that is asked for, a
//! digest is looked up in each, since it names the same bytes in all; a tag has to lead to one digest. There is no write side: every method but GET and HEAD is refused.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{IF_NONE_MATCH, IF_RANGE, RANGE};
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use serde_json::json;

use super::contents::{Contents, Shelf};
use super::layout::Layout;
use super::range::{Part, part};
use super::reply::{Bytes, Refusal, Reply, for_method};
use crate::model::{Digest, Registry, Repository, Tag};
use crate::oci::{Descriptor, Document, FolderError};

/// Of content that neither a descriptor nor the content itself gives a media type.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Serves `layout` until `shutdown` is done and the requests under way are answered.
///
/// There is no authentication: where `listener` listens decides who may read.
pub async fn serve(
    listener: tokio::net::TcpListener,
    layout: Layout,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let layout = Arc::new(layout);
    let app = Router::new().fallback(move |request| respond(Arc::clone(&layout), request));
    axum::serve(listener, app).with_graceful_shutdown(shutdown).await
}

async fn respond(layout: Arc<Layout>, request: Request) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let method = parts.method.clone();
    // The layout is on a disk, and hashing takes its time.
    let answer = tokio::task::spawn_blocking(move || answer(&layout, &parts)).await;
    let response = match answer {
        Ok(Ok(reply)) => reply.into_response(),
        Ok(Err(refusal)) => refusal.into_response(),
        Err(error) => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Refusal::new(status, "UNKNOWN", error.to_string()).into_response()
        }
    };
    for_method(&method, response)
}

/// What a path asks for.
enum Route<'a> {
    Base,
    Tags { name: &'a str },
    Manifest { name: &'a str, reference: &'a str },
    Blob { name: &'a str, digest: &'a str },
}

impl<'a> Route<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let rest = match path.strip_prefix("/v2")? {
            "" | "/" => return Some(Self::Base),
            rest => rest.strip_prefix('/')?,
        };
        if let Some(name) = rest.strip_suffix("/tags/list") {
            return Some(Self::Tags { name });
        }
        let (rest, last) = rest.rsplit_once('/')?;
        if let Some(name) = rest.strip_suffix("/manifests") {
            return Some(Self::Manifest { name, reference: last });
        }
        let name = rest.strip_suffix("/blobs")?;
        Some(Self::Blob { name, digest: last })
    }
}

/// The parts of a query string that the API knows.
#[derive(Default)]
struct Query {
    /// Containerd's: the registry that it stands a mirror in for.
    registry: Option<Registry>,
    limit: Option<usize>,
    last: Option<String>,
}

impl Query {
    fn of(text: &str) -> Result<Self, Refusal> {
        let mut query = Self::default();
        for (key, value) in url::form_urlencoded::parse(text.as_bytes()) {
            match &*key {
                "ns" => query.registry = Some(value.parse().map_err(|e| bad("NAME_INVALID", e))?),
                "n" => query.limit = Some(value.parse().map_err(|e| bad("PAGINATION_NUMBER_INVALID", e))?),
                "last" => query.last = Some(value.into_owned()),
                _ => {}
            }
        }
        Ok(query)
    }
}

fn bad(code: &'static str, error: impl std::fmt::Display) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, code, error.to_string())
}

fn answer(layout: &Layout, request: &Parts) -> Result<Reply, Refusal> {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        return Err(Refusal::read_only());
    }
    let path = request.uri.path();
    let route = Route::of(path)
        .ok_or_else(|| Refusal::not_found("UNSUPPORTED", format!("`{path}` is no path of this registry")))?;
    let query = Query::of(request.uri.query().unwrap_or_default())?;
    let name = match route {
        Route::Base => return Ok(Reply::Base),
        Route::Tags { name } | Route::Manifest { name, .. } | Route::Blob { name, .. } => name,
    };
    let contents = layout.contents().map_err(|error| broken(layout, &error))?;
    let named = Named::find(&contents, name, query.registry.as_ref())?;
    let reply = match route {
        Route::Base => Reply::Base,
        Route::Tags { name } => tags(named.one()?, name, &query),
        Route::Manifest { reference, .. } => manifest(layout, &named, &decoded(reference))?,
        Route::Blob { digest, .. } => blob(layout, &named, &decoded(digest))?,
    };
    match reply {
        Reply::Content { digest, .. } if is_known(request, &digest) => Ok(Reply::NotModified(digest)),
        Reply::Content { digest, bytes: Bytes::File(file, length), media_type } => {
            match wanted(request, &digest, length) {
                Part::All => Ok(Reply::Content { digest, bytes: Bytes::File(file, length), media_type }),
                Part::Nothing => Err(Refusal::no_such_part(length)),
                Part::Of(range) => from(file, range.start)
                    .map(|file| Reply::Part { digest, file, range, of: length })
                    .map_err(|error| broken(layout, &error)),
            }
        }
        reply => Ok(reply),
    }
}

/// The part of a blob that a request wants. What a client has the beginning of, it says in `If-Range`, if it says it.
fn wanted(request: &Parts, digest: &Digest, length: u64) -> Part {
    let text = |name| request.headers.get(name).and_then(|value| value.to_str().ok());
    let is_same = text(IF_RANGE).is_none_or(|tag| tag.trim_matches('"') == digest.to_string());
    match text(RANGE).filter(|_| is_same && request.method == Method::GET) {
        Some(range) => part(range, length),
        None => Part::All,
    }
}

/// A file at a place in it.
fn from(mut file: File, start: u64) -> io::Result<File> {
    file.seek(SeekFrom::Start(start))?;
    Ok(file)
}

/// Some clients encode the colon of a digest; nothing else in a tag or a digest can be encoded.
fn decoded(reference: &str) -> String {
    reference.replace("%3A", ":").replace("%3a", ":")
}

/// Whether the client says that it already has this content.
fn is_known(request: &Parts, digest: &Digest) -> bool {
    let values = request.headers.get_all(IF_NONE_MATCH).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/").trim_matches('"'))
        .any(|tag| tag == "*" || tag == digest.to_string())
}

/// What a request's path names: one repository, or one of each of several registries.
struct Named<'a> {
    name: &'a str,
    shelves: Vec<(&'a Repository, &'a Shelf)>,
}

impl<'a> Named<'a> {
    fn find(contents: &'a Contents, name: &'a str, registry: Option<&Registry>) -> Result<Self, Refusal> {
        let shelves = contents.find(name, registry);
        if shelves.is_empty() {
            let of = registry.map_or_else(String::new, |registry| format!(" of {registry}"));
            let message = format!("this layout has no repository `{name}`{of}");
            return Err(Refusal::not_found("NAME_UNKNOWN", message));
        }
        Ok(Self { name, shelves })
    }

    /// The only one.
    fn one(&self) -> Result<&'a Shelf, Refusal> {
        match self.shelves[..] {
            [(_, shelf)] => Ok(shelf),
            _ => Err(self.several()),
        }
    }

    /// One of them, by what it has.
    fn with<T>(&self, has: impl Fn(&'a Shelf) -> Option<T>) -> Option<(&'a Shelf, T)> {
        self.shelves.iter().find_map(|(_, shelf)| Some((*shelf, has(shelf)?)))
    }

    /// What a tag leads to: in all of them the same.
    fn tag(&self, tag: &Tag) -> Result<Option<(&'a Shelf, &'a Descriptor)>, Refusal> {
        let found = self.with(|shelf| shelf.tags.get(tag));
        let digest = found.map(|(_, root)| &root.digest);
        let differs = |shelf: &Shelf| shelf.tags.get(tag).map(|root| &root.digest) != digest;
        match self.shelves.iter().any(|(_, shelf)| differs(shelf)) {
            true => Err(self.several()),
            false => Ok(found),
        }
    }

    fn several(&self) -> Refusal {
        let names: Vec<String> = self.shelves.iter().map(|(repository, _)| repository.to_string()).collect();
        let message = format!(
            "`{}` is a path of several registries ({}): ask for one of these names, or with ?ns=REGISTRY",
            self.name,
            names.join(", ")
        );
        Refusal::not_found("NAME_UNKNOWN", message)
    }
}

fn broken(layout: &Layout, error: &dyn Display) -> Refusal {
    layout.log(&error.to_string());
    Refusal::broken(error)
}

fn unreadable(layout: &Layout, code: &'static str, error: &FolderError) -> Refusal {
    match error.is_missing() {
        true => Refusal::not_found(code, format!("the layout names this content but lacks it: {error}")),
        false => broken(layout, error),
    }
}

fn tags(shelf: &Shelf, name: &str, query: &Query) -> Reply {
    let limit = query.limit.unwrap_or(usize::MAX);
    let mut left =
        shelf.tags.keys().filter(|tag| query.last.as_deref().is_none_or(|last| tag.as_str() > last));
    let page: Vec<&Tag> = left.by_ref().take(limit).collect();
    let next = match (page.last(), left.next()) {
        (Some(last), Some(_)) => {
            let registry = query.registry.as_ref();
            let ns = registry.map_or_else(String::new, |registry| format!("&ns={registry}"));
            Some(format!("/v2/{name}/tags/list?n={limit}&last={last}{ns}"))
        }
        _ => None,
    };
    let body = json!({ "name": name, "tags": page }).to_string().into_bytes();
    Reply::Tags { body, next }
}

fn manifest(layout: &Layout, named: &Named<'_>, reference: &str) -> Result<Reply, Refusal> {
    let unknown = || Refusal::not_found("MANIFEST_UNKNOWN", format!("no manifest `{reference}` here"));
    let (shelf, digest, declared) = if reference.contains(':') {
        let digest: Digest = reference.parse().map_err(|e| bad("DIGEST_INVALID", e))?;
        let found = named.with(|shelf| layout.reach_manifest(shelf, &digest));
        let (shelf, declared) = found.ok_or_else(unknown)?;
        (shelf, digest, declared)
    } else {
        // What is no tag is no manifest either: the specification wants 404, not 400.
        let tag: Tag = reference.parse().map_err(|_| unknown())?;
        let (shelf, root) = named.tag(&tag)?.ok_or_else(unknown)?;
        (shelf, root.digest.clone(), root.media_type.clone())
    };
    let bytes =
        layout.folder().manifest(&digest).map_err(|error| unreadable(layout, "MANIFEST_UNKNOWN", &error))?;
    // What is no JSON is served all the same: it is what the digest names.
    let mut document: Document = serde_json::from_slice(&bytes).unwrap_or_default();
    let media_type = match declared.as_str() {
        "" => document.media_type.take().unwrap_or_else(|| MANIFEST.into()),
        _ => declared,
    };
    layout.learn(shelf, &digest, document);
    Ok(Reply::Content { digest, media_type, bytes: Bytes::Memory(bytes) })
}

fn blob(layout: &Layout, named: &Named<'_>, digest: &str) -> Result<Reply, Refusal> {
    let digest: Digest = digest.parse().map_err(|e| bad("DIGEST_INVALID", e))?;
    if named.with(|shelf| layout.reaches_blob(shelf, &digest).then_some(())).is_none() {
        let message = format!("no blob `{digest}` here");
        return Err(Refusal::not_found("BLOB_UNKNOWN", message));
    }
    let (file, length) =
        layout.folder().blob(&digest).map_err(|error| unreadable(layout, "BLOB_UNKNOWN", &error))?;
    Ok(Reply::Content {
        digest,
        media_type: "application/octet-stream".into(),
        bytes: Bytes::File(file, length),
    })
}
