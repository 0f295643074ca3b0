//! The user's credential helpers, by way of `git credential`.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::program::{self, Ran};
use crate::net::Secret;

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    /// Whose configuration names the helpers.
    pub(super) folder: &'a Path,
    pub(super) url: &'a Url,
    pub(super) user: Option<&'a str>,
    /// A helper may ask a keyring, which may ask a person; it is not waited for longer than this.
    pub(super) patience: Duration,
}

impl Question<'_> {
    /// As git's credential protocol has it. Values are of a URL that was parsed: none holds a line feed.
    fn lines(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port().map_or(String::new(), |port| format!(":{port}"));
        let path = self.url.path().trim_start_matches('/');
        let user = self.user.filter(|user| !user.contains(char::is_control));
        let user = user.map_or(String::new(), |user| format!("username={user}\n"));
        format!("protocol={}\nhost={host}{port}\npath={path}\n{user}\n", self.url.scheme())
    }
}

/// What a helper knew.
pub(super) struct Found {
    user: String,
    password: SecretString,
    /// As it said it, to be told again.
    whole: SecretString,
}

impl Found {
    pub(super) fn secret(&self) -> Secret {
        Secret::Basic(self.user.clone(), self.password.clone())
    }
}

/// What became of asking the helpers.
pub(super) enum Known {
    /// Nobody has asked them yet.
    Unasked,
    /// The server took what they knew.
    Good(Found),
    /// There is nothing to show, or no more: why, as the end of a sentence.
    Nothing(String),
}

/// What the helpers said in this run. They are asked once for each place that their answer is for: it may be a question
/// to a person, and what a server refused must not be shown to it for a hundred repositories.
#[derive(Default)]
pub(super) struct Helpers(Mutex<HashMap<Place, Arc<tokio::sync::Mutex<Known>>>>);

/// What an answer is for: scheme, host and port, then as much of the path as counts, then the user.
pub(super) type Place = (String, String, Option<String>);

impl Helpers {
    /// What is known of a place. Held while a helper's answer is tried for the first time, so that it is tried once.
    pub(super) fn of(&self, place: Place) -> Arc<tokio::sync::Mutex<Known>> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unasked = || Arc::new(tokio::sync::Mutex::new(Known::Unasked));
        Arc::clone(places.entry(place).or_insert_with(unasked))
    }
}

/// Asks the helpers; why there is nothing where none knows, in time. No person is asked by us.
pub(super) async fn fill(question: &Question<'_>) -> Result<Found, String> {
    let ran =
        program::ask(question.folder, &["credential", "fill"], &question.lines(), question.patience).await;
    let nothing = || "no credential helper knows one for it".to_owned();
    let said = match ran {
        Ran::Done(said) => said,
        Ran::Failed => return Err(nothing()),
        Ran::Slow => {
            let seconds = question.patience.as_secs_f32();
            return Err(format!("the credential helper did not answer within {seconds} s"));
        }
        Ran::Missing => return Err("git, which asks credential helpers, cannot be run".into()),
    };
    let text = SecretString::from(String::from_utf8(said).map_err(|_| nothing())?);
    let value = |key: &str| {
        let line = text.expose_secret().lines().find_map(|line| line.strip_prefix(key));
        line.map(str::to_owned)
    };
    let password = SecretString::from(value("password=").ok_or_else(nothing)?);
    Ok(Found { user: value("username=").unwrap_or_default(), password, whole: text })
}

/// Tells the helpers whether what they knew was of use, so that they keep or forget it.
pub(super) async fn tell(question: &Question<'_>, found: &Found, good: bool) {
    let action = if good { "approve" } else { "reject" };
    let said = SecretString::from(format!("{}\n", found.whole.expose_secret()));
    program::ask(question.folder, &["credential", action], said.expose_secret(), question.patience).await;
}
