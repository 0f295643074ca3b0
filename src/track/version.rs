//! What a track read in a tag, and the order of such readings.

use std::cmp::Ordering;
use std::fmt;

use smallvec::SmallVec;

use super::short::Short;
use super::{Field, Number, Prerelease};
use crate::model::{Allow, Lane};

/// The value of one placeholder, as it was written.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Number(Number),
    /// Of a number in brackets, and of a release's prerelease.
    Absent,
    /// A day without a time is the start of it.
    Date(Short),
    Prerelease(Box<Prerelease>),
    /// Never ordered.
    Hash(Short),
}

impl Value {
    /// Of a text that the placeholder read.
    pub(super) fn of(field: Field, text: Option<&str>) -> Self {
        let value = text.and_then(|text| match field {
            Field::Hash => Some(Self::Hash(Short::of(text))),
            Field::Date => Some(Self::Date(Short::of(text))),
            Field::Pre => Prerelease::of(text).map(Box::new).map(Self::Prerelease),
            _ => Some(Self::Number(Number::of(text))),
        });
        value.unwrap_or(Self::Absent)
    }

    /// As written.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Number(number) => Some(number.digits()),
            Self::Date(text) | Self::Hash(text) => Some(text.as_str()),
            Self::Prerelease(prerelease) => Some(prerelease.as_str()),
            Self::Absent => None,
        }
    }

    /// The number, where it is one that fits.
    pub(super) fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) => number.to_u64(),
            _ => None,
        }
    }

    fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
}

/// The values that a track's placeholders have in one tag, in the track's order.
///
/// Only versions of the same track, or of its siblings, are compared. Two are equal where nothing that has an order
/// differs: hashes have none, and a number is the same with a leading zero.
#[derive(Clone, Debug)]
pub struct Version {
    values: Values,
}

/// Of as many placeholders as nearly all tracks have, in place.
pub(super) type Values = SmallVec<[(Field, Value); 3]>;

impl Version {
    pub(super) fn new(values: Values) -> Self {
        Self { values }
    }

    pub(super) fn values(&self) -> &[(Field, Value)] {
        &self.values
    }

    /// The number of a placeholder; the first of several builds.
    pub fn number(&self, field: Field) -> Option<&Number> {
        self.values.iter().find_map(|(at, value)| match value {
            Value::Number(number) if *at == field => Some(number),
            _ => None,
        })
    }

    /// Whether the tag names a prerelease.
    pub fn is_prerelease(&self) -> bool {
        self.values.iter().any(|(_, value)| matches!(value, Value::Prerelease(_)))
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
        let larger = |a, b| if Allow::needed(b) > Allow::needed(a) { b } else { a };
        let largest = self.lanes_to(target, order).reduce(larger);
        let largest = largest.or_else(|| self.lanes_to(target, presence).reduce(larger));
        largest.map(|lane| if target.is_prerelease() { Lane::Pre } else { lane })
    }

    /// The smallest `allow` that takes the step to `target`; a prerelease of another major is a major step too.
    pub fn allow_to(&self, target: &Self) -> Option<Allow> {
        let lane = Allow::needed(self.lane_to(target)?)?;
        let largest = self.lanes_to(target, order).filter_map(Allow::needed).max();
        Some(largest.map_or(lane, |largest| largest.max(lane)))
    }

