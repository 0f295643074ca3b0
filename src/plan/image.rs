//! Deciding about a pin of an image repository, one question to the registry at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::age::{superseded, unripe};
use super::locked::locked_first;
use super::refusal::{nothing, refused};
use super::stale::stale;
use super::{Alarm, Candidate, Outcome, Past, Question, Rejection, Shortlist, Verdict, Wish};
use crate::model::{Digest, ImagePin, Lane, Manifest, Pin, Platform, Repository, Tag};

/// What the registry has answered so far.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// By tag.
    pub tags: BTreeMap<Tag, Seen>,
    /// What tags named before, by digest; `None` where it is no longer served.
    pub replaced: BTreeMap<Digest, Option<Arc<Manifest>>>,
    /// Whether the locked digest is still served and names the locked manifests, once that was asked.
    pub locked_served: Option<bool>,
}

/// What is known of a tag.
#[derive(Clone, Debug)]
pub enum Seen {
    /// The registry says that it names this digest, which was known.
    Claims(Digest),
    /// What it names now.
    Names(Arc<Manifest>),
    /// It names nothing.
    Missing,
}

/// The next question, or the answer to all.
#[derive(Clone, Debug)]
pub enum Next {
    /// Ask what this tag names; a claim that it is one of the digests that are `known` is enough.
    Look {
        /// The tag.
        tag: Tag,
        /// The locked digest, where the lock entry is whole, and what the tag was last seen to name.
        known: Vec<Digest>,
    },
    /// Ask for what this digest names, which a tag named before.
    Read(Digest),
    /// Ask whether the locked digest is still served and names the locked manifests.
    IsServed(Digest),
    /// Nothing more is to be asked.
    Decided(Outcome),
}

/// How many tags are looked at for one that has everything: an upstream that has none is not read from end to end.
const LOOKS: usize = 10;

/// How many that wait are looked at besides.
const WAITING: usize = 40;

/// Goes on from what is known; notes in `shortlist` why a tag is not taken after all.
pub fn next(
    question: &Question<'_>,
    repository: &Repository,
    shortlist: &mut Shortlist,
    facts: &Facts,
) -> Next {
    if !shortlist.majors.is_empty() {
        return Next::Decided(Outcome::Ambiguous(shortlist.majors.clone()));
    }
    if let Some(outcome) = refused(question, shortlist) {
        return Next::Decided(outcome);
    }
    if let Some(next) = locked_first(question, repository, shortlist, facts) {
        return next;
    }
    if let Some(outcome) = question.held() {
        return Next::Decided(outcome);
    }
    loop {
        let looked = looks(shortlist, facts);
        let locked = question.comparable().map(|(pin, _)| pin.tag());
        let within = |candidate: &&Candidate| looked < LOOKS || Some(candidate.tag.as_str()) == locked;
        let Some(candidate) = shortlist.eligible().find(within).cloned() else {
            return Next::Decided(
                vanished(question, shortlist, facts).unwrap_or_else(|| nothing(question, shortlist)),
            );
        };
        let Ok(tag) = candidate.tag.parse::<Tag>() else {
            shortlist.reject(&candidate.tag, Rejection::NotServed);
            continue;
        };
        let candidate = (&tag, candidate.lane);
        match weigh(question, repository, shortlist, facts, candidate) {
            Weighed::Next(Next::Decided(Outcome::Keep { note: None })) if looked >= LOOKS => {
                let note =
                    format!("the {LOOKS} newest tags cannot be taken, and older ones were not asked about");
                return Next::Decided(Outcome::Keep { note: Some(note) });
            }
            Weighed::Next(next) => return next,
            Weighed::Not(rejection) => shortlist.reject(tag.as_str(), rejection),
        }
    }
}

/// What became of a candidate.
enum Weighed {
    /// It is what happens next.
    Next(Next),
    /// It is not taken.
    Not(Rejection),
}

