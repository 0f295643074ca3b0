//! Why a source has no answer.

use crate::model::harmless;
use crate::net::{Kind, NetError};

/// What was asked of whom, why it failed, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {asked}: {cause}")]
pub struct SourceError {
    kind: Kind,
    asked: String,
    cause: String,
    hint: Option<String>,
    not_asked: Option<String>,
}

impl SourceError {
    /// A failure of this class: what was asked, as in `read a`, and why there is no answer.
    pub(crate) fn new(kind: Kind, asked: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { kind, asked: asked.into(), cause: shown(&cause.into()), hint: None, not_asked: None }
    }

    pub(crate) fn hinted(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn not_asked_as(self, not_asked: Option<String>) -> Self {
        Self { not_asked, ..self }
    }

    pub(super) fn net(asked: impl Into<String>, error: &NetError) -> Self {
        Self {
            kind: error.kind(),
            asked: asked.into(),
            cause: shown(&error.to_string()),
            hint: error.hint(),
            not_asked: error.not_asked(),
        }
    }

    /// The same about a part of what was asked for: that it is missing does not mean that the whole is.
    pub(super) fn of_part(self) -> Self {
        let kind = match self.kind {
            Kind::NotFound => Kind::Protocol,
            kind => kind,
        };
        Self { kind, ..self }
    }

    /// The class of this failure.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Why the upstream was not even asked, where nobody else's question would have been either.
    pub fn not_asked(&self) -> Option<&str> {
        self.not_asked.as_deref()
    }

    /// What to do next, where that is known.
    pub fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}

/// A cause may quote what an upstream sent: it gets no control over a terminal, and no room for a novel.
fn shown(cause: &str) -> String {
    const LENGTH: usize = 1000;
    harmless(cause).chars().take(LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_upstream_says_is_neutral_and_short() {
        let said = format!("it is \u{1b}]0;evil\u{7}{}", "x".repeat(1 << 20));
        let error = SourceError::new(Kind::Protocol, "read a", said).to_string();
        let start = r"cannot read a: it is \u{1b}]0;evil\u{7}x";
        assert!(error.starts_with(start) && error.len() < 1100, "{error}");
        let turned = SourceError::new(Kind::Protocol, "read a", "a\u{202e}b").to_string();
        assert_eq!(turned, r"cannot read a: a\u{202e}b");
    }
}
