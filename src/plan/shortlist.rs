//! Judging every tag by its name alone.

use std::cmp::Reverse;

use super::notice::{Notice, notices};
use super::stale::satisfies;
use super::{Candidate, Decision, Outcome, Question, Rejection, Verdict, Wish};
use crate::model::{Lane, Pin};
use crate::track::{Field, Shapes, Version};

/// The tags that the track matches, judged and in order.
#[derive(Clone, Debug)]
pub struct Shortlist {
    /// Newest first.
    pub candidates: Vec<Candidate>,
    /// How many tags have another shape.
    pub other_shapes: usize,
    /// The newest tag of each major, where a first choice would have to guess one.
    pub majors: Vec<String>,
    /// A tag of another shape that lives on where the declared one has ended.
    pub(super) offer: Option<String>,
    /// The marks of the alarms that a person accepts by what was asked for.
    pub(super) accepted: Vec<String>,
}

impl Shortlist {
    /// The tags that may be taken, newest first.
    pub fn eligible(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().filter(|candidate| candidate.verdict == Verdict::Eligible)
    }

    /// Notes why a tag is not taken after all.
    pub(super) fn reject(&mut self, tag: &str, rejection: Rejection) {
        if let Some(candidate) = self.candidates.iter_mut().find(|candidate| candidate.tag == tag) {
            candidate.verdict = Verdict::Rejected(rejection);
        }
    }

    /// Marks a tag as what the lock should hold, and the eligible ones below it as superseded.
    pub(super) fn select(&mut self, tag: &str) {
        let mut below = false;
        for candidate in &mut self.candidates {
            if candidate.tag == tag {
                candidate.verdict = Verdict::Selected;
                below = true;
            } else if candidate.verdict == Verdict::Eligible {
                let why = if below { Rejection::Superseded(tag.into()) } else { Rejection::NotLookedAt };
                candidate.verdict = Verdict::Rejected(why);
            }
        }
    }

    /// Notes of what is left that nobody asked about it; how many those are.
    pub(super) fn give_up(&mut self) -> usize {
        let left = self.candidates.iter_mut().filter(|candidate| candidate.verdict == Verdict::Eligible);
        left.map(|candidate| candidate.verdict = Verdict::Rejected(Rejection::NotLookedAt)).count()
    }

    /// The decision that the judgements, an outcome and what was seen on the way make.
    pub fn decide(self, question: &Question<'_>, outcome: Outcome, seen: Vec<(String, String)>) -> Decision {
        let mut notices = notices(question, &self.candidates, self.offer);
        if matches!(&outcome, Outcome::Move { lane, .. } if *lane != Lane::Digest) {
            notices.retain(|notice| !matches!(notice, Notice::Frozen { .. }));
        }
        Decision {
            outcome,
            candidates: self.candidates,
            other_shapes: self.other_shapes,
            seen,
            notices,
            accepted: self.accepted,
            cause: None,
        }
    }
}

/// Judges `tags`. The locked tag is a candidate even where upstream does not list it.
pub fn shortlist<'t>(question: &Question<'_>, tags: impl IntoIterator<Item = &'t str>) -> Shortlist {
    let declaration = question.declaration;
    let locked = question.comparable();
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut other_shapes = 0;
    let mut shapes = locked.as_ref().map(|(_, version)| Shapes::new(version.clone()));
    for tag in tags {
        match declaration.track.read(tag) {
            Some(version) => candidates.push(judge(question, locked.as_ref(), tag, version)),
            None => {
                other_shapes += 1;
                if let (Some(shapes), Some(sibling)) = (&mut shapes, declaration.track.sibling(tag)) {
                    shapes.feed(sibling, first_seen(question, tag));
                }
            }
        }
    }
    if let Some((pin, version)) = &locked
        && !candidates.iter().any(|candidate| candidate.tag == pin.tag())
    {
        candidates.push(judge(question, locked.as_ref(), pin.tag(), version.clone()));
    }
    candidates.sort_by(|a, b| (Reverse(&a.version), &a.tag).cmp(&(Reverse(&b.version), &b.tag)));
    candidates.dedup_by(|a, b| a.tag == b.tag);
    let offer = shapes.as_ref().and_then(|shapes| offer(question, locked.as_ref(), &candidates, shapes));
    if !matches!(question.wish, Wish::Tag { because: Some(_), .. }) {
        reject_unordered(&mut candidates, locked.as_ref());
        keep_to_target(&mut candidates, locked.as_ref());
    }
    let free = match &locked {
        None => true,
        Some((pin, version)) => {
            by_declaration(question, pin.tag(), version).is_some() && leave_lane(&mut candidates)
        }
    };
    let majors = if free && !matches!(question.wish, Wish::Tag { .. }) {
        majors(question, &candidates)
    } else {
        Vec::new()
    };
    Shortlist { candidates, other_shapes, majors, offer, accepted: Vec::new() }
}

