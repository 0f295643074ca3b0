//! The API: what is known, in JSON. `openapi.json` describes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::{Shared, text};
use crate::daemon::{ImageState, PinState, Run, Seen, Standing};
use crate::report::SCHEMA_VERSION;

/// Written as it goes, without a tree of it in memory.
#[derive(Serialize)]
struct Document<T> {
    schema_version: u32,
    #[serde(flatten)]
    content: T,
}

#[derive(Serialize)]
struct Pins<'a> {
    pins: Vec<Brief<'a>>,
    succeeded: Option<Timestamp>,
    next_run: Option<Timestamp>,
    running: bool,
}

#[derive(Serialize)]
struct OnePin<'a> {
    pin: Whole<'a>,
}

#[derive(Serialize)]
struct Whole<'a> {
    #[serde(flatten)]
    brief: Brief<'a>,
    explanation: &'a str,
    history: &'a [Seen],
    proposals: BTreeMap<&'a str, Option<&'a str>>,
}

#[derive(Serialize)]
struct Brief<'a> {
    name: &'a str,
    state: Standing,
    upstream: &'a str,
    track: &'a str,
    locked: Option<&'a str>,
    content: Option<&'a str>,
    first_seen: Option<Timestamp>,
    allowed: Option<&'a str>,
    newest: Option<&'a str>,
    note: Option<&'a str>,
    notices: &'a [String],
    asked: Timestamp,
    schedule: &'a str,
    images: &'a [String],
    files: &'a [String],
}

#[derive(Serialize)]
struct Runs<'a> {
    runs: Vec<&'a Run>,
}

#[derive(Serialize)]
struct Alarms<'a> {
    alarms: Vec<Alarm<'a>>,
}

#[derive(Serialize)]
struct Alarm<'a> {
    name: &'a str,
    alarm: Option<&'a str>,
    explanation: &'a str,
    asked: Timestamp,
}

#[derive(Serialize)]
struct Proposals<'a> {
    proposals: Vec<Proposed<'a>>,
}

#[derive(Serialize)]
struct Proposed<'a> {
    branch: &'a str,
    pins: &'a [String],
    outcome: &'a str,
    url: Option<&'a str>,
}

#[derive(Serialize)]
struct Images<'a> {
    images: &'a [ImageState],
}

/// Ready is who knows what is declared.
pub(super) async fn ready(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let shown = shared.view.now();
    match (shown.declared.is_some(), shared.view.problem()) {
        (true, _) => text(StatusCode::OK, "ready\n"),
        (false, Some(problem)) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{problem}\n")),
        (false, None) => text(StatusCode::SERVICE_UNAVAILABLE, "what is declared is not known yet\n"),
    }
}

pub(super) async fn pins(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let shown = shared.view.now();
    let pins = shown.memory.pins.iter().map(|(name, pin)| Brief::of(name.as_str(), pin)).collect();
    let (succeeded, next_run, running) = (shown.memory.succeeded, shown.next, shown.running);
    document(Pins { pins, succeeded, next_run, running })
}

pub(super) async fn pin(State(shared): State<Arc<Shared>>, Path(name): Path<String>) -> Response<Body> {
    let shown = shared.view.now();
    let found = shown.memory.pins.iter().find(|(known, _)| known.as_str() == name);
    let Some((_, pin)) = found else {
        return problem(
            StatusCode::NOT_FOUND,
            "no pin of that name is declared, or it was not asked about yet",
        );
    };
    let (brief, proposals) = (Brief::of(&name, pin), shown.proposals_of(&name));
    let pin = Whole { brief, explanation: &pin.explanation, history: &pin.history, proposals };
    document(OnePin { pin })
}

pub(super) async fn runs(State(shared): State<Arc<Shared>>) -> Response<Body> {
    document(Runs { runs: shared.view.now().memory.runs.iter().rev().collect() })
}

pub(super) async fn alarms(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let shown = shared.view.now();
    let alarms = shown.memory.pins.iter().filter(|(_, pin)| pin.state == Standing::Alarm);
    let alarms = alarms.map(|(name, pin)| Alarm {
        name: name.as_str(),
        alarm: pin.note.as_deref(),
        explanation: &pin.explanation,
        asked: pin.asked,
    });
    document(Alarms { alarms: alarms.collect() })
}

pub(super) async fn proposals(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let shown = shared.view.now();
    let proposals = shown.memory.proposals.iter().map(|(branch, it)| Proposed {
        branch,
        pins: &it.pins,
        outcome: &it.outcome,
        url: it.url.as_deref(),
    });
    document(Proposals { proposals: proposals.collect() })
}

pub(super) async fn images(State(shared): State<Arc<Shared>>) -> Response<Body> {
    document(Images { images: &shared.view.now().memory.images })
}

impl<'a> Brief<'a> {
    fn of(name: &'a str, pin: &'a PinState) -> Self {
        Self {
            name,
            state: pin.state,
            upstream: &pin.upstream,
            track: &pin.track,
            locked: pin.locked.as_deref(),
            content: pin.content.as_deref(),
            first_seen: pin.first_seen,
            allowed: pin.allowed.as_deref(),
            newest: pin.newest.as_deref(),
            note: pin.note.as_deref(),
            notices: &pin.notices,
            asked: pin.asked,
            schedule: &pin.schedule,
            images: &pin.images,
            files: &pin.files,
        }
    }
}

fn document(content: impl Serialize) -> Response<Body> {
    match serde_json::to_string_pretty(&Document { schema_version: SCHEMA_VERSION, content }) {
        Ok(text) => super::json(StatusCode::OK, text + "\n"),
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be written"),
    }
}

/// What is wrong with a request.
pub(super) fn problem(status: StatusCode, why: &str) -> Response<Body> {
    super::json(status, format!("{:#}\n", json!({ "error": why })))
}
