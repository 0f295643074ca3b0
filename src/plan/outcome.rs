//! What a decision says.

use std::collections::BTreeSet;

use crate::model::{Allow, Lane, Pin, Platform};
use crate::track::Version;

/// A decision about one pin, with the reason for every candidate.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What to do.
    pub outcome: Outcome,
    /// Every tag of the track's shape, newest first.
    pub candidates: Vec<Candidate>,
    /// How many tags have another shape.
    pub other_shapes: usize,
}

impl Decision {
    /// The newest candidate, taken or not.
    pub fn newest(&self) -> Option<&Candidate> {
        self.candidates.first()
    }
}

/// A tag that the track matches.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The tag.
    pub tag: String,
    /// What the track reads in it.
    pub version: Version,
    /// The step to it from what is locked; none where nothing comparable is locked, or it is no step.
    pub lane: Option<Lane>,
    /// Whether it may be taken.
    pub verdict: Verdict,
}

/// What became of a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is what the lock should hold.
    Selected,
    /// It may be taken, and nothing newer was refused in favour of it yet.
    Eligible,
    /// It is not taken.
    Rejected(Rejection),
}

/// Why a candidate is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// By `version`.
    #[error("does not satisfy version = \"{0}\"")]
    Version(String),
    /// By `ignore`.
    #[error("matches ignore = \"{0}\"")]
    Ignored(String),
    /// By `prerelease`.
    #[error("is a prerelease; needs prerelease = true")]
    Prerelease,
    /// By `allow`.
    #[error("is a {lane} step; needs allow = \"{needed}\"")]
    Lane {
        /// The step's.
        lane: Lane,
        /// The smallest `allow` that takes it.
        needed: Allow,
    },
    /// By `hold`.
    #[error("is held: {0}")]
    Held(String),
    /// It is below what is locked.
    #[error("is older than what is locked")]
    Older,
    /// It differs from a better one only in what has no order.
    #[error("cannot be ordered against {0}")]
    Unordered(String),
    /// Something newer is taken.
    #[error("is older than {0}")]
    Superseded(String),
    /// The tag names nothing.
    #[error("is not served by upstream")]
    NotServed,
    /// It names no image that could be locked.
    #[error("names no platform's image")]
    NoPlatforms,
    /// The release that the locked prerelease is for comes first.
    #[error("comes after {0}, which the locked prerelease leads to")]
    AfterTarget(String),
    /// It lacks declared platforms.
    #[error("has no {}", list(.0))]
    Platforms(BTreeSet<Platform>),
    /// Nobody asked upstream about it: another one was looked at first, or too many newer ones could not be taken.
    #[error("was not asked about")]
    NotLookedAt,
    /// A person asked for another tag.
    #[error("is not the tag that was asked for")]
    NotAsked,
}

fn list(platforms: &BTreeSet<Platform>) -> String {
    platforms.iter().map(Platform::to_string).collect::<Vec<_>>().join(", ")
}

/// What to do with a pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The lock is right.
    Keep {
        /// Something worth saying all the same.
        note: Option<String>,
    },
    /// It does not move at present, for this reason.
    Held(String),
    /// The pin moves.
    Move {
        /// What to lock.
        to: Pin,
        /// The class of the step.
        lane: Lane,
    },
    /// The pin is locked for the first time, or anew because its declaration left the locked one behind.
    First {
        /// What to lock.
        to: Pin,
    },
    /// It could start in several majors, newest tag of each first; a person chooses.
    Ambiguous(Vec<String>),
    /// The tag that a person asked for is not to be had.
    Refused {
        /// Why.
        reason: String,
        /// What to do instead.
        hint: String,
    },
    /// Nothing can be taken: the answer is incomplete.
    Nothing(String),
    /// Content that must not change did.
    Alarm(Alarm),
}

/// Why a pin is not touched until a person accepts it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Alarm {
    /// A tag that is declared immutable names something else now.
    #[error("the immutable tag {tag} moved from {from} to {to}")]
    Moved {
        /// The locked tag.
        tag: String,
        /// What is locked.
        from: String,
        /// What upstream says now.
        to: String,
    },
    /// A tag that is declared immutable is gone.
    #[error("the immutable tag {tag} is gone from {upstream}")]
    Vanished {
        /// The locked tag.
        tag: String,
        /// Where it was.
        upstream: String,
    },
}
