//! One pin: how it stands and why, what its tags named when, and where it is used.

use jiff::Timestamp;
use maud::{Markup, html};

use super::parts::{cell, head, moment_and, proposal_link, state, table};
use super::timeline::timeline;
use crate::daemon::{PinState, Shown, Standing};

/// A longer history than this is a table that one asks for.
const LONG: usize = 12;

/// That there is no such pin.
pub(super) fn none() -> Markup {
    html! { h1 { "No such pin" } p { "No pin of that name is known here. " a href="/" { "All pins" } } }
}

pub(super) fn pin(shown: &Shown, name: &str, pin: &PinState, now: Timestamp) -> Markup {
    html! {
        nav.crumbs aria-label="Breadcrumb" { a href="/" { "Pins" } " / " span aria-current="page" { (name) } }
        h1 { (name) " " (state(pin.state)) }
        @if pin.state == Standing::Alarm {
            section.callout.alarm aria-labelledby="alarm" {
                h2 id="alarm" { "Alarm" }
                p { (pin.note.as_deref().unwrap_or("its explanation is below")) }
            }
        }
        (facts(shown, name, pin, now))
        section aria-labelledby="why" {
            h2 id="why" { "Why" }
            pre { (pin.explanation) }
        }
        section aria-labelledby="history" {
            h2 id="history" { "History" }
            @if pin.history.is_empty() {
                p.dim { "Nothing was seen yet." }
            } @else {
                (timeline(&pin.history, now))
                details open[pin.history.len() <= LONG] {
                    summary { "The same as a table" }
                    (history(pin, now))
                }
            }
        }
        section aria-labelledby="used" {
            h2 id="used" { "Used by" }
            @if pin.images.is_empty() && pin.files.is_empty() {
                p.dim { "No image reads it, and no file names it." }
            } @else {
                ul.plain {
                    @for image in &pin.images { li { "the image " a href={ "/images#" (image) } { (image) } } }
                    @for file in &pin.files { li { code { (file) } } }
                }
            }
        }
    }
}

fn facts(shown: &Shown, name: &str, pin: &PinState, now: Timestamp) -> Markup {
    let fact = |name: &str, value: Markup| html! { div { dt { (name) } dd { (value) } } };
    html! {
        dl.facts {
            (fact("follows", html! { (pin.upstream) ", tags of " code { (pin.track) } }))
            (fact("locked", match &pin.locked {
                Some(tag) => html! { (tag) @if let Some(content) = &pin.content { " " code { (content) } } },
                None => html! { span.dim { "not locked" } },
            }))
            @if let Some(at) = pin.first_seen { (fact("first seen", moment_and(at, now))) }
            @if let Some(newest) = &pin.newest { (fact("newest", html! { (newest) })) }
            @if let Some(note) = pin.note.as_ref().filter(|_| pin.state != Standing::Alarm) {
                (fact("state", html! { (note) }))
            }
            @for notice in &pin.notices { (fact("notice", html! { (notice) })) }
            @for (branch, url) in shown.proposals_of(name) { (fact("proposed", proposal_link(branch, url))) }
            (fact("as of", moment_and(pin.asked, now)))
            (fact("schedule", html! { code { (pin.schedule) } }))
        }
    }
}

fn history(pin: &PinState, now: Timestamp) -> Markup {
    let rows = html! {
        @for seen in pin.history.iter().rev() {
            tr role="row" {
                (head(&html! { (seen.tag) @if seen.locked { " " span.locked { "locked" } } }))
                (cell("content", &html! { code { (seen.content) } }))
                (cell("first seen", &moment_and(seen.at, now)))
            }
        }
    };
    table(
        "history-table",
        "What its tags were first seen to name, the newest first.",
        &["tag", "content", "first seen"],
        None,
        &rows,
    )
}
