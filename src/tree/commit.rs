//! The files of a commit, read from git's objects.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use git2::{ObjectType, Oid, Repository, TreeWalkMode, TreeWalkResult};

use super::{File, MAX_FILE, Tree, TreeError, Visit, Want, Wanted, covers, discover, is_binary, link_target};

/// The kinds of entries of a git tree that matter here.
const LINK: i32 = 0o120_000;
const SUBMODULE: i32 = 0o160_000;

/// More links than a person puts behind one another.
const MAX_LINKS: usize = 8;

/// The files of a commit, below the folder that stands for the top.
pub struct CommitTree {
    repository: PathBuf,
    /// Opened once: single files are read many times.
    reader: Mutex<Repository>,
    /// Absent where the commit does not have the folder.
    tree: Option<Oid>,
    commit: Oid,
}

impl CommitTree {
    /// The files that `revision` has where `root` is now. A folder that was not there yet is empty.
    pub fn open(root: &Path, revision: &str) -> Result<Self, TreeError> {
        let repository = discover(root)?.ok_or_else(|| TreeError::NoRepository(root.to_path_buf()))?;
        let none = |_| TreeError::Revision(revision.to_owned());
        let commit =
            repository.revparse_single(revision).and_then(|object| object.peel_to_commit()).map_err(none)?;
        let tree = commit.tree()?;
        let io = |error| TreeError::Io(root.to_path_buf(), error);
        let top = repository.workdir().ok_or_else(|| TreeError::NoRepository(root.to_path_buf()))?;
        let top = std::fs::canonicalize(top).map_err(io)?;
        let root = std::fs::canonicalize(root).map_err(io)?;
        let tree = match root.strip_prefix(&top) {
            Ok(folder) if folder != Path::new("") => match tree.get_path(folder) {
                Ok(entry) => Some(entry.id()),
                Err(_) => None,
            },
            _ => Some(tree.id()),
        };
        let (commit, path) = (commit.id(), repository.path().to_path_buf());
        Ok(Self { reader: Mutex::new(Repository::open(&path)?), repository: path, tree, commit })
    }

    /// The commit.
    pub fn commit(&self) -> String {
        self.commit.to_string()
    }

    /// The path of the file that a path names in the end, behind links; itself where there is no such file.
    pub fn target(&self, path: &str) -> Result<String, TreeError> {
        Ok(self.blob(&self.reader(), path)?.map_or_else(|| path.to_owned(), |(path, _)| path))
    }

    fn reader(&self) -> MutexGuard<'_, Repository> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tree<'r>(&self, repository: &'r Repository) -> Result<Option<git2::Tree<'r>>, TreeError> {
        Ok(self.tree.map(|tree| repository.find_tree(tree)).transpose()?)
    }

    /// The bytes of a file, behind the links that lead to it; `None` where there is none, or it is outside.
    fn resolve(&self, repository: &Repository, path: &str) -> Result<Option<Vec<u8>>, TreeError> {
        let Some((_, blob)) = self.blob(repository, path)? else {
            return Ok(None);
        };
        Ok(Some(repository.find_blob(blob)?.content().to_vec()))
    }

    /// The path and the object of a file, behind the links that lead to it.
    fn blob(&self, repository: &Repository, path: &str) -> Result<Option<(String, Oid)>, TreeError> {
        let Some(tree) = self.tree(repository)? else {
            return Ok(None);
        };
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            let Ok(entry) = tree.get_path(Path::new(&path)) else {
                return Ok(None);
            };
            if entry.kind() != Some(ObjectType::Blob) {
                return Ok(None);
            }
            if entry.filemode() != LINK {
                return Ok(Some((path, entry.id())));
            }
            let blob = repository.find_blob(entry.id())?;
            match link_target(&path, &String::from_utf8_lossy(blob.content())) {
                Some(target) => path = target,
                None => return Ok(None),
            }
        }
        Ok(None)
    }
}

impl Tree for CommitTree {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, TreeError> {
        self.resolve(&self.reader(), path)
    }

    fn folders(&self, path: &str) -> Result<Vec<String>, TreeError> {
        let repository = Repository::open(&self.repository)?;
        let Some(tree) = self.tree(&repository)? else {
            return Ok(Vec::new());
        };
        let Ok(folder) = tree.get_path(Path::new(path)).and_then(|entry| repository.find_tree(entry.id()))
        else {
            return Ok(Vec::new());
        };
        let folders = folder.iter().filter(|entry| entry.kind() == Some(ObjectType::Tree));
        Ok(folders.filter_map(|entry| entry.name().ok().map(str::to_owned)).collect())
    }

    fn each(&self, within: &[String], wanted: &Wanted<'_>, visit: &Visit<'_>) -> Result<(), TreeError> {
        let repository = Repository::open(&self.repository)?;
        let Some(tree) = self.tree(&repository)? else {
            return Ok(());
        };
        let mut failed = None;
        tree.walk(TreeWalkMode::PreOrder, |folder, entry| {
            let path = format!("{folder}{}", String::from_utf8_lossy(entry.name_bytes()));
            if !covers(within, &path) {
                return TreeWalkResult::Ok;
            }
            if entry.filemode() == SUBMODULE {
                visit(&path, File::Submodule);
                return TreeWalkResult::Ok;
            }
            if entry.kind() != Some(ObjectType::Blob) {
                return TreeWalkResult::Ok;
            }
            let want = wanted(&path);
            if want == Want::Nothing {
                return TreeWalkResult::Ok;
            }
            let bytes = match entry.filemode() {
                LINK => self.resolve(&repository, &path),
                _ => repository
                    .find_blob(entry.id())
                    .map(|blob| Some(blob.content().to_vec()))
                    .map_err(Into::into),
            };
            match bytes {
                Ok(Some(bytes)) if want == Want::Text && is_binary(&bytes) => {}
                Ok(Some(bytes)) if bytes.len() as u64 > MAX_FILE => {}
                Ok(Some(bytes)) => visit(&path, File::Bytes(&bytes)),
                Ok(None) => {}
                Err(error) => {
                    failed = Some(error);
                    return TreeWalkResult::Abort;
                }
            }
            TreeWalkResult::Ok
        })
        .or_else(|error| if failed.is_some() { Ok(()) } else { Err(error) })?;
        failed.map_or(Ok(()), Err)
    }
}
