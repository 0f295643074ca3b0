//! The dashboard: pages that are whole without scripts, made anew for each request of what is remembered.
//!
//! `overview` is the first page, `pin` that of one pin, `lists` the images and the runs; `timeline` draws a pin's history;
//! `parts` is what they share.

mod lists;
mod overview;
mod parts;
mod pin;
mod timeline;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};

use super::http::{Shared, answer};
use parts::{Page, page};

const HTML: &str = "text/html; charset=utf-8";

pub(super) async fn overview(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let shown = shared.view.now();
    let body = overview::overview(&shown, shared.view.problem().as_deref(), shared.now());
    whole(StatusCode::OK, Page::Overview, "Pins", &body)
}

pub(super) async fn pin(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response<Body> {
    let shown = shared.view.now();
    match shown.memory.pins.iter().find(|(known, _)| known.as_str() == name) {
        Some((_, pin)) => {
            whole(StatusCode::OK, Page::Pin, &name, &pin::pin(&shown, &name, pin, shared.now()))
        }
        None => whole(
            StatusCode::NOT_FOUND,
            Page::Pin,
            "No such pin",
            &parts::nothing("No pin of that name is known here."),
        ),
    }
}

pub(super) async fn images(State(shared): State<Arc<Shared>>) -> Response<Body> {
    whole(StatusCode::OK, Page::Images, "Images", &lists::images(&shared.view.now()))
}

pub(super) async fn runs(State(shared): State<Arc<Shared>>) -> Response<Body> {
    whole(StatusCode::OK, Page::Runs, "Runs", &lists::runs(&shared.view.now(), shared.now()))
}

pub(super) async fn style() -> Response<Body> {
    answer(StatusCode::OK, "text/css; charset=utf-8", include_str!("style.css"))
}

pub(super) async fn script() -> Response<Body> {
    answer(StatusCode::OK, "text/javascript; charset=utf-8", include_str!("script.js"))
}

fn whole(status: StatusCode, here: Page, title: &str, body: &maud::Markup) -> Response<Body> {
    answer(status, HTML, page(here, title, body).into_string())
}
