//! Dockerfiles as BuildKit splits them: instructions with continuations, comments, heredocs and the escape directive;
//! and the parts of an instruction, each with its place.

mod add;
mod expand;
mod heredoc;
mod image;
mod joined;
mod pattern;
mod reference;
mod run;
mod scope;
mod shell;
mod spelling;
mod stages;
mod syntax;
#[cfg(test)]
mod tests;
mod walk;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;

pub use joined::{Joined, Word};
pub use reference::Stage;
pub use stages::{BuildStage, Source, Stages, stages};

use super::Scan;

use heredoc::Heredoc;
use joined::is_blank;

/// One instruction; continued lines are one.
#[derive(Clone, Debug)]
pub struct Instruction {
    /// In upper case.
    pub keyword: String,
    /// What follows the keyword, continuations joined; each byte knows where it stands in the file.
    pub arguments: Joined,
    /// The instruction in the file, without its heredocs.
    pub span: Range<usize>,
    /// The lines of its heredocs, with those that end them; empty where it has none.
    pub heredocs: Range<usize>,
    escape: char,
    /// What [`Instruction::flags`] found.
    flags: OnceCell<(Vec<Joined>, Joined)>,
}

/// One name of an `ARG` instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name, without quotes and escapes.
    pub name: String,
    /// Its default, quotes included; an empty one is a default too.
    pub default: Option<String>,
    /// Name and default in the file.
    pub span: Range<usize>,
}

/// What a Dockerfile names of the outside, built without arguments.
pub fn scan(text: &str) -> Scan {
    scan_for(text, &BTreeMap::new(), &[])
}

/// What a Dockerfile names of the outside, built with arguments.
pub fn scan_with(text: &str, given: &BTreeMap<String, String>) -> Scan {
    scan_for(text, given, &[])
}

/// What a Dockerfile names of the outside, built with arguments and for platforms (`os/architecture[/variant]`). Where
/// no platforms are given, a `FROM` that depends on the platform names a stage if it does so for any that is in use.
pub fn scan_for(text: &str, given: &BTreeMap<String, String>, platforms: &[String]) -> Scan {
    let mut references: Vec<_> = syntax::syntax(text).into_iter().collect();
    references.extend(stages(text, given, platforms).into_references());
    references.sort_by_key(|reference| (reference.span.start, reference.span.end));
    references.dedup();
    Scan { references, ..Scan::default() }
}

/// Every `ARG` of a Dockerfile, in order.
pub fn arguments(text: &str) -> Vec<Argument> {
    instructions(text).iter().flat_map(Instruction::declared).collect()
}

/// The instructions of a Dockerfile, in order.
pub fn instructions(text: &str) -> Vec<Instruction> {
    split(text, |_| false)
}

/// The instructions that can name something of the outside, or say what does.
fn telling(text: &str) -> Vec<Instruction> {
    split(text, is_silent)
}

/// Whether an instruction without heredocs names nothing of the outside, and says nothing that bears on one that does.
fn is_silent(instruction: &str) -> bool {
    let end = instruction.find(is_blank).unwrap_or(instruction.len());
    let (keyword, rest) = instruction.split_at(end);
    let is = |other: &&str| keyword.eq_ignore_ascii_case(other);
    let is_plain = || !rest.trim_start().starts_with("--");
    SILENT.iter().any(is) || is(&"COPY") && is_plain() || is(&"RUN") && is_plain() && !shell::may_matter(rest)
}

/// Instructions that name nothing of the outside, whatever they say.
const SILENT: [&str; 9] =
    ["LABEL", "WORKDIR", "USER", "EXPOSE", "ENTRYPOINT", "CMD", "STOPSIGNAL", "VOLUME", "MAINTAINER"];

/// Splits a text into instructions, without those that `passed_over` is true of.
fn split(text: &str, passed_over: impl Fn(&str) -> bool) -> Vec<Instruction> {
    let escape = escape_directive(text);
    let mut lines = Lines::new(text);
    let mut instructions = Vec::new();
    // Most instructions are passed over: one memory for all is enough.
    let mut joined = Joined::default();
    while let Some((start, line)) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        joined.clear();
        join(&mut joined, &mut lines, start + line.len() - trimmed.len(), trimmed, escape);
        let written = joined.text.trim();
        let may_have_heredocs = memchr::memchr(b'<', written.as_bytes()).is_some() && written.contains("<<");
        if written.is_empty() || !may_have_heredocs && passed_over(written) {
            continue;
        }
        let mut instruction = Instruction::new(&joined, escape);
        instruction.heredocs = lines.at..lines.at;
        if may_have_heredocs && instruction.may_have_heredocs() {
            lines.skip(&heredoc::heredocs(written));
            instruction.heredocs.end = lines.at;
        }
        instructions.push(instruction);
    }
    instructions
}

impl Instruction {
    fn new(joined: &Joined, escape: char) -> Self {
        let whole = joined.trim(0..joined.text.len());
        let length = joined.text[whole.clone()].find(is_blank).unwrap_or(whole.len());
        let (start, end) = (whole.start, whole.start + length);
        Self {
            keyword: joined.text[start..end].to_ascii_uppercase(),
            arguments: joined.slice(joined.trim(end..whole.end)),
            span: joined.span(whole),
            heredocs: 0..0,
            escape,
            flags: OnceCell::new(),
        }
    }

