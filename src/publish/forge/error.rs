//! Why a forge did not do what it was asked for.

use std::time::Duration;

use crate::error::{Error, Status};
use crate::model::{harmless, in_words};
use crate::net::{self, NetError};

/// The classes of failure that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The token is wrong, or may not do this.
    Denied,
    /// No such repository or pull request, as far as the token may see.
    NotFound,
    /// Too many requests, and the wait is too long for a run.
    RateLimited,
    /// No answer, or none but failures on its side.
    Unreachable,
    /// The forge understood, and refuses what it was given.
    Refused,
    /// An answer that is not of this API.
    Protocol,
    /// The configuration or the environment lacks something, or is wrong.
    Configuration,
}

/// What a forge was asked for, why it failed, and what to do next. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot {asked}: {cause}")]
pub struct ForgeError {
    kind: Kind,
    asked: String,
    cause: String,
    hint: Option<String>,
}

impl ForgeError {
    pub(super) fn new(kind: Kind, asked: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { kind, asked: asked.into(), cause: line(&cause.into()), hint: None }
    }

    pub(super) fn hinted(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn configuration(cause: impl Into<String>) -> Self {
        Self::new(Kind::Configuration, "choose the forge", cause)
    }

    pub(super) fn net(asked: impl Into<String>, error: &NetError) -> Self {
        let kind = match (error, error.kind()) {
            (NetError::Transient { status: 429, .. }, _) => Kind::RateLimited,
            (_, net::Kind::NotFound) => Kind::NotFound,
            (_, net::Kind::Denied) => Kind::Denied,
            (_, net::Kind::Unreachable) => Kind::Unreachable,
            (_, net::Kind::Protocol | net::Kind::Integrity) => Kind::Protocol,
            (_, net::Kind::Configuration) => Kind::Configuration,
        };
        let hint = match kind {
            Kind::RateLimited => Some("run it again later, or less often".into()),
            // Also what a repository that was renamed does, to whoever would write there.
            Kind::Protocol => Some("check `propose.api` and the remote's address".into()),
            _ => error.hint(),
        };
        Self { hint, ..Self::new(kind, asked, error.to_string()) }
    }

    pub(super) fn rate_limited(asked: impl Into<String>, host: &str, wait: Option<Duration>) -> Self {
        let when = match wait {
            Some(wait) => format!("may be asked again in {}", in_words(wait)),
            None => "does not say when it may be asked again".into(),
        };
        Self::new(Kind::RateLimited, asked, format!("{host} was asked too often, and {when}"))
            .hinted("run it again then, or less often")
    }

    /// The class of this failure.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What to do next, where that is known.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Why, without what was asked for.
    pub fn cause(&self) -> &str {
        &self.cause
    }
}

/// What somebody else said, as one line that does nothing to a terminal, and not a long one.
pub(super) fn line(text: &str) -> String {
    const LENGTH: usize = 500;
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = harmless(&words);
    match shown.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

impl From<ForgeError> for Error {
    fn from(error: ForgeError) -> Self {
        let status = match error.kind() {
            Kind::Configuration => Status::Usage,
            _ => Status::Incomplete,
        };
        let hint = error.hint().map(str::to_owned);
        hint.into_iter().fold(Self::new(status, error.to_string()), Self::hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_forge_says_is_one_short_harmless_line() {
        let said = format!("no\r\n\u{1b}[2Jway {}", "x".repeat(1 << 20));
        let error = ForgeError::new(Kind::Refused, "open", said).to_string();
        assert!(error.starts_with(r"cannot open: no \u{1b}[2Jway xxx") && error.ends_with("x…"), "{error}");
        assert!(error.len() < 600);
    }

    #[test]
    fn a_rate_limit_says_when() {
        let error = ForgeError::rate_limited("open", "h", Some(Duration::from_secs(3600)));
        assert_eq!(error.to_string(), "cannot open: h was asked too often, and may be asked again in 1 h");
        assert_eq!(error.kind(), Kind::RateLimited);
    }
}
