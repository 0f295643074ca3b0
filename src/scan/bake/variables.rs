//! The values of variables.

use std::collections::{BTreeSet, HashMap};

use super::file::{File, Part, Text, Value, unspelled};
use crate::scan::{Piece, Spelled, Unresolved, image};

/// How far variables lead to other variables.
const DEEPEST: usize = 32;

/// The longest value that is filled in, in bytes, and the most pieces it is made of.
const LONGEST: usize = 4096;

/// A text with its variables filled in.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    pub(super) spelled: Spelled,
    /// Where something put behind it becomes a part of it.
    pub(super) end: Option<usize>,
}

/// What each variable stands for.
#[derive(Debug)]
pub(super) struct Variables<'f> {
    file: &'f File,
    texts: HashMap<&'f str, Result<Resolved, Unresolved>>,
}

impl<'f> Variables<'f> {
    /// Of a file.
    pub(super) fn of(file: &'f File) -> Self {
        let mut variables = Self { file, texts: HashMap::new() };
        for name in file.variables.keys() {
            variables.fill_in(name, 0);
        }
        variables
    }

    /// The texts of a list, which may be a variable's.
    pub(super) fn list(&self, value: &'f Value) -> Vec<&'f Text> {
        let named = match value {
            Value::Text(text) => match text.parts.as_slice() {
                [Part::Variable(name)] => self.file.variables.get(name).and_then(Option::as_ref),
                _ => None,
            },
            _ => None,
        };
        match named {
            Some(list @ Value::List(_)) => list.texts(),
            _ => value.texts(),
        }
    }

    /// The text with its variables filled in.
    pub(super) fn resolve(&self, text: &Text) -> Result<Resolved, Unresolved> {
        let mut resolved = Resolved { spelled: Spelled::literal("", 0..0), end: text.end };
        for part in &text.parts {
            self.append(part, text.parts.len() == 1, &mut resolved)?;
        }
        // What is one variable and nothing else gets its digest where its default stands.
        if let Some(name) = text.alone()
            && let Some(Ok(Resolved { end: Some(end), .. })) = self.texts.get(name)
        {
            resolved.end = Some(*end);
        }
        Ok(resolved)
    }

    /// The text of a Dockerfile, with what is not known of it as an argument without a default. `None` where an
    /// expression decides about it.
    pub(super) fn dockerfile(&self, text: &Text) -> Option<Spelled> {
        let mut known = Resolved { spelled: Spelled::literal("", 0..0), end: None };
        let mut unknown = BTreeSet::new();
        for part in &text.parts {
            if self.append(part, false, &mut known).is_err() {
                let Part::Variable(name) = part else { return None };
                push(&mut known.spelled, &unspelled(&format!("${{{name}}}")));
                unknown.insert(name.as_str());
            }
        }
        let declared: String = unknown.into_iter().map(|name| format!("ARG {name}\n")).collect();
        let whole = known.spelled;
        let directives = whole.text.split_inclusive('\n').take_while(|line| {
            let line = line.trim_start();
            line.is_empty() || line.starts_with('#')
        });
        let at = directives.map(str::len).sum();
        let mut dockerfile = image::slice(&whole, 0..at);
        push(&mut dockerfile, &unspelled(&declared));
        push(&mut dockerfile, &image::slice(&whole, at..whole.text.len()));
        Some(dockerfile)
    }

    /// The text up to what cannot be filled in.
    pub(super) fn beginning(&self, text: &Text) -> String {
        let mut resolved = Resolved { spelled: Spelled::literal("", 0..0), end: None };
        for part in &text.parts {
            if self.append(part, false, &mut resolved).is_err() {
                break;
            }
        }
        resolved.spelled.text
    }

    fn append(&self, part: &Part, alone: bool, to: &mut Resolved) -> Result<(), Unresolved> {
        match part {
            Part::Literal(literal) => {
                push(&mut to.spelled, literal);
            }
            Part::Opaque(source) => return Err(Unresolved::Template(source.clone())),
            Part::Variable(name) => {
                let unknown = || Unresolved::Argument { name: name.clone(), alone };
                let found = self.texts.get(name.as_str()).cloned().unwrap_or_else(|| Err(unknown()));
                let found = found.map_err(|why| match why {
                    Unresolved::Argument { name, alone: inner } => {
                        Unresolved::Argument { name, alone: alone && inner }
                    }
                    other => other,
                })?;
                to.spelled.text.push_str(&found.spelled.text);
                let shared = |piece: Piece| Piece { shared: true, ..piece };
                to.spelled.pieces.extend(found.spelled.pieces.into_iter().map(shared));
            }
        }
        Ok(())
    }

    /// Fills in a variable, and those that it is made of before it.
    fn fill_in(&mut self, name: &'f str, depth: usize) {
        if self.texts.contains_key(name) {
            return;
        }
        let Some((name, default)) = self.file.variables.get_key_value(name) else { return };
        let alone = Unresolved::Argument { name: name.clone(), alone: true };
        let endless = Unresolved::Template(format!("${{{name}}}"));
        let value = match default {
            None => Err(alone),
            Some(Value::Text(_)) if depth > DEEPEST => Err(endless),
            Some(Value::Text(text)) => {
                // Until it is known: what it is if it leads back to itself.
                self.texts.insert(name, Err(endless.clone()));
                for part in &text.parts {
                    if let Part::Variable(inner) = part
                        && let Some((inner, _)) = self.file.variables.get_key_value(inner)
                    {
                        self.fill_in(inner, depth + 1);
                    }
                }
                let short = |value: &Resolved| {
                    value.spelled.text.len() <= LONGEST && value.spelled.pieces.len() <= LONGEST / 8
                };
                self.resolve(text).and_then(|value| if short(&value) { Ok(value) } else { Err(endless) })
            }
            Some(_) => Err(endless),
        };
        self.texts.insert(name, value);
    }
}

fn push(to: &mut Spelled, part: &Spelled) {
    to.text.push_str(&part.text);
    to.pieces.extend_from_slice(&part.pieces);
}
