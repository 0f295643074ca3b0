//! What is counted, for Prometheus (OpenMetrics text format).

use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, StatusCode};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit};

use super::{Shared, answer, api::problem};
use crate::daemon::{BOUNDS, Durations, Run, Shown, Standing};

const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) async fn metrics(State(shared): State<Arc<Shared>>) -> Response<Body> {
    let mut text = String::new();
    match encode(&mut text, &registry(&shared.view.now(), shared.view.problem().is_some())) {
        Ok(()) => answer(StatusCode::OK, KIND, text),
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be written"),
    }
}

/// All metrics as they are now: what they are made of is remembered anyway.
fn registry(shown: &Shown, refused: bool) -> Registry {
    let mut all = Registry::with_prefix("solera_pin");
    let memory = &shown.memory;
    let standing =
        Standing::ALL.map(|state| (state, memory.pins.values().filter(|pin| pin.state == state).count()));
    let alarms = standing.iter().find(|(state, _)| *state == Standing::Alarm).map_or(0, |(_, count)| *count);
    all.register_collector(Box::new(Counted { standing, took: memory.took }));
    all.register("alarms", "Pins with an integrity alarm", gauge(count(alarms)));
    let times = [
        ("last_success_timestamp", "As of when all pins are answered, since 1970", memory.succeeded),
        ("last_alarm_timestamp", "When a run last saw an integrity alarm, since 1970", memory.alarmed),
        ("next_run_timestamp", "When a run is due next, since 1970", shown.next),
    ];
    for (name, help, at) in times {
        if let Some(at) = at {
            all.register_with_unit(name, help, Unit::Seconds, gauge(seconds(at)));
        }
    }
    let ended = memory.runs.iter().rev().find(|run| run.ended.is_some());
    if let Some(long) = ended.and_then(duration) {
        all.register_with_unit("last_run_duration", "How long the last run took", Unit::Seconds, gauge(long));
    }
    if let Some(status) = ended.and_then(|run| run.status) {
        all.register(
            "last_run_status",
            "The exit code that the last run amounts to",
            gauge(i64::from(status)),
        );
    }
    all.register(
        "configuration_refused",
        "Whether what is declared could not be read, so that what was known stays",
        gauge(i64::from(refused)),
    );
    all.register("running", "Whether a run is under way", gauge(i64::from(shown.running)));
    all.register("proposals", "Proposals that are open", gauge(count(memory.proposals.len())));
    let runs = memory.runs.last().map_or(0, |run| run.id);
    all.register("runs", "Runs that were begun", ConstCounter::new(runs));
    all.register("requests", "Requests that were sent to upstreams", ConstCounter::new(memory.sent.requests));
    all.register("retries", "Requests that were sent again", ConstCounter::new(memory.sent.retries));
    all
}

/// What is written in an order of its own: the states as they are told elsewhere, and all that there are.
#[derive(Debug)]
struct Counted {
    standing: [(Standing, usize); Standing::ALL.len()],
    took: Durations,
}

impl Collector for Counted {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut pins =
            encoder.encode_descriptor("pins", "Pins, by how they stand.", None, MetricType::Gauge)?;
        for (state, pins_of_it) in self.standing {
            pins.encode_family(&[("state", state.name())])?.encode_gauge(&count(pins_of_it))?;
        }
        let help = "How long runs took, without those that were cut off.";
        let mut runs =
            encoder.encode_descriptor("run_duration", help, Some(&Unit::Seconds), MetricType::Histogram)?;
        let classes: Vec<(f64, u64)> = BOUNDS.into_iter().zip(self.took.classes).collect();
        runs.encode_histogram::<NoLabelSet>(self.took.seconds, self.took.count(), &classes, None)
    }
}

fn gauge<N>(value: N) -> ConstGauge<N> {
    ConstGauge::new(value)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn seconds(at: jiff::Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

fn duration(run: &Run) -> Option<f64> {
    // A clock may have been set back meanwhile.
    Some(run.ended?.duration_since(run.began).as_secs_f64().max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::Memory;

    #[test]
    fn states_are_in_their_order_and_alarms_are_told() {
        let pin = serde_json::json!({
            "state": "alarm", "upstream": "", "track": "", "notices": [], "asked": "2026-11-22T12:00:00Z", "schedule": "",
            "explanation": "", "images": [], "files": [], "history": [],
        });
        let pins = serde_json::json!({ "x": pin, "y": pin });
        let memory = serde_json::json!({ "pins": pins, "alarmed": "1970-01-01T00:01:00Z" });
        let memory: Memory = serde_json::from_value(memory).unwrap();
        let shown = Shown { memory: Arc::new(memory), ..Shown::default() };
        let mut text = String::new();
        encode(&mut text, &registry(&shown, false)).unwrap();
        let states: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("solera_pin_pins{state=\"")?.split('"').next())
            .collect();
        assert_eq!(states, Standing::ALL.map(Standing::name));
        for line in [
            "solera_pin_pins{state=\"alarm\"} 2",
            "solera_pin_alarms 2",
            "solera_pin_last_alarm_timestamp_seconds 60.0",
        ] {
            assert!(text.lines().any(|known| known == line), "{line}: {text}");
        }
    }
}
