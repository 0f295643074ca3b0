//! The placeholders of a track, and which text each of them reads.

use std::ops::RangeInclusive;

use crate::model::Lane;

/// A placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The first number.
    Major,
    /// The second number.
    Minor,
    /// The third number.
    Patch,
    /// A counter of builds, or a further number; the only one that may stand more than once.
    Build,
    /// `YYYYMMDD`, `YYYYMMDDhhmm` or `YYYYMMDDhhmmss`.
    Date,
    /// Four digits, 1970 to 2199.
    Year,
    /// 1 to 12, of one or two digits.
    Month,
    /// 1 to 31, of one or two digits.
    Day,
    /// 0 to 23, of one or two digits.
    Hour,
    /// 0 to 59, of one or two digits.
    Minute,
    /// 0 to 60, of one or two digits.
    Second,
    /// Seconds since 1970, ten digits.
    Epoch,
    /// Seven or more hexadecimal digits; never ordered.
    Hash,
    /// A prerelease such as `rc1`, absent in a release together with the separator before it.
    Pre,
}

/// Every name between braces, and what it stands for; in the order in which errors list them.
pub(super) const NAMES: [(&str, &[Field]); 15] = [
    ("major", &[Field::Major]),
    ("minor", &[Field::Minor]),
    ("patch", &[Field::Patch]),
    ("version", &[Field::Major, Field::Minor, Field::Patch]),
    ("build", &[Field::Build]),
    ("date", &[Field::Date]),
    ("year", &[Field::Year]),
    ("month", &[Field::Month]),
    ("day", &[Field::Day]),
    ("hour", &[Field::Hour]),
    ("minute", &[Field::Minute]),
    ("second", &[Field::Second]),
    ("epoch", &[Field::Epoch]),
    ("hash", &[Field::Hash]),
    ("pre", &[Field::Pre]),
];

impl Field {
    /// As written between braces.
    pub(super) fn name(self) -> &'static str {
        let single = |(_, fields): &&(&'static str, &[Field])| *fields == [self];
        NAMES.iter().find(single).map_or("version", |(name, _)| name)
    }

    /// The lane of a step in which it differs; a hash makes none.
    pub(super) fn lane(self) -> Option<Lane> {
        match self {
            Self::Major => Some(Lane::Major),
            Self::Minor => Some(Lane::Minor),
            // From a prerelease to the release that it was for.
            Self::Patch | Self::Build | Self::Pre => Some(Lane::Patch),
            Self::Hash => None,
            _ => Some(Lane::Date),
        }
    }

    /// Whether it reads a number.
    pub(super) fn is_number(self) -> bool {
        !matches!(self, Self::Date | Self::Hash | Self::Pre)
    }

    /// How many bytes at the start of `text` it reads; never for a prerelease.
    pub(super) fn reads(self, text: &str) -> Option<usize> {
        if self == Self::Hash {
            let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
            return is_hexadecimal(&text[..end]).then_some(end);
        }
        let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
        let digits = &text[..end];
        let fits = match self {
            Self::Date => is_date(digits),
            Self::Year => end == 4 && is_within(digits, 1970..=2199),
            Self::Month => end <= 2 && is_within(digits, 1..=12),
            Self::Day => end <= 2 && is_within(digits, 1..=31),
            Self::Hour => end <= 2 && is_within(digits, 0..=23),
            Self::Minute => end <= 2 && is_within(digits, 0..=59),
            Self::Second => end <= 2 && is_within(digits, 0..=60),
            Self::Epoch => end == 10,
            Self::Pre | Self::Hash => false,
            // A date is a date, never a version.
            Self::Major | Self::Minor | Self::Patch | Self::Build => end > 0 && !is_date(digits),
        };
        fits.then_some(end)
    }
}

/// Seven to sixty-four lower-case hexadecimal digits.
pub(super) fn is_hexadecimal(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// `YYYYMMDD`, `YYYYMMDDhhmm` or `YYYYMMDDhhmmss`.
pub(super) fn is_date(digits: &str) -> bool {
    let within = |at: usize, width: usize, bounds| {
        digits.len() <= at || digits.get(at..at + width).is_some_and(|part| is_within(part, bounds))
    };
    matches!(digits.len(), 8 | 12 | 14)
        && within(0, 4, 1970..=2199)
        && within(4, 2, 1..=12)
        && within(6, 2, 1..=31)
        && within(8, 2, 0..=23)
        && within(10, 2, 0..=59)
        && within(12, 2, 0..=60)
}

/// Whether `digits` are nothing else, and of a value in `bounds`.
pub(super) fn is_within(digits: &str, bounds: RangeInclusive<u32>) -> bool {
    digits.bytes().all(|b| b.is_ascii_digit()) && digits.parse().is_ok_and(|n: u32| bounds.contains(&n))
}