/// When a tag was first seen to name anything.
fn first_seen(question: &Question<'_>, tag: &str) -> Option<jiff::Timestamp> {
    Some(question.past.seen()?.of_tag(tag).first()?.1)
}

/// The tag that a person should know of where nothing new comes in the declared shape.
fn offer(
    question: &Question<'_>,
    locked: Option<&(&Pin, Version)>,
    candidates: &[Candidate],
    shapes: &Shapes,
) -> Option<String> {
    let (_, from) = locked?;
    let releases = candidates.iter().map(|candidate| &candidate.version);
    let newest = releases.filter(|version| !version.is_prerelease() && from.fits(version)).max();
    let sibling = shapes.ended(newest.unwrap_or(from), question.now)?;
    sibling.tag()
}

fn judge(
    question: &Question<'_>,
    locked: Option<&(&Pin, Version)>,
    tag: &str,
    version: Version,
) -> Candidate {
    let lane = locked.and_then(|(_, from)| from.lane_to(&version));
    let by_declaration = by_declaration(question, tag, &version);
    let verdict = match (by_declaration, question.wish) {
        (Some(rejection), _) => Verdict::Rejected(rejection),
        (None, Wish::Tag { tag: asked, .. }) if asked != tag => Verdict::Rejected(Rejection::NotAsked),
        (None, Wish::Tag { because: Some(_), .. }) => Verdict::Eligible,
        (None, _) => match by_step(question, locked, tag, &version, lane) {
            Some(rejection) => Verdict::Rejected(rejection),
            None => Verdict::Eligible,
        },
    };
    Candidate { tag: tag.into(), version, lane, verdict }
}

/// What a lock that holds the tag would be stale by.
fn by_declaration(question: &Question<'_>, tag: &str, version: &Version) -> Option<Rejection> {
    let declaration = question.declaration;
    if let Some(requirement) =
        declaration.version.as_ref().filter(|requirement| !satisfies(requirement, version))
    {
        return Some(Rejection::Version(requirement.to_string()));
    }
    let pattern = declaration.ignore.iter().find(|pattern| pattern.matches(tag))?;
    Some(Rejection::Ignored(pattern.as_str().into()))
}

/// What keeps a tag from being taken from where the pin is now.
fn by_step(
    question: &Question<'_>,
    locked: Option<&(&Pin, Version)>,
    tag: &str,
    version: &Version,
    lane: Option<Lane>,
) -> Option<Rejection> {
    let declaration = question.declaration;
    let is_locked = question.locked.is_some_and(|pin| pin.tag() == tag);
    let hold = declaration.held(question.today()).filter(|_| question.locked.is_some() && !is_locked);
    let held = hold.map(|hold| Rejection::Held(hold.why.clone()));
    let Some((pin, from)) = locked else {
        let unfinished = version.is_prerelease() && !declaration.prerelease;
        return held.or(unfinished.then_some(Rejection::Prerelease));
    };
    // From where a declaration has left the lock behind, any direction is right.
    let left_behind = by_declaration(question, pin.tag(), from).is_some();
    if !is_locked {
        let order = if left_behind { None } else { by_order(from, version) };
        if let Some(rejection) = order.or_else(|| unfinished(from, version, declaration.prerelease)) {
            return Some(rejection);
        }
    }
    if held.is_some() {
        return held;
    }
    let needed = from.allow_to(version).filter(|needed| *needed > declaration.allow)?;
    lane.map(|lane| Rejection::Lane { lane, needed })
}

