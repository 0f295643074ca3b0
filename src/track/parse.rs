//! Parsing a track.

use std::fmt;

use super::field::NAMES;
use super::{Field, TrackError};

/// A piece of a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Atom {
    /// A lone `-`, or what stands between those.
    Literal {
        text: String,
        /// Where it is in the track's text.
        at: usize,
    },
    Field(Field),
    /// With the separator that a prerelease brings along.
    Prerelease(String),
    /// The atoms up to this index may be absent, all together.
    Optional {
        end: usize,
    },
}

/// The declared rule for which tags of an upstream are eligible.
#[derive(Clone, PartialEq, Eq)]
pub struct Track {
    text: String,
    pub(super) atoms: Vec<Atom>,
}

impl Track {
    /// Parses a declaration.
    pub fn parse(text: &str) -> Result<Self, TrackError> {
        match text {
            "" => return Err(TrackError::Empty),
            "latest" => return Err(TrackError::Latest),
            _ => {}
        }
        let mut atoms = split(text)?;
        check(text, &atoms)?;
        give_separators(&mut atoms);
        Ok(Self { text: text.into(), atoms })
    }

    /// As declared.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text before the first placeholder, with its brackets, the part that has placeholders, and the text behind the
    /// last; all before, where there is none.
    pub fn affixes(&self) -> (&str, &str, &str) {
        let text = self.text.as_str();
        let start = text.find(['{', '[']).unwrap_or(text.len());
        let end = text.rfind(['}', ']']).map_or(text.len(), |at| at + 1);
        (&text[..start], &text[start..end], &text[end..])
    }

    /// The part of a tag that the placeholders read, with what stands between them; `None` for a tag of another shape, empty
    /// where there are no placeholders.
    pub fn numbers<'t>(&self, tag: &'t str) -> Option<&'t str> {
        let (before, _, after) = self.affixes();
        self.matches(tag).then(|| tag.strip_prefix(before)?.strip_suffix(after)).flatten()
    }

    /// Whether the track is one tag, of which only what it names can move.
    pub fn is_literal(&self) -> bool {
        self.atoms.iter().all(|atom| matches!(atom, Atom::Literal { .. }))
    }

    /// Whether the track has this placeholder, in brackets too.
    pub fn has(&self, field: Field) -> bool {
        self.atoms.iter().any(|atom| match atom {
            Atom::Field(at) => *at == field,
            Atom::Prerelease(_) => field == Field::Pre,
            Atom::Literal { .. } | Atom::Optional { .. } => false,
        })
    }

    /// Whether its tags name a day or a time, by any placeholder.
    pub fn is_dated(&self) -> bool {
        [Field::Date, Field::Year, Field::Epoch].into_iter().any(|field| self.has(field))
    }
}

fn split(text: &str) -> Result<Vec<Atom>, TrackError> {
    let brace = || TrackError::Brace(text.into());
    let mut atoms = Vec::new();
    let mut open = None;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let (next, length) = match rest.as_bytes()[0] {
            b'{' => {
                let end = rest.find('}').ok_or_else(brace)?;
                placeholder(&rest[1..end], at, &mut atoms)?;
                at += end + 1;
                continue;
            }
            b'[' if open.is_none() => {
                open = Some((atoms.len(), at));
                (Atom::Optional { end: 0 }, 1)
            }
            b']' => {
                let (opened, from) = open.take().ok_or_else(brace)?;
                check_optional(&atoms[opened + 1..], &text[from + 1..at])?;
                atoms[opened] = Atom::Optional { end: atoms.len() };
                at += 1;
                continue;
            }
            b'}' | b'[' => return Err(brace()),
            b'-' => (Atom::Literal { text: "-".into(), at }, 1),
            _ => {
                let end = rest.find(['{', '}', '[', ']', '-']).unwrap_or(rest.len());
                (Atom::Literal { text: rest[..end].into(), at }, end)
            }
        };
        atoms.push(next);
        at += length;
    }
    if open.is_some() { Err(brace()) } else { Ok(atoms) }
}

fn placeholder(name: &str, at: usize, atoms: &mut Vec<Atom>) -> Result<(), TrackError> {
    let known = NAMES.iter().find(|(known, _)| *known == name);
    let (_, fields) = known.ok_or_else(|| TrackError::Unknown(name.into()))?;
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            atoms.push(Atom::Literal { text: ".".into(), at });
        }
        atoms.push(Atom::Field(*field));
    }
    Ok(())
}

