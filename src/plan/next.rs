//! What a tag would move to, decided from a list of tags alone: one answer for each lane, in memory that does not grow
//! with the list.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::age::{between, later};
use super::shortlist::{by_order, unfinished};
use super::{Candidate, Rejection, Verdict};
use crate::model::Lane;
use crate::track::{Shapes, Track, Version};

/// What is judged by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How long ago a tag must have been first seen, where that is known.
    pub min_age: Duration,
    /// Whether a release may be followed by a prerelease.
    pub prerelease: bool,
    /// The time of the decision.
    pub now: Timestamp,
    /// Whether every candidate is kept, with its reason: memory grows with their number then.
    pub reasons: bool,
}

/// Takes in tags in any order.
pub struct Next {
    rules: Rules,
    track: Track,
    /// What reads the tags that it does not; its versions have the same placeholders.
    also: Option<Track>,
    tag: String,
    from: Version,
    /// The best of each lane.
    lanes: BTreeMap<Lane, Best>,
    /// The same of those that a locked prerelease leads to.
    targets: BTreeMap<Lane, Best>,
    /// The newest release of the shape.
    newest: Version,
    shapes: Shapes,
    candidates: Vec<Candidate>,
    other_shapes: usize,
}

#[derive(Clone)]
struct Best {
    version: Version,
    tag: String,
}

/// What there is to move to.
pub struct Answer {
    /// The newest tag of each lane that has one, the smallest step first; a tag of a sibling shape, where the shape
    /// itself has ended, last.
    pub lanes: Vec<(Lane, String)>,
    /// Every tag of the shape, newest first, where they were kept.
    pub candidates: Vec<Candidate>,
    /// How many tags have another shape.
    pub other_shapes: usize,
}

impl Next {
    /// For a tag of a track; `None` where the track does not match it.
    pub fn new(track: Track, tag: &str, rules: Rules) -> Option<Self> {
        let from = track.read(tag)?;
        Some(Self {
            shapes: Shapes::new(from.clone()),
            newest: from.clone(),
            rules,
            track,
            also: None,
            tag: tag.to_owned(),
            from,
            lanes: BTreeMap::new(),
            targets: BTreeMap::new(),
            candidates: Vec::new(),
            other_shapes: 0,
        })
    }

    /// Takes in prereleases that are written in either of two ways.
    pub fn written_either_way([track, also]: [Track; 2], tag: &str, rules: Rules) -> Option<Self> {
        Some(Self { also: Some(also), ..Self::new(track, tag, rules)? })
    }

    /// Takes in a tag, and when it was first seen, where that is known.
    pub fn take(&mut self, tag: &str, first_seen: Option<Timestamp>) {
        let read = self.track.read(tag);
        let Some(version) = read.or_else(|| self.also.as_ref()?.read(tag)) else {
            self.other_shapes += 1;
            if let Some(sibling) = self.track.sibling(tag) {
                self.shapes.feed(sibling, first_seen);
            }
            return;
        };
        if version > self.newest && !version.is_prerelease() && self.from.fits(&version) {
            self.newest = version.clone();
        }
        if tag == self.tag {
            return;
        }
        let rejection = self.refuses(&version, first_seen);
        let lane = self.from.lane_to(&version);
        if self.rules.reasons {
            let verdict = rejection.clone().map_or(Verdict::Eligible, Verdict::Rejected);
            self.candidates.push(Candidate { tag: tag.to_owned(), version: version.clone(), lane, verdict });
        }
        let Some(lane) = lane.filter(|_| rejection.is_none()) else { return };
        let leads = self.from.is_prerelease() && self.from.same_target(&version);
        let lanes = if leads { &mut self.targets } else { &mut self.lanes };
        let is_better = |best: &Best| match version.cmp(&best.version) {
            std::cmp::Ordering::Equal => tag < best.tag.as_str(),
            order => order.is_gt(),
        };
        if lanes.get(&lane).is_none_or(is_better) {
            lanes.insert(lane, Best { version, tag: tag.to_owned() });
        }
    }

