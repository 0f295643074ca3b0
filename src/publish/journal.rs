//! Sharing the journal: what was seen elsewhere is merged with what was seen here, and sent where it is still the same.
//!
//! Of two that share at once the second is refused by the server, merges, and tries again. Nothing is forced.

use std::time::Duration;

use jiff::Timestamp;

use crate::error::Error;
use crate::git::{Pushed, Remote, Update};
use crate::journal::{Handle, Merged, REF};
use crate::model::CommitId;

/// How often a journal is sent while others send theirs.
const ATTEMPTS: u32 = 20;

/// What came of sharing a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// The remote had all of it.
    Unchanged,
    /// The remote has it now.
    Sent,
}

/// Merges the journal of `remote`, where it has one. Nothing is written there.
pub async fn bring(remote: &Remote, handle: &mut Handle, now: Timestamp) -> Result<Merged, Error> {
    match theirs(remote, handle).await? {
        Some(theirs) => Ok(handle.merge_from(&theirs, now)?),
        None => {
            handle.reload(now)?;
            Ok(Merged::Unchanged)
        }
    }
}

/// Merges the journal of `remote` and sends the result, where the remote still has what was merged. Where it has not,
/// again.
pub async fn share(remote: &Remote, handle: &mut Handle, now: Timestamp) -> Result<Shared, Error> {
    for attempt in 0..ATTEMPTS {
        let theirs = theirs(remote, handle).await?;
        match &theirs {
            Some(theirs) => drop(handle.merge_from(theirs, now)?),
            None => handle.reload(now)?,
        }
        let Some(ours) = handle.tip().filter(|ours| Some(ours) != theirs.as_ref()) else {
            return Ok(Shared::Unchanged);
        };
        let update = Update { name: REF.into(), old: theirs, new: Some(ours.clone()) };
        let pushed = remote.push(handle.repository(), &[update]).await?;
        match pushed.into_iter().next().map(|(_, pushed)| pushed) {
            Some(Pushed::Done) => return Ok(Shared::Sent),
            Some(Pushed::Stale) | None => tokio::time::sleep(pause(attempt, &ours)).await,
            Some(Pushed::Refused(why)) => {
                let what = format!("{} refuses the journal, {REF}: {why}", remote.address());
                return Err(Error::usage(what).hint(format!("let who runs this push to {REF} there")));
            }
        }
    }
    let what = format!("{} got other journals {ATTEMPTS} times while this one was sent", remote.address());
    Err(Error::usage(what).hint("run the command again"))
}

/// The journal's commit at a remote, whose objects are here then.
async fn theirs(remote: &Remote, handle: &Handle) -> Result<Option<CommitId>, Error> {
    let theirs = remote.refs(&[REF]).await?.id(REF).cloned();
    if let Some(theirs) = &theirs {
        remote.fetch(handle.repository(), std::slice::from_ref(theirs), None).await?;
    }
    Ok(theirs)
}

/// Longer from time to time. The id of what was to be sent keeps those apart who would wait the same.
fn pause(attempt: u32, id: &CommitId) -> Duration {
    let spread = id.as_str().bytes().take(4).fold(0, |sum, byte| sum * 7 + u64::from(byte)) % 50;
    Duration::from_millis(u64::from(attempt) * 20 + spread)
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
