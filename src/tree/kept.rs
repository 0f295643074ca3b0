//! Whether a commit is one that a repository stands for, not just one whose objects are there: those of other people's pull
//! requests are in many a clone.

use std::path::Path;

use git2::{Direction, ErrorCode, Oid, Reference, Repository};

use super::{TreeError, discover};

const BRANCHES: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";
const REMOTES: &str = "refs/remotes/";

/// Whether a commit is what is checked out, a branch, a remote's branch or a tag, or what came before one of them. What a shallow
/// clone does not have tells nothing.
pub fn is_kept(root: &Path, commit: &str) -> Result<bool, TreeError> {
    let repository = discover(root)?.ok_or_else(|| TreeError::NoRepository(root.to_path_buf()))?;
    let wanted = Oid::from_str(commit)?;
    let tips = tips(&repository)?;
    if tips.contains(&wanted) {
        return Ok(true);
    }
    let mut walk = repository.revwalk()?;
    for tip in tips {
        walk.push(tip)?;
    }
    for found in walk {
        match found {
            Ok(found) if found == wanted => return Ok(true),
            Ok(_) => {}
            // A clone may end anywhere, whatever it says of itself.
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}

/// The commits of what is checked out, and of the branches and tags; of remotes those that are branches there.
fn tips(repository: &Repository) -> Result<Vec<Oid>, TreeError> {
    let mut tips = Vec::new();
    let mut add = |reference: &Reference<'_>| {
        // A tag may be one of a file.
        tips.extend(reference.peel_to_commit().ok().map(|commit| commit.id()));
    };
    match repository.head() {
        Ok(head) => add(&head),
        Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => {}
        Err(error) => return Err(error.into()),
    }
    let remotes = Remotes::of(repository)?;
    for reference in repository.references()? {
        let reference = reference?;
        // Whatever is no text was named by no builder.
        let Ok(name) = reference.name() else { continue };
        if name.starts_with(BRANCHES) || name.starts_with(TAGS) || remotes.is_branch(name) {
            add(&reference);
        }
    }
    tips.sort();
    tips.dedup();
    Ok(tips)
}

/// The remotes of a repository, by what they are fetched to.
struct Remotes<'r>(Vec<git2::Remote<'r>>);

impl<'r> Remotes<'r> {
    fn of(repository: &'r Repository) -> Result<Self, TreeError> {
        let names = repository.remotes()?;
        let all = names.iter().flatten().flatten().map(|name| repository.find_remote(name));
        Ok(Self(all.collect::<Result<_, _>>()?))
    }

    /// Whether a reference is a branch or a tag where it was fetched from. Pull requests are often fetched to a place among them.
    fn is_branch(&self, name: &str) -> bool {
        let is_from =
            |spec: &git2::Refspec<'_>| spec.direction() == Direction::Fetch && spec.dst_matches(name);
        let specs = || self.0.iter().flat_map(git2::Remote::refspecs).filter(is_from);
        let is_own = |spec: git2::Refspec<'_>| {
            spec.rtransform(name).is_ok_and(|from| {
                from.as_str().is_ok_and(|from| from.starts_with(BRANCHES) || from.starts_with(TAGS))
            })
        };
        name.starts_with(REMOTES) && specs().next().is_some() && specs().all(is_own)
    }
}
