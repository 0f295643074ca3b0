//! Tags over smart HTTP (gitprotocol-http, gitprotocol-v2).

use url::Url;

use super::pkt_line;
use super::refs::{Advertisement, advertisement, listed};
use crate::model::{GitTag, GitUrl};
use crate::net::{Asked, Client, Kind, Place, Request, Response};
use crate::source::SourceError;

const ADVERTISEMENT: &str = "application/x-git-upload-pack-advertisement";
const REQUEST: &str = "application/x-git-upload-pack-request";
const RESULT: &str = "application/x-git-upload-pack-result";

/// All tags of the repository at `url`.
pub(super) async fn tags(client: &Client, url: &GitUrl, asked: &str) -> Result<Vec<GitTag>, SourceError> {
    let wrong = |why: String| SourceError::new(Kind::Protocol, asked, why);
    let base = Url::parse(url.as_str()).map_err(|error| wrong(format!("{url} is not a URL: {error}")))?;
    let mut place = with_path(&base, &format!("{}/info/refs", base.path().trim_end_matches('/')));
    place.set_query(Some("service=git-upload-pack"));
    let request = Request::get(Asked::Git, place).header("git-protocol", "version=2");
    let first = ask(client, &request, ADVERTISEMENT, asked).await?;
    let complain = |why: String| wrong(format!("{} is not understood: {why}", Place::of(first.url()).host()));
    match advertisement(first.body()).map_err(complain)? {
        Advertisement::Tags(tags) => Ok(tags),
        Advertisement::Version2 { object_format } => {
            // Where the advertisement was redirected, the repository has moved.
            let base = first.url().path().strip_suffix("/info/refs");
            let base = base.ok_or_else(|| complain("it redirects to what is not a repository".into()))?;
            let place = with_path(first.url(), &format!("{base}/git-upload-pack"));
            let request = Request::post(Asked::Git, place, ls_refs(object_format.as_deref()))
                .header("git-protocol", "version=2")
                .header("content-type", REQUEST)
                .header("accept", RESULT);
            let second = ask(client, &request, RESULT, asked).await?;
            listed(second.body()).map_err(complain)
        }
    }
}

fn with_path(url: &Url, path: &str) -> Url {
    let mut url = url.clone();
    url.set_path(path);
    url.set_query(None);
    url
}

/// The request for tags alone: a forge may have a hundred times as many references of pull requests.
fn ls_refs(object_format: Option<&str>) -> Vec<u8> {
    let mut message = Vec::new();
    pkt_line::write(&mut message, "command=ls-refs\n");
    if let Some(format) = object_format {
        pkt_line::write(&mut message, &format!("object-format={format}\n"));
    }
    message.extend_from_slice(b"0001");
    pkt_line::write(&mut message, "peel\n");
    pkt_line::write(&mut message, "ref-prefix refs/tags/\n");
    message.extend_from_slice(b"0000");
    message
}

async fn ask(
    client: &Client,
    request: &Request,
    expected: &str,
    asked: &str,
) -> Result<Response, SourceError> {
    let response = client.send(request).await.map_err(|error| SourceError::net(asked, &error))?;
    let place = Place::of(response.url());
    let host = place.host();
    let failed = |kind, why: String| Err(SourceError::new(kind, asked, why));
    match response.status() {
        200 => {}
        404 | 410 => {
            return failed(
                Kind::NotFound,
                format!("{host} answered {}: it has no such repository", response.status()),
            );
        }
        status @ (401 | 403) => {
            let why = format!("{host} answered {status}: the repository does not exist, or is private");
            let hint =
                "check the URL; for a private repository use its ssh URL, or declare a mirror under [git]";
            return failed(Kind::Denied, why).map_err(|error| error.hinted(hint));
        }
        status => return failed(Kind::Protocol, format!("{host} answered {status}")),
    }
    match response.content_type() {
        Some(found) if found == expected => Ok(response),
        found => {
            let found = found.unwrap_or_else(|| "something without a type".into());
            failed(
                Kind::Protocol,
                format!("{host} answered with {found}, which is not git's smart HTTP protocol"),
            )
        }
    }
}
