//! Whether a shape has ended, while a sibling lives on.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};

use super::siblings::offer;
use super::{Sibling, Version};
use crate::model::Lane;

/// The shapes that are kept; the closest ones.
const MOST: usize = 256;

/// How many days a dated sibling is ahead of a shape that has ended.
const LATE: u64 = 60;

/// How long a sibling must have been ahead, where that is known.
const SETTLED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What sibling shapes have above a shape's newest version; fed one tag at a time, in any order.
#[derive(Clone, Debug)]
pub struct Shapes {
    newest: Version,
    above: Vec<Above>,
}

/// What one sibling shape has above ours.
#[derive(Clone, Debug)]
struct Above {
    /// Its newest version.
    newest: Sibling,
    /// Its lowest version above ours: another than the newest, where there are two.
    lowest: Version,
    /// Whether one is more than a patch above.
    is_step: bool,
    first_seen: Option<Timestamp>,
}

impl Above {
    fn rank(&self) -> impl Ord + '_ {
        (self.newest.rank(), Reverse(self.newest.track.as_str()))
    }
}

impl Shapes {
    /// Of a shape by its newest version.
    pub fn new(newest: Version) -> Self {
        Self { newest, above: Vec::new() }
    }

    /// Takes in a tag of a sibling shape, and when it was first seen, if anybody saw.
    ///
    /// Where there are more shapes than are kept, the farthest is forgotten.
    pub fn feed(&mut self, sibling: Sibling, first_seen: Option<Timestamp>) {
        let version = &sibling.version;
        if version.is_prerelease() || *version <= self.newest || !self.newest.fits(version) {
            return;
        }
        let lane = self.newest.lane_to(version);
        // Two suites are seldom built on the same day, and each may be built many times before the other is.
        let days =
            || version.day().zip(self.newest.day()).map_or(0, |(theirs, ours)| theirs.saturating_sub(ours));
        if lane == Some(Lane::Date) && days() < LATE {
            return;
        }
        let is_step = lane != Some(Lane::Patch);
        if let Some(known) = self.above.iter_mut().find(|known| known.newest.track == sibling.track) {
            known.is_step |= is_step;
            known.first_seen = known.first_seen.into_iter().chain(first_seen).min();
            if known.lowest > *version {
                known.lowest = version.clone();
            }
            if known.newest.version < *version {
                known.newest = sibling;
            }
            return;
        }
        let lowest = version.clone();
        self.above.push(Above { newest: sibling, lowest, is_step, first_seen });
        if self.above.len() > MOST {
            self.forget();
        }
    }

    /// Forgets the shape that would be offered last. What it is by is the same for all its tags, so that their order
    /// does not matter.
    fn forget(&mut self) {
        let above = &self.above;
        let farthest = (0..above.len()).max_by(|a, b| above[*a].rank().cmp(&above[*b].rank()));
        if let Some(farthest) = farthest {
            self.above.swap_remove(farthest);
        }
    }

    /// The newest of the sibling shape to offer to a person; `None` while our shape is not known to have ended.
    ///
    /// It has where a sibling is a minor or major step above our newest version, two months of dates, or two versions;
    /// and where it is known when those were first seen, that is a week ago.
    pub fn ended(&self, now: Timestamp) -> Option<&Sibling> {
        let settled = |seen: Timestamp| now.duration_since(seen) >= SETTLED;
        let says_so = |above: &&Above| {
            (above.is_step || above.lowest < above.newest.version) && above.first_seen.is_none_or(settled)
        };
        offer(self.above.iter().filter(says_so).map(|above| &above.newest))
    }
}

#[cfg(test)]
mod tests;
