//! Judging every tag by its name alone.

use super::notice::{Notice, notices};
use super::quick::{Known, Tag as Seen};
use super::sieve::{KEPT, Sieve};
use super::stale::satisfies;
use super::{Candidate, Decision, Outcome, Question, Rejection, Verdict, Wish};
use crate::model::{Lane, Pin};
use crate::track::{Field, Number, Shapes, Version};

/// The tags that the track matches, judged and in order.
#[derive(Clone, Debug)]
pub struct Shortlist {
    /// Newest first.
    pub candidates: Vec<Candidate>,
    /// How many tags have another shape.
    pub other_shapes: usize,
    /// How many candidates are not listed: older ones of those that are rejected for the same reason.
    pub not_listed: usize,
    /// The newest tag of each major, where a first choice would have to guess one.
    pub majors: Vec<String>,
    /// A tag of another shape that lives on where the declared one has ended.
    pub(super) offer: Option<String>,
    /// The marks of the alarms that a person accepts by what was asked for.
    pub(super) accepted: Vec<String>,
    /// How many of those that are not listed may be taken.
    not_listed_eligible: usize,
}

impl Shortlist {
    /// The tags that may be taken, newest first.
    pub fn eligible(&self) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().filter(|candidate| candidate.verdict == Verdict::Eligible)
    }

    /// Notes why a tag is not taken after all.
    pub(super) fn reject(&mut self, tag: &str, rejection: Rejection) {
        if rejection == Rejection::AgeUnknown {
            // It is of none but the locked one.
            self.not_listed_eligible = 0;
        }
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
        let listed =
            left.map(|candidate| candidate.verdict = Verdict::Rejected(Rejection::NotLookedAt)).count();
        listed + std::mem::take(&mut self.not_listed_eligible)
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
            not_listed: self.not_listed,
            seen,
            notices,
            accepted: self.accepted,
            cause: None,
            brought: Vec::new(),
        }
    }
}

/// Judges `tags`. The locked tag is a candidate even where upstream does not list it.
pub fn shortlist<'t>(question: &Question<'_>, tags: impl IntoIterator<Item = &'t str>) -> Shortlist {
    sift(question, tags, usize::MAX)
}

/// Judges `tags`, of which there may be any number, as [`shortlist`] does. What could not be taken before a thousand
/// others is counted and forgotten.
pub fn shortlist_of_many<'t>(question: &Question<'_>, tags: impl IntoIterator<Item = &'t str>) -> Shortlist {
    sift(question, tags, KEPT)
}

/// Keeps so many candidates of a kind.
pub(super) fn sift<'t>(
    question: &Question<'_>,
    tags: impl IntoIterator<Item = &'t str>,
    most: usize,
) -> Shortlist {
    let declaration = question.declaration;
    let locked = question.comparable();
    let from = locked.as_ref().map(|(_, version)| version);
    let judge = Judge::new(question, locked.as_ref());
    let may_be_free = locked.is_none() || judge.left_behind;
    let mut sieve = Sieve::new(question, from, (most, may_be_free));
    let mut other_shapes = 0;
    let mut shapes = from.map(|version| Shapes::new(version.clone()));
    let mut known = Known::new(question, from, judge.left_behind).filter(|_| most != usize::MAX);
    for tag in tags {
        let seen = known.as_ref().map_or(Seen::Unknown, |known| known.take(tag, &mut sieve));
        if matches!(seen, Seen::CountedOwn | Seen::CountedOther) {
            other_shapes += usize::from(matches!(seen, Seen::CountedOther));
            continue;
        }
        if let Some(version) = declaration.track.read(tag) {
            let verdict = judge.verdict(tag, &version);
            let numbers = |version: &Version| known.as_ref()?.numbers(version);
            let kind = sieve.take(tag, version, verdict, numbers);
            if let (Some(known), Seen::Own(numbers)) = (&mut known, &seen) {
                known.learn_own(numbers, kind);
            }
            continue;
        }
        other_shapes += 1;
        let Some(shapes) = &mut shapes else { continue };
        let sibling = declaration.track.sibling_of_other(tag);
        if let Some(sibling) = &sibling {
            shapes.feed(sibling.clone(), first_seen(question, tag));
        }
        if let (Some(known), Seen::Other(ending)) = (&mut known, &seen) {
            known.learn_other(ending, sibling.as_ref(), shapes);
        }
    }
    if let Some((pin, version)) = locked.as_ref().filter(|(pin, _)| !sieve.has(pin.tag())) {
        sieve.take(pin.tag(), version.clone(), judge.verdict(pin.tag(), version), |_| None);
    }
    let mut sifted = sieve.finish();
    let candidates = &mut sifted.candidates;
    let offer = shapes.as_ref().and_then(|shapes| offer(question, from, candidates, shapes));
    let mut leads = false;
    if !matches!(question.wish, Wish::Tag { because: Some(_), .. }) {
        reject_unordered(candidates, locked.as_ref());
        leads = keep_to_target(candidates, from);
    }
    let larger = judge.left_behind && leave_lane(candidates);
    let free = (locked.is_none() || larger) && !matches!(question.wish, Wish::Tag { .. });
    let majors = if free { majors(question, candidates) } else { Vec::new() };
    Shortlist {
        other_shapes,
        majors,
        offer,
        accepted: Vec::new(),
        not_listed: sifted.forgotten(),
        not_listed_eligible: sifted.forgotten_eligible(leads, larger),
        candidates: sifted.candidates,
    }
}

