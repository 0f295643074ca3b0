//! Forges: where pull requests are. GitHub, GitLab, and Forgejo or Gitea behind one trait.
//!
//! [`choose`] tells from the configuration, the remote's address and the environment which forge it is, where its API is
//! (`address`) and which token it is shown (`token`). Each forge's file knows its paths and fields and nothing else;
//! `api` sends the requests, and says why one failed.
//!
//! A token goes to the API's own origin and nowhere else. Of an answer only what is named here is read; addresses in it
//! are shown to people and never asked.

mod address;
mod api;
mod error;
mod forgejo;
mod github;
mod gitlab;
mod reviewers;
mod token;

use futures_util::future::BoxFuture;
use secrecy::SecretString;

use address::{Address, Software};

use crate::catalog::Propose;
use crate::model::{CommitId, GitUrl};
use crate::net::Client;

pub use address::Environment;
pub use error::{ForgeError, Kind};

/// The forge that `remote` is on and the repository there; `None` where none is declared to be used. Nothing is asked
/// yet.
pub fn choose(
    propose: &Propose,
    remote: &GitUrl,
    environment: Environment<'_>,
    client: &Client,
) -> Result<Option<Box<dyn Forge>>, ForgeError> {
    let Some(address) = Address::of(propose, remote, environment)? else {
        return Ok(None);
    };
    let token = token::read(address.software, &address.server, environment)?;
    let (client, api, path) = (client.clone(), address.api, address.path);
    Ok(Some(match address.software {
        Software::GitHub => Box::new(github::GitHub::new(client, api, path, token)),
        Software::GitLab => Box::new(gitlab::GitLab::new(client, api, &path, token)),
        Software::Forgejo => Box::new(forgejo::Forgejo::new(client, api, path, token)),
    }))
}

/// Whether what is declared, or the remote's host, says what kind of forge it is.
pub fn is_told(propose: &Propose, remote: &GitUrl) -> bool {
    address::is_told(propose, remote)
}

/// What a forge gives, or why it does not.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, ForgeError>>;

/// The pull requests of one repository.
pub trait Forge: Send + Sync + std::fmt::Debug {
    /// Every pull request, of any state, whose head is `branch` of this repository (and not of a fork), newest first.
    fn find<'a>(&'a self, branch: &'a str) -> Answer<'a, Vec<Pull>>;

    /// Opens a pull request. Where one is open for the same branch already, that one is the answer, as it is.
    fn open<'a>(&'a self, new: &'a NewPull) -> Answer<'a, Pull>;

    /// Gives it another title and text.
    fn update<'a>(&'a self, number: u64, title: &'a str, body: &'a str) -> Answer<'a, Pull>;

    /// Closes it with this text, both in one request: no kill can leave one without the other.
    fn close<'a>(&'a self, number: u64, body: &'a str) -> Answer<'a, Pull>;

    /// The login of who closed it last, where the forge tells this token.
    fn closed_by(&self, number: u64) -> Answer<'_, Option<String>>;

    /// Writes a comment.
    fn comment<'a>(&'a self, number: u64, text: &'a str) -> Answer<'a, ()>;

    /// Adds labels. Those that the repository does not have yet are made.
    fn label<'a>(&'a self, number: u64, labels: &'a [String]) -> Answer<'a, ()>;

    /// Asks for reviews: by users, and by teams written `team:NAME` where the forge has them. A reviewer who cannot be
    /// asked keeps none of the others from it; the error then names them all, and is nothing to stop for.
    fn reviewers<'a>(&'a self, number: u64, reviewers: &'a [String]) -> Answer<'a, ()>;

    /// The user and the password for git over HTTPS to this repository: the token, as the forge wants it there.
    fn git_login(&self) -> (String, SecretString);

    /// Why this pull request starts no checks, where that is so.
    fn starts_no_checks(&self, pull: &Pull) -> Option<String>;
}

/// A pull request to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPull {
    /// What is to be merged: a branch of the same repository.
    pub branch: String,
    /// Into which branch.
    pub base: String,
    /// Its title.
    pub title: String,
    /// Its text, in the forge's Markdown.
    pub body: String,
}

/// A pull request as the forge has it. What it says is others' text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pull {
    /// Its number in the repository.
    pub number: u64,
    /// What has become of it.
    pub state: State,
    /// Its title.
    pub title: String,
    /// Its text; empty where it has none.
    pub body: String,
    /// Where people see it.
    pub url: String,
    /// Into which branch it goes.
    pub base: String,
    /// The commit that it would merge, where the forge knows it.
    pub head: Option<CommitId>,
    /// The login of who opened it.
    pub author: String,
}

/// What has become of a pull request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It can be merged, or closed.
    Open,
    /// Its commits, or what they were squashed to, are in the base.
    Merged,
    /// Closed without that.
    Closed,
}

/// What is good to know and nothing depends on: a token that may not ask for it is told nothing.
fn if_allowed<T>(answer: Result<T, ForgeError>) -> Result<Option<T>, ForgeError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind(), Kind::Denied | Kind::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}
