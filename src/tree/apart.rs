//! What of a folder is not as a commit has it. Git's own idea of that is asked last: it looks away from what it ignores, from
//! what it was told to assume, and from other repositories within, and a builder does not.

use std::fmt;
use std::path::{Path, PathBuf};

use git2::{
    AttrCheckFlags, Commit, IndexEntryExtendedFlag, IndexEntryFlag, ObjectType, Oid, Repository, Status,
    TreeEntry, TreeWalkMode, TreeWalkResult,
};

use super::context::{Context, Entry};
use super::{CommitTree, Tree as _, TreeError, WorkTree};

const LINK: i32 = 0o120_000;
const PROGRAM: i32 = 0o100_755;

/// A file that is not as the commit has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apart {
    /// Its path from the root.
    pub path: String,
    /// How it stands to the commit.
    pub how: How,
}

/// How a file that is not as a commit has it stands to that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It has it in another way.
    Differs,
    /// It does not have it.
    New,
    /// It does not have it, since git is told to ignore it.
    Ignored,
    /// It is another repository's, as a submodule's.
    Foreign,
    /// It has it, and here it is missing.
    Gone,
}

impl fmt::Display for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match self.how {
            How::Differs => write!(f, "{path} differs from the last commit"),
            How::New => write!(f, "{path} is in no commit"),
            How::Ignored => write!(f, "{path} is in no commit, since git ignores it"),
            How::Foreign => write!(f, "{path} is in no commit of this repository, but in another one's"),
            How::Gone => write!(f, "{path} is in the last commit, and not here"),
        }
    }
}

/// A work tree and a commit.
pub(super) struct Compared<'a> {
    pub(super) repository: &'a Repository,
    pub(super) commit: &'a Commit<'a>,
    pub(super) root: &'a Path,
    /// What is between the top of the work tree and the root.
    pub(super) prefix: &'a Path,
}

