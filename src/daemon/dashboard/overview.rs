//! The first page: what is wrong, what is proposed, and every pin.

use jiff::Timestamp;
use maud::{Markup, html};

use super::parts::{count, pin_link, proposal_link, prose, when};
use super::pins::pins;
use crate::daemon::{PinState, Shown, Standing};

pub(super) fn overview(
    shown: &Shown,
    problem: Option<&str>,
    state: Option<Standing>,
    now: Timestamp,
) -> Markup {
    html! {
        h1 { "Pins" }
        (runs(shown, now))
        @if let Some(problem) = problem {
            section.callout.alarm aria-labelledby="unread" {
                h2 id="unread" { "What is declared could not be read" }
                pre { (problem) }
                p { "What was known stays, and is gone by until that is mended." }
            }
        }
        (alarms(shown))
        (last(shown, now))
        (proposals(shown))
        (pins(shown, state, now))
    }
}

fn runs(shown: &Shown, now: Timestamp) -> Markup {
    html! {
        p.facts {
            @match shown.memory.succeeded {
                Some(at) => { "Everything is answered as of: " (when(at, now)) ". " }
                None => { "Not everything was answered yet. " }
            }
            @match (shown.running, shown.next) {
                (true, _) => { strong { "A run is under way." } }
                (false, Some(next)) => { "Next run: " (when(next, now)) "." }
                (false, None) => { "No run is due." }
            }
        }
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
            section.callout.alarm aria-labelledby="alarms" {
                h2 id="alarms" { "Alarms" }
                ul {
                    @for (name, pin) in &alarms {
                        li { (pin_link(name)) ": " (prose(pin.note.as_deref().unwrap_or("see its page"))) }
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
                section.callout.problems aria-labelledby="last" {
                    h2 id="last" { "What the last run could not do" }
                    ul { @for problem in &run.problems { li { (prose(problem)) } } }
                    p.dim { a href={ "/runs#run-" (run.id) } { "Run " (run.id) } " ended " (when(ended, now)) "." }
                }
            }
        }
    }
}

fn proposals(shown: &Shown) -> Markup {
    let proposals = &shown.memory.proposals;
    html! {
        section aria-labelledby="proposals" {
            h2 id="proposals" { "Open proposals" @if !proposals.is_empty() { " " span.count { (proposals.len()) } } }
            @if proposals.is_empty() {
                p.dim { "None: everything that could move has moved, is held, or is not old enough." }
            } @else {
                ul.plain.proposals {
                    @for (branch, it) in proposals {
                        li {
                            (proposal_link(branch, it.url.as_deref()))
                            br;
                            span.dim {
                                (it.outcome) ", moves "
                                @if it.pins.len() > 3 { (count(it.pins.len(), "pin")) } @else { (it.pins.join(", ")) }
                            }
                        }
                    }
                }
            }
        }
    }
}
