//! Deciding about a pin of a git repository: the list of tags is all there is to know.

use std::collections::BTreeSet;

use super::age::unripe;
use super::image::known_alarm;
use super::refusal::{nothing, refused};
use super::{Alarm, Candidate, Decision, Outcome, Question, Rejection, Shortlist, Verdict, Wish};

use crate::model::{CommitId, GitPin, GitTag, GitUrl, Lane, Pin};

/// Decides from the tags of a repository, which `shortlist` has judged.
pub fn decide(question: &Question<'_>, url: &GitUrl, mut shortlist: Shortlist, tags: &[GitTag]) -> Decision {
    let outcome = outcome(question, url, &mut shortlist, tags);
    let seen = seen(&shortlist, tags);
    shortlist.decide(question, outcome, seen)
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
        && (question.declaration.immutable || moved.content() == pin.content())
    {
        shortlist.select(pin.tag());
        return Outcome::Move { to: moved, lane: Lane::Digest, superseded: false };
    }
    if let Some(held) = question.held() {
        return held;
    }
    let (to, tag, lane) = loop {
        let Some(best) = shortlist.eligible().next() else {
            return vanished(question, shortlist, tags)
                .or_else(|| waits(question, shortlist))
                .unwrap_or_else(|| nothing(question, shortlist));
        };
        let (tag, lane) = (best.tag.clone(), best.lane);
        let Some(to) = served(&tag).map(to) else {
            return nothing(question, shortlist);
        };
        match unripe(question, &tag, &to.content()) {
            Some(young) => shortlist.reject(&tag, young),
            None => break (to, tag, lane),
        }
    };
    shortlist.select(&tag);
    match locked {
        Some(pin) if *pin == to => Outcome::Keep { note: None },
        Some(_) => Outcome::Move { to, lane: lane.unwrap_or(Lane::Digest), superseded: false },
        None => Outcome::First { to },
    }
}

/// The tags that may be taken sooner or later, each with its commit: an age is wanted of no other.
fn seen(shortlist: &Shortlist, tags: &[GitTag]) -> Vec<(String, String)> {
    let matters = |candidate: &&Candidate| match &candidate.verdict {
        Verdict::Selected | Verdict::Eligible => true,
        Verdict::Rejected(why) => !matches!(why, Rejection::Older | Rejection::Ignored(_)),
    };
    let wanted: BTreeSet<&str> =
        shortlist.candidates.iter().filter(matters).map(|candidate| candidate.tag.as_str()).collect();
    let seen = tags.iter().filter(|tag| wanted.contains(tag.name.as_str()));
    seen.map(|tag| (tag.name.to_string(), tag.commit.to_string())).collect()
}

/// That the locked tag names what may not be taken yet: what is locked stays.
fn waits(question: &Question<'_>, shortlist: &Shortlist) -> Option<Outcome> {
    let (pin, _) = question.comparable().filter(|_| !matches!(question.wish, Wish::Tag { .. }))?;
    let locked = shortlist.candidates.iter().find(|candidate| candidate.tag == pin.tag())?;
    let Verdict::Rejected(why) = &locked.verdict else { return None };
    let note = || format!("what {} names now {why}", locked.tag);
    why.is_of_age().then(|| Outcome::Keep { note: Some(note()) })
}

/// That the locked tag is gone, and a person accepts that or has accepted it, where nothing newer can be taken.
fn vanished(question: &Question<'_>, shortlist: &mut Shortlist, tags: &[GitTag]) -> Option<Outcome> {
    let (pin, _) = question.comparable().filter(|_| !matches!(question.wish, Wish::Tag { .. }))?;
    if tags.iter().any(|tag| tag.name.as_str() == pin.tag()) {
        return None;
    }
    let gone = Alarm::Vanished { tag: pin.tag().to_owned(), upstream: pin.upstream() };
    let accepted = Outcome::Keep { note: Some(format!("{gone}, which was accepted")) };
    Some(known_alarm(question, shortlist, gone).unwrap_or(accepted))
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
        let gone = Alarm::Vanished { tag, upstream: pin.url.to_string() };
        return (!question.past.accepts(&gone.mark())).then_some(gone);
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
