//! What all looks of a replay come to.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Bump, Standing};
use crate::model::Lane;

/// The mean length of a year.
const YEAR: Duration = Duration::from_secs(31_557_600);

/// Numbers of a replay.
///
/// A lock is *behind* by the age of the oldest thing that the rules would have taken, if they asked for no age and
/// nothing were held, and that the lock has not passed: the first time of a newer tag within the declaration and `allow`,
/// or of what the locked tag named next. It is counted after each look, so that a lock which takes all at once is never
/// behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// From the first lock to the last look.
    pub time: Duration,
    /// How often was looked.
    pub looks: usize,
    /// After how many of the looks something was locked: the numbers below are of those.
    pub locked: usize,
    /// How many bumps there were of each lane.
    pub bumps: BTreeMap<Lane, usize>,
    /// How many of them took what upstream had replaced already.
    pub superseded: usize,
    /// How long the lock was behind: after half of the looks at most this,
    pub behind_median: Duration,
    /// after 19 in 20,
    pub behind_p95: Duration,
    /// and at worst.
    pub behind_most: Duration,
    /// The most that the lock was behind all of the track, whatever `allow`, `version` and `ignore` say: what the policy
    /// costs that is not its waiting.
    pub beyond_most: Duration,
    /// After how many looks the locked tag named something else than what was locked.
    pub replaced: usize,
}

impl Statistics {
    pub(super) fn of(bumps: &[Bump], standings: &[Standing], looks: usize, time: Duration) -> Self {
        let mut lanes = BTreeMap::new();
        for bump in bumps {
            *lanes.entry(bump.lane).or_default() += 1;
        }
        let mut behind: Vec<Duration> = standings.iter().map(|standing| standing.behind).collect();
        behind.sort();
        Self {
            time,
            looks,
            locked: standings.len(),
            bumps: lanes,
            superseded: bumps.iter().filter(|bump| bump.superseded).count(),
            behind_median: percentile(&behind, 50),
            behind_p95: percentile(&behind, 95),
            behind_most: percentile(&behind, 100),
            beyond_most: standings.iter().map(|standing| standing.beyond).max().unwrap_or_default(),
            replaced: standings.iter().filter(|standing| standing.replaced).count(),
        }
    }

    /// All bumps.
    pub fn total(&self) -> usize {
        self.bumps.values().sum()
    }

    /// How many a year a number of bumps is; none where no time passed.
    pub fn a_year(&self, bumps: usize) -> Option<f64> {
        let years = self.time.as_secs_f64() / YEAR.as_secs_f64();
        (years > 0.0).then(|| bumps as f64 / years)
    }
}

/// The smallest value that at least so many of a hundred do not exceed.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let days = |numbers: &[u64]| -> Vec<Duration> {
            numbers.iter().map(|n| Duration::from_secs(n * 86400)).collect()
        };
        assert_eq!(percentile(&[], 50), Duration::ZERO);
        let five = days(&[1, 2, 3, 4, 9]);
        assert_eq!([50, 95, 100].map(|p| percentile(&five, p).as_secs() / 86400), [3, 9, 9]);
        let twenty: Vec<Duration> = days(&(1..=20).collect::<Vec<_>>());
        assert_eq!([50, 95, 100].map(|p| percentile(&twenty, p).as_secs() / 86400), [10, 19, 20]);
    }
}
