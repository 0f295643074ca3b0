//! The dashboard's pages, each made anew for its request.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{Response, StatusCode};

use super::{Shared, answer};
use crate::daemon::{Standing, dashboard};

const HTML: &str = "text/html; charset=utf-8";

/// `state=WORD` narrows it to the pins that stand so; whatever else is asked for is not.
pub(super) async fn overview(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery) -> Response<Body> {
    let (problem, query) = (shared.view.problem(), query.unwrap_or_default());
    let wanted = query.split('&').find_map(|pair| pair.strip_prefix("state="));
    let state = Standing::ALL.into_iter().find(|state| wanted == Some(state.name()));
    html(dashboard::overview(&shared.view.now(), problem.as_deref(), state, shared.now()))
}

pub(super) async fn pin(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response<Body> {
    match dashboard::pin(&shared.view.now(), &name, shared.now()) {
        Some(page) => html(page),
        None => answer(StatusCode::NOT_FOUND, HTML, dashboard::no_pin(shared.now())),
    }
}

pub(super) async fn images(State(shared): State<Arc<Shared>>) -> Response<Body> {
    html(dashboard::images(&shared.view.now(), shared.now()))
}

pub(super) async fn runs(State(shared): State<Arc<Shared>>) -> Response<Body> {
    html(dashboard::runs(&shared.view.now(), shared.now()))
}

pub(super) async fn style() -> Response<Body> {
    answer(StatusCode::OK, "text/css; charset=utf-8", dashboard::STYLE)
}

pub(super) async fn script() -> Response<Body> {
    answer(StatusCode::OK, "text/javascript; charset=utf-8", dashboard::SCRIPT)
}

fn html(page: String) -> Response<Body> {
    answer(StatusCode::OK, HTML, page)
}
