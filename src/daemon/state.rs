//! What the daemon keeps on disk: one file, replaced whole, behind a lock that keeps a second daemon out.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Begun, Durations};
use crate::files::{self, FolderLock, FolderLockError};
use crate::model::PinName;

/// How many runs are remembered.
const RUNS: usize = 200;
const FILE: &str = "state.json";
const VERSION: u32 = 1;

/// The daemon's folder, held for as long as a value lives.
#[derive(Debug)]
pub struct Store {
    file: PathBuf,
    _held: FolderLock,
}

/// All that is remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    version: u32,
    /// When each timer last began, by its expression.
    pub begun: Begun,
    /// The newest last.
    pub runs: Vec<Run>,
    /// Where each pin stands.
    pub pins: BTreeMap<PinName, PinState>,
    /// What is proposed and open, by branch.
    pub proposals: BTreeMap<String, Proposal>,
    /// The images of the catalog.
    pub images: Vec<ImageState>,
    /// What was sent to upstreams, in all runs.
    pub sent: Sent,
    /// As of when everything is answered: pins are asked about at times of their own, and the oldest answer counts.
    pub succeeded: Option<Timestamp>,
    /// When each pin was last asked about in a run that could do everything.
    pub answered: BTreeMap<PinName, Timestamp>,
    /// When a run last saw an integrity alarm.
    pub alarmed: Option<Timestamp>,
    /// How long runs took, without those that were cut off.
    pub took: Durations,
}

/// One run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// Counts from 1.
    pub id: u64,
    /// When it began.
    pub began: Timestamp,
    /// When it ended; none while it is under way, or where the daemon ended before it.
    pub ended: Option<Timestamp>,
    /// The timers that were due.
    pub timers: BTreeSet<String>,
    /// How many asked for it from outside.
    pub triggers: usize,
    /// The pins that were asked about; none for all.
    pub pins: Option<BTreeSet<PinName>>,
    /// The commit of the base branch that it went by.
    pub base: Option<String>,
    /// As the exit code of `refresh --propose`.
    pub status: Option<u8>,
    /// What could not be done, a line each.
    pub problems: Vec<String>,
    /// What was sent to upstreams.
    pub sent: Sent,
}

/// What was sent to upstreams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sent {
    /// Requests.
    pub requests: u64,
    /// Those of them that were sent again.
    pub retries: u64,
}

/// Where a pin stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PinState {
    /// How it stands.
    pub state: Standing,
    /// What it follows, and which tags of it.
    pub upstream: String,
    /// Its track.
    pub track: String,
    /// The locked tag.
    pub locked: Option<String>,
    /// The locked content.
    pub content: Option<String>,
    /// When the locked content was first seen.
    pub first_seen: Option<Timestamp>,
    /// The newest tag that may be taken.
    pub allowed: Option<String>,
    /// The newest tag of the track's shape.
    pub newest: Option<String>,
    /// What holds it back, or what is wrong.
    pub note: Option<String>,
    /// What a person should know besides.
    pub notices: Vec<String>,
    /// When it was last asked about.
    pub asked: Timestamp,
    /// The expression that it is asked about by.
    pub schedule: String,
    /// What `solera-pin explain` says.
    pub explanation: String,
    /// The images that read it.
    pub images: Vec<String>,
    /// The files that name it.
    pub files: Vec<String>,
    /// What its tags named, by when that was first seen, the oldest first.
    pub history: Vec<Seen>,
}

/// How a pin stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// What is locked is what should be.
    Current,
    /// A step is proposed.
    Due,
    /// Something newer is not old enough yet.
    Waiting,
    /// A person holds it.
    Held,
    /// It is not known: an upstream could not be asked, or nothing is eligible.
    Unknown,
    /// It is not locked, or not as it is declared.
    Unlocked,
    /// An integrity alarm.
    Alarm,
}

impl Standing {
    /// All of them, the best first.
    pub const ALL: [Self; 7] =
        [Self::Current, Self::Due, Self::Waiting, Self::Held, Self::Unknown, Self::Unlocked, Self::Alarm];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Due => "due",
            Self::Waiting => "waiting",
            Self::Held => "held",
            Self::Unknown => "unknown",
            Self::Unlocked => "unlocked",
            Self::Alarm => "alarm",
        }
    }
}

/// Content that a tag was first seen to name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The tag.
    pub tag: String,
    /// What it named.
    pub content: String,
    /// When that was first seen.
    pub at: Timestamp,
    /// Whether it is what is locked.
    pub locked: bool,
}

/// A proposal that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The pins that it moves.
    pub pins: Vec<String>,
    /// What the last run did about it.
    pub outcome: String,
    /// Where it can be read.
    pub url: Option<String>,
}

/// An image of the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageState {
    /// Its name.
    pub name: String,
    /// What it extends.
    pub base: String,
    /// The pins that it reads.
    pub pins: Vec<String>,
    /// What it is built for.
    pub platforms: Vec<String>,
}