/// Looks at a candidate with what is known of it.
fn weigh(
    question: &Question<'_>,
    repository: &Repository,
    shortlist: &mut Shortlist,
    facts: &Facts,
    (tag, lane): (&Tag, Option<Lane>),
) -> Weighed {
    let locked = locked_at(question, tag);
    let manifest = match facts.tags.get(tag) {
        // Without the journal no answer has an age.
        None => match unripe(question, tag.as_str(), "").filter(|_| locked.is_none()) {
            Some(unknown @ Rejection::AgeUnknown) => return Weighed::Not(unknown),
            _ => return Weighed::Next(look(question, tag.clone())),
        },
        Some(Seen::Missing) => return Weighed::Not(Rejection::NotServed),
        Some(Seen::Claims(digest)) if locked.is_some_and(|pin| pin.digest == *digest) => {
            shortlist.select(tag.as_str());
            return Weighed::Next(Next::Decided(Outcome::Keep { note: None }));
        }
        // What it names was seen before. It is only read where it is to be taken.
        Some(Seen::Claims(digest)) => match unripe(question, tag.as_str(), &digest.to_string()) {
            None => return Weighed::Next(Next::Look { tag: tag.clone(), known: Vec::new() }),
            Some(young) => return wait(question, repository, shortlist, facts, (tag, lane, digest), young),
        },
        Some(Seen::Names(manifest)) => manifest,
    };
    if let Some(lacks) = lacks(question, manifest) {
        return Weighed::Not(lacks);
    }
    let digest = &manifest.digest;
    match unripe(question, tag.as_str(), &digest.to_string()) {
        Some(young) if !is_around_the_same(question, tag, manifest) => {
            wait(question, repository, shortlist, facts, (tag, lane, digest), young)
        }
        _ => {
            let to = to_pin(question, repository, tag, manifest);
            Weighed::Next(take(question, shortlist, facts, to, lane, false))
        }
    }
}

/// What to do where a tag names what may not be taken yet: what it named before, or nothing.
fn wait(
    question: &Question<'_>,
    repository: &Repository,
    shortlist: &mut Shortlist,
    facts: &Facts,
    (tag, lane, digest): (&Tag, Option<Lane>, &Digest),
    young: Rejection,
) -> Weighed {
    for old in superseded(question, tag.as_str(), &digest.to_string()) {
        let Ok(old) = old.parse::<Digest>() else { continue };
        match facts.replaced.get(&old) {
            None => return Weighed::Next(Next::Read(old)),
            Some(Some(manifest)) if lacks(question, manifest).is_none() => {
                let to = to_pin(question, repository, tag, manifest);
                return Weighed::Next(take(question, shortlist, facts, to, lane, true));
            }
            Some(_) => {}
        }
    }
    let asked = matches!(question.wish, Wish::Tag { .. });
    let Some(pin) = locked_at(question, tag).filter(|_| !asked) else {
        return Weighed::Not(young);
    };
    if let Some(next) = complete(question, repository, shortlist, facts, pin) {
        return Weighed::Next(next);
    }
    let (name, locked) = (tag.to_string(), pin.digest.to_string());
    let outcome = match facts.locked_served {
        None => return Weighed::Next(Next::IsServed(pin.digest.clone())),
        Some(false) => {
            let upstream = repository.to_string();
            known_alarm(question, shortlist, Alarm::Gone { tag: name, digest: locked, upstream })
        }
        Some(true) => None,
    };
    let outcome =
        outcome.unwrap_or_else(|| Outcome::Keep { note: Some(format!("what {tag} names now {young}")) });
    shortlist.reject(tag.as_str(), young);
    Weighed::Next(Next::Decided(outcome))
}

/// What is locked, with the platforms that are declared since, where its tag names something too young.
fn complete(
    question: &Question<'_>,
    repository: &Repository,
    shortlist: &mut Shortlist,
    facts: &Facts,
    pin: &ImagePin,
) -> Option<Next> {
    if is_whole(question, pin) {
        return None;
    }
    let Some(read) = facts.replaced.get(&pin.digest) else {
        return Some(Next::Read(pin.digest.clone()));
    };
    let manifest = read.as_ref().filter(|manifest| lacks(question, manifest).is_none())?;
    let to = to_pin(question, repository, &pin.tag, manifest);
    (to != *pin).then(|| take(question, shortlist, facts, to, None, true))
}

