//! Text files with places in them, and TOML read with the place of each mistake.
//!
//! Pure: a [`SourceFile`] is text that somebody else read.

mod section;

use std::ops::Range;
use std::sync::Arc;

pub use section::{Entry, Section, parse_toml};

/// A byte order mark.
const MARK: char = '\u{feff}';

/// A file's text under the name that people know it by.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Relative to the repository.
    pub path: String,
    /// Without a byte order mark.
    pub text: String,
}

impl SourceFile {
    /// Takes the text as it was read.
    pub fn new(path: impl Into<String>, text: &str) -> Arc<Self> {
        let text = text.strip_prefix(MARK).unwrap_or(text);
        Arc::new(Self { path: path.into(), text: text.into() })
    }

    /// Takes bytes as they were read. A byte that is not UTF-8 becomes a `?`, so that all offsets stay what they are.
    pub fn from_bytes(path: impl Into<String>, bytes: Vec<u8>) -> Arc<Self> {
        let mut text = text_of(bytes);
        if text.starts_with(MARK) {
            text.drain(..MARK.len_utf8());
        }
        Arc::new(Self { path: path.into(), text })
    }

    /// Line and column of a byte offset, both from 1; the column counts characters.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

fn text_of(bytes: Vec<u8>) -> String {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return text,
        Err(error) => error.into_bytes(),
    };
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    text
}

/// A range of bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Arc<SourceFile>,
    /// Byte offsets into its text.
    pub span: Range<usize>,
}

impl Place {
    /// The start of a file, for what concerns the whole of it.
    pub fn whole(file: &Arc<SourceFile>) -> Self {
        Self { file: Arc::clone(file), span: 0..0 }
    }
}

/// A mistake that a person made in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    /// A mistake at a place.
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into(), help: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// The one of `known` that was probably meant by `given`.
pub fn meant<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let flat = |text: &str| text.to_ascii_lowercase().replace('_', "-");
    let distance = |candidate: &str| strsim::damerau_levenshtein(&flat(given), &flat(candidate));
    let best = known.into_iter().min_by_key(|candidate| distance(candidate))?;
    (distance(best) <= best.len().max(given.len()) / 3).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters() {
        let file = SourceFile::new("a", "\u{feff}ä = 1\nb = 2\n");
        assert_eq!(file.position(0), (1, 1));
        assert_eq!(file.position(3), (1, 3));
        assert_eq!(file.position(7), (2, 1));
        assert_eq!(file.position(999), (3, 1));
    }

    #[test]
    fn bytes_keep_their_offsets() {
        let file = SourceFile::from_bytes("a", b"\xef\xbb\xbfa\xffb\xc3\xa4\xe2\x82c".to_vec());
        assert_eq!(file.text, "a?b\u{e4}??c");
    }

    #[test]
    fn a_near_miss_is_found_and_a_far_one_is_not() {
        let known = ["platforms", "prerelease", "hold-until"];
        assert_eq!(meant("platfroms", known), Some("platforms"));
        assert_eq!(meant("hold_until", known), Some("hold-until"));
        assert_eq!(meant("colour", known), None);
    }
}
