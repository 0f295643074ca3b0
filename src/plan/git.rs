//! Deciding about a pin of a git repository: the list of tags is all there is to know.

use super::refusal::{nothing, refused};
use super::{Alarm, Decision, Outcome, Question, Rejection, Shortlist, Wish};
use crate::model::{CommitId, GitPin, GitTag, GitUrl, Lane, Pin};

/// Decides from the tags of a repository, which `shortlist` has judged.
pub fn decide(question: &Question<'_>, url: &GitUrl, mut shortlist: Shortlist, tags: &[GitTag]) -> Decision {
    let outcome = outcome(question, url, &mut shortlist, tags);
    shortlist.decide(outcome)
}

fn outcome(question: &Question<'_>, url: &GitUrl, shortlist: &mut Shortlist, tags: &[GitTag]) -> Outcome {
    let served = |tag: &str| tags.iter().find(|served| served.name.as_str() == tag);
    // The locked tag is a candidate whether or not it is still there.
    let gone = |tag: &str| served(tag).is_none();
    if let Some((pin, _)) = question.comparable().filter(|(pin, _)| gone(pin.tag())) {
        shortlist.reject(pin.tag(), Rejection::NotServed);
    }
    if let Some(alarm) = alarm(question, tags) {
        return Outcome::Alarm(alarm);
    }
    if !shortlist.majors.is_empty() {
        return Outcome::Ambiguous(shortlist.majors.clone());
    }
    if let Some(outcome) = refused(question, shortlist) {
        return outcome;
    }
    let to = |tag: &GitTag| {
        Pin::Git(GitPin {
            url: url.clone(),
            tag: tag.name.clone(),
            commit: tag.commit.clone(),
            tag_object: tag.tag_object.clone(),
        })
    };
    let locked = question.comparable().map(|(pin, _)| pin);
    if let (Wish::Accept, Some(pin)) = (question.wish, locked)
        && let Some(moved) = served(pin.tag()).map(to).filter(|now| now != pin)
    {
        shortlist.select(pin.tag());
        return Outcome::Move { to: moved, lane: Lane::Digest };
    }
    if let Some(held) = question.held() {
        return held;
    }
    let Some(best) = shortlist.eligible().next() else {
        return nothing(question, shortlist);
    };
    let (tag, lane) = (best.tag.clone(), best.lane);
    let Some(to) = served(&tag).map(to) else {
        return nothing(question, shortlist);
    };
    shortlist.select(&tag);
    match locked {
        Some(pin) if *pin == to => Outcome::Keep { note: None },
        Some(_) => Outcome::Move { to, lane: lane.unwrap_or(Lane::Digest) },
        None => Outcome::First { to },
    }
}

/// Whether the locked tag is no longer what it was, and must be.
fn alarm(question: &Question<'_>, tags: &[GitTag]) -> Option<Alarm> {
    if !question.declaration.immutable || question.is_accepted() {
        return None;
    }
    let Some((Pin::Git(pin), _)) = question.comparable() else {
        return None;
    };
    let tag = pin.tag.to_string();
    let Some(now) = tags.iter().find(|now| now.name == pin.tag) else {
        return Some(Alarm::Vanished { tag, upstream: pin.url.to_string() });
    };
    if now.commit != pin.commit {
        return Some(Alarm::Moved { tag, from: pin.commit.to_string(), to: now.commit.to_string() });
    }
    let object = |id: &Option<CommitId>| id.as_ref().map_or("none".into(), ToString::to_string);
    (now.tag_object != pin.tag_object).then(|| Alarm::Moved {
        tag: format!("{tag} (its tag object)"),
        from: object(&pin.tag_object),
        to: object(&now.tag_object),
    })
}
