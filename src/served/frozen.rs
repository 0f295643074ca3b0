//! Whether upstream still rebuilds a tag. Nothing says so; but images name the base that they were built on, and where
//! a newer sibling stands on another build of the same base, the tag was left behind.
//!
//! Times are no evidence: a registry does not tell when a tag moved, and what an image says of its own making need not
//! be so.

use super::rules::FROZEN;
use super::wrong::{Help, Wrong};
use super::{Answers, Subject};
use crate::catalog::{Declaration, Needs, Upstream};
use crate::error::Status;
use crate::model::{Base, ImagePin, Manifest, Pin};
use crate::plan::{Candidate, Past, Question, Rejection, Shortlist, Verdict, Wish, shortlist_of_many};
use crate::source::{ImageSource, Kind, SourceError};
use crate::track::{Field, Track};

/// Compares the locked tag, which names `locked`, with the newest of its track.
pub(super) async fn ask(
    source: &ImageSource,
    subject: Subject<'_>,
    pin: &ImagePin,
    locked: &Manifest,
    answers: &mut Answers,
) {
    let Some(declaration) = subject.declaration.filter(|declaration| may_freeze(declaration, pin)) else {
        return;
    };
    // Without a base of its own there is nothing to compare.
    if !pin.platforms.keys().any(|platform| locked.bases.contains_key(platform)) {
        return;
    }
    let found = compare(source, subject, declaration, pin, locked).await;
    let wrong = answers.take(found).flatten();
    answers.wrong.extend(wrong);
}

/// Whether its tag is one that is rebuilt at all: not where it names one build, or must not move.
fn may_freeze(declaration: &Declaration, pin: &ImagePin) -> bool {
    let one_build = |track: &Track| track.is_dated() || track.has(Field::Build) || track.has(Field::Hash);
    let rebuilt = |track: &Track| !track.is_literal() && !one_build(track);
    !declaration.immutable
        && rebuilt(&declaration.track)
        && declaration.upstream == Upstream::Image(pin.repository.clone())
}

async fn compare(
    source: &ImageSource,
    subject: Subject<'_>,
    declaration: &Declaration,
    pin: &ImagePin,
    locked: &Manifest,
) -> Result<Option<Wrong>, SourceError> {
    let tags = source.tags(&pin.repository).await?;
    let (locked_pin, wish) = (Pin::Image(pin.clone()), Wish::Rules);
    let question = Question {
        declaration,
        needs: &Needs::default(),
        locked: Some(&locked_pin),
        now: subject.now,
        past: Past::Nobody,
        wish: &wish,
    };
    let judged = shortlist_of_many(&question, tags.iter());
    let Some((sibling, tag)) =
        newest(&judged, pin).and_then(|sibling| Some((sibling, sibling.tag.parse().ok()?)))
    else {
        return Ok(None);
    };
    let newer = match source.by_tag(&pin.repository, &tag).await {
        Ok(newer) => newer,
        // Lists name tags that are gone.
        Err(error) if error.kind() == Kind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let left = left_behind(pin, locked, &newer);
    Ok(left.map(|(was, now)| Wrong {
        rule: &FROZEN,
        status: Status::Done,
        keys: vec!["tag".into()],
        message: format!(
            "upstream no longer rebuilds {}: {} is built on the {} of {}, and it still on that of {}",
            pin.tag,
            sibling.tag,
            now.name,
            now.digest.short(),
            was.digest.short()
        ),
        help: Help::Words(way_on(subject, pin, &judged, sibling)),
    }))
}

/// The newest release above the locked tag: the one that upstream rebuilds if it rebuilds any. Its `version` and
/// `allow` keep a pin from going there, and not from learning that others went.
fn newest<'s>(judged: &'s Shortlist, pin: &ImagePin) -> Option<&'s Candidate> {
    let ignored =
        |candidate: &Candidate| matches!(candidate.verdict, Verdict::Rejected(Rejection::Ignored(_)));
    above(judged, pin).find(|candidate| !candidate.version.is_prerelease() && !ignored(candidate))
}

/// The candidates above the locked tag, newest first.
fn above<'s>(judged: &'s Shortlist, pin: &ImagePin) -> impl Iterator<Item = &'s Candidate> {
    let locked = judged.candidates.iter().find(|candidate| candidate.tag == pin.tag.as_str());
    let locked = locked.map(|candidate| &candidate.version);
    judged.candidates.iter().filter(move |candidate| locked.is_some_and(|locked| candidate.version > *locked))
}

/// The base that one tag has left behind and another has not: of the first locked platform, where all that can be
/// compared agree. Platforms are rebuilt one by one, so that a single one says little.
fn left_behind<'m>(
    pin: &ImagePin,
    locked: &'m Manifest,
    newer: &'m Manifest,
) -> Option<(&'m Base, &'m Base)> {
    let both = |platform| Some((locked.bases.get(platform)?, newer.bases.get(platform)?));
    let pairs = pin.platforms.keys().filter_map(both).filter(|(was, now)| was.name == now.name);
    let pairs: Vec<_> = pairs.collect();
    pairs.first().copied().filter(|_| pairs.iter().all(|(was, now)| was.digest != now.digest))
}

/// How to move on to what is rebuilt.
fn way_on(subject: Subject<'_>, pin: &ImagePin, judged: &Shortlist, sibling: &Candidate) -> String {
    let (name, tag) = (subject.name, &sibling.tag);
    let eligible = above(judged, pin).find(|candidate| candidate.verdict == Verdict::Eligible);
    match (eligible, &sibling.verdict) {
        (Some(next), _) => format!("to move on to {}: solera-pin refresh {name}", next.tag),
        (None, Verdict::Rejected(rejection @ Rejection::Version(_))) => {
            format!("{tag} {rejection}: change that in the declaration of `{name}`, then refresh it")
        }
        (None, Verdict::Rejected(rejection @ (Rejection::Lane { .. } | Rejection::Held(_)))) => format!(
            "{tag} {rejection}; to go there once: solera-pin refresh {name} --to {tag} --because \"REASON\""
        ),
        _ => format!("`solera-pin explain {name}` lists every candidate"),
    }
}
