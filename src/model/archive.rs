//! Archives: files that a server publishes under a URL which has their version in it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::{Architecture, Digest, holds_login};

/// The URL of an archive, `{version}` and `{arch}` in it: `https://example.org/tool-{version}-{arch}.tar.gz`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArchiveUrl(String);

/// Why a text is not the URL of an archive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveUrlError {
    /// It is none at all, or of something else than HTTP.
    #[error("`{0}` is not the URL of an archive: expected https://HOST/PATH")]
    Shape(String),
    /// It has a user or a password.
    #[error("the URL of an archive must not hold a credential")]
    Credential,
    /// It has braces around something else.
    #[error("`{{{0}}}` is no placeholder of an archive: expected {{version}} or {{arch}}")]
    Placeholder(String),
    /// A placeholder stands where it decides who is asked.
    #[error("the host of an archive must not depend on a placeholder")]
    Host,
}

const VERSION: &str = "{version}";
const ARCH: &str = "{arch}";

impl ArchiveUrl {
    /// As declared.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it differs from one architecture to the other.
    pub fn has_architecture(&self) -> bool {
        self.0.contains(ARCH)
    }

    /// Whether it differs from one version to the other.
    pub fn has_version(&self) -> bool {
        self.0.contains(VERSION)
    }

    /// `host` or `host:port` of its server.
    pub fn host(&self) -> String {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned()
    }

    /// The URL of one version, for one architecture as it is spelled there.
    pub fn at(&self, version: &str, architecture: &str) -> String {
        // A `+` stands for itself in a path, and for a space in what many servers make of a query.
        self.0.replace(VERSION, version).replace(ARCH, architecture)
    }
}

impl FromStr for ArchiveUrl {
    type Err = ArchiveUrlError;

    fn from_str(text: &str) -> Result<Self, ArchiveUrlError> {
        if holds_login(text) {
            return Err(ArchiveUrlError::Credential);
        }
        let shape = || ArchiveUrlError::Shape(text.into());
        // A builder is given it as a word of a command line.
        let is_word = text.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '\\' | '"' | '\'' | '`'));
        let host =
            text.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
        if !is_word || host.is_empty() {
            return Err(shape());
        }
        let filled = Self(text.into()).at("0", "a");
        if let Some((_, rest)) = filled.split_once('{') {
            return Err(ArchiveUrlError::Placeholder(rest.split('}').next().unwrap_or_default().into()));
        }
        let url: url::Url = filled.parse().map_err(|_| shape())?;
        if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none() || filled.contains('}') {
            return Err(shape());
        }
        match host.contains('{') {
            true => Err(ArchiveUrlError::Host),
            false => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for ArchiveUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

super::text_type!(ArchiveUrl);

/// Whether a text can stand in the URL of an archive for its version or architecture: a part of a path, and of a command line.
pub fn fills_url(text: &str) -> bool {
    let allowed = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '~' | '=' | ',' | '@' | ':' | '%')
    };
    !text.is_empty() && !text.starts_with('-') && text.chars().all(allowed)
}

/// One file of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveFile {
    /// SHA-256 of the whole file.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// How the URL spells the architecture, where that is not its name.
    pub spelled: Option<String>,
}

/// The files of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchiveFiles {
    /// One, for every architecture.
    One(ArchiveFile),
    /// One for each architecture.
    Each(BTreeMap<Architecture, ArchiveFile>),
}

/// What was published as one version when it was locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchivePin {
    /// The declared URL.
    pub url: ArchiveUrl,
    /// The version, as in the URL.
    pub version: String,
    /// Its files.
    pub files: ArchiveFiles,
}

impl ArchivePin {
    /// Every file with its architecture, where it has one, and its URL.
    pub fn files(&self) -> Vec<(Option<&Architecture>, &ArchiveFile, String)> {
        match &self.files {
            ArchiveFiles::One(file) => vec![(None, file, self.url.at(&self.version, ""))],
            ArchiveFiles::Each(files) => {
                let each = |(architecture, file)| {
                    let (architecture, file): (&Architecture, &ArchiveFile) = (architecture, file);
                    let spelled = file.spelled.as_deref().unwrap_or(architecture.as_str());
                    (Some(architecture), file, self.url.at(&self.version, spelled))
                };
                files.iter().map(each).collect()
            }
        }
    }

    /// What stands for all its files: the digest of the only one, or of all together.
    pub fn digest(&self) -> Digest {
        match &self.files {
            ArchiveFiles::One(file) => file.digest.clone(),
            ArchiveFiles::Each(files) => {
                let lines =
                    files.iter().map(|(architecture, file)| format!("{architecture} {}\n", file.digest));
                Digest::sha256(lines.collect::<String>().as_bytes())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_two_placeholders() {
        let url: ArchiveUrl = "https://example.org/v{version}/tool-{version}-{arch}.tgz".parse().unwrap();
        assert_eq!(url.at("1.4.2", "x86_64"), "https://example.org/v1.4.2/tool-1.4.2-x86_64.tgz");
        for bad in [
            "tool-{version}.tgz",
            "ftp://example.org/{version}",
            "https://u:p@example.org/{version}",
            "https://example.org/{tag}",
            "https://{version}.example.org/a",
            "https://example.org/a}",
            "https://example.org:{arch}/a",
            "https:/{version}.example.org/a",
            "https:///{version}.example.org/a",
            "https:\\\\{version}.example.org/a",
            "https://example.org/a b/{version}",
            "https://example.org/{version}\n",
            "https://u:p@example.org:bad/{version}",
        ] {
            assert!(bad.parse::<ArchiveUrl>().is_err(), "{bad}");
        }
    }
}
