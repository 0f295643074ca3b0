//! Writing a pin into a reference, and taking it out again.

use std::ops::Range;

use super::Edit;
use super::judge::value;
use crate::model::{GitPin, ImagePin, Pin};
use crate::scan::{GitInput, ImageInput, Input, Kind, Piece, Reference, Spelled};

/// Why a pin cannot be written into a reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// There is no place for a digest or commit.
    #[error("there is no room here for what the pin is locked at")]
    NoRoom,
    /// Its tag is put together in a way that leaves open which part should change.
    #[error("its tag is put together so that `{0}` cannot be written into it")]
    Tag(String),
    /// It is of another kind than the pin.
    #[error("it is no reference that this pin can be written into")]
    Kind,
}

/// The edits that make a reference name what a pin is locked at; none where it does.
pub fn write(reference: &Reference, pin: &Pin) -> Result<Vec<Edit>, Unwritable> {
    match (&reference.input, pin) {
        (Ok(Input::Image(image)), Pin::Image(pin)) => write_image(reference.kind, image, pin),
        (Ok(Input::Git(git)), Pin::Git(pin)) => write_git(git, pin),
        (Ok(Input::Bound(bound)), pin) => {
            let wanted = value(pin, &bound.field).ok_or(Unwritable::Kind)?;
            let written = bound.value.as_ref().ok_or(Unwritable::NoRoom)?;
            respell(written, &wanted)
        }
        // An argument of the pin: the lock gives its value. An installation is held against one.
        (Err(_), _) | (Ok(Input::Fetch(_)), Pin::Debian(_)) => Ok(Vec::new()),
        _ => Err(Unwritable::Kind),
    }
}

/// The edits that take content out of a reference and leave its tag.
pub fn take_back(reference: &Reference) -> Vec<Edit> {
    match &reference.input {
        Ok(Input::Image(ImageInput { digest: Some(_), digest_site: Some(site), tag: Some(_), .. })) => {
            vec![Edit::new(site.span.clone(), "")]
        }
        Ok(Input::Git(GitInput { commit: Some(_), revision: Some(tag), site: Some(site), .. })) => {
            vec![Edit::new(site.revision.clone(), tag.text.clone()), Edit::new(site.comment.span.clone(), "")]
        }
        _ => Vec::new(),
    }
}

fn write_image(kind: Kind, image: &ImageInput, pin: &ImagePin) -> Result<Vec<Edit>, Unwritable> {
    let mut edits = match &image.tag {
        Some(tag) => respell(tag, pin.tag.as_str())?,
        None => Vec::new(),
    };
    let digest = pin.digest.to_string();
    if image.digest.as_ref() != Some(&digest) {
        match &image.digest_site {
            // A comment that binds the digest alone gives the same edit.
            Some(site) if image.digest.is_some() && site.span.len() > site.prefix.len() => {
                edits.push(Edit::new(site.span.start + site.prefix.len()..site.span.end, digest));
            }
            Some(site) => {
                edits.push(Edit::new(site.span.clone(), format!("{}{digest}", site.prefix)));
            }
            None if kind == Kind::HelmDependency => {}
            None => return Err(Unwritable::NoRoom),
        }
    }
    Ok(edits)
}

fn write_git(git: &GitInput, pin: &GitPin) -> Result<Vec<Edit>, Unwritable> {
    let commit = pin.commit.as_str();
    let is_tag = git.revision.as_ref().is_some_and(|revision| revision.text == pin.tag.as_str());
    let stands = git.commit.as_deref() == Some(commit);
    if is_tag && stands {
        return Ok(Vec::new());
    }
    let site = git.site.as_ref().ok_or(Unwritable::NoRoom)?;
    // The comment behind a commit keeps its own words around the tag.
    if let (Some(_), Some(written)) = (&git.commit, &git.revision)
        && let Ok(mut edits) = respell(written, pin.tag.as_str())
    {
        edits.push(Edit::new(site.revision.clone(), commit));
        return Ok(edits);
    }
    Ok(vec![
        Edit::new(site.revision.clone(), commit),
        Edit::new(site.comment.span.clone(), format!("{}{}", site.comment.prefix, pin.tag)),
    ])
}

/// A piece with its text.
type Part<'a> = (&'a str, &'a Piece);

/// The edits that make a text that is put together from pieces another one.
///
/// Only what arguments hold may change, or, where it uses none, the one piece that it is: whatever stands between two
/// arguments is the same for every value they have.
fn respell(spelled: &Spelled, wanted: &str) -> Result<Vec<Edit>, Unwritable> {
    if spelled.text == wanted {
        return Ok(Vec::new());
    }
    let stuck = || Unwritable::Tag(wanted.to_owned());
    let mut parts = Vec::new();
    let mut at = 0;
    for piece in &spelled.pieces {
        let text = spelled.text.get(at..at + piece.length).ok_or_else(stuck)?;
        parts.push((text, piece));
        at += piece.length;
    }
    in_order(&parts, wanted).or_else(|| one_changes(&parts, wanted)).ok_or_else(stuck)
}