    /// The instruction that an `ONBUILD` holds.
    pub fn triggered(&self) -> Option<Self> {
        let holds = self.keyword == "ONBUILD" && !self.arguments.text.is_empty();
        holds.then(|| Self { heredocs: self.heredocs.clone(), ..Self::new(&self.arguments, self.escape) })
    }

    /// What an `ARG` declares.
    pub fn declared(&self) -> Vec<Argument> {
        if self.keyword != "ARG" {
            return Vec::new();
        }
        let argument = |(name, default, word): (String, Option<Joined>, Joined)| Argument {
            name,
            default: default.map(|default| default.text),
            span: word.span(0..word.text.len()),
        };
        self.assignments().into_iter().map(argument).collect()
    }

    /// The names that an `ARG` or `ENV` sets, with the values as they are written, and both together.
    fn assignments(&self) -> Vec<(String, Option<Joined>, Joined)> {
        let quoting = |c: &char| matches!(c, '"' | '\'') || *c == self.escape;
        let assignment = |word: Joined| {
            let (name, start) = match word.text.split_once('=') {
                Some((name, _)) => (name, Some(name.len() + 1)),
                None => (word.text.as_str(), None),
            };
            let name = name.chars().filter(|c| !quoting(c)).collect();
            (name, start.map(|start| word.slice(start..word.text.len())), word)
        };
        let words = self.arguments.words(self.escape);
        match words.first() {
            // `ENV NAME the rest is its value`
            Some(name) if self.keyword == "ENV" && !name.text.contains('=') => {
                let value = self.arguments.slice(name.text.len()..self.arguments.text.len()).trimmed();
                vec![(name.text.clone(), Some(value), self.arguments.clone())]
            }
            _ => words.into_iter().map(assignment).collect(),
        }
    }

    /// Whether it is one of those whose words BuildKit searches for heredocs, and not in its JSON form.
    fn may_have_heredocs(&self) -> bool {
        let inner = self.triggered();
        let inner = inner.as_ref().unwrap_or(self);
        let json = |text: &str| text.starts_with('[') && serde_json::from_str::<Vec<String>>(text).is_ok();
        matches!(inner.keyword.as_str(), "RUN" | "COPY" | "ADD") && !json(inner.flags().1.text.trim())
    }
}

/// The escape character. Directives stand at the very top, each once; whatever is no known one ends them.
fn escape_directive(text: &str) -> char {
    let mut seen = Vec::new();
    let mut lines = Lines::new(text);
    while let Some((_, line)) = lines.next() {
        let Some((name, value)) = line.trim_start().strip_prefix('#').and_then(directive) else {
            break;
        };
        let known = matches!(name.as_str(), "escape" | "syntax" | "check");
        if !known || seen.contains(&name) {
            break;
        }
        if name == "escape" {
            return if value == "`" { '`' } else { '\\' };
        }
        seen.push(name);
    }
    '\\'
}

/// `NAME=VALUE`, the name in lower case.
fn directive(comment: &str) -> Option<(String, &str)> {
    let (name, value) = comment.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
        && !value.is_empty();
    is_name.then(|| (name.to_ascii_lowercase(), value))
}

/// Joins the lines that an escape character at their end continues; comments and empty lines between are dropped.
fn join(joined: &mut Joined, lines: &mut Lines<'_>, start: usize, line: &str, escape: char) {
    let (mut start, mut line) = (start, line);
    while let Some(body) = continued(line, escape) {
        joined.push(body, start);
        let next = std::iter::from_fn(|| lines.next()).find(|(_, next)| {
            let next = next.trim_start();
            !next.is_empty() && !next.starts_with('#')
        });
        match next {
            Some(next) => (start, line) = next,
            None => return,
        }
    }
    joined.push(line, start);
}

/// The line without the escape character that continues it. A doubled one is text.
fn continued(line: &str, escape: char) -> Option<&str> {
    let body = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!body.ends_with(escape)).then_some(body)
}

struct Lines<'a> {
    text: &'a str,
    at: usize,
    /// How many bytes may still be read in search of an end that is not there.
    searches: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let mark = '\u{feff}';
        let at = if text.starts_with(mark) { mark.len_utf8() } else { 0 };
        Self { text, at, searches: text.len().saturating_mul(64) }
    }

    /// The next line without its end, and where it starts.
    fn next(&mut self) -> Option<(usize, &'a str)> {
        let start = self.at;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        self.at = start + (end + 1).min(rest.len());
        Some((start, rest[..end].trim_end_matches('\r')))
    }

    /// Skips heredocs. BuildKit refuses a file in which one does not end; here nothing is skipped then, so that
    /// what follows is looked at.
    fn skip(&mut self, heredocs: &[Heredoc]) {
        let before = self.at;
        if self.searches == 0 {
            return;
        }
        for heredoc in heredocs {
            let ends = |line: &str| match heredoc.tabs {
                true => line.trim_start_matches('\t') == heredoc.name,
                false => line == heredoc.name,
            };
            if !std::iter::from_fn(|| self.next()).any(|(_, line)| ends(line)) {
                self.searches = self.searches.saturating_sub(self.at - before);
                self.at = before;
                return;
            }
        }
    }
}
