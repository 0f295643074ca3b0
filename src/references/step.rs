//! A whole file brought from one lock to another.

use super::{Edit, Register, Standing, Wrong, apply, take_back, write};
use crate::catalog::Declaration;
use crate::model::{Pin, PinName};
use crate::scan::{Reference, Scan};

/// What a new lock makes of a file.
#[derive(Debug, Default)]
pub struct Step {
    /// The file's new text; `None` where it stays as it is.
    pub text: Option<String>,
    /// Pins that cannot be written here; while there are any, `text` is not to be used.
    pub stuck: Vec<Stuck>,
}

/// A pin that cannot be written into a reference.
#[derive(Debug)]
pub struct Stuck {
    /// The pin.
    pub pin: PinName,
    /// Where, in bytes of the old text.
    pub at: usize,
    /// Why not.
    pub why: String,
}

/// Brings the references of a file that say what `old` has locked, or name its tag alone, to what `new` has.
///
/// A reference that differs from the old lock was edited by a person: it stays. `scan` is what scanning `text` gave,
/// and `rescan` does so again, to see that what was written is read as it is meant: an argument that one pin moves may
/// stand in the reference of another.
pub fn keep_in_step(
    path: &str,
    text: &str,
    scan: &Scan,
    old: &Register<'_>,
    new: &Register<'_>,
    rescan: impl Fn(&str) -> Scan,
) -> Step {
    let mut step = Step::default();
    let mut edits = Vec::new();
    let mut in_step = Vec::new();
    for (i, reference) in scan.references.iter().enumerate() {
        let Some(declaration) = follows(path, reference, old) else { continue };
        let Some(pin) = new.locked(declaration) else { continue };
        in_step.push((i, &declaration.name));
        match write(reference, pin) {
            Ok(found) => edits.extend(found),
            Err(why) if is_needed(reference, pin) => {
                step.stuck.push(stuck(&declaration.name, reference, why.to_string()));
            }
            Err(_) => drop(in_step.pop()),
        }
    }
    if edits.is_empty() || !step.stuck.is_empty() {
        return step;
    }
    let after = match apply(text, edits) {
        Ok(after) => after,
        Err(conflict) => {
            step.stuck = conflicting(scan, &in_step, &[conflict.0, conflict.1]);
            return step;
        }
    };
    let seen = rescan(&after);
    if seen.references.len() != scan.references.len() {
        let all = in_step.iter().map(|(i, pin)| {
            stuck(pin, &scan.references[*i], "what would be written is not read as it is meant".into())
        });
        step.stuck = all.collect();
        return step;
    }
    for (i, pin) in in_step {
        if !matches!(new.judge(path, &seen.references[i]), Standing::Locked(_)) {
            let why = "an argument in it is also used by another reference, which does not move with it";
            step.stuck.push(stuck(pin, &scan.references[i], why.into()));
        }
    }
    step.text = step.stuck.is_empty().then_some(after);
    step
}

/// A file without the content of its pins: each reference names its tag again. `None` where there is none.
pub fn unpin(path: &str, text: &str, scan: &Scan, register: &Register<'_>) -> Option<String> {
    let is_pinned = |reference: &&Reference| matches!(register.judge(path, reference), Standing::Locked(_));
    let edits: Vec<Edit> = scan.references.iter().filter(is_pinned).flat_map(take_back).collect();
    if edits.is_empty() {
        return None;
    }
    apply(text, edits).ok()
}

/// The pin that a reference is in step with, or would be if its content were written.
fn follows<'a>(path: &str, reference: &Reference, register: &Register<'a>) -> Option<&'a Declaration> {
    match register.judge(path, reference) {
        Standing::Locked(name) => register.catalog().declarations.get(name),
        Standing::Wrong(Wrong::NotPinned(declaration)) => Some(declaration),
        _ => None,
    }
}

/// A reference that cannot be written stands in the way only where its pin moves, or the content that it names does;
/// where neither does, the gate has said what is wrong with it.
fn is_needed(reference: &Reference, pin: &Pin) -> bool {
    use crate::scan::Input;
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

/// The pins whose references hold one of the edits.
fn conflicting(scan: &Scan, in_step: &[(usize, &PinName)], edits: &[Edit]) -> Vec<Stuck> {
    let wanted: Vec<&str> = edits.iter().map(|edit| edit.text.as_str()).collect();
    let why = format!("an argument in it would have to be both `{}`", wanted.join("` and `"));
    let touches = |reference: &Reference| {
        let pieces = match &reference.input {
            Ok(crate::scan::Input::Image(image)) => image.tag.iter().flat_map(|tag| &tag.pieces).collect(),
            _ => Vec::new(),
        };
        pieces.iter().any(|piece| {
            piece.span.as_ref().is_some_and(|span| edits.iter().any(|edit| edit.start == span.start))
        })
    };
    let touching = in_step.iter().filter(|(i, _)| touches(&scan.references[*i]));
    let found: Vec<Stuck> = touching.map(|(i, pin)| stuck(pin, &scan.references[*i], why.clone())).collect();
    match found.is_empty() {
        // Whatever it is, nothing may be written that two pins want differently.
        true => in_step.iter().map(|(i, pin)| stuck(pin, &scan.references[*i], why.clone())).collect(),
        false => found,
    }
}
