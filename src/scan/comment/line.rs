//! The comment of a line, in whatever language the file is written.

use std::ops::Range;

/// The words that begin a comment which is addressed to somebody.
pub(super) const ADDRESSES: [&str; 2] = [OURS, RENOVATE];

/// To this tool.
pub(super) const OURS: &str = "solera-pin:";

/// To Renovate, and to those who read its comments.
pub(super) const RENOVATE: &str = "renovate:";

/// What opens a comment at the start of a line, and the name it goes by here. A block comment's first line and its
/// others count as one.
const OPENERS: [(&str, &str); 17] = [
    ("{{- /*", "{{"),
    ("{{-/*", "{{"),
    ("{{/*", "{{"),
    ("{#-", "{#"),
    ("{#", "{#"),
    ("<!--", "<!--"),
    ("/*", "*"),
    ("*", "*"),
    ("//", "//"),
    ("--", "--"),
    ("#", "#"),
    (";", ";"),
    ("%", "%"),
    ("dnl ", "dnl"),
    ("REM ", "rem"),
    ("rem ", "rem"),
    ("@rem ", "rem"),
];

/// What ends a comment on its own line.
const CLOSERS: [&str; 7] = ["*/ -}}", "*/ }}", "*/}}", "-->", "*/", "-#}", "#}"];

/// Whether something stands before a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The line is the comment.
    Whole,
    /// It follows something.
    Behind,
}

/// A comment that begins with one of the [`ADDRESSES`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment<'a> {
    pub(super) place: Place,
    /// How it was opened, as [`opener`] gives it.
    pub(super) opener: &'static str,
    /// Which of the addresses.
    pub(super) address: &'static str,
    /// What follows the address, without white space around it and what ends the comment.
    pub(super) says: &'a str,
    /// From what opens it to what ends it, in bytes of the file.
    pub(super) span: Range<usize>,
}

/// How a text that starts with a comment opens it.
pub(super) fn opener(text: &str) -> Option<&'static str> {
    OPENERS.iter().find(|(opener, _)| text.starts_with(opener)).map(|(_, name)| *name)
}

impl<'a> Comment<'a> {
    /// The comment on a line that starts at byte `start` of the file.
    pub(super) fn on(line: &'a str, start: usize) -> Option<Self> {
        if !ADDRESSES.iter().any(|address| line.contains(address)) {
            return None;
        }
        let line = line.trim_end();
        let at = line.len() - line.trim_start().len();
        let Some((text, name)) = OPENERS.iter().find(|(opener, _)| line[at..].starts_with(opener)) else {
            return Self::behind(line, start);
        };
        // What the opener may be lengthened with: `##`, `///`, `//!`, `/**`, `;;`.
        let inner = line[at + text.len()..].trim_start_matches(['#', '/', '!', '*', ';', '%', '-']);
        let found = Self::addressed(inner.trim_start(), Place::Whole, name, start + at..start + line.len());
        // These may also be something else than a comment: `*.example.org`, `--flag`.
        let maybe = || matches!(*name, "*" | "--" | ";" | "%").then(|| Self::behind(line, start)).flatten();
        found.or_else(maybe)
    }

    /// One that follows something and white space. One that begins inside a string is none.
    fn behind(line: &'a str, start: usize) -> Option<Self> {
        for (at, _) in line.match_indices(OURS) {
            let before = line[..at].trim_end_matches([' ', '\t']);
            let opener = ["#", "//"].into_iter().find(|opener| before.ends_with(opener));
            let Some(opener) = opener else { continue };
            let code = &before[..before.len() - opener.len()];
            let open = |quote: char| code.matches(quote).count() % 2 == 1;
            if code.ends_with([' ', '\t']) && !open('"') && !open('`') {
                let span = start + code.len()..start + line.len();
                return Self::addressed(&line[at..], Place::Behind, opener, span);
            }
            // What follows is in the same string, or in the same word.
            return None;
        }
        None
    }

    fn addressed(text: &'a str, place: Place, opener: &'static str, span: Range<usize>) -> Option<Self> {
        let address = ADDRESSES.into_iter().find(|address| text.starts_with(address))?;
        let mut says = text[address.len()..].trim();
        while let Some(closer) = CLOSERS.iter().find(|closer| says.ends_with(*closer)) {
            says = says[..says.len() - closer.len()].trim_end();
        }
        Some(Self { place, opener, address, says, span })
    }
}

/// The places of a text's lines, without what ends them.
pub(super) struct Lines<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let end = rest.find('\n').unwrap_or(rest.len());
        self.at = start + (end + 1).min(rest.len());
        let length = rest[..end].strip_suffix('\r').unwrap_or(&rest[..end]).len();
        Some(start..start + length)
    }
}
