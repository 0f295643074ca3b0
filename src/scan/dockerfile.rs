//! Dockerfiles as BuildKit splits them: instructions with continuations, comments, heredocs and the escape directive.

use std::ops::Range;

/// One instruction; continued lines are one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// In upper case.
    pub keyword: String,
    /// What follows the keyword, continuations joined; each byte knows where it stands in the file.
    pub arguments: Joined,
    /// The instruction in the file, without its heredocs.
    pub span: Range<usize>,
}

/// Text put together from several places of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    /// The text.
    pub text: String,
    origins: Vec<usize>,
}

impl Joined {
    fn push(&mut self, text: &str, offset: usize) {
        self.text.push_str(text);
        self.origins.extend(offset..offset + text.len());
    }

    /// Where a range of the text stands in the file.
    pub fn span(&self, range: Range<usize>) -> Range<usize> {
        let start = self.origins.get(range.start).or(self.origins.last()).copied().unwrap_or_default();
        let end =
            range.end.checked_sub(1).and_then(|last| self.origins.get(last)).map_or(start, |last| last + 1);
        start..end.max(start)
    }

    /// The words that white space separates; quotes hold a word together.
    fn words(&self) -> Vec<Range<usize>> {
        let (mut words, mut start, mut quote) = (Vec::new(), None, None);
        for (i, c) in self.text.char_indices() {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => {
                    quote = Some(c);
                    start.get_or_insert(i);
                }
                (None, c) if c.is_whitespace() => words.extend(start.take().map(|start| start..i)),
                (None, _) => drop(start.get_or_insert(i)),
            }
        }
        words.extend(start.map(|start| start..self.text.len()));
        words
    }
}

/// One name of an `ARG` instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// Its default, quotes included; an empty one is a default too.
    pub default: Option<String>,
    /// Name and default in the file.
    pub span: Range<usize>,
}

/// Every `ARG` of a Dockerfile, in order.
pub fn arguments(text: &str) -> Vec<Argument> {
    let instructions = instructions(text).into_iter().filter(|instruction| instruction.keyword == "ARG");
    let argument = |joined: &Joined, word: Range<usize>| {
        let text = &joined.text[word.clone()];
        let (name, default) = match text.split_once('=') {
            Some((name, default)) => (name, Some(default.to_owned())),
            None => (text, None),
        };
        Argument { name: name.into(), default, span: joined.span(word) }
    };
    let of = |instruction: Instruction| {
        let joined = instruction.arguments;
        joined.words().into_iter().map(|word| argument(&joined, word)).collect::<Vec<_>>()
    };
    instructions.flat_map(of).collect()
}

/// The instructions of a Dockerfile, in order.
pub fn instructions(text: &str) -> Vec<Instruction> {
    let escape = escape_directive(text);
    let mut lines = Lines { text, at: usize::from(text.starts_with('\u{feff}')) * 3 };
    let mut instructions = Vec::new();
    while let Some((start, line)) = lines.next() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let joined = join(&mut lines, start, line, escape);
        let indent = joined.text.len() - joined.text.trim_start().len();
        let keyword_end =
            joined.text[indent..].find(char::is_whitespace).map_or(joined.text.len(), |i| indent + i);
        let keyword = joined.text[indent..keyword_end].to_ascii_uppercase();
        let span = joined.span(indent..joined.text.trim_end().len());
        let arguments = Joined {
            text: joined.text[keyword_end..].into(),
            origins: joined.origins[keyword_end..].to_vec(),
        };
        if matches!(keyword.as_str(), "RUN" | "COPY" | "ADD") {
            for (terminator, strip_tabs) in heredocs(&arguments.text) {
                lines.skip_heredoc(&terminator, strip_tabs);
            }
        }
        instructions.push(Instruction { keyword, arguments, span });
    }
    instructions
}

/// `# escape=` counts only among the comments at the very top.
fn escape_directive(text: &str) -> char {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for line in text.lines() {
        let Some(comment) = line.trim().strip_prefix('#') else {
            break;
        };
        match comment.split_once('=') {
            Some((key, value)) if key.trim().eq_ignore_ascii_case("escape") => {
                return if value.trim() == "`" { '`' } else { '\\' };
            }
            Some((key, _)) if key.trim().chars().all(|c| c.is_ascii_alphanumeric()) => {}
            _ => break,
        }
    }
    '\\'
}

