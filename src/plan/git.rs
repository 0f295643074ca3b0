//! Deciding about a pin of a git repository: the list of tags is all there is to know.

use super::image::{before_asking, nothing, select};
use super::{Alarm, Decision, Outcome, Question, Shortlist, Verdict, Wish};
use crate::model::{CommitId, GitPin, GitTag, GitUrl, Lane, Pin};

/// Decides from the tags of a repository, which `shortlist` has judged.
pub fn decide(question: &Question<'_>, url: &GitUrl, shortlist: &Shortlist, tags: &[GitTag]) -> Decision {
    let decision = Decision {
        outcome: Outcome::Keep { note: None },
        candidates: shortlist.candidates.clone(),
        other_shapes: shortlist.other_shapes,
    };
    let with = |outcome| Decision { outcome, ..decision.clone() };
    if let Some(alarm) = alarm(question, tags) {
        return with(Outcome::Alarm(alarm));
    }
    if !shortlist.majors.is_empty() {
        return with(Outcome::Ambiguous(shortlist.majors.clone()));
    }
    if let Some(outcome) = before_asking(question, shortlist) {
        return with(outcome);
    }
    let served = |tag: &str| tags.iter().find(|served| served.name.as_str() == tag);
    let best = decision.candidates.iter().enumerate().find_map(|(i, candidate)| {
        let tag = served(&candidate.tag).filter(|_| candidate.verdict == Verdict::Eligible)?;
        Some((i, candidate.lane, tag))
    });
    let Some((i, lane, tag)) = best else {
        return with(nothing(question, &decision));
    };
    let outcome = settle(question, url, lane, tag);
    select(decision, i, outcome)
}

fn settle(question: &Question<'_>, url: &GitUrl, lane: Option<Lane>, tag: &GitTag) -> Outcome {
    let to = Pin::Git(GitPin {
        url: url.clone(),
        tag: tag.name.clone(),
        commit: tag.commit.clone(),
        tag_object: tag.tag_object.clone(),
    });
    match (question.comparable(), lane) {
        (Some((pin, _)), _) if *pin == to => Outcome::Keep { note: None },
        (Some(_), lane) => Outcome::Move { to, lane: lane.unwrap_or(Lane::Digest) },
        (None, _) => Outcome::First { to },
    }
}

/// Whether the locked tag is no longer what it was, and must be.
fn alarm(question: &Question<'_>, tags: &[GitTag]) -> Option<Alarm> {
    if !question.declaration.immutable || *question.wish != Wish::Rules {
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
