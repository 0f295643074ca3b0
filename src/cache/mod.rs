//! What was read of upstreams before, kept on this machine so that it is not asked for again.
//!
//! Bodies lie under `blobs/ALGORITHM/HEX`, as in an OCI image layout: each is what its name says, which is computed again
//! whenever one is read. Pages of tag lists (`page`) lie under `pages`. Archives (`archive`) lie apart, with a bound of
//! their own, so that a large one does not cost what was read of a thousand images. Nothing is decided by what is kept, and nothing fails
//! for it: a folder that cannot be written or a file that is damaged only means that more is asked.

mod archive;
mod page;

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

pub use archive::{Incoming, Note};
pub use page::Page;

use crate::model::Digest;

/// The largest body that is kept: lists of packages are, and Debian's have 9 MiB.
const BODY: usize = 32 << 20;

/// How much is kept in all: manifests of tens of thousands of images, or some weeks of an archive's lists.
const SIZE: u64 = 256 << 20;

/// Where that is.
const FOLDERS: [&str; 4] = ["blobs/sha256", "blobs/sha512", "pages", "notes"];

/// That a file was used is noted when the last note is older than this.
const USED: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder of content. Clones share it, and so may several processes.
#[derive(Clone, Debug, Default)]
pub struct Cache(Option<Arc<Folder>>);

#[derive(Debug)]
struct Folder {
    root: PathBuf,
    now: SystemTime,
    /// Bytes that this process has added.
    added: AtomicU64,
}

impl Cache {
    /// One that keeps nothing.
    pub fn none() -> Self {
        Self(None)
    }

    /// The cache in `root`, which is made when something is kept. `now` is when what is used now was used.
    pub fn at(root: PathBuf, now: SystemTime) -> Self {
        Self(Some(Arc::new(Folder { root, now, added: AtomicU64::new(0) })))
    }

    /// Where it is.
    pub fn root(&self) -> Option<&Path> {
        self.0.as_deref().map(|folder| folder.root.as_path())
    }

    /// The content of `digest`, hashed; one that does not match is removed.
    pub fn body(&self, digest: &Digest) -> Option<Vec<u8>> {
        let folder = self.0.as_deref()?;
        let path = folder.blob(digest);
        let body = folder.read(&path)?;
        if !digest.matches(&body) {
            // Whoever damaged it, it is of no more use.
            let _ = fs::remove_file(&path);
            return None;
        }
        Some(body)
    }

    /// Keeps the content of `digest`; what does not match it, or is too large, is not kept.
    pub fn keep(&self, digest: &Digest, body: &[u8]) {
        if let Some(folder) = self.0.as_deref().filter(|_| body.len() <= BODY && digest.matches(body)) {
            folder.write(&folder.blob(digest), [body]);
        }
    }

    /// Whether there is something for `digest`, which is not read.
    pub fn holds(&self, digest: &Digest) -> bool {
        self.0.as_deref().is_some_and(|folder| folder.blob(digest).is_file())
    }

    /// How many bytes there are.
    pub fn size(&self) -> u64 {
        let sum = |files: Vec<Kept>| files.iter().map(|file| file.size).sum::<u64>();
        self.0
            .as_deref()
            .map_or(0, |folder| sum(folder.files(&FOLDERS)) + sum(folder.files(&[archive::FOLDER])))
    }

    /// Where this process has added something: removes what was not used for the longest time, until the rest is within the
    /// bound.
    pub fn tidy(&self) {
        if let Some(folder) = self.0.as_deref().filter(|folder| folder.added.swap(0, Ordering::Relaxed) > 0) {
            folder.shrink(&FOLDERS, SIZE);
            folder.shrink(&[archive::FOLDER], archive::SIZE);
        }
    }
}

struct Kept {
    used: SystemTime,
    size: u64,
    path: PathBuf,
}

