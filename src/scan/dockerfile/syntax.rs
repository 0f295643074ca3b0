//! `# syntax=`: the image of the frontend that reads the file. BuildKit looks for it before anything else, in any file:
//! behind `#`, behind `//`, and as the `syntax` of a JSON object, each also below a `#!` line.

use super::image::image;
use super::spelling;
use super::{Joined, directive};
use crate::scan::{Input, Kind, Reference, Spelled};

/// The reference to the frontend's image.
pub(super) fn syntax(text: &str) -> Option<Reference> {
    let start = beginning(text);
    let name = in_comments(text, start, "#")
        .or_else(|| in_comments(text, start, "//"))
        .or_else(|| in_json(text, start))?;
    let spans = || name.pieces.iter().filter_map(|piece| piece.span.clone());
    let span =
        spans().next().map_or(start, |span| span.start)..spans().next_back().map_or(start, |span| span.end);
    let input = image(&name, name.pieces.last().and_then(|piece| piece.span.as_ref()).map(|span| span.end));
    Some(Reference { kind: Kind::Syntax, span, input: input.map(Input::Image) })
}

/// Where the file begins behind a byte order mark and a `#!` line.
fn beginning(text: &str) -> usize {
    let mark = text.len() - text.trim_start_matches('\u{feff}').len();
    let rest = &text[mark..];
    match rest.starts_with("#!") {
        true => mark + rest.find('\n').map_or(rest.len(), |end| end + 1),
        false => mark,
    }
}

/// The first word of the directive. The lines before it must be directives too, each another one.
fn in_comments(text: &str, start: usize, comment: &str) -> Option<Spelled> {
    let (mut seen, mut at) = (Vec::new(), start);
    for line in text[start..].split_inclusive('\n') {
        let (name, value) = directive(line.trim_end_matches(['\n', '\r']).strip_prefix(comment)?)?;
        if !matches!(name.as_str(), "syntax" | "escape" | "check") || seen.contains(&name) {
            return None;
        }
        if name == "syntax" {
            let (before, rest) = line.split_once('=')?;
            let begin = at + before.len() + 1 + rest.len() - rest.trim_start().len();
            let word = value.split(' ').next()?;
            return Some(Spelled::literal(word, begin..begin + word.len()));
        }
        seen.push(name);
        at += line.len();
    }
    None
}

/// The value of `syntax`, if the file is a JSON object.
fn in_json(text: &str, start: usize) -> Option<Spelled> {
    let json = &text[start..];
    if !json.trim_start().starts_with('{') {
        return None;
    }
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).ok()?;
    let value = object.get("syntax")?.as_str()?;
    let mut joined = Joined::default();
    joined.push(json, start);
    let literals = strings(&joined);
    let outer = literals.windows(2).filter(|pair| pair[0].depth == 1 && pair[1].depth == 1);
    let is_key = |key: &Literal| key.text.text == "syntax" && json[key.end..].trim_start().starts_with(':');
    // Of several, the last one counts.
    let found = outer.filter(|pair| is_key(&pair[0])).map(|pair| &pair[1]).next_back();
    let found = found.filter(|found| found.text.text == value);
    Some(found.map_or_else(|| spelling::unwritten(value, false), |found| spelling::written(&found.text)))
}

/// A string of a JSON text.
pub(super) struct Literal {
    /// Without quotes and escapes.
    pub(super) text: Joined,
    /// How many brackets are open around it.
    pub(super) depth: usize,
    /// Where it ends in the JSON text.
    pub(super) end: usize,
}

/// The strings of a text that is valid JSON.
pub(super) fn strings(json: &Joined) -> Vec<Literal> {
    let (mut found, mut depth, mut at) = (Vec::new(), 0_usize, 0);
    while let Some(c) = json.text[at..].chars().next() {
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            '"' => {
                let end = string_end(&json.text, at);
                found.push(Literal { text: unescaped(json, at..end), depth, end });
                at = end;
                continue;
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    found
}

/// Where the string that begins at a place ends, behind its quote.
fn string_end(json: &str, start: usize) -> usize {
    let mut escaped = false;
    for (i, c) in json[start..].char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return start + i + 1,
            _ => {}
        }
    }
    json.len()
}

/// A string without its quotes and escapes; what an escape stands for is at the escape's end.
fn unescaped(json: &Joined, range: std::ops::Range<usize>) -> Joined {
    let mut text = Joined::default();
    let mut at = range.start + 1;
    while at + 1 < range.end {
        let rest = &json.text[at..range.end - 1];
        let Some(c) = rest.chars().next() else { break };
        let mut length = c.len_utf8();
        if c == '\\' {
            length = escape_length(rest);
            let decoded = rest.get(..length).map(|escape| format!("\"{escape}\""));
            let decoded = decoded.and_then(|quoted| serde_json::from_str::<String>(&quoted).ok());
            let last = json.origin(at + length - 1).unwrap_or_default();
            decoded.unwrap_or_default().chars().for_each(|c| text.push_char(c, last));
        } else {
            text.extend(json, at..at + length);
        }
        at += length;
    }
    text
}

/// How long the escape is that a text begins with; a pair of surrogates is one.
fn escape_length(text: &str) -> usize {
    let unicode = |text: &str| text.starts_with("\\u");
    let length = match (unicode(text), text.get(6..).is_some_and(unicode)) {
        (false, _) => 2,
        (true, true) if text.get(2..3).is_some_and(|digit| digit.eq_ignore_ascii_case("d")) => 12,
        (true, _) => 6,
    };
    length.min(text.len())
}
