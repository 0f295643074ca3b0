//! Tokens for pulling: what is asked of a token server, and what it answers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::time::Instant;
use url::form_urlencoded::Serializer;

use super::{Authorization, Credential, Login, Realm};
use crate::net::error::Place;
use crate::net::flight::Flight;
use crate::net::message::Request;
use crate::net::response::Response;
use crate::net::{Asked, NetError};

/// How long a token is good for where its server does not say, as in the distribution specification.
const DEFAULT_LIFE: Duration = Duration::from_secs(60);

/// A bearer token. Its `Debug` shows no secret.
#[derive(Debug)]
pub(in crate::net) struct Token {
    pub(in crate::net) secret: SecretString,
    expires: Option<Instant>,
}

impl Token {
    pub(in crate::net) fn is_fresh(&self) -> bool {
        self.expires.is_none_or(|expires| Instant::now() < expires)
    }
}

/// The tokens of a client, by host, token server, scope, and whose they are.
#[derive(Debug, Default)]
pub(in crate::net) struct Tokens(Mutex<HashMap<Key, Arc<Flight<Arc<Token>>>>>);

type Key = (String, Realm, String, Option<Login>);

impl Tokens {
    /// Where the token of `host` for `scope` is made and kept.
    pub(in crate::net) fn of(
        &self,
        host: String,
        realm: &Realm,
        scope: &str,
        login: Option<Login>,
    ) -> Arc<Flight<Arc<Token>>> {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tokens.entry((host, realm.clone(), scope.into(), login)).or_default())
    }
}

/// The request for a token: anonymous, with a password, or in exchange for an identity token.
pub(in crate::net) fn request(
    realm: &Realm,
    scope: &str,
    credential: Option<Arc<Credential>>,
) -> (Request, Option<Authorization>) {
    if let Some(Credential::Identity(secret)) = credential.as_deref() {
        let mut form = Serializer::new(String::new());
        form.append_pair("grant_type", "refresh_token");
        form.append_pair("client_id", "solera-pin");
        form.append_pair("scope", scope);
        if let Some(service) = &realm.service {
            form.append_pair("service", service);
        }
        form.append_pair("refresh_token", secret.expose_secret());
        let request = Request::post(Asked::Token, realm.url.clone(), form.finish().into_bytes())
            .header("content-type", "application/x-www-form-urlencoded");
        return (request, None);
    }
    let mut url = realm.url.clone();
    if let Some(service) = &realm.service {
        url.query_pairs_mut().append_pair("service", service);
    }
    url.query_pairs_mut().append_pair("scope", scope);
    (Request::get(Asked::Token, url), credential.map(Authorization::Basic))
}

#[derive(Deserialize)]
struct Answer {
    token: Option<SecretString>,
    access_token: Option<SecretString>,
    #[serde(default)]
    expires_in: serde_json::Value,
}

/// The token in a token server's answer.
pub(in crate::net) fn read(response: &Response, login: &str) -> Result<Token, NetError> {
    let place = Place::of(&response.url);
    if matches!(response.status, 401 | 403) {
        return Err(NetError::Denied {
            place,
            what: format!("gave no token: it answered {}", response.status),
            hint: format!("the stored credential may be wrong or have expired: docker login{login}"),
        });
    }
    let refused = |what: String| NetError::Refused { place: place.clone(), what };
    if response.status != 200 {
        return Err(refused(format!("gave no token: it answered {}", response.status)));
    }
    // The parser's own message would quote what it read.
    let answer: Answer = serde_json::from_slice(response.body())
        .map_err(|_| refused("gave no token: its answer is not the JSON of one".into()))?;
    let secret = [answer.token, answer.access_token]
        .into_iter()
        .flatten()
        .find(|secret| is_token(secret.expose_secret()));
    let secret = secret.ok_or_else(|| refused("gave no token: its answer has none".into()))?;
    let life = answer.expires_in.as_u64().map_or(DEFAULT_LIFE, Duration::from_secs);
    Ok(Token { secret, expires: Instant::now().checked_add(life) })
}

/// Whether a text can stand in a header.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, body: &str) -> Response {
        Response {
            status,
            headers: reqwest::header::HeaderMap::new(),
            url: "https://auth.example/token?account=hunter2".parse().unwrap(),
            body: body.into(),
        }
    }

    fn realm() -> Realm {
        Realm {
            url: "https://auth.example/token?x=1".parse().unwrap(),
            service: Some("r.example".into()),
            scope: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn both_names_of_a_token_are_known_and_a_minute_is_the_default() {
        for body in [
            r#"{"token": "t"}"#,
            r#"{"access_token": "t", "expires_in": null}"#,
            r#"{"token": "", "access_token": "t", "expires_in": 60, "x": 1}"#,
        ] {
            let token = read(&response(200, body), "").unwrap();
            assert_eq!(token.secret.expose_secret(), "t");
            assert!(token.is_fresh());
            tokio::time::advance(Duration::from_secs(61)).await;
            assert!(!token.is_fresh());
        }
        let forever = read(&response(200, r#"{"token": "t", "expires_in": 18446744073709551615}"#), "");
        assert!(forever.unwrap().is_fresh());
    }

    #[tokio::test]
    async fn what_is_no_token_is_said_without_a_secret() {
        for (status, body, says) in [
            (200, "{\"token\": hunter2", "not the JSON"),
            (200, "{}", "has none"),
            (200, "{\"token\": \"a\\nb\"}", "has none"),
            (404, "hunter2", "answered 404"),
            (401, "hunter2", "answered 401"),
        ] {
            let error = read(&response(status, body), " r.example").unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_password_goes_into_a_header_and_an_identity_token_into_the_body() {
        let scope = "repository:a:pull";
        let (anonymous, authorization) = request(&realm(), scope, None);
        assert!(authorization.is_none());
        assert_eq!(
            anonymous.url.as_str(),
            "https://auth.example/token?x=1&service=r.example&scope=repository%3Aa%3Apull"
        );
        let password = Credential::Password("u".into(), "hunter2".into());
        let (basic, authorization) = request(&realm(), scope, Some(Arc::new(password)));
        assert!(authorization.is_some() && !basic.url.as_str().contains("hunter2"));
        let (exchange, authorization) =
            request(&realm(), scope, Some(Arc::new(Credential::Identity("hun ter2".into()))));
        assert!(authorization.is_none());
        let body = String::from_utf8(exchange.body.unwrap()).unwrap();
        assert!(
            body.contains("grant_type=refresh_token") && body.ends_with("refresh_token=hun+ter2"),
            "{body}"
        );
    }
}
