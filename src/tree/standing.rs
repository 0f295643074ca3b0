//! How a repository stands: its commit, whether files differ from it, and when files were last touched.

use std::path::Path;

use git2::{ErrorCode, Oid, Repository, StatusOptions};

use super::{TreeError, discover};

/// What git knows of some files and folders of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The commit that is checked out, by its full name.
    pub commit: String,
    /// The files among them that are not as they are in that commit, by their paths from the root.
    pub changed: Vec<String>,
    /// When the last commit was made that touched one of them, in seconds since 1970.
    pub touched: Touched,
}

/// When files were last touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// At this time, in seconds since 1970.
    At(i64),
    /// In no commit: they are new.
    Never,
    /// Further back than this shallow clone goes.
    Beyond,
}

impl Standing {
    /// How `paths` below `root` stand; `None` outside a repository, or where nothing is committed yet.
    pub fn of(root: &Path, paths: &[&str]) -> Result<Option<Self>, TreeError> {
        let Some(repository) = discover(root)? else {
            return Ok(None);
        };
        let head = match repository.head() {
            Ok(head) => head.peel_to_commit()?,
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let paths = below(&repository, root, paths)?;
        let touched = last_touched(&repository, head.id(), &paths)?;
        let commit = head.id().to_string();
        Ok(Some(Self { commit, changed: changed(&repository, &paths)?, touched }))
    }
}

/// The paths from the top of the work tree.
fn below(repository: &Repository, root: &Path, paths: &[&str]) -> Result<Vec<String>, TreeError> {
    let io = |error| TreeError::Io(root.to_path_buf(), error);
    let top = repository.workdir().ok_or_else(|| TreeError::NoRepository(root.to_path_buf()))?;
    let (top, root) = (std::fs::canonicalize(top).map_err(io)?, std::fs::canonicalize(root).map_err(io)?);
    let prefix = root.strip_prefix(&top).unwrap_or(Path::new("")).to_path_buf();
    Ok(paths.iter().map(|path| prefix.join(path).to_string_lossy().into_owned()).collect())
}

fn changed(repository: &Repository, paths: &[String]) -> Result<Vec<String>, TreeError> {
    let mut options = StatusOptions::new();
    options.include_untracked(true).recurse_untracked_dirs(true).disable_pathspec_match(true);
    for path in paths {
        options.pathspec(path);
    }
    let statuses = repository.statuses(Some(&mut options))?;
    Ok(statuses.iter().map(|entry| String::from_utf8_lossy(entry.path_bytes()).into_owned()).collect())
}

/// As `git log -1 -- PATHS` finds it: of a merge, the side that has the same files is followed.
fn last_touched(repository: &Repository, head: Oid, paths: &[String]) -> Result<Touched, TreeError> {
    let ends = repository.is_shallow();
    let mut id = head;
    let state = |id: Oid| -> Result<Vec<Option<Oid>>, TreeError> {
        let tree = repository.find_commit(id)?.tree()?;
        Ok(paths.iter().map(|path| tree.get_path(Path::new(path)).ok().map(|entry| entry.id())).collect())
    };
    let wanted = state(id)?;
    if wanted.iter().all(Option::is_none) {
        return Ok(Touched::Never);
    }
    loop {
        let commit = repository.find_commit(id)?;
        let mut same = None;
        for parent in commit.parent_ids() {
            match state(parent) {
                Ok(found) if found == wanted => {
                    same = Some(parent);
                    break;
                }
                // A parent that is not here is one of a shallow clone.
                Ok(_) | Err(_) => {}
            }
        }
        match same {
            Some(parent) => id = parent,
            // What stands at the edge may have been touched before it.
            None if ends && edge(repository, id) => return Ok(Touched::Beyond),
            None => return Ok(Touched::At(commit.committer().when().seconds())),
        }
    }
}

/// Whether a shallow clone ends at a commit: git's own list says so.
fn edge(repository: &Repository, id: Oid) -> bool {
    let list = std::fs::read_to_string(repository.commondir().join("shallow")).unwrap_or_default();
    list.lines().any(|line| line == id.to_string())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use git2::{Signature, Time};

    use super::*;

    /// A commit of everything that is in the work tree.
    fn commit(repository: &Repository, at: i64, parents: &[Oid]) -> Oid {
        let mut index = repository.index().unwrap();
        index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
        index.write().unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let who = Signature::new("a", "a@example.org", &Time::new(at, 0)).unwrap();
        let parents: Vec<_> = parents.iter().map(|id| repository.find_commit(*id).unwrap()).collect();
        let parents: Vec<_> = parents.iter().collect();
        repository.commit(Some("HEAD"), &who, &who, "m", &tree, &parents).unwrap()
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
    fn files_are_as_old_as_the_commit_that_touched_them() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let repository = Repository::init(root).unwrap();
        assert_eq!(Standing::of(root, &["pins.lock"]).unwrap(), None, "nothing is committed");
        fs::create_dir_all(root.join("images/a")).unwrap();
        fs::write(root.join("images/a/Dockerfile"), "1").unwrap();
        fs::write(root.join("other"), "1").unwrap();
        let one = commit(&repository, 100, &[]);
        fs::write(root.join("pins.lock"), "1").unwrap();
        let two = commit(&repository, 200, &[one]);
        fs::write(root.join("other"), "2").unwrap();
        let three = commit(&repository, 300, &[two]);
        let of = |paths: &[&str]| Standing::of(root, paths).unwrap().unwrap();
        assert_eq!(of(&["pins.lock", "images/a"]).touched, Touched::At(200));
        assert_eq!(of(&["images/a"]).touched, Touched::At(100));
        assert_eq!(of(&["other"]).touched, Touched::At(300));
        assert_eq!(of(&["nothing"]).touched, Touched::Never);
        assert_eq!(of(&["other"]).commit, three.to_string());
        assert_eq!(of(&["pins.lock", "images/a"]).changed, [""; 0]);
        fs::write(root.join("images/a/new"), "1").unwrap();
        fs::write(root.join("pins.lock"), "2").unwrap();
        assert_eq!(of(&["pins.lock", "images/a"]).changed, ["images/a/new", "pins.lock"]);
        // As in a clone of depth 1.
        fs::write(repository.path().join("shallow"), format!("{three}\n")).unwrap();
        assert_eq!(of(&["images/a"]).touched, Touched::Beyond);
        let below = Standing::of(&root.join("images"), &["a"]).unwrap().unwrap();
        assert_eq!(below.changed, ["images/a/new"], "a root below the top of the work tree");
    }
}
