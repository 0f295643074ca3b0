//! The dashboard: pages that are whole without scripts, made of what is remembered. Pure.
//!
//! `overview` is the first page, `pin` that of one pin, `lists` the images and the runs; `timeline` draws a pin's history;
//! `parts` is what they share.

mod lists;
mod overview;
mod parts;
mod pin;
mod timeline;

use jiff::Timestamp;

use super::Shown;
use parts::{Page, page};

/// What the pages look like.
pub(super) const STYLE: &str = include_str!("style.css");
/// What makes them better.
pub(super) const SCRIPT: &str = include_str!("script.js");

/// All pins. `problem` is why what is declared could not be read.
pub(super) fn overview(shown: &Shown, problem: Option<&str>, now: Timestamp) -> String {
    page(Page::Overview, "Pins", &overview::overview(shown, problem, now)).into_string()
}

/// One pin; none where no pin of that name is known.
pub(super) fn pin(shown: &Shown, name: &str, now: Timestamp) -> Option<String> {
    let (_, pin) = shown.memory.pins.iter().find(|(known, _)| known.as_str() == name)?;
    Some(page(Page::Pin, name, &pin::pin(shown, name, pin, now)).into_string())
}

/// That there is no such pin.
pub(super) fn no_pin() -> String {
    page(Page::Pin, "No such pin", &parts::nothing("No pin of that name is known here.")).into_string()
}

/// The images and the pins that they read.
pub(super) fn images(shown: &Shown) -> String {
    page(Page::Images, "Images", &lists::images(shown)).into_string()
}

/// The runs.
pub(super) fn runs(shown: &Shown, now: Timestamp) -> String {
    page(Page::Runs, "Runs", &lists::runs(shown, now)).into_string()
}
