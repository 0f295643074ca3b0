//! Reading TOML tables: each key is taken once, and what is left over is refused with the key that was meant.

use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use toml_edit::{Document, Item, TableLike, Value};

use super::{Place, Problem, SourceFile, meant};
use crate::model::holds_login;

/// Parses a file. Its syntax error, if any, has a place too.
pub fn parse_toml(file: &Arc<SourceFile>) -> Result<Document<String>, Problem> {
    Document::parse(file.text.clone()).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        Problem::new(
            Place { file: Arc::clone(file), span },
            format!("not valid TOML: {}", error.message().trim()),
        )
    })
}

/// One value with its key and place.
#[derive(Clone)]
pub struct Entry<'a> {
    /// The dotted path from the file's root, for messages.
    pub path: String,
    node: Node<'a>,
    file: &'a Arc<SourceFile>,
    span: Range<usize>,
}

#[derive(Clone, Copy)]
enum Node<'a> {
    Value(&'a Value),
    Table(&'a dyn TableLike),
    /// `[[…]]`, which no file of ours has.
    Tables,
}

impl<'a> Node<'a> {
    fn of(item: &'a Item) -> Self {
        match (item.as_table_like(), item.as_value()) {
            (Some(table), _) => Self::Table(table),
            (None, Some(value)) => Self::Value(value),
            (None, None) => Self::Tables,
        }
    }

    fn of_value(value: &'a Value) -> Self {
        match value.as_inline_table() {
            Some(table) => Self::Table(table),
            None => Self::Value(value),
        }
    }

    fn value(self) -> Option<&'a Value> {
        match self {
            Self::Value(value) => Some(value),
            Self::Table(_) | Self::Tables => None,
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Table(_) | Self::Value(Value::InlineTable(_)) => "a table",
            Self::Tables | Self::Value(Value::Array(_)) => "an array",
            Self::Value(Value::String(_)) => "a string",
            Self::Value(Value::Integer(_) | Value::Float(_)) => "a number",
            Self::Value(Value::Boolean(_)) => "a boolean",
            Self::Value(Value::Datetime(_)) => "a date",
        }
    }
}

impl<'a> Entry<'a> {
    /// Where the value stands.
    pub fn place(&self) -> Place {
        Place { file: Arc::clone(self.file), span: self.span.clone() }
    }

    /// A mistake at this value.
    ///
    /// A line with a login in it is shown without the value.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        let secret = self.node.value().and_then(Value::as_str).is_some_and(holds_login);
        Problem::new(if secret { self.hidden() } else { self.place() }, message)
    }

    /// Where the value stands, in a text in which nobody sees it.
    pub fn hidden(&self) -> Place {
        let Place { file, span } = self.place();
        let mut text = file.text.clone();
        if text.get(span.clone()).is_some() {
            text.replace_range(span.clone(), &"*".repeat(span.len()));
        }
        Place { file: SourceFile::new(file.path.clone(), &text), span }
    }

    fn expected(&self, what: &str) -> Problem {
        self.problem(format!("`{}` must be {what}, not {}", self.path, self.node.kind()))
    }

    /// A string.
    pub fn text(&self) -> Result<&'a str, Problem> {
        self.node.value().and_then(Value::as_str).ok_or_else(|| self.expected("a string"))
    }

    /// A boolean.
    pub fn boolean(&self) -> Result<bool, Problem> {
        self.node.value().and_then(Value::as_bool).ok_or_else(|| self.expected("true or false"))
    }

    /// An integer.
    pub fn integer(&self) -> Result<i64, Problem> {
        self.node.value().and_then(Value::as_integer).ok_or_else(|| self.expected("a whole number"))
    }

    /// A date, given as a TOML date or a string.
    pub fn date(&self) -> Result<jiff::civil::Date, Problem> {
        let text = match self.node.value().and_then(Value::as_datetime) {
            Some(date) => date.to_string(),
            None => self.text()?.to_owned(),
        };
        text.parse().map_err(|_| self.problem(format!("`{}` must be a date such as 2026-12-01", self.path)))
    }

    /// A string parsed by its type.
    pub fn parse<T>(&self) -> Result<T, Problem>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        self.text()?.parse().map_err(|error: T::Err| self.problem(format!("`{}`: {error}", self.path)))
    }

    /// The elements of an array.
    pub fn elements(&self) -> Result<Vec<Entry<'a>>, Problem> {
        let array = self.node.value().and_then(Value::as_array).ok_or_else(|| self.expected("an array"))?;
        let elements = array.iter().enumerate().map(|(i, value)| Entry {
            path: format!("{}[{i}]", self.path),
            node: Node::of_value(value),
            file: self.file,
            span: value.span().unwrap_or_else(|| self.span.clone()),
        });
        Ok(elements.collect())
    }

    /// An array of strings.
    pub fn texts(&self) -> Result<Vec<String>, Problem> {
        self.elements()?.iter().map(|element| element.text().map(str::to_owned)).collect()
    }

    /// Its keys as a section.
    pub fn section(&self) -> Result<Section<'a>, Problem> {
        let Node::Table(table) = self.node else {
            return Err(self.expected("a table"));
        };
        Ok(Section {
            path: self.path.clone(),
            table,
            file: self.file,
            span: self.span.clone(),
            taken: Vec::new(),
        })
    }
}

