//! What a builder sees of a folder that it is given: every file in it, whatever git makes of it, but for what its
//! `.dockerignore` excludes. Where builders read other files than that one, or read it each in its own way, nothing is
//! taken to be excluded.

use std::collections::BTreeMap;
use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};

use super::TreeError;
use super::dockerignore::Excluded;

/// The file that says what a builder does not see.
const IGNORE: &str = ".dockerignore";

/// Files that count instead of it for some builders, beside a Dockerfile that is in the folder.
const OTHERS: [&str; 3] = [".containerignore", "Dockerfile.dockerignore", "Dockerfile.containerignore"];

/// What a builder sees of a folder.
#[derive(Clone, Debug)]
pub struct Context {
    folder: String,
    entries: BTreeMap<String, Entry>,
    /// What a builder reads whatever is excluded, from the root.
    read: Vec<String>,
    ignore_file: Option<String>,
    excluded: Excluded,
}

/// One thing in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file, and whether its owner may execute it.
    File {
        /// Whether it is a program.
        program: bool,
    },
    /// A link, which is not followed, to this.
    Link(String),
    /// A folder with nothing in it.
    Folder,
    /// A pipe, a socket or a device.
    Other,
}

impl Context {
    /// Looks at `folder` for the build of `dockerfile`; both are paths below `root`, and an empty one is the root itself.
    /// Where it `shows` all, a builder sees what is excluded as well.
    pub fn of(root: &Path, folder: &str, dockerfile: &str, shows: bool) -> Result<Self, TreeError> {
        let is_inside = above(dockerfile) == folder;
        let ignore_file = if is_inside { inside(root, folder) } else { outside(root, folder, dockerfile) };
        // What is behind it would be read, and is not in the folder.
        let outside = (!is_inside).then_some(dockerfile).into_iter().chain(ignore_file.as_deref());
        outside.map(|path| root.join(path)).try_for_each(refuse_link)?;
        let excluded = match &ignore_file {
            Some(path) if !shows => Excluded::of(&root.join(path))?,
            _ => Excluded::default(),
        };
        let mut context = Self {
            folder: folder.to_owned(),
            entries: BTreeMap::new(),
            read: [Some(dockerfile.to_owned()), ignore_file.clone()].into_iter().flatten().collect(),
            ignore_file: ignore_file.filter(|_| !is_inside),
            excluded,
        };
        let failed = |(path, error)| TreeError::Io(path, error);
        context.walk(&root.join(folder), "").map_err(failed)?;
        for path in context.read.clone() {
            if let Ok(found) = root.join(&path).symlink_metadata() {
                context.take(&root.join(&path), path, found.file_type()).map_err(failed)?;
            }
        }
        Ok(context)
    }

    /// The folder, from the root.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// The file that says what is excluded, from the root, where not every builder finds it by itself.
    pub fn ignore_file(&self) -> Option<&str> {
        self.ignore_file.as_deref()
    }

    /// What a builder reads whatever is excluded, from the root: the Dockerfile, and what says what is excluded.
    pub fn read(&self) -> &[String] {
        &self.read
    }

    /// Everything in it but folders that have something in them, by its path from the root.
    pub fn entries(&self) -> &BTreeMap<String, Entry> {
        &self.entries
    }

    /// A path in the folder, from the root.
    pub(super) fn path(&self, below: &str) -> String {
        join(&self.folder, below)
    }

    /// Whether a builder would see something at this path from the root.
    pub fn covers(&self, path: &str) -> bool {
        let below = match self.folder.as_str() {
            "" => Some(path),
            folder => path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')),
        };
        self.reads(path) || below.is_some_and(|below| !self.excluded.covers(below))
    }

    /// Whether it would see nothing in a folder, by its path from the root.
    pub(super) fn is_closed(&self, path: &str) -> bool {
        let below = path.strip_prefix(self.folder.as_str()).unwrap_or(path).trim_start_matches('/');
        let above = format!("{path}/");
        self.excluded.covers(below)
            && !self.excluded.keeps_below(below)
            && !self.read.iter().any(|read| read.starts_with(&above))
    }

    fn reads(&self, path: &str) -> bool {
        self.read.iter().any(|read| read == path)
    }

    /// Takes in what is below a folder; whether there is anything.
    fn walk(&mut self, folder: &Path, below: &str) -> Result<bool, (PathBuf, io::Error)> {
        let wrong = |error| (folder.to_path_buf(), error);
        let mut any = false;
        for entry in fs::read_dir(folder).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let below = join(below, &name);
            let from_root = self.path(&below);
            let kind = entry.file_type().map_err(|error| (path.clone(), error))?;
            if kind.is_dir() {
                if self.is_closed(&from_root) {
                    continue;
                }
                if self.walk(&path, &below)? {
                    any = true;
                    continue;
                }
            }
            if self.covers(&from_root) {
                self.take(&path, from_root, kind)?;
                any = true;
            }
        }
        Ok(any)
    }

    /// Takes in what is at a path.
    fn take(&mut self, path: &Path, from_root: String, kind: FileType) -> Result<(), (PathBuf, io::Error)> {
        let wrong = |error| (path.to_path_buf(), error);
        let found = match kind {
            kind if kind.is_dir() => Entry::Folder,
            kind if kind.is_symlink() => {
                Entry::Link(fs::read_link(path).map_err(wrong)?.to_string_lossy().into_owned())
            }
            kind if kind.is_file() => {
                Entry::File { program: is_program(&path.symlink_metadata().map_err(wrong)?) }
            }
            _ => Entry::Other,
        };
        self.entries.insert(from_root, found);
        Ok(())
    }
}