/// A separator tells where it begins, and a number at its end leaves what follows as it is without it.
fn check_optional(atoms: &[Atom], text: &str) -> Result<(), TrackError> {
    let fields_are_numbers = atoms.iter().all(|atom| !matches!(atom, Atom::Field(f) if !f.is_number()));
    match atoms {
        [Atom::Literal { .. }, .., Atom::Field(_)] if fields_are_numbers => Ok(()),
        _ => Err(TrackError::Optional(text.into())),
    }
}

fn check(text: &str, atoms: &[Atom]) -> Result<(), TrackError> {
    for (i, atom) in atoms.iter().enumerate() {
        match atom {
            Atom::Literal { text: literal, .. } => {
                let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/+@".contains(c);
                if let Some(character) = literal.chars().find(|c| !allowed(*c)) {
                    return Err(TrackError::Character { text: text.into(), character });
                }
            }
            Atom::Field(field) => {
                if *field != Field::Build && atoms[..i].contains(atom) {
                    return Err(TrackError::Twice(field.name()));
                }
                if !is_clear(*field, &atoms[i + 1..], i + 1) {
                    return Err(TrackError::Adjacent(field.name()));
                }
            }
            Atom::Prerelease(_) | Atom::Optional { .. } => {}
        }
    }
    match atoms.iter().filter(|atom| matches!(atom, Atom::Optional { .. })).count() {
        0..=4 => check_order(text, atoms),
        _ => Err(TrackError::Optionals(text.into())),
    }
}

/// Whether it can be told where a placeholder ends; `rest`, from the index `at`, follows it.
fn is_clear(field: Field, rest: &[Atom], at: usize) -> bool {
    match rest {
        [] => true,
        [Atom::Literal { text, .. }, ..] => !text.starts_with(|c: char| c.is_ascii_digit()),
        // A prerelease starts with a letter, so it may follow a number.
        [Atom::Field(next), ..] => *next == Field::Pre && field != Field::Hash,
        [Atom::Optional { end }, inside @ ..] => {
            is_clear(field, inside, at + 1) && is_clear(field, &rest[end - at..], *end)
        }
        [Atom::Prerelease(_), ..] => false,
    }
}

/// What has an order must stand outside of brackets, so that every tag has it.
fn check_order(text: &str, atoms: &[Atom]) -> Result<(), TrackError> {
    let inside = |i: usize| {
        atoms
            .iter()
            .enumerate()
            .any(|(at, atom)| matches!(atom, Atom::Optional { end } if at < i && i < *end))
    };
    let fields = || atoms.iter().enumerate().filter(|(_, atom)| matches!(atom, Atom::Field(_)));
    let unordered = |atom: &Atom| matches!(atom, Atom::Field(Field::Hash | Field::Pre));
    match fields().next().is_some() && fields().all(|(i, atom)| inside(i) || unordered(atom)) {
        true if fields().any(|(i, _)| inside(i)) => Err(TrackError::AllOptional(text.into())),
        true => Err(TrackError::Unordered(text.into())),
        false => Ok(()),
    }
}

/// Gives each prerelease the separator before it, so that both can be absent.
fn give_separators(atoms: &mut Vec<Atom>) {
    let mut i = 0;
    while i < atoms.len() {
        if atoms[i] == Atom::Field(Field::Pre) {
            let mut separator = String::new();
            // Brackets end in a number, so what stands before is not within them.
            if i > 0
                && let Atom::Literal { text, .. } = &mut atoms[i - 1]
                && text.ends_with(['-', '.', '_', '+'])
            {
                separator.extend(text.pop());
            }
            atoms[i] = Atom::Prerelease(separator);
            if i > 0 && matches!(&atoms[i - 1], Atom::Literal { text, .. } if text.is_empty()) {
                atoms.remove(i - 1);
                for atom in &mut *atoms {
                    if let Atom::Optional { end } = atom
                        && *end >= i
                    {
                        *end -= 1;
                    }
                }
                continue;
            }
        }
        i += 1;
    }
}

impl fmt::Display for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
