//! How long a writer of the ref gives way to others, and how a lock is told that nobody holds any more.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use git2::{Oid, Repository};

use super::REF;
use super::error::Error;

/// How often a write is tried while others write too.
const ATTEMPTS: u32 = 100;

/// A file as nobody else makes it again: a lock that was released and taken anew is another one.
type Mark = (u64, u64, i64, i64);

/// Attempts to write the ref. A lock that stays the same one through all of them was left by a process that was ended: a
/// writer holds it for as long as one rename takes.
pub(super) struct Attempts {
    repository: PathBuf,
    made: u32,
    /// Through how many attempts in a row the lock was the same.
    same: u32,
    seen: Option<Mark>,
    removed: bool,
}

impl Attempts {
    pub(super) fn new(repository: &Repository) -> Self {
        Self { repository: repository.path().into(), made: 0, same: 0, seen: None, removed: false }
    }

    /// Waits, after an attempt to make the ref name `id` in which somebody else was faster; an error where that was the
    /// last.
    pub(super) fn lost(&mut self, id: Oid) -> Result<(), Error> {
        let lock = self.mark();
        self.same = if lock.is_some() && lock == self.seen { self.same + 1 } else { 0 };
        self.seen = lock;
        pause(self.made, id);
        self.made += 1;
        if self.made < ATTEMPTS {
            return Ok(());
        }
        let left_over = self.same + 1 >= ATTEMPTS && self.mark() == self.seen;
        if !left_over || self.removed || fs::remove_file(self.lock()).is_err() {
            return Err(Error::Busy { repository: self.repository.clone(), attempts: ATTEMPTS });
        }
        (self.made, self.removed) = (0, true);
        Ok(())
    }

    fn lock(&self) -> PathBuf {
        self.repository.join(format!("{REF}.lock"))
    }

    fn mark(&self) -> Option<Mark> {
        let lock = fs::symlink_metadata(self.lock()).ok()?;
        Some((lock.dev(), lock.ino(), lock.ctime(), lock.ctime_nsec()))
    }
}

/// Waits longer from time to time. The id of what was to be written keeps those apart who would wait the same.
fn pause(attempt: u32, id: Oid) {
    let spread = u64::from(id.as_bytes().first().copied().unwrap_or_default() % 16);
    std::thread::sleep(Duration::from_millis(u64::from(attempt.min(20)) + spread));
}
