//! Writing a pin into a reference, and taking it out again.

use super::Edit;
use super::judge::value;
use crate::model::{GitPin, ImagePin, Pin};
use crate::scan::{GitInput, ImageInput, Input, Kind, Reference, Spelled};

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
        // An argument of the pin: the lock gives its value.
        (Err(_), _) => Ok(Vec::new()),
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

/// The edits that make a text that is put together from pieces another one.
///
/// Only what arguments hold may change, or, where it uses none, the one piece that it is: whatever stands between two
/// arguments is the same for every value they have.
fn respell(spelled: &Spelled, wanted: &str) -> Result<Vec<Edit>, Unwritable> {
    if spelled.text == wanted {
        return Ok(Vec::new());
    }
    let stuck = || Unwritable::Tag(wanted.to_owned());
    let mut pieces = Vec::new();
    let mut at = 0;
    for piece in &spelled.pieces {
        let text = spelled.text.get(at..at + piece.length).ok_or_else(stuck)?;
        pieces.push((text, piece));
        at += piece.length;
    }
    let movable = |shared: bool| shared || pieces.len() == 1;
    let mut edits = Vec::new();
    let mut rest = wanted;
    for (i, (text, piece)) in pieces.iter().enumerate() {
        if !movable(piece.shared) {
            rest = rest.strip_prefix(text).ok_or_else(stuck)?;
            continue;
        }
        // It reaches to the next text that stays: or, before another one that can change, is as it was.
        let end = match pieces.get(i + 1) {
            None => rest.len(),
            Some((_, next)) if movable(next.shared) => {
                rest.starts_with(text).then_some(text.len()).ok_or_else(stuck)?
            }
            Some((next, _)) if i + 2 == pieces.len() => {
                rest.ends_with(next).then(|| rest.len() - next.len()).ok_or_else(stuck)?
            }
            Some((next, _)) => rest.find(next).ok_or_else(stuck)?,
        };
        let (value, after) = rest.split_at(end);
        if value != *text {
            let span = piece.span.clone().filter(|_| !value.is_empty()).ok_or_else(stuck)?;
            edits.push(Edit::new(span, value));
        }
        rest = after;
    }
    match rest.is_empty() {
        true => Ok(edits),
        false => Err(stuck()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::Piece;

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
            ("{1.88}{-slim}", "1.98-slim", None),
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
