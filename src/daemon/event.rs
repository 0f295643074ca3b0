//! What makes the daemon run: timers, and people or machines that ask for it. Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::PinName;

/// Something that a run is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The pins that are to be asked about.
    pub pins: Pins,
    /// The timers that were due.
    pub timers: BTreeSet<String>,
    /// How many asked for it from outside.
    pub triggers: usize,
}

/// Pins, or all that are declared when the run begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pins {
    /// All of them.
    All,
    /// These.
    Some(BTreeSet<PinName>),
}

impl Default for Pins {
    fn default() -> Self {
        Self::Some(BTreeSet::new())
    }
}

impl Event {
    /// Somebody asks for all pins, or for one.
    pub fn trigger(pin: Option<PinName>) -> Self {
        let pins = pin.map_or(Pins::All, |pin| Pins::Some(BTreeSet::from([pin])));
        Self { pins, triggers: 1, ..Self::default() }
    }

    /// Timers are due.
    pub fn timers(timers: BTreeSet<String>, pins: BTreeSet<PinName>) -> Self {
        Self { pins: Pins::Some(pins), timers, triggers: 0 }
    }

    /// Whether there is anything to do.
    pub fn is_empty(&self) -> bool {
        self.timers.is_empty() && self.triggers == 0
    }

    /// One run for both.
    pub fn merge(&mut self, other: Self) {
        self.pins = match (std::mem::take(&mut self.pins), other.pins) {
            (Pins::Some(mut pins), Pins::Some(more)) => {
                pins.extend(more);
                Pins::Some(pins)
            }
            _ => Pins::All,
        };
        self.timers.extend(other.timers);
        self.triggers += other.triggers;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_one_run_for_all_that_it_names() {
        let pin = |name: &str| name.parse::<PinName>().unwrap();
        let mut event = Event::default();
        assert!(event.is_empty());
        event.merge(Event::trigger(Some(pin("a"))));
        event.merge(Event::trigger(Some(pin("b"))));
        event.merge(Event::timers(["0 6 * * *".to_owned()].into(), [pin("c")].into()));
        assert_eq!(event.pins, Pins::Some(["a", "b", "c"].map(pin).into()));
        assert_eq!((event.triggers, event.timers.len(), event.is_empty()), (2, 1, false));
        event.merge(Event::trigger(None));
        assert_eq!(event.pins, Pins::All);
    }
}
