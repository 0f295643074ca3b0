//! What a registry's answer comes to: good, missing, denied, or not what it should be.

use super::content::Wrong;
use crate::model::{Digest, Repository};
use crate::net::{Client, Endpoint, Kind, Place, Request, Response};
use crate::source::SourceError;

/// The header in which a registry claims a digest.
pub(super) const DIGEST: &str = "docker-content-digest";

/// Whether a registry that was asked for `digest` says that this is what it has.
pub(super) fn agrees(
    response: &Response,
    repository: &Repository,
    digest: &Digest,
) -> Result<(), SourceError> {
    let mut claims = response.headers(DIGEST).filter_map(|text| text.parse::<Digest>().ok());
    match claims.find(|claimed| claimed.algorithm() == digest.algorithm() && claimed != digest) {
        Some(claimed) => Err(SourceError::new(
            Kind::Integrity,
            format!("ask whether {repository}@{digest} is served"),
            format!("the registry answered with {claimed}"),
        )),
        None => Ok(()),
    }
}

/// The digest that an answer claims. One that cannot be read is none, and so are two that differ.
pub(super) fn claimed(response: &Response) -> Option<Digest> {
    let mut claims = response.headers(DIGEST);
    let first = claims.next()?;
    claims.all(|other| other == first).then(|| first.parse().ok())?
}

/// Sends a request whose only good answer is 200.
pub(super) async fn ask(
    client: &Client,
    endpoint: &Endpoint,
    request: &Request,
    asked: impl Fn() -> String,
) -> Result<Response, SourceError> {
    let sent = client.send(request).await;
    checked(sent.map_err(|error| SourceError::net(asked(), &error))?, endpoint, asked)
}

/// `response`, if it is a good one.
pub(super) fn checked(
    response: Response,
    endpoint: &Endpoint,
    asked: impl Fn() -> String,
) -> Result<Response, SourceError> {
    let place = Place::of(response.url());
    match response.status() {
        200 => Ok(response),
        404 => Err(SourceError::new(
            Kind::NotFound,
            asked(),
            format!("{place} answered 404: it has no such repository or content"),
        )),
        status @ (401 | 403) => {
            let why = format!("{place} answered {status}: it is not allowed");
            let login = endpoint.login_name();
            Err(SourceError::new(Kind::Denied, asked(), why)
                .hinted(format!("log in with an account that may pull it: docker login{login}")))
        }
        status => Err(SourceError::new(Kind::Protocol, asked(), format!("{place} answered {status}"))),
    }
}

pub(super) fn wrong(asked: String, wrong: Wrong, endpoint: &Endpoint) -> SourceError {
    let error = SourceError::new(wrong.kind, asked, wrong.why);
    match wrong.kind {
        Kind::Integrity => error.hinted(format!(
            "do not use this image; tell those who run {}, or ask another mirror",
            endpoint.host()
        )),
        _ => error,
    }
}
