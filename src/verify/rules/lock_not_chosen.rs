//! A locked value that no rule could have chosen.

use crate::catalog::{Declaration, Edition, Level};
use crate::document::Place;
use crate::lock::{Lock, locate};
use crate::model::{Pin, PinName};
use crate::plan::{Past, Question, Rejection, Verdict, Wish, shortlist};
use crate::verify::{Check, Input, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "lock-not-chosen",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "a bump that the rules would refuse is an edit, whoever made it",
    explanation: "\
With `--base REV`: pins.lock has moved a pin to where its declaration would not have let it go: back
to an older version, to a larger step than `allow`, to a prerelease, away from a `hold`; or the
content of an immutable tag changed. Another name for the pin changes nothing of that. A bot could
not have made that change, so it is an edit by hand, or was asked for with `--to`.

It is a person who lets it through: by merging over this finding, or by an edit of the declaration
that says so.",
    check: Check::Whole(check),
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    let Some(before) = input.before else { return Vec::new() };
    let mut found = Vec::new();
    for declaration in input.catalog.declarations.values() {
        let Some(pin) = input.lock.pins.get(&declaration.name) else { continue };
        let Some(locked) = previous(input, before, declaration, pin) else { continue };
        if pin == locked {
            continue;
        }
        let same_tag = pin.tag() == locked.tag() && pin.upstream() == locked.upstream();
        let why = match same_tag {
            true if declaration.immutable && pin.content() != locked.content() => {
                Some(format!("{} is immutable, and its content changed", pin.tag()))
            }
            true => None,
            false => step(input, declaration, locked, pin),
        };
        found.extend(why.map(|why| Raw {
            place: Place {
                file: input.lock_file.clone(),
                span: locate(input.lock_file, &declaration.name, &[key(pin, same_tag)]),
            },
            message: format!("no rule could have moved the pin `{}` here: {why}", declaration.name),
            help: format!(
                "restore it, or change its declaration in {} so that it allows this",
                input.catalog.declared_in
            ),
        }));
    }
    found
}

/// What a pin was locked at. One that is new by its name may go on where another left off.
fn previous<'a>(
    input: &Input<'_>,
    before: &'a Lock,
    declaration: &Declaration,
    pin: &Pin,
) -> Option<&'a Pin> {
    let is_it = |(name, old): &(&PinName, &Pin)| {
        !input.catalog.declarations.contains_key(*name)
            && old.upstream() == pin.upstream()
            && declaration.track.read(old.tag()).is_some()
    };
    let renamed = || before.pins.iter().find(is_it).map(|(_, old)| old);
    before.pins.get(&declaration.name).or_else(renamed)
}

/// The value that tells the change.
fn key(pin: &Pin, same_tag: bool) -> &'static str {
    match (same_tag, pin) {
        (false, _) => "tag",
        (true, Pin::Image(_)) => "digest",
        (true, Pin::Git(_)) => "commit",
        (true, Pin::Archive(_)) => "files",
        (true, Pin::Debian(_)) => "inrelease",
    }
}

/// Why the rules would not have gone from one to the other.
fn step(input: &Input<'_>, declaration: &Declaration, from: &Pin, to: &Pin) -> Option<String> {
    let needs = input.catalog.needs(declaration);
    let question = Question {
        declaration,
        needs: &needs,
        locked: Some(from),
        // Without a clock a hold that ends cannot be told from one that has ended: only those without an end count.
        now: jiff::Timestamp::MAX,
        past: Past::Nobody,
        wish: &Wish::Rules,
    };
    let judged = shortlist(&question, [to.tag()]);
    let candidate = judged.candidates.iter().find(|candidate| candidate.tag == to.tag())?;
    match &candidate.verdict {
        // Stale is another rule's word for these.
        Verdict::Rejected(Rejection::Version(_) | Rejection::Ignored(_)) => None,
        Verdict::Rejected(why) => Some(format!("{} {why}", to.tag())),
        _ => None,
    }
}
