//! A scalar of a YAML file that names an image.

use std::ops::Range;

use super::yaml::{Node, Places, Stream};
use super::{Input, Kind, Reference, Scan, Spelled, Unresolved, image};

/// What something else fills in before the file is used; none of it can be part of an image reference.
const TEMPLATES: &[&str] = &["{{", "{%", "<%", "#{", "$"];

/// The text of a scalar without the white space around it, and where it stands.
#[derive(Debug)]
pub(super) struct Scalar<'s> {
    /// The text.
    pub(super) text: &'s str,
    /// Where that stands; where it is not spelled out, the whole scalar.
    pub(super) span: Range<usize>,
    places: Places<'s>,
    /// Where the text starts within the scalar's.
    start: usize,
}

impl<'s> Scalar<'s> {
    /// `None` where a node is no scalar, is null or blank.
    pub(super) fn of(node: Node<'s>) -> Option<Self> {
        let whole = node.text()?;
        let text = whole.trim();
        let start = whole.len() - whole.trim_start().len();
        let places = node.places();
        let span = places.span(start..start + text.len()).unwrap_or(node.span());
        (!text.is_empty()).then_some(Self { text, span, places, start })
    }

    /// The text with its pieces.
    pub(super) fn spelled(&self) -> Spelled {
        self.part(0..self.text.len())
    }

    /// A part of the text with its pieces.
    pub(super) fn part(&self, range: Range<usize>) -> Spelled {
        self.places.spelled(self.start + range.start..self.start + range.end)
    }

    /// The bytes of a part of the text, if they spell it.
    pub(super) fn place(&self, range: Range<usize>) -> Option<Range<usize>> {
        self.places.span(self.start + range.start..self.start + range.end)
    }

    /// Where the text ends in the file.
    pub(super) fn end(&self) -> Option<usize> {
        Some(self.place(self.text.len()..self.text.len())?.start)
    }

    /// The text as an image reference.
    pub(super) fn reference(&self, kind: Kind) -> Reference {
        let input = match is_template(self.text) {
            true => Err(Unresolved::Template(self.text.into())),
            false => Ok(Input::Image(image::of(&self.spelled()))),
        };
        Reference { kind, span: self.span.clone(), input }
    }
}

/// Whether something else fills a text in.
pub(super) fn is_template(text: &str) -> bool {
    TEMPLATES.iter().any(|mark| text.contains(mark))
}

/// Whether a YAML text could have one of these words in a key. One that could spell it by an escape could have any.
pub(super) fn may_hold(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word)) || has_escapes(text)
}

/// Whether a text has an escape that stands for a letter or joins lines, or a tag that stands for another text.
fn has_escapes(text: &str) -> bool {
    let letter = |at: usize, digits: usize| {
        let code = text.get(at..at + digits).and_then(|code| u32::from_str_radix(code, 16).ok());
        code.and_then(char::from_u32).is_some_and(|c| c.is_ascii_alphabetic())
    };
    let spells = |at: usize| match text.as_bytes().get(at + 1) {
        Some(b'x') => letter(at + 2, 2),
        Some(b'u') => letter(at + 2, 4),
        Some(b'U') => letter(at + 2, 8),
        Some(b'\r' | b'\n') => true,
        _ => false,
    };
    text.contains("!!binary") || text.match_indices('\\').any(|(at, _)| spells(at))
}

impl Scan {
    /// What was found, in order and each place once, with what the stream could not read.
    pub(super) fn of_yaml(mut self, stream: &Stream<'_>) -> Self {
        self.unread.extend(stream.unread());
        self.in_order()
    }

    /// Sorts what was found; what was found twice is given once.
    pub(super) fn in_order(mut self) -> Self {
        self.references.sort_by_key(|found| (found.span.start, found.span.end));
        self.references.dedup();
        self.outputs.sort_by_key(|output| (output.span.start, output.span.end));
        self.outputs.dedup();
        self.unread.sort_by_key(|unread| (unread.span.start, unread.span.end));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_cannot_be_hidden() {
        for text in [
            "an image",
            "\\x69mage",
            "\\u0069mage",
            "\\U00000069mage",
            "im\\\nage",
            "im\\\r\nage",
            "!!binary x",
        ] {
            assert!(may_hold(text, &["image"]), "{text}");
        }
        for text in ["", "IMAGE", "\\x20", "\\u2013", "\\n", "\\u00", "\\x6é", "\\", "\\U00110000"] {
            assert!(!may_hold(text, &["image"]), "{text}");
        }
    }
}