/// Joins the lines that an escape character at their end continues; comments and empty lines between are dropped.
fn join(lines: &mut Lines<'_>, start: usize, line: &str, escape: char) -> Joined {
    let mut joined = Joined::default();
    let (mut start, mut line) = (start, line);
    loop {
        let trimmed = line.trim_end();
        let Some(body) = trimmed.strip_suffix(escape) else {
            joined.push(line, start);
            return joined;
        };
        joined.push(body, start);
        loop {
            let Some((next_start, next)) = lines.next() else {
                return joined;
            };
            if next.trim().is_empty() || next.trim_start().starts_with('#') {
                continue;
            }
            (start, line) = (next_start, next);
            break;
        }
    }
}

struct Lines<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lines<'a> {
    /// The next line without its end, and where it starts.
    fn next(&mut self) -> Option<(usize, &'a str)> {
        let start = self.at;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let end = rest.find('\n').unwrap_or(rest.len());
        self.at = start + (end + 1).min(rest.len());
        let line = &rest[..end];
        Some((start, line.strip_suffix('\r').unwrap_or(line)))
    }

    fn skip_heredoc(&mut self, terminator: &str, strip_tabs: bool) {
        while let Some((_, line)) = self.next() {
            let line = if strip_tabs { line.trim_start_matches('\t') } else { line };
            if line == terminator {
                return;
            }
        }
    }
}

/// The terminators of `<<EOF`, `<<-EOF`, `<<"EOF"`; not of `<<<`.
fn heredocs(text: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("<<") {
        let after = &rest[at + 2..];
        if let Some(string) = after.strip_prefix('<') {
            rest = string;
            continue;
        }
        let (strip_tabs, word) = match after.strip_prefix('-') {
            Some(word) => (true, word),
            None => (false, after),
        };
        let quote = word.chars().next().filter(|c| matches!(c, '"' | '\''));
        let word = if quote.is_some() { &word[1..] } else { word };
        let ends = |c: char| quote.map_or(!(c.is_ascii_alphanumeric() || c == '_'), |quote| c == quote);
        let end = word.find(ends).unwrap_or(word.len());
        if end > 0 && !word.starts_with(|c: char| c.is_ascii_digit()) {
            found.push((word[..end].into(), strip_tabs));
        }
        rest = &word[end..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(String, Option<String>)> {
        arguments(text).into_iter().map(|argument| (argument.name, argument.default)).collect()
    }

    fn keywords(text: &str) -> Vec<String> {
        instructions(text).into_iter().map(|instruction| instruction.keyword).collect()
    }

    #[test]
    fn arguments_have_names_defaults_and_places() {
        let text = "ARG A\narg B=1 C='x y' D=\nFROM ${A}\nARG E\n";
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            names(text),
            [
                ("A".into(), None),
                ("B".into(), some("1")),
                ("C".into(), some("'x y'")),
                ("D".into(), some("")),
                ("E".into(), None)
            ]
        );
        let spans: Vec<&str> = arguments(text).into_iter().map(|a| &text[a.span]).collect();
        assert_eq!(spans, ["A", "B=1", "C='x y'", "D=", "E"]);
    }

    #[test]
    fn continued_lines_are_one_instruction_and_comments_between_them_none() {
        let text = "ARG \\\n  # not an argument\n\n  A \\\r\n  B=2\nFROM x\n";
        assert_eq!(names(text).len(), 2);
        let spans: Vec<&str> = arguments(text).into_iter().map(|a| &text[a.span]).collect();
        assert_eq!(spans, ["A", "B=2"]);
        assert_eq!(names("# escape=`\nARG A `\n B\n").len(), 2);
        assert_eq!(names("# a comment\n# escape=`\nARG A `\n").len(), 2, "too late to count");
    }

    #[test]
    fn a_heredoc_is_text() {
        let text = "FROM x\nRUN <<EOF cat <<-'END'\nARG A\nEOF\nARG B\n\tEND\nARG C\nRUN echo <<<D\nARG E";
        assert_eq!(names(text), [("C".into(), None), ("E".into(), None)]);
    }

    #[test]
    fn a_byte_order_mark_and_carriage_returns_are_no_content() {
        assert_eq!(keywords("\u{feff}FROM x\r\nARG A\r\n"), ["FROM", "ARG"]);
        assert_eq!(names("\u{feff}ARG A\r\n"), [("A".into(), None)]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_can_be_split(text in "(ARG|FROM|RUN|\\\\|\n|\r| |<<EOF|=|\"|#|é|EOF|A){0,40}") {
            for argument in arguments(&text) {
                proptest::prop_assert!(text.get(argument.span).is_some());
            }
        }
    }
}
