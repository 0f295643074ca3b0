//! The images of the catalog, and the runs.

use jiff::Timestamp;
use maud::{Markup, html};

use super::parts::{long, pin_link, state, when};
use crate::daemon::{Run, Shown};

pub(super) fn images(shown: &Shown) -> Markup {
    html! {
        h1 { "Images" }
        @if shown.memory.images.is_empty() { p.dim { "No image of this repository reads pins." } }
        @for image in &shown.memory.images {
            section.image id=(image.name) aria-labelledby={ "name-" (image.name) } {
                h2 id={ "name-" (image.name) } { (image.name) }
                p { "extends " (pin_link(&image.base)) ", for " (image.platforms.join(", ")) }
                ul.plain {
                    @for name in &image.pins {
                        li {
                            (pin_link(name)) " "
                            @if let Some((_, pin)) = shown.memory.pins.iter().find(|(known, _)| known.as_str() == name) {
                                (state(pin.state)) " " (pin.locked.as_deref().unwrap_or("not locked"))
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn runs(shown: &Shown, now: Timestamp) -> Markup {
    html! {
        h1 { "Runs" }
        @if shown.memory.runs.is_empty() { p.dim { "None yet." } } @else {
            div.scroll tabindex="0" role="region" aria-label="Runs" {
                table {
                    thead {
                        tr {
                            @for name in ["run", "began", "took", "for", "about", "ended", "requests"] { th scope="col" { (name) } }
                        }
                    }
                    tbody { @for run in shown.memory.runs.iter().rev() { (row(run, now)) } }
                }
            }
        }
    }
}

fn row(run: &Run, now: Timestamp) -> Markup {
    let asked = if run.triggers > 0 { "asked for" } else { "due" };
    let about = run.pins.as_ref().map_or_else(
        || "all pins".to_owned(),
        |pins| pins.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    );
    html! {
        tr {
            th scope="row" { (run.id) }
            td { (when(run.began, now)) }
            td { (run.ended.map(|ended| long(ended.duration_since(run.began))).unwrap_or_default()) }
            td { (asked) }
            td { (about) }
            td {
                (ended(run))
                @if !run.problems.is_empty() { ul { @for problem in &run.problems { li { (problem) } } } }
            }
            td { (run.sent.requests) }
        }
    }
}

/// What an exit code says.
fn ended(run: &Run) -> &'static str {
    match (run.ended, run.status) {
        (None, _) => "under way, or cut off",
        (_, Some(0)) => "done",
        (_, Some(3)) => "incomplete: an upstream could not be asked, or has nothing eligible",
        (_, Some(4)) => "an integrity alarm",
        _ => "failed",
    }
}
