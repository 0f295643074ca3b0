//! Why a repository elsewhere could not be read or written.

use crate::model::harmless;
use crate::net::{Kind, NetError};
use crate::tree::remedy;

/// What was asked of which repository, why it failed, and what to do next. No part of it holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {asked}: {}", .failure.why)]
pub struct GitError {
    asked: String,
    failure: Failure,
}

impl GitError {
    pub(super) fn new(asked: impl Into<String>, failure: Failure) -> Self {
        Self { asked: asked.into(), failure }
    }

    /// The class of this failure.
    pub fn kind(&self) -> Kind {
        self.failure.kind
    }

    /// The cause alone.
    pub fn why(&self) -> &str {
        &self.failure.why
    }

    /// Why it was not even asked, where nobody else's question would have been either.
    pub fn not_asked(&self) -> Option<String> {
        self.failure.not_asked.clone()
    }

    /// What to do next, where that is known.
    pub fn hint(&self) -> Option<String> {
        self.failure.hint.clone()
    }
}

/// A failure before it is said what it is a failure of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    pub(super) why: String,
    pub(super) hint: Option<String>,
    pub(super) not_asked: Option<String>,
}

impl Failure {
    pub(super) fn new(kind: Kind, why: impl Into<String>) -> Self {
        Self { kind, why: shown(&why.into()), hint: None, not_asked: None }
    }

    pub(super) fn hinted(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn protocol(why: impl Into<String>) -> Self {
        Self::new(Kind::Protocol, why)
    }

    /// Something that this machine's repository refuses.
    pub(super) fn here(doing: &str, error: &git2::Error) -> Self {
        Self::new(Kind::Configuration, format!("{doing} failed: {}", one_line(error.message()))).hinted(
            remedy(error)
                .unwrap_or("see whether `git fsck` finds the repository whole, and whether there is room"),
        )
    }
}

impl From<NetError> for Failure {
    fn from(error: NetError) -> Self {
        Self {
            kind: error.kind(),
            why: shown(&error.to_string()),
            hint: error.hint(),
            not_asked: error.not_asked(),
        }
    }
}

/// A cause may quote what an upstream sent: it gets no control over a terminal, and no room for a novel.
fn shown(why: &str) -> String {
    const LENGTH: usize = 1000;
    harmless(why).chars().take(LENGTH).collect()
}

/// What an upstream says, fit to be shown: one line, harmless, not too long.
pub(super) fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    harmless(&line).chars().take(300).collect()
}
