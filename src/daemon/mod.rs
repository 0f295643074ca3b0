//! The daemon: what runs for months, does at the right times what `refresh --propose` does, and shows where things stand.
//!
//! `timers` and `event` say when and for which pins (pure), `inbox` takes what is asked for, `run` is its life and `pulse` says that
//! it lives, `state` is what it remembers on disk, with the `durations` of runs, `view` what is shown, `http` and `dashboard` how. What a run does is given to it: it knows no upstream and no repository.

mod dashboard;
mod durations;
mod event;
pub mod http;
mod inbox;
mod pulse;
mod rounds;
mod run;
mod state;
#[cfg(test)]
mod tests;
mod timers;
mod view;

pub use durations::{BOUNDS, Durations};
pub use event::{Event, Pins};
pub use inbox::Inbox;
pub use pulse::{Heard, Pulse};
pub use rounds::{Clock, Declared, Found, Outcome, Rounds};
pub use run::{Daemon, Order};
pub use state::{ImageState, Memory, PinState, Proposal, Run, Seen, Sent, Standing, StateError, Store};
pub use timers::{Begun, Timers};
pub use view::{Shown, View};
