//! What a builder fetches for a pin, as BuildKit's policies name it.
//!
//! BuildKit compares a policy with its own names of sources, not with what a Dockerfile says: an image is fully spelled
//! out; a git repository has lost its protocol, its user and what a URL escapes; a file is its URL.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::model::{GitPin, GitUrl, Pin, PinName, Transport};

/// One source of a pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// An image.
    Image {
        /// `docker.io/library/rust`
        repository: String,
        /// Its tag.
        tag: String,
        /// Of the index.
        digest: String,
    },
    /// A git repository.
    Git {
        /// `github.com/acme/app.git`, in the spellings that name it.
        repositories: Vec<String>,
        /// Its tag.
        tag: String,
        /// The commit, at its full length.
        commit: String,
        /// The annotated tag, which leads to this commit alone.
        tag_object: Option<String>,
    },
    /// A file that a server publishes.
    File {
        /// Its URL.
        url: String,
        /// `sha256:…`
        checksum: String,
    },
}

/// The sources of a pin. Suites of Debian have none: what a `RUN` fetches is no source to a builder.
pub(super) fn sources(pin: &Pin) -> Vec<Source> {
    match pin {
        Pin::Image(pin) => vec![Source::Image {
            repository: pin.repository.to_string(),
            tag: pin.tag.to_string(),
            digest: pin.digest.to_string(),
        }],
        Pin::Git(pin) => vec![Source::Git {
            repositories: repositories(pin),
            tag: pin.tag.to_string(),
            commit: pin.commit.to_string(),
            tag_object: pin.tag_object.as_ref().map(ToString::to_string),
        }],
        Pin::Archive(pin) => {
            let file = |(_, file, url): (_, &crate::model::ArchiveFile, _)| Source::File {
                url,
                checksum: file.digest.to_string(),
            };
            pin.files().into_iter().map(file).collect()
        }
        Pin::Debian(_) => Vec::new(),
    }
}

/// As the argument of the pin spells it; over ssh `.git` can be left out, which over HTTP would be a page.
fn repositories(pin: &GitPin) -> Vec<String> {
    let argument = pin.url.for_builders();
    let declared = (pin.url.transport() == Transport::Ssh).then_some(pin.url.as_str());
    let mut found: Vec<String> =
        [Some(argument.as_str()), declared].into_iter().flatten().filter_map(repository).collect();
    found.dedup();
    found
}

/// `HOST/PATH` of a repository; none of a folder, which a builder cannot fetch.
fn repository(url: &str) -> Option<String> {
    if url.parse::<GitUrl>().ok()?.transport() == Transport::Local {
        return None;
    }
    let (authority, path) = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?,
        None => url.split_once(':')?,
    };
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Some(format!("{host}/{}", clean(&unescaped(path))))
}

/// A path without empty parts and `.`, with `..` resolved.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// A path with `%20` and the like read; as it is, where that is no text.
fn unescaped(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = after.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

/// Two pins that follow one tag, and lock different content: the tag alone does not tell which is meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pins `{first}` and `{second}` both follow {tag}, and are locked at different content")]
pub struct Ambiguous {
    /// One pin.
    pub first: PinName,
    /// The other.
    pub second: PinName,
    /// What both follow, for people.
    pub tag: String,
}

/// What tags stand for.
#[derive(Default)]
pub(super) struct ByTag {
    /// Each tag of a pin with what it stands for.
    pub(super) sources: Vec<Source>,
    /// Tags that stand for nothing by themselves.
    pub(super) ambiguous: Vec<Ambiguous>,
}

impl ByTag {
    /// All of them, where each stands for something.
    pub(super) fn whole(self) -> Result<Vec<Source>, Ambiguous> {
        self.ambiguous.into_iter().next().map_or(Ok(self.sources), Err)
    }
}

/// The tags that two pins follow and lock at different content.
pub fn ambiguous(pins: &BTreeMap<PinName, Pin>) -> Vec<Ambiguous> {
    by_tag(pins).ambiguous
}

/// What the tags of pins stand for.
pub(super) fn by_tag(pins: &BTreeMap<PinName, Pin>) -> ByTag {
    let mut owners: BTreeMap<String, (&PinName, String)> = BTreeMap::new();
    let (mut found, mut ambiguous) = (Vec::new(), Vec::new());
    for (name, pin) in pins {
        for source in sources(pin) {
            let (tag, content) = match &source {
                Source::Image { repository, tag, digest } => (format!("{repository}:{tag}"), digest.clone()),
                Source::Git { repositories, tag, commit, .. } => match repositories.first() {
                    Some(repository) => (format!("{repository}#{tag}"), commit.clone()),
                    None => continue,
                },
                Source::File { .. } => continue,
            };
            match owners.entry(tag.clone()) {
                Entry::Vacant(entry) => drop(entry.insert((name, content))),
                Entry::Occupied(entry) if entry.get().1 == content => continue,
                Entry::Occupied(entry) => {
                    let (first, second) = (entry.get().0.clone(), name.clone());
                    ambiguous.push(Ambiguous { first, second, tag });
                    continue;
                }
            }
            found.push((tag, source));
        }
    }
    found.retain(|(tag, _)| !ambiguous.iter().any(|twice| twice.tag == *tag));
    ByTag { sources: found.into_iter().map(|(_, source)| source).collect(), ambiguous }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_has_the_name_that_buildkit_gives_it() {
        for (url, name) in [
            ("https://github.com/acme/app.git", "github.com/acme/app.git"),
            ("http://127.0.0.1:8080/a//b/./c.git", "127.0.0.1:8080/a/b/c.git"),
            ("ssh://git@example.org:2222/a/../b.git", "example.org:2222/b.git"),
            ("git@example.org:acme/app.git", "example.org/acme/app.git"),
            ("https://example.org/a%20b%2", "example.org/a b%2"),
        ] {
            assert_eq!(repository(url).as_deref(), Some(name), "{url}");
        }
        for folder in ["/srv/a.git", "file:///srv/a.git"] {
            assert_eq!(repository(folder), None, "{folder}");
        }
    }
}
