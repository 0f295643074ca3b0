//! What git's configuration says of remotes: where they are, and what is shown to them.

use std::path::Path;
use std::time::Duration;

use git2::{Config, ErrorCode, Repository};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::address::{Address, AddressError};
use super::error::{Failure, GitError};
use super::program::{self, Ran};
use crate::model::harmless;
use crate::net::{Kind, Secret};

/// Where a remote is read and where it is written: it can have two places.
#[derive(Clone, Debug)]
pub struct Places {
    /// Where it is read.
    pub fetch: Address,
    /// Where it is written.
    pub push: Address,
}

/// The places of `remote` as the git configuration of `repository` has it: a remote's name, or a URL or path, with
/// `pushurl`, `insteadOf` and `pushInsteadOf` observed.
pub fn resolve(repository: &Path, remote: &str) -> Result<Places, GitError> {
    let name = if remote.contains(['@', ':']) { "the given remote".into() } else { harmless(remote) };
    let wrong = |failure| GitError::new(format!("find out where `{name}` is"), failure);
    let here = |error: git2::Error| wrong(Failure::here("reading the git configuration", &error));
    let repository = Repository::open(repository).map_err(here)?;
    let config = repository.config().and_then(|mut config| config.snapshot()).map_err(here)?;
    let folder = repository.workdir().unwrap_or(repository.path());
    let (fetch, push) = urls(&config, remote);
    let read = |text: String| {
        Address::read(&text, folder).map_err(|error: AddressError| {
            wrong(Failure::new(Kind::Configuration, error.to_string()).hinted("see `git remote -v`"))
        })
    };
    Ok(Places { fetch: read(fetch)?, push: read(push)? })
}

fn urls(config: &Config, remote: &str) -> (String, String) {
    let first = |key: &str| {
        let key = format!("remote.{remote}.{key}");
        entries(config, "^remote\\.").into_iter().find(|(name, _)| *name == key).map(|(_, value)| value)
    };
    let url = first("url").unwrap_or_else(|| remote.to_owned());
    let instead = |kind: &str, url: &str| rewritten(&entries(config, "^url\\."), kind, url);
    let fetch = instead("insteadof", &url).unwrap_or_else(|| url.clone());
    let push = match first("pushurl") {
        Some(push) => instead("insteadof", &push).unwrap_or(push),
        None => instead("pushinsteadof", &url).unwrap_or_else(|| fetch.clone()),
    };
    (fetch, push)
}

/// `url` with its longest prefix that is configured replaced.
fn rewritten(entries: &[(String, String)], kind: &str, url: &str) -> Option<String> {
    let bases = entries.iter().filter_map(|(name, prefix)| {
        let base = name.strip_prefix("url.")?.strip_suffix(kind)?.strip_suffix('.')?;
        let rest = url.strip_prefix(prefix.as_str())?;
        Some((prefix.len(), format!("{base}{rest}")))
    });
    bases.max_by_key(|(length, _)| *length).map(|(_, url)| url)
}

/// What git's configuration has for a folder: names and values, in the order in which they count.
pub(super) struct Configuration(SecretString);

impl Configuration {
    /// As git itself reads it in `folder`, with what the environment and included files add: CI leaves credentials there.
    /// Outside a repository it is the user's and the machine's.
    pub(super) async fn read(folder: &Path, patience: Duration) -> Result<Self, Failure> {
        let unread = |why: &str| {
            Failure::new(Kind::Configuration, format!("git's configuration cannot be read: {why}"))
                .hinted("see what `git config --list` says there")
        };
        match program::ask(folder, &["config", "--list", "-z"], "", patience).await {
            Ran::Done(said) => Ok(Self(SecretString::from(String::from_utf8_lossy(&said).into_owned()))),
            Ran::Failed => Err(unread("git refuses it")),
            Ran::Slow => Err(unread("git did not answer in time")),
            // A small container may have no git.
            Ran::Missing => Self::by_library(folder),
        }
    }

    fn by_library(folder: &Path) -> Result<Self, Failure> {
        let here = |error: git2::Error| Failure::here("reading the git configuration", &error);
        let config = match Repository::discover(folder) {
            Ok(repository) => repository.config(),
            Err(error) if matches!(error.code(), ErrorCode::NotFound | ErrorCode::Owner) => {
                Config::open_default()
            }
            Err(error) => Err(error),
        };
        let config = config.and_then(|mut config| config.snapshot()).map_err(here)?;
        let lines = entries(&config, ".*").into_iter().map(|(name, value)| format!("{name}\n{value}\0"));
        Ok(Self(SecretString::from(lines.collect::<String>())))
    }

