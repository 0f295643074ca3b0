//! The daemon: what runs for months, does at the right times what `refresh --propose` does, and shows where things stand.

mod event;
mod timers;

pub use event::{Event, Pins};
pub use timers::{Begun, Timers};