/// Builders do not follow the same links.
fn refuse_link(path: PathBuf) -> Result<(), TreeError> {
    let is_link = path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    let why = "it is a symbolic link, and builders differ in what they make of it: put the file in its place";
    if is_link { Err(TreeError::Io(path, io::Error::other(why))) } else { Ok(()) }
}

/// What says what is excluded, where the Dockerfile is in the folder.
fn inside(root: &Path, folder: &str) -> Option<String> {
    let is_there = |name: &str| root.join(folder).join(name).symlink_metadata().is_ok();
    (is_there(IGNORE) && !OTHERS.iter().any(|other| is_there(other))).then(|| join(folder, IGNORE))
}

/// The same where it is elsewhere: a file for this Dockerfile alone, or one for the folder.
fn outside(root: &Path, folder: &str, dockerfile: &str) -> Option<String> {
    let files = [format!("{dockerfile}{IGNORE}"), join(folder, IGNORE)];
    files.into_iter().find(|path| root.join(path).symlink_metadata().is_ok())
}

/// The folder of a file.
fn above(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(above, _)| above)
}

/// A path below a folder, whose own may be empty.
fn join(folder: &str, below: &str) -> String {
    if folder.is_empty() { below.to_owned() } else { format!("{folder}/{below}") }
}

#[cfg(unix)]
fn is_program(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
}

#[cfg(not(unix))]
fn is_program(_: &fs::Metadata) -> bool {
    false
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn everything_counts_that_is_not_excluded() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().join("images/a");
        for path in [".git", "empty", "logs", "target/deep"] {
            fs::create_dir_all(top.join(path)).unwrap();
        }
        for path in [".gitignore", ".git/config", "Dockerfile", "logs/x.log", "run", "target/deep/x"] {
            fs::write(top.join(path), "*").unwrap();
        }
        fs::set_permissions(top.join("run"), fs::Permissions::from_mode(0o755)).unwrap();
        symlink("/nowhere", top.join("link")).unwrap();
        let seen = |ignore: &str| -> Vec<(String, Entry)> {
            fs::write(top.join(IGNORE), ignore).unwrap();
            let context = Context::of(folder.path(), "images/a", "images/a/Dockerfile", false).unwrap();
            let strip = |path: &str| path.strip_prefix("images/a/").unwrap().to_owned();
            context.entries().iter().map(|(path, entry)| (strip(path), entry.clone())).collect()
        };
        let file = |path: &str| (path.to_owned(), Entry::File { program: false });
        let some = |more: &[(String, Entry)]| {
            let mut all = vec![
                file(IGNORE),
                file(".git/config"),
                file(".gitignore"),
                file("Dockerfile"),
                ("empty".into(), Entry::Folder),
                ("link".into(), Entry::Link("/nowhere".into())),
                ("run".into(), Entry::File { program: true }),
            ];
            all.extend_from_slice(more);
            all.sort_by(|one, other| one.0.cmp(&other.0));
            all
        };
        assert_eq!(seen(""), some(&[file("logs/x.log"), file("target/deep/x")]));
        assert_eq!(seen("target\nlogs/*"), some(&[("logs".into(), Entry::Folder)]));
        assert_eq!(seen("target\nlogs\n!target/deep/x"), some(&[file("target/deep/x")]));
        let context = Context::of(folder.path(), "images/a", "images/a/Dockerfile", false).unwrap();
        assert!(context.covers("images/a/gone") && !context.covers("images/a/logs/y"));
        assert!(!context.covers("images/ab"));
        fs::write(top.join("Dockerfile.dockerignore"), "").unwrap();
        assert!(seen("target\nlogs").contains(&file("logs/x.log")), "that one is not read by every builder");
    }

    #[test]
    fn all_of_the_root_counts_but_for_what_the_dockerfile_excludes() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["images/a", "src/deep", "target"] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        for path in ["images/a/Dockerfile", "images/a/image.toml", "src/deep/x", "target/x", "Dockerfile"] {
            fs::write(root.join(path), "x").unwrap();
        }
        let seen = || {
            let context = Context::of(root, "", "images/a/Dockerfile", false).unwrap();
            let paths: Vec<String> = context.entries().keys().cloned().collect();
            (paths.join(" "), context.ignore_file().map(str::to_owned))
        };
        let all = "Dockerfile images/a/Dockerfile images/a/image.toml src/deep/x target/x";
        assert_eq!(seen(), (all.into(), None));
        fs::write(root.join(IGNORE), "target\nimages\n").unwrap();
        let some = ".dockerignore Dockerfile images/a/Dockerfile src/deep/x";
        assert_eq!(seen(), (some.into(), Some(IGNORE.into())));
        let own = "images/a/Dockerfile.dockerignore";
        fs::write(root.join(own), "*\n!src").unwrap();
        assert_eq!(seen(), (format!("images/a/Dockerfile {own} src/deep/x"), Some(own.into())));
        let context = Context::of(root, "", "images/a/Dockerfile", false).unwrap();
        assert!(context.covers("src/gone") && context.covers(own) && !context.covers("images/a/image.toml"));
        assert!(context.is_closed("target") && !context.is_closed("images/a") && !context.is_closed("src"));
        let shown = Context::of(root, "", "images/a/Dockerfile", true).unwrap();
        assert!(shown.covers("target/x") && shown.entries().contains_key("target/x"));
        for file in ["images/a/Dockerfile", own] {
            fs::rename(root.join(file), root.join("src/behind")).unwrap();
            symlink("../../src/behind", root.join(file)).unwrap();
            let refused = Context::of(root, "", "images/a/Dockerfile", false).unwrap_err().to_string();
            assert!(refused.contains(file) && refused.contains("symbolic link"), "{refused}");
            fs::remove_file(root.join(file)).unwrap();
            fs::rename(root.join("src/behind"), root.join(file)).unwrap();
        }
    }
}
