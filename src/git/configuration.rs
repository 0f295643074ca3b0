//! What git's configuration says of remotes: where they are, and what is shown to them.

use std::path::Path;

use git2::{Config, Repository};
use secrecy::SecretString;
use url::Url;

use super::address::{Address, AddressError};
use super::error::{Failure, GitError};
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

/// The `Authorization` header that `http.<url>.extraHeader` has for a URL, as `actions/checkout` leaves it.
pub(super) fn authorization(
    repository: &Path,
    url: &Url,
    user: Option<&str>,
) -> Result<Option<Secret>, Failure> {
    Ok(header(&entries(&of(repository)?, "^http\\..*extraheader$"), url, user))
}

/// `core.sshCommand`, as `actions/checkout` leaves it for a deploy key.
pub(super) fn ssh_command(repository: &Path) -> Result<Option<String>, Failure> {
    let found = of(repository)?.get_string("core.sshcommand").ok();
    Ok(found.filter(|line| !line.trim().is_empty()))
}

fn of(repository: &Path) -> Result<Config, Failure> {
    let here = |error: git2::Error| Failure::here("reading the git configuration", &error);
    let repository = Repository::open(repository).map_err(here)?;
    repository.config().and_then(|mut config| config.snapshot()).map_err(here)
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
        if let Ok(entry) = entry
            && let (Ok(name), Ok(value)) = (entry.name(), entry.value())
        {
            found.push((name.to_owned(), value.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

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
}
