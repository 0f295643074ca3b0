//! The commits between two: fetched without anything else, read, and forgotten.

use std::collections::{BTreeSet, BinaryHeap};
use std::path::Path;

use git2::{Oid, Repository};

use super::{SourceError, failed};
use crate::git::Remote;
use crate::model::{Between, CommitId};
use crate::net::Kind;

/// How many commits are kept.
const KEPT: usize = 100;

/// The most bytes that are fetched for it.
const LIMIT: usize = 32 << 20;

/// The longest first line that is kept, in characters.
const SUBJECT: usize = 200;

/// The commits that the second has in its history and the first has not.
pub(super) async fn list(
    remote: &Remote,
    (from, to): (&CommitId, &CommitId),
    asked: &str,
) -> Result<Between, SourceError> {
    let here = |why: String| SourceError::new(Kind::Configuration, asked, why);
    let folder = tempfile::tempdir().map_err(|error| here(format!("a temporary folder: {error}")))?;
    Repository::init_bare(folder.path()).map_err(|error| here(error.message().to_owned()))?;
    let fetched = remote.fetch_between(folder.path(), (from, to), LIMIT).await;
    fetched.map_err(|error| failed(asked, &error))?;
    let (path, ends) = (folder.path().to_owned(), (from.clone(), to.clone()));
    let read = tokio::task::spawn_blocking(move || read(&path, &ends.0, &ends.1)).await;
    match read {
        Ok(Ok(Some(between))) => Ok(between),
        Ok(Ok(None)) => {
            let why = format!("{} is not there any more, or shares no history with it", from.short());
            Err(SourceError::new(Kind::NotFound, asked, why))
        }
        Ok(Err(error)) => Err(SourceError::new(Kind::Protocol, asked, error.message())),
        Err(_) => Err(here("reading what was fetched was interrupted".into())),
    }
}

/// Reads what has come; `None` where nothing is missing of it: a server that has `from` leaves its history out.
fn read(folder: &Path, from: &CommitId, to: &CommitId) -> Result<Option<Between>, git2::Error> {
    let repository = Repository::open(folder)?;
    let odb = repository.odb()?;
    let (from, to) = (Oid::from_str(from.as_str())?, Oid::from_str(to.as_str())?);
    let (mut seen, mut left_out) = (BTreeSet::from([to]), false);
    let mut next = BinaryHeap::from([(repository.find_commit(to)?.time().seconds(), to)]);
    let mut between = Between { commits: Vec::new(), total: 0 };
    while let Some((_, id)) = next.pop() {
        let commit = repository.find_commit(id)?;
        between.total += 1;
        if between.commits.len() < KEPT
            && let Ok(named) = id.to_string().parse()
        {
            between.commits.push((named, subject(&commit)));
        }
        for parent in commit.parent_ids() {
            match parent == from || !odb.exists(parent) {
                true => left_out = true,
                false if seen.insert(parent) => {
                    next.push((repository.find_commit(parent)?.time().seconds(), parent));
                }
                false => {}
            }
        }
    }
    Ok(left_out.then_some(between))
}

fn subject(commit: &git2::Commit<'_>) -> String {
    let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
    message.lines().next().unwrap_or_default().trim().chars().take(SUBJECT).collect()
}
