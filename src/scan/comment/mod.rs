//! Comments that say something to this tool, or to another bot, in text files of any kind.
//!
//! A comment that *begins* with `solera-pin:` either binds a value on the line below to a pin, or suppresses findings:
//!
//! ```text
//! # solera-pin: tool.version
//! ARG TOOL_VERSION=1.4.2
//!
//! # solera-pin: ignore[unlocked-fetch] the mirror has no checksums
//! RUN curl -O https://example.org/tool
//! ```
//!
//! A comment that mentions `solera-pin:` further on is prose, and so is one whose words look like neither of the two.

mod directive;
mod line;
#[cfg(test)]
mod tests;
mod value;

use std::ops::Range;

use super::{Bound, Input, Kind, Reference, Scan, Spelled, Unread};
use directive::{Binding, Directive};
use line::{Comment, Lines, Place};
use value::{Class, Values};

/// Findings that a comment suppresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The names of the rules, as written; at least one.
    pub rules: Vec<String>,
    /// Why; empty where nothing is said.
    pub reason: String,
    /// The comment.
    pub span: Range<usize>,
    /// The bytes of the line that it stands on, where it follows something; else of the line below that is neither
    /// blank nor a comment, with those that a backslash joins to it. Empty where there is none.
    pub covers: Range<usize>,
}

/// A comment that binds the value on the next line to an upstream, in the words of another bot:
/// `# renovate: datasource=docker depName=alpine`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BotComment {
    /// What kind of upstream: `docker`, `github-tags`, `github-releases`, `git-tags`, `gitea-tags`, ….
    pub datasource: String,
    /// The upstream's name there: `packageName`, or else `depName`.
    pub name: String,
    /// `registryUrl`: where a name without a host is looked up.
    pub registry: Option<String>,
    /// `extractVersion`: a pattern that finds the value in a tag.
    pub extract: Option<String>,
    /// The comment.
    pub span: Range<usize>,
    /// The value on the next line; `None` where there is none.
    pub value: Option<Spelled>,
}

/// What the comments of a file say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Comments {
    /// Values that are bound to pins.
    pub(crate) references: Vec<Reference>,
    /// Findings that are suppressed.
    pub(crate) suppressions: Vec<Suppression>,
    /// What another bot follows.
    pub(crate) bots: Vec<BotComment>,
    /// Comments that are addressed to this tool and say nothing that it knows.
    pub(crate) unread: Vec<Unread>,
}

impl Comments {
    /// Adds what they say to what the file's own scanner found.
    pub(crate) fn add_to(self, scan: &mut Scan) {
        scan.references.extend(self.references);
        scan.suppressions.extend(self.suppressions);
        scan.bots.extend(self.bots);
        scan.unread.extend(self.unread);
    }
}

/// Whether a file can have such comments.
pub(crate) fn may_hold(bytes: &[u8]) -> bool {
    line::ADDRESSES.iter().any(|address| memchr::memmem::find(bytes, address.as_bytes()).is_some())
}

/// What the comments of a text say. Nearly every file has none, and is only searched for the words that begin them.
pub(crate) fn comments(text: &str) -> Comments {
    let mut reader = Reader::new(text);
    if may_hold(text.as_bytes()) {
        for line in Lines::new(text) {
            reader.read(line);
        }
    }
    reader.finish()
}