/// An alarm, unless a person accepts it or has accepted it.
pub(super) fn known_alarm(
    question: &Question<'_>,
    shortlist: &mut Shortlist,
    alarm: Alarm,
) -> Option<Outcome> {
    let mark = alarm.mark();
    if question.past.accepts(&mark) {
        return None;
    }
    if question.is_accepted() {
        shortlist.accepted.push(mark);
        return None;
    }
    Some(Outcome::Alarm(alarm))
}

/// Whether a manifest is an index around the very manifests that are locked: no news, whatever its age.
pub fn is_around_the_same(question: &Question<'_>, tag: &Tag, manifest: &Manifest) -> bool {
    let declared = |platform: &Platform| {
        question.needs.platforms.as_ref().is_none_or(|declared| declared.contains(platform))
    };
    let now = manifest.platforms.iter().filter(|(platform, _)| declared(platform));
    manifest.media_type.is_index() && locked_at(question, tag).is_some_and(|pin| now.eq(pin.platforms.iter()))
}

/// That the locked tag is gone where nothing newer can be taken.
fn vanished(question: &Question<'_>, shortlist: &mut Shortlist, facts: &Facts) -> Option<Outcome> {
    let Some((Pin::Image(pin), _)) = question.comparable() else { return None };
    if !matches!(facts.tags.get(&pin.tag)?, Seen::Missing) || matches!(question.wish, Wish::Tag { .. }) {
        return None;
    }
    let alarm = Alarm::Vanished { tag: pin.tag.to_string(), upstream: pin.repository.to_string() };
    let accepted = Outcome::Keep { note: Some(format!("{alarm}, which was accepted")) };
    Some(known_alarm(question, shortlist, alarm).unwrap_or(accepted))
}

/// How many tags were asked about and cannot be taken. One that waits and names what it did costs next to nothing, and
/// says nothing of those that are older; so only very many of these count.
fn looks(shortlist: &Shortlist, facts: &Facts) -> usize {
    let looked = shortlist.candidates.iter().filter(|candidate| was_looked_at(candidate));
    let tags: Vec<Tag> = looked.filter_map(|candidate| candidate.tag.parse().ok()).collect();
    let asked = tags.iter().filter(|tag| facts.tags.contains_key(*tag)).count();
    let waiting = tags.iter().filter(|tag| matches!(facts.tags.get(*tag), Some(Seen::Claims(_)))).count();
    asked - waiting.min(WAITING)
}

fn was_looked_at(candidate: &Candidate) -> bool {
    use Rejection::{NoPlatforms, NotServed, Platforms};
    let Verdict::Rejected(why) = &candidate.verdict else { return false };
    matches!(why, NotServed | NoPlatforms | Platforms(_)) || why.is_of_age()
}

/// A person who asks for a pin wants its tag read, whatever the lock says of it.
pub(super) fn look(question: &Question<'_>, tag: Tag) -> Next {
    let by_rule = matches!(question.wish, Wish::Rules | Wish::Young { .. });
    let locked = locked_at(question, &tag);
    let mut known = Vec::new();
    if by_rule && locked.is_none_or(|pin| is_whole(question, pin)) {
        known.extend(locked.map(|pin| pin.digest.clone()));
        known.extend(question.past.last(tag.as_str()).and_then(|last| last.parse().ok()));
        known.dedup();
    }
    Next::Look { tag, known }
}

fn take(
    question: &Question<'_>,
    shortlist: &mut Shortlist,
    facts: &Facts,
    to: ImagePin,
    lane: Option<Lane>,
    superseded: bool,
) -> Next {
    let tag = to.tag.to_string();
    match settle(question, facts, to, lane, superseded) {
        Ok(outcome) => {
            shortlist.select(&tag);
            Next::Decided(outcome)
        }
        Err(digest) => Next::IsServed(digest),
    }
}

