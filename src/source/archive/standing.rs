//! Whether locked files are as they were, at the least cost: one HEAD for each, and a download only where that leaves
//! doubt.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use url::Url;

use super::read::Head;
use super::{ArchiveSource, filled, shown};
use crate::cache::Note;
use crate::model::{Architecture, ArchiveFile, ArchiveFiles, ArchivePin};
use crate::source::SourceError;

/// How locked files stand to what is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stands {
    /// Nothing says that they have changed.
    Unchanged,
    /// These are there in their place.
    Changed(ArchiveFiles),
    /// One of them is gone: this.
    Missing(String),
}

enum Standing {
    Unchanged,
    Other(ArchiveFile),
    Missing(String),
}

impl ArchiveSource {
    /// How the files of a pin stand to what is published.
    pub async fn stands(&self, pin: &ArchivePin) -> Result<Stands, SourceError> {
        let standings = pin.files().into_iter().map(|(architecture, file, _)| async move {
            let spelled = architecture.map_or("", |name| file.spelled.as_deref().unwrap_or(name.as_str()));
            let url = filled(&pin.url, &pin.version, spelled)?;
            self.standing(&url, file).await.map(|standing| (architecture.cloned(), file, standing))
        });
        let (mut files, mut changed, mut missing) = (BTreeMap::new(), false, None);
        for standing in join_all(standings).await {
            let (architecture, file, standing) = standing?;
            let now = match standing {
                Standing::Unchanged => file.clone(),
                Standing::Missing(what) => {
                    missing = missing.or(Some(what));
                    file.clone()
                }
                Standing::Other(other) => {
                    changed = true;
                    ArchiveFile { spelled: file.spelled.clone(), ..other }
                }
            };
            files.insert(architecture, now);
        }
        Ok(match (missing, changed) {
            (Some(what), _) => Stands::Missing(what),
            (None, false) => Stands::Unchanged,
            (None, true) => Stands::Changed(together(files)),
        })
    }

    async fn standing(&self, url: &Url, locked: &ArchiveFile) -> Result<Standing, SourceError> {
        let unchanged = match self.head(url).await? {
            Head::Missing => return Ok(Standing::Missing(shown(url))),
            Head::Silent => false,
            Head::Here { size, etag } => {
                is_unchanged(locked, size, etag.as_deref(), self.cache.note(url.as_str()))
            }
        };
        if unchanged {
            return Ok(Standing::Unchanged);
        }
        Ok(match self.content(url, false, None).await? {
            None => Standing::Missing(shown(url)),
            Some(now) if now.digest == locked.digest => Standing::Unchanged,
            Some(now) => Standing::Other(ArchiveFile { digest: now.digest, size: now.size, spelled: None }),
        })
    }
}

/// Whether a server says that a file is what is locked. Its size must be; and where it was read once, the entity tag that
/// it had then must be its tag now.
fn is_unchanged(locked: &ArchiveFile, size: Option<u64>, etag: Option<&str>, note: Option<Note>) -> bool {
    let same_size = size == Some(locked.size);
    match note {
        Some(note) if note.digest == locked.digest => {
            let same = etag == Some(note.etag.as_str());
            if etag.is_some() { same && (same_size || size.is_none()) } else { same_size }
        }
        // What it gave was something else: only its bytes tell what it gives now.
        Some(_) => false,
        None => same_size,
    }
}

/// The files of a pin; those of one that has no architectures are one.
fn together(mut files: BTreeMap<Option<Architecture>, ArchiveFile>) -> ArchiveFiles {
    match files.remove(&None) {
        Some(file) => ArchiveFiles::One(file),
        None => ArchiveFiles::Each(
            files.into_iter().filter_map(|(architecture, file)| Some((architecture?, file))).collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Digest;

    #[test]
    fn a_claim_counts_where_nothing_speaks_against_it() {
        let locked = ArchiveFile { digest: Digest::sha256(b"a"), size: 1, spelled: None };
        let note =
            |content: &[u8]| Some(Note { etag: "\"x\"".into(), digest: Digest::sha256(content), size: 1 });
        for (size, etag, note, unchanged) in [
            (Some(1), None, None, true),
            (Some(2), None, None, false),
            (None, Some("\"x\""), None, false),
            (Some(1), Some("\"y\""), None, true),
            (Some(1), Some("\"x\""), note(b"a"), true),
            (None, Some("\"x\""), note(b"a"), true),
            (Some(2), Some("\"x\""), note(b"a"), false),
            (Some(1), Some("\"y\""), note(b"a"), false),
            (Some(1), None, note(b"a"), true),
            (Some(1), Some("\"x\""), note(b"b"), false),
            (Some(1), Some("\"y\""), note(b"b"), false),
            (Some(1), None, note(b"b"), false),
        ] {
            assert_eq!(
                is_unchanged(&locked, size, etag, note.clone()),
                unchanged,
                "{size:?} {etag:?} {note:?}"
            );
        }
    }
}
