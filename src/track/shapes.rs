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

/// The versions of one shape that are kept; the newest ones.
const MOST_VERSIONS: usize = 16;

/// What sibling shapes have above a version; fed one tag at a time, in any order.
#[derive(Clone, Debug)]
pub struct Shapes {
    floor: Version,
    above: Vec<Above>,
}

/// What one sibling shape has.
#[derive(Clone, Debug)]
struct Above {
    /// Its newest version.
    newest: Sibling,
    /// Its versions, newest first, with when they were first seen.
    versions: Vec<(Version, Option<Timestamp>)>,
}

impl Above {
    fn rank(&self) -> impl Ord + '_ {
        (self.newest.rank(), Reverse(self.newest.shape.as_str()))
    }

    fn note(&mut self, version: &Version, first_seen: Option<Timestamp>) {
        let at = self.versions.partition_point(|(known, _)| known > version);
        match self.versions.get_mut(at).filter(|(known, _)| known == version) {
            Some((_, known)) => *known = known.iter().copied().chain(first_seen).min(),
            None => self.versions.insert(at, (version.clone(), first_seen)),
        }
        self.versions.truncate(MOST_VERSIONS);
    }

    /// Whether it goes on where `newest` is the last of another shape.
    fn goes_on(&self, newest: &Version, now: Timestamp) -> bool {
        // Two suites are seldom built on the same day, and each may be built many times before the other is.
        let is_late = |version: &Version| {
            let days =
                version.day().zip(newest.day()).map_or(0, |(theirs, ours)| theirs.saturating_sub(ours));
            newest.lane_to(version) != Some(Lane::Date) || days >= LATE
        };
        let newer = self.versions.iter().take_while(|(version, _)| version > newest);
        let ahead: Vec<_> = newer.filter(|(version, _)| is_late(version)).collect();
        let is_step = ahead.iter().any(|(version, _)| newest.lane_to(version) != Some(Lane::Patch));
        let first_seen = ahead.iter().filter_map(|(_, first_seen)| *first_seen).min();
        let is_settled = first_seen.is_none_or(|seen| now.duration_since(seen) >= SETTLED);
        (ahead.len() > 1 || is_step) && is_settled
    }
}

impl Shapes {
    /// Above this version of ours.
    pub fn new(floor: Version) -> Self {
        Self { floor, above: Vec::new() }
    }

    /// Takes in a tag of a sibling shape, and when it was first seen, if anybody saw.
    ///
    /// Where there are more shapes than are kept, the farthest is forgotten.
    pub fn feed(&mut self, sibling: Sibling, first_seen: Option<Timestamp>) {
        let version = &sibling.version;
        if version.is_prerelease() || *version <= self.floor || !self.floor.fits(version) {
            return;
        }
        if let Some(known) = self.above.iter_mut().find(|known| known.newest.shape == sibling.shape) {
            known.note(version, first_seen);
            if known.newest.version < *version {
                known.newest = sibling;
            }
            return;
        }
        if sibling.track().is_err() {
            return;
        }
        let versions = vec![(version.clone(), first_seen)];
        self.above.push(Above { newest: sibling, versions });
        if self.above.len() > MOST {
            self.forget();
        }
    }

    /// The version of a sibling's shape below which nothing is kept of it; none where there are not so many yet.
    pub(crate) fn floor_of(&self, sibling: &Sibling) -> Option<&Version> {
        let known = self.above.iter().find(|known| known.newest.shape == sibling.shape)?;
        known.versions.get(MOST_VERSIONS - 1).map(|(version, _)| version)
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

    /// The newest of the sibling shape to offer to a person; `None` while our shape, whose newest version this is, is
    /// not known to have ended.
    ///
    /// It has where a sibling is a minor or major step above that, two months of dates, or two versions; and where it is
    /// known when those were first seen, that is a week ago.
    pub fn ended(&self, newest: &Version, now: Timestamp) -> Option<&Sibling> {
        offer(self.above.iter().filter(|above| above.goes_on(newest, now)).map(|above| &above.newest))
    }
}

#[cfg(test)]
mod tests;
