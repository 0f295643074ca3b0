//! Age: how long upstream has named what a candidate would bring. Upstream does not say, so that what counts is when
//! somebody first saw it.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::{Question, Rejection, Wish};
use crate::model::{Pin, Sightings};

/// What is remembered of a pin's upstream.
#[derive(Clone, Copy, Debug, Default)]
pub enum Past<'a> {
    /// Nobody remembers, as outside a git repository: age is not applied.
    #[default]
    Nobody,
    /// Somebody does, and it is not at hand: no age is known.
    NotFetched,
    /// This is.
    Known {
        /// What was seen, and when first.
        seen: &'a Sightings,
        /// The marks of what a person has accepted, and of what upstream has withdrawn.
        accepted: &'a BTreeSet<String>,
    },
}

impl<'a> Past<'a> {
    /// What was seen, where that is known.
    pub fn seen(self) -> Option<&'a Sightings> {
        match self {
            Self::Known { seen, .. } => Some(seen),
            Self::Nobody | Self::NotFetched => None,
        }
    }

    /// Whether a person has accepted the notice of this mark.
    pub fn accepts(self, mark: &str) -> bool {
        matches!(self, Self::Known { accepted, .. } if accepted.contains(mark))
    }

    /// What tells that a tag went back from this content to what it named before.
    pub fn withdrawn(tag: &str, content: &str) -> String {
        format!("withdrawn:{tag}:{content}")
    }

    /// Whether a tag was seen to name other content only. One of which nothing was seen says nothing.
    pub fn never_saw(self, tag: &str, content: &str) -> bool {
        let lines = self.seen().map(|seen| seen.of_tag(tag)).unwrap_or_default();
        !lines.is_empty() && lines.iter().all(|(seen, _)| *seen != content)
    }

    /// What a tag named when it was last seen to name something new.
    pub(super) fn last(self, tag: &str) -> Option<&'a str> {
        Some(self.seen()?.of_tag(tag).last()?.0)
    }
}

/// Why content is not taken yet under a tag; none where it may be.
pub(super) fn unripe(question: &Question<'_>, tag: &str, content: &str) -> Option<Rejection> {
    // A first lock takes what there is: it replaces nothing.
    let (pin, _) = question.comparable()?;
    if pin.tag() == tag && pin.content() == content {
        return None;
    }
    if pin.tag() == tag && is_behind(question, pin, content) {
        return Some(Rejection::BehindLocked);
    }
    let (age, settle) = wanted(question)?;
    let seen = match question.past {
        Past::Nobody => return None,
        Past::NotFetched => return Some(Rejection::AgeUnknown),
        Past::Known { seen, .. } => seen,
    };
    let now = question.now;
    let first = seen.first(tag, content).unwrap_or(now).min(now);
    let last = seen.of_tag(tag).last().map_or(first, |(_, last)| (*last).min(now)).max(first);
    // Where something else was seen later, it is back to what it was: that is as new as the other one was.
    let went_back = last > first;
    let since_change = if went_back { age.max(settle) } else { settle };
    let until = later(first, age).max(later(last, since_change));
    let wait = between(now, until);
    match wait.is_zero() {
        true => None,
        false if went_back => Some(Rejection::WentBack { wait }),
        false => Some(Rejection::Young { age: between(first, now), wait }),
    }
}

/// Whether the locked tag is back at what it named before what is locked: it was replaced, and since when it is back
/// nobody knows. Where no age is declared, whatever a tag names is wanted.
fn is_behind(question: &Question<'_>, pin: &Pin, content: &str) -> bool {
    let declaration = question.declaration;
    let ages = !declaration.min_age.is_zero() || !declaration.settle.is_zero();
    let forced = matches!(question.wish, Wish::Tag { because: Some(_), .. });
    let Some(seen) = question.past.seen().filter(|_| ages && !forced) else { return false };
    seen.first(pin.tag(), content).zip(seen.first_of(pin)).is_some_and(|(now, locked)| now < locked)
}

/// What a tag named before, that is old enough where what it names now is not: for an upstream that rebuilds more
/// often than that. The newest first.
pub(super) fn superseded(question: &Question<'_>, tag: &str, current: &str) -> Vec<String> {
    let (Past::Known { seen, .. }, Some((age, settle))) = (question.past, wanted(question)) else {
        return Vec::new();
    };
    let Some((pin, _)) = question.comparable().filter(|_| question.declaration.rebuilt) else {
        return Vec::new();
    };
    let lines = seen.of_tag(tag);
    // One that it went back to was seen before others, of which nobody knows why they were withdrawn.
    let is_last = lines.last().is_none_or(|(last, _)| *last == current);
    let is_new = !lines.iter().any(|(content, _)| *content == current);
    if !is_last && !is_new {
        return Vec::new();
    }
    // Never back behind what is locked.
    let locked = lines.iter().position(|(content, _)| pin.tag() == tag && *content == pin.content());
    let from = match (pin.tag() == tag, locked) {
        (true, None) => return Vec::new(),
        (true, Some(at)) => at + 1,
        (false, _) => 0,
    };
    let ends = lines.iter().skip(1).map(|(_, next)| *next).chain([question.now]);
    let old = |((content, first), end): ((&str, Timestamp), Timestamp)| {
        let is_old = later(first, age) <= question.now && later(first, settle) <= end;
        let may_be = content != current && !question.past.accepts(&Past::withdrawn(tag, content));
        (is_old && may_be).then(|| content.to_owned())
    };
    let mut old: Vec<String> = lines.iter().copied().zip(ends).skip(from).filter_map(old).collect();
    old.reverse();
    old
}

/// The age and the calm that are asked for; none where a person has decided.
fn wanted(question: &Question<'_>) -> Option<(Duration, Duration)> {
    let declaration = question.declaration;
    let age = match question.wish {
        Wish::Tag { because: Some(_), .. } => return None,
        Wish::Young { .. } => Duration::ZERO,
        Wish::Rules | Wish::Accept | Wish::Tag { because: None, .. } => declaration.min_age,
    };
    (!age.is_zero() || !declaration.settle.is_zero()).then_some((age, declaration.settle))
}

pub(super) fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// How long it is from one time to a later one.
pub(super) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}
