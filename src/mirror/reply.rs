//! Answers of the distribution API: their headers, and the shape of its errors.

use std::fmt::Display;
use std::fs::File;
use std::io;
use std::ops::Range;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, ALLOW, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, LINK,
};
use axum::http::{HeaderValue, Method, Response, StatusCode};
use futures_util::stream;
use serde_json::json;
use tokio::io::AsyncReadExt as _;

use crate::model::Digest;

const VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
const CHUNK: u64 = 64 * 1024;

/// A request that was understood.
pub(super) enum Reply {
    /// `GET /v2/`: the API is spoken here.
    Base,
    Tags {
        body: Vec<u8>,
        next: Option<String>,
    },
    Content {
        digest: Digest,
        media_type: String,
        bytes: Bytes,
    },
    /// Of a blob of so many bytes, whose file stands at the part's start.
    Part {
        digest: Digest,
        file: File,
        range: Range<u64>,
        of: u64,
    },
    NotModified(Digest),
}

/// Content from memory, or a file at its start with its length.
pub(super) enum Bytes {
    Memory(Vec<u8>),
    File(File, u64),
}

/// A request that was not, with a code of the specification.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    /// What else is said.
    header: Option<(HeaderName, String)>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), header: None }
    }

    /// There is no write side.
    pub(super) fn read_only() -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let header = Some((ALLOW, "GET, HEAD".to_owned()));
        Self { header, ..Self::new(status, "UNSUPPORTED", "this registry is read-only") }
    }

    /// A part that is behind the end.
    pub(super) fn no_such_part(length: u64) -> Self {
        let status = StatusCode::RANGE_NOT_SATISFIABLE;
        let message = format!("this blob has {length} bytes, and no such part");
        Self {
            header: Some((CONTENT_RANGE, format!("bytes */{length}"))),
            ..Self::new(status, "SIZE_INVALID", message)
        }
    }

    pub(super) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// A layout that is broken is nothing that the client did wrong.
    pub(super) fn broken(error: &dyn Display) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", error.to_string())
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let error = json!({ "code": self.code, "message": self.message });
        let body = json!({ "errors": [error] }).to_string().into_bytes();
        let mut response = whole(self.status, "application/json", Bytes::Memory(body));
        if let Some((name, value)) = self.header.and_then(|(name, text)| Some((name, header(&text)?))) {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl Reply {
    pub(super) fn into_response(self) -> Response<Body> {
        match self {
            Self::Base => whole(StatusCode::OK, "application/json", Bytes::Memory(b"{}".to_vec())),
            Self::Tags { body, next } => {
                let mut response = whole(StatusCode::OK, "application/json", Bytes::Memory(body));
                if let Some(next) = next.and_then(|url| header(&format!("<{url}>; rel=\"next\""))) {
                    response.headers_mut().insert(LINK, next);
                }
                response
            }
            Self::Content { digest, media_type, bytes } => {
                identified(&digest, whole(StatusCode::OK, &media_type, bytes))
            }
            Self::Part { digest, file, range, of } => {
                let bytes = Bytes::File(file, range.end - range.start);
                let mut response = whole(StatusCode::PARTIAL_CONTENT, "application/octet-stream", bytes);
                if let Some(range) = header(&format!("bytes {}-{}/{of}", range.start, range.end - 1)) {
                    response.headers_mut().insert(CONTENT_RANGE, range);
                }
                identified(&digest, response)
            }
            Self::NotModified(digest) => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                identified(&digest, response)
            }
        }
    }
}

/// To a HEAD request: the same headers, `Content-Length` included, and nothing else.
pub(super) fn for_method(method: &Method, response: Response<Body>) -> Response<Body> {
    match *method == Method::HEAD {
        true => response.map(|_| Body::empty()),
        false => response,
    }
}

fn whole(status: StatusCode, media_type: &str, bytes: Bytes) -> Response<Body> {
    let (length, has_parts) = match &bytes {
        Bytes::Memory(bytes) => (bytes.len() as u64, false),
        Bytes::File(_, length) => (*length, true),
    };
    let mut response = Response::new(match bytes {
        Bytes::Memory(bytes) => Body::from(bytes),
        Bytes::File(file, length) => streamed(file, length),
    });
    *response.status_mut() = status;
    let headers = response.headers_mut();
    // A media type that is no header's value comes from the layout, and says nothing.
    let media_type = header(media_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_TYPE, media_type);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    if has_parts {
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    }
    headers.insert(VERSION, HeaderValue::from_static("registry/2.0"));
    response
}

fn identified(digest: &Digest, mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    for (name, text) in [(CONTENT_DIGEST, digest.to_string()), (ETAG, format!("\"{digest}\""))] {
        if let Some(value) = header(&text) {
            headers.insert(name, value);
        }
    }
    response
}

fn header(text: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(text).ok()
}

/// A file's next `length` bytes. One that became shorter breaks the connection off, as `Content-Length` was promised.
fn streamed(file: File, length: u64) -> Body {
    let start = (tokio::fs::File::from_std(file), length);
    Body::from_stream(stream::try_unfold(start, |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let mut chunk = Vec::new();
        let read = (&mut file).take(left.min(CHUNK)).read_to_end(&mut chunk).await?;
        match read {
            0 => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            read => Ok(Some((chunk, (file, left - read as u64)))),
        }
    }))
}
