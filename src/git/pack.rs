//! The objects that a server lacks, as one pack.

use std::collections::BTreeSet;
use std::path::Path;

use git2::{Buf, ErrorCode, ObjectType, OdbLookupFlags, Oid, Repository, Revwalk};

use super::error::Failure;
use super::store::{oid, open};
use crate::model::CommitId;
use crate::net::Kind;

/// A pack of no objects: its head, and the checksum of that.
const EMPTY: &[u8] = b"PACK\0\0\0\x02\0\0\0\0\
    \x02\x9d\x08\x82\x3b\xd8\xa8\xea\xb5\x10\xad\x6a\xc7\x5c\x82\x3c\xfd\x3e\xd3\x1e";

/// What `news` need besides what is reached from `theirs`.
pub(super) fn pack(folder: &Path, news: &[CommitId], theirs: &[CommitId]) -> Result<Vec<u8>, Failure> {
    let repository = open(folder)?;
    let here = |error: git2::Error| Failure::here("packing what is to be pushed", &error);
    let theirs: BTreeSet<Oid> = theirs.iter().filter_map(|id| oid(id).ok()).collect();
    let mut builder = repository.packbuilder().map_err(here)?;
    builder.set_threads(1);
    let mut commits = Vec::new();
    for new in news {
        let (tags, commit) = peeled(&repository, oid(new)?, new)?;
        for tag in tags.iter().filter(|tag| !theirs.contains(tag)) {
            builder.insert_object(*tag, None).map_err(here)?;
        }
        commits.push(commit);
    }
    let shared = shared(&repository, &theirs).map_err(here)?;
    for id in walk(&repository, &commits, &shared).map_err(here)? {
        whole(&repository, id.map_err(here)?, &theirs)?;
    }
    builder.insert_walk(&mut walk(&repository, &commits, &shared).map_err(here)?).map_err(here)?;
    if builder.object_count() == 0 {
        return Ok(EMPTY.to_vec());
    }
    let mut bytes = Buf::new();
    builder.write_buf(&mut bytes).map_err(here)?;
    Ok(bytes.to_vec())
}

/// The annotated tags on the way to a commit, and the commit.
fn peeled(repository: &Repository, id: Oid, named: &CommitId) -> Result<(Vec<Oid>, Oid), Failure> {
    let here = |error: git2::Error| match error.code() {
        ErrorCode::NotFound => Failure::new(Kind::Configuration, format!("{named} is not in the repository")),
        _ => Failure::here("reading what is to be pushed", &error),
    };
    let (mut tags, mut at) = (Vec::new(), id);
    loop {
        let object = repository.find_object(at, None).map_err(here)?;
        match (object.kind(), object.as_tag()) {
            (Some(ObjectType::Commit), _) => return Ok((tags, at)),
            (_, Some(tag)) => {
                tags.push(at);
                at = tag.target_id();
            }
            _ => return Err(Failure::new(Kind::Configuration, format!("{named} is not a commit"))),
        }
    }
}

/// Those of their objects that are commits here. A forge may have a hundred thousand that are not: the folders of packs
/// are not read anew for each.
fn shared(repository: &Repository, theirs: &BTreeSet<Oid>) -> Result<Vec<Oid>, git2::Error> {
    let odb = repository.odb()?;
    let is_here = |id: &&Oid| odb.exists_ext(**id, OdbLookupFlags::NO_REFRESH);
    let commits = theirs.iter().filter(is_here).filter(|id| repository.find_commit(**id).is_ok());
    Ok(commits.copied().collect())
}

fn walk<'r>(repository: &'r Repository, commits: &[Oid], shared: &[Oid]) -> Result<Revwalk<'r>, git2::Error> {
    let mut walk = repository.revwalk()?;
    for commit in commits {
        walk.push(*commit)?;
    }
    for id in shared {
        walk.hide(*id)?;
    }
    Ok(walk)
}

/// Refuses a commit with a parent that neither side has: a history that is cut off must not be sent as if it were whole.
fn whole(repository: &Repository, id: Oid, theirs: &BTreeSet<Oid>) -> Result<(), Failure> {
    let here = |error: git2::Error| Failure::here("reading what is to be pushed", &error);
    let commit = repository.find_commit(id).map_err(here)?;
    // The parsed commit has no parents where the history is cut off; its bytes still name them.
    let header = String::from_utf8_lossy(commit.raw_header_bytes()).into_owned();
    for parent in header.lines().filter_map(|line| line.strip_prefix("parent ")) {
        let parent = Oid::from_str(parent).map_err(here)?;
        if !commit.parent_ids().any(|id| id == parent) && !theirs.contains(&parent) {
            let why = format!("the history here is cut off at {id}, and the server does not have {parent}");
            return Err(Failure::new(Kind::Configuration, why)
                .hinted("`git fetch --unshallow` completes it; in CI, check out with the whole history"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_pack_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(folder.path()).unwrap();
        let pack = folder.path().join("empty.pack");
        crate::files::replace(&pack, EMPTY).unwrap();
        let mut git = std::process::Command::new("git");
        let output = git.args(["index-pack", "empty.pack"]).current_dir(repository.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
