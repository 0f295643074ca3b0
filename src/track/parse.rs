//! Parsing a track, and matching a tag against it.

use std::fmt;

use super::version::Value;
use super::{Number, Prerelease, Version};

/// A placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The first number.
    Major,
    /// The second number.
    Minor,
    /// The third number.
    Patch,
    /// A counter of builds.
    Build,
    /// `YYYYMMDD` or `YYYYMMDDhhmm`.
    Date,
    /// Seconds since 1970, ten digits.
    Epoch,
    /// Seven or more hexadecimal digits; never ordered.
    Hash,
    /// A prerelease such as `rc1`, absent in a release together with the separator before it.
    Pre,
}

const FIELDS: [(&str, &[Field]); 9] = [
    ("major", &[Field::Major]),
    ("minor", &[Field::Minor]),
    ("patch", &[Field::Patch]),
    ("build", &[Field::Build]),
    ("date", &[Field::Date]),
    ("epoch", &[Field::Epoch]),
    ("hash", &[Field::Hash]),
    ("pre", &[Field::Pre]),
    ("version", &[Field::Major, Field::Minor, Field::Patch]),
];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Field(Field),
    /// The separator that a prerelease brings along.
    Prerelease(String),
}

/// The declared rule for which tags of an upstream are eligible.
#[derive(Clone, PartialEq, Eq)]
pub struct Track {
    text: String,
    parts: Vec<Part>,
}

/// Why a text is not a track.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrackError {
    /// Nothing to follow.
    #[error("a track must not be empty")]
    Empty,
    /// The one tag that says nothing.
    #[error("`latest` is not a track: it names whatever was pushed last")]
    Latest,
    /// A `{` without `}`, or the reverse.
    #[error("`{0}` has an unpaired brace")]
    Brace(String),
    /// Not a placeholder.
    #[error(
        "`{{{0}}}` is not a placeholder: expected {{major}}, {{minor}}, {{patch}}, {{version}}, {{build}}, {{date}}, {{epoch}}, {{hash}} or {{pre}}"
    )]
    Unknown(String),
    /// The same number in two places.
    #[error("`{{{0}}}` stands twice in the track")]
    Twice(&'static str),
    /// Where the first ends cannot be told.
    #[error("nothing separates `{{{0}}}` from what follows it")]
    Adjacent(&'static str),
    /// Only `{hash}`.
    #[error("`{0}` has nothing that can be ordered: a hash is neither newer nor older than another")]
    Unordered(String),
    /// A character that no tag has.
    #[error("`{text}` has {character:?}, which no tag has")]
    Character {
        /// The track.
        text: String,
        /// The first such character.
        character: char,
    },
}

impl Track {
    /// Parses a declaration.
    pub fn parse(text: &str) -> Result<Self, TrackError> {
        match text {
            "" => return Err(TrackError::Empty),
            "latest" => return Err(TrackError::Latest),
            _ => {}
        }
        let parts = split(text)?;
        check(text, &parts)?;
        Ok(Self { text: text.into(), parts: with_separators(parts) })
    }

    /// As declared.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the track is one tag, of which only what it names can move.
    pub fn is_literal(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Literal(_)))
    }

    /// Whether the track has this placeholder.
    pub fn has(&self, field: Field) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Field(at) => *at == field,
            Part::Prerelease(_) => field == Field::Pre,
            Part::Literal(_) => false,
        })
    }

    /// Reads a tag; `None` where it has another shape.
    pub fn read(&self, tag: &str) -> Option<Version> {
        let mut values = Vec::new();
        let rest = self.parts.iter().try_fold(tag, |rest, part| match part {
            Part::Literal(literal) => rest.strip_prefix(literal.as_str()),
            Part::Field(field) => {
                let (value, rest) = read_field(*field, rest)?;
                values.push((*field, value));
                Some(rest)
            }
            Part::Prerelease(separator) => {
                let found = rest.strip_prefix(separator.as_str()).and_then(Prerelease::read);
                let (value, rest) = match found {
                    Some((prerelease, rest)) => (Some(prerelease), rest),
                    None => (None, rest),
                };
                values.push((Field::Pre, Value::Prerelease(value)));
                Some(rest)
            }
        })?;
        rest.is_empty().then(|| Version::new(values))
    }
}

