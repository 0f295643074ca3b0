//! A conversation with a server: it says what it has, one request is made, one answer is read.

use std::time::Duration;

use url::Url;

use super::address::Way;
use super::duplex::{Duplex, Trouble};
use super::error::{Failure, GitError};
use super::http::{Http, Sent, complain};
use super::refs::{self, Advertisement, Refs, Version, advertisement};
use super::{Remote, Service, local, ssh};
use crate::net::Asked;

/// The most bytes of a list of references, and of objects.
const LIST: usize = 64 << 20;
const OBJECTS: usize = 512 << 20;

/// A server that was asked for a service.
pub(super) struct Conversation<'r> {
    remote: &'r Remote,
    service: Service,
    version: Version,
    first: Vec<u8>,
    line: Line<'r>,
}

/// What is spoken over.
enum Line<'r> {
    Http(&'r Http, Url),
    Child(Box<Duplex>),
}

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    References,
    /// And how many bytes of them at most.
    Objects(Option<usize>),
    /// A change: it is sent once.
    Change,
}

impl Remote {
    /// The references whose names begin with one of `prefixes`; all, where there are none. Over HTTP and ssh a server
    /// does not say whether what a tag names in the end is a commit; of a folder it is known, and others are left out.
    pub async fn refs(&self, prefixes: &[&str]) -> Result<Refs, GitError> {
        let listed = self.list(prefixes).await;
        listed.map_err(|failure| GitError::new(format!("list the references of {}", self.address), failure))
    }

    pub(super) async fn list(&self, prefixes: &[&str]) -> Result<Refs, Failure> {
        let version = match &self.address.way {
            Way::Local(path) => return local::refs(path, prefixes).await,
            // One turn more, and not the references of every pull request there ever was.
            Way::Http(_) | Way::Ssh(_) => Version::Two,
        };
        let conversation = self.open(Service::UploadPack, version).await?;
        let found = match conversation.advertisement()? {
            Advertisement::Listed(listed) => {
                conversation.leave().await;
                listed.refs
            }
            Advertisement::Version2(capabilities) => {
                let request = refs::ls_refs(&capabilities, prefixes);
                conversation.answer(request, For::References, refs::listed).await?
            }
        };
        Ok(found.only(prefixes))
    }

    /// Asks for a service.
    pub(super) async fn open(&self, service: Service, version: Version) -> Result<Conversation<'_>, Failure> {
        let patience = self.patience();
        let mut command = match (&self.address.way, &self.http) {
            (Way::Local(path), _) => local::command(path, service, version),
            (Way::Ssh(destination), _) => {
                let line = self.ssh_command().await?;
                self.client.spend(&destination.address())?;
                ssh::command(line.as_deref(), destination, service, version)
            }
            (Way::Http(_), Some(http)) => {
                let (first, base) = http.first(service, version).await?;
                let line = Line::Http(http, base);
                return Ok(Conversation { remote: self, service, version, first, line });
            }
            (Way::Http(url), None) => return Err(complain(url, "it was never asked")),
        };
        let begun = Duplex::start(&mut command, patience).await;
        let (duplex, first) = begun.map_err(|trouble| self.failed(trouble))?;
        let line = Line::Child(Box::new(duplex));
        Ok(Conversation { remote: self, service, version, first, line })
    }

    /// How long a child's first message, its next bytes, and all of a list are waited for.
    fn patience(&self) -> Duration {
        self.client.settings().timeout.saturating_mul(4)
    }

    /// The user's own command: of the environment before the configuration's, as with git.
    async fn ssh_command(&self) -> Result<Option<String>, Failure> {
        let settings = self.client.settings();
        match &settings.ssh_command {
            Some(line) => Ok(Some(line.clone())),
            None => self.login.ssh_command(settings.timeout).await,
        }
    }

    fn failed(&self, trouble: Trouble) -> Failure {
        match &self.address.way {
            Way::Ssh(destination) => ssh::failed(trouble, destination),
            Way::Local(path) => local::failed(trouble, path),
            Way::Http(url) => complain(url, "it is no child of ours"),
        }
    }
}

impl Conversation<'_> {
    /// What the server says first.
    pub(super) fn advertisement(&self) -> Result<Advertisement, Failure> {
        advertisement(&self.first).map_err(|why| not_understood(&self.line, &why))
    }

    /// Sends a request, and reads its answer.
    pub(super) async fn answer<T>(
        self,
        request: Vec<u8>,
        what: For,
        read: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Result<T, Failure> {
        let (asked, limit) = match what {
            For::References => (Asked::Git, LIST),
            For::Objects(limit) => (Asked::Pack, limit.unwrap_or(OBJECTS)),
            For::Change => (Asked::Pack, LIST),
        };
        let answer = match self.line {
            Line::Http(http, base) => {
                let once = what == For::Change;
                let sent = Sent { body: request, asked, version: self.version, limit, once };
                let answer = http.answer(&base, self.service, sent).await?;
                return read(&answer).map_err(|why| understood(complain(&base, &why), &why));
            }
            Line::Child(duplex) => {
                let (whole, answer) = (self.remote.patience(), duplex.answer(&request, limit));
                match what {
                    // However long objects take to come or to go: a list is done by then, also one that drips.
                    For::References => {
                        let slow = |_| Err(Trouble::Slow(whole));
                        tokio::time::timeout(whole, answer).await.unwrap_or_else(slow)
                    }
                    For::Objects(_) | For::Change => answer.await,
                }
            }
        };
        let answer = answer.map_err(|trouble| self.remote.failed(trouble))?;
        read(&answer).map_err(|why| understood(of_server(&why), &why))
    }

    /// Wants nothing more.
    pub(super) async fn leave(self) {
        if let Line::Child(duplex) = self.line {
            duplex.leave().await;
        }
    }
}

fn not_understood(line: &Line<'_>, why: &str) -> Failure {
    match line {
        Line::Http(_, base) => complain(base, why),
        Line::Child(_) => of_server(why),
    }
}

fn of_server(why: &str) -> Failure {
    Failure::protocol(format!("the server is not understood: {why}"))
}

/// What a server says clearly is not a protocol that was broken.
fn understood(failure: Failure, why: &str) -> Failure {
    match why.contains("not our ref") {
        true => Failure { kind: crate::net::Kind::NotFound, ..failure }
            .hinted("it does not have that commit, or does not give away what no reference of it names"),
        false => failure,
    }
}
