//! The API: what is known, in JSON. `openapi.json` describes it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use serde_json::{Value, json};

use super::{Shared, text};
use crate::daemon::{PinState, Run, Standing};
use crate::report::SCHEMA_VERSION;

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
    let pins: Vec<Value> = shown.memory.pins.iter().map(|(name, pin)| brief(name.as_str(), pin)).collect();
    document(json!({
        "pins": pins,
        "succeeded": shown.memory.succeeded,
        "next_run": shown.next,
        "running": shown.running,
    }))
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
    let mut value = brief(&name, pin);
    value["explanation"] = json!(pin.explanation);
    value["history"] = json!(pin.history);
    value["proposals"] = json!(shown.proposals_of(&name));
    document(json!({ "pin": value }))
}

pub(super) async fn runs(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let shown = shared.view.now();
    let runs: Vec<&Run> = shown.memory.runs.iter().rev().collect();
    document(json!({ "runs": runs }))
}

pub(super) async fn alarms(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let shown = shared.view.now();
    let alarm = |(_, pin): &(_, &PinState)| pin.state == Standing::Alarm;
    let alarms = shown.memory.pins.iter().filter(alarm);
    let alarms: Vec<Value> =
        alarms.map(|(name, pin)| json!({ "name": name, "alarm": pin.note, "explanation": pin.explanation, "asked": pin.asked })).collect();
    document(json!({ "alarms": alarms }))
}

pub(super) async fn proposals(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let shown = shared.view.now();
    let proposals = shown.memory.proposals.iter();
    let proposals: Vec<Value> = proposals
        .map(
            |(branch, it)| json!({ "branch": branch, "pins": it.pins, "outcome": it.outcome, "url": it.url }),
        )
        .collect();
    document(json!({ "proposals": proposals }))
}

pub(super) async fn images(State(shared): State<Arc<Shared>>) -> Response<Body> {
    document(json!({ "images": shared.view.now().memory.images }))
}

fn brief(name: &str, pin: &PinState) -> Value {
    json!({
        "name": name,
        "state": pin.state,
        "upstream": pin.upstream,
        "track": pin.track,
        "locked": pin.locked,
        "content": pin.content,
        "first_seen": pin.first_seen,
        "allowed": pin.allowed,
        "newest": pin.newest,
        "note": pin.note,
        "notices": pin.notices,
        "asked": pin.asked,
        "schedule": pin.schedule,
        "images": pin.images,
        "files": pin.files,
    })
}

fn document(mut value: Value) -> Response<Body> {
    value["schema_version"] = json!(SCHEMA_VERSION);
    super::json(StatusCode::OK, format!("{value:#}\n"))
}

/// What is wrong with a request.
pub(super) fn problem(status: StatusCode, why: &str) -> Response<Body> {
    super::json(status, format!("{:#}\n", json!({ "error": why })))
}