fn read_field(field: Field, text: &str) -> Option<(Value, &str)> {
    if field == Field::Hash {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
        let hash = &text[..end];
        let is_hash = (7..=64).contains(&end) && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        return is_hash.then(|| (Value::Hash(hash.into()), &text[end..]));
    }
    let (number, rest) = Number::read(text)?;
    let digits = number.digits();
    let fits = match field {
        Field::Date => is_date(digits),
        Field::Epoch => digits.len() == 10,
        // A date is a date, never a version.
        _ => !is_date(digits),
    };
    let value = if field == Field::Date { Value::Date(digits.into()) } else { Value::Number(number.clone()) };
    fits.then_some((value, rest))
}

/// `YYYYMMDD` or `YYYYMMDDhhmm`, of this or the last century.
pub(super) fn is_date(digits: &str) -> bool {
    let part = |range: std::ops::Range<usize>| digits.get(range).and_then(|part| part.parse::<u32>().ok());
    let within =
        |range, bounds: std::ops::RangeInclusive<u32>| part(range).is_some_and(|n| bounds.contains(&n));
    matches!(digits.len(), 8 | 12)
        && within(0..4, 1970..=2199)
        && within(4..6, 1..=12)
        && within(6..8, 1..=31)
        && (digits.len() == 8 || (within(8..10, 0..=23) && within(10..12, 0..=59)))
}

fn split(text: &str) -> Result<Vec<Part>, TrackError> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let open = rest.find(['{', '}']).unwrap_or(rest.len());
        if open > 0 {
            parts.push(Part::Literal(rest[..open].into()));
            rest = &rest[open..];
            continue;
        }
        let inner = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let (name, after) = inner.ok_or_else(|| TrackError::Brace(text.into()))?;
        let (_, fields) = FIELDS
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| TrackError::Unknown(name.into()))?;
        for (i, field) in fields.iter().enumerate() {
            if i > 0 {
                parts.push(Part::Literal(".".into()));
            }
            parts.push(Part::Field(*field));
        }
        rest = after;
    }
    Ok(parts)
}

fn check(text: &str, parts: &[Part]) -> Result<(), TrackError> {
    for (i, part) in parts.iter().enumerate() {
        match part {
            Part::Literal(literal) => {
                let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/+".contains(c);
                if let Some(character) = literal.chars().find(|c| !allowed(*c)) {
                    return Err(TrackError::Character { text: text.into(), character });
                }
            }
            Part::Field(field) => {
                if parts[..i].contains(part) {
                    return Err(TrackError::Twice(name(*field)));
                }
                let clear = match parts.get(i + 1) {
                    None => true,
                    Some(Part::Literal(literal)) => !literal.starts_with(|c: char| c.is_ascii_digit()),
                    // A prerelease starts with a letter, so it may follow a number.
                    Some(next) => *next == Part::Field(Field::Pre) && *field != Field::Hash,
                };
                if !clear {
                    return Err(TrackError::Adjacent(name(*field)));
                }
            }
            Part::Prerelease(_) => {}
        }
    }
    let fields =
        || parts.iter().filter_map(|part| if let Part::Field(field) = part { Some(*field) } else { None });
    match fields().next().is_some() && fields().all(|field| matches!(field, Field::Hash | Field::Pre)) {
        true => Err(TrackError::Unordered(text.into())),
        false => Ok(()),
    }
}

/// Gives each prerelease the separator before it, so that both can be absent.
fn with_separators(parts: Vec<Part>) -> Vec<Part> {
    let mut out: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        if part != Part::Field(Field::Pre) {
            out.push(part);
            continue;
        }
        let mut separator = String::new();
        if let Some(Part::Literal(literal)) = out.last_mut()
            && literal.ends_with(['-', '.', '_', '+'])
        {
            separator.extend(literal.pop());
            if literal.is_empty() {
                out.pop();
            }
        }
        out.push(Part::Prerelease(separator));
    }
    out
}

fn name(field: Field) -> &'static str {
    let single = |(_, fields): &&(&'static str, &[Field])| *fields == [field];
    FIELDS.iter().find(single).map_or("version", |(name, _)| name)
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