/// A table whose keys are taken one by one.
pub struct Section<'a> {
    path: String,
    table: &'a dyn TableLike,
    file: &'a Arc<SourceFile>,
    span: Range<usize>,
    taken: Vec<&'static str>,
}

impl<'a> Section<'a> {
    /// The root table of a file.
    pub fn root(document: &'a Document<String>, file: &'a Arc<SourceFile>) -> Self {
        Self { path: String::new(), table: document.as_table(), file, span: 0..0, taken: Vec::new() }
    }

    /// Where the table's header stands.
    pub fn place(&self) -> Place {
        Place { file: Arc::clone(self.file), span: self.span.clone() }
    }

    /// A mistake of the table as a whole.
    pub fn problem(&self, message: impl Into<String>) -> Problem {
        Problem::new(self.place(), message)
    }

    fn entry(&self, key: &str, item: &'a Item) -> Entry<'a> {
        let path = match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        };
        let span = item.span().or_else(|| self.key_span(key)).unwrap_or_else(|| self.span.clone());
        Entry { path, node: Node::of(item), file: self.file, span }
    }

    fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.table.get_key_value(key).and_then(|(key, _)| key.span())
    }

    /// The value of a key, if it is there. Asking makes the key known.
    pub fn take(&mut self, key: &'static str) -> Option<Entry<'a>> {
        if !self.taken.contains(&key) {
            self.taken.push(key);
        }
        let item = self.table.get(key).filter(|item| !item.is_none())?;
        Some(self.entry(key, item))
    }

    /// A key's value read by `read`; `None` where it is absent or wrong, and then a problem is noted.
    pub fn read<T>(
        &mut self,
        key: &'static str,
        problems: &mut Vec<Problem>,
        read: impl FnOnce(&Entry<'a>) -> Result<T, Problem>,
    ) -> Option<T> {
        let entry = self.take(key)?;
        read(&entry).map_err(|problem| problems.push(problem)).ok()
    }

    /// As [`Section::read`], and its absence is a problem too.
    pub fn require<T>(
        &mut self,
        key: &'static str,
        problems: &mut Vec<Problem>,
        read: impl FnOnce(&Entry<'a>) -> Result<T, Problem>,
    ) -> Option<T> {
        if self.table.get(key).is_none() {
            self.taken.push(key);
            let within =
                if self.path.is_empty() { "the file".to_owned() } else { format!("`{}`", self.path) };
            problems.push(self.problem(format!("{within} lacks the key `{key}`")));
            return None;
        }
        self.read(key, problems, read)
    }

    /// Every key, for tables whose keys are names that people give; all count as known.
    pub fn entries(&self) -> Vec<(&'a str, Entry<'a>)> {
        self.table.iter().map(|(key, item)| (key, self.entry(key, item))).collect()
    }

    /// Where a key is written.
    pub fn key_place(&self, key: &str) -> Place {
        let span = self.key_span(key).unwrap_or_else(|| self.span.clone());
        Place { file: Arc::clone(self.file), span }
    }

    /// Refuses every key that was not taken.
    pub fn finish(self, problems: &mut Vec<Problem>) {
        for (key, _) in self.table.iter().filter(|(key, _)| !self.taken.contains(key)) {
            let within = match self.path.as_str() {
                "" => String::new(),
                path => format!(" in `{path}`"),
            };
            let problem = Problem::new(self.key_place(key), format!("unknown key `{key}`{within}"));
            problems.push(match meant(key, self.taken.iter().copied()) {
                Some(known) => problem.help(format!("did you mean `{known}`?")),
                None => problem.help(format!("known here: {}", self.taken.join(", "))),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(text: &str) -> Vec<(String, String, Option<String>)> {
        let file = SourceFile::new("t.toml", text);
        let document = match parse_toml(&file) {
            Ok(document) => document,
            Err(problem) => return vec![(String::new(), problem.message, problem.help)],
        };
        let mut problems = Vec::new();
        let mut root = Section::root(&document, &file);
        if let Some(mut pin) = root.take("pin").and_then(|entry| entry.section().ok()) {
            pin.require("image", &mut problems, |entry| entry.text().map(str::to_owned));
            pin.read("platforms", &mut problems, Entry::elements);
            pin.read("hold-until", &mut problems, Entry::date);
            pin.finish(&mut problems);
        }
        root.finish(&mut problems);
        let shown = |p: Problem| (p.place.file.text[p.place.span].to_owned(), p.message, p.help);
        problems.into_iter().map(shown).collect()
    }

    #[test]
    fn a_mistake_has_its_place() {
        let found = problems_of("[pin]\nimage = 3\nplatfroms = []\nhold-until = 2026-13-01\n");
        assert!(found[0].1.contains("not valid TOML"), "{found:?}");
        let found = problems_of("[pin]\nimage = 3\nplatfroms = []\nhold-until = \"soon\"\n");
        assert_eq!(found[0].0, "3");
        assert_eq!(found[0].1, "`pin.image` must be a string, not a number");
        assert_eq!(found[1].0, "\"soon\"");
        assert_eq!(found[2].0, "platfroms");
        assert_eq!(found[2].2.as_deref(), Some("did you mean `platforms`?"));
    }

    #[test]
    fn an_absent_key_is_told_at_its_table() {
        let found = problems_of("[pin]\n[other]\n");
        assert_eq!(found[0].1, "`pin` lacks the key `image`");
        assert_eq!(found[1].1, "unknown key `other`");
        assert_eq!(found[1].2.as_deref(), Some("known here: pin"));
    }
}
