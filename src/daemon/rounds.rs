//! What a daemon is given: a clock, and what it does when it is time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::state::{ImageState, PinState, Proposal, Sent};
use super::{Pins, Timers};
use crate::model::PinName;

/// The clock on the wall.
pub trait Clock: Send + Sync {
    /// The time.
    fn now(&self) -> Timestamp;
}

/// What a daemon does when it is time.
pub trait Rounds {
    /// Reads what is declared now, with settings read anew.
    fn declared(&mut self, now: Timestamp) -> impl Future<Output = Result<Declared, String>>;

    /// Asks about pins and proposes what there is.
    fn round(&mut self, pins: &Pins, now: Timestamp) -> impl Future<Output = Outcome>;
}

/// What a repository declares.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// When which pin is asked about.
    pub timers: Timers,
    /// All pins.
    pub pins: BTreeSet<PinName>,
    /// The images of the catalog.
    pub images: Vec<ImageState>,
}

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// As the exit code of `refresh --propose`.
    pub status: u8,
    /// The commit of the base branch that it went by.
    pub base: Option<String>,
    /// What could not be done, a line each.
    pub problems: Vec<String>,
    /// What was sent to upstreams.
    pub sent: Sent,
    /// What was found out; none where nothing could be.
    pub found: Option<Found>,
}

/// What a run found out.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What is declared.
    pub declared: Declared,
    /// Where the pins stand that were asked about.
    pub pins: BTreeMap<PinName, PinState>,
    /// The proposals for the pins that were asked about.
    pub proposals: BTreeMap<String, Proposal>,
}
