//! Who we are to a git server over HTTP.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::OnceCell;
use url::Url;

use super::configuration::Configuration;
use super::credential::{Helpers, Place, Question};
use super::error::Failure;
use crate::net::Secret;

/// What may be shown to a server over HTTP, and how ssh is run. Clones share what configuration and helpers said: they
/// are asked once a run.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// Given by the caller, or by the URL: nothing else is tried.
    given: Option<(String, SecretString)>,
    /// Where the caller has that from.
    source: Option<String>,
    /// A name without a password, of the URL.
    user: Option<String>,
    whose: Option<Arc<Whose>>,
}

/// Whose configuration and helpers count.
struct Whose {
    folder: PathBuf,
    configuration: OnceCell<Result<Configuration, Failure>>,
    helpers: Helpers,
}

impl fmt::Debug for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Whose").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl Whose {
    async fn configuration(&self, patience: Duration) -> Result<&Configuration, Failure> {
        let read = self.configuration.get_or_init(|| Configuration::read(&self.folder, patience)).await;
        read.as_ref().map_err(Failure::clone)
    }
}

impl Login {
    /// Nothing is shown to anyone.
    pub fn nobody() -> Self {
        Self::default()
    }

    /// What git has in `folder`, which may be in a repository or in none: `http.<url>.extraHeader` of its configuration,
    /// and after a 401 what the user's credential helpers say, by way of `git credential fill`.
    pub fn of(folder: &Path) -> Self {
        let (configuration, helpers) = (OnceCell::new(), Helpers::default());
        let whose = Whose { folder: folder.into(), configuration, helpers };
        Self { whose: Some(Arc::new(whose)), ..Self::default() }
    }

    /// A user and a password or token, before all else.
    #[must_use]
    pub fn given(self, user: impl Into<String>, secret: SecretString) -> Self {
        Self { given: Some((user.into(), secret)), ..self }
    }

    /// Where the token that is given comes from: it is named where a server does not take it.
    #[must_use]
    pub fn from_source(self, source: impl Into<String>) -> Self {
        Self { source: Some(source.into()), ..self }
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
    pub(super) async fn at_hand(&self, url: &Url, patience: Duration) -> Result<Option<Secret>, Failure> {
        if let Some((user, secret)) = &self.given {
            return Ok(Some(Secret::Basic(user.clone(), secret.clone())));
        }
        match &self.whose {
            Some(whose) => Ok(whose.configuration(patience).await?.authorization(url, self.user.as_deref())),
            None => Ok(None),
        }
    }

    /// The command that takes the place of `ssh`.
    pub(super) async fn ssh_command(&self, patience: Duration) -> Result<Option<String>, Failure> {
        match &self.whose {
            Some(whose) => Ok(whose.configuration(patience).await?.ssh_command()),
            None => Ok(None),
        }
    }

    /// Where the configuration has a URL read.
    pub(super) async fn instead(&self, url: &str, patience: Duration) -> Result<Option<String>, Failure> {
        match &self.whose {
            Some(whose) => Ok(whose.configuration(patience).await?.instead(url)),
            None => Ok(None),
        }
    }

    /// The helpers that may be asked about `url`, the question, and what their answer is for.
    pub(super) async fn helpers<'a>(
        &'a self,
        url: &'a Url,
        patience: Duration,
    ) -> Result<Option<(&'a Helpers, Question<'a>, Place)>, Failure> {
        let Some(whose) = self.whose.as_deref().filter(|_| self.given.is_none()) else {
            return Ok(None);
        };
        let path = whose.configuration(patience).await?.credential_path(url);
        let question = Question { folder: &whose.folder, url, user: self.user.as_deref(), patience };
        Ok(Some((&whose.helpers, question, (url.origin().ascii_serialization(), path, self.user.clone()))))
    }

    pub(super) fn is_nobody(&self) -> bool {
        self.given.is_none() && self.whose.is_none()
    }

    /// What to do where a server was not content.
    pub(super) fn looked_for(&self) -> String {
        match (&self.given, &self.whose) {
            (Some(_), _) => {
                let source =
                    self.source.as_deref().map_or("given for it".to_owned(), |it| format!("of {it}"));
                format!("check that the token {source} is valid and may do this")
            }
            (None, Some(_)) => {
                "credentials are looked for in `http.<url>.extraHeader` of the git configuration, then with \
                 `git credential fill`: check that `git ls-remote` works there without a question"
                    .into()
            }
            (None, None) => {
                "check the URL; for a private repository use its ssh URL, or declare a mirror under [git]"
                    .into()
            }
        }
    }
}
