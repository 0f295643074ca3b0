//! Who we are to a git server over HTTP.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use url::Url;

use super::configuration;
use super::error::Failure;
use crate::net::Secret;

/// What may be shown to a server over HTTP. Over ssh it is the user's own keys, which nothing here concerns.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// Given by the caller, or by the URL: nothing else is tried.
    given: Option<(String, SecretString)>,
    /// A name without a password, of the URL.
    user: Option<String>,
    /// Whose configuration counts.
    repository: Option<PathBuf>,
}

impl Login {
    /// Nothing is shown to anyone.
    pub fn nobody() -> Self {
        Self::default()
    }

    /// What the git configuration of `repository` (its `.git` folder, or its top) and the user's credential helpers
    /// have: `http.<url>.extraHeader` first, and after a 401 what `git credential fill` says.
    pub fn of(repository: &Path) -> Self {
        Self { repository: Some(repository.into()), ..Self::default() }
    }

    /// A user and a password or token, before all else.
    #[must_use]
    pub fn given(self, user: impl Into<String>, secret: SecretString) -> Self {
        Self { given: Some((user.into(), secret)), ..self }
    }

    /// What an address has in its URL, where the caller has given nothing.
    pub(super) fn or_url(mut self, user: Option<&String>, password: Option<&SecretString>) -> Self {
        if self.given.is_none() {
            self.given = password.map(|password| (user.cloned().unwrap_or_default(), password.clone()));
            self.user = user.cloned();
        }
        self
    }

    /// What is shown without being asked.
    pub(super) fn at_hand(&self, url: &Url) -> Result<Option<Secret>, Failure> {
        if let Some((user, secret)) = &self.given {
            return Ok(Some(Secret::Basic(user.clone(), secret.clone())));
        }
        match &self.repository {
            Some(repository) => configuration::authorization(repository, url, self.user.as_deref()),
            None => Ok(None),
        }
    }

    /// Whose configuration counts.
    pub(super) fn repository(&self) -> Option<&Path> {
        self.repository.as_deref()
    }

    /// The repository whose credential helpers may be asked.
    pub(super) fn helpers(&self) -> Option<&Path> {
        self.repository.as_deref().filter(|_| self.given.is_none())
    }

    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    pub(super) fn is_nobody(&self) -> bool {
        self.given.is_none() && self.repository.is_none()
    }

    /// What to do where a server was not content.
    pub(super) fn looked_for(&self) -> String {
        let hint = match (&self.given, &self.repository) {
            (Some(_), _) => "check that the token given for it is valid and may do this",
            (None, Some(_)) => {
                "credentials are looked for in `http.<url>.extraHeader` of the git configuration, then with \
                 `git credential fill`: check that `git ls-remote` works there without a question"
            }
            (None, None) => {
                "check the URL; for a private repository use its ssh URL, or declare a mirror under [git]"
            }
        };
        hint.into()
    }
}
