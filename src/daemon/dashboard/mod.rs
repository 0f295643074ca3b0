//! The dashboard: pages that are whole without scripts, made of what is remembered. Pure.
//!
//! `overview` is the first page, `pins` its table; `pin` is the page of one pin, `timeline` the picture of its history; `lists` has
//! the images and the runs. `page` is what is around each, `parts` what they share.

mod lists;
mod overview;
mod page;
mod parts;
mod pin;
mod pins;
mod timeline;

use jiff::Timestamp;

use super::{Shown, Standing};
use page::{Page, page};

/// What the pages look like.
pub(super) const STYLE: &str = include_str!("style.css");
/// What makes them better.
pub(super) const SCRIPT: &str = include_str!("script.js");

/// All pins, or those of one state. `problem` is why what is declared could not be read.
pub(super) fn overview(
    shown: &Shown,
    problem: Option<&str>,
    state: Option<Standing>,
    now: Timestamp,
) -> String {
    page(Page::Overview, "Pins", now, &overview::overview(shown, problem, state, now)).into_string()
}

/// One pin; none where no pin of that name is known.
pub(super) fn pin(shown: &Shown, name: &str, now: Timestamp) -> Option<String> {
    let (_, pin) = shown.memory.pins.iter().find(|(known, _)| known.as_str() == name)?;
    Some(page(Page::Pin, name, now, &pin::pin(shown, name, pin, now)).into_string())
}

/// That there is no such pin.
pub(super) fn no_pin(now: Timestamp) -> String {
    page(Page::Pin, "No such pin", now, &pin::none()).into_string()
}

/// The images and the pins that they read.
pub(super) fn images(shown: &Shown, now: Timestamp) -> String {
    page(Page::Images, "Images", now, &lists::images(shown)).into_string()
}

/// The runs.
pub(super) fn runs(shown: &Shown, now: Timestamp) -> String {
    page(Page::Runs, "Runs", now, &lists::runs(shown, now)).into_string()
}
