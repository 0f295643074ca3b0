//! Git repositories: tags and the commits that they name.

mod between;

use std::fmt;
use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};
use url::Url;

use super::SourceError;
use super::memo::Memo;
use crate::git::{Address, GitError, Login, Refs, Remote, locate};
use crate::model::{Between, CommitId, GitTag, GitUrl, Transport};
use crate::net::{Client, GitToken, Kind};

/// How many ssh connections are opened at once: a common server drops those above ten that have not logged in.
const SSH_AT_ONCE: usize = 4;

/// Reads git repositories. Clones share what was answered.
#[derive(Clone)]
pub struct GitSource {
    client: Client,
    memory: Arc<Memory>,
}

struct Memory {
    tags: Memo<GitUrl, Arc<Vec<GitTag>>>,
    ssh: Semaphore,
    /// What the user's git has for a server.
    login: Login,
}

/// How a repository is reached.
#[derive(Clone, Debug)]
pub struct Way {
    /// `host` or `host:port`; none where it is a folder of this machine.
    pub host: Option<String>,
    /// Where it is, over HTTP.
    pub web: Option<Url>,
    /// Whose credentials its server is shown, in words that hold no secret.
    pub login: String,
}

impl fmt::Debug for GitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitSource").finish_non_exhaustive()
    }
}

impl GitSource {
    /// A source for one run. Servers are shown what the client's settings have for them, and no forge's token: that is
    /// for the repository whose pins these are, and for no other. Who wants it shown names it (`git_tokens`), or
    /// lets a forge's own program be a credential helper.
    pub fn new(client: Client) -> Self {
        let login = client.settings().git_folder.as_deref().map_or_else(Login::nobody, Login::of);
        let memory = Memory { tags: Memo::default(), ssh: Semaphore::new(SSH_AT_ONCE), login };
        Self { client, memory: Arc::new(memory) }
    }

    /// All tags, sorted by name. Over HTTP and ssh a server does not say whether what a tag names in the end is a
    /// commit, so that a tag of a tree or a file is among them; of a folder of this machine it is known and left out.
    pub async fn tags(&self, url: &GitUrl) -> Result<Arc<Vec<GitTag>>, SourceError> {
        self.memory.tags.get(url.clone(), self.list(url)).await
    }

    /// The commits that `to` has in its history and `from` has not, the newest first; of many, the newest are kept.
    pub async fn between(
        &self,
        url: &GitUrl,
        from: &CommitId,
        to: &CommitId,
    ) -> Result<Between, SourceError> {
        let asked = format!("list the commits of {url} from {} to {}", from.short(), to.short());
        if from == to {
            return Ok(Between { commits: Vec::new(), total: 0 });
        }
        let (remote, _permit) = self.remote(url, &asked).await?;
        between::list(&remote, (from, to), &asked).await
    }

    /// How `url`, or its mirror, is reached; nobody is asked.
    pub async fn way(&self, url: &GitUrl) -> Result<Way, SourceError> {
        let address = self.address(url, &format!("find out where {url} is")).await?;
        let login = match (address.transport(), address.web()) {
            (Transport::Local, _) => "none".into(),
            (Transport::Ssh, _) => "those of your ssh".into(),
            (Transport::Http, place) => {
                match place.and_then(|place| token(place, &self.client.settings().git_tokens)) {
                    Some(token) => format!("that of `{}`: {}", token.user, token.source),
                    None => "what git has for it, where it asks for one".into(),
                }
            }
        };
        Ok(Way { host: address.host(), web: address.web().cloned(), login })
    }

    async fn list(&self, url: &GitUrl) -> Result<Arc<Vec<GitTag>>, SourceError> {
        let asked = format!("list the tags of {url}");
        let (remote, _permit) = self.remote(url, &asked).await?;
        // The start that all tags of a track share would be shorter to answer, and not enough: a tag's siblings say which
        // shapes have ended, `explain` tells of all, and one list is for every pin of the repository.
        let refs = remote.refs(&["refs/tags/"]).await;
        Ok(Arc::new(tags(refs.map_err(|error| failed(&asked, &error))?)))
    }

