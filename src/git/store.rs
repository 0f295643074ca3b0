//! The repository that is here: what it lacks, what it has, and what is written to it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use git2::{Oid, Repository, Sort};

use super::error::Failure;
use super::fetch::{Answer, Ask};
use crate::model::CommitId;
use crate::net::Kind;

/// How many commits a server is told of that are here.
const HAVES: usize = 256;

/// Runs what reads or writes files where nothing else waits for it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(Failure::new(Kind::Configuration, "work on the repository was interrupted")),
    }
}

pub(super) fn open(folder: &Path) -> Result<Repository, Failure> {
    Repository::open(folder).map_err(|error| Failure::here("opening the git repository", &error))
}

pub(super) fn oid(id: &CommitId) -> Result<Oid, Failure> {
    Oid::from_str(id.as_str()).map_err(|_| {
        Failure::new(Kind::Configuration, format!("{id} is not of SHA-1, which alone is supported here"))
            .hinted("convert the repository, or use git itself")
    })
}

pub(super) fn id(oid: Oid) -> Option<CommitId> {
    oid.to_string().parse().ok()
}

/// What of `wants` is not here, and what a server has to know to send it.
pub(super) fn missing(folder: &Path, wants: &[CommitId]) -> Result<Ask, Failure> {
    let repository = open(folder)?;
    let here = |error: git2::Error| Failure::here("reading the git repository", &error);
    let odb = repository.odb().map_err(here)?;
    let mut ask = Ask::default();
    for want in wants {
        if !odb.exists(oid(want)?) && !ask.wants.contains(want) {
            ask.wants.push(want.clone());
        }
    }
    match ask.wants.is_empty() {
        true => Ok(ask),
        false => Ok(Ask { wants: ask.wants, ..all(folder, &[])? }),
    }
}

/// What is asked of commits whether they are here or not, and what is here.
pub(super) fn all(folder: &Path, wants: &[CommitId]) -> Result<Ask, Failure> {
    let repository = open(folder)?;
    let here = |error: git2::Error| Failure::here("reading the git repository", &error);
    Ok(Ask {
        wants: wants.to_vec(),
        shallow: shallow(&repository)?.into_iter().collect(),
        haves: haves(&repository).map_err(here)?,
        ..Ask::default()
    })
}

/// The commits that references name, and the newest of those below them.
fn haves(repository: &Repository) -> Result<Vec<CommitId>, git2::Error> {
    let mut walk = repository.revwalk()?;
    walk.set_sorting(Sort::TIME)?;
    let head = repository.head().into_iter().map(Ok);
    for reference in head.chain(repository.references()?) {
        // A reference to what is not here, or is no commit, is nothing to build on.
        if let Ok(commit) = reference.and_then(|reference| reference.peel_to_commit()) {
            walk.push(commit.id())?;
        }
    }
    Ok(walk.map_while(Result::ok).take(HAVES).filter_map(id).collect())
}

/// Writes what a server sent, and sees that it is what was asked for. Where the history is cut off is noted before its
/// objects are there, and where it no longer is after: a kill in between leaves no history that ends nowhere.
pub(super) fn keep(folder: &Path, answer: &Answer, wants: &[CommitId]) -> Result<(), Failure> {
    let repository = open(folder)?;
    cut_off(&repository, &cuts(&repository, answer)?, &[])?;
    if objects(&answer.pack) > 0 {
        let broken = |why: &str| Failure::protocol(format!("what it sent cannot be unpacked: {why}"));
        let odb = repository.odb().map_err(|error| broken(error.message()))?;
        let mut writer = odb.packwriter().map_err(|error| broken(error.message()))?;
        writer.write_all(&answer.pack).map_err(|error| broken(&error.to_string()))?;
        writer.commit().map_err(|error| broken(error.message()))?;
    }
    // Opened anew: what was there when it was opened is remembered.
    let repository = open(folder)?;
    let odb = repository.odb().map_err(|error| Failure::here("reading the git repository", &error))?;
    for want in wants {
        if !odb.exists(oid(want)?) {
            return Err(Failure::protocol(format!("it did not send {want}")));
        }
    }
    cut_off(&repository, &[], &answer.unshallow)
}

/// Where an answer may cut the history off. A server has no say in the history of a whole repository: only what it sends
/// can be cut off there.
fn cuts(repository: &Repository, answer: &Answer) -> Result<Vec<CommitId>, Failure> {
    if answer.shallow.is_empty() || !shallow(repository)?.is_empty() {
        return Ok(answer.shallow.clone());
    }
    let odb = repository.odb().map_err(|error| Failure::here("reading the git repository", &error))?;
    let is_here = |id: &&CommitId| oid(id).is_ok_and(|id| odb.exists(id));
    Ok(answer.shallow.iter().filter(|id| !is_here(id)).cloned().collect())
}

