//! What a track read in a tag, and the order of such readings.

use std::cmp::Ordering;
use std::fmt;

use super::{Field, Prerelease};
use crate::model::{Allow, Lane};

/// An integer of any size, kept as it was written.
#[derive(Clone, Debug)]
pub struct Number(String);

impl Number {
    /// Reads the digits at the start of `text`; gives them and the rest.
    pub(super) fn read(text: &str) -> Option<(Self, &str)> {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        (end > 0).then(|| (Self(text[..end].into()), &text[end..]))
    }

    fn significant(&self) -> &str {
        self.0.trim_start_matches('0')
    }

    /// The value, where it fits.
    pub fn to_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    /// The digits as written.
    pub(super) fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.significant(), other.significant());
        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Number {}

/// The value of one placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Number(Number),
    /// `YYYYMMDD` or `YYYYMMDDhhmm`: a day without a time is the start of it.
    Date(String),
    /// Absent in a release.
    Prerelease(Option<Prerelease>),
    /// Never ordered.
    Hash(String),
}

/// The values that a track's placeholders have in one tag, in the track's order.
///
/// Only versions of the same track are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    values: Vec<(Field, Value)>,
}

impl Version {
    pub(super) fn new(values: Vec<(Field, Value)>) -> Self {
        Self { values }
    }

    /// The number of a placeholder.
    pub fn number(&self, field: Field) -> Option<&Number> {
        self.values.iter().find_map(|(at, value)| match value {
            Value::Number(number) if *at == field => Some(number),
            _ => None,
        })
    }

    /// Whether the tag names a prerelease.
    pub fn is_prerelease(&self) -> bool {
        self.values.iter().any(|(_, value)| matches!(value, Value::Prerelease(Some(_))))
    }

    /// The numbers for a version requirement; an absent one is zero. `None` where one does not fit 64 bits.
    pub fn to_semver(&self) -> Option<semver::Version> {
        let number = |field| self.number(field).map_or(Some(0), Number::to_u64);
        Some(semver::Version::new(number(Field::Major)?, number(Field::Minor)?, number(Field::Patch)?))
    }

    /// The lane of the step from `self` to `target`; `None` where nothing that has an order differs.
    ///
    /// Of several numbers that differ the largest step counts, whatever the track's order.
    pub fn lane_to(&self, target: &Self) -> Option<Lane> {
        let largest =
            self.lanes_to(target).reduce(|a, b| if Allow::needed(b) > Allow::needed(a) { b } else { a });
        largest.map(|lane| if target.is_prerelease() { Lane::Pre } else { lane })
    }

    /// The smallest `allow` that takes the step to `target`; a prerelease of another major is a major step too.
    pub fn allow_to(&self, target: &Self) -> Option<Allow> {
        let largest = self.lanes_to(target).filter_map(Allow::needed).max()?;
        let lane = self.lane_to(target)?;
        Some(largest.max(Allow::needed(lane)?))
    }

    fn lanes_to<'a>(&'a self, target: &'a Self) -> impl Iterator<Item = Lane> + 'a {
        let differing = self.values.iter().zip(&target.values).filter(|((_, a), (_, b))| order(a, b).is_ne());
        differing.filter_map(|((field, _), _)| match field {
            Field::Major => Some(Lane::Major),
            Field::Minor => Some(Lane::Minor),
            // From a prerelease to the release that it was for.
            Field::Patch | Field::Build | Field::Pre => Some(Lane::Patch),
            Field::Date | Field::Epoch => Some(Lane::Date),
            Field::Hash => None,
        })
    }

    /// Whether both have the same numbers and dates, so that one may be a prerelease of the other.
    pub fn same_target(&self, other: &Self) -> bool {
        let pairs = self.values.iter().zip(&other.values);
        pairs.into_iter().all(|((field, a), (_, b))| *field == Field::Pre || order(a, b).is_eq())
    }
}

/// By the placeholders in the track's order; hashes have none.
impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let pairs = self.values.iter().zip(&other.values);
        pairs.map(|((_, a), (_, b))| order(a, b)).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.cmp(b),
        // The digits are of fixed places, so that they compare as text.
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Prerelease(a), Value::Prerelease(b)) => match (a, b) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => a.cmp(b),
        },
        _ => Ordering::Equal,
    }
}

/// The numbers joined by dots, as in `6.9.4`.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = self.values.iter().filter_map(|(_, value)| match value {
            Value::Number(number) => Some(number.digits()),
            Value::Date(digits) => Some(digits.as_str()),
            _ => None,
        });
        f.write_str(&numbers.collect::<Vec<_>>().join("."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_upper_bound() {
        let number = |text| Number::read(text).unwrap().0;
        assert!(number("9") < number("10"));
        assert!(number("99999999999999999999") < number("100000000000000000000"));
        assert_eq!(number("007"), number("7"));
        assert_eq!(number("0"), number("00"));
    }
}