/// Goes through the lines and keeps the comments that wait for the line they are about.
struct Reader<'a> {
    text: &'a str,
    found: Comments,
    bindings: Vec<Binding>,
    suppressions: Vec<Suppression>,
    /// How the last comment that waits was opened.
    opener: &'static str,
    /// Whether the line above is continued on this one.
    continued: bool,
    /// Those of the suppressions found whose line goes on here.
    extends: Range<usize>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            found: Comments::default(),
            bindings: Vec::new(),
            suppressions: Vec::new(),
            opener: "",
            continued: false,
            extends: 0..0,
        }
    }

    fn read(&mut self, line: Range<usize>) {
        let content = &self.text[line.clone()];
        match Comment::on(content, line.start) {
            Some(comment) if comment.place == Place::Whole => {
                self.opener = comment.opener;
                self.take(&comment);
                return;
            }
            Some(comment) => self.trailing(&comment, &line),
            None => {}
        }
        self.bind(&line);
        self.extend(&line);
        let opener = line::opener(content.trim_start());
        // While suppressions wait, a comment is one as theirs is; else it only matters within continued lines.
        let comment = if self.suppressions.is_empty() { "#" } else { self.opener };
        if content.trim().is_empty() || opener == Some(comment) {
            return;
        }
        self.cover(&line);
        self.opener = "";
        self.continued = content.ends_with('\\');
    }

    /// The line that the waiting suppressions are about.
    fn cover(&mut self, line: &Range<usize>) {
        let first = self.found.suppressions.len();
        for suppression in self.suppressions.drain(..) {
            self.found.suppressions.push(Suppression { covers: line.clone(), ..suppression });
        }
        let joined = self.text[line.clone()].ends_with('\\') && !self.continued;
        if joined && first < self.found.suppressions.len() {
            self.extends = first..self.found.suppressions.len();
        }
    }

    /// A comment on a line of its own.
    fn take(&mut self, comment: &Comment<'_>) {
        match Directive::read(comment) {
            Some(Directive::Bind(bindings)) => self.bindings.extend(bindings),
            Some(Directive::Ignore(suppression)) => self.suppressions.push(suppression),
            Some(Directive::Unread(unread)) => self.found.unread.push(unread),
            None => {}
        }
    }

    /// A comment behind something: only a suppression may stand there.
    fn trailing(&mut self, comment: &Comment<'_>, line: &Range<usize>) {
        match Directive::read(comment) {
            Some(Directive::Ignore(mut suppression)) => {
                suppression.covers = line.clone();
                self.found.suppressions.push(suppression);
            }
            Some(Directive::Bind(bindings)) if bindings.iter().any(Binding::is_ours) => {
                let why = "a pin is bound by a comment on a line of its own, above the line with the value; this \
                           one is not looked at";
                self.found.unread.push(Unread { span: comment.span.clone(), why: why.to_owned() });
            }
            Some(Directive::Unread(unread)) => self.found.unread.push(unread),
            Some(Directive::Bind(_)) | None => {}
        }
    }

    /// Gives the values on this line to the comments right above it.
    fn bind(&mut self, line: &Range<usize>) {
        if self.bindings.is_empty() {
            return;
        }
        let values = Values::of(&self.text[line.clone()], line.start);
        let mut taken = [0; Class::COUNT];
        for binding in std::mem::take(&mut self.bindings) {
            let class = binding.class();
            let value = values
                .nth(class, taken[class as usize])
                .map(|span| Spelled::literal(&self.text[span.clone()], span));
            taken[class as usize] += 1;
            self.bound(binding, value);
        }
    }

    fn bound(&mut self, binding: Binding, value: Option<Spelled>) {
        match binding {
            Binding::Pin { pin, field, span } => {
                let place = value.as_ref().and_then(|value| value.pieces.first()?.span.clone());
                let input = Ok(Input::Bound(Bound { pin, field, value }));
                let span = place.unwrap_or(span);
                self.found.references.push(Reference { kind: Kind::Comment, span, input });
            }
            Binding::Bot(bot) => self.found.bots.push(BotComment { value, ..bot }),
        }
    }

    /// Extends the last suppressions over a line that is joined to the one they cover.
    fn extend(&mut self, line: &Range<usize>) {
        if self.extends.is_empty() {
            return;
        }
        let content = self.text[line.clone()].trim();
        let goes_on = content.ends_with('\\') || content.is_empty() || content.starts_with('#');
        if !goes_on {
            self.extended(line.end);
        }
    }

    fn extended(&mut self, end: usize) {
        for suppression in &mut self.found.suppressions[std::mem::take(&mut self.extends)] {
            suppression.covers.end = end;
        }
    }

    fn finish(mut self) -> Comments {
        let end = self.text.len();
        self.extended(end);
        for binding in std::mem::take(&mut self.bindings) {
            self.bound(binding, None);
        }
        for suppression in std::mem::take(&mut self.suppressions) {
            self.found.suppressions.push(Suppression { covers: end..end, ..suppression });
        }
        self.found
    }
}