/// Why the daemon's folder is of no use.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another daemon has it, or it cannot be locked.
    #[error("{folder} cannot be used: {source}")]
    Lock {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: FolderLockError,
    },
    /// It cannot be read or written.
    #[error("{file} cannot be {doing}: {source}")]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// Read, written or made.
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
    /// It is not ours, or of a later version.
    #[error("{file} cannot be read: {why}")]
    Malformed {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
}

impl Store {
    /// Takes a folder, which is made where it is not there.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        let held = FolderLock::acquire_new(folder);
        let held = held.map_err(|source| StateError::Lock { folder: folder.into(), source })?;
        Ok(Self { file: folder.join(FILE), _held: held })
    }

    /// What is remembered. A run that was under way when the last daemon ended is told as one that did not end.
    pub fn load(&self) -> Result<Memory, StateError> {
        let read = files::read_text(&self.file);
        let text =
            read.map_err(|source| StateError::Io { file: self.file.clone(), doing: "read", source })?;
        let Some(text) = text else {
            return Ok(Memory { version: VERSION, ..Memory::default() });
        };
        let malformed = |why: String| StateError::Malformed { file: self.file.clone(), why };
        let memory: Memory = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        match memory.version {
            VERSION => Ok(memory),
            version => Err(malformed(format!("it is of version {version}, which a later solera-pin wrote"))),
        }
    }

    /// Replaces what is remembered.
    pub fn save(&self, memory: &Memory) -> Result<(), StateError> {
        let failed = |source| StateError::Io { file: self.file.clone(), doing: "written", source };
        let bytes = serde_json::to_vec(memory).map_err(|error| failed(error.into()))?;
        files::replace(&self.file, &bytes).map_err(failed)
    }
}

impl Memory {
    /// Takes note that all that was asked about these pins was answered. A pin that never was, as a new one, leaves things as
    /// they were.
    pub(super) fn answer(&mut self, asked: &[PinName], now: Timestamp) {
        self.answered.extend(asked.iter().map(|pin| (pin.clone(), now)));
        self.answered.retain(|pin, _| self.pins.contains_key(pin));
        if let Some(at) = as_of(self.pins.keys(), &self.answered) {
            self.succeeded = Some(at.unwrap_or(now));
        }
    }

    /// A new run, the newest.
    pub fn begin(&mut self, run: Run) -> u64 {
        let id = self.runs.last().map_or(1, |last| last.id + 1);
        self.runs.push(Run { id, ..run });
        let many = self.runs.len().saturating_sub(RUNS);
        self.runs.drain(..many);
        id
    }

    /// The run that is the newest.
    pub fn newest(&mut self) -> Option<&mut Run> {
        self.runs.last_mut()
    }
}

/// The oldest answer of all these pins, if there are any; none where one of them was never answered.
fn as_of<'a>(
    pins: impl Iterator<Item = &'a PinName>,
    answered: &BTreeMap<PinName, Timestamp>,
) -> Option<Option<Timestamp>> {
    let all: Option<Vec<Timestamp>> = pins.map(|pin| answered.get(pin).copied()).collect();
    all.map(|all| all.into_iter().min())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_outlives_the_daemon_and_a_second_one_is_kept_out() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("a/b");
        let store = Store::open(&folder).unwrap();
        assert!(matches!(Store::open(&folder), Err(StateError::Lock { .. })));
        let mut memory = store.load().unwrap();
        for _ in 0..RUNS + 5 {
            memory.begin(Run { triggers: 1, ..Run::default() });
        }
        memory.begun.insert("0 6 * * *".into(), Timestamp::UNIX_EPOCH);
        store.save(&memory).unwrap();
        drop(store);
        let again = Store::open(&folder).unwrap().load().unwrap();
        assert_eq!(again, memory);
        assert_eq!((again.runs.len(), again.runs.last().unwrap().id), (RUNS, RUNS as u64 + 5));
    }

    #[test]
    fn everything_is_answered_as_of_the_oldest_answer() {
        let pins = ["a", "b"].map(|name| name.parse::<PinName>().unwrap());
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut answered = BTreeMap::from([(pins[0].clone(), at(10))]);
        assert_eq!(as_of(pins.iter(), &answered), None, "one of them was never answered");
        assert_eq!(as_of(pins[..1].iter(), &answered), Some(Some(at(10))));
        answered.insert(pins[1].clone(), at(5));
        assert_eq!(as_of(pins.iter(), &answered), Some(Some(at(5))));
        assert_eq!(as_of([].iter(), &answered), Some(None));
    }

    #[test]
    fn what_a_later_version_wrote_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        files::replace(&folder.path().join(FILE), b"{\"version\": 2}").unwrap();
        assert!(store.load().unwrap_err().to_string().contains("version 2"));
        files::replace(&folder.path().join(FILE), b"{").unwrap();
        assert!(matches!(store.load(), Err(StateError::Malformed { .. })));
    }
}
