//! Archives, which may be too large for memory: written and read piece by piece. A note beside them says what a URL gave
//! when it was read last.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tempfile::NamedTempFile;

use super::{Cache, Folder, make, page};
use crate::model::{Digest, Hasher};

/// Where they are.
pub(super) const FOLDER: &str = "archives/sha256";

/// How much of them is kept in all.
pub(super) const SIZE: u64 = 1 << 30;

/// The largest that is kept.
const ARCHIVE: u64 = SIZE / 4;

/// How much is read at once.
const PIECE: usize = 64 << 10;

/// The first line of a stored note: another form of it is none.
const FORM: &str = "solera-pin archive 1";

/// What a URL gave when it was read last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Its `ETag`, as the server wrote it.
    pub etag: String,
    /// SHA-256 of all its bytes, which this program hashed.
    pub digest: Digest,
    /// How many those are.
    pub size: u64,
}

/// An archive that is being written. It is gone if it is dropped.
#[derive(Debug)]
pub struct Incoming {
    folder: Arc<Folder>,
    /// None once it cannot be written, or is too large.
    file: Option<NamedTempFile>,
    size: u64,
}

impl Incoming {
    /// Adds the next bytes. Where they cannot be written, nothing is kept.
    pub fn write(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        let Some(file) = &mut self.file else { return };
        if self.size > ARCHIVE || file.write_all(bytes).is_err() {
            self.file = None;
        }
    }

    /// Keeps what was written, whose digest this is.
    pub fn keep(self, digest: &Digest) {
        let Some(file) = self.file else { return };
        let path = self.folder.archive(digest);
        let dated = file.as_file().set_modified(self.folder.now);
        if dated.is_ok() && file.persist(path).is_ok() {
            self.folder.added.fetch_add(self.size, Ordering::Relaxed);
        }
    }
}

impl Folder {
    fn archive(&self, digest: &Digest) -> PathBuf {
        self.root.join(FOLDER).join(digest.hex())
    }

    fn note(&self, url: &str) -> PathBuf {
        self.root.join("notes").join(page::name(url))
    }
}

impl Cache {
    /// A place to write an archive to; `None` where nothing is kept.
    pub fn incoming(&self) -> Option<Incoming> {
        let folder = self.0.clone()?;
        let archives = folder.root.join(FOLDER);
        make(&archives).ok()?;
        let file = NamedTempFile::with_prefix_in(".new-", archives).ok()?;
        Some(Incoming { folder, file: Some(file), size: 0 })
    }

    /// Whether there is something under the digest of an archive. What it is, reading tells.
    pub fn has_archive(&self, digest: &Digest) -> bool {
        self.0.as_deref().is_some_and(|folder| folder.archive(digest).is_file())
    }

    /// Reads an archive, and says whether it was there and is what its digest names: until then, what was taken counts
    /// for nothing. One that is not is removed.
    pub fn read_archive(&self, digest: &Digest, mut take: impl FnMut(&[u8])) -> bool {
        let Some(folder) = self.0.as_deref() else { return false };
        let path = folder.archive(digest);
        let mut hasher = Hasher::new(digest.algorithm());
        let mut read = || {
            let mut file = fs::File::open(&path)?;
            let mut piece = vec![0; PIECE];
            loop {
                match file.read(&mut piece)? {
                    0 => return Ok::<(), std::io::Error>(()),
                    length => {
                        hasher.update(&piece[..length]);
                        take(&piece[..length]);
                    }
                }
            }
        };
        if read().is_ok() && hasher.finish() == *digest {
            return folder.use_now(&path).is_some();
        }
        // Whoever damaged it, it is of no more use.
        let _ = fs::remove_file(&path);
        false
    }

    /// What was noted of `url`.
    pub fn note(&self, url: &str) -> Option<Note> {
        let folder = self.0.as_deref()?;
        let text = String::from_utf8(folder.read(&folder.note(url))?).ok()?;
        let lines: Vec<&str> = text.lines().collect();
        let [FORM, check, digest, size, etag] = lines[..] else { return None };
        let note = Note { etag: etag.into(), digest: digest.parse().ok()?, size: size.parse().ok()? };
        (note.check().to_string() == check).then_some(note)
    }

    /// Notes what `url` gave. What has no entity tag that could be asked about is not noted.
    pub fn keep_note(&self, url: &str, note: &Note) {
        let Note { etag, digest, size } = note;
        let Some(folder) = self.0.as_deref().filter(|_| !etag.is_empty() && !etag.contains(['\n', '\r']))
        else {
            return;
        };
        let text = format!("{FORM}\n{}\n{digest}\n{size}\n{etag}\n", note.check());
        folder.write(&folder.note(url), [text.as_bytes()]);
    }
}

impl Note {
    /// Of all of it, so that a part of it is known to be one.
    fn check(&self) -> Digest {
        let Self { etag, digest, size } = self;
        Digest::sha256(format!("{digest}\n{size}\n{etag}\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn read(cache: &Cache, digest: &Digest) -> Option<Vec<u8>> {
        let mut content = Vec::new();
        cache.read_archive(digest, |piece| content.extend_from_slice(piece)).then_some(content)
    }

    #[test]
    fn an_archive_is_kept_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().into(), SystemTime::UNIX_EPOCH);
        let digest = Digest::sha256(b"one two");
        let mut incoming = cache.incoming().unwrap();
        incoming.write(b"one ");
        drop(incoming);
        assert_eq!((read(&cache, &digest), cache.size()), (None, 0), "a part is nothing");
        let mut incoming = cache.incoming().unwrap();
        [b"one ", b"two" as &[u8]].into_iter().for_each(|piece| incoming.write(piece));
        incoming.keep(&digest);
        assert_eq!(read(&cache, &digest).as_deref(), Some(&b"one two"[..]));
        assert!(cache.has_archive(&digest) && cache.size() == 7);
        let path = cache.0.as_ref().unwrap().archive(&digest);
        crate::files::replace(&path, b"one twi").unwrap();
        assert_eq!(read(&cache, &digest), None);
        assert!(!path.exists() && Cache::none().incoming().is_none());
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().into(), SystemTime::UNIX_EPOCH);
        let note = |etag: &str| Note { etag: etag.into(), digest: Digest::sha256(b"a"), size: 1 };
        for etag in ["", "a\nb"] {
            cache.keep_note("https://a", &note(etag));
            assert_eq!(cache.note("https://a"), None);
        }
        cache.keep_note("https://a", &note("W/\"x y\""));
        assert_eq!(cache.note("https://a"), Some(note("W/\"x y\"")));
        let path = cache.0.as_ref().unwrap().note("https://a");
        let text = std::fs::read_to_string(&path).unwrap();
        crate::files::replace(&path, text.replace("x y", "x z").as_bytes()).unwrap();
        assert_eq!(cache.note("https://a"), None);
    }
}