/// How many objects a pack says that it has.
fn objects(pack: &[u8]) -> u32 {
    let count = pack.get(8..12).and_then(|bytes| bytes.try_into().ok());
    // What is no pack is for the library to refuse.
    count.map_or(u32::from(!pack.is_empty()), u32::from_be_bytes)
}

/// Where the history of a repository is cut off.
fn shallow(repository: &Repository) -> Result<BTreeSet<CommitId>, Failure> {
    let path = repository.commondir().join("shallow");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.lines().filter_map(|line| line.trim().parse().ok()).collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(Failure::new(Kind::Configuration, format!("{}: {error}", path.display()))),
    }
}

/// Notes where the history is cut off now, under the lock that git itself takes.
fn cut_off(repository: &Repository, more: &[CommitId], no_more: &[CommitId]) -> Result<(), Failure> {
    if more.is_empty() && no_more.is_empty() {
        return Ok(());
    }
    let folder = repository.commondir();
    let path = folder.join("shallow");
    let failed = |error: &std::io::Error| {
        let why = format!("{} cannot be written: {error}", path.display());
        let failure = Failure::new(Kind::Configuration, why);
        match error.kind() {
            ErrorKind::AlreadyExists => failure.hinted(format!(
                "another git is at work there; where none is, remove {}.lock",
                path.display()
            )),
            _ => failure,
        }
    };
    let mut lock = tempfile::Builder::new()
        .prefix("shallow")
        .rand_bytes(0)
        .suffix(".lock")
        .permissions(fs::Permissions::from_mode(0o644))
        .tempfile_in(folder)
        .map_err(|error| failed(&error))?;
    let mut ids = shallow(repository)?;
    ids.extend(more.iter().cloned());
    ids.retain(|id| !no_more.contains(id));
    if ids.is_empty() {
        return match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(&error)),
            _ => Ok(()),
        };
    }
    let text: String = ids.iter().map(|id| format!("{id}\n")).collect();
    lock.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
    lock.persist(&path).map_err(|error| failed(&error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(folder: &Path) -> (Repository, CommitId) {
        let repository = Repository::init_bare(folder).unwrap();
        let who = git2::Signature::new("a", "a@example.org", &git2::Time::new(0, 0)).unwrap();
        let tree = repository.find_tree(repository.treebuilder(None).unwrap().write().unwrap()).unwrap();
        let mut parents = Vec::new();
        for _ in 0..2 {
            let id =
                repository.commit(None, &who, &who, "a", &tree, &parents.iter().collect::<Vec<_>>()).unwrap();
            parents = vec![repository.find_commit(id).unwrap()];
        }
        let tip = id(parents[0].id()).unwrap();
        drop((parents, tree));
        (repository, tip)
    }

    #[test]
    fn a_server_cuts_off_nothing_that_is_here_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (repository, tip) = repository(folder.path());
        let answer = Answer { shallow: vec![tip.clone()], ..Answer::default() };
        keep(folder.path(), &answer, std::slice::from_ref(&tip)).unwrap();
        assert!(!repository.is_shallow());
        let gone: CommitId = "1".repeat(40).parse().unwrap();
        let error = keep(folder.path(), &answer, &[gone]).unwrap_err();
        assert!(error.why.contains("did not send"), "{}", error.why);
        assert!(!folder.path().join("shallow").exists());
    }

    #[test]
    fn broken_packs_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (_, tip) = repository(folder.path());
        let huge = b"PACK\0\0\0\x02\xff\xff\xff\xff";
        // A blob that claims to have a terabyte.
        let bomb = b"PACK\0\0\0\x02\0\0\0\x01\xbf\xff\xff\xff\xff\x1f\x78\x9c";
        // A difference to an object that is not there.
        let delta = [&b"PACK\0\0\0\x02\0\0\0\x01\x7f"[..], &[7; 20], b"\x78\x9c\x03\0\0\0\0\x01"].concat();
        for pack in [&b"PACK"[..], b"<html>", b"PACK\0\0\0\x09\0\0\0\x01", huge, bomb, &delta] {
            let answer = Answer { pack: pack.to_vec(), ..Answer::default() };
            let error = keep(folder.path(), &answer, std::slice::from_ref(&tip)).unwrap_err();
            assert_eq!(error.kind, Kind::Protocol, "{}", error.why);
        }
        let left = fs::read_dir(folder.path().join("objects/pack")).unwrap().count();
        assert_eq!(left, 0, "nothing is left of them");
    }
}
