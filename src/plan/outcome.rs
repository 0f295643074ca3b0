//! What a decision says.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Cause, Notice};
use crate::model::{Allow, Lane, PackageStep, Pin, Platform, in_words};
use crate::track::Version;

/// A decision about one pin, with the reason for every candidate.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What to do.
    pub outcome: Outcome,
    /// Every tag of the track's shape, newest first; of very many the newest.
    pub candidates: Vec<Candidate>,
    /// How many more there are, older than those that are rejected for the same reason.
    pub not_listed: usize,
    /// How many tags have another shape.
    pub other_shapes: usize,
    /// What was seen on the way: tags, each with what it names.
    pub seen: Vec<(String, String)>,
    /// What a person should know beside the outcome.
    pub notices: Vec<Notice>,
    /// The marks of the alarms that a person accepts by what was asked for.
    pub accepted: Vec<String>,
    /// Why a tag that is moved to anew names something else, where that could be asked.
    pub cause: Option<Cause>,
    /// Of an archive that is moved on: what else changes of all that could be installed, where that could be asked.
    pub brought: Vec<PackageStep>,
}

impl Decision {
    /// One that needed no question.
    pub fn unasked(outcome: Outcome) -> Self {
        Self {
            outcome,
            candidates: Vec::new(),
            not_listed: 0,
            other_shapes: 0,
            seen: Vec::new(),
            notices: Vec::new(),
            accepted: Vec::new(),
            cause: None,
            brought: Vec::new(),
        }
    }

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

impl Candidate {
    /// How long until its age is no reason any more, where it is one now.
    pub fn wait(&self) -> Option<Duration> {
        match &self.verdict {
            Verdict::Rejected(Rejection::Young { wait, .. } | Rejection::WentBack { wait }) => Some(*wait),
            _ => None,
        }
    }
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
    /// It is numbered by other rules: by the calendar, or with more or fewer numbers.
    #[error("is numbered in another way than what is locked")]
    OtherScheme,
    /// It differs from a better one only in what has no order.
    #[error("cannot be ordered against {0}")]
    Unordered(String),
    /// Something newer is taken.
    #[error("is older than {0}")]
    Superseded(String),
    /// The tag names nothing.
    #[error("is not served by upstream")]
    NotServed,
    /// Upstream has the version, and not yet, or no longer, all of its files.
    #[error("has no file at {0}")]
    NoFile(String),
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
    /// By `min-age` or `settle`.
    #[error("was first seen {} ago; eligible in {}", in_words(*.age), in_words(*.wait))]
    Young {
        /// How long ago the tag was first seen to name what it names.
        age: Duration,
        /// How long until that is long enough.
        wait: Duration,
    },
    /// It names again what it named before something else.
    #[error("names again what it named before; eligible in {} if it stays so", in_words(*.wait))]
    WentBack {
        /// How long until it has stayed so for long enough.
        wait: Duration,
    },
    /// The locked tag is back at what it named before what is locked.
    #[error("is what it named before what is locked; going back needs --to with --because")]
    BehindLocked,
    /// Its age is asked for, and there is no telling.
    #[error("has an age that is not known: the journal was not fetched")]
    AgeUnknown,
    /// A person asked for another tag.
    #[error("is not the tag that was asked for")]
    NotAsked,
    /// A newer state of an archive in which nothing changed that could be installed.
    #[error("has nothing new of the wanted packages and what they depend on")]
    NothingNew,
}

impl Rejection {
    /// Whether it is for what was seen, and when.
    pub(super) fn is_of_age(&self) -> bool {
        matches!(self, Self::Young { .. } | Self::WentBack { .. } | Self::BehindLocked | Self::AgeUnknown)
    }
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
        /// Whether upstream has replaced it under its tag, where what it names now is not old enough.
        superseded: bool,
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
    /// A locked version is gone: a tag that is declared immutable, or one that nothing newer could replace.
    #[error("the locked tag {tag} is gone from {upstream}")]
    Vanished {
        /// The locked tag.
        tag: String,
        /// Where it was.
        upstream: String,
    },
    /// What is published of a version is not what its publisher vouches for.
    #[error("{why}")]
    Untrusted {
        /// The version.
        version: String,
        /// What does not fit.
        why: String,
    },
    /// What is locked can no longer be pulled, and what replaced it may not be taken yet.
    #[error("{upstream} no longer serves what is locked for {tag}, {digest}, as it is locked")]
    Gone {
        /// The locked tag.
        tag: String,
        /// What is locked.
        digest: String,
        /// Where it was.
        upstream: String,
    },
    /// The lock names what nobody saw upstream name: somebody edited it, or a tag moved twice between two looks.
    #[error("{tag} was never seen to name {digest}, which is locked for it")]
    NeverSeen {
        /// The locked tag.
        tag: String,
        /// What is locked.
        digest: String,
    },
    /// A suite is older than it was: somebody serves what was signed before.
    #[error(
        "{suite} is of {served} now, and of {locked} in the lock: an older state is served as the newest"
    )]
    Replayed {
        /// The suite.
        suite: String,
        /// The time in the lock.
        locked: jiff::Timestamp,
        /// The time of what is served.
        served: jiff::Timestamp,
    },
    /// A snapshot, which never changes, has changed.
    #[error("the snapshot {snapshot} of {suite} was {from} when it was locked, and is {to} now")]
    Rewritten {
        /// The locked time.
        snapshot: String,
        /// The suite.
        suite: String,
        /// What is locked.
        from: String,
        /// What is served.
        to: String,
    },
    /// A snapshot has what was published after its time.
    #[error("the snapshot {snapshot} of {suite} has what was published on {served}, which is later")]
    Later {
        /// Its time.
        snapshot: String,
        /// The suite.
        suite: String,
        /// The time of what is served.
        served: jiff::Timestamp,
    },
}

impl Alarm {
    /// What tells it from others of the same pin; without spaces.
    pub fn mark(&self) -> String {
        match self {
            Self::Moved { tag, to, .. } => format!("moved:{}:{to}", tag.replace(' ', "-")),
            Self::Vanished { tag, .. } => format!("vanished:{tag}"),
            Self::Untrusted { version, .. } => format!("untrusted:{version}"),
            Self::Gone { tag, digest, .. } => format!("gone:{tag}:{digest}"),
            Self::NeverSeen { tag, digest } => format!("never-seen:{tag}:{digest}"),
            Self::Replayed { suite, served, .. } => format!("replayed:{suite}:{served}"),
            Self::Later { snapshot, suite, served } => format!("later:{snapshot}:{suite}:{served}"),
            Self::Rewritten { snapshot, suite, to, .. } => format!("rewritten:{snapshot}:{suite}:{to}"),
        }
    }
}
