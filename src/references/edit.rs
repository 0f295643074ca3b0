//! Edits of a text: ranges of bytes that are replaced, all else staying as it is.

use std::ops::Range;

/// Bytes that are replaced.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// Where the replaced bytes start.
    pub start: usize,
    /// Where they end.
    pub end: usize,
    /// What stands there instead.
    pub text: String,
}

/// Two edits that want different things of the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict(pub Edit, pub Edit);

impl Edit {
    /// Replaces `span` by `text`.
    pub fn new(span: Range<usize>, text: impl Into<String>) -> Self {
        Self { start: span.start, end: span.end, text: text.into() }
    }
}

/// Applies edits to a text, in any order; equal ones count once.
pub fn apply(text: &str, edits: Vec<Edit>) -> Result<String, Conflict> {
    let bytes = splice(text.as_bytes(), edits)?;
    // Edits are made of whole characters: what they leave is text.
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// The same to bytes, of which nobody knows what they mean.
pub fn splice(bytes: &[u8], mut edits: Vec<Edit>) -> Result<Vec<u8>, Conflict> {
    edits.sort();
    edits.dedup();
    let mut out = Vec::with_capacity(bytes.len() + edits.iter().map(|edit| edit.text.len()).sum::<usize>());
    let mut at = 0;
    let mut before: Option<&Edit> = None;
    for edit in &edits {
        let clash = |last: &&Edit| edit.start < last.end || edit.start == last.start;
        if let Some(last) = before.filter(clash) {
            return Err(Conflict(last.clone(), edit.clone()));
        }
        out.extend_from_slice(bytes.get(at..edit.start).unwrap_or_default());
        out.extend_from_slice(edit.text.as_bytes());
        at = edit.end;
        before = Some(edit);
    }
    out.extend_from_slice(bytes.get(at..).unwrap_or_default());
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_replace_their_bytes_and_no_others() {
        let edits =
            vec![Edit::new(4..5, "Z"), Edit::new(0..1, "xx"), Edit::new(2..2, "+"), Edit::new(0..1, "xx")];
        assert_eq!(apply("abcde", edits).unwrap(), "xxb+cdZ");
        assert_eq!(apply("abc", vec![]).unwrap(), "abc");
        assert_eq!(splice(b"\xffbc", vec![Edit::new(1..2, "é")]).unwrap(), b"\xff\xc3\xa9c");
        assert_eq!(apply("abc", vec![Edit::new(0..1, ""), Edit::new(1..1, "!")]).unwrap(), "!bc");
    }

    #[test]
    fn edits_that_disagree_are_told() {
        for (one, two) in [
            (Edit::new(0..2, "x"), Edit::new(1..3, "y")),
            (Edit::new(0..2, "x"), Edit::new(0..2, "y")),
            (Edit::new(1..1, "x"), Edit::new(1..1, "y")),
        ] {
            assert_eq!(apply("abc", vec![two.clone(), one.clone()]), Err(Conflict(one, two)));
        }
    }
}
