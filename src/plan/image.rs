//! Deciding about a pin of an image repository, one question to the registry at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::refusal::{nothing, refused};
use super::stale::stale;
use super::{Alarm, Candidate, Outcome, Question, Rejection, Shortlist, Verdict, Wish};
use crate::model::{Digest, ImagePin, Lane, Manifest, Pin, Platform, Repository, Tag};

/// What the registry has answered so far.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// By tag.
    pub tags: BTreeMap<Tag, Seen>,
    /// Whether the locked digest is still served and names the locked manifests, once that was asked.
    pub locked_served: Option<bool>,
}

/// What is known of a tag.
#[derive(Clone, Debug)]
pub enum Seen {
    /// The registry says that it still names the locked digest.
    Unchanged,
    /// What it names now.
    Names(Arc<Manifest>),
    /// It names nothing.
    Missing,
}

/// The next question, or the answer to all.
#[derive(Clone, Debug)]
pub enum Next {
    /// Ask what this tag names; where `known` is given, a claim that it is this digest is enough.
    Look {
        /// The tag.
        tag: Tag,
        /// The locked digest, where the lock entry is whole.
        known: Option<Digest>,
    },
    /// Ask whether the locked digest is still served and names the locked manifests.
    IsServed(Digest),
    /// Nothing more is to be asked.
    Decided(Outcome),
}

/// How many tags are looked at for one that has everything: an upstream that has none is not read from end to end.
const LOOKS: usize = 10;

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
    let locked = question.comparable().map(|(pin, _)| pin.tag());
    loop {
        let looked = shortlist.candidates.iter().filter(|candidate| was_looked_at(candidate)).count();
        let within = |candidate: &&Candidate| looked < LOOKS || Some(candidate.tag.as_str()) == locked;
        let Some(candidate) = shortlist.eligible().find(within) else {
            return Next::Decided(nothing(question, shortlist));
        };
        let (name, lane) = (candidate.tag.clone(), candidate.lane);
        let Ok(tag) = name.parse::<Tag>() else {
            shortlist.reject(&name, Rejection::NotServed);
            continue;
        };
        let rejection = match facts.tags.get(&tag) {
            None => return look(question, tag),
            Some(Seen::Missing) => Rejection::NotServed,
            Some(Seen::Unchanged) => {
                let note = (looked >= LOOKS).then(|| {
                    format!("the {LOOKS} newest tags cannot be taken, and older ones were not asked about")
                });
                shortlist.select(&name);
                return Next::Decided(Outcome::Keep { note });
            }
            Some(Seen::Names(manifest)) => match lacks(question, manifest) {
                Some(rejection) => rejection,
                None => {
                    let to = to_pin(question, repository, &tag, manifest);
                    return take(question, shortlist, facts, to, lane);
                }
            },
        };
        shortlist.reject(&name, rejection);
    }
}

fn was_looked_at(candidate: &Candidate) -> bool {
    use Rejection::{NoPlatforms, NotServed, Platforms};
    matches!(candidate.verdict, Verdict::Rejected(NotServed | NoPlatforms | Platforms(_)))
}

/// What concerns the locked tag before any other: whether it moved though it must not, and, where a person accepts
/// what it names now, that.
fn locked_first(
    question: &Question<'_>,
    repository: &Repository,
    shortlist: &mut Shortlist,
    facts: &Facts,
) -> Option<Next> {
    let Some((Pin::Image(pin), _)) = question.comparable() else {
        return None;
    };
    let (accept, watch) =
        (*question.wish == Wish::Accept, question.declaration.immutable && !question.is_accepted());
    if !accept && !watch {
        return None;
    }
    let alarm = |alarm| Some(Next::Decided(Outcome::Alarm(alarm)));
    match facts.tags.get(&pin.tag) {
        None => Some(look(question, pin.tag.clone())),
        Some(Seen::Missing) if watch => {
            shortlist.reject(pin.tag.as_str(), Rejection::NotServed);
            alarm(Alarm::Vanished { tag: pin.tag.to_string(), upstream: pin.repository.to_string() })
        }
        Some(Seen::Names(manifest)) if watch && manifest.digest != pin.digest => {
            let (from, to) = (pin.digest.to_string(), manifest.digest.to_string());
            alarm(Alarm::Moved { tag: pin.tag.to_string(), from, to })
        }
        Some(Seen::Names(manifest)) if accept && lacks(question, manifest).is_none() => {
            let to = to_pin(question, repository, &pin.tag, manifest);
            (to != *pin).then(|| take(question, shortlist, facts, to, None))
        }
        Some(_) => None,
    }
}

