//! The table of pins, and what it may be narrowed to.

use jiff::Timestamp;
use maud::{Markup, html};

use super::parts::{
    age, cell, content, count, head, pin_link, proposal_link, prose, sorted, state, table, tag, when,
};
use crate::daemon::{PinState, Shown, Standing};

const COLUMNS: [&str; 8] = ["pin", "state", "locked", "newest", "age", "why", "used by", "as of"];

/// All pins; those that are not of a wanted state are there, and not shown.
pub(super) fn pins(shown: &Shown, wanted: Option<Standing>, now: Timestamp) -> Markup {
    let pins = &shown.memory.pins;
    let matching = pins.values().filter(|pin| is_wanted(pin, wanted)).count();
    html! {
        section aria-labelledby="pins" {
            h2 id="pins" { "All pins" }
            @if pins.is_empty() {
                p.dim { "Nothing was asked about yet." }
            } @else {
                (states(shown, wanted))
                div.narrowing {
                    p.filter hidden {
                        label for="filter" { "Filter" } " "
                        input id="filter" type="search" autocomplete="off" placeholder="name, state, tag, digest…";
                    }
                    output.dim id="matches" {
                        @if wanted.is_some() { (matching) " of " } (count(pins.len(), "pin"))
                    }
                }
                @let caption = "Each row is as of when its pin was last asked about.";
                @let rows = html! { @for (name, pin) in pins { (row(shown, name.as_str(), pin, wanted, now)) } };
                (table("pin-table", caption, &COLUMNS, Some(COLUMNS[0]), &rows))
            }
        }
    }
}

fn is_wanted(pin: &PinState, wanted: Option<Standing>) -> bool {
    wanted.is_none_or(|wanted| pin.state == wanted)
}

/// How many pins stand how, each a link to those.
fn states(shown: &Shown, wanted: Option<Standing>) -> Markup {
    let pins = &shown.memory.pins;
    let here = |is: bool| is.then_some("true");
    html! {
        ul.states aria-label="Pins by state" {
            li { a href="/#pins" data-state="" aria-current=[here(wanted.is_none())] { span.count { (pins.len()) } " all" } }
            @for one in Standing::ALL {
                @let many = pins.values().filter(|pin| pin.state == one).count();
                li {
                    @if many == 0 { span.none { span.count { "0" } " " (state(one)) } } @else {
                        a href={ "/?state=" (one.name()) "#pins" } data-state=(one.name()) aria-current=[here(wanted == Some(one))] {
                            span.count { (many) } " " (state(one))
                        }
                    }
                }
            }
        }
    }
}

fn row(shown: &Shown, name: &str, pin: &PinState, wanted: Option<Standing>, now: Timestamp) -> Markup {
    let severity = Standing::ALL.iter().position(|state| *state == pin.state);
    let first = pin.first_seen;
    let used = pin.images.len() + pin.files.len();
    html! {
        tr role="row" data-state=(pin.state.name()) hidden[!is_wanted(pin, wanted)] {
            (head(&pin_link(name)))
            (sorted("state", number(severity), &state(pin.state)))
            @match &pin.locked {
                Some(tag) => (cell("locked", &locked(tag, pin))),
                None => (sorted("locked", None, &html! { span.dim { "not locked" } })),
            }
            (cell("newest", &html! { @if let Some(newest) = &pin.newest { (tag(newest)) } }))
            (sorted("age", first.map(|at| now.duration_since(at).as_secs()), &html! { @if let Some(at) = first { (age(at, now)) } }))
            (cell("why", &why(shown, name, pin)))
            (sorted("used by", number(Some(used)), &uses(pin)))
            (sorted("as of", Some(pin.asked.as_second()), &when(pin.asked, now)))
        }
    }
}

fn number(count: Option<usize>) -> Option<i64> {
    count.and_then(|count| i64::try_from(count).ok())
}

fn locked(locked: &str, pin: &PinState) -> Markup {
    html! { (tag(locked)) @if let Some(it) = &pin.content { " " (content(it)) } }
}

/// What holds a pin back or is wrong, and where its next step can be read.
fn why(shown: &Shown, name: &str, pin: &PinState) -> Markup {
    html! {
        @if let Some(note) = &pin.note { (prose(note)) }
        @for notice in &pin.notices { " " span.notice { (prose(notice)) } }
        @for (branch, url) in shown.proposals_of(name) { " " span.proposal { (proposal_link(branch, url)) } }
    }
}

fn uses(pin: &PinState) -> Markup {
    let (images, files) = (pin.images.len(), pin.files.len());
    html! {
        @if images > 0 { (count(images, "image")) }
        @if images > 0 && files > 0 { ", " }
        @if files > 0 { (count(files, "file")) }
    }
}