/// Changes what must change from the first piece to the last.
fn in_order(parts: &[Part<'_>], wanted: &str) -> Option<Vec<Edit>> {
    let movable = |shared: bool| shared || parts.len() == 1;
    let mut edits = Vec::new();
    let mut rest = wanted;
    for (i, (text, piece)) in parts.iter().enumerate() {
        if !movable(piece.shared) {
            rest = rest.strip_prefix(text)?;
            continue;
        }
        // It reaches to the next text that stays: or, before another one that can change, is as it was.
        let end = match parts.get(i + 1) {
            None => rest.len(),
            Some((_, next)) if movable(next.shared) => rest.starts_with(text).then_some(text.len())?,
            Some((next, _)) if i + 2 == parts.len() => {
                rest.ends_with(next).then(|| rest.len() - next.len())?
            }
            Some((next, _)) => rest.find(next)?,
        };
        let (value, after) = rest.split_at(end);
        if value != *text {
            edits.push(Edit::new(place_for(piece, value)?, value));
        }
        rest = after;
    }
    rest.is_empty().then_some(edits)
}

/// Changes a single argument's piece, where no other would do as well.
fn one_changes(parts: &[Part<'_>], wanted: &str) -> Option<Vec<Edit>> {
    let text = |parts: &[Part<'_>]| parts.iter().map(|(text, _)| *text).collect::<String>();
    let change = |i: usize| {
        let (_, piece) = parts.get(i).filter(|(_, piece)| piece.shared)?;
        let rest = wanted.strip_prefix(text(&parts[..i]).as_str())?;
        let value = rest.strip_suffix(text(&parts[i + 1..]).as_str())?;
        Some(Edit::new(place_for(piece, value)?, value))
    };
    // Of a text with more pieces no person could tell either.
    let mut changes = (0..parts.len()).take(8).filter_map(change);
    changes.next().filter(|_| changes.next().is_none()).map(|edit| vec![edit])
}

/// Where the value of a piece can be written.
fn place_for(piece: &Piece, value: &str) -> Option<Range<usize>> {
    piece.span.clone().filter(|_| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{…}` marks what an argument holds; it stands at 100, 200, … of the file, the rest at its own place.
    fn spelled(pattern: &str) -> Spelled {
        let (mut text, mut pieces, mut shared) = (String::new(), Vec::new(), false);
        for part in pattern.split_inclusive(['{', '}']) {
            let body = part.trim_end_matches(['{', '}']);
            if !body.is_empty() {
                let start = if shared { 100 * (pieces.len() + 1) } else { text.len() };
                pieces.push(Piece { length: body.len(), span: Some(start..start + body.len()), shared });
                text.push_str(body);
            }
            shared = part.ends_with('{');
        }
        Spelled { text, pieces }
    }

    #[test]
    fn only_what_arguments_hold_changes() {
        for (pattern, wanted, expected) in [
            ("1.88-slim", "1.98-slim", Some(vec!["0..9 1.98-slim"])),
            ("{22}-slim", "24-slim", Some(vec!["100..102 24"])),
            ("{22}-slim", "22-slim", Some(vec![])),
            ("{1}.{88}-slim", "1.98-slim", Some(vec!["300..302 98"])),
            ("{1}.{88}-slim", "2.0-slim", Some(vec!["100..101 2", "300..302 0"])),
            ("{1.88}{-slim}", "1.88-slim-bookworm", Some(vec!["200..205 -slim-bookworm"])),
            ("{1.88}{-slim}", "1.98-slim", Some(vec!["100..104 1.98"])),
            ("{1.88}{-slim}", "1.98-slim-x", None),
            ("{1}{1}", "121", Some(vec!["200..201 21"])),
            ("{22}-slim", "24-alpine", None),
            ("v{22}", "v24", Some(vec!["200..202 24"])),
            ("{3.20}-a-{b}-a", "3.21-a-c-a", Some(vec!["100..104 3.21", "300..301 c"])),
            ("{22}-slim", "-slim", None),
        ] {
            let edits = respell(&spelled(pattern), wanted).ok();
            let shown = edits.map(|edits| {
                let shown = |edit: &Edit| format!("{}..{} {}", edit.start, edit.end, edit.text);
                edits.iter().map(shown).collect::<Vec<_>>()
            });
            assert_eq!(
                shown,
                expected.map(|e| e.into_iter().map(str::to_owned).collect()),
                "{pattern} {wanted}"
            );
        }
    }

    #[test]
    fn what_the_file_does_not_spell_cannot_change() {
        let mut unspelled = spelled("{22}-slim");
        unspelled.pieces[0].span = None;
        assert_eq!(respell(&unspelled, "24-slim"), Err(Unwritable::Tag("24-slim".into())));
        assert_eq!(respell(&unspelled, "22-slim"), Ok(Vec::new()));
    }
}
