//! Which pins are due, and when the next are. Pure.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::PinName;
use crate::schedule::Schedule;

/// The schedules of all pins: those with the same expression are due together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timers {
    timers: BTreeMap<String, Timer>,
    /// Tells this repository's jitter from that of others.
    seed: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Timer {
    schedule: Schedule,
    pins: BTreeSet<PinName>,
}

/// When each timer last began, by its expression.
pub type Begun = BTreeMap<String, Timestamp>;

impl Timers {
    /// The schedule of each pin.
    pub fn new<'a>(pins: impl IntoIterator<Item = (&'a PinName, Schedule)>, seed: u64) -> Self {
        let mut timers: BTreeMap<String, Timer> = BTreeMap::new();
        for (pin, schedule) in pins {
            let timer = timers
                .entry(schedule.cron.to_string())
                .or_insert_with(|| Timer { schedule, pins: BTreeSet::new() });
            timer.pins.insert(pin.clone());
        }
        Self { timers, seed }
    }

    /// What is remembered of expressions that are there: a new one begins to count now, unless nothing ever began.
    pub fn known(&self, begun: &Begun, now: Timestamp) -> Begun {
        let is_first = begun.is_empty();
        let of = |name: &String| begun.get(name).copied().or((!is_first).then_some(now));
        self.timers.keys().filter_map(|name| Some((name.clone(), of(name)?))).collect()
    }

    /// The expressions that are due, and their pins. What was missed, however often, is due once; what never began is due
    /// at once.
    pub fn due(&self, begun: &Begun, now: Timestamp) -> (BTreeSet<String>, BTreeSet<PinName>) {
        let due = self
            .timers
            .iter()
            .filter(|(name, timer)| self.next_of(name, timer, begun, now).is_some_and(|at| at <= now));
        let (mut names, mut pins) = (BTreeSet::new(), BTreeSet::new());
        for (name, timer) in due {
            names.insert(name.clone());
            pins.extend(timer.pins.iter().cloned());
        }
        (names, pins)
    }

    /// Whether nothing has a timer.
    pub fn is_empty(&self) -> bool {
        self.timers.is_empty()
    }

    /// The expressions that these pins are asked about by.
    pub fn of(&self, pins: &BTreeSet<PinName>) -> BTreeSet<String> {
        let of = self.timers.iter().filter(|(_, timer)| !timer.pins.is_disjoint(pins));
        of.map(|(name, _)| name.clone()).collect()
    }

    /// When anything is due next; `None` where nothing ever is.
    pub fn next(&self, begun: &Begun, now: Timestamp) -> Option<Timestamp> {
        self.timers.iter().filter_map(|(name, timer)| self.next_of(name, timer, begun, now)).min()
    }

    /// When a pin is due next.
    pub fn next_for(&self, pin: &PinName, begun: &Begun, now: Timestamp) -> Option<Timestamp> {
        let (name, timer) = self.timers.iter().find(|(_, timer)| timer.pins.contains(pin))?;
        self.next_of(name, timer, begun, now)
    }

    fn next_of(&self, name: &str, timer: &Timer, begun: &Begun, now: Timestamp) -> Option<Timestamp> {
        match begun.get(name) {
            None => Some(now),
            // A clock that was put back waits for no time that was.
            Some(last) => timer.schedule.next((*last).min(now), self.seed),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::SignedDuration;
    use jiff::tz::TimeZone;

    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn timers(pins: &[(&str, &str)], jitter: u64) -> Timers {
        let names: Vec<(PinName, Schedule)> = pins
            .iter()
            .map(|(pin, cron)| {
                let schedule = Schedule {
                    cron: cron.parse().unwrap(),
                    zone: TimeZone::UTC,
                    jitter: Duration::from_secs(jitter),
                };
                (pin.parse().unwrap(), schedule)
            })
            .collect();
        Timers::new(names.iter().map(|(pin, schedule)| (pin, schedule.clone())), 7)
    }

    fn names(pins: &BTreeSet<PinName>) -> Vec<&str> {
        pins.iter().map(PinName::as_str).collect()
    }

    #[test]
    fn what_was_missed_is_due_once() {
        let timers = timers(&[("a", "0 6 * * *"), ("b", "0 6 * * *"), ("c", "0 7 * * 1")], 0);
        let now = time("2026-11-22T08:00:00Z");
        let mut begun = Begun::new();
        let (due, pins) = timers.due(&begun, now);
        assert_eq!((due.len(), names(&pins)), (2, vec!["a", "b", "c"]), "nothing ever began");
        begun.extend(due.into_iter().map(|name| (name, now)));
        assert_eq!(timers.due(&begun, now).1.len(), 0);
        assert_eq!(timers.next(&begun, now), Some(time("2026-11-23T06:00:00Z")));
        assert_eq!(timers.next_for(&"c".parse().unwrap(), &begun, now), Some(time("2026-11-23T07:00:00Z")));
        let week = time("2026-11-30T06:30:00Z");
        let (due, pins) = timers.due(&begun, week);
        assert_eq!(names(&pins), ["a", "b", "c"], "a week of sleep");
        begun.extend(due.into_iter().map(|name| (name, week)));
        assert_eq!(timers.due(&begun, week).1.len(), 0);
        assert_eq!(names(&timers.due(&begun, time("2026-11-30T07:00:00Z")).1), ["c"]);
    }

    #[test]
    fn another_schedule_is_no_reason_to_run_at_once() {
        let now = time("2026-11-22T08:00:00Z");
        let timers = timers(&[("a", "0 6 * * *"), ("b", "0 7 * * *")], 0);
        assert_eq!(timers.known(&Begun::new(), now), Begun::new(), "all of it is due");
        let old = time("2026-11-22T06:00:00Z");
        let begun = [("0 6 * * *", old), ("0 5 * * *", old)].map(|(name, at)| (name.to_owned(), at)).into();
        let known = timers.known(&begun, now);
        assert_eq!(
            known.into_iter().collect::<Vec<_>>(),
            [("0 6 * * *".into(), old), ("0 7 * * *".into(), now)]
        );
    }

    #[test]
    fn a_clock_that_was_put_back_waits_for_no_time_that_was() {
        let timers = timers(&[("a", "0 6 * * *")], 0);
        let begun = Begun::from([("0 6 * * *".to_owned(), time("2036-01-01T00:00:00Z"))]);
        let now = time("2026-11-22T08:00:00Z");
        assert_eq!(timers.next(&begun, now), Some(time("2026-11-23T06:00:00Z")));
    }

    #[test]
    fn jitter_puts_off_and_brings_nothing_twice() {
        let timers = timers(&[("a", "0 6 * * *")], 600);
        let mut begun = Begun::from([("0 6 * * *".to_owned(), time("2026-11-21T06:10:00Z"))]);
        let at = timers.next(&begun, time("2026-11-22T05:00:00Z")).unwrap();
        assert!((time("2026-11-22T06:00:00Z")..=time("2026-11-22T06:10:00Z")).contains(&at), "{at}");
        begun.insert("0 6 * * *".into(), at);
        assert_eq!(timers.next(&begun, at).unwrap(), at + SignedDuration::from_hours(24));
    }
}
