//! Deciding about a pin of an image repository, one question to the registry at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::stale::stale;
use super::{Alarm, Decision, Outcome, Question, Rejection, Shortlist, Verdict, Wish};
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
    Decided(Decision),
}

/// Goes on from what is known.
pub fn next(question: &Question<'_>, repository: &Repository, shortlist: &Shortlist, facts: &Facts) -> Next {
    let mut decision = Decision {
        outcome: Outcome::Keep { note: None },
        candidates: shortlist.candidates.clone(),
        other_shapes: shortlist.other_shapes,
    };
    if !shortlist.majors.is_empty() {
        decision.outcome = Outcome::Ambiguous(shortlist.majors.clone());
        return Next::Decided(decision);
    }
    if let Some(outcome) = before_asking(question, shortlist) {
        decision.outcome = outcome;
        return Next::Decided(decision);
    }
    for i in 0..decision.candidates.len() {
        if decision.candidates[i].verdict != Verdict::Eligible {
            continue;
        }
        let Ok(tag) = decision.candidates[i].tag.parse::<Tag>() else {
            continue;
        };
        let locked = locked_at(question, &tag);
        let rejection = match facts.tags.get(&tag) {
            None => {
                // A person who asks for this pin wants it read, whatever the lock says of it.
                let by_rules = matches!(question.wish, Wish::Rules);
                let known =
                    locked.filter(|pin| by_rules && is_whole(question, pin)).map(|pin| pin.digest.clone());
                return Next::Look { tag, known };
            }
            Some(Seen::Missing) => Rejection::NotServed,
            Some(Seen::Unchanged) => return Next::Decided(select(decision, i, Outcome::Keep { note: None })),
            Some(Seen::Names(manifest)) => match missing(question, manifest) {
                Some(platforms) => Rejection::Platforms(platforms),
                None => {
                    let lane = decision.candidates[i].lane;
                    return match settle(question, facts, to_pin(question, repository, &tag, manifest), lane) {
                        Ok(outcome) => Next::Decided(select(decision, i, outcome)),
                        Err(digest) => Next::IsServed(digest),
                    };
                }
            },
        };
        decision.candidates[i].verdict = Verdict::Rejected(rejection);
    }
    decision.outcome = nothing(question, &decision);
    Next::Decided(decision)
}

/// Outcomes that no answer of the registry would change.
pub(super) fn before_asking(question: &Question<'_>, shortlist: &Shortlist) -> Option<Outcome> {
    if let Wish::Tag { tag, because } = question.wish {
        return refuse(question, shortlist, tag, because.is_some());
    }
    super::held(question)
}

fn refuse(question: &Question<'_>, shortlist: &Shortlist, tag: &str, because: bool) -> Option<Outcome> {
    let name = &question.declaration.name;
    let Some(candidate) = shortlist.candidates.iter().find(|candidate| candidate.tag == tag) else {
        let (reason, hint) = match question.declaration.track.read(tag) {
            None => (
                format!("the tag {tag} does not match the track {}", question.declaration.track),
                format!("change the track of `{name}` first: what is locked must satisfy its declaration"),
            ),
            Some(_) => (
                format!("upstream has no tag {tag}"),
                format!("`solera-pin explain {name}` lists the tags that it has"),
            ),
        };
        return Some(Outcome::Refused { reason, hint });
    };
    let Verdict::Rejected(rejection) = &candidate.verdict else {
        return None;
    };
    let hint = match rejection {
        Rejection::Version(_) | Rejection::Ignored(_) => {
            format!("change the declaration of `{name}` first: what is locked must satisfy it")
        }
        _ if because => return None,
        _ => format!("to go there all the same: solera-pin refresh {name} --to {tag} --because \"REASON\""),
    };
    Some(Outcome::Refused { reason: format!("the rules would not choose {tag}: it {rejection}"), hint })
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

fn missing(question: &Question<'_>, manifest: &Manifest) -> Option<BTreeSet<Platform>> {
    let declared = question.platforms?.iter();
    let missing: BTreeSet<_> = declared.filter(|p| !manifest.platforms.contains_key(*p)).cloned().collect();
    (!missing.is_empty()).then_some(missing)
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
    let accepted = !matches!(question.wish, Wish::Rules);
    if moved && question.declaration.immutable && !accepted {
        let (tag, from) = (to.tag.to_string(), pin.digest.to_string());
        return Ok(Outcome::Alarm(Alarm::Moved { tag, from, to: to.digest.to_string() }));
    }
    // Rebuilt children are what a build would see; an index around the same children is no news.
    if moved && to.platforms == pin.platforms && to.media_type.is_index() {
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

/// Marks candidate `i` as what the lock should hold, and the eligible ones below it as superseded.
pub(super) fn select(mut decision: Decision, i: usize, outcome: Outcome) -> Decision {
    let tag = decision.candidates[i].tag.clone();
    decision.candidates[i].verdict = Verdict::Selected;
    for candidate in &mut decision.candidates[i + 1..] {
        if candidate.verdict == Verdict::Eligible {
            candidate.verdict = Verdict::Rejected(Rejection::Superseded(tag.clone()));
        }
    }
    decision.outcome = outcome;
    decision
}

/// Why nothing could be taken.
pub(super) fn nothing(question: &Question<'_>, decision: &Decision) -> Outcome {
    let track = &question.declaration.track;
    let locked = question.comparable().map(|(pin, _)| pin.tag());
    let find = |tag| decision.candidates.iter().find(|candidate| candidate.tag == tag);
    let candidate = locked.and_then(find).or(decision.candidates.first());
    let rejection = candidate.and_then(|candidate| match &candidate.verdict {
        Verdict::Rejected(rejection) => Some((candidate.tag.as_str(), rejection)),
        _ => None,
    });
    Outcome::Nothing(match rejection {
        Some((tag, rejection)) if Some(tag) == locked => {
            format!("the locked tag {tag} {rejection}, and nothing newer can be taken")
        }
        Some((tag, Rejection::NotServed)) if track.is_literal() => format!("upstream has no tag {tag}"),
        Some((tag, rejection)) if track.is_literal() => format!("the tag {tag} {rejection}"),
        Some((tag, rejection)) => format!("no tag can be taken; the newest, {tag}, {rejection}"),
        None if decision.other_shapes == 0 => "upstream has no tags".into(),
        None => format!("none of upstream's {} tags matches the track {track}", decision.other_shapes),
    })
}
