//! The first page: what is wrong, how all stands, what is proposed, and every pin.

use jiff::Timestamp;
use maud::{Markup, html};

use super::parts::{content, pin_link, proposal_link, state, when, when_known};
use crate::daemon::{PinState, Shown, Standing};

pub(super) fn overview(shown: &Shown, problem: Option<&str>, now: Timestamp) -> Markup {
    html! {
        h1 { "Pins" }
        @if let Some(problem) = problem {
            section.alarm role="status" aria-labelledby="unread" {
                h2 id="unread" { "What is declared could not be read" }
                pre tabindex="0" { (problem) }
                p { "What was known stays, and is gone by until that is mended." }
            }
        }
        (alarms(shown))
        (last(shown, now))
        (summary(shown, now))
        (proposals(shown))
        (pins(shown, now))
    }
}

fn alarms(shown: &Shown) -> Markup {
    let alarms: Vec<(String, &PinState)> = shown
        .memory
        .pins
        .iter()
        .filter(|(_, pin)| pin.state == Standing::Alarm)
        .map(|(name, pin)| (name.to_string(), pin))
        .collect();
    html! {
        @if !alarms.is_empty() {
            section.alarm role="status" aria-labelledby="alarms" {
                h2 id="alarms" { "Alarms" }
                ul {
                    @for (name, pin) in &alarms {
                        li { (pin_link(name)) ": " (pin.note.as_deref().unwrap_or("see its page")) }
                    }
                }
            }
        }
    }
}

/// What the last run could not do.
fn last(shown: &Shown, now: Timestamp) -> Markup {
    let ended = shown.memory.runs.iter().rev().find_map(|run| Some((run, run.ended?)));
    html! {
        @if let Some((run, ended)) = ended {
            @if !run.problems.is_empty() {
                section.problems aria-labelledby="last" {
                    h2 id="last" { "What the last run could not do" }
                    ul { @for problem in &run.problems { li { (problem) } } }
                    p.dim { "Run " a href="/runs" { (run.id) } ", which ended " (when(ended, now)) "." }
                }
            }
        }
    }
}

fn summary(shown: &Shown, now: Timestamp) -> Markup {
    let count = |state: Standing| shown.memory.pins.values().filter(|pin| pin.state == state).count();
    html! {
        section aria-labelledby="summary" {
            h2.visually-hidden id="summary" { "Summary" }
            dl.cards {
                @for one in Standing::ALL {
                    @let many = count(one);
                    div class={ "card " (one.name()) } data-count=(many) { dt { (one.name()) } dd { (many) } }
                }
            }
            p.facts {
                "Last run with everything answered: " (when_known(shown.memory.succeeded, now)) ". "
                @match (shown.running, shown.next) {
                    (true, _) => { strong { "A run is under way." } }
                    (false, Some(next)) => { "Next run: " (when(next, now)) "." }
                    (false, None) => { "No run is due." }
                }
            }
        }
    }
}

fn proposals(shown: &Shown) -> Markup {
    html! {
        section aria-labelledby="proposals" {
            h2 id="proposals" { "Open proposals" }
            @if shown.memory.proposals.is_empty() {
                p.dim { "None: everything that could move has moved, is held, or is not old enough." }
            } @else {
                ul.plain {
                    @for (branch, it) in &shown.memory.proposals {
                        li {
                            (proposal_link(branch, it.url.as_deref())) " "
                            span.dim { (it.outcome) ", moves " (it.pins.join(", ")) }
                        }
                    }
                }
            }
        }
    }
}

fn pins(shown: &Shown, now: Timestamp) -> Markup {
    html! {
        section aria-labelledby="pins" {
            h2 id="pins" { "All pins" }
            @if shown.memory.pins.is_empty() {
                p.dim { "Nothing was asked about yet." }
            } @else {
                p.filter hidden {
                    label for="filter" { "Filter" } " "
                    input id="filter" type="search" autocomplete="off" placeholder="name, state, tag…";
                    " " output id="matches" for="filter" {}
                }
                div.scroll tabindex="0" role="region" aria-labelledby="pins" {
                    table id="pin-table" {
                        thead {
                            tr {
                                @for name in ["pin", "state", "locked", "newest", "age", "asked", "what holds it back"] {
                                    th scope="col" { (name) }
                                }
                            }
                        }
                        tbody {
                            @for (name, pin) in &shown.memory.pins { (row(name.as_str(), pin, now)) }
                        }
                    }
                }
            }
        }
    }
}

fn row(name: &str, pin: &PinState, now: Timestamp) -> Markup {
    let sortable = |at: Option<Timestamp>| at.map_or(0, Timestamp::as_second);
    html! {
        tr {
            th scope="row" { (pin_link(name)) }
            td { (state(pin.state)) }
            td {
                @match &pin.locked {
                    Some(tag) => { (tag) @if let Some(it) = &pin.content { " " (content(it)) } }
                    None => { span.dim { "not locked" } }
                }
            }
            td { (pin.newest.as_deref().unwrap_or("")) }
            td data-sort=(sortable(pin.first_seen)) { (when_known(pin.first_seen, now)) }
            td data-sort=(pin.asked.as_second()) { (when(pin.asked, now)) }
            td { (pin.note.as_deref().unwrap_or("")) }
        }
    }
}