impl Compared<'_> {
    /// Those of `files`, which are paths from the root, that are not the same; links are followed.
    pub(super) fn files(&self, files: &[String]) -> Result<Vec<Apart>, TreeError> {
        let (here, there) = (WorkTree::new(self.root), CommitTree::open(self.root, "HEAD")?);
        let mut apart = Vec::new();
        for path in files {
            let how = match (here.read(path)?, there.read(path)?) {
                (here, there) if here == there => continue,
                (Some(_), Some(_)) if self.is_same_to_git(&self.prefix.join(path))? => continue,
                (Some(_), Some(_)) => How::Differs,
                (Some(_), None) => self.absent(path),
                (None, _) => How::Gone,
            };
            apart.push(Apart { path: path.clone(), how });
        }
        Ok(apart)
    }

    /// What a builder sees of a folder and the commit does not have, and the other way round.
    pub(super) fn context(&self, context: &Context) -> Result<Vec<Apart>, TreeError> {
        let tree = self.commit.tree()?;
        let mut apart = Vec::new();
        for (path, entry) in context.entries() {
            let how = match tree.get_path(&self.prefix.join(path)) {
                Err(_) => self.absent(path),
                Ok(known) if known.kind() == Some(ObjectType::Commit) => How::Foreign,
                Ok(known) if self.is_same(path, entry, &known)? => continue,
                Ok(_) => How::Differs,
            };
            apart.push(Apart { path: path.clone(), how });
        }
        let gone = self.paths(&tree, context)?;
        let gone = gone.into_iter().filter(|path| !is_among(path, context));
        apart.extend(gone.map(|path| Apart { path, how: How::Gone }));
        Ok(apart)
    }

    /// The paths from the root of all that the commit has of what a builder sees.
    fn paths(&self, tree: &git2::Tree<'_>, context: &Context) -> Result<Vec<String>, TreeError> {
        let seen = seen(self.repository, tree, self.prefix, context)?;
        Ok(seen.into_iter().map(|(path, _)| path).collect())
    }

    fn is_same(&self, path: &str, entry: &Entry, known: &TreeEntry<'_>) -> Result<bool, TreeError> {
        let is_link = known.filemode() == LINK;
        match entry {
            Entry::File { program } if !is_link => {
                let full: PathBuf = self.root.join(path);
                let id = Oid::hash_file(ObjectType::Blob, &full)?;
                let is_program = known.filemode() == PROGRAM;
                let same = id == known.id() || self.is_same_to_git(&self.prefix.join(path))?;
                Ok(*program == is_program && same)
            }
            Entry::Link(to) if is_link => {
                Ok(self.repository.find_blob(known.id())?.content() == to.as_bytes())
            }
            Entry::File { .. } | Entry::Link(_) | Entry::Folder | Entry::Other => Ok(false),
        }
    }

    /// Whether git takes a file for the same although its bytes are others, since it writes it in another way (ends of
    /// lines, large files).
    fn is_same_to_git(&self, path: &Path) -> Result<bool, TreeError> {
        if !self.is_rewritten(path)? {
            return Ok(false);
        }
        let entry = self.repository.index()?.get_path(path, 0);
        let is_assumed = entry.is_none_or(|entry| {
            entry.flags & IndexEntryFlag::VALID.bits() != 0
                || entry.flags_extended & IndexEntryExtendedFlag::SKIP_WORKTREE.bits() != 0
        });
        Ok(!is_assumed && self.repository.status_file(path)? == Status::CURRENT)
    }

    /// Whether git is told to write a file in another way than it is in a commit.
    fn is_rewritten(&self, path: &Path) -> Result<bool, TreeError> {
        let config = self.repository.config()?;
        if config.get_string("core.autocrlf").is_ok_and(|value| !matches!(value.as_str(), "false" | "no")) {
            return Ok(true);
        }
        for name in ["filter", "text", "eol", "crlf", "ident", "working-tree-encoding"] {
            if self.repository.get_attr(path, name, AttrCheckFlags::FILE_THEN_INDEX)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Why the commit does not have a file.
    fn absent(&self, path: &str) -> How {
        let above = Path::new(path).ancestors().skip(1).filter(|folder| *folder != Path::new(""));
        if above.into_iter().any(|folder| self.root.join(folder).join(".git").symlink_metadata().is_ok()) {
            return How::Foreign;
        }
        match self.repository.is_path_ignored(self.prefix.join(path)) {
            Ok(true) => How::Ignored,
            Ok(false) | Err(_) => How::New,
        }
    }
}

/// What a tree has of what a builder sees: paths from the root, in git's order, with what is there.
pub(super) fn seen(
    repository: &Repository,
    tree: &git2::Tree<'_>,
    prefix: &Path,
    context: &Context,
) -> Result<Vec<(String, Oid)>, TreeError> {
    let mut found = Vec::new();
    let at = |path: &str| tree.get_path(&prefix.join(path)).ok();
    let top = match prefix.join(context.folder()) {
        top if top == Path::new("") => Some(tree.id()),
        top => tree.get_path(&top).ok().filter(is_folder).map(|top| top.id()),
    };
    if let Some(top) = top {
        repository.find_tree(top)?.walk(TreeWalkMode::PreOrder, |below, entry| {
            let below = format!("{below}{}", String::from_utf8_lossy(entry.name_bytes()));
            let path = context.path(&below);
            if is_folder(entry) {
                return if context.is_closed(&path) { TreeWalkResult::Skip } else { TreeWalkResult::Ok };
            }
            if context.covers(&path) {
                found.push((path, entry.id()));
            }
            TreeWalkResult::Ok
        })?;
    }
    for path in context.read() {
        if let Some(entry) = at(path).filter(|_| found.iter().all(|(known, _)| known != path)) {
            found.push((path.clone(), entry.id()));
        }
    }
    Ok(found)
}

fn is_folder(entry: &TreeEntry<'_>) -> bool {
    entry.kind() == Some(ObjectType::Tree)
}

/// Whether there is something at a path, or below it.
fn is_among(path: &str, context: &Context) -> bool {
    let mut from = context.entries().range(path.to_owned()..);
    let below = format!("{path}/");
    context.entries().contains_key(path) || from.any(|(found, _)| found.starts_with(&below))
}
