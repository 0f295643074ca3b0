//! What the registry answers.

use std::collections::{HashMap, VecDeque};

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, StatusCode, Uri};
use axum::response::Response;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use solera_pin::model::Digest;

use super::super::base64;
use super::{Auth, Contents, INDEX, LinkStyle, Recorded, Reply, Repository, Secret, Shared};

pub async fn handle(State(shared): State<Shared>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let body = String::from_utf8_lossy(&body).into_owned();
    let (latency, response) = {
        let mut contents = shared.lock().unwrap();
        contents.under_way += 1;
        contents.counters.peak = contents.counters.peak.max(contents.under_way);
        contents.requests.push(Recorded {
            method: parts.method.to_string(),
            path: parts.uri.path().into(),
            query: parts.uri.query().unwrap_or_default().into(),
            headers: parts.headers.clone(),
            body: body.clone(),
        });
        let response = contents.answer(&parts.method, &parts.uri, &parts.headers, &body);
        contents.counters.unauthorized += u64::from(response.status() == StatusCode::UNAUTHORIZED);
        (contents.latency, response)
    };
    match latency.is_zero() {
        // Others that are ready are let in, so that what is concurrent is seen to be.
        true => tokio::task::yield_now().await,
        false => tokio::time::sleep(latency).await,
    }
    shared.lock().unwrap().under_way -= 1;
    response
}

impl Contents {
    fn answer(&mut self, method: &Method, uri: &Uri, headers: &HeaderMap, body: &str) -> Response {
        let path = uri.path();
        let query: HashMap<String, String> =
            url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let target = Target::of(path);
        self.count(method, &target);
        let key = format!("{method} {path}");
        if let Some(reply) = self.replies.get_mut(&key).and_then(VecDeque::pop_front) {
            return send(reply);
        }
        if let Some(reply) = self.always.get(&key) {
            return send(reply.clone());
        }
        match target {
            Target::Token => self.token(headers, &query, body),
            target => match self.challenge(&target, headers) {
                Some(challenge) => challenge,
                None => self.content(&target, method, headers, &query),
            },
        }
    }

    fn count(&mut self, method: &Method, target: &Target) {
        let counters = &mut self.counters;
        let counter = match target {
            Target::Ping => &mut counters.pings,
            Target::Manifest(..) if method == Method::HEAD => &mut counters.heads,
            Target::Manifest(..) => &mut counters.manifests,
            Target::Tags(_) => &mut counters.tag_pages,
            Target::Blob(..) => &mut counters.blobs,
            Target::Token => &mut counters.tokens,
            Target::Unknown => return,
        };
        *counter += 1;
    }

