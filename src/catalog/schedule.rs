//! `[schedule]`: when the daemon asks upstreams.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::{Declaration, duration};
use crate::document::{Entry, Problem, Section};
use crate::model::GroupName;
use crate::schedule::{Cron, Schedule};

/// When nothing is said: every morning.
const CRON: &str = "0 6 * * *";

/// When all pins are asked about, and some groups of them at other times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timetable {
    /// Of the pins that have no other; every morning where none is declared.
    pub cron: Option<Cron>,
    /// Of the pins of a group.
    pub groups: BTreeMap<GroupName, Cron>,
    /// Whose clock; UTC where none is declared.
    pub zone: Option<TimeZone>,
    /// The most that a beginning is put off.
    pub jitter: Duration,
}

impl Timetable {
    /// When a pin is asked about: its own schedule goes before its group's.
    pub fn of(&self, declaration: &Declaration) -> Schedule {
        let group = || declaration.group.as_ref().and_then(|group| self.groups.get(group));
        let cron = declaration.schedule.as_ref().or_else(group).or(self.cron.as_ref());
        Schedule {
            cron: cron.cloned().unwrap_or_else(every_morning),
            zone: self.zone.clone().unwrap_or(TimeZone::UTC),
            jitter: self.jitter,
        }
    }
}

#[expect(clippy::expect_used, reason = "a constant that a test parses")]
fn every_morning() -> Cron {
    CRON.parse().expect("a cron expression")
}

pub(super) fn read(root: &mut Section<'_>, timetable: &mut Timetable, problems: &mut Vec<Problem>) {
    let Some(mut section) = root.read("schedule", problems, Entry::section) else {
        return;
    };
    timetable.cron = section.read("cron", problems, cron);
    timetable.zone = section.read("time-zone", problems, zone);
    timetable.jitter = section.read("jitter", problems, duration::read).unwrap_or_default();
    if let Some(groups) = section.read("groups", problems, Entry::section) {
        for (name, entry) in groups.entries() {
            let group = name.parse::<GroupName>().map_err(|error| {
                entry.problem(format!("`{}` is the schedule of no group: {error}", entry.path))
            });
            match group.and_then(|group| Ok((group, cron(&entry)?))) {
                Ok((group, cron)) => drop(timetable.groups.insert(group, cron)),
                Err(problem) => problems.push(problem),
            }
        }
    }
    section.finish(problems);
}

/// Five fields, as in crontab(5).
pub(super) fn cron(entry: &Entry<'_>) -> Result<Cron, Problem> {
    let text = entry.text()?;
    text.parse().map_err(|error| {
        entry.problem(format!("`{}` is {text:?}, which is no schedule: {error}", entry.path))
    })
}

/// A name of the time zone database.
fn zone(entry: &Entry<'_>) -> Result<TimeZone, Problem> {
    let text = entry.text()?;
    TimeZone::get(text).map_err(|_| {
        let problem = entry.problem(format!("`{}` is {text:?}, which is no time zone", entry.path));
        problem.help("name one as in Europe/Madrid or UTC")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_morning_is_a_schedule() {
        assert_eq!(every_morning().to_string(), CRON);
    }
}
