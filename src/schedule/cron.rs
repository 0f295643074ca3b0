//! Five fields, as crontab(5) has them, and the next time that they name.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::field::{Field, Kind};

const MINUTE: Kind = Kind { name: "minute", first: 0, last: 59, words: &[] };
const HOUR: Kind = Kind { name: "hour", first: 0, last: 23, words: &[] };
const DAY: Kind = Kind { name: "day of the month", first: 1, last: 31, words: &[] };
const MONTH: Kind = Kind {
    name: "month",
    first: 1,
    last: 12,
    words: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const WEEKDAY: Kind = Kind {
    name: "day of the week",
    first: 0,
    last: 7,
    words: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
};

/// The longest that anything is away: the calendar comes round in 28 years, but for a century that has no leap day.
const DAYS: u32 = 41 * 366;

/// A cron expression: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday).
///
/// A day has to match both fields for days where one of them begins with a star, else either. Where clocks go forward, what
/// has a fixed time in the hour that is left out begins at its end; where they go back, it begins once. What begins with a
/// star in its minute or hour goes by the clock as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
}

/// Why a text is no cron expression.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum CronError {
    /// Too few or too many fields.
    #[error("it has five fields, as in crontab(5), not {0}")]
    Fields(usize),
    /// A field that cannot be read.
    #[error("`{part}` is no {field}: {why}")]
    Field {
        /// Which.
        field: &'static str,
        /// What stands there.
        part: String,
        /// What is wrong.
        why: String,
    },
    /// A day that no year has.
    #[error("no year has such a day")]
    Never,
}

impl FromStr for Cron {
    type Err = CronError;

    fn from_str(text: &str) -> Result<Self, CronError> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields[..] else {
            return Err(CronError::Fields(fields.len()));
        };
        let cron = Self {
            text: fields.join(" "),
            minutes: MINUTE.read(minute)?,
            hours: HOUR.read(hour)?,
            days: DAY.read(day)?,
            months: MONTH.read(month)?,
            weekdays: WEEKDAY.read(weekday)?.folded(7, 0),
        };
        match cron.comes() {
            true => Ok(cron),
            false => Err(CronError::Never),
        }
    }
}

impl Cron {
    /// The first time after `after` that it names, by the clock of `zone`.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        match self.minutes.star || self.hours.star {
            true => self.next_by_the_clock(after, zone),
            false => self.next_of_fixed(after, zone),
        }
    }

    /// By every minute that the clock shows, as often as it shows it.
    fn next_by_the_clock(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut at = minute_after(after)?;
        for _ in 0..DAYS {
            let date = zone.to_datetime(at).date();
            let tomorrow = start(date.tomorrow().ok()?, zone)?;
            while self.is_on(date) && at < tomorrow {
                let time = zone.to_datetime(at);
                if self.is_at(time) {
                    return Some(at);
                }
                at = minute_after(at)?;
            }
            at = at.max(tomorrow);
        }
        None
    }

    /// By the calendar: each time of a day once, at the moment that stands for it.
    fn next_of_fixed(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        // What a day leaves out may begin on the next.
        let mut date = zone.to_datetime(after).date().yesterday().ok()?;
        for _ in 0..DAYS {
            if self.is_on(date) {
                let times = self
                    .hours
                    .values()
                    .flat_map(|hour| self.minutes.values().map(move |minute| (hour, minute)));
                for (hour, minute) in times {
                    let (hour, minute) = (i8::try_from(hour).ok()?, i8::try_from(minute).ok()?);
                    let at = moment(date.at(hour, minute, 0, 0), zone)?;
                    if at > after {
                        return Some(at);
                    }
                }
            }
            date = date.tomorrow().ok()?;
        }
        None
    }

    fn is_at(&self, time: DateTime) -> bool {
        let has = |field: Field, value: i8| u8::try_from(value).is_ok_and(|value| field.has(value));
        has(self.hours, time.hour()) && has(self.minutes, time.minute())
    }

    fn is_on(&self, date: Date) -> bool {
        let has = |field: Field, value: i8| u8::try_from(value).is_ok_and(|value| field.has(value));
        let day = has(self.days, date.day());
        let weekday = has(self.weekdays, date.weekday().to_sunday_zero_offset());
        let is_day = match self.days.star || self.weekdays.star {
            true => day && weekday,
            false => day || weekday,
        };
        is_day && has(self.months, date.month())
    }

    /// Whether any year has such a day.
    fn comes(&self) -> bool {
        let longest = |month: u8| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let by_weekday = !self.days.star && !self.weekdays.star;
        by_weekday || self.months.values().any(|month| self.days.values().any(|day| day <= longest(month)))
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn minute_after(at: Timestamp) -> Option<Timestamp> {
    let minute = at.as_second().div_euclid(60) + 1;
    Timestamp::from_second(minute.checked_mul(60)?).ok()
}

/// The first moment of a day.
fn start(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    moment(date.at(0, 0, 0, 0), zone)
}

/// The moment that stands for a time: the first of two, and the end of what the clock leaves out.
fn moment(time: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    match zone.to_ambiguous_timestamp(time).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(time).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(time).ok(),
        AmbiguousOffset::Gap { after, .. } => {
            let earlier = after.to_timestamp(time).ok()?;
            zone.following(earlier).next().map(|change| change.timestamp())
        }
    }
}