impl Folder {
    fn blob(&self, digest: &Digest) -> PathBuf {
        self.root.join("blobs").join(digest.algorithm().name()).join(digest.hex())
    }

    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let content = fs::read(path).ok()?;
        self.use_now(path)?;
        Some(content)
    }

    /// Notes that a file was used; `None` where it is not there.
    fn use_now(&self, path: &Path) -> Option<()> {
        let used = fs::metadata(path).and_then(|file| file.modified()).ok()?;
        if self.now.duration_since(used).is_ok_and(|since| since > USED) {
            // Where that cannot be noted, it goes earlier than it should.
            let _ =
                fs::OpenOptions::new().append(true).open(path).and_then(|file| file.set_modified(self.now));
        }
        Some(())
    }

    /// Writes a file of these pieces whole or not at all. It is not made durable: what is damaged is found out and asked for again.
    fn write<'p>(&self, path: &Path, content: impl IntoIterator<Item = &'p [u8]>) {
        let write = || {
            let folder = path.parent().unwrap_or(&self.root);
            make(folder)?;
            let mut file = tempfile::NamedTempFile::with_prefix_in(".new-", folder)?;
            let mut written = 0;
            for piece in content {
                file.write_all(piece)?;
                written += piece.len() as u64;
            }
            file.as_file().set_modified(self.now)?;
            file.persist(path).map_err(|error| error.error)?;
            self.added.fetch_add(written, Ordering::Relaxed);
            Ok::<(), std::io::Error>(())
        };
        // What cannot be kept is asked for again.
        let _ = write();
    }

    /// All files of these folders, also what a process that was ended has left behind.
    fn files(&self, folders: &[&str]) -> Vec<Kept> {
        let folders = folders.iter().map(|folder| self.root.join(folder));
        let entries = folders.filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
        let kept = entries.filter_map(|entry| {
            let data = entry.metadata().ok().filter(fs::Metadata::is_file)?;
            Some(Kept { used: data.modified().ok()?, size: data.len(), path: entry.path() })
        });
        kept.collect()
    }

    fn shrink(&self, folders: &[&str], bound: u64) {
        let mut files = self.files(folders);
        let mut size: u64 = files.iter().map(|file| file.size).sum();
        files.sort_by_key(|file| file.used);
        for file in files {
            if size <= bound {
                return;
            }
            // Another process may have removed it.
            let _ = fs::remove_file(&file.path);
            size -= file.size;
        }
    }
}

/// Makes a folder that nobody else can read: what private registries hold is nobody else's business.
fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(days: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(20_000 * 86_400 + days * 86_400)
    }

    #[test]
    fn a_body_is_kept_until_it_is_damaged() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("cache"), at(0));
        let digest = Digest::sha256(b"one");
        assert_eq!(cache.body(&digest), None);
        cache.keep(&digest, b"two");
        assert_eq!(cache.body(&digest), None, "what does not match is not kept");
        cache.keep(&digest, b"one");
        assert_eq!(cache.body(&digest).as_deref(), Some(&b"one"[..]));
        let path = cache.0.as_ref().unwrap().blob(&digest);
        crate::files::replace(&path, b"0ne").unwrap();
        assert_eq!(cache.body(&digest), None);
        assert!(!path.exists());
        assert_eq!(Cache::none().body(&digest), None);
    }

    #[test]
    fn what_was_used_last_stays() {
        let folder = tempfile::tempdir().unwrap();
        let kept = |days| Cache::at(folder.path().into(), at(days));
        let names = [b"aaaa", b"bbbb", b"cccc"].map(|body| (Digest::sha256(body), body));
        for (days, (digest, body)) in (0..).zip(&names) {
            kept(days * 2).keep(digest, *body);
        }
        assert!(kept(9).body(&names[0].0).is_some());
        let cache = kept(10);
        assert_eq!(cache.size(), 12);
        cache.0.as_ref().unwrap().shrink(&FOLDERS, 8);
        assert!(cache.body(&names[0].0).is_some() && cache.body(&names[2].0).is_some());
        assert!(cache.body(&names[1].0).is_none());
    }

    #[test]
    fn a_folder_that_cannot_be_written_keeps_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        crate::files::replace(&file, b"").unwrap();
        let cache = Cache::at(file.join("cache"), at(0));
        cache.keep(&Digest::sha256(b"one"), b"one");
        assert_eq!((cache.body(&Digest::sha256(b"one")), cache.size()), (None, 0));
        cache.tidy();
    }
}