    /// The 401, unless the request may be answered.
    fn challenge(&self, target: &Target, headers: &HeaderMap) -> Option<Response> {
        let given = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let challenge = match &self.auth {
            Auth::Nobody => return None,
            Auth::Basic(user, password) if basic(given) == Some((user.clone(), password.clone())) => {
                return None;
            }
            Auth::Basic(..) => r#"Basic realm="registry""#.to_owned(),
            Auth::Token { .. } => {
                let scope = target.scope();
                let token = given.strip_prefix("Bearer ").unwrap_or_default();
                if self.tokens.contains(&(token.to_owned(), scope.clone())) {
                    return None;
                }
                let realm = self.realm.clone().unwrap_or_else(|| format!("{}/token", self.base));
                format!(r#"Bearer realm="{realm}",service="registry.test",scope="{scope}""#)
            }
        };
        Some(send(error(401, "UNAUTHORIZED").header("WWW-Authenticate", challenge)))
    }

    fn token(&mut self, headers: &HeaderMap, query: &HashMap<String, String>, body: &str) -> Response {
        let Auth::Token { wants, expires_in, field } = self.auth.clone() else {
            return send(error(404, "NOT_FOUND"));
        };
        let form: HashMap<String, String> =
            url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        let given = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let allowed = match wants {
            None => true,
            Some(Secret::Password(user, password)) => basic(given) == Some((user, password)),
            Some(Secret::Refresh(token)) => form.get("refresh_token") == Some(&token),
        };
        if !allowed {
            return send(error(401, "UNAUTHORIZED"));
        }
        self.issued += 1;
        let token = format!("secret-token-{}", self.issued);
        let scope = query.get("scope").or(form.get("scope")).cloned().unwrap_or_default();
        self.tokens.insert((token.clone(), scope));
        let mut answer = json!({field: token});
        if let Some(life) = expires_in {
            answer["expires_in"] = life.into();
        }
        send(Reply::new(200, answer.to_string()).header("Content-Type", "application/json"))
    }

    fn content(
        &self,
        target: &Target,
        method: &Method,
        headers: &HeaderMap,
        query: &HashMap<String, String>,
    ) -> Response {
        let found = match target {
            Target::Ping => Some(Reply::new(200, "{}")),
            Target::Tags(name) => {
                self.repositories.get(name).map(|repository| self.tag_page(name, repository, query, headers))
            }
            Target::Manifest(name, reference) => {
                let repository = self.repositories.get(name);
                repository.and_then(|repository| repository.manifest(reference, headers))
            }
            Target::Blob(name, digest) => {
                let blob = self.repositories.get(name).and_then(|repository| repository.blobs.get(digest));
                blob.map(|bytes| self.part(bytes, headers).header("Content-Type", "application/octet-stream"))
            }
            Target::Token | Target::Unknown => None,
        };
        match found {
            Some(reply) if method == Method::HEAD => {
                let length = reply.body.len().to_string();
                send(Reply { body: Vec::new(), ..reply }.header("Content-Length", length))
            }
            Some(reply) => send(reply),
            None => send(error(404, "MANIFEST_UNKNOWN")),
        }
    }

    /// A blob, or what is asked for of it.
    fn part(&self, bytes: &Bytes, headers: &HeaderMap) -> Reply {
        let range = headers.get("range").and_then(|range| range.to_str().ok()).filter(|_| self.ranges);
        let start =
            range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
        match start {
            None => Reply::new(200, bytes.to_vec()),
            Some(start) if start >= bytes.len() => Reply::new(416, ""),
            Some(start) => {
                let range = format!("bytes {start}-{}/{}", bytes.len() - 1, bytes.len());
                Reply::new(206, bytes[start..].to_vec()).header("Content-Range", range)
            }
        }
    }

    fn tag_page(
        &self,
        name: &str,
        repository: &Repository,
        query: &HashMap<String, String>,
        headers: &HeaderMap,
    ) -> Reply {
        let start = query.get("last").and_then(|last| repository.tags.iter().position(|tag| tag == last));
        let rest = &repository.tags[start.map_or(0, |at| at + 1)..];
        let asked = query.get("n").and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
        let size = asked.min(self.page_size.unwrap_or(usize::MAX)).min(rest.len());
        let reply = Reply::new(200, json!({"name": name, "tags": rest[..size]}).to_string());
        let mut reply = reply.header("Content-Type", "application/json");
        if self.etags {
            let etag = format!("\"{}\"", Digest::sha256(&reply.body));
            if headers.get("if-none-match").is_some_and(|known| known == etag.as_str()) {
                return Reply::new(304, "").header("ETag", etag);
            }
            reply = reply.header("ETag", etag);
        }
        match rest[..size].last().filter(|_| size < rest.len()) {
            Some(last) => {
                let path = format!("/v2/{name}/tags/list?n={size}&last={last}");
                reply.header(
                    "Link",
                    match self.link_style {
                        LinkStyle::Relative => format!(r#"<{path}>; rel="next""#),
                        LinkStyle::Absolute => format!(r#"<{}{path}>; rel="next""#, self.base),
                        LinkStyle::NoRel => format!("<{path}>"),
                    },
                )
            }
            None => reply,
        }
    }
}

impl Repository {
    /// As real registries do, gives one platform's manifest to a client that does not accept an index.
    fn manifest(&self, reference: &str, headers: &HeaderMap) -> Option<Reply> {
        let digest = self.named.get(reference).map_or(reference, String::as_str);
        let (media_type, bytes) = self.manifests.get(digest)?;
        let accept = headers.get("accept").and_then(|value| value.to_str().ok()).unwrap_or_default();
        if media_type == INDEX && !accept.contains(INDEX) {
            let index: Value = serde_json::from_slice(bytes).ok()?;
            return self.manifest(index["manifests"][0]["digest"].as_str()?, headers);
        }
        Some(
            Reply::new(200, bytes.to_vec())
                .header("Content-Type", media_type)
                .header("Docker-Content-Digest", digest),
        )
    }
}

/// What a path names.
enum Target {
    Ping,
    Token,
    Tags(String),
    Manifest(String, String),
    Blob(String, String),
    Unknown,
}

impl Target {
    fn of(path: &str) -> Self {
        let Some(rest) = path.strip_prefix("/v2/") else {
            return if path == "/token" { Self::Token } else { Self::Unknown };
        };
        if rest.is_empty() {
            Self::Ping
        } else if let Some(name) = rest.strip_suffix("/tags/list") {
            Self::Tags(name.into())
        } else if let Some((name, reference)) = rest.rsplit_once("/manifests/") {
            Self::Manifest(name.into(), reference.into())
        } else if let Some((name, digest)) = rest.rsplit_once("/blobs/") {
            Self::Blob(name.into(), digest.into())
        } else {
            Self::Unknown
        }
    }

    fn scope(&self) -> String {
        match self {
            Self::Tags(name) | Self::Manifest(name, _) | Self::Blob(name, _) => {
                format!("repository:{name}:pull")
            }
            Self::Ping | Self::Token | Self::Unknown => String::new(),
        }
    }
}

fn error(status: u16, code: &str) -> Reply {
    let body = json!({"errors": [{"code": code, "message": "as the specification has it"}]});
    Reply::new(status, body.to_string()).header("Content-Type", "application/json")
}

/// User and password of an `Authorization` header.
pub fn basic(header: &str) -> Option<(String, String)> {
    let decoded = String::from_utf8(base64::decode(header.strip_prefix("Basic ")?)?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    Some((user.into(), password.into()))
}

fn send(reply: Reply) -> Response {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(name, value);
    }
    let body = match reply.truncated {
        true => {
            response = response.header("Content-Length", (reply.body.len() + 1000).to_string());
            let broken = std::io::Error::other("the connection breaks here");
            let chunks = [Ok(Bytes::from(reply.body)), Err(broken)];
            // What was sent before goes out while nothing more is ready.
            Body::from_stream(futures_util::stream::iter(chunks).then(|chunk| async move {
                tokio::task::yield_now().await;
                chunk
            }))
        }
        false if reply.chunked => {
            let chunk = Ok::<_, std::io::Error>(Bytes::from(reply.body));
            Body::from_stream(futures_util::stream::iter([chunk]))
        }
        false => match reply.drip {
            Some(pause) => {
                Body::from_stream(futures_util::stream::iter(reply.body).then(move |byte| async move {
                    tokio::time::sleep(pause).await;
                    Ok::<_, std::io::Error>(Bytes::from(vec![byte]))
                }))
            }
            None => Body::from(reply.body),
        },
    };
    response.body(body).unwrap()
}
