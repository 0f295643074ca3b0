//! Which bytes of a file spell the text of a scalar to the letter.

use std::ops::Range;

use super::Style;
use crate::scan::{Piece, Spelled, image};

/// A scalar's text, and where its parts stand in the file.
#[derive(Clone, Debug, Default)]
pub struct Places<'t> {
    value: &'t str,
    /// Parts of the text that stand in the file as they are, in order: where in the text, where in the file.
    parts: Vec<(Range<usize>, usize)>,
}

impl<'t> Places<'t> {
    /// `span` is the scalar's in the file, with its quotes.
    pub(super) fn of(text: &'t str, value: &'t str, style: Style, span: Range<usize>) -> Self {
        let raw = &text[span.clone()];
        let parts = match style {
            Style::Plain => whole(raw, value, span.start),
            Style::SingleQuoted => whole(inside(raw, '\''), value, span.start + 1),
            Style::DoubleQuoted => whole(inside(raw, '"'), value, span.start + 1),
            Style::Literal => lines(raw, value, span.start),
            Style::Folded => once(raw, value, span.start),
        };
        Self { value, parts }
    }

    /// The places of a text that is put together from pieces.
    pub fn of_pieces(spelled: &'t Spelled) -> Self {
        let (mut parts, mut at) = (Vec::new(), 0);
        for piece in &spelled.pieces {
            parts.extend(piece.span.as_ref().map(|span| (at..at + piece.length, span.start)));
            at += piece.length;
        }
        Self { value: &spelled.text, parts }
    }

    /// A part of the text, with the bytes that spell it. Empty if it is no part of it.
    pub fn spelled(&self, range: Range<usize>) -> Spelled {
        let Some(text) = self.value.get(range.clone()) else { return Spelled::literal("", 0..0) };
        let mut pieces = Vec::new();
        let mut at = range.start;
        let first = self.parts.partition_point(|(part, _)| part.end <= range.start);
        let mut piece = |length: usize, span: Option<Range<usize>>| {
            pieces.extend((length > 0).then_some(Piece { length, span, shared: false }));
        };
        for (part, file) in &self.parts[first..] {
            let (start, end) = (part.start.max(range.start), part.end.min(range.end));
            if start >= end {
                break;
            }
            piece(start - at, None);
            let offset = file + start - part.start;
            piece(end - start, Some(offset..offset + end - start));
            at = end;
        }
        piece(range.end - at, None);
        Spelled { text: text.into(), pieces }
    }

    /// The bytes that spell a part of the text, where they stand together; an empty part has a place too.
    pub fn span(&self, range: Range<usize>) -> Option<Range<usize>> {
        if range.is_empty() {
            let holds =
                |(part, _): &&(Range<usize>, usize)| part.start <= range.start && range.start <= part.end;
            let from = self.parts.partition_point(|(part, _)| part.end < range.start);
            let (part, file) = self.parts[from..].first().filter(holds)?;
            let at = file + range.start - part.start;
            return Some(at..at);
        }
        image::place(&self.spelled(range))
    }

    /// From where a part of the text starts in the file to where it ends, whatever stands between.
    pub fn enclosing(&self, range: Range<usize>) -> Option<Range<usize>> {
        let pieces = self.spelled(range.clone()).pieces;
        let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return self.span(range) };
        let (start, end) = (first.span.as_ref()?.start, last.span.as_ref()?.end);
        (start <= end).then_some(start..end)
    }
}

/// Without the quotes.
fn inside(raw: &str, quote: char) -> &str {
    raw.strip_prefix(quote).and_then(|raw| raw.strip_suffix(quote)).unwrap_or_default()
}

/// The text is written as it is.
fn whole(raw: &str, value: &str, start: usize) -> Vec<(Range<usize>, usize)> {
    match raw == value {
        true => vec![(0..value.len(), start)],
        false => Vec::new(),
    }
}

/// Each line of a literal block is a line of the text behind its indentation.
fn lines(raw: &str, value: &str, start: usize) -> Vec<(Range<usize>, usize)> {
    let (mut parts, mut at, mut raw_at) = (Vec::new(), 0, 0);
    for line in value.split_inclusive('\n') {
        let rest = &raw[raw_at..];
        let raw_body = &rest[..rest.find(['\r', '\n']).unwrap_or(rest.len())];
        let ending = ["\r\n", "\n", "\r"].into_iter().find(|end| rest[raw_body.len()..].starts_with(end));
        let body = line.trim_end_matches('\n');
        let Some(indent) = raw_body.strip_suffix(body) else { return Vec::new() };
        let literal = if ending == Some("\n") { line.len() } else { body.len() };
        parts.push((at..at + literal, start + raw_at + indent.len()));
        at += line.len();
        raw_at += raw_body.len() + ending.map_or(0, str::len);
    }
    parts
}

/// The text without the line ends behind it, where it stands exactly once.
fn once(raw: &str, value: &str, start: usize) -> Vec<(Range<usize>, usize)> {
    let text = value.trim_end_matches('\n');
    let mut found = raw.match_indices(text).map(|(at, _)| start + at);
    match (found.next(), found.next()) {
        (Some(at), None) if !text.is_empty() => vec![(0..text.len(), at)],
        _ => Vec::new(),
    }
}
