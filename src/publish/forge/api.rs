//! Requests to a forge's API: the token shown, failures told, rate limits waited for, lists read to their end.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::error::{ForgeError, Kind, line};
use super::{Answer, Forge, NewPull, Pull, State};
use crate::net::{Asked, Client, Request, Response, Secret, next_link};

/// The most pages of a list that are read: what is older than thousands of others is nobody's open proposal.
const PAGES: u32 = 40;

/// A repository at a forge's API.
#[derive(Debug)]
pub(super) struct Api {
    client: Client,
    base: Url,
    token: SecretString,
    secret: Secret,
    headers: &'static [(&'static str, &'static str)],
    /// What the token must be allowed to do.
    rights: &'static str,
}

/// How a body is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// Makes something, and must not do so twice.
    Create,
    /// Adds what may be there already.
    Add,
    Put,
    Patch,
}

impl Api {
    pub(super) fn new(
        client: Client,
        base: Url,
        token: SecretString,
        secret: Secret,
        headers: &'static [(&'static str, &'static str)],
        rights: &'static str,
    ) -> Self {
        Self { client, base, token, secret, headers, rights }
    }

    pub(super) fn token(&self) -> &SecretString {
        &self.token
    }

    /// The address of what is at `segments`; a slash in one is a part of it.
    pub(super) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, asked: &str, url: Url) -> Result<T, ForgeError> {
        let response = self.send(asked, Request::get(Asked::Forge, url)).await?;
        self.read(asked, &response)
    }

    /// Sends `body` and reads the answer.
    pub(super) async fn write<T: DeserializeOwned>(
        &self,
        asked: &str,
        verb: Verb,
        url: Url,
        body: &(impl Serialize + Sync),
    ) -> Result<T, ForgeError> {
        let response = self.sent(asked, verb, url, body).await?;
        self.read(asked, &response)
    }

    /// Sends `body`; what is answered besides that it was done is not read.
    pub(super) async fn tell(
        &self,
        asked: &str,
        verb: Verb,
        url: Url,
        body: &(impl Serialize + Sync),
    ) -> Result<(), ForgeError> {
        self.sent(asked, verb, url, body).await.map(|_| ())
    }

    async fn sent(
        &self,
        asked: &str,
        verb: Verb,
        url: Url,
        body: &(impl Serialize + Sync),
    ) -> Result<Response, ForgeError> {
        let body = serde_json::to_vec(body)
            .map_err(|error| ForgeError::new(Kind::Protocol, asked, error.to_string()))?;
        let request = match verb {
            Verb::Create => Request::post(Asked::Forge, url, body).once(),
            Verb::Add => Request::post(Asked::Forge, url, body),
            Verb::Put => Request::put(Asked::Forge, url, body),
            Verb::Patch => Request::patch(Asked::Forge, url, body),
        };
        self.send(asked, request.header("content-type", "application/json")).await
    }

    /// All items of a list. The next page is asked for by its number: the address that a forge has for itself need not
    /// be the one that it is reached at, and the token goes nowhere else.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        asked: &str,
        url: &Url,
    ) -> Result<Vec<T>, ForgeError> {
        let mut items = Vec::new();
        for page in 1..=PAGES {
            let mut url = url.clone();
            url.query_pairs_mut().append_pair("page", &page.to_string());
            let response = self.send(asked, Request::get(Asked::Forge, url)).await?;
            let found: Vec<T> = self.read(asked, &response)?;
            let last = found.is_empty() || next_link(response.headers("link")).is_none();
            items.extend(found);
            if last {
                break;
            }
        }
        Ok(items)
    }

    async fn send(&self, asked: &str, request: Request) -> Result<Response, ForgeError> {
        let mut request = request.show(self.secret.clone());
        for (name, value) in self.headers {
            request = request.header(name, *value);
        }
        let settings = self.client.settings();
        for attempt in 1..=settings.attempts.max(1) {
            let response =
                self.client.send(&request).await.map_err(|error| ForgeError::net(asked, &error))?;
            let Some(limit) = rate_limit(&response) else {
                return self.checked(asked, response);
            };
            match limit.wait {
                Some(wait) if wait <= settings.max_delay && attempt < settings.attempts => {
                    tokio::time::sleep(wait).await;
                }
                wait => return Err(ForgeError::rate_limited(asked, &self.host(), wait)),
            }
        }
        Err(ForgeError::rate_limited(asked, &self.host(), None))
    }

    fn checked(&self, asked: &str, response: Response) -> Result<Response, ForgeError> {
        let status = response.status();
        let kind = match status {
            200..=299 => return Ok(response),
            401 | 403 => Kind::Denied,
            404 | 410 => Kind::NotFound,
            400 | 405 | 406 | 409 | 412 | 422 => Kind::Refused,
            _ => Kind::Protocol,
        };
        let said = match self.said(&response) {
            Some(said) => format!("{} answered {status}: {said}", self.host()),
            None => format!("{} answered {status}", self.host()),
        };
        let error = ForgeError::new(kind, asked, said);
        Err(match kind {
            Kind::Denied if status == 401 => error.hinted("check that the token is not expired or revoked"),
            Kind::Denied => error.hinted(format!("the token needs {}", self.rights)),
            Kind::NotFound => error.hinted(format!(
                "check the remote's address, and that the token may see the repository; it needs {}",
                self.rights
            )),
            Kind::Protocol => error.hinted("check `propose.api` and `propose.forge`"),
            _ => error,
        })
    }

    /// What the forge says about a failure. A forge that repeats the token is not repeated.
    fn said(&self, response: &Response) -> Option<String> {
        let said = message(&serde_json::from_slice(response.body()).ok()?)?;
        Some(line(&said.replace(self.token.expose_secret(), "…"))).filter(|said| !said.is_empty())
    }

    fn read<T: DeserializeOwned>(&self, asked: &str, response: &Response) -> Result<T, ForgeError> {
        serde_json::from_slice(response.body()).map_err(|error| {
            let cause = format!("{} answered what is not of its API: {error}", self.host());
            ForgeError::new(Kind::Protocol, asked, cause).hinted("check `propose.api` and `propose.forge`")
        })
    }

    /// `host` or `host:port`.
    pub(super) fn host(&self) -> String {
        match (self.base.host_str().unwrap_or_default(), self.base.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.into(),
        }
    }
}

