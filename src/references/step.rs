//! A whole file brought from one lock to another.

use std::ops::Range;

use super::judge::value;
use super::{Edit, Register, Standing, Wrong, apply, take_back, write};
use crate::catalog::{Declaration, Mode};
use crate::model::{Pin, PinName};
use crate::scan::{Input, Piece, Reference, Scan, Spelled};

/// What a new lock makes of a file.
#[derive(Debug, Default)]
pub struct Step {
    /// The edits that bring it there; none where it stays as it is.
    pub edits: Vec<Edit>,
    /// The references that are other than before.
    pub written: Vec<Written>,
    /// Pins that cannot be written here; while there are any, there are no edits.
    pub stuck: Vec<Stuck>,
    /// References that name neither what was locked nor what is: a person's, left alone.
    pub edited: Vec<Edited>,
}

/// A reference that a pin was written into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The pin.
    pub pin: PinName,
    /// Where, in bytes of the old text.
    pub at: usize,
    /// The tag or value that it had, if any.
    pub from: Option<String>,
    /// The tag or value that it has.
    pub to: String,
    /// Whether it named content before.
    pub was_pinned: bool,
}

/// A pin that cannot be written into a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// The pin.
    pub pin: PinName,
    /// Where, in bytes of the old text.
    pub at: usize,
    /// Why not.
    pub why: String,
}

/// A reference that names something else than its pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The pin.
    pub pin: PinName,
    /// Where, in bytes of the text.
    pub at: usize,
    /// What is written.
    pub written: String,
}

/// How many references that stand in the way are enough to be told of.
const MOST_TOLD: usize = 1000;

/// A reference that is to be in step with a pin, and the edits that make it so.
struct Aim<'a> {
    reference: usize,
    name: &'a PinName,
    edits: Vec<Edit>,
    written: Written,
}

/// Brings the references of a file that say what `old` has locked, or name its tag alone, to what `new` has; of the
/// pins that are `wanted`.
///
/// Under an emitted policy only the lines are written that a comment binds: everything else keeps its tag.
///
/// A reference that differs from the old lock was edited by a person: it stays. `scan` is what scanning `text` gave,
/// and `rescan` does so again, to see that what was written is read as it is meant, and nothing else is read otherwise:
/// an argument that one pin moves may stand in the reference of another.
pub fn keep_in_step(
    path: &str,
    text: &str,
    scan: &Scan,
    old: &Register<'_>,
    new: &Register<'_>,
    wanted: impl Fn(&PinName) -> bool,
    rescan: impl Fn(&str) -> Scan,
) -> Step {
    let mut step = Step::default();
    let mut aims = Vec::new();
    let all = old.policy.mode == Mode::InPlace;
    for (i, reference) in scan.references.iter().enumerate() {
        if !all && !matches!(reference.input, Ok(Input::Bound(_))) {
            continue;
        }
        let declaration = match old.judge(path, reference) {
            Standing::Locked(name) => old.catalog().declarations.get(name),
            Standing::Wrong(Wrong::NotPinned(declaration)) => Some(declaration),
            Standing::Wrong(Wrong::Differs { pin, written, .. }) => {
                if wanted(&pin.name) && !matches!(new.judge(path, reference), Standing::Locked(_)) {
                    let (pin, at) = (pin.name.clone(), reference.span.start);
                    step.edited.push(Edited { pin, at, written });
                }
                None
            }
            _ => None,
        };
        let Some(declaration) = declaration.filter(|declaration| wanted(&declaration.name)) else { continue };
        match new.locked(declaration).map(|pin| (write(reference, pin), pin)) {
            Some((Ok(edits), pin)) => aims.push(Aim::new(i, reference, declaration, pin, edits)),
            Some((Err(why), pin)) if is_needed(reference, pin) => {
                step.stuck.push(stuck(&declaration.name, reference, why.to_string()));
            }
            _ => {}
        }
    }
    if step.stuck.is_empty() {
        match carried_out(path, text, scan, new, &aims, rescan) {
            Ok(edits) => step.edits = edits,
            Err(stuck) => step.stuck = stuck,
        }
    }
    if !step.edits.is_empty() {
        step.written = aims.into_iter().filter(|aim| !aim.edits.is_empty()).map(|aim| aim.written).collect();
    }
    step
}