    /// Those whose name begins so. A name without a value is set.
    fn entries(&self, start: &str) -> Vec<(String, String)> {
        let entries = self.0.expose_secret().split('\0').filter(|entry| entry.starts_with(start));
        let entries = entries.map(|entry| entry.split_once('\n').unwrap_or((entry, "true")));
        entries.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The `Authorization` header that `http.<url>.extraHeader` has for a URL, as `actions/checkout` leaves it.
    pub(super) fn authorization(&self, url: &Url, user: Option<&str>) -> Option<Secret> {
        header(&self.entries("http."), url, user)
    }

    /// `core.sshCommand`, as `actions/checkout` leaves it for a deploy key.
    pub(super) fn ssh_command(&self) -> Option<String> {
        let set = self.entries("core.sshcommand").pop().map(|(_, line)| line);
        set.filter(|line| !line.trim().is_empty())
    }

    /// Where `url.<base>.insteadOf` has a URL read.
    pub(super) fn instead(&self, url: &str) -> Option<String> {
        rewritten(&self.entries("url."), "insteadof", url)
    }

    /// As much of a URL's path as decides what credential helpers say: all of it with `credential.useHttpPath`, or else
    /// what helpers or users are configured for; nothing where what they say is for the whole host.
    pub(super) fn credential_path(&self, url: &Url) -> String {
        credential_path(&self.entries("credential."), url)
    }
}

fn credential_path(entries: &[(String, String)], url: &Url) -> String {
    let (mut whole, mut part) = (None, "".to_owned());
    for (name, value) in entries {
        let Some((pattern, key)) =
            name.strip_prefix("credential.").and_then(|name| name.rsplit_once('.').or(Some(("", name))))
        else {
            continue;
        };
        let rank = match pattern {
            "" => (0, 0, false),
            // Each user is a place of its own.
            pattern => {
                match Url::parse(pattern).ok().and_then(|it| covers(pattern, url, Some(it.username()))) {
                    Some(rank) => rank,
                    None => continue,
                }
            }
        };
        if key == "usehttppath" && whole.is_none_or(|(known, _)| known <= rank) {
            whole = Some((
                rank,
                !matches!(value.to_ascii_lowercase().as_str(), "false" | "no" | "off" | "0" | ""),
            ));
        }
        if rank.1 > part.len() {
            part = url.path()[..rank.1].to_owned();
        }
    }
    if whole.is_some_and(|(_, whole)| whole) { url.path().to_owned() } else { part }
}

/// The best of the entries whose URL covers this one; of equally good ones the last. An empty one takes it back.
fn header(entries: &[(String, String)], url: &Url, user: Option<&str>) -> Option<Secret> {
    let fitting = entries.iter().filter_map(|(name, value)| {
        let pattern = name.strip_prefix("http.")?.strip_suffix("extraheader")?;
        let rank = match pattern.strip_suffix('.') {
            None if pattern.is_empty() => (0, 0, false),
            None => return None,
            Some(pattern) => covers(pattern, url, user)?,
        };
        let (key, secret) = value.split_once(':').unwrap_or((value, ""));
        let known = key.is_empty() || key.trim().eq_ignore_ascii_case("authorization");
        known.then(|| (rank, secret.trim()))
    });
    let (_, secret) = fitting.max_by_key(|(rank, _)| *rank)?;
    (!secret.is_empty()).then(|| Secret::Header("authorization", SecretString::from(secret)))
}

/// How well a configured URL covers another, as git ranks them: the host, then the path, then a user that is named.
fn covers(pattern: &str, url: &Url, user: Option<&str>) -> Option<(usize, usize, bool)> {
    let pattern = Url::parse(pattern).ok()?;
    let same = pattern.scheme() == url.scheme()
        && pattern.port_or_known_default() == url.port_or_known_default()
        && (pattern.username().is_empty() || user == Some(pattern.username()));
    let (theirs, ours) = (pattern.host_str()?, url.host_str()?);
    let path = pattern.path().trim_end_matches('/');
    let rest = url.path().strip_prefix(path)?;
    let whole = rest.is_empty() || rest.starts_with('/');
    // `*` stands for one part of a host's name.
    let host = theirs.split('.').count() == ours.split('.').count()
        && theirs.split('.').zip(ours.split('.')).all(|(theirs, ours)| theirs == "*" || theirs == ours);
    let exact = theirs.replace('*', "").len();
    (same && whole && host).then_some((exact, path.len(), !pattern.username().is_empty()))
}

/// Names and values, in the order in which they are written. What is not text is passed over.
fn entries(config: &Config, pattern: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let Ok(mut entries) = config.entries(Some(pattern)) else {
        return found;
    };
    while let Some(entry) = entries.next() {
        let Ok(entry) = entry else { continue };
        // The library must not be asked for a value that is not there. A name alone is set.
        let value = if entry.has_value() { entry.value() } else { Ok("true") };
        if let (Ok(name), Ok(value)) = (entry.name(), value) {
            found.push((name.to_owned(), value.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(entries: &[(&str, &str)]) -> Vec<(String, String)> {
        entries.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_longest_prefix_is_replaced() {
        let entries = pairs(&[
            ("url.ssh://git@h/.insteadof", "https://h/"),
            ("url./srv/mirror/.insteadof", "https://h/acme/"),
            ("url.git@h:.pushinsteadof", "https://h/"),
        ]);
        let at = |kind, url| rewritten(&entries, kind, url);
        assert_eq!(at("insteadof", "https://h/a").as_deref(), Some("ssh://git@h/a"));
        assert_eq!(at("insteadof", "https://h/acme/a").as_deref(), Some("/srv/mirror/a"));
        assert_eq!(at("pushinsteadof", "https://h/acme/a").as_deref(), Some("git@h:acme/a"));
        assert_eq!(at("insteadof", "https://other/a"), None);
    }

    #[test]
    fn a_header_is_shown_where_git_would_show_it() {
        let entries = pairs(&[
            ("http.extraheader", "X-Other: 1"),
            ("http.https://h/.extraheader", "AUTHORIZATION: basic one"),
            ("http.https://h/acme.extraheader", "authorization:basic two"),
            ("http.https://me@h/.extraheader", "Authorization: basic three"),
            ("http.https://*.example/.extraheader", "Authorization: basic four"),
            ("http.https://h:444/.extraheader", ""),
            ("http.http://h/.extraheader", "Authorization: basic five"),
        ]);
        let shown = |url: &str, user| match header(&entries, &Url::parse(url).unwrap(), user) {
            Some(Secret::Header("authorization", secret)) => Some(secret.expose_secret().to_owned()),
            None => None,
            other => panic!("{other:?}"),
        };
        for (url, user, value) in [
            ("https://h/a.git", None, Some("basic one")),
            ("https://h/acme/a.git", None, Some("basic two")),
            ("https://h/acme-evil/a.git", None, Some("basic one")),
            ("https://h/a.git", Some("me"), Some("basic three")),
            ("https://a.example/x", None, Some("basic four")),
            ("https://a.b.example/x", None, None),
            ("https://h:443/a", None, Some("basic one")),
            ("https://h:444/a", None, None),
            ("https://h.evil.example/a", None, None),
            ("http://h/a", None, Some("basic five")),
        ] {
            assert_eq!(shown(url, user).as_deref(), value, "{url}");
        }
    }

    #[test]
    fn an_answer_is_for_the_host_unless_the_configuration_says_otherwise() {
        let of =
            |entries: &[(&str, &str)], url: &str| credential_path(&pairs(entries), &Url::parse(url).unwrap());
        let a = "https://h/acme/a.git";
        assert_eq!(of(&[("credential.helper", "store")], a), "");
        assert_eq!(of(&[("credential.usehttppath", "true")], a), "/acme/a.git");
        let of_one = [("credential.usehttppath", "true"), ("credential.https://h.usehttppath", "false")];
        assert_eq!((of(&of_one, a).as_str(), of(&of_one, "https://i/b").as_str()), ("", "/b"));
        let of_folder =
            [("credential.https://h/acme.helper", "x"), ("credential.https://me@h/other.username", "y")];
        assert_eq!(of(&of_folder, a), "/acme");
        assert_eq!(of(&of_folder, "https://h/acme-evil/a"), "");
        assert_eq!(of(&of_folder, "https://h/other/a"), "/other");
    }

    #[tokio::test]
    async fn both_readers_say_the_same() {
        let folder = tempfile::tempdir().unwrap();
        Repository::init(folder.path()).unwrap();
        let below = folder.path().join("below");
        std::fs::create_dir(&below).unwrap();
        let text = "[core]\nsshCommand = ssh -v\n[Http \"https://H/\"]\nextraHeader = Authorization: basic x\n[a]\nb\n\
                    [url \"git@h:\"]\ninsteadOf = https://h/\n";
        crate::files::replace(&folder.path().join(".git/config"), text.as_bytes()).unwrap();
        let by_git = Configuration::read(&below, Duration::from_secs(30)).await.unwrap();
        for read in [by_git, Configuration::by_library(&below).unwrap()] {
            assert_eq!(read.ssh_command().as_deref(), Some("ssh -v"));
            assert!(read.authorization(&Url::parse("https://h/a").unwrap(), None).is_some());
            assert_eq!(read.instead("https://h/a").as_deref(), Some("git@h:a"));
            assert_eq!(read.instead("https://i/a"), None);
        }
    }

    #[tokio::test]
    async fn a_broken_configuration_is_said() {
        let folder = tempfile::tempdir().unwrap();
        Repository::init(folder.path()).unwrap();
        crate::files::replace(&folder.path().join(".git/config"), b"[broken").unwrap();
        let read = Configuration::read(folder.path(), Duration::from_secs(30)).await;
        assert!(matches!(read, Err(failure) if failure.kind == Kind::Configuration));
    }
}
