//! Asking for a run. Who asks says which pin at the most, and never what there is of it: that is asked upstream.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq as _;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::{Shared, api::problem};
use crate::daemon::Event;
use crate::model::{Digest, PinName};

/// More than anybody has to say.
const BODY: usize = 4 << 10;

/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Asked {
    #[serde(deserialize_with = "named")]
    pin: Option<String>,
}

/// A name; `null` is none.
fn named<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    String::deserialize(from).map(Some)
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
    let body = match timeout(PATIENCE, to_bytes(request.into_body(), BODY)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return problem(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long, or broke off"),
        Err(_) => return problem(StatusCode::REQUEST_TIMEOUT, "the body takes too long"),
    };
    let asked = match body.is_empty() {
        true => Ok(Asked::default()),
        // Else an array of one would be taken for it.
        false if !body.trim_ascii_start().starts_with(b"{") => Err(()),
        false => serde_json::from_slice::<Asked>(&body).map_err(drop),
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
    let inbox = Arc::clone(&shared.inbox);
    let kept =
        spawn_blocking(move || inbox.put(Event::trigger(pin)).map_err(|error| error.to_string())).await;
    // Accepted is what a daemon that is killed now leaves to the next.
    match kept.unwrap_or_else(|error| Err(error.to_string())) {
        Ok(()) => super::json(StatusCode::ACCEPTED, format!("{:#}\n", json!({ "accepted": true }))),
        Err(why) => {
            tracing::error!(problem = why, "what was asked for could not be kept");
            problem(
                StatusCode::SERVICE_UNAVAILABLE,
                "the daemon cannot keep what is asked for: its log says why",
            )
        }
    }
}

/// Whether the secret is given. How long that takes tells nothing of it.
fn knows(secret: &SecretString, headers: &HeaderMap) -> bool {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().split_at_checked(7));
    let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"Bearer ")).map(|(_, secret)| secret);
    let digest = |bytes: &[u8]| Digest::sha256(bytes).hex().to_owned();
    let (given, secret) = (digest(given.unwrap_or_default()), digest(secret.expose_secret().as_bytes()));
    given.as_bytes().ct_eq(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;
    use crate::daemon::{Clock, Inbox, View};

    struct Still;

    impl Clock for Still {
        fn now(&self) -> jiff::Timestamp {
            jiff::Timestamp::UNIX_EPOCH
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_never_said_to_its_end_and_what_cannot_be_kept_is_not_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let (inbox, view) = (Arc::new(Inbox::open(folder.path()).unwrap()), Arc::new(View::default()));
        let secret = Some(SecretString::from("0123456789abcdef"));
        let shared = Shared::new(view, inbox, Arc::new(Still), secret, Vec::new());
        let ask = async |body: Body| {
            let request = Request::builder().header(AUTHORIZATION, "Bearer 0123456789abcdef");
            refresh(State(Arc::clone(&shared)), request.body(body).unwrap()).await.status()
        };
        let drips = Body::from_stream(stream::pending::<Result<Vec<u8>, std::io::Error>>());
        assert_eq!(ask(drips).await, StatusCode::REQUEST_TIMEOUT);
        assert_eq!(ask(Body::empty()).await, StatusCode::ACCEPTED);
        std::fs::remove_file(folder.path().join("inbox/asked.json")).unwrap();
        std::fs::create_dir_all(folder.path().join("inbox/asked.json/in the way")).unwrap();
        assert_eq!(ask(Body::empty()).await, StatusCode::SERVICE_UNAVAILABLE);
    }
}
