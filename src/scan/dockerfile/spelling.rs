//! Putting a [`Spelled`] together, and cutting it.

use std::ops::Range;

use super::Joined;
use crate::scan::{Piece, Spelled};

/// A text of nothing.
pub(super) fn empty() -> Spelled {
    Spelled { text: String::new(), pieces: Vec::new() }
}

/// Text that stands nowhere in the file, or not in this way.
pub(super) fn unwritten(text: impl Into<String>, shared: bool) -> Spelled {
    let text = text.into();
    let pieces = match text.len() {
        0 => Vec::new(),
        length => vec![Piece { length, span: None, shared }],
    };
    Spelled { text, pieces }
}

/// A part of an instruction, as it stands there.
pub(super) fn written(joined: &Joined) -> Spelled {
    let mut spelled = empty();
    for (at, c) in joined.text.char_indices() {
        push(&mut spelled, c, joined.origin(at));
    }
    spelled
}

/// Adds a character that stands at a place of the file.
pub(super) fn push(spelled: &mut Spelled, c: char, origin: Option<usize>) {
    let length = c.len_utf8();
    let span = origin.map(|origin| origin..origin + length);
    spelled.text.push(c);
    add(spelled, Piece { length, span, shared: false });
}

/// Adds a text behind another one.
pub(super) fn append(spelled: &mut Spelled, other: &Spelled) {
    spelled.text.push_str(&other.text);
    other.pieces.iter().for_each(|piece| add(spelled, piece.clone()));
}

fn add(spelled: &mut Spelled, piece: Piece) {
    let last = spelled.pieces.last_mut().filter(|last| last.shared == piece.shared);
    match last.map(|last| (last.span.clone(), last)) {
        Some((None, last)) if piece.span.is_none() => last.length += piece.length,
        Some((Some(before), last)) if piece.span.as_ref().is_some_and(|span| span.start == before.end) => {
            last.length += piece.length;
            last.span = Some(before.start..before.end + piece.length);
        }
        _ => spelled.pieces.push(piece),
    }
}

/// The same text as the value of an argument.
pub(super) fn shared(mut spelled: Spelled) -> Spelled {
    spelled.pieces.iter_mut().for_each(|piece| piece.shared = true);
    spelled
}

/// A part of a text, on its character boundaries.
pub(super) fn slice(spelled: &Spelled, range: Range<usize>) -> Spelled {
    let mut part = Spelled { text: spelled.text.get(range.clone()).unwrap_or_default().into(), ..empty() };
    let mut at = 0;
    for piece in &spelled.pieces {
        let (start, end) = (range.start.max(at), range.end.min(at + piece.length));
        if start < end {
            let span = piece.span.as_ref().map(|span| span.start + start - at..span.start + end - at);
            part.pieces.push(Piece { length: end - start, span, ..*piece });
        }
        at += piece.length;
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_piece_and_a_slice_keeps_places() {
        let mut joined = Joined::default();
        joined.push("deb", 5);
        joined.push("ian:é", 20);
        let spelled = written(&joined);
        let spans: Vec<_> = spelled.pieces.iter().map(|piece| piece.span.clone().unwrap()).collect();
        assert_eq!(spans, [5..8, 20..26]);
        let part = slice(&spelled, 1..5);
        assert_eq!(part.text, "ebia");
        assert_eq!(part.pieces[0].span, Some(6..8));
        assert_eq!(part.pieces[1].span, Some(20..22));
        let mut both = unwritten("x", false);
        append(&mut both, &unwritten("y", false));
        append(&mut both, &shared(part));
        assert_eq!(both.text, "xyebia");
        assert_eq!(both.pieces.iter().map(|piece| piece.length).collect::<Vec<_>>(), [2, 2, 2]);
        assert!(both.pieces[1].shared && !both.pieces[0].shared);
    }
}