/// When a tag was first seen to name anything.
fn first_seen(question: &Question<'_>, tag: &str) -> Option<jiff::Timestamp> {
    Some(question.past.seen()?.of_tag(tag).first()?.1)
}

/// The tag that a person should know of where nothing new comes in the declared shape.
fn offer(
    question: &Question<'_>,
    from: Option<&Version>,
    candidates: &[Candidate],
    shapes: &Shapes,
) -> Option<String> {
    let from = from?;
    let releases = candidates.iter().map(|candidate| &candidate.version);
    let newest = releases.filter(|version| !version.is_prerelease() && from.fits(version)).max();
    let sibling = shapes.ended(newest.unwrap_or(from), question.now)?;
    sibling.tag()
}

/// What tags are judged by, one after the other.
struct Judge<'q> {
    question: &'q Question<'q>,
    from: Option<&'q Version>,
    /// Why a tag may not be taken that is not the locked one.
    held: Option<Rejection>,
    /// What `version` does not take is rejected for.
    requirement: Option<Rejection>,
    /// Whether the declaration has left the locked tag behind.
    left_behind: bool,
}

impl<'q> Judge<'q> {
    fn new(question: &'q Question<'q>, locked: Option<&'q (&'q Pin, Version)>) -> Self {
        let declaration = question.declaration;
        let hold = declaration.held(question.today()).filter(|_| question.locked.is_some());
        let requirement = declaration.version.as_ref();
        let mut judge = Self {
            question,
            from: locked.map(|(_, version)| version),
            held: hold.map(|hold| Rejection::Held(hold.why.clone())),
            requirement: requirement.map(|requirement| Rejection::Version(requirement.to_string())),
            left_behind: false,
        };
        judge.left_behind =
            locked.is_some_and(|(pin, version)| judge.by_declaration(pin.tag(), version).is_some());
        judge
    }

    fn verdict(&self, tag: &str, version: &Version) -> Verdict {
        let rejection = match (self.by_declaration(tag, version), self.question.wish) {
            (Some(rejection), _) => Some(rejection),
            (None, Wish::Tag { tag: asked, .. }) if asked != tag => Some(Rejection::NotAsked),
            (None, Wish::Tag { because: Some(_), .. }) => None,
            (None, _) => self.by_step(tag, version),
        };
        rejection.map_or(Verdict::Eligible, Verdict::Rejected)
    }

    /// What a lock that holds the tag would be stale by.
    fn by_declaration(&self, tag: &str, version: &Version) -> Option<Rejection> {
        let declaration = self.question.declaration;
        if declaration.version.as_ref().is_some_and(|requirement| !satisfies(requirement, version)) {
            return self.requirement.clone();
        }
        let pattern = declaration.ignore.iter().find(|pattern| pattern.matches(tag))?;
        Some(Rejection::Ignored(pattern.as_str().into()))
    }

    /// What keeps a tag from being taken from where the pin is now.
    fn by_step(&self, tag: &str, version: &Version) -> Option<Rejection> {
        let declaration = self.question.declaration;
        let is_locked = self.question.locked.is_some_and(|pin| pin.tag() == tag);
        let held = || self.held.clone().filter(|_| !is_locked);
        let Some(from) = self.from else {
            let unfinished = version.is_prerelease() && !declaration.prerelease;
            return held().or(unfinished.then_some(Rejection::Prerelease));
        };
        if !is_locked {
            // From where a declaration has left the lock behind, any direction is right.
            let order = if self.left_behind { None } else { by_order(from, version) };
            if let Some(rejection) = order.or_else(|| unfinished(from, version, declaration.prerelease)) {
                return Some(rejection);
            }
        }
        if let Some(held) = held() {
            return Some(held);
        }
        let needed = from.allow_to(version).filter(|needed| *needed > declaration.allow)?;
        from.lane_to(version).map(|lane| Rejection::Lane { lane, needed })
    }
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

/// From a prerelease the way leads to later ones of the same target, and to that target's release, before anything
/// else. Whether there are such.
fn keep_to_target(candidates: &mut [Candidate], from: Option<&Version>) -> bool {
    let Some(from) = from.filter(|from| from.is_prerelease()) else {
        return false;
    };
    let on_the_way = |candidate: &&Candidate| {
        candidate.verdict == Verdict::Eligible
            && candidate.version > *from
            && from.same_target(&candidate.version)
    };
    let Some(target) = candidates.iter().find(on_the_way).map(|candidate| candidate.tag.clone()) else {
        return false;
    };
    for candidate in candidates.iter_mut().filter(|candidate| !from.same_target(&candidate.version)) {
        if candidate.verdict == Verdict::Eligible {
            candidate.verdict = Verdict::Rejected(Rejection::AfterTarget(target.clone()));
        }
    }
    true
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
    let mut newest: Vec<(&Number, String)> = Vec::new();
    for candidate in candidates.iter().filter(|candidate| candidate.verdict == Verdict::Eligible) {
        let Some(major) = candidate.version.number(Field::Major) else {
            continue;
        };
        if !newest.iter().any(|(known, _)| *known == major) {
            newest.push((major, candidate.tag.clone()));
        }
    }
    match newest[..] {
        [] | [_] => Vec::new(),
        _ => newest.into_iter().map(|(_, tag)| tag).collect(),
    }
}
