//! Asking for a run. Who asks says which pin at the most, and never what there is of it: that is asked upstream.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq as _;

use super::{Shared, api::problem};
use crate::daemon::Event;
use crate::model::{Digest, PinName};

/// More than anybody has to say.
const BODY: usize = 4 << 10;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    pin: Option<String>,
}

pub(super) async fn refresh(State(shared): State<Arc<Shared>>, request: Request) -> Response<Body> {
    let Some(secret) = &shared.secret else {
        return problem(
            StatusCode::FORBIDDEN,
            "nobody may ask for a run: the daemon was given no secret for it",
        );
    };
    // Before anything of the body is read.
    if !knows(secret, request.headers()) {
        let mut refused = problem(StatusCode::UNAUTHORIZED, "the secret is missing, or another one");
        refused.headers_mut().insert("www-authenticate", HeaderValue::from_static("Bearer"));
        return refused;
    }
    let Ok(body) = to_bytes(request.into_body(), BODY).await else {
        return problem(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long");
    };
    let asked = match body.is_empty() {
        true => Ok(Asked::default()),
        false => serde_json::from_slice::<Asked>(&body),
    };
    let Ok(asked) = asked else {
        return problem(StatusCode::BAD_REQUEST, "the body is empty, or {\"pin\": \"NAME\"}");
    };
    let pin = match asked.pin.map(|name| name.parse::<PinName>()).transpose() {
        Ok(pin) => pin,
        Err(error) => return problem(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let declared = shared.view.now().declared.clone();
    let is_foreign = |pin: &PinName| declared.as_ref().is_some_and(|declared| !declared.contains(pin));
    if pin.as_ref().is_some_and(is_foreign) {
        return problem(StatusCode::NOT_FOUND, "no pin of that name is declared");
    }
    shared.inbox.put(Event::trigger(pin));
    super::json(StatusCode::ACCEPTED, format!("{:#}\n", json!({ "accepted": true })))
}

/// Whether the secret is given. How long that takes tells nothing of it.
fn knows(secret: &SecretString, headers: &HeaderMap) -> bool {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let digest = |bytes: &[u8]| Digest::sha256(bytes).hex().to_owned();
    let (given, secret) = (digest(given.unwrap_or_default()), digest(secret.expose_secret().as_bytes()));
    given.as_bytes().ct_eq(secret.as_bytes()).into()
}
