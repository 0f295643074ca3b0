//! The values of a line, found without knowing its language.

use std::ops::Range;

/// The longest tag or version.
const LONGEST: usize = 128;

/// How many assignments of one line are looked at.
const ASSIGNMENTS: usize = 32;

/// What kind of value a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// `sha256:…` or `sha512:…`.
    Digest,
    /// 64 hexadecimal digits.
    Sha256,
    /// 40 or 64 hexadecimal digits.
    Commit,
    /// A version or tag.
    Assigned,
}

impl Class {
    /// How many there are.
    pub(super) const COUNT: usize = 4;

    /// Of a field by its name.
    pub(super) fn of(field: &str) -> Self {
        match field {
            "digest" => Self::Digest,
            "commit" => Self::Commit,
            _ if field.starts_with("sha256") => Self::Sha256,
            _ => Self::Assigned,
        }
    }
}

/// A line's values of each class, in order, in bytes of the file.
#[derive(Debug, Default)]
pub(super) struct Values {
    digests: Vec<Range<usize>>,
    hashes: Vec<Range<usize>>,
    commits: Vec<Range<usize>>,
    assigned: Vec<Range<usize>>,
}

impl Values {
    /// Of a line that starts at byte `start` of the file.
    pub(super) fn of(line: &str, start: usize) -> Self {
        let mut values = Self { assigned: assigned(line), ..Self::default() };
        for run in hexadecimal_runs(line) {
            let before = &line[..run.start];
            if before.ends_with("sha256:") && run.len() == 64
                || before.ends_with("sha512:") && run.len() == 128
            {
                values.digests.push(run.start - "sha256:".len()..run.end);
            }
            if run.len() == 64 {
                values.hashes.push(run.clone());
            }
            if matches!(run.len(), 40 | 64) && !before.ends_with("sha256:") {
                values.commits.push(run);
            }
        }
        // `sha256` is the name of no image.
        let digests = &values.digests;
        values.assigned.retain(|value| digests.iter().all(|d| value.end <= d.start || d.end <= value.start));
        let all = [&mut values.digests, &mut values.hashes, &mut values.commits, &mut values.assigned];
        for span in all.into_iter().flatten() {
            *span = start + span.start..start + span.end;
        }
        values
    }

    /// The value of a class that `nth` others of it precede.
    pub(super) fn nth(&self, class: Class, nth: usize) -> Option<Range<usize>> {
        let values = match class {
            Class::Digest => &self.digests,
            Class::Sha256 => &self.hashes,
            Class::Commit => &self.commits,
            Class::Assigned => &self.assigned,
        };
        values.get(nth).cloned()
    }
}

fn hexadecimal_runs(line: &str) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut start = 0;
    for (i, byte) in line.bytes().chain([b' ']).enumerate() {
        if !byte.is_ascii_hexdigit() {
            if i > start {
                runs.push(start..i);
            }
            start = i + 1;
        }
    }
    runs
}

/// The versions and tags of a line: of an image it names, or what it assigns, or else its last word with a digit.
fn assigned(line: &str) -> Vec<Range<usize>> {
    if let Some(image) = from_image(line) {
        return image_tag(line, image).into_iter().collect();
    }
    let values: Vec<Range<usize>> =
        separators(line).into_iter().filter_map(|after| value_after(line, after)).collect();
    let has_digit = |span: &Range<usize>| line[span.clone()].bytes().any(|c| c.is_ascii_digit());
    let versions: Vec<Range<usize>> = values.iter().filter(|span| has_digit(span)).cloned().collect();
    if !versions.is_empty() {
        return versions;
    }
    let first = values.into_iter().next();
    let all = first.clone().filter(|span| is_rest(&line[span.end..]));
    all.or_else(|| last_version(line)).or(first).into_iter().collect()
}

/// Whether nothing of weight follows a value.
fn is_rest(rest: &str) -> bool {
    let rest = rest.trim_start_matches(['"', '\'', '`', ',', ';', ')', '}', ']']).trim_start();
    rest.is_empty() || rest.starts_with('#') || rest.starts_with("//")
}

/// The image of a `FROM`.
fn from_image(line: &str) -> Option<Range<usize>> {
    let mut words = words(line).filter(|word| !line[word.clone()].starts_with("--"));
    let keyword = words.next()?;
    if !line[keyword].eq_ignore_ascii_case("from") {
        return None;
    }
    words.next()
}

/// The words between white space.
fn words(line: &str) -> impl Iterator<Item = Range<usize>> {
    let place = |at: &mut usize, word: &str| {
        let start = *at;
        *at += word.len() + 1;
        Some(start..start + word.len())
    };
    line.split(|c: char| c.is_ascii_whitespace()).scan(0, place).filter(|word| !word.is_empty())
}

/// Where the values begin that follow `=`, `:=`, `=>` or `: ` and the first word.
fn separators(line: &str) -> Vec<usize> {
    let bytes = line.as_bytes();
    let first = line.len() - line.trim_start().len();
    let mut found = Vec::new();
    let mut at = first + 1;
    while at < bytes.len() && found.len() < ASSIGNMENTS {
        let next = bytes.get(at + 1).copied().unwrap_or(b' ');
        let separates = match bytes[at] {
            b'=' => true,
            b':' => next.is_ascii_whitespace() || matches!(next, b'"' | b'\''),
            _ => false,
        };
        at += 1;
        if separates {
            while matches!(bytes.get(at), Some(b'=' | b'>')) {
                at += 1;
            }
            found.push(at);
        }
    }
    found
}