/// What was seen on the way: tags, each with what it names. Of a tag of which nothing was known, what is locked for it
/// counts as seen too: somebody saw it when it was locked.
pub fn seen(question: &Question<'_>, facts: &Facts) -> Vec<(String, String)> {
    let named = |(tag, seen): (&Tag, &Seen)| {
        let digest = match seen {
            Seen::Claims(digest) => digest,
            Seen::Names(manifest) => &manifest.digest,
            Seen::Missing => return None,
        };
        Some((tag.to_string(), digest.to_string()))
    };
    let mut seen: Vec<(String, String)> = facts.tags.iter().filter_map(named).collect();
    if let (Past::Known { seen: before, .. }, Some((Pin::Image(pin), _))) =
        (question.past, question.comparable())
    {
        let trusted = before.of_tag(pin.tag.as_str()).is_empty();
        let locked = (pin.tag.to_string(), pin.digest.to_string());
        if trusted && !seen.contains(&locked) {
            seen.push(locked);
        }
    }
    seen
}

fn locked_at<'a>(question: &Question<'a>, tag: &Tag) -> Option<&'a ImagePin> {
    match question.locked {
        Some(Pin::Image(pin)) if pin.tag == *tag && question.comparable().is_some() => Some(pin),
        _ => None,
    }
}

/// Whether the lock entry has all that the declaration wants, so that only its digest could differ.
fn is_whole(question: &Question<'_>, pin: &ImagePin) -> bool {
    stale(question.declaration, question.needs, &Pin::Image(pin.clone())).is_empty()
}

pub(super) fn lacks(question: &Question<'_>, manifest: &Manifest) -> Option<Rejection> {
    if manifest.platforms.is_empty() {
        return Some(Rejection::NoPlatforms);
    }
    let declared = question.needs.platforms.as_ref()?.iter();
    let missing: BTreeSet<_> = declared.filter(|p| !manifest.platforms.contains_key(*p)).cloned().collect();
    (!missing.is_empty()).then_some(Rejection::Platforms(missing))
}

/// What to do about the tag to be locked; the digest to ask about where that decides it.
fn settle(
    question: &Question<'_>,
    facts: &Facts,
    to: ImagePin,
    lane: Option<Lane>,
    superseded: bool,
) -> Result<Outcome, Digest> {
    let Some(pin) = locked_at(question, &to.tag) else {
        let to = Pin::Image(to);
        return Ok(match question.comparable() {
            Some(_) => Outcome::Move { to, lane: lane.unwrap_or(Lane::Digest), superseded },
            None => Outcome::First { to },
        });
    };
    if to == *pin {
        return Ok(Outcome::Keep { note: None });
    }
    let moved = pin.digest != to.digest;
    // Rebuilt children are what a build would see; an index around the same children is no news, unless a person has
    // been asked about it.
    let forced = matches!(question.wish, Wish::Tag { because: Some(_), .. });
    if moved && !forced && to.platforms == pin.platforms && to.media_type.is_index() {
        match facts.locked_served {
            None => return Err(pin.digest.clone()),
            Some(true) => {
                let note = "its index changed, the manifests of its declared platforms did not";
                return Ok(Outcome::Keep { note: Some(note.into()) });
            }
            Some(false) => {}
        }
    }
    Ok(Outcome::Move { to: Pin::Image(to), lane: Lane::Digest, superseded })
}

pub(super) fn to_pin(
    question: &Question<'_>,
    repository: &Repository,
    tag: &Tag,
    manifest: &Manifest,
) -> ImagePin {
    let declared = |platform: &Platform| {
        question.needs.platforms.as_ref().is_none_or(|declared| declared.contains(platform))
    };
    let platforms = manifest.platforms.iter().filter(|(platform, _)| declared(platform));
    ImagePin {
        repository: repository.clone(),
        tag: tag.clone(),
        digest: manifest.digest.clone(),
        media_type: manifest.media_type,
        platforms: platforms.map(|(platform, digest)| (platform.clone(), digest.clone())).collect(),
    }
}
