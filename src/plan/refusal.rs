//! Why nothing can be taken, or not what a person asked for.

use super::{Candidate, Outcome, Question, Rejection, Shortlist, Verdict, Wish};

/// What is wrong with what a person asked for; none where it can be looked at, or nothing was asked for.
pub(super) fn refused(question: &Question<'_>, shortlist: &Shortlist) -> Option<Outcome> {
    let Wish::Tag { tag, because } = question.wish else { return None };
    let name = &question.declaration.name;
    let refuse = |reason, hint| Some(Outcome::Refused { reason, hint });
    let candidate = shortlist.candidates.iter().find(|candidate| candidate.tag == *tag);
    let rejection = match candidate.map(|candidate| &candidate.verdict) {
        Some(Verdict::Rejected(rejection)) => rejection,
        Some(_) => return None,
        None if question.declaration.track.read(tag).is_none() => {
            return refuse(
                format!("the tag {tag} does not match the track {}", question.declaration.track),
                format!("change the track of `{name}` first: what is locked must satisfy its declaration"),
            );
        }
        None => &Rejection::NotServed,
    };
    let hint = match rejection {
        Rejection::NotServed => return Some(missing(question, tag)),
        Rejection::Version(_) | Rejection::Ignored(_) => {
            format!("change the declaration of `{name}` first: what is locked must satisfy it")
        }
        _ if because.is_some() => return None,
        _ => format!("to go there all the same: solera-pin refresh {name} --to {tag} --because \"REASON\""),
    };
    refuse(format!("the rules would not choose {tag}: it {rejection}"), hint)
}

/// Upstream does not have what a person asked for.
fn missing(question: &Question<'_>, tag: &str) -> Outcome {
    let hint = format!("`solera-pin explain {}` lists the tags that it has", question.declaration.name);
    Outcome::Refused { reason: format!("upstream has no tag {tag}"), hint }
}

/// Why nothing could be taken.
pub(super) fn nothing(question: &Question<'_>, shortlist: &mut Shortlist) -> Outcome {
    if let Wish::Tag { tag, .. } = question.wish {
        let is_missing = |candidate: &Candidate| {
            candidate.tag == *tag && candidate.verdict == Verdict::Rejected(Rejection::NotServed)
        };
        if shortlist.candidates.iter().any(is_missing) {
            return missing(question, tag);
        }
    }
    if let Some(outcome) = too_young(question, shortlist) {
        return outcome;
    }
    let unasked = shortlist.give_up();
    let shortlist = &*shortlist;
    let track = &question.declaration.track;
    let rejections = || {
        shortlist.candidates.iter().filter_map(|candidate| match &candidate.verdict {
            Verdict::Rejected(rejection) => Some((candidate.tag.as_str(), rejection)),
            _ => None,
        })
    };
    let locked = question.locked.map(|pin| pin.tag());
    let of_locked = rejections().find(|(tag, _)| Some(*tag) == locked);
    Outcome::Nothing(match (question.hold(), of_locked, nearest(rejections, locked)) {
        (Some(hold), Some((tag, rejection)), _) => {
            format!("it is held ({}), and the locked tag {tag} {rejection}", hold.why)
        }
        (Some(hold), None, _) => {
            format!("it is held ({}), and what is locked is not what is declared", hold.why)
        }
        (None, of_locked, nearest) if track.is_literal() => match of_locked.or(nearest) {
            Some((tag, rejection)) if *rejection != Rejection::NotServed => {
                format!("the tag {tag} {rejection}")
            }
            _ => format!("upstream has no tag {track}"),
        },
        (None, Some((tag, rejection)), Some((near, other))) => {
            format!("the locked tag {tag} {rejection}, and no other can be taken: {near} {other}")
        }
        (None, Some((tag, rejection)), None) => {
            format!("the locked tag {tag} {rejection}, and there is no other")
        }
        (None, None, Some((tag, rejection))) => match unasked {
            0 => format!("no tag can be taken: {tag} {rejection}"),
            rest => format!("no tag can be taken: {tag} {rejection}; {rest} older ones were not asked about"),
        },
        (None, None, None) if shortlist.other_shapes == 0 => "upstream has no tags".into(),
        (None, None, None) => {
            format!("none of upstream's {} tags matches the track {track}", shortlist.other_shapes)
        }
    })
}

/// That the tag which a person asked for has not the age that is asked for.
fn too_young(question: &Question<'_>, shortlist: &Shortlist) -> Option<Outcome> {
    let Wish::Tag { tag, .. } = question.wish else { return None };
    let candidate = shortlist.candidates.iter().find(|candidate| candidate.tag == *tag)?;
    let Verdict::Rejected(why) = &candidate.verdict else { return None };
    let name = &question.declaration.name;
    why.is_of_age().then(|| {
        let hint =
            format!("to go there all the same: solera-pin refresh {name} --to {tag} --because \"REASON\"");
        Outcome::Refused { reason: format!("the rules would not choose {tag} yet: it {why}"), hint }
    })
}

/// The tag that came nearest to being taken says most: one that upstream was asked about, or else one that the
/// declaration would allow.
fn nearest<'a, I>(rejections: impl Fn() -> I, locked: Option<&str>) -> Option<(&'a str, &'a Rejection)>
where
    I: Iterator<Item = (&'a str, &'a Rejection)>,
{
    let others = || rejections().filter(|(tag, _)| Some(*tag) != locked);
    let asked = |(_, rejection): &(&str, &Rejection)| {
        use Rejection::{NoFile, NoPlatforms, NotServed, Platforms};
        matches!(rejection, Platforms(_) | NoPlatforms | NotServed | NoFile(_))
    };
    let declared = |(_, rejection): &(&str, &Rejection)| {
        !matches!(rejection, Rejection::Version(_) | Rejection::Ignored(_) | Rejection::Older)
    };
    others().find(asked).or(others().find(declared)).or(others().next())
}
