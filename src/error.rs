//! What a person is told when a command cannot do its work, and the exit code that a script is told.

use std::fmt;

use crate::document::Problem;
use crate::files::{BatchError, FolderLockError};
use crate::lock::StoreError;
use crate::net::NetError;
use crate::source::{Kind as SourceKind, SourceError};
use crate::tree::TreeError;

/// How a run ended. The highest that applies is the exit code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Done, nothing wrong.
    #[default]
    Done = 0,
    /// The gate failed, `--check` found a change, or a merge left conflicts.
    Failed = 1,
    /// Usage, configuration, a malformed file, a busy lock.
    Usage = 2,
    /// An upstream could not be asked or has nothing eligible: the answer is incomplete.
    Incomplete = 3,
    /// Content is not what it must be.
    Alarm = 4,
    /// It was told to stop by SIGINT, and did.
    Interrupted = 130,
    /// It was told to stop by SIGTERM, and did.
    Terminated = 143,
}

impl Status {
    /// The number for the shell.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// What a number for the shell means.
    pub fn of_code(code: u8) -> Option<Self> {
        let all = [
            Self::Done,
            Self::Failed,
            Self::Usage,
            Self::Incomplete,
            Self::Alarm,
            Self::Interrupted,
            Self::Terminated,
        ];
        all.into_iter().find(|status| status.code() == code)
    }

    /// What the failure of a source amounts to.
    pub fn of_source(error: &SourceError) -> Self {
        Self::of_kind(error.kind())
    }

    /// What a failure of this kind amounts to.
    pub fn of_kind(kind: SourceKind) -> Self {
        match kind {
            SourceKind::Integrity => Self::Alarm,
            SourceKind::Configuration => Self::Usage,
            _ => Self::Incomplete,
        }
    }
}

/// A failure: its exit code, what was being done to what and why it failed, and what to do next.
#[derive(Debug)]
pub struct Error {
    /// The exit code's meaning.
    pub status: Status,
    /// One sentence.
    pub message: String,
    /// What to do next.
    pub hints: Vec<String>,
    /// Mistakes in files, shown with their lines.
    pub problems: Vec<Problem>,
}

impl Error {
    /// A failure of this status.
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), hints: Vec::new(), problems: Vec::new() }
    }

    /// A mistake in how the program was called or set up.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Status::Usage, message)
    }

    /// Mistakes in files.
    pub fn problems(problems: Vec<Problem>) -> Self {
        let files: std::collections::BTreeSet<&str> =
            problems.iter().map(|p| p.place.file.path.as_str()).collect();
        let files = match files.len() {
            0..=3 => files.into_iter().collect::<Vec<_>>().join(" and "),
            count => format!("{count} files"),
        };
        let count = match problems.len() {
            1 => "is a mistake".to_owned(),
            count => format!("are {count} mistakes"),
        };
        Self { problems, ..Self::usage(format!("there {count} in {files}")) }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl From<crate::journal::Error> for Error {
    fn from(error: crate::journal::Error) -> Self {
        let hint = error.hint();
        Self::usage(error.to_string()).hint(hint)
    }
}

impl From<crate::git::GitError> for Error {
    fn from(error: crate::git::GitError) -> Self {
        let status = match error.kind() {
            SourceKind::Integrity => Status::Alarm,
            SourceKind::Configuration => Status::Usage,
            _ => Status::Incomplete,
        };
        let hint = error.hint();
        hint.into_iter().fold(Self::new(status, error.to_string()), Self::hint)
    }
}

impl From<crate::journal::WordError> for Error {
    fn from(error: crate::journal::WordError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Malformed(problems) => {
                let told = problems.iter().any(|problem| problem.help.is_some());
                let error = Self::problems(problems);
                match told {
                    true => error,
                    false => error.hint(
                        "restore it from git, or resolve the conflict in it, then run `solera-pin refresh`",
                    ),
                }
            }
            StoreError::Changed(_) => Self::usage(error.to_string()).hint("run the command again"),
            StoreError::Io(..) => Self::usage(error.to_string()),
        }
    }
}

impl From<TreeError> for Error {
    fn from(error: TreeError) -> Self {
        let failed = Self::usage(error.to_string());
        match error {
            TreeError::Git(_, Some(remedy)) => failed.hint(remedy),
            _ => failed,
        }
    }
}

impl From<BatchError> for Error {
    fn from(error: BatchError) -> Self {
        let changed = matches!(error, BatchError::Changed(_));
        let error = Self::usage(error.to_string());
        if changed { error.hint("run the command again") } else { error }
    }
}

impl From<FolderLockError> for Error {
    fn from(error: FolderLockError) -> Self {
        let busy = matches!(error, FolderLockError::Busy(_));
        let error = Self::usage(error.to_string());
        if busy { error.hint("wait for it to end, then run the command again") } else { error }
    }
}

impl From<NetError> for Error {
    fn from(error: NetError) -> Self {
        Self::usage(format!("the network cannot be set up: {error}"))
    }
}

/// Writing to standard output failed.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::usage(format!("the output could not be written: {error}"))
    }
}
