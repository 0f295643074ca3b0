//! What concerns the locked tag of an image before any other: whether it moved though it must not, whether it ever named
//! what is locked, and what a person accepts of that.

use super::image::{Facts, Next, Seen, is_around_the_same, lacks, look, to_pin};
use super::{Alarm, Outcome, Question, Rejection, Shortlist, Wish};
use crate::model::{Digest, ImagePin, Lane, Pin, Repository};

/// What concerns the locked tag before any other: whether it moved though it must not, and, where a person accepts
/// what it names now, that.
pub(super) fn locked_first(
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
    let unseen = Alarm::NeverSeen { tag: pin.tag.to_string(), digest: pin.digest.to_string() };
    let doubt = !question.is_accepted() && is_unseen(question, pin) && !question.past.accepts(&unseen.mark());
    if !accept && !watch && !doubt {
        return None;
    }
    let alarm = |alarm| Some(Next::Decided(Outcome::Alarm(alarm)));
    match facts.tags.get(&pin.tag) {
        None => Some(look(question, pin.tag.clone())),
        Some(Seen::Missing) if watch => {
            shortlist.reject(pin.tag.as_str(), Rejection::NotServed);
            let gone = Alarm::Vanished { tag: pin.tag.to_string(), upstream: pin.repository.to_string() };
            (!question.past.accepts(&gone.mark())).then_some(Next::Decided(Outcome::Alarm(gone)))
        }
        Some(Seen::Names(manifest)) if watch && manifest.digest != pin.digest => {
            alarm(moved(pin, &manifest.digest))
        }
        Some(Seen::Claims(digest)) if watch && *digest != pin.digest => alarm(moved(pin, digest)),
        // Whether it is an index around what is locked, only reading tells.
        Some(Seen::Claims(digest)) if doubt && *digest != pin.digest => {
            Some(Next::Look { tag: pin.tag.clone(), known: Vec::new() })
        }
        Some(Seen::Names(manifest)) if doubt && manifest.digest != pin.digest => {
            let same = is_around_the_same(question, &pin.tag, manifest);
            if same { None } else { alarm(unseen) }
        }
        Some(Seen::Names(manifest)) if accept && lacks(question, manifest).is_none() => {
            let to = to_pin(question, repository, &pin.tag, manifest);
            accepted(question, shortlist, facts, pin, to)
        }
        Some(_) => None,
    }
}

/// Whether the locked tag was seen to name other content only.
fn is_unseen(question: &Question<'_>, pin: &ImagePin) -> bool {
    question.past.never_saw(pin.tag.as_str(), &pin.digest.to_string())
}

/// What a person accepts: what the locked tag names now, where an alarm refused it. Where none did, the rules hold.
fn accepted(
    question: &Question<'_>,
    shortlist: &mut Shortlist,
    facts: &Facts,
    pin: &ImagePin,
    to: ImagePin,
) -> Option<Next> {
    if to == *pin {
        return None;
    }
    if pin.digest != to.digest && !question.declaration.immutable && !is_unseen(question, pin) {
        match facts.locked_served {
            None => return Some(Next::IsServed(pin.digest.clone())),
            Some(true) => return None,
            Some(false) => {}
        }
    }
    shortlist.select(to.tag.as_str());
    let to = Pin::Image(to);
    Some(Next::Decided(Outcome::Move { to, lane: Lane::Digest, superseded: false }))
}

fn moved(pin: &ImagePin, now: &Digest) -> Alarm {
    Alarm::Moved { tag: pin.tag.to_string(), from: pin.digest.to_string(), to: now.to_string() }
}
