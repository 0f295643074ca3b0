//! Why a source has no answer.

use crate::net::{Kind, NetError};

/// What was asked of whom, why it failed, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {asked}: {cause}")]
pub struct SourceError {
    kind: Kind,
    asked: String,
    cause: String,
    hint: Option<String>,
}

impl SourceError {
    pub(super) fn new(kind: Kind, asked: impl Into<String>, cause: impl Into<String>) -> Self {
        Self {
            kind,
            asked: asked.into(),
            cause: cause.into(),
            hint: None,
        }
    }

    pub(super) fn hinted(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    pub(super) fn net(asked: impl Into<String>, error: &NetError) -> Self {
        Self {
            kind: error.kind(),
            asked: asked.into(),
            cause: error.to_string(),
            hint: error.hint(),
        }
    }

    /// The class of this failure.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What to do next, where that is known.
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}
