//! How a repository stands: its commit, whether files differ from it, and when files were last touched.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, Oid, Repository};

use super::apart::{Apart, Compared, seen};
use super::{Context, TreeError, discover};

/// What git knows of what an image is built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The commit that is checked out, by its full name.
    pub commit: String,
    /// What is not as it is in that commit.
    pub apart: Vec<Apart>,
    /// When the last commit was made that touched what a builder sees or the lock, in seconds since 1970.
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
    /// How `files` and what a builder sees of a folder stand; `None` outside a repository, or where nothing is committed
    /// yet. For the time what it sees counts, and the file `timed`. All paths are from `root`.
    pub fn of(
        root: &Path,
        context: &Context,
        timed: &str,
        files: &[String],
    ) -> Result<Option<Self>, TreeError> {
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
        let prefix = prefix(&repository, root)?;
        let touched = Timed { repository: &repository, prefix: &prefix, file: timed, context };
        let touched = touched.last(head.id())?;
        let compared = Compared { repository: &repository, commit: &head, root, prefix: &prefix };
        let mut apart = compared.files(files)?;
        apart.extend(compared.context(context)?);
        Ok(Some(Self { commit: head.id().to_string(), apart, touched }))
    }
}

/// What is between the top of the work tree and the root.
fn prefix(repository: &Repository, root: &Path) -> Result<PathBuf, TreeError> {
    let io = |error| TreeError::Io(root.to_path_buf(), error);
    let top = repository.workdir().ok_or_else(|| TreeError::NoRepository(root.to_path_buf()))?;
    let (top, root) = (std::fs::canonicalize(top).map_err(io)?, std::fs::canonicalize(root).map_err(io)?);
    Ok(root.strip_prefix(&top).unwrap_or(Path::new("")).to_path_buf())
}

/// What an image is as old as.
struct Timed<'a> {
    repository: &'a Repository,
    prefix: &'a Path,
    file: &'a str,
    context: &'a Context,
}

impl Timed<'_> {
    /// What a commit has of it.
    fn state(&self, id: Oid) -> Result<Vec<(String, Oid)>, TreeError> {
        let tree = self.repository.find_commit(id)?.tree()?;
        let mut state = seen(self.repository, &tree, self.prefix, self.context)?;
        let file = tree.get_path(&self.prefix.join(self.file)).ok();
        state.extend(file.map(|file| (self.file.to_owned(), file.id())));
        Ok(state)
    }

    /// As `git log -1 -- PATHS` finds it: of a merge, the side that has the same files is followed.
    fn last(&self, head: Oid) -> Result<Touched, TreeError> {
        let ends = self.repository.is_shallow();
        let mut id = head;
        let wanted = self.state(id)?;
        if wanted.is_empty() {
            return Ok(Touched::Never);
        }
        loop {
            let commit = self.repository.find_commit(id)?;
            // A parent that is not here is one of a shallow clone.
            let is_same = |parent: &Oid| self.state(*parent).is_ok_and(|found| found == wanted);
            match commit.parent_ids().find(is_same) {
                Some(parent) => id = parent,
                // What stands at the edge may have been touched before it.
                None if ends && edge(self.repository, id) => return Ok(Touched::Beyond),
                None => return Ok(Touched::At(commit.committer().when().seconds())),
            }
        }
    }
}

