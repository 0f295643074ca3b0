//! Which heredocs a line opens. BuildKit looks for them in the line's shell words, so that `"<<A"`, `$((1<<A))` and
//! `<<<A` open none.

use std::iter::Peekable;
use std::str::Chars;

/// Deeper than any substitution that a person writes.
const MAX_DEPTH: usize = 64;

/// A heredoc that a line opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heredoc {
    /// The line that ends it.
    pub(super) name: String,
    /// Whether tabs may stand before that line: `<<-`.
    pub(super) tabs: bool,
}

/// The heredocs of a joined line, in order.
pub(super) fn heredocs(line: &str) -> Vec<Heredoc> {
    match line.contains("<<") {
        true => words(line, true).unwrap_or_default().iter().filter_map(|word| heredoc(word)).collect(),
        false => Vec::new(),
    }
}

/// `<<NAME`, `<<-NAME`, `3<<"NAME"`.
fn heredoc(word: &str) -> Option<Heredoc> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (tabs, rest) = rest.strip_prefix('-').map_or((false, rest), |rest| (true, rest));
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace());
    if rest.contains('<') {
        return None;
    }
    match words(rest, false)?.as_slice() {
        [name] => Some(Heredoc { name: name.clone(), tabs }),
        _ => None,
    }
}

/// Shell words as BuildKit splits them, with no variable set; `raw` keeps quotes and escapes. `None` where it finds a
/// mistake, such as a quote that is not closed: then it sees no words at all.
fn words(text: &str, raw: bool) -> Option<Vec<String>> {
    let mut lexer = Lexer { chars: text.chars().peekable(), raw_quotes: raw, raw_escapes: raw, depth: 0 };
    let mut words = Words::default();
    lexer.run(None, &mut words)?;
    Some(words.finish())
}

#[derive(Default)]
struct Words {
    done: Vec<String>,
    word: String,
    inside: bool,
}

impl Words {
    fn push(&mut self, c: char) {
        match (c.is_whitespace(), self.inside) {
            (false, _) => self.raw(c.encode_utf8(&mut [0; 4])),
            (true, true) if !self.word.is_empty() => {
                self.done.push(std::mem::take(&mut self.word));
                self.inside = false;
            }
            (true, _) => {}
        }
    }

    /// Adds to the word whatever it is, white space too.
    fn raw(&mut self, text: &str) {
        self.word.push_str(text);
        self.inside = true;
    }

    fn finish(mut self) -> Vec<String> {
        if !self.word.is_empty() {
            self.done.push(self.word);
        }
        self.done
    }
}

struct Lexer<'a> {
    chars: Peekable<Chars<'a>>,
    raw_quotes: bool,
    raw_escapes: bool,
    depth: usize,
}

