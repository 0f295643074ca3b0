//! Git repositories: tags and the commits that they name.

use std::fmt;
use std::sync::Arc;

use tokio::sync::Semaphore;

use super::SourceError;
use super::memo::Memo;
use crate::git::{Address, GitError, Login, Refs, Remote};
use crate::model::{GitTag, GitUrl, Transport};
use crate::net::{Client, Kind};

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
}

impl fmt::Debug for GitSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitSource").finish_non_exhaustive()
    }
}

impl GitSource {
    /// A source for one run.
    pub fn new(client: Client) -> Self {
        let memory = Arc::new(Memory { tags: Memo::default(), ssh: Semaphore::new(SSH_AT_ONCE) });
        Self { client, memory }
    }

    /// All tags, sorted by name. Over HTTP and ssh a server does not say whether what a tag names in the end is a
    /// commit, so that a tag of a tree or a file is among them; of a folder of this machine it is known and left out.
    pub async fn tags(&self, url: &GitUrl) -> Result<Arc<Vec<GitTag>>, SourceError> {
        self.memory.tags.get(url.clone(), self.list(url)).await
    }

    async fn list(&self, url: &GitUrl) -> Result<Arc<Vec<GitTag>>, SourceError> {
        let asked = format!("list the tags of {url}");
        let settings = self.client.settings();
        let place = mirrored(url, &settings.git)
            .map_err(|why| SourceError::new(Kind::Configuration, asked.as_str(), why))?;
        let address = Address::of(&place)
            .map_err(|error| SourceError::new(Kind::Protocol, asked.as_str(), error.to_string()))?;
        let _permit = match address.transport() {
            Transport::Ssh => Some(self.memory.ssh.acquire().await),
            Transport::Http | Transport::Local => None,
        };
        let refs = Remote::new(&self.client, address, Login::nobody()).refs(&["refs/tags/"]).await;
        Ok(Arc::new(tags(refs.map_err(|error| failed(&asked, &error))?)))
    }
}

fn failed(asked: &str, error: &GitError) -> SourceError {
    let failed = SourceError::new(error.kind(), asked, error.why());
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
    let covering = mirrors.iter().filter_map(|(prefix, mirror)| {
        let rest = url.as_str().strip_prefix(prefix.as_str())?;
        // A prefix ends where a component does: `…/acme` is not a prefix of `…/acme-evil/x`.
        let whole =
            prefix.ends_with(['/', ':']) || rest.is_empty() || rest == ".git" || rest.starts_with('/');
        whole.then_some((prefix.len(), mirror, rest))
    });
    match covering.max_by_key(|(length, ..)| *length) {
        Some((_, mirror, rest)) => {
            let place: GitUrl = format!("{mirror}{rest}")
                .parse()
                .map_err(|error| format!("the mirror declared for it is of no use: {error}"))?;
            Ok(place)
        }
        None => Ok(url.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_has_the_mirror() {
        let mirrors: Vec<(String, String)> = [
            ("https://github.com/", "https://mirror.example/gh/"),
            ("https://github.com/acme/", "file:///srv/"),
            ("https://github.com/one", "/srv/one"),
            ("git@github.com:", "https://mirror.example/gh/"),
        ]
        .map(|(prefix, mirror)| (prefix.to_owned(), mirror.to_owned()))
        .into();
        for (url, place) in [
            ("https://github.com/sadoyan/aralez.git", "https://mirror.example/gh/sadoyan/aralez.git"),
            ("https://github.com/acme/x", "file:///srv/x"),
            ("https://github.com/one.git", "/srv/one.git"),
            ("https://github.com/one-evil/x", "https://mirror.example/gh/one-evil/x"),
            ("git@github.com:acme/x", "https://mirror.example/gh/acme/x"),
            ("https://example.org/x", "https://example.org/x"),
        ] {
            assert_eq!(mirrored(&url.parse().unwrap(), &mirrors).unwrap().as_str(), place);
        }
    }

    #[test]
    fn a_mirror_with_a_password_is_refused_and_not_shown() {
        let mirrors = [("https://h/".to_owned(), "https://u:hunter2@m/".to_owned())];
        let why = mirrored(&"https://h/x".parse().unwrap(), &mirrors).unwrap_err();
        assert!(why.contains("credential") && !why.contains("hunter2"), "{why}");
    }
}
