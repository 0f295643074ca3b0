//! A bake file, whichever way it is written.

use std::collections::HashMap;
use std::ops::Range;

use crate::scan::{Piece, Spelled};

/// The scheme of an image among the contexts.
pub(super) const IMAGE: &str = "docker-image://";

/// What a bake file declares.
#[derive(Debug, Default)]
pub(super) struct File {
    /// By name; `None` where a variable has no default.
    pub(super) variables: HashMap<String, Option<Value>>,
    /// In the order in which they stand; one name may have several.
    pub(super) targets: Vec<Target>,
    /// Whether a comment can be put at the end of a line.
    pub(super) comments: bool,
}

/// A block `target "name" { … }`.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) name: String,
    /// Its attributes by name.
    pub(super) attributes: Vec<(String, Value)>,
}

/// The value of an attribute.
#[derive(Debug)]
pub(super) enum Value {
    /// One that becomes a text.
    Text(Text),
    /// `[a, b]`
    List(Vec<Value>),
    /// `{ a = b }`
    Map(Vec<(String, Value)>),
    /// One of several; which of them is not known here.
    Choice(Vec<Value>),
    /// None at all.
    Null,
}

/// A text with expressions in it.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) parts: Vec<Part>,
    /// Where it stands, with its quotes.
    pub(super) span: Range<usize>,
    /// Where something put behind it becomes a part of it; `None` where nothing does.
    pub(super) end: Option<usize>,
}

/// A part of a text.
#[derive(Debug)]
pub(super) enum Part {
    /// As it is.
    Literal(Spelled),
    /// `${NAME}`
    Variable(String),
    /// Any other expression, as it is written.
    Opaque(String),
}

impl Target {
    /// The value of an attribute.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value)
    }

    /// With the variables of its matrix as expressions: they have several values at once.
    pub(super) fn with_matrix(mut self) -> Self {
        let names: Vec<String> = match self.get("matrix") {
            Some(Value::Map(pairs)) => pairs.iter().map(|(name, _)| name.clone()).collect(),
            _ => return self,
        };
        for (_, value) in &mut self.attributes {
            value.hide(&names);
        }
        self
    }
}

impl Value {
    /// The pairs of a map.
    pub(super) fn pairs(&self) -> &[(String, Self)] {
        match self {
            Self::Map(pairs) => pairs,
            _ => &[],
        }
    }

    /// Its text, if it is one.
    pub(super) fn text(&self) -> Option<&Text> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Every text that it may become, of lists each item.
    pub(super) fn texts(&self) -> Vec<&Text> {
        match self {
            Self::Text(text) => vec![text],
            Self::List(values) | Self::Choice(values) => values.iter().flat_map(Self::texts).collect(),
            Self::Map(_) | Self::Null => Vec::new(),
        }
    }

    fn hide(&mut self, names: &[String]) {
        match self {
            Self::Text(text) => text.hide(names),
            Self::List(values) | Self::Choice(values) => {
                values.iter_mut().for_each(|value| value.hide(names))
            }
            Self::Map(pairs) => pairs.iter_mut().for_each(|(_, value)| value.hide(names)),
            Self::Null => {}
        }
    }
}

impl Text {
    /// The variable that it is, behind the scheme of an image at most.
    pub(super) fn alone(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Variable(name)] => Some(name),
            [Part::Literal(scheme), Part::Variable(name)] if scheme.text == IMAGE => Some(name),
            _ => None,
        }
    }

    fn hide(&mut self, names: &[String]) {
        for part in &mut self.parts {
            if let Part::Variable(name) = part
                && names.contains(name)
            {
                *part = Part::Opaque(std::mem::take(name));
            }
        }
    }
}

/// A text that no bytes spell.
pub(super) fn unspelled(value: &str) -> Spelled {
    let piece = Piece { length: value.len(), span: None, shared: false };
    Spelled { text: value.to_owned(), pieces: (!value.is_empty()).then_some(piece).into_iter().collect() }
}
