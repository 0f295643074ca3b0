//! One pin: how it stands and why, what its tags named when, and where it is used.

use jiff::Timestamp;
use maud::{Markup, html};

use super::parts::{content, proposal_link, state, when, when_known};
use super::timeline::timeline;
use crate::daemon::{PinState, Shown};

pub(super) fn pin(shown: &Shown, name: &str, pin: &PinState, now: Timestamp) -> Markup {
    html! {
        p.crumbs { a href="/" { "Pins" } " / " (name) }
        h1 { (name) " " (state(pin.state)) }
        dl.facts {
            (fact("follows", &html! { (pin.upstream) ", tags of " code { (pin.track) } }))
            (fact("locked", &match (&pin.locked, &pin.content) {
                (Some(tag), Some(it)) => html! { (tag) " " (content(it)) },
                _ => html! { span.dim { "not locked" } },
            }))
            (fact("first seen", &when_known(pin.first_seen, now)))
            @if let Some(newest) = &pin.newest { (fact("newest", &html! { (newest) })) }
            @if let Some(note) = &pin.note { (fact("what holds it back", &html! { (note) })) }
            @for notice in &pin.notices { (fact("notice", &html! { (notice) })) }
            (fact("asked", &html! { (when(pin.asked, now)) ", by " code { (pin.schedule) } }))
            @for (branch, url) in shown.proposals_of(name) { (fact("proposed", &proposal_link(branch, url))) }
        }
        section aria-labelledby="history" {
            h2 id="history" { "History" }
            @if pin.history.is_empty() {
                p.dim { "Nothing was seen yet." }
            } @else {
                (timeline(&pin.history, now))
                details {
                    summary { "The same as a table" }
                    div.scroll tabindex="0" role="region" aria-labelledby="history" { (history(pin, now)) }
                }
            }
        }
        section aria-labelledby="why" {
            h2 id="why" { "Why" }
            pre tabindex="0" { (pin.explanation) }
        }
        section aria-labelledby="used" {
            h2 id="used" { "Used by" }
            @if pin.images.is_empty() && pin.files.is_empty() { p.dim { "No image reads it, and no file names it." } }
            ul.plain {
                @for image in &pin.images { li { "the image " a href={ "/images#" (image) } { (image) } } }
                @for file in &pin.files { li { code { (file) } } }
            }
        }
    }
}

fn fact(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

fn history(pin: &PinState, now: Timestamp) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "tag" } th scope="col" { "content" } th scope="col" { "first seen" } } }
            tbody {
                @for seen in pin.history.iter().rev() {
                    tr {
                        th scope="row" { (seen.tag) @if seen.locked { " (locked)" } }
                        td { (content(&seen.content)) }
                        td { (when(seen.at, now)) }
                    }
                }
            }
        }
    }
}
