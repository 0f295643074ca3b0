//! One blob: asked for if it is not there, from where it broke off, and hashed as it comes.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{PullError, Puller, Step, Told};
use crate::model::{Digest, Repository};
use crate::net::{Response, Sink};
use crate::oci::{Descriptor, Incoming};
use crate::source::{Kind, Poured, SourceError};

/// How much a connection that broke off must have brought for another to be worth it, beyond those that each request has.
const WORTH: u64 = 1 << 20;

/// How many of those there are at most.
const ROUNDS: usize = 20;

/// A blob as it comes in.
struct Target {
    /// None once it has its name.
    incoming: Option<Incoming>,
    /// Whether all that is there came with one answer.
    at_once: bool,
    /// How much was there before.
    before: u64,
    /// How much came.
    came: u64,
    /// Whether an answer has another part than the one that was asked for.
    misplaced: bool,
    /// Why it could not be written.
    failed: Option<io::Error>,
    told: Told,
}

impl Target {
    fn length(&self) -> u64 {
        self.incoming.as_ref().map_or(0, Incoming::length)
    }

    fn restart(&mut self) -> Result<(), String> {
        self.at_once = true;
        self.before = 0;
        let restarted = self.incoming.as_mut().map_or(Ok(()), Incoming::restart);
        restarted.map_err(|error| self.fail(error))
    }

    fn fail(&mut self, error: io::Error) -> String {
        self.failed = Some(error);
        "was not read on, since what it sends cannot be written".into()
    }
}

