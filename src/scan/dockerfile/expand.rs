//! What the shell words of a Dockerfile stand for, as BuildKit's lexer has it: variables with their operators, quotes
//! and the escape character. Every piece of the text keeps its place in the file.

use super::Joined;
use super::pattern;
use super::scope::{Hole, Known, Scope, Value};
use super::spelling;
use crate::scan::Spelled;

/// Deeper than any substitution that a person writes.
const MAX_DEPTH: usize = 64;

/// What a word stands for.
#[derive(Clone, Debug)]
pub(super) struct Expanded {
    pub(super) text: Spelled,
    pub(super) holes: Vec<Hole>,
    /// What the word is, if it is one substitution and nothing else.
    pub(super) whole: Option<Whole>,
    /// Every name that it mentions.
    pub(super) names: Vec<String>,
    /// A name that stands for nothing because nobody declared it.
    pub(super) undeclared: Option<String>,
}

/// What a word is that is one substitution and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    /// The value of an argument.
    Argument(String),
    /// The alternative within a substitution, which ends there in the file.
    Alternative(usize),
}

/// Expands a word of an instruction. An error says why the builder refuses it.
pub(super) fn expand(word: &Joined, scope: &Scope, escape: char) -> Result<Expanded, String> {
    if let Some(text) = word.literal().filter(|text| !text.text.contains(['$', '"', '\'', escape])) {
        return Ok(Expanded { text, holes: Vec::new(), whole: None, names: Vec::new(), undeclared: None });
    }
    let mut expander = Expander { word, at: 0, scope, escape, depth: 0, names: Vec::new(), undeclared: None };
    let part = expander.run(None, false)?;
    Ok(Expanded {
        text: part.text,
        holes: part.holes,
        whole: part.whole.and_then(|whole| whole),
        names: expander.names,
        undeclared: expander.undeclared,
    })
}

/// What a piece or a hole of a text counts for, in bytes.
const PART: usize = 64;

/// Where something can be written that comes behind a word: before its last quote, if it is quoted as a whole, and
/// before an escape character at its end, which would be the next character's.
pub(super) fn append_at(word: &Joined, escape: char) -> usize {
    let quoted = ['"', '\''].into_iter().any(|quote| {
        let inner = word.text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
        inner.is_some_and(|inner| !inner.contains([quote, '\\', '`']))
    });
    let escapes = word.text.len() - word.text.trim_end_matches(escape).len();
    match quoted || escapes % 2 == 1 {
        true => word.origin(word.text.len() - 1).unwrap_or_default(),
        false => word.end(),
    }
}

/// A part of a word's text.
struct Part {
    text: Spelled,
    holes: Vec<Hole>,
    /// What it is, if it is one substitution; `Some(None)` if it is more than that, `None` if it is nothing yet.
    whole: Option<Option<Whole>>,
}

impl Part {
    fn new() -> Self {
        Self { text: spelling::empty(), holes: Vec::new(), whole: None }
    }

    fn push(&mut self, c: char, origin: Option<usize>) {
        spelling::push(&mut self.text, c, origin);
        self.whole = Some(None);
    }

    fn append(&mut self, other: Self) {
        let start = self.text.text.len();
        spelling::append(&mut self.text, &other.text);
        let moved = |hole: Hole| Hole { range: hole.range.start + start..hole.range.end + start, ..hole };
        self.holes.extend(other.holes.into_iter().map(moved));
        self.whole = match (self.whole.take(), other.whole) {
            (None, whole) | (whole, None) => whole,
            _ => Some(None),
        };
    }
}

struct Expander<'a> {
    word: &'a Joined,
    at: usize,
    scope: &'a Scope,
    escape: char,
    depth: usize,
    names: Vec<String>,
    undeclared: Option<String>,
}

