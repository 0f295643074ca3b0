//! The class of a step from one candidate to another, and the largest class that is taken.

use std::fmt;
use std::str::FromStr;

/// The class of a step. The classes are disjoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// The tag stays, what it names moves.
    Digest,
    /// The last number of a version, or a build counter.
    Patch,
    /// The second number.
    Minor,
    /// The first number.
    Major,
    /// A date, or a time.
    Date,
    /// To a prerelease, or from one to a later one.
    Pre,
    /// To a tag of another shape: never taken without a person.
    Shape,
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Digest => "digest",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Date => "date",
            Self::Pre => "pre",
            Self::Shape => "shape",
        })
    }
}

/// The largest step that is taken without a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Allow {
    /// Only what the locked tag names.
    Digest,
    /// Up to the third number.
    Patch,
    /// Up to the second number; dates and prereleases count as this.
    #[default]
    Minor,
    /// Anything of the track's shape.
    Major,
}

impl Allow {
    /// Every value, smallest first.
    pub const ALL: [Self; 4] = [Self::Digest, Self::Patch, Self::Minor, Self::Major];

    /// Whether a step of this lane may be taken.
    pub fn takes(self, lane: Lane) -> bool {
        Self::needed(lane).is_some_and(|needed| needed <= self)
    }

    /// The smallest value that takes a step of this lane; none does for a change of shape.
    pub fn needed(lane: Lane) -> Option<Self> {
        match lane {
            Lane::Digest => Some(Self::Digest),
            Lane::Patch => Some(Self::Patch),
            Lane::Minor | Lane::Date | Lane::Pre => Some(Self::Minor),
            Lane::Major => Some(Self::Major),
            Lane::Shape => None,
        }
    }
}

impl FromStr for Allow {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|allow| allow.to_string() == text).ok_or(())
    }
}

impl fmt::Display for Allow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Digest => "digest",
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}