impl Sink for Target {
    fn begin(&mut self, answer: &Response) -> Result<(), String> {
        if answer.content_type().is_some_and(|of| of == "text/html") {
            return Err("answered with a page for people in place of the blob".into());
        }
        if answer.status() != 206 {
            return self.restart();
        }
        if self.length() == 0 {
            return Err("answered with a part of the blob, although all of it was asked for".into());
        }
        self.at_once = false;
        match answer.header("content-range").and_then(begins_at) {
            Some(start) if start == self.length() => Ok(()),
            _ => {
                self.misplaced = true;
                Err("answered with another part of the blob than the one asked for".into())
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        let written = self.incoming.as_mut().map_or(Ok(()), |incoming| incoming.write(bytes));
        written.map_err(|error| self.fail(error))?;
        self.came += bytes.len() as u64;
        (self.told)(Step::Came(bytes.len() as u64));
        Ok(())
    }

    fn kept(&self) -> u64 {
        self.length()
    }
}

/// Where a part begins, by the header that says so: `bytes 5-9/10`.
fn begins_at(range: &str) -> Option<u64> {
    range.trim().strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

impl Puller {
    /// A blob, once for all who want it.
    pub(super) async fn blob(&self, repository: &Repository, of: &Descriptor) -> Result<(), PullError> {
        let turn = self.turn(&of.digest);
        let mut is_there = turn.lock().await;
        if *is_there {
            (self.told)(Step::Came(of.size.unwrap_or_default()));
            return Ok(());
        }
        // Only closing it could take the room away, and nobody does.
        let _room = self.room.acquire().await;
        let (folder, name) = (Arc::clone(&self.folder), of.digest.clone());
        match self.blocking(move || folder.blob(&name).map(|(_, length)| length)).await? {
            Ok(length) => {
                (self.told)(Step::Came(length));
                self.count(|tally| {
                    tally.there += 1;
                    tally.there_bytes += length;
                });
            }
            Err(error) => {
                self.judge(error)?;
                self.download(repository, of).await?;
            }
        }
        *is_there = true;
        Ok(())
    }

    async fn download(&self, repository: &Repository, of: &Descriptor) -> Result<(), PullError> {
        let mut is_anew = false;
        loop {
            let target = self.target(of).await?;
            let poured = self.pour(repository, of, &target).await;
            // All that came went by one answer, or what was kept of an earlier one may be wrong: then it is asked for anew,
            // and once only, since a server may break off and lie each time.
            let at_once = locked(&target).at_once;
            let wrong = match poured {
                Ok(Poured::All) => match self.finish(&target).await? {
                    None => return Ok(()),
                    Some(found) => {
                        let (digest, repository) = (of.digest.clone(), repository.clone());
                        PullError::Wrong { digest, repository, found }
                    }
                },
                Ok(Poured::NothingBehind) => no_such_part(repository, of),
                Err(error) if locked(&target).misplaced || is_wrong(&error) => error,
                Err(error) => return Err(error),
            };
            self.discard(&target).await?;
            if at_once || is_anew {
                return Err(wrong);
            }
            is_anew = true;
            tracing::info!(digest = %of.digest, "asked for anew: what was kept of it is not its beginning");
        }
    }

    /// What came of a blob before, with room for the rest.
    async fn target(&self, of: &Descriptor) -> Result<Arc<Mutex<Target>>, PullError> {
        let (writer, digest, size) = (Arc::clone(&self.writer), of.digest.clone(), of.size);
        let opened = self.blocking(move || {
            let mut incoming = writer.incoming(&digest)?;
            if size.is_some_and(|size| incoming.length() > size) {
                incoming.restart()?;
            }
            Ok(incoming)
        });
        let incoming = opened.await?.map_err(|error| self.unwritten(error))?;
        let before = incoming.length();
        (self.told)(Step::Came(before));
        let target = Target {
            incoming: Some(incoming),
            at_once: before == 0,
            misplaced: false,
            before,
            came: 0,
            failed: None,
            told: Arc::clone(&self.told),
        };
        Ok(Arc::new(Mutex::new(target)))
    }

    /// Asks for what is missing, and again as long as that brings much.
    async fn pour(
        &self,
        repository: &Repository,
        of: &Descriptor,
        target: &Arc<Mutex<Target>>,
    ) -> Result<Poured, PullError> {
        let mut rounds = 0;
        loop {
            let (length, came) = {
                let target = locked(target);
                (target.length(), target.came)
            };
            if length > 0 && of.size == Some(length) {
                return Ok(Poured::All);
            }
            rounds += 1;
            let poured = self.source.pour_blob(repository, &of.digest, of.size, target.clone()).await;
            let error = match poured {
                Ok(poured) => return Ok(poured),
                Err(error) => error,
            };
            let mut target = locked(target);
            if let Some(error) = target.failed.take() {
                return Err(self.unwritten(error));
            }
            let brought = target.came - came;
            if error.kind() != Kind::Unreachable || brought < WORTH || rounds == ROUNDS {
                return Err(error.into());
            }
        }
    }

    /// Gives a blob its name; what it is instead, where it is something else.
    async fn finish(&self, target: &Arc<Mutex<Target>>) -> Result<Option<Digest>, PullError> {
        let target = Arc::clone(target);
        let finished = self.blocking(move || {
            let mut target = locked(&target);
            let (before, came) = (target.before, target.came);
            let found = target.incoming.take().map(Incoming::finish).transpose()?.flatten();
            Ok((found, before, came))
        });
        let (found, before, came) = finished.await?.map_err(|error| self.unwritten(error))?;
        if found.is_none() {
            self.count(|tally| {
                tally.fetched += 1;
                tally.fetched_bytes += came;
                tally.resumed_bytes += before;
            });
        }
        Ok(found)
    }

    /// Removes what came.
    async fn discard(&self, target: &Arc<Mutex<Target>>) -> Result<(), PullError> {
        let incoming = locked(target).incoming.take();
        let removed = self.blocking(move || incoming.map_or(Ok(()), Incoming::discard));
        removed.await?.map_err(|error| self.unwritten(error))
    }
}

fn no_such_part(repository: &Repository, of: &Descriptor) -> PullError {
    let asked = format!("read the blob {} of {repository}", of.digest);
    SourceError::new(Kind::Protocol, asked, "the registry answered 416: it has no such part of it").into()
}

/// Whether bytes came that are not what they should be.
fn is_wrong(error: &PullError) -> bool {
    matches!(error, PullError::Source(error) if error.kind() == Kind::Integrity)
}

/// A panic elsewhere leaves it whole.
fn locked(target: &Mutex<Target>) -> MutexGuard<'_, Target> {
    target.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_says_where_it_begins() {
        for (range, start) in [
            ("bytes 5-9/10", Some(5)),
            (" bytes 0-0/*", Some(0)),
            ("bytes */10", None),
            ("items 5-9/10", None),
            ("bytes", None),
            ("bytes -5", None),
        ] {
            assert_eq!(begins_at(range), start, "{range}");
        }
    }
}