    fn lanes_to<'a>(
        &'a self,
        target: &'a Self,
        compare: fn(&Value, &Value) -> Ordering,
    ) -> impl Iterator<Item = Lane> + 'a {
        self.pairs(target)
            .filter(move |(_, a, b)| compare(a, b).is_ne())
            .filter_map(|(field, ..)| field.lane())
    }

    /// Whether both have the same numbers and dates, so that one may be a prerelease of the other.
    pub fn same_target(&self, other: &Self) -> bool {
        self.pairs(other).all(|(field, a, b)| field == Field::Pre || order(a, b).is_eq())
    }

    /// Whether a candidate of the same track is of this one's scheme and precision, so that their order means
    /// something.
    ///
    /// It is not where one is numbered by the calendar and the other is not, where a number is a hash or a time by its
    /// length, where a date is of another precision, and where a release has a part in brackets that the locked
    /// release lacks, or the reverse. The release after a prerelease has that part, even where the prerelease lacks it:
    /// without it the tag is one that follows every release.
    pub fn fits(&self, candidate: &Self) -> bool {
        let (from_prerelease, to_prerelease) = (self.is_prerelease(), candidate.is_prerelease());
        self.pairs(candidate).all(|(field, a, b)| match (a, b) {
            _ if field == Field::Pre => true,
            (Value::Number(a), Value::Number(b)) => match (a.to_u64(), b.to_u64()) {
                (Some(a), Some(b)) => same_scheme(field, a, b),
                // Beyond 64 bits a number is a hash or a time, and counts nothing that a shorter one does.
                _ => a.significant().len().abs_diff(b.significant().len()) <= 2,
            },
            (Value::Date(a), Value::Date(b)) => a.as_str().len() == b.as_str().len(),
            (Value::Hash(_), Value::Hash(_)) => true,
            _ if to_prerelease => true,
            (a, b) if from_prerelease => a.is_absent() && !b.is_absent(),
            (a, b) => a.is_absent() && b.is_absent(),
        })
    }

    /// About how many days lie before its date; `None` where it has none.
    pub(super) fn day(&self) -> Option<u64> {
        let of_date = self.values.iter().find_map(|(_, value)| match value {
            Value::Date(digits) => {
                let digits = digits.as_str();
                Some((digits.get(..4)?, digits.get(4..6)?, digits.get(6..8)?))
            }
            _ => None,
        });
        let number = |field| self.number(field).map(Number::digits);
        let calendar = || {
            Some((
                number(Field::Year)?,
                number(Field::Month).unwrap_or("1"),
                number(Field::Day).unwrap_or("1"),
            ))
        };
        let days = |(year, month, day): (&str, &str, &str)| {
            let number = |digits: &str| digits.parse::<u64>().ok();
            Some((number(year)? * 12 + number(month)?) * 30 + number(day)?)
        };
        let epoch = || self.number(Field::Epoch).and_then(Number::to_u64).map(|seconds| seconds / 86_400);
        of_date.or_else(calendar).and_then(days).or_else(epoch)
    }

    fn pairs<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (Field, &'a Value, &'a Value)> + 'a {
        self.values.iter().zip(&other.values).map(|((field, a), (_, b))| (*field, a, b))
    }
}

/// Whether two numbers of one placeholder count the same thing.
pub(super) fn same_scheme(field: Field, a: u64, b: u64) -> bool {
    let digits = |number: u64| number.checked_ilog10().unwrap_or(0) + 1;
    let (short, long) = if a < b { (a, b) } else { (b, a) };
    // Counters grow; but from a few digits to seven they are a hash, or a time.
    if digits(long) >= 7 && digits(long) > digits(short) + 2 {
        return false;
    }
    // Four digits that are no year may be a counter on its way through the years.
    let is_year = |number: u64| (1970..=2199).contains(&number);
    field != Field::Major || is_year(long) == is_year(short) || digits(long) == digits(short)
}

/// By the placeholders in the track's order, an absent number as zero; where that is equal, a present one is above an
/// absent one.
impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        let first = |compare: fn(&Value, &Value) -> Ordering| {
            self.pairs(other).map(|(_, a, b)| compare(a, b)).find(|ordering| ordering.is_ne())
        };
        first(order).or_else(|| first(presence)).unwrap_or(Ordering::Equal)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Version {}

fn order(a: &Value, b: &Value) -> Ordering {
    let is_zero = |number: &Number| number.to_u64() == Some(0);
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.cmp(b),
        // The digits are of fixed places, so that they compare as text.
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Prerelease(a), Value::Prerelease(b)) => a.cmp(b),
        (Value::Absent, Value::Prerelease(_)) => Ordering::Greater,
        (Value::Prerelease(_), Value::Absent) => Ordering::Less,
        (Value::Absent, Value::Number(number)) if !is_zero(number) => Ordering::Less,
        (Value::Number(number), Value::Absent) if !is_zero(number) => Ordering::Greater,
        _ => Ordering::Equal,
    }
}

fn presence(a: &Value, b: &Value) -> Ordering {
    b.is_absent().cmp(&a.is_absent())
}

/// The numbers joined by dots, as in `6.9.4`.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = self.values.iter().filter_map(|(_, value)| match value {
            Value::Number(_) | Value::Date(_) => value.text(),
            _ => None,
        });
        f.write_str(&numbers.collect::<Vec<_>>().join("."))
    }
}