/// The edits of all aims, after a look at what they make of the text.
fn carried_out(
    path: &str,
    text: &str,
    scan: &Scan,
    new: &Register<'_>,
    aims: &[Aim<'_>],
    rescan: impl Fn(&str) -> Scan,
) -> Result<Vec<Edit>, Vec<Stuck>> {
    let edits: Vec<Edit> = aims.iter().flat_map(|aim| aim.edits.clone()).collect();
    if edits.is_empty() {
        return Ok(edits);
    }
    let after = apply(text, edits.clone()).map_err(|conflict| {
        let (one, two) = (&conflict.0, &conflict.1);
        let why = format!("an argument in it would have to be both `{}` and `{}`", one.text, two.text);
        let spans = [one.start..one.end, two.start..two.end];
        let both = movers(aims, &spans);
        both.map(|aim| stuck(aim.name, &scan.references[aim.reference], why.clone())).collect::<Vec<_>>()
    })?;
    let seen = rescan(&after);
    if seen.references.len() != scan.references.len() {
        let why = "what would be written is not read as it is meant";
        let all = movers(aims, &[]).map(|aim| stuck(aim.name, &scan.references[aim.reference], why.into()));
        return Err(all.collect());
    }
    let mut wrong = Vec::new();
    // In the order of references.
    let mut aimed = aims.iter().map(|aim| aim.reference).peekable();
    for (i, (before, after)) in scan.references.iter().zip(&seen.references).enumerate() {
        let as_meant = match aimed.next_if_eq(&i).is_some() {
            true => matches!(new.judge(path, after), Standing::Locked(_)),
            false => named(before) == named(after),
        };
        if !as_meant {
            let spans: Vec<_> = pieces(before).iter().filter_map(|piece| piece.span.clone()).collect();
            let why = "an argument in it is also used by a reference that moves with another pin";
            wrong.extend(movers(aims, &spans).map(|aim| stuck(aim.name, before, why.into())));
        }
        if wrong.len() > MOST_TOLD {
            break;
        }
    }
    if wrong.is_empty() { Ok(edits) } else { Err(wrong) }
}

/// The aims that edit one of these places; or, where none does, all that edit anything: whatever it is, nothing may be
/// written that is not read as it is meant.
fn movers<'a>(aims: &'a [Aim<'a>], spans: &[Range<usize>]) -> impl Iterator<Item = &'a Aim<'a>> {
    let touches = |edit: &Edit| spans.iter().any(|span| edit.start <= span.end && span.start <= edit.end);
    let touching: Vec<&Aim<'_>> = aims.iter().filter(|aim| aim.edits.iter().any(touches)).collect();
    let editing = || aims.iter().filter(|aim| !aim.edits.is_empty()).collect();
    if touching.is_empty() { editing() } else { touching }.into_iter()
}

/// The edits that take the content of the pins that are `wanted` out of a file: each reference names its tag again.
pub fn unpin(
    path: &str,
    scan: &Scan,
    register: &Register<'_>,
    wanted: impl Fn(&PinName) -> bool,
) -> Vec<Edit> {
    let is_pinned = |reference: &&Reference| matches!(register.judge(path, reference), Standing::Locked(name) if wanted(name));
    scan.references.iter().filter(is_pinned).flat_map(take_back).collect()
}

impl<'a> Aim<'a> {
    fn new(
        i: usize,
        reference: &Reference,
        declaration: &'a Declaration,
        pin: &Pin,
        edits: Vec<Edit>,
    ) -> Self {
        let (from, was_pinned) = match &reference.input {
            Ok(Input::Image(image)) => (image.tag.as_ref(), image.digest.is_some()),
            Ok(Input::Git(git)) => (git.revision.as_ref(), git.commit.is_some()),
            Ok(Input::Bound(bound)) => (bound.value.as_ref(), true),
            _ => (None, false),
        };
        let to = match &reference.input {
            Ok(Input::Bound(bound)) => value(pin, &bound.field).unwrap_or_default(),
            _ => pin.tag().to_owned(),
        };
        let (name, from) = (&declaration.name, from.map(|from| from.text.clone()));
        let written = Written { pin: name.clone(), at: reference.span.start, from, to, was_pinned };
        Self { reference: i, name, edits, written }
    }
}

fn text(spelled: &Option<Spelled>) -> Option<&str> {
    spelled.as_ref().map(|spelled| spelled.text.as_str())
}

/// What a reference names, to tell whether it still does.
fn named(reference: &Reference) -> [Option<&str>; 3] {
    match &reference.input {
        Ok(Input::Image(image)) => [Some(&image.repository), text(&image.tag), image.digest.as_deref()],
        Ok(Input::Git(git)) => [Some(&git.url), text(&git.revision), git.commit.as_deref()],
        Ok(Input::Bound(bound)) => [Some(&bound.pin), Some(&bound.field), text(&bound.value)],
        // The URL of a download may well be put together from an argument that moves.
        Ok(Input::Fetch(_)) | Err(_) => [None; 3],
    }
}

fn pieces(reference: &Reference) -> &[Piece] {
    let spelled = match &reference.input {
        Ok(Input::Image(image)) => image.tag.as_ref(),
        Ok(Input::Git(git)) => git.revision.as_ref(),
        Ok(Input::Bound(bound)) => bound.value.as_ref(),
        _ => None,
    };
    spelled.map_or(&[], |spelled| &spelled.pieces)
}

/// A reference that cannot be written stands in the way only where its pin moves, or the content that it names does;
/// where neither does, the gate has said what is wrong with it.
fn is_needed(reference: &Reference, pin: &Pin) -> bool {
    match &reference.input {
        Ok(Input::Image(image)) => {
            image.tag.as_ref().is_some_and(|tag| tag.text != pin.tag())
                || image.digest.as_ref().is_some_and(|digest| *digest != pin.content())
        }
        Ok(Input::Git(git)) => {
            git.revision.as_ref().is_some_and(|revision| revision.text != pin.tag())
                || git.commit.as_ref().is_some_and(|commit| *commit != pin.content())
        }
        _ => true,
    }
}

fn stuck(pin: &PinName, reference: &Reference, why: String) -> Stuck {
    Stuck { pin: pin.clone(), at: reference.span.start, why }
}