impl Expander<'_> {
    fn peek(&self) -> Option<char> {
        self.word.text[self.at..].chars().next()
    }

    /// The next character and its place in the file.
    fn next(&mut self) -> Option<(char, Option<usize>)> {
        let c = self.peek()?;
        let origin = self.word.origin(self.at);
        self.at += c.len_utf8();
        Some((c, origin))
    }

    fn next_if(&mut self, wanted: impl Fn(char) -> bool) -> Option<char> {
        let c = self.peek().filter(|c| wanted(*c))?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Reads to the end or to `stop`. `raw` keeps the escape characters.
    fn run(&mut self, stop: Option<char>, raw: bool) -> Result<Part, String> {
        let mut part = Part::new();
        while let Some(c) = self.peek() {
            if Some(c) == stop {
                self.at += c.len_utf8();
                return Ok(part);
            }
            match c {
                '\'' => self.single_quoted(&mut part)?,
                '"' => self.double_quoted(&mut part, raw)?,
                '$' => {
                    let dollar = self.dollar()?;
                    part.append(dollar);
                }
                c if c == self.escape => {
                    let (c, origin) = self.next().unwrap_or((c, None));
                    if raw {
                        part.push(c, origin);
                    }
                    // The file spells it with an escape, so that it cannot be rewritten on its own.
                    if let Some((c, _)) = self.next() {
                        part.push(c, None);
                    }
                }
                _ => {
                    let literal = self.next();
                    literal.into_iter().for_each(|(c, origin)| part.push(c, origin));
                }
            }
        }
        match stop {
            Some(stop) => Err(format!("`{}` misses a `{stop}`", self.word.text)),
            None => Ok(part),
        }
    }

    /// Reads a part of `${…}`, which may hold others.
    fn until(&mut self, stop: char, raw: bool) -> Result<Part, String> {
        if self.depth == MAX_DEPTH {
            return Err(format!("`{}` is nested too deeply", shortened(&self.word.text)));
        }
        self.depth += 1;
        let part = self.run(Some(stop), raw);
        self.depth -= 1;
        part
    }

    fn single_quoted(&mut self, part: &mut Part) -> Result<(), String> {
        self.next();
        while let Some((c, origin)) = self.next() {
            if c == '\'' {
                return Ok(());
            }
            part.push(c, origin);
        }
        Err(format!("a quote is not closed in `{}`", shortened(&self.word.text)))
    }

    fn double_quoted(&mut self, part: &mut Part, raw: bool) -> Result<(), String> {
        self.next();
        loop {
            match self.peek() {
                None => return Err(format!("a quote is not closed in `{}`", shortened(&self.word.text))),
                Some('"') => {
                    self.next();
                    return Ok(());
                }
                Some('$') => {
                    let dollar = self.dollar()?;
                    part.append(dollar);
                }
                Some(c) if c == self.escape => {
                    let (c, origin) = self.next().unwrap_or((c, None));
                    if raw {
                        part.push(c, origin);
                    }
                    let escapable = |c| matches!(c, '"' | '$') || c == self.escape;
                    match self.peek().filter(|c| escapable(*c)) {
                        Some(escaped) => {
                            self.next();
                            part.push(escaped, None);
                        }
                        None if self.peek().is_none() => {}
                        None => part.push(c, origin),
                    }
                }
                Some(_) => {
                    let literal = self.next();
                    literal.into_iter().for_each(|(c, origin)| part.push(c, origin));
                }
            }
        }
    }

    fn dollar(&mut self) -> Result<Part, String> {
        let start = self.at;
        let dollar = self.next();
        if self.next_if(|c| c == '{').is_none() {
            let name = self.name();
            if name.is_empty() {
                let mut part = Part::new();
                dollar.into_iter().for_each(|(c, origin)| part.push(c, origin));
                return Ok(part);
            }
            return self.value(&name, start);
        }
        if matches!(self.peek(), None | Some('{' | '}' | ':')) {
            return Err(format!("`{}` has a bad substitution", shortened(&self.word.text)));
        }
        let name = self.name();
        let operator = self.next().map(|(c, _)| c);
        match operator {
            Some('}') => self.value(&name, start),
            Some(':') => match self.next() {
                Some((operator @ ('+' | '-' | '?'), _)) => self.alternative(&name, operator, true, start),
                Some((operator @ ('#' | '%'), _)) => self.trimmed(&name, operator, start),
                _ => Err(format!("`{}` has a bad substitution", shortened(&self.word.text))),
            },
            Some(operator @ ('+' | '-' | '?')) => self.alternative(&name, operator, false, start),
            Some(operator @ ('#' | '%')) => self.trimmed(&name, operator, start),
            Some('/') => self.replaced(&name, start),
            _ => Err(format!("`{}` has a bad substitution", shortened(&self.word.text))),
        }
    }

    /// `$NAME`, `${NAME}`
    fn value(&mut self, name: &str, start: usize) -> Result<Part, String> {
        match self.look_up(name) {
            Value::Known(known) => self.known(name, known),
            Value::Unset => Ok(self.hole(name, start, true)),
            Value::Platform => Ok(self.hole(name, start, false)),
            Value::Undeclared => {
                self.undeclared.get_or_insert_with(|| name.to_owned());
                Ok(Part { whole: Some(None), ..Part::new() })
            }
        }
    }

    fn known(&self, name: &str, known: Known) -> Result<Part, String> {
        // A piece or a hole takes many times the memory of a byte.
        let parts = known.text.pieces.len() + known.holes.len();
        self.scope.fuel.burn(known.text.text.len() + parts * PART)?;
        let inside = |hole: Hole| Hole { plain: false, ..hole };
        Ok(Part {
            text: known.text,
            holes: known.holes.into_iter().map(inside).collect(),
            whole: Some(Some(Whole::Argument(name.to_owned()))),
        })
    }

    /// `${NAME:-word}`, `${NAME:+word}`, `${NAME:?word}`, and without the colon.
    fn alternative(&mut self, name: &str, operator: char, null: bool, start: usize) -> Result<Part, String> {
        let mut word = self.until('}', false)?;
        // Like an argument's value, it is what a person changes there.
        word.text = spelling::shared(word.text);
        let end = self.word.origin(self.at - 1).unwrap_or_default();
        word.whole = Some(match word.whole {
            Some(Some(whole)) => Some(whole),
            Some(None) => Some(Whole::Alternative(end)),
            None => None,
        });
        let value = self.look_up(name);
        let missing = || format!("{name} is not set: {}", shortened(&self.word.text));
        match (value, operator) {
            (Value::Platform, _) => Ok(self.hole(name, start, false)),
            (Value::Known(known), _) if null && known.text.text.is_empty() => match operator {
                '-' => Ok(word),
                '+' => Ok(Part { whole: Some(None), ..Part::new() }),
                _ => Err(missing()),
            },
            (Value::Known(_), '+') => Ok(word),
            (Value::Known(known), _) => self.known(name, known),
            (Value::Unset | Value::Undeclared, '-') => Ok(word),
            (Value::Unset, '?') => Ok(self.hole(name, start, true)),
            (Value::Unset, _) => Ok(self.hole(name, start, false)),
            (Value::Undeclared, '+') => Ok(Part { whole: Some(None), ..Part::new() }),
            (Value::Undeclared, _) => Err(missing()),
        }
    }

    /// `${NAME#pattern}`, `${NAME##pattern}`, and with `%`.
    fn trimmed(&mut self, name: &str, operator: char, start: usize) -> Result<Part, String> {
        let pattern = self.until('}', true)?.text.text;
        let longest = pattern.strip_prefix(operator);
        let (longest, pattern) = longest.map_or((false, pattern.as_str()), |rest| (true, rest));
        let fuel = self.scope.fuel.clone();
        self.changed(name, start, |value| match operator {
            '#' => pattern::without_prefix(value, pattern, longest, &fuel),
            _ => pattern::without_suffix(value, pattern, longest, &fuel),
        })
    }

    /// `${NAME/pattern/replacement}`, `${NAME//pattern/replacement}`
    fn replaced(&mut self, name: &str, start: usize) -> Result<Part, String> {
        let all = self.next_if(|c| c == '/').is_some();
        let pattern = self.until('/', true)?.text.text;
        let replacement = self.until('}', true)?.text.text;
        let fuel = self.scope.fuel.clone();
        self.changed(name, start, |value| pattern::replaced(value, &pattern, &replacement, all, &fuel))
    }

    fn changed(
        &mut self,
        name: &str,
        start: usize,
        change: impl Fn(&str) -> Result<String, String>,
    ) -> Result<Part, String> {
        let value = match self.look_up(name) {
            Value::Known(known) if known.holes.is_empty() => known.text.text,
            Value::Undeclared => String::new(),
            _ => return Ok(self.hole(name, start, false)),
        };
        self.scope.fuel.burn(value.len())?;
        let text = spelling::unwritten(change(&value)?, true);
        Ok(Part { text, holes: Vec::new(), whole: Some(None) })
    }

    fn look_up(&mut self, name: &str) -> Value {
        self.names.push(name.to_owned());
        self.scope.get(name)
    }

    /// What the file does not tell, as it is written.
    fn hole(&self, name: &str, start: usize, plain: bool) -> Part {
        let text = spelling::written(&self.word.slice(start..self.at));
        let hole = Hole { range: 0..text.text.len(), name: name.to_owned(), plain };
        Part { text, holes: vec![hole], whole: Some(None) }
    }

    /// The name of a variable; of digits only if it begins with one, a single character if that is a special one.
    fn name(&mut self) -> String {
        let first = self.peek();
        if first.is_some_and(char::is_numeric) {
            return std::iter::from_fn(|| self.next_if(char::is_numeric)).collect();
        }
        if let Some(special) = self.next_if(|c| "@*#?-$!".contains(c)) {
            return special.to_string();
        }
        std::iter::from_fn(|| self.next_if(|c| c.is_alphanumeric() || c == '_')).collect()
    }
}

/// Enough of a text to know it by.
pub(super) fn shortened(text: &str) -> String {
    let end = text.char_indices().nth(80).map_or(text.len(), |(end, _)| end);
    if end < text.len() { format!("{}…", &text[..end]) } else { text.to_owned() }
}