    /// Where `url`, or its mirror, is.
    async fn address(&self, url: &GitUrl, asked: &str) -> Result<Address, SourceError> {
        let wrong = |why| SourceError::new(Kind::Configuration, asked, why);
        let place = mirrored(url, &self.client.settings().git).map_err(wrong)?;
        let found = locate(&self.client, &place, &self.memory.login).await;
        found.map_err(|error| failed(asked, &error))
    }

    /// The repository at `url`, or its mirror, and leave to ask it.
    async fn remote(
        &self,
        url: &GitUrl,
        asked: &str,
    ) -> Result<(Remote, Option<SemaphorePermit<'_>>), SourceError> {
        let settings = self.client.settings();
        let address = self.address(url, asked).await?;
        let login = &self.memory.login;
        let login = match address.web().and_then(|place| token(place, &settings.git_tokens)) {
            None => login.clone(),
            Some(GitToken { user, token: Ok(token), source, .. }) => {
                Login::nobody().given(user, token.clone()).from_source(source)
            }
            Some(GitToken { token: Err(why), .. }) => {
                let hint = "your own configuration file names it under [git]";
                return Err(SourceError::new(Kind::Configuration, asked, why).hinted(hint));
            }
        };
        let permit = match address.transport() {
            Transport::Ssh => self.memory.ssh.acquire().await.ok(),
            Transport::Http | Transport::Local => None,
        };
        Ok((Remote::new(&self.client, address, login), permit))
    }
}

/// The token for a place: of those that are for it, the one for the least.
fn token<'t>(place: &Url, tokens: &'t [GitToken]) -> Option<&'t GitToken> {
    let covering = tokens.iter().filter(|token| token.covers(place));
    covering.max_by_key(|token| token.below.path().trim_end_matches('/').len())
}

fn failed(asked: &str, error: &GitError) -> SourceError {
    let failed = SourceError::new(error.kind(), asked, error.why()).not_asked_as(error.not_asked());
    match error.hint() {
        Some(hint) => failed.hinted(hint),
        None => failed,
    }
}

/// References as tags, without those whose names git would refuse.
fn tags(refs: Refs) -> Vec<GitTag> {
    let tag = |(name, named): (String, crate::git::Named)| {
        let name = name.strip_prefix("refs/tags/")?.parse().ok()?;
        Some(match named.peeled {
            Some(commit) => GitTag { name, commit, tag_object: Some(named.id) },
            None => GitTag { name, commit: named.id, tag_object: None },
        })
    };
    refs.names.into_iter().filter_map(tag).collect()
}

/// Where `url` is asked: under the mirror with the longest prefix of it, or as it is.
fn mirrored(url: &GitUrl, mirrors: &[(String, String)]) -> Result<GitUrl, String> {
    match crate::net::mirrored(url.as_str(), mirrors) {
        Some(place) => {
            place.parse().map_err(|error| format!("the mirror declared for it is of no use: {error}"))
        }
        None => Ok(url.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_with_a_password_is_refused_and_not_shown() {
        let mirrors = [("https://h/".to_owned(), "https://u:hunter2@m/".to_owned())];
        let why = mirrored(&"https://h/x".parse().unwrap(), &mirrors).unwrap_err();
        assert!(why.contains("credential") && !why.contains("hunter2"), "{why}");
    }

    #[test]
    fn a_token_is_for_what_is_below_its_place() {
        let token_for = |below: &str| GitToken {
            below: below.parse().unwrap(),
            user: "u".into(),
            token: Ok("hunter2".into()),
            source: below.into(),
        };
        let tokens = ["https://h/", "https://h/acme/", "https://h/acme/one", "https://i:444/"].map(token_for);
        for (place, source) in [
            ("https://h/x.git", "https://h/"),
            ("https://h/acme/x.git", "https://h/acme/"),
            ("https://h/acme", "https://h/acme/"),
            ("https://h/acme-evil/x", "https://h/"),
            ("https://h/acme/one.git", "https://h/acme/one"),
            ("https://h/acme/one/", "https://h/acme/one"),
            ("https://h/acme/one-more", "https://h/acme/"),
            ("https://h/acme/../x", "https://h/"),
            ("https://i:444/x", "https://i:444/"),
            ("https://i/x", "none"),
            ("http://h/x", "none"),
            ("https://h.evil.example/x", "none"),
        ] {
            let found = token(&place.parse().unwrap(), &tokens).map_or("none", |token| &token.source);
            assert_eq!(found, source, "{place}");
        }
    }
}