/// That too much was asked, in a way that the client does not know of.
struct Limit {
    wait: Option<Duration>,
}

/// GitHub's answer to too many requests can be a 403, which then says so in its headers. Its reset counts from the
/// answer's own date, which needs no clock.
fn rate_limit(response: &Response) -> Option<Limit> {
    let number = |name| response.header(name).and_then(|value| value.trim().parse::<u64>().ok());
    let is_used_up = number("x-ratelimit-remaining") == Some(0);
    if !matches!(response.status(), 403 | 429) || (response.header("retry-after").is_none() && !is_used_up) {
        return None;
    }
    let until_reset = || {
        const PARSER: DateTimeParser = DateTimeParser::new();
        let now = PARSER.parse_timestamp(response.header("date")?).ok()?.as_second();
        Some(number("x-ratelimit-reset")?.saturating_sub(u64::try_from(now).ok()?))
    };
    let wait = number("retry-after").or_else(until_reset).map(Duration::from_secs);
    Some(Limit { wait })
}

/// The texts in the places where forges put what went wrong.
fn message(body: &Value) -> Option<String> {
    let mut texts = Vec::new();
    for field in ["message", "error", "error_description", "errors"] {
        collect(&body[field], &mut texts);
    }
    texts.dedup();
    (!texts.is_empty()).then(|| texts.join(": "))
}

/// Texts of a value: itself, those of its items, or of its fields with their names. GitHub's errors have a message of
/// their own, or name the field that is wrong.
fn collect(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(fields) => match (&value["message"], &value["field"], &value["code"]) {
            (Value::String(message), ..) => texts.push(message.clone()),
            (_, Value::String(field), Value::String(code)) => texts.push(format!("{field} {code}")),
            _ => fields.iter().for_each(|(name, value)| {
                let mut own = Vec::new();
                collect(value, &mut own);
                texts.extend(own.into_iter().map(|text| format!("{name} {text}")));
            }),
        },
        _ => {}
    }
}

/// Opens a pull request by `post`. Whether a request without an answer was carried out is looked up before it is sent
/// again, once; and a refusal can mean that there is one already.
pub(super) async fn open_once<'a>(
    forge: &dyn Forge,
    new: &NewPull,
    post: impl Fn() -> Answer<'a, Pull>,
) -> Result<Pull, ForgeError> {
    let mut again = true;
    loop {
        let failed = match post().await {
            Ok(pull) => return Ok(pull),
            Err(error) if matches!(error.kind(), Kind::Unreachable | Kind::Refused) => error,
            Err(error) => return Err(error),
        };
        let Ok(found) = forge.find(&new.branch).await else { return Err(failed) };
        if let Some(open) = found.into_iter().find(|pull| pull.state == State::Open && pull.base == new.base)
        {
            return Ok(open);
        }
        if failed.kind() == Kind::Refused || !again {
            return Err(failed);
        }
        again = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_is_found_where_each_forge_says_it() {
        for (body, said) in [
            (
                r#"{"message":"Validation Failed","errors":[{"resource":"PullRequest","code":"custom","message":"A pull request already exists"}]}"#,
                "Validation Failed: A pull request already exists",
            ),
            (
                r#"{"message":"Validation Failed","errors":[{"resource":"PullRequest","field":"base","code":"invalid"}]}"#,
                "Validation Failed: base invalid",
            ),
            (r#"{"message":"no","errors":["one","two"]}"#, "no: one: two"),
            (r#"{"message":["Another open merge request exists"]}"#, "Another open merge request exists"),
            (r#"{"message":{"title":["is too long"]}}"#, "title is too long"),
            (
                r#"{"error":"insufficient_scope","error_description":"needs api"}"#,
                "insufficient_scope: needs api",
            ),
        ] {
            assert_eq!(message(&serde_json::from_str(body).unwrap()).as_deref(), Some(said));
        }
        assert_eq!(message(&Value::Null), None);
    }
}
