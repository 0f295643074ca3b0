//! The dashboard's pages, each made anew for its request.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};

use super::{Shared, answer};
use crate::daemon::dashboard;

const HTML: &str = "text/html; charset=utf-8";

pub(super) async fn overview(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let problem = shared.view.problem();
    html(dashboard::overview(&shared.view.now(), problem.as_deref(), shared.now()))
}

pub(super) async fn pin(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response<Body> {
    match dashboard::pin(&shared.view.now(), &name, shared.now()) {
        Some(page) => html(page),
        None => answer(StatusCode::NOT_FOUND, HTML, dashboard::no_pin()),
    }
}

pub(super) async fn images(State(shared): State<Arc<Shared>>) -> Response<Body> {
    html(dashboard::images(&shared.view.now()))
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
