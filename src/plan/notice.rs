//! What a person should know of a pin beside what becomes of it: told once, wrong for nobody.

use std::time::Duration;

use super::age::between;
use super::{Candidate, Past, Question, Rejection, Verdict};
use crate::model::in_words;
use crate::track::Field;

/// How much longer than a tag a newer one must have been rebuilt before the first counts as left behind: official
/// images are rebuilt every few weeks.
const LEFT_BEHIND: Duration = Duration::from_hours(30 * 24);

/// Something that a person should know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    /// The locked tag is not rebuilt while newer ones are.
    #[error("{tag} is frozen: it has not been rebuilt for {}, and {newer} has", in_words(*.age))]
    Frozen {
        /// The locked tag.
        tag: String,
        /// How long ago it was last seen to name something new.
        age: Duration,
        /// One that was rebuilt since.
        newer: String,
    },
    /// Nothing new comes in the declared shape, while a sibling of it lives on.
    #[error("nothing new comes in {track}, while there is {offer}: going there is an edit of the track")]
    Ended {
        /// The declared track.
        track: String,
        /// The newest tag of the closest shape that lives on.
        offer: String,
    },
    /// Upstream rebuilds the locked tag more often than `min-age`, so that nothing of it is ever old enough.
    #[error(
        "{tag} starves: {builds} builds in {}, none of which stayed for min-age; `rebuilt = true` takes the newest that is old enough",
        in_words(*.over)
    )]
    Starving {
        /// The locked tag.
        tag: String,
        /// How many builds were seen since the locked one.
        builds: usize,
        /// In what time.
        over: Duration,
    },
}

impl Notice {
    /// What tells it from others of the same pin; without spaces.
    pub fn mark(&self) -> String {
        match self {
            Self::Frozen { tag, .. } => format!("frozen:{tag}"),
            Self::Ended { track, .. } => format!("ended:{track}"),
            Self::Starving { tag, .. } => format!("starving:{tag}"),
        }
    }
}

/// What there is to say of a pin, besides the outcome.
pub(super) fn notices(
    question: &Question<'_>,
    candidates: &[Candidate],
    offer: Option<String>,
) -> Vec<Notice> {
    let track = question.declaration.track.to_string();
    let ended = offer.map(|offer| Notice::Ended { track, offer });
    let found = [frozen(question, candidates), ended, starving(question, candidates)];
    found.into_iter().flatten().filter(|notice| !question.past.accepts(&notice.mark())).collect()
}

/// Whether the locked tag may be rebuilt at all. One that names one build is not, and nothing is wrong with that.
fn may_freeze(question: &Question<'_>) -> bool {
    let track = &question.declaration.track;
    let one_build = track.is_dated() || track.has(Field::Build) || track.has(Field::Hash);
    !question.declaration.immutable && !one_build && !track.is_literal()
}

/// The tag by whose rebuilds it can be told whether the locked one is left behind, where the rules keep the pin from
/// going there: the newest release.
pub fn watched<'c>(question: &Question<'_>, candidates: &'c [Candidate]) -> Option<&'c str> {
    let (_, version) = question.comparable()?;
    if !may_freeze(question) || question.past.seen().is_none() {
        return None;
    }
    let mut newer =
        candidates.iter().filter(|candidate| candidate.version > version && version.fits(&candidate.version));
    let release = newer.find(|candidate| !candidate.version.is_prerelease())?;
    let refused = matches!(
        release.verdict,
        Verdict::Rejected(Rejection::Lane { .. } | Rejection::Version(_) | Rejection::Held(_))
    );
    refused.then_some(release.tag.as_str())
}

/// Whether the locked tag is left behind.
fn frozen(question: &Question<'_>, candidates: &[Candidate]) -> Option<Notice> {
    let Past::Known { seen, .. } = question.past else { return None };
    let (pin, version) = question.comparable()?;
    if !may_freeze(question) {
        return None;
    }
    let (_, last) = *seen.of_tag(pin.tag()).last()?;
    let rebuilt_since = |candidate: &&Candidate| {
        let lines = seen.of_tag(&candidate.tag);
        candidate.version > version
            && lines.len() > 1
            && lines.last().is_some_and(|(_, time)| between(last, *time) > LEFT_BEHIND)
    };
    let newer = candidates.iter().find(rebuilt_since)?.tag.clone();
    Some(Notice::Frozen { tag: pin.tag().into(), age: between(last, question.now), newer })
}

fn starving(question: &Question<'_>, candidates: &[Candidate]) -> Option<Notice> {
    let Past::Known { seen, .. } = question.past else { return None };
    let (declaration, (pin, _)) = (question.declaration, question.comparable()?);
    let waits = candidates.iter().any(|candidate| {
        candidate.tag == pin.tag() && matches!(candidate.verdict, Verdict::Rejected(Rejection::Young { .. }))
    });
    if declaration.rebuilt || !waits {
        return None;
    }
    let lines = seen.of_tag(pin.tag());
    let locked = lines.iter().position(|(content, _)| *content == pin.content())?;
    let (since, builds) = (&lines[locked + 1..], lines.len() - locked - 1);
    let over = between(since.first()?.1, question.now);
    let none_stayed = since.windows(2).all(|pair| between(pair[0].1, pair[1].1) < declaration.min_age);
    let starves = builds > 1 && over > 2 * declaration.min_age && none_stayed;
    starves.then(|| Notice::Starving { tag: pin.tag().into(), builds, over })
}
