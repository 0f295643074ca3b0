//! What people and machines may see of a daemon, whatever it is doing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use jiff::Timestamp;

use super::state::Memory;
use crate::model::PinName;

/// What is shown; replaced whole.
#[derive(Debug, Default)]
pub struct View {
    shown: RwLock<Arc<Shown>>,
    problem: Mutex<Option<String>>,
}

/// What is shown.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    /// What is remembered.
    pub memory: Arc<Memory>,
    /// All pins that are declared; none while that is not known.
    pub declared: Option<BTreeSet<PinName>>,
    /// When a run is due next.
    pub next: Option<Timestamp>,
    /// Whether one is under way.
    pub running: bool,
}

impl Shown {
    /// The open proposals that move a pin, by branch, each with where it can be read.
    pub fn proposals_of(&self, pin: &str) -> BTreeMap<&str, Option<&str>> {
        let proposals = self.memory.proposals.iter();
        let of_pin = proposals.filter(|(_, it)| it.pins.iter().any(|name| name == pin));
        of_pin.map(|(branch, it)| (branch.as_str(), it.url.as_deref())).collect()
    }
}

impl View {
    pub(super) fn show(&self, shown: Shown) {
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shown);
    }

    /// Why what is declared could not be read when it was last tried; none where it could.
    pub(super) fn declared(&self, problem: Option<String>) {
        *self.problem.lock().unwrap_or_else(PoisonError::into_inner) = problem;
    }

    /// What there is to see now.
    pub fn now(&self) -> Arc<Shown> {
        Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Why what is declared could not be read when it was last tried.
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
