//! Archives: files that servers publish by version.
//!
//! Entry point: [`ArchiveSource`]. `standing` asks whether locked files are as they were, `read` downloads one and hashes it
//! as it comes (`download`), `vouched` asks for what its publisher says of it: `checksums` reads the lists of those, and
//! signatures are checked on the way.

mod checksums;
mod download;
mod read;
mod standing;
mod vouched;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use futures_util::future::join_all;
use url::Url;

use self::read::{Content, Head, Key};
pub use self::standing::Stands;
use super::SourceError;
use super::memo::Memo;
use crate::cache::Cache;
use crate::model::{Architecture, ArchiveFile, ArchiveFiles, ArchiveUrl};
use crate::net::{Client, Kind, Place};
use crate::openpgp::Keyring;

/// Reads archives. Clones share what was answered.
#[derive(Clone)]
pub struct ArchiveSource {
    client: Client,
    cache: Cache,
    /// Whether all of a file is asked for, whatever is known of it.
    fresh: bool,
    memory: Arc<Memory>,
}

#[derive(Default)]
struct Memory {
    heads: Memo<Url, Head>,
    contents: Memo<Key, Option<Content>>,
    texts: Memo<Url, Option<Arc<Vec<u8>>>>,
}

/// One version, and what is published beside it.
#[derive(Clone, Debug)]
pub struct Release<'a> {
    /// Where it is.
    pub url: &'a ArchiveUrl,
    /// Which it is.
    pub version: &'a str,
    /// Each architecture with how URLs spell it; none where there is one file for all.
    pub architectures: &'a BTreeMap<Architecture, String>,
    /// A file of checksums.
    pub checksums: Option<&'a ArchiveUrl>,
    /// A signature of each file.
    pub signature: Option<&'a ArchiveUrl>,
    /// A signature of the file of checksums.
    pub checksums_signature: Option<&'a ArchiveUrl>,
    /// Whose signatures count.
    pub keyring: Option<&'a Arc<Keyring>>,
    /// The time of the run.
    pub now: jiff::Timestamp,
}

/// What there is of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// All its files, as they should be.
    Files(ArchiveFiles),
    /// Something of it is not there: this.
    Missing(String),
}

/// One file of a version.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Of which architecture; none where there is one file for all.
    pub architecture: Option<Architecture>,
    /// Its content.
    pub file: Result<FileNow, SourceError>,
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileNow {
    /// This.
    Here(ArchiveFile),
    /// It is not there, or what vouches for it is not: this.
    Missing(String),
}

impl<'a> Release<'a> {
    /// Files of which nothing more is known.
    pub fn alone(
        url: &'a ArchiveUrl,
        version: &'a str,
        architectures: &'a BTreeMap<Architecture, String>,
        now: jiff::Timestamp,
    ) -> Self {
        let (checksums, signature, checksums_signature, keyring) = (None, None, None, None);
        Self { url, version, architectures, checksums, signature, checksums_signature, keyring, now }
    }
}

impl fmt::Debug for ArchiveSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArchiveSource").finish_non_exhaustive()
    }
}

impl ArchiveSource {
    /// A source for one run, which remembers nothing of earlier ones.
    pub fn new(client: Client) -> Self {
        Self::caching(client, Cache::none())
    }

    /// A source for one run, which does not download what is in `cache` and has not changed since.
    pub fn caching(client: Client, cache: Cache) -> Self {
        Self { client, cache, fresh: false, memory: Arc::default() }
    }

    /// One that downloads every file anew.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self { fresh: true, memory: Arc::default(), ..self.clone() }
    }

    /// All files of a version, hashed, and held against what its publisher says of them.
    pub async fn published(&self, release: &Release<'_>) -> Result<Published, SourceError> {
        let mut files = BTreeMap::new();
        let mut missing = None;
        for Asked { architecture, file } in self.each(release).await {
            match file? {
                FileNow::Missing(what) => missing = missing.or(Some(what)),
                FileNow::Here(file) => drop(files.insert(architecture, file)),
            }
        }
        if let Some(what) = missing {
            return Ok(Published::Missing(what));
        }
        let files = match files.remove(&None) {
            Some(file) => ArchiveFiles::One(file),
            None => ArchiveFiles::Each(
                files.into_iter().filter_map(|(architecture, file)| Some((architecture?, file))).collect(),
            ),
        };
        Ok(Published::Files(files))
    }

    /// Every file of a version by itself.
    pub async fn each(&self, release: &Release<'_>) -> Vec<Asked> {
        let spelled: Vec<(Option<&Architecture>, &str)> = match release.url.has_architecture() {
            true => release.architectures.iter().map(|(name, word)| (Some(name), word.as_str())).collect(),
            false => vec![(None, "")],
        };
        let one = |(architecture, word): (Option<&Architecture>, &'_ str)| {
            let (architecture, word) = (architecture.cloned(), word.to_owned());
            async move {
                let other = architecture.as_ref().filter(|name| name.as_str() != word).map(|_| word.clone());
                let file = self.file(release, &word).await.map(|file| match file {
                    FileNow::Here(file) => FileNow::Here(ArchiveFile { spelled: other, ..file }),
                    missing @ FileNow::Missing(_) => missing,
                });
                Asked { architecture, file }
            }
        };
        join_all(spelled.into_iter().map(one)).await
    }
}

/// The URL that a template gives.
fn filled(template: &ArchiveUrl, version: &str, architecture: &str) -> Result<Url, SourceError> {
    let text = template.at(version, architecture);
    Url::parse(&text).map_err(|error| {
        let asked = format!("ask for version {version} of {template}");
        SourceError::new(Kind::Configuration, asked, format!("its URL is of no use: {error}"))
    })
}

/// A URL as it is shown.
fn shown(url: &Url) -> String {
    Place::of(url).to_string()
}