/// The version or tag in what begins at byte `after`.
fn value_after(line: &str, after: usize) -> Option<Range<usize>> {
    let rest = line.get(after..)?;
    let mut start = after + rest.len() - rest.trim_start().len();
    let quote = line[start..].chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
    start += quote.map_or(0, char::len_utf8);
    let inside = |c: char| match quote {
        Some(quote) => c != quote,
        None => !c.is_whitespace() && c != '"' && c != '\'',
    };
    let end = start
        + line[start..].char_indices().find(|(_, c)| !inside(*c)).map_or(line.len() - start, |(i, _)| i);
    let names_image = key_before(line, after).to_ascii_lowercase().ends_with("image");
    let span = operators(line, default_of(line, start..end));
    match plain(line, span.clone()) {
        Some(plain) if !names_image && !line[plain.clone()].contains(':') => Some(plain),
        plain => {
            image_tag(line, span).or(plain.filter(|plain| !names_image && is_epoch(&line[plain.clone()])))
        }
    }
}

/// The word before a separator, without quotes.
fn key_before(line: &str, after: usize) -> &str {
    let before = line[..after].trim_end_matches(['=', ':', '>', '?', '+', ' ', '\t', '"', '\'']);
    let start = before.rfind(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')));
    &before[start.map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8))..]
}

/// What `${NAME:-…}` falls back to.
fn default_of(line: &str, span: Range<usize>) -> Range<usize> {
    let text = &line[span.clone()];
    let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let dash = inner.and_then(|inner| inner.find('-'));
    match (inner, dash) {
        (Some(inner), Some(dash)) => span.start + 2 + dash + 1..span.start + 2 + inner.len(),
        _ => span,
    }
}

/// Without the operators of a version requirement before it.
fn operators(line: &str, span: Range<usize>) -> Range<usize> {
    let text = &line[span.clone()];
    let rest = text.trim_start_matches(['^', '~', '=', '<', '>', ' ']);
    span.start + text.len() - rest.len()..span.end
}

/// The word at the start of a value, where it has the form of a tag or version.
fn plain(line: &str, span: Range<usize>) -> Option<Range<usize>> {
    let text = &line[span.clone()];
    let length = text.bytes().take_while(|c| is_version_byte(*c)).count();
    let rest = text[length..].trim_start_matches([',', ';', ')', ']', '}']);
    let ends = rest.is_empty() || rest.starts_with(char::is_whitespace) && length > 0;
    let word = span.start..span.start + length;
    let starts = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    (ends && starts && length <= LONGEST).then_some(word)
}

fn is_version_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'+' | b'~' | b':')
}

/// Whether a version starts with a Debian epoch, which is no image's name.
fn is_epoch(text: &str) -> bool {
    text.split_once(':').is_none_or(|(epoch, _)| epoch.bytes().all(|c| c.is_ascii_digit()))
}

/// The tag of `repository:tag`, `repository:tag@digest` or `action@tag`.
fn image_tag(line: &str, span: Range<usize>) -> Option<Range<usize>> {
    let text = line[span.clone()].trim_end_matches([',', ';', '"', '\'']);
    let (name, revision) = text.split_once('@').map_or((text, None), |(name, at)| (name, Some(at)));
    let slash = name.rfind('/').map_or(0, |slash| slash + 1);
    let colon = name[slash..].find(':').map(|colon| slash + colon);
    let tag = match (colon, revision) {
        (Some(colon), _) if name[..colon].bytes().any(|c| c.is_ascii_alphabetic()) => colon + 1..name.len(),
        (None, Some(revision)) if !revision.contains(':') && !is_commit(revision) => {
            name.len() + 1..text.len()
        }
        _ => return None,
    };
    let valid = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
    let is_tag =
        !tag.is_empty() && tag.len() <= LONGEST && text.as_bytes()[tag.clone()].iter().all(|c| valid(*c));
    is_tag.then(|| span.start + tag.start..span.start + tag.end)
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|c| c.is_ascii_hexdigit())
}

/// The last word with a digit, outside of a comment.
fn last_version(line: &str) -> Option<Range<usize>> {
    let end = [" #", "\t#", " //"].iter().filter_map(|opener| line.find(opener)).min().unwrap_or(line.len());
    let delimiter = |c: char| c.is_whitespace() || "\"'`<>()[]{},;=".contains(c);
    let is_version = |word: &str| {
        word.len() <= LONGEST
            && word.bytes().all(is_version_byte)
            && word.bytes().any(|c| c.is_ascii_digit())
            && !(word.len() >= 40 && word.bytes().all(|c| c.is_ascii_hexdigit()))
    };
    let mut at = end;
    for word in line[..end].rsplit(delimiter) {
        let start = at - word.len();
        if is_version(word) && is_epoch(word) {
            return Some(start..at);
        }
        // The delimiter before the word.
        at = line[..start].char_indices().next_back().map_or(0, |(i, _)| i);
    }
    None
}
