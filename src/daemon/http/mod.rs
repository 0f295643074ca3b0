//! What is served over HTTP: health, metrics, the API in JSON, and the dashboard. Nothing here changes anything but `POST
//! /api/v1/refresh`, which asks for a run.
//!
//! `server` has the connections, `names` whom a request is for. `api` is the API, `pages` the dashboard's pages, `trigger` who may ask
//! for a run, `metrics` what is counted; `openapi.json` describes the API.

mod api;
mod metrics;
mod names;
mod pages;
mod server;
mod trigger;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::routing::{get, post};
use jiff::Timestamp;
use secrecy::SecretString;

use super::{Clock, Inbox, View};

pub use names::HostName;
pub use server::serve;

/// What every answer says of itself: nothing is kept, framed, or fetched from elsewhere.
const HEADERS: [(HeaderName, &str); 5] = [
    (CACHE_CONTROL, "no-store"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
    ),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
];

/// What the answers are made of.
pub struct Shared {
    view: Arc<View>,
    inbox: Arc<Inbox>,
    clock: Arc<dyn Clock>,
    /// What those have to know who ask for a run; where there is none, nobody may.
    secret: Option<SecretString>,
    /// What it is called besides its addresses.
    names: Vec<HostName>,
}

impl Shared {
    /// What is seen, where runs are asked for and by whom, and by which names.
    pub fn new(
        view: Arc<View>,
        inbox: Arc<Inbox>,
        clock: Arc<dyn Clock>,
        secret: Option<SecretString>,
        names: Vec<HostName>,
    ) -> Arc<Self> {
        Arc::new(Self { view, inbox, clock, secret, names })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// All routes.
pub fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/", get(pages::overview))
        .route("/pins/{name}", get(pages::pin))
        .route("/images", get(pages::images))
        .route("/runs", get(pages::runs))
        .route("/style.css", get(pages::style))
        .route("/script.js", get(pages::script))
        .route("/healthz", get(async || text(StatusCode::OK, "ok\n")))
        .route("/readyz", get(api::ready))
        .route("/metrics", get(metrics::metrics))
        .route("/api/v1/openapi.json", get(async || json(StatusCode::OK, include_str!("openapi.json"))))
        .route("/api/v1/pins", get(api::pins))
        .route("/api/v1/pins/{name}", get(api::pin))
        .route("/api/v1/runs", get(api::runs))
        .route("/api/v1/alarms", get(api::alarms))
        .route("/api/v1/proposals", get(api::proposals))
        .route("/api/v1/images", get(api::images))
        .route("/api/v1/refresh", post(trigger::refresh))
        .fallback(async || api::problem(StatusCode::NOT_FOUND, "there is no such page"))
        .method_not_allowed_fallback(async || {
            api::problem(StatusCode::METHOD_NOT_ALLOWED, "it is not asked like that")
        })
        .layer(from_fn_with_state(Arc::clone(&shared), names::known))
        .layer(from_fn(headed))
        .with_state(shared)
}

async fn headed(request: Request, next: Next) -> Response<Body> {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// An answer of some kind.
fn answer(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn text(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    answer(status, "text/plain; charset=utf-8", body)
}

fn json(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    answer(status, "application/json", body)
}
