//! The images of the catalog, and the runs.

use jiff::Timestamp;
use maud::{Markup, html};

use super::parts::{cell, count, head, long, moment_and, pin_link, prose, state, table, tag};
use crate::daemon::{Run, Shown};

/// More pins than these are told by their number first.
const FEW: usize = 3;
const COLUMNS: [&str; 7] = ["run", "began", "took", "because", "asked about", "ended", "requests"];

pub(super) fn images(shown: &Shown) -> Markup {
    html! {
        h1 { "Images" }
        @if shown.memory.images.is_empty() { p.dim { "No image of this repository reads pins." } }
        div.images {
            @for image in &shown.memory.images {
                section.image id=(image.name) aria-labelledby={ "name-" (image.name) } {
                    h2 id={ "name-" (image.name) } { (image.name) }
                    p.dim { "extends " (pin_link(&image.base)) ", for " (image.platforms.join(", ")) }
                    ul.plain {
                        @for name in &image.pins {
                            li {
                                (pin_link(name))
                                @if let Some((_, pin)) = shown.memory.pins.iter().find(|(known, _)| known.as_str() == name) {
                                    span { @match &pin.locked { Some(locked) => (tag(locked)), None => "not locked" } }
                                    (state(pin.state))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn runs(shown: &Shown, now: Timestamp) -> Markup {
    let rows = html! { @for run in shown.memory.runs.iter().rev() { (row(run, now)) } };
    html! {
        h1 { "Runs" }
        @if shown.memory.runs.is_empty() { p.dim { "None yet." } } @else {
            (table("run-table", "The newest first.", &COLUMNS, None, &rows))
        }
    }
}

fn row(run: &Run, now: Timestamp) -> Markup {
    let because = match (run.timers.is_empty(), run.triggers) {
        (_, 0) => "it was due",
        (true, _) => "it was asked for",
        (false, _) => "it was due, and asked for",
    };
    let (class, word, more) = ended(run);
    html! {
        tr role="row" id={ "run-" (run.id) } {
            (head(&html! { (run.id) }))
            (cell("began", &moment_and(run.began, now)))
            (cell("took", &html! { @if let Some(ended) = run.ended { (long(ended.duration_since(run.began))) } }))
            (cell("because", &html! { (because) }))
            (cell("asked about", &about(run)))
            (cell("ended", &html! {
                span class={ "state " (class) } { (word) } @if let Some(more) = more { " " (more) }
                @if !run.problems.is_empty() { ul { @for problem in &run.problems { li { (prose(problem)) } } } }
            }))
            (cell("requests", &html! { (run.sent.requests) }))
        }
    }
}

fn about(run: &Run) -> Markup {
    let Some(pins) = &run.pins else { return html! { "all pins" } };
    let names = html! {
        @for (at, name) in pins.iter().enumerate() { @if at > 0 { ", " } (pin_link(name.as_str())) }
    };
    match pins.len() {
        ..=FEW => names,
        many => html! { details { summary { (count(many, "pin")) } (names) } },
    }
}

/// What an exit code says: the state of a pin that looks like it, a word, and more where that is not enough.
fn ended(run: &Run) -> (&'static str, &'static str, Option<&'static str>) {
    match (run.ended, run.status) {
        (None, _) => ("waiting", "not yet", Some("under way, or cut off")),
        (_, Some(0)) => ("current", "done", None),
        (_, Some(3)) => {
            ("unknown", "incomplete", Some("an upstream could not be asked, or has nothing eligible"))
        }
        (_, Some(4)) => ("alarm", "alarm", Some("something is not what it was")),
        _ => ("unlocked", "failed", None),
    }
}