/// What keeps a version from following another one, whoever asks.
pub(super) fn by_order(from: &Version, to: &Version) -> Option<Rejection> {
    match to < from {
        true => Some(Rejection::Older),
        false => (!from.fits(to)).then_some(Rejection::OtherScheme),
    }
}

/// That a version is a prerelease, where neither the declaration nor the locked one asks for it.
pub(super) fn unfinished(from: &Version, to: &Version, prerelease: bool) -> Option<Rejection> {
    let later_of_the_same = from.is_prerelease() && from.same_target(to);
    (to.is_prerelease() && !prerelease && !later_of_the_same).then_some(Rejection::Prerelease)
}

/// Where a declaration has left the lock behind and nothing within `allow` satisfies it, the person who edited it
/// meant a larger step: every size of step is eligible then. Whether that was so.
fn leave_lane(candidates: &mut [Candidate]) -> bool {
    if candidates.iter().any(|candidate| candidate.verdict == Verdict::Eligible) {
        return false;
    }
    for candidate in candidates {
        if matches!(candidate.verdict, Verdict::Rejected(Rejection::Lane { .. })) {
            candidate.verdict = Verdict::Eligible;
        }
    }
    true
}

/// From a prerelease the way leads to later ones of the same target, and to that target's release, before anything else.
fn keep_to_target(candidates: &mut [Candidate], locked: Option<&(&Pin, Version)>) {
    let Some((_, from)) = locked.filter(|(_, from)| from.is_prerelease()) else {
        return;
    };
    let on_the_way = |candidate: &&Candidate| {
        candidate.verdict == Verdict::Eligible
            && candidate.version > *from
            && from.same_target(&candidate.version)
    };
    let Some(target) = candidates.iter().find(on_the_way).map(|candidate| candidate.tag.clone()) else {
        return;
    };
    for candidate in candidates.iter_mut().filter(|candidate| !from.same_target(&candidate.version)) {
        if candidate.verdict == Verdict::Eligible {
            candidate.verdict = Verdict::Rejected(Rejection::AfterTarget(target.clone()));
        }
    }
}

/// Of tags that are equal in all that has an order, only one can be meant: the locked one, or else the first by name.
fn reject_unordered(candidates: &mut [Candidate], locked: Option<&(&Pin, Version)>) {
    // One that its declaration has left behind stands for nothing.
    let stands = |candidate: &Candidate| {
        locked.is_some_and(|(pin, _)| candidate.tag == pin.tag())
            && matches!(candidate.verdict, Verdict::Eligible | Verdict::Rejected(Rejection::NotAsked))
    };
    // They are sorted, so equal ones are neighbours.
    for equal in candidates.chunk_by_mut(|a, b| a.version.cmp(&b.version).is_eq()) {
        let eligible = |candidate: &&Candidate| candidate.verdict == Verdict::Eligible;
        let meant = equal.iter().find(|candidate| stands(candidate)).or(equal.iter().find(eligible));
        let Some(meant) = meant.map(|meant| meant.tag.clone()) else {
            continue;
        };
        for candidate in equal.iter_mut().filter(|candidate| candidate.tag != meant) {
            if candidate.verdict == Verdict::Eligible {
                candidate.verdict = Verdict::Rejected(Rejection::Unordered(meant.clone()));
            }
        }
    }
}

/// The newest eligible tag of each major, where there are several and nothing says which.
fn majors(question: &Question<'_>, candidates: &[Candidate]) -> Vec<String> {
    if !question.declaration.track.has(Field::Major) {
        return Vec::new();
    }
    let mut newest: Vec<(String, String)> = Vec::new();
    for candidate in candidates.iter().filter(|candidate| candidate.verdict == Verdict::Eligible) {
        let Some(major) = candidate.version.number(Field::Major) else {
            continue;
        };
        let major = major.to_string();
        if !newest.iter().any(|(known, _)| *known == major) {
            newest.push((major, candidate.tag.clone()));
        }
    }
    match newest[..] {
        [] | [_] => Vec::new(),
        _ => newest.into_iter().map(|(_, tag)| tag).collect(),
    }
}
