//! Text put together from several places of a file.

use std::ops::Range;

use smallvec::SmallVec;

use crate::scan::Spelled;

/// Text of which each byte knows where it stands in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// The text.
    pub text: String,
    /// In order, and as few as can be: nearly all text stands in one piece.
    pieces: SmallVec<[Piece; 1]>,
}

/// A part of the text that stands in the file in one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    /// Where it begins in the text. It ends where the next one begins.
    start: usize,
    /// Where its first byte stands in the file.
    origin: usize,
    /// Whether all its bytes stand there: a character that the file spells in another way.
    fixed: bool,
}

impl Piece {
    fn origin(self, at: usize) -> usize {
        if self.fixed { self.origin } else { self.origin + (at - self.start) }
    }
}

/// A part of an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Continuations joined; of a flag, without quotes and escapes.
    pub text: String,
    /// Where it stands in the file.
    pub span: Range<usize>,
}

/// What ends a keyword, and a word of `FROM`.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{b}' | '\u{c}' | '\r')
}

impl Joined {
    /// Leaves nothing but the memory.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.pieces.clear();
    }

    pub(super) fn push(&mut self, text: &str, offset: usize) {
        self.add(text, offset, false);
    }

    fn add(&mut self, text: &str, origin: usize, fixed: bool) {
        if text.is_empty() {
            return;
        }
        let start = self.text.len();
        let goes_on = |last: &Piece| !last.fixed && !fixed && last.origin(start) == origin;
        if !self.pieces.last().is_some_and(goes_on) {
            self.pieces.push(Piece { start, origin, fixed });
        }
        self.text.push_str(text);
    }

    /// The piece that has a byte of the text.
    fn piece(&self, at: usize) -> Option<Piece> {
        let after = self.pieces.partition_point(|piece| piece.start <= at);
        self.pieces.get(after.checked_sub(1)?).copied()
    }

    /// Where a range of the text stands in the file.
    pub fn span(&self, range: Range<usize>) -> Range<usize> {
        let last = self.text.len().checked_sub(1);
        let start = self.origin(range.start).or(last.and_then(|last| self.origin(last))).unwrap_or_default();
        let end = range.end.checked_sub(1).and_then(|last| self.origin(last)).map_or(start, |last| last + 1);
        start..end.max(start)
    }

    /// Adds a character that the file spells with the bytes up to and with `offset`.
    pub(super) fn push_char(&mut self, c: char, offset: usize) {
        self.add(c.encode_utf8(&mut [0; 4]), offset, c.len_utf8() > 1);
    }

    /// Adds a part of another text.
    pub(super) fn extend(&mut self, other: &Self, range: Range<usize>) {
        let Some(text) = other.text.get(range.clone()) else { return };
        let first = other.pieces.partition_point(|piece| piece.start <= range.start).saturating_sub(1);
        for (i, piece) in other.pieces.iter().enumerate().skip(first) {
            if piece.start >= range.end {
                break;
            }
            let next = other.pieces.get(i + 1).map_or(other.text.len(), |next| next.start);
            let (start, end) = (piece.start.max(range.start), next.min(range.end));
            let part = text.get(start - range.start..end - range.start).unwrap_or_default();
            self.add(part, piece.origin(start), piece.fixed);
        }
    }

    /// The text, where it stands in the file in one piece and to the letter.
    pub(super) fn literal(&self) -> Option<Spelled> {
        match self.pieces.as_slice() {
            [Piece { origin, fixed: false, .. }] => {
                Some(Spelled::literal(self.text.clone(), *origin..origin + self.text.len()))
            }
            _ => None,
        }
    }

    /// Where a byte of the text stands in the file.
    pub(super) fn origin(&self, at: usize) -> Option<usize> {
        (at < self.text.len()).then(|| self.piece(at)).flatten().map(|piece| piece.origin(at))
    }

    /// Where the text ends in the file.
    pub(super) fn end(&self) -> usize {
        self.text.len().checked_sub(1).and_then(|last| self.origin(last)).map_or(0, |last| last + 1)
    }

    pub(super) fn slice(&self, range: Range<usize>) -> Self {
        if range == (0..self.text.len()) {
            return self.clone();
        }
        let mut slice = Self::default();
        slice.extend(self, range);
        slice
    }

    /// A range without the white space around it.
    pub(super) fn trim(&self, range: Range<usize>) -> Range<usize> {
        let text = &self.text[range.clone()];
        let start = range.end - text.trim_start().len();
        start..start.max(range.start + text.trim_end().len())
    }

    pub(super) fn trimmed(&self) -> Self {
        self.slice(self.trim(0..self.text.len()))
    }

    pub(super) fn word(&self) -> Word {
        Word { text: self.text.clone(), span: self.span(0..self.text.len()) }
    }

    /// The parts between the characters that separate them; none of them is empty.
    pub(super) fn split(&self, separates: impl Fn(char) -> bool) -> Vec<Self> {
        let (mut parts, mut start) = (Vec::new(), 0);
        while start < self.text.len() {
            let rest = &self.text[start..];
            let end = start + rest.find(&separates).unwrap_or(rest.len());
            parts.extend((start < end).then(|| self.slice(start..end)));
            start = end + self.text[end..].chars().next().map_or(1, char::len_utf8);
        }
        parts
    }

    /// The words that white space separates; quotes and the escape character hold a word together.
    pub(super) fn words(&self, escape: char) -> Vec<Self> {
        let (mut words, mut start, mut quote) = (Vec::new(), None, None);
        let mut chars = self.text.char_indices();
        while let Some((i, c)) = chars.next() {
            if quote.is_none() && c.is_whitespace() {
                words.extend(start.take().map(|start| self.slice(start..i)));
                continue;
            }
            start.get_or_insert(i);
            match quote {
                Some(open) if c == open => quote = None,
                None if matches!(c, '"' | '\'') => quote = Some(c),
                _ if c == escape && quote != Some('\'') => drop(chars.next()),
                _ => {}
            }
        }
        words.extend(start.map(|start| self.slice(start..self.text.len())));
        words
    }

    /// Whether it begins with a flag.
    pub(super) fn has_flags(&self) -> bool {
        self.text.trim_start().starts_with("--")
    }

    /// The flags that it begins with, without quotes and escapes, and what follows them.
    pub(super) fn flags(&self) -> (Vec<Self>, Self) {
        let (mut flags, mut at) = (Vec::new(), self.after_space(0));
        while self.text[at..].starts_with("--") {
            let (flag, end) = self.unquoted(at);
            at = self.after_space(end);
            if flag.text == "--" {
                break;
            }
            flags.push(flag);
        }
        (flags, self.slice(self.trim(at..self.text.len())))
    }

    fn after_space(&self, at: usize) -> usize {
        self.text.len() - self.text[at..].trim_start().len()
    }

    /// The word at a place without quotes and escapes, and where it ends.
    fn unquoted(&self, at: usize) -> (Self, usize) {
        let plain = self.text[at..].find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\\'));
        let end = plain.map_or(self.text.len(), |length| at + length);
        if !self.text[end..].starts_with(['"', '\'', '\\']) {
            return (self.slice(at..end), end);
        }
        let (mut word, mut quote) = (Self::default(), None);
        let mut chars = self.text[at..].char_indices().map(|(i, c)| (at + i, c));
        while let Some((i, c)) = chars.next() {
            let escaped = if c == '\\' { chars.next() } else { None };
            match (quote, escaped, c) {
                (_, Some((i, c)), _) => word.extend(self, i..i + c.len_utf8()),
                (_, None, '\\') => {}
                (Some(open), _, c) if c == open => quote = None,
                (None, _, '"' | '\'') => quote = Some(c),
                (None, _, c) if c.is_whitespace() => return (word, i),
                _ => word.extend(self, i..i + c.len_utf8()),
            }
        }
        (word, self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every part is the same text at the same places, however it is cut out.
    #[test]
    fn parts_keep_their_places() {
        let mut joined = Joined::default();
        joined.push("FROM a", 10);
        joined.push_char('\u{e4}', 30);
        joined.push("bc ", 31);
        joined.push("d", 40);
        let bounds: Vec<usize> =
            joined.text.char_indices().map(|(at, _)| at).chain([joined.text.len()]).collect();
        for &start in &bounds {
            for &end in bounds.iter().filter(|end| **end >= start) {
                let slice = joined.slice(start..end);
                assert_eq!(slice.text, joined.text[start..end]);
                for at in 0..slice.text.len() {
                    assert_eq!(slice.origin(at), joined.origin(start + at), "{start}..{end} {at}");
                }
                assert_eq!(slice.origin(slice.text.len()), None);
            }
        }
        let origins: Vec<_> = (0..joined.text.len()).filter_map(|at| joined.origin(at)).collect();
        assert_eq!(origins, [10, 11, 12, 13, 14, 15, 30, 30, 31, 32, 33, 40]);
        assert_eq!((joined.end(), joined.span(6..9)), (41, 30..32));
    }
}