/// Whether a shallow clone ends at a commit: git's own list says so.
fn edge(repository: &Repository, id: Oid) -> bool {
    let list = std::fs::read_to_string(repository.commondir().join("shallow")).unwrap_or_default();
    list.lines().any(|line| line == id.to_string())
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use git2::{Signature, Time};

    use super::super::How;
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

    fn put(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn of(root: &Path, folder: &str, files: &[&str]) -> Option<Standing> {
        let timed = files.first().copied().unwrap_or("none");
        let files: Vec<String> = files.iter().map(|path| (*path).to_owned()).collect();
        Standing::of(
            root,
            &Context::of(root, folder, &format!("{folder}/Dockerfile"), false).unwrap(),
            timed,
            &files,
        )
        .unwrap()
    }

    #[test]
    fn what_a_builder_does_not_see_makes_an_image_no_newer() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let repository = Repository::init(root).unwrap();
        let of = || {
            let context = Context::of(root, "", "images/a/Dockerfile", false).unwrap();
            Standing::of(root, &context, "pins.lock", &[]).unwrap().unwrap()
        };
        let mut last = None;
        for (at, path, text, touched) in [
            (100, "images/a/Dockerfile.dockerignore", "*\n!src", 100),
            (200, "images/a/Dockerfile", "1", 200),
            (300, "src/x", "1", 300),
            (400, "README.md", "1", 300),
            (500, "images/b/Dockerfile", "1", 300),
            (600, "pins.lock", "1", 600),
            (700, "images/a/Dockerfile", "2", 700),
        ] {
            put(root, path, text);
            last = Some(commit(&repository, at, &last.into_iter().collect::<Vec<_>>()));
            assert_eq!(of().touched, Touched::At(touched), "{path}");
        }
        put(root, "README.md", "2");
        assert_eq!(of().apart, []);
        fs::remove_dir_all(root.join("src")).unwrap();
        put(root, "images/a/Dockerfile", "3");
        let expected =
            ["images/a/Dockerfile differs from the last commit", "src/x is in the last commit, and not here"];
        assert_eq!(of().apart.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn files_are_as_old_as_the_commit_that_touched_them() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let repository = Repository::init(root).unwrap();
        put(root, "images/a/Dockerfile", "1");
        assert_eq!(of(root, "images/a", &[]), None, "nothing is committed");
        put(root, "images/b/Dockerfile", "1");
        put(root, "other", "1");
        let one = commit(&repository, 100, &[]);
        put(root, "pins.lock", "1");
        let two = commit(&repository, 200, &[one]);
        put(root, "other", "2");
        let three = commit(&repository, 300, &[two]);
        let touched = |folder: &str, files: &[&str]| of(root, folder, files).unwrap().touched;
        assert_eq!(touched("images/a", &["pins.lock", "other"]), Touched::At(200));
        assert_eq!(touched("images/a", &[]), Touched::At(100));
        assert_eq!(touched("images/a", &["other"]), Touched::At(300));
        put(root, "images/c/Dockerfile", "1");
        assert_eq!(touched("images/c", &[]), Touched::Never);
        assert_eq!(of(root, "images/a", &[]).unwrap().commit, three.to_string());
        // As in a clone of depth 1.
        fs::write(repository.path().join("shallow"), format!("{three}\n")).unwrap();
        assert_eq!(touched("images/a", &[]), Touched::Beyond);
    }

    /// What is apart, each as its path from the image's folder and how.
    fn apart(root: &Path) -> Vec<(String, How)> {
        let found = of(root, "images/a", &["pins.lock", "pins.toml"]).unwrap().apart;
        let short = |path: &str| path.trim_start_matches("images/a/").to_owned();
        found.into_iter().map(|apart| (short(&apart.path), apart.how)).collect()
    }

    fn one(path: &str, how: How) -> Vec<(String, How)> {
        vec![(path.to_owned(), how)]
    }

    /// A repository with an image, all of which is committed.
    fn committed() -> (tempfile::TempDir, Repository) {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init(folder.path()).unwrap();
        for (path, text) in [
            (".gitignore", "ignored\n"),
            ("pins.lock", "1"),
            ("pins.toml", "1"),
            ("images/a/Dockerfile", "1"),
            ("images/a/below/file", "1"),
        ] {
            put(folder.path(), path, text);
        }
        symlink("/nowhere", folder.path().join("images/a/link")).unwrap();
        commit(&repository, 100, &[]);
        (folder, repository)
    }

    #[test]
    fn whatever_a_builder_sees_is_compared() {
        let (folder, _repository) = committed();
        let root = folder.path();
        assert_eq!(apart(root), []);
        for path in ["images/a/ignored", "images/a/below/new", "images/a/empty/x"] {
            put(root, path, "2");
        }
        fs::remove_file(root.join("images/a/empty/x")).unwrap();
        let found = vec![
            ("below/new".to_owned(), How::New),
            ("empty".to_owned(), How::New),
            ("ignored".to_owned(), How::Ignored),
        ];
        assert_eq!(apart(root), found);
        put(root, "images/a/.dockerignore", "ignored\nempty\nbelow\n");
        assert_eq!(apart(root), one(".dockerignore", How::New));
        for path in [".dockerignore", "ignored", "below/new"] {
            fs::remove_file(root.join("images/a").join(path)).unwrap();
        }
        fs::remove_dir(root.join("images/a/empty")).unwrap();
        assert_eq!(apart(root), []);
        fs::remove_file(root.join("images/a/below/file")).unwrap();
        assert_eq!(apart(root), [("below".into(), How::Differs), ("below/file".into(), How::Gone)]);
        put(root, "images/a/below/file", "1");
        fs::set_permissions(root.join("images/a/below/file"), fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(apart(root), one("below/file", How::Differs));
        fs::set_permissions(root.join("images/a/below/file"), fs::Permissions::from_mode(0o644)).unwrap();
        fs::remove_file(root.join("images/a/link")).unwrap();
        symlink("/elsewhere", root.join("images/a/link")).unwrap();
        assert_eq!(apart(root), one("link", How::Differs));
    }

    #[test]
    fn the_declarations_are_compared_too() {
        let (folder, _repository) = committed();
        let root = folder.path();
        put(root, "pins.toml", "2");
        assert_eq!(apart(root), one("pins.toml", How::Differs));
        fs::remove_file(root.join("pins.toml")).unwrap();
        assert_eq!(apart(root), one("pins.toml", How::Gone));
        put(root, "pins.toml", "1");
        // A root below the top of the work tree.
        let below = root.join("images");
        put(&below, "images/a/Dockerfile", "1");
        put(&below, "pins.toml", "1");
        let found = of(&below, "images/a", &["pins.toml"]).unwrap().apart;
        let expected = ["pins.toml", "images/a/Dockerfile"];
        assert_eq!(found.iter().map(|apart| apart.path.as_str()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_git_was_told_to_assume_is_looked_at() {
        let (folder, repository) = committed();
        let root = folder.path();
        let flag = |valid, extended| {
            let mut index = repository.index().unwrap();
            let path = Path::new("images/a/below/file");
            let mut entry = index.get_path(path, 0).unwrap();
            (entry.flags, entry.flags_extended) = (entry.flags | valid, entry.flags_extended | extended);
            index.add(&entry).unwrap();
            index.write().unwrap();
        };
        put(root, "images/a/below/file", "2");
        for (valid, extended) in
            [(git2::IndexEntryFlag::VALID.bits(), 0), (0, git2::IndexEntryExtendedFlag::SKIP_WORKTREE.bits())]
        {
            flag(valid, extended);
            assert_eq!(apart(root), one("below/file", How::Differs));
        }
        // Where git rewrites files, too.
        put(root, ".git/info/attributes", "* text eol=crlf\n");
        assert_eq!(apart(root), one("below/file", How::Differs));
    }

    #[test]
    fn a_file_that_git_rewrites_is_the_same() {
        let (folder, repository) = committed();
        let root = folder.path();
        put(root, "images/a/below/file", "1\n");
        let head = repository.head().unwrap().target().unwrap();
        commit(&repository, 200, &[head]);
        put(root, ".git/info/attributes", "* text eol=crlf\n");
        fs::remove_file(root.join("images/a/below/file")).unwrap();
        repository.checkout_head(Some(git2::build::CheckoutBuilder::new().force())).unwrap();
        assert_eq!(fs::read(root.join("images/a/below/file")).unwrap(), b"1\r\n");
        assert_eq!(apart(root), []);
        put(root, "images/a/below/file", "2\r\n");
        assert_eq!(apart(root), one("below/file", How::Differs));
    }

    #[test]
    fn the_files_of_another_repository_are_in_no_commit_here() {
        let (folder, repository) = committed();
        let root = folder.path();
        Repository::init(root.join("images/a/inner")).unwrap();
        put(root, "images/a/inner/file", "1");
        assert!(apart(root).iter().all(|(_, how)| *how == How::Foreign));
        assert!(apart(root).iter().any(|(path, _)| path == "inner/file"));
        fs::remove_dir_all(root.join("images/a/inner")).unwrap();
        // A folder that is a link: what it leads to is elsewhere.
        fs::rename(root.join("images/a"), root.join("b")).unwrap();
        symlink("../b", root.join("images/a")).unwrap();
        assert_eq!(apart(root), [], "all is as it is in the commit");
        let head = repository.head().unwrap().target().unwrap();
        commit(&repository, 200, &[head]);
        assert!(apart(root).iter().any(|(path, _)| path == "Dockerfile"));
    }
}
