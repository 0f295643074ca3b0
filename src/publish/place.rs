//! The repository that bumps are made in, and what is in one of its commits.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, FileMode, Oid, Repository, Tree};

use crate::document::SourceFile;
use crate::error::Error;
use crate::lock::{FILE_NAME, Lock, decode};
use crate::model::CommitId;
use crate::tree::{self, CommitTree, remedy};
use crate::workspace::{Workspace, WorkspaceError};

/// A root in a git repository.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where `pins.lock` is.
    pub root: PathBuf,
    /// The root below the top of the repository, with `/`; empty where it is the top.
    pub(super) folder: String,
    git: PathBuf,
}

/// What a commit declares and locks.
pub struct Snapshot {
    /// The commit.
    pub commit: CommitId,
    /// What it declares.
    pub workspace: Workspace,
    /// What it locks.
    pub lock: Lock,
    /// Its `pins.lock`; none where there is none.
    pub(super) text: Option<String>,
    pub(super) tree: CommitTree,
}

impl Place {
    /// The repository that `root` is in.
    pub fn open(root: &Path) -> Result<Self, Error> {
        let repository = Repository::discover(root).map_err(|error| match error.code() {
            ErrorCode::NotFound => Error::usage(format!("{} is in no git repository", root.display()))
                .hint("run it in a clone, or run `solera-pin refresh` without --commit and --propose"),
            _ => said("opened", &error),
        })?;
        let bare = || {
            Error::usage(format!("{} has no work tree", repository.path().display()))
                .hint("run it in a clone")
        };
        let top = repository.workdir().ok_or_else(bare)?.canonicalize()?;
        let folder = root.canonicalize()?;
        let folder = folder.strip_prefix(&top).map(|folder| folder.display().to_string()).unwrap_or_default();
        Ok(Self { root: root.into(), folder, git: repository.path().into() })
    }

    /// Its git folder.
    pub fn git(&self) -> &Path {
        &self.git
    }

    /// The repository, opened anew: one handle is not for several threads.
    pub(super) fn repository(&self) -> Result<Repository, Error> {
        Repository::open(&self.git).map_err(|error| said("opened", &error))
    }

    /// A path below the root, as one below the top.
    pub(super) fn in_repository(&self, path: &str) -> String {
        match self.folder.as_str() {
            "" => path.into(),
            folder => format!("{folder}/{path}"),
        }
    }

    /// Refuses a lock that a commit has as a symbolic link: what is behind it would have to be committed in its place.
    pub(super) fn refuse_link(&self, tree: &Tree<'_>) -> Result<(), Error> {
        let lock = tree.get_path(Path::new(&self.in_repository(FILE_NAME)));
        match lock.is_ok_and(|entry| entry.filemode() == i32::from(FileMode::Link)) {
            true => Err(Error::usage("pins.lock is a symbolic link, and no commit can be made of it")
                .hint("commit the file itself in its place")),
            false => Ok(()),
        }
    }

    /// Whether only a part of the history is here.
    pub fn is_shallow(&self) -> Result<bool, Error> {
        Ok(self.repository()?.is_shallow())
    }

    /// Whether each two of these commits that follow one another have a history in common, as far as it is here.
    pub fn all_meet(&self, commits: &[CommitId]) -> Result<bool, Error> {
        let repository = self.repository()?;
        let ids = commits.iter().map(oid).collect::<Result<Vec<Oid>, _>>()?;
        Ok(ids.windows(2).all(|pair| repository.merge_base(pair[0], pair[1]).is_ok()))
    }

    /// The commit that is checked out; none where there is none yet.
    pub fn head(&self) -> Result<Option<CommitId>, Error> {
        let repository = self.repository()?;
        match repository.head().and_then(|head| head.peel_to_commit()) {
            Ok(commit) => commit_id(commit.id()).map(Some),
            Err(error) if matches!(error.code(), ErrorCode::UnbornBranch | ErrorCode::NotFound) => Ok(None),
            Err(error) => Err(said("read", &error)),
        }
    }

    /// What a commit declares and locks. A mistake in its files comes with the commit that it is in.
    pub fn snapshot(&self, commit: &CommitId) -> Result<Snapshot, Error> {
        let tree = CommitTree::open(&self.root, commit.as_str())?;
        let workspace = Workspace::of(&self.root, &tree).map_err(|error| match error {
            WorkspaceError::Problems(problems) => Error::problems(problems).hint(format!(
                "this is what {} has: what is not committed does not count here",
                commit.short()
            )),
            WorkspaceError::Tree(error) => error.into(),
        })?;
        let bytes = tree::Tree::read(&tree, FILE_NAME)?;
        if bytes.is_some() && !workspace.configured {
            let what = format!("{} has a pins.lock, but nothing that declares its pins", commit.short());
            let restore = "restore pins.toml or refresh/upstreams.toml and commit it, or remove pins.lock";
            return Err(Error::usage(what).hint(restore));
        }
        let text = bytes.map(String::from_utf8).transpose();
        let text = text.map_err(|_| Error::usage(format!("pins.lock of {} is not UTF-8", commit.short())))?;
        let lock = match &text {
            None => Lock::default(),
            Some(text) => decode(&SourceFile::new(FILE_NAME, text)).map_err(|problems| {
                Error::problems(problems).hint(format!("this is pins.lock as {} has it", commit.short()))
            })?,
        };
        Ok(Snapshot { commit: commit.clone(), workspace, lock, text, tree })
    }
}

/// An id of git's library as ours.
pub(super) fn commit_id(oid: Oid) -> Result<CommitId, Error> {
    oid.to_string().parse().map_err(|error| Error::usage(format!("git gave what is no object's id: {error}")))
}

/// An id of ours as git's library has it.
pub(super) fn oid(id: &CommitId) -> Result<Oid, Error> {
    Oid::from_str(id.as_str()).map_err(|error| said("read", &error))
}

/// That git refused.
pub(super) fn said(what: &str, error: &git2::Error) -> Error {
    let failed = Error::usage(format!("the git repository could not be {what}: {}", error.message()));
    match remedy(error) {
        Some(remedy) => failed.hint(remedy),
        None => failed,
    }
}
