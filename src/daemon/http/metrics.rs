//! What is counted, for Prometheus (OpenMetrics text format).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::registry::{Registry, Unit};

use super::{Shared, answer, api::problem};
use crate::daemon::{Run, Shown, Standing};

const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let mut text = String::new();
    match encode(&mut text, &registry(&shared.view.now())) {
        Ok(()) => answer(StatusCode::OK, KIND, text),
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be written"),
    }
}

/// All metrics as they are now: what they are made of is remembered anyway.
fn registry(shown: &Shown) -> Registry {
    let mut all = Registry::with_prefix("solera_pin");
    let memory = &shown.memory;
    let pins = Family::<Vec<(&'static str, &'static str)>, Gauge>::default();
    for state in Standing::ALL {
        let count = memory.pins.values().filter(|pin| pin.state == state).count();
        pins.get_or_create(&vec![("state", state.name())]).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
    all.register("pins", "Pins, by how they stand", pins);
    if let Some(succeeded) = memory.succeeded {
        let help = "When a run last ended with everything answered, since 1970";
        all.register_with_unit("last_success_timestamp", help, Unit::Seconds, gauge(seconds(succeeded)));
    }
    if let Some(next) = shown.next {
        let help = "When a run is due next, since 1970";
        all.register_with_unit("next_run_timestamp", help, Unit::Seconds, gauge(seconds(next)));
    }
    let ended = memory.runs.iter().rev().find(|run| run.ended.is_some());
    if let Some(long) = ended.and_then(duration) {
        all.register_with_unit("last_run_duration", "How long the last run took", Unit::Seconds, gauge(long));
    }
    if let Some(status) = ended.and_then(|run| run.status) {
        all.register(
            "last_run_status",
            "The exit code that the last run amounts to",
            gauge(f64::from(status)),
        );
    }
    all.register("running", "Whether a run is under way", gauge(f64::from(u8::from(shown.running))));
    all.register("proposals", "Proposals that are open", gauge(count(memory.proposals.len())));
    let runs = memory.runs.last().map_or(0, |run| run.id);
    all.register("runs", "Runs that were begun", ConstCounter::new(runs));
    all.register("requests", "Requests that were sent to upstreams", ConstCounter::new(memory.sent.requests));
    all.register("retries", "Requests that were sent again", ConstCounter::new(memory.sent.retries));
    all
}

fn gauge(value: f64) -> ConstGauge<f64> {
    ConstGauge::new(value)
}

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

fn seconds(at: jiff::Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

fn duration(run: &Run) -> Option<f64> {
    Some(run.ended?.duration_since(run.began).as_secs_f64())
}