impl Lexer<'_> {
    /// Reads to the end or to `stop`; gives the text and fills the words.
    fn run(&mut self, stop: Option<char>, words: &mut Words) -> Option<String> {
        let mut text = String::new();
        while let Some(&c) = self.chars.peek() {
            if Some(c) == stop {
                self.chars.next();
                return Some(text);
            }
            match c {
                '\'' | '"' | '<' => {
                    let piece = match c {
                        '\'' => self.single_quoted()?,
                        '"' => self.double_quoted()?,
                        _ => self.less_than(),
                    };
                    words.raw(&piece);
                    text.push_str(&piece);
                }
                '$' => {
                    let piece = self.dollar()?;
                    piece.chars().for_each(|c| words.push(c));
                    text.push_str(&piece);
                }
                '\\' => {
                    let mut piece = String::new();
                    self.chars.next();
                    if self.raw_escapes {
                        piece.push(c);
                    }
                    piece.extend(self.chars.next());
                    words.raw(&piece);
                    text.push_str(&piece);
                }
                c => {
                    self.chars.next();
                    words.push(c);
                    text.push(c);
                }
            }
        }
        stop.is_none().then_some(text)
    }

    /// Reads a part of `${…}`, which may hold others.
    fn until(&mut self, stop: char, raw_escapes: bool) -> Option<String> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let before = std::mem::replace(&mut self.raw_escapes, raw_escapes);
        let text = self.run(Some(stop), &mut Words::default());
        self.raw_escapes = before;
        self.depth -= 1;
        text
    }

    fn single_quoted(&mut self) -> Option<String> {
        self.chars.next();
        let mut text = String::new();
        loop {
            match self.chars.next()? {
                '\'' => return Some(self.quoted(text, '\'')),
                c => text.push(c),
            }
        }
    }

    fn double_quoted(&mut self) -> Option<String> {
        self.chars.next();
        let mut text = String::new();
        loop {
            match *self.chars.peek()? {
                '"' => {
                    self.chars.next();
                    return Some(self.quoted(text, '"'));
                }
                '$' => text.push_str(&self.dollar()?),
                '\\' => {
                    self.chars.next();
                    if self.raw_escapes {
                        text.push('\\');
                    }
                    let escaped = self.chars.next_if(|c| matches!(c, '"' | '$' | '\\'));
                    text.push(escaped.unwrap_or('\\'));
                }
                c => {
                    self.chars.next();
                    text.push(c);
                }
            }
        }
    }

    fn quoted(&self, text: String, quote: char) -> String {
        if self.raw_quotes { format!("{quote}{text}{quote}") } else { text }
    }

    /// `<<` takes the white space behind it into its word.
    fn less_than(&mut self) -> String {
        self.chars.next();
        let mut text = "<".to_owned();
        if let Some(second) = self.chars.next_if_eq(&'<') {
            text.push(second);
            text.extend(self.chars.next_if_eq(&'-'));
            while let Some(space) = self.chars.next_if(char::is_ascii_whitespace) {
                text.push(space);
            }
        }
        text
    }

    /// A variable, which is not set and so stays as it is.
    fn dollar(&mut self) -> Option<String> {
        self.chars.next();
        if self.chars.next_if_eq(&'{').is_none() {
            return Some(format!("${}", self.name()));
        }
        if matches!(self.chars.peek()?, '{' | '}' | ':') {
            return None;
        }
        let name = self.name();
        let mut operator = self.chars.next()?.to_string();
        match operator.as_str() {
            "}" => return Some(format!("${{{name}}}")),
            ":" => operator.push(self.chars.next()?),
            "/" => {
                operator.extend(self.chars.next_if_eq(&'/'));
                let pattern = self.until('/', true)?;
                let replacement = self.until('}', true)?;
                return Some(format!("${{{name}{operator}{pattern}/{replacement}}}"));
            }
            "+" | "-" | "?" | "#" | "%" => {}
            _ => return None,
        }
        let word = self.until('}', operator.ends_with(['#', '%']))?;
        Some(format!("${{{name}{operator}{word}}}"))
    }

    /// The name of a variable; of digits only if it begins with one, a single character if that is a special one.
    fn name(&mut self) -> String {
        let mut name = String::new();
        match self.chars.peek() {
            Some(c) if c.is_numeric() => {
                name.extend(std::iter::from_fn(|| self.chars.next_if(|c| c.is_numeric())));
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => name.extend(self.chars.next()),
            _ => {
                let part = |c: &char| c.is_alphanumeric() || *c == '_';
                name.extend(std::iter::from_fn(|| self.chars.next_if(part)));
            }
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heredocs_are_found_among_the_shell_words() {
        for (line, expected) in [
            ("RUN <<EOF", &["EOF"] as &[&str]),
            ("RUN cat <<EOF-1", &["EOF-1"]),
            ("RUN 3<<A cat <<-'B c' <<\"D\"", &["A", "tabs, B c", "D"]),
            ("RUN <<eo'f'", &["eof"]),
            ("RUN <<'e'o\\'f", &["eo'f"]),
            ("RUN <<$EOF", &["$EOF"]),
            ("RUN cat << EOF > x", &["EOF"]),
            ("RUN cat <<- EOF", &["tabs, EOF"]),
            ("RUN cat << -EOF", &["-EOF"]),
            ("RUN ${x:-a <<B}", &["B}"]),
            ("RUN cat <<A; cat <<B", &["A;", "B"]),
            ("RUN \"\" <<A", &["A"]),
            ("RUN a\\ <<A b\\\"c <<D", &["D"]),
            // None of these.
            ("RUN echo $((1<<SHIFT))", &[]),
            ("RUN echo \"a <<EOF b\"", &[]),
            ("RUN echo '<<EOF'", &[]),
            ("RUN awk 'BEGIN{print 1<<x}'", &[]),
            ("RUN cat<<EOF", &[]),
            ("RUN cat <<<EOF <<<<E", &[]),
            ("RUN <<", &[]),
            ("RUN <<-", &[]),
            ("RUN <<''", &[]),
            ("RUN < <EOF", &[]),
            ("RUN \\<<EOF", &[]),
            // One mistake, and there are no words.
            ("RUN it's <<EOF", &[]),
            ("RUN echo \"a <<EOF", &[]),
            ("RUN ${x@Q} <<EOF", &[]),
            ("RUN ${x <<EOF", &[]),
        ] {
            let shown = |h: Heredoc| format!("{}{}", if h.tabs { "tabs, " } else { "" }, h.name);
            let found: Vec<String> = heredocs(line).into_iter().map(shown).collect();
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn words_keep_what_is_quoted_or_substituted() {
        for (text, expected) in [
            ("a 'b c' \"d $e\" f\\ g", &["a", "'b c'", "\"d $e\"", "f\\ g"] as &[&str]),
            ("$a ${b} ${c:-d} ${e#\\}} ${f//g/h}", &["$a", "${b}", "${c:-d}", "${e#\\}}", "${f//g/h}"]),
            ("$1a $$ $(b) $", &["$1a", "$$", "$(b)", "$"]),
            ("\"a\\\"b\" \\", &["\"a\\\"b\"", "\\"]),
        ] {
            assert_eq!(words(text, true).unwrap(), expected, "{text}");
        }
        let nested = |depth: usize| format!("{}{}", "${a-".repeat(depth), "}".repeat(depth));
        assert!(words(&nested(MAX_DEPTH), true).is_some());
        assert_eq!(words(&nested(100_000), true), None);
        for text in ["'", "\"", "${", "${a", "${}", "${:a}", "${a-b", "${a/b}", "${a^}"] {
            assert_eq!(words(text, true), None, "{text}");
        }
    }
}
