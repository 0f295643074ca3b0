//! What is logged, and how: for a person a line for each request, for a machine an object in JSON for everything that is said.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

use super::{Globals, LogFormat};
use crate::report::harmless;

/// Begins to log, as asked for. Without `-v` and without JSON nothing is.
pub(super) fn start(globals: &Globals) {
    let level = match (globals.log_format, globals.quiet, globals.verbose) {
        (_, true, _) => LevelFilter::ERROR,
        (LogFormat::Human, _, 0) => return,
        (_, _, 0 | 1) => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    // The libraries' own events could hold what must not be shown.
    let ours = Targets::new().with_target("solera_pin", level);
    let registry = tracing_subscriber::registry();
    // Whoever calls this as a library has a subscriber already, which then stays.
    let _ = match globals.log_format {
        LogFormat::Human => tracing::subscriber::set_global_default(registry.with(Lines.with_filter(ours))),
        LogFormat::Json => {
            let json = tracing_subscriber::fmt::layer()
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_target(false)
                .with_writer(io::stderr);
            tracing::subscriber::set_global_default(registry.with(json.with_filter(ours)))
        }
    };
}

/// A line for each event, with the pin that it is about.
struct Lines;

/// The name of the pin that a span is about.
struct Pin(String);

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|span| span.name() == "pin") else { return };
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(name) = fields.get("pin") {
            span.extensions_mut().insert(Pin(name.to_owned()));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut line = String::new();
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(Pin(name)) = span.extensions().get::<Pin>() {
                let _ = write!(line, "{name}: ");
            }
        }
        let _ = writeln!(line, "{}", harmless(&fields.text()));
        // Where standard error is closed there is nobody to tell.
        let _ = io::stderr().lock().write_all(line.as_bytes());
    }
}

/// The fields of an event, as texts.
#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }

    /// As a person reads it.
    fn text(&self) -> String {
        let of = |name| self.get(name).unwrap_or_default();
        match (of("message"), self.get("failed")) {
            ("request", Some(failed)) => {
                format!("{} {} failed after {} ms: {failed}", of("method"), of("url"), of("ms"))
            }
            ("request", None) => format!(
                "{} {} {}, {} bytes, {} ms",
                of("method"),
                of("url"),
                of("status"),
                of("bytes"),
                of("ms")
            ),
            (message, _) => {
                let rest = self.0.iter().filter(|(key, _)| *key != "message");
                rest.fold(message.to_owned(), |text, (key, value)| format!("{text} {key}={value}"))
            }
        }
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }
}
