//! When things are to run: cron expressions in a time zone. Pure.
//!
//! [`Cron`] is what crontab(5) calls the first five fields of a line. [`Schedule`] adds the time zone and the jitter, and
//! tells the next time after another. `field` reads one field.

mod cron;
mod field;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

pub use cron::{Cron, CronError};

/// A cron expression with its time zone, and how much later than that something may begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// When.
    pub cron: Cron,
    /// Whose clock that is of.
    pub zone: TimeZone,
    /// The most that a beginning is put off, so that not everybody asks at the full hour.
    pub jitter: Duration,
}

impl Schedule {
    /// The first time after `after` at which something begins; `None` where there is none that a calendar has.
    pub fn next(&self, after: Timestamp, seed: u64) -> Option<Timestamp> {
        let off = self.off(seed);
        self.cron.next(after.checked_sub(off).ok()?, &self.zone)?.checked_add(off).ok()
    }

    /// How much later than its times something begins: with the same `seed` always by as much, so that the time in
    /// between stays what was declared, and whoever starts anew waits no second time.
    pub fn off(&self, seed: u64) -> SignedDuration {
        let text = self.cron.to_string();
        let number = text.bytes().fold(mixed(seed), |number, byte| mixed(number ^ u64::from(byte)));
        let off = number % self.jitter.as_secs().saturating_add(1);
        i64::try_from(off).map_or(SignedDuration::ZERO, SignedDuration::from_secs)
    }
}

/// Spreads numbers that are near each other (SplitMix64's last step).
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