    fn refuses(&self, version: &Version, first_seen: Option<Timestamp>) -> Option<Rejection> {
        let by_order = by_order(&self.from, version);
        if let Some(rejection) = by_order.or_else(|| unfinished(&self.from, version, self.rules.prerelease)) {
            return Some(rejection);
        }
        if self.from.lane_to(version).is_none() {
            return Some(Rejection::Unordered(self.tag.clone()));
        }
        let (now, min_age) = (self.rules.now, self.rules.min_age);
        let first = first_seen?.min(now);
        let wait = between(now, later(first, min_age));
        (!wait.is_zero()).then(|| Rejection::Young { age: between(first, now), wait })
    }

    /// The answer.
    pub fn answer(self) -> Answer {
        // A prerelease leads to later ones of its target, and to that one's release, before anything else.
        let mut lanes = if self.targets.is_empty() { self.lanes } else { self.targets };
        if lanes.contains_key(&Lane::Patch) && self.from.is_prerelease() {
            lanes.remove(&Lane::Pre);
        }
        let mut candidates = self.candidates;
        // A tag that stands twice is eligible where it is once.
        let is_rejected = |candidate: &Candidate| candidate.verdict != Verdict::Eligible;
        let wait = |candidate: &Candidate| match candidate.verdict {
            Verdict::Rejected(Rejection::Young { wait, .. }) => wait,
            _ => Duration::ZERO,
        };
        let newer = |a: &Candidate, b: &Candidate| b.version.cmp(&a.version).then_with(|| a.tag.cmp(&b.tag));
        let sooner = |candidate: &Candidate| (is_rejected(candidate), wait(candidate));
        candidates.sort_by(|a, b| newer(a, b).then_with(|| sooner(a).cmp(&sooner(b))));
        candidates.dedup_by(|a, b| a.tag == b.tag);
        for candidate in candidates.iter_mut().filter(|candidate| candidate.verdict == Verdict::Eligible) {
            let best = candidate.lane.and_then(|lane| lanes.get(&lane));
            candidate.verdict = match best {
                Some(best) if best.tag == candidate.tag => Verdict::Selected,
                Some(best) if best.version == candidate.version => {
                    Verdict::Rejected(Rejection::Unordered(best.tag.clone()))
                }
                Some(best) => Verdict::Rejected(Rejection::Superseded(best.tag.clone())),
                None => {
                    let target = lanes.values().next().map_or(String::new(), |best| best.tag.clone());
                    Verdict::Rejected(Rejection::AfterTarget(target))
                }
            };
        }
        let offer = self.shapes.ended(&self.newest, self.rules.now);
        let offer = offer.and_then(|sibling| Some((Lane::Shape, sibling.tag()?)));
        let lanes = lanes.into_iter().map(|(lane, best)| (lane, best.tag)).chain(offer).collect();
        Answer { lanes, candidates, other_shapes: self.other_shapes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_that_stands_twice_is_told_once_as_it_was_decided() {
        let now: Timestamp = "2026-08-20T00:00:00Z".parse().unwrap();
        let old: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let min_age = Duration::from_secs(3 * 86_400);
        let rules = Rules { min_age, prerelease: false, now, reasons: true };
        for times in [[old, now], [now, old]] {
            let track = crate::track::infer("1.2.3").unwrap();
            let mut next = Next::new(track, "1.2.3", rules.clone()).unwrap();
            times.into_iter().for_each(|time| next.take("1.2.4", Some(time)));
            let answer = next.answer();
            assert_eq!(answer.lanes, [(Lane::Patch, "1.2.4".to_owned())]);
            let verdicts: Vec<_> = answer.candidates.iter().map(|candidate| &candidate.verdict).collect();
            assert_eq!(verdicts, [&Verdict::Selected]);
        }
    }
}