/// A person who asks for a pin wants its tag read, whatever the lock says of it.
fn look(question: &Question<'_>, tag: Tag) -> Next {
    let locked =
        locked_at(question, &tag).filter(|pin| *question.wish == Wish::Rules && is_whole(question, pin));
    let known = locked.map(|pin| pin.digest.clone());
    Next::Look { tag, known }
}

fn take(
    question: &Question<'_>,
    shortlist: &mut Shortlist,
    facts: &Facts,
    to: ImagePin,
    lane: Option<Lane>,
) -> Next {
    let tag = to.tag.to_string();
    match settle(question, facts, to, lane) {
        Ok(outcome) => {
            shortlist.select(&tag);
            Next::Decided(outcome)
        }
        Err(digest) => Next::IsServed(digest),
    }
}

fn locked_at<'a>(question: &Question<'a>, tag: &Tag) -> Option<&'a ImagePin> {
    match question.locked {
        Some(Pin::Image(pin)) if pin.tag == *tag && question.comparable().is_some() => Some(pin),
        _ => None,
    }
}

/// Whether the lock entry has all that the declaration wants, so that only its digest could differ.
fn is_whole(question: &Question<'_>, pin: &ImagePin) -> bool {
    stale(question.declaration, question.platforms, &Pin::Image(pin.clone())).is_empty()
}

fn lacks(question: &Question<'_>, manifest: &Manifest) -> Option<Rejection> {
    if manifest.platforms.is_empty() {
        return Some(Rejection::NoPlatforms);
    }
    let declared = question.platforms?.iter();
    let missing: BTreeSet<_> = declared.filter(|p| !manifest.platforms.contains_key(*p)).cloned().collect();
    (!missing.is_empty()).then_some(Rejection::Platforms(missing))
}

/// What to do about the tag to be locked; the digest to ask about where that decides it.
fn settle(
    question: &Question<'_>,
    facts: &Facts,
    to: ImagePin,
    lane: Option<Lane>,
) -> Result<Outcome, Digest> {
    let Some(pin) = locked_at(question, &to.tag) else {
        let to = Pin::Image(to);
        return Ok(match question.comparable() {
            Some(_) => Outcome::Move { to, lane: lane.unwrap_or(Lane::Digest) },
            None => Outcome::First { to },
        });
    };
    if to == *pin {
        return Ok(Outcome::Keep { note: None });
    }
    let moved = pin.digest != to.digest;
    // Rebuilt children are what a build would see; an index around the same children is no news, unless a person has
    // been asked about it.
    if moved && !question.is_accepted() && to.platforms == pin.platforms && to.media_type.is_index() {
        match facts.locked_served {
            None => return Err(pin.digest.clone()),
            Some(true) => {
                let note = "its index changed, the manifests of its declared platforms did not";
                return Ok(Outcome::Keep { note: Some(note.into()) });
            }
            Some(false) => {}
        }
    }
    Ok(Outcome::Move { to: Pin::Image(to), lane: Lane::Digest })
}

fn to_pin(question: &Question<'_>, repository: &Repository, tag: &Tag, manifest: &Manifest) -> ImagePin {
    let declared =
        |platform: &Platform| question.platforms.is_none_or(|declared| declared.contains(platform));
    let platforms = manifest.platforms.iter().filter(|(platform, _)| declared(platform));
    ImagePin {
        repository: repository.clone(),
        tag: tag.clone(),
        digest: manifest.digest.clone(),
        media_type: manifest.media_type,
        platforms: platforms.map(|(platform, digest)| (platform.clone(), digest.clone())).collect(),
    }
}
