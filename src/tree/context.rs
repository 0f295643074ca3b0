//! What a builder sees of a folder that it is given: every file in it, whatever git makes of it, but for what its
//! `.dockerignore` excludes. Where builders read other files than that one, or read it each in its own way, nothing is
//! taken to be excluded.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use globset::{GlobBuilder, GlobMatcher};

use super::TreeError;

/// The file that says what a builder does not see.
const IGNORE: &str = ".dockerignore";

/// Files that count instead of it for some builders.
const OTHERS: [&str; 3] = [".containerignore", "Dockerfile.dockerignore", "Dockerfile.containerignore"];

/// What a builder reads whatever is excluded.
const READ: [&str; 2] = ["Dockerfile", IGNORE];

/// What a builder sees of a folder.
#[derive(Clone, Debug)]
pub struct Context {
    folder: String,
    entries: BTreeMap<String, Entry>,
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
    /// Looks at `folder` below `root`.
    pub fn of(root: &Path, folder: &str) -> Result<Self, TreeError> {
        let top = root.join(folder);
        let excluded = Excluded::of(&top)?;
        let mut context = Self { folder: folder.to_owned(), entries: BTreeMap::new(), excluded };
        context.walk(&top, "").map_err(|(path, error)| TreeError::Io(path, error))?;
        Ok(context)
    }

    /// The folder, from the root.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// Everything in it but folders that have something in them, by its path from the root.
    pub fn entries(&self) -> &BTreeMap<String, Entry> {
        &self.entries
    }

    /// Whether a builder would see something at this path from the root.
    pub fn covers(&self, path: &str) -> bool {
        let below = path.strip_prefix(self.folder.as_str()).and_then(|rest| rest.strip_prefix('/'));
        below.is_some_and(|below| !self.excluded.covers(below))
    }

    /// Takes in what is below a folder; whether there is anything.
    fn walk(&mut self, folder: &Path, below: &str) -> Result<bool, (std::path::PathBuf, io::Error)> {
        let wrong = |error| (folder.to_path_buf(), error);
        let mut any = false;
        for entry in fs::read_dir(folder).map_err(wrong)? {
            let entry = entry.map_err(wrong)?;
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let below = if below.is_empty() { name } else { format!("{below}/{name}") };
            let is_excluded = self.excluded.covers(&below);
            let wrong = |error| (path.clone(), error);
            let kind = entry.file_type().map_err(wrong)?;
            if kind.is_dir() {
                if is_excluded && !self.excluded.has_exceptions() {
                    continue;
                }
                if self.walk(&path, &below)? {
                    any = true;
                    continue;
                }
            }
            if is_excluded {
                continue;
            }
            let found = match kind {
                kind if kind.is_dir() => Entry::Folder,
                kind if kind.is_symlink() => {
                    Entry::Link(fs::read_link(&path).map_err(wrong)?.to_string_lossy().into_owned())
                }
                kind if kind.is_file() => {
                    Entry::File { program: is_program(&entry.metadata().map_err(wrong)?) }
                }
                _ => Entry::Other,
            };
            self.entries.insert(format!("{}/{below}", self.folder), found);
            any = true;
        }
        Ok(any)
    }
}

#[cfg(unix)]
fn is_program(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
}

#[cfg(not(unix))]
fn is_program(_: &fs::Metadata) -> bool {
    false
}

/// The patterns of a `.dockerignore`, in its order. The last that covers a path decides.
#[derive(Clone, Debug, Default)]
struct Excluded(Vec<Pattern>);

#[derive(Clone, Debug)]
struct Pattern {
    glob: GlobMatcher,
    /// Whether it is an exception from those before it.
    keeps: bool,
}

impl Excluded {
    fn of(folder: &Path) -> Result<Self, TreeError> {
        let path = folder.join(IGNORE);
        if OTHERS.iter().any(|other| folder.join(other).symlink_metadata().is_ok()) {
            return Ok(Self::default());
        }
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self::read(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(TreeError::Io(path, error)),
        }
    }

    /// Of a file with a pattern that is not understood, nothing counts.
    fn read(text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = text.lines().filter(|line| !line.starts_with('#')).map(str::trim);
        let patterns = lines.filter(|line| !line.is_empty()).map(Pattern::read);
        Self(patterns.collect::<Option<Vec<_>>>().unwrap_or_default())
    }

    fn has_exceptions(&self) -> bool {
        self.0.iter().any(|pattern| pattern.keeps)
    }

    /// Whether a builder does not see a path. What covers a folder covers all that is in it.
    fn covers(&self, path: &str) -> bool {
        if READ.contains(&path) {
            return false;
        }
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        let above: Vec<&str> = ends.map(|end| &path[..end]).collect();
        let matching = |pattern: &&Pattern| above.iter().any(|path| pattern.glob.is_match(path));
        self.0.iter().rev().find(matching).is_some_and(|pattern| !pattern.keeps)
    }
}

impl Pattern {
    /// A pattern that all builders read alike.
    fn read(line: &str) -> Option<Self> {
        let (text, keeps) = match line.strip_prefix('!') {
            Some(rest) => (rest.trim(), true),
            None => (line, false),
        };
        let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let is_plain = |part: &&str| *part == "**" || (*part != ".." && !part.contains("**"));
        if parts.is_empty() || text.contains(['[', ']', '{', '}', '\\']) || !parts.iter().all(is_plain) {
            return None;
        }
        let glob = GlobBuilder::new(&parts.join("/")).literal_separator(true).build().ok()?;
        Some(Self { glob: glob.compile_matcher(), keeps })
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn covered(text: &str, path: &str) -> bool {
        Excluded::read(text).covers(path)
    }

    #[test]
    fn patterns_are_read_as_builders_read_them() {
        for (text, path) in [
            ("target", "target"),
            ("target", "target/a/b"),
            ("/target/", "target/a"),
            ("./a//b", "a/b"),
            ("*.log", "x.log"),
            ("*", ".hidden"),
            ("**/*.log", "x.log"),
            ("**/*.log", "a/b/x.log"),
            ("a/**", "a/b/c"),
            ("a/?", "a/b"),
            ("*/b", "a/b/c"),
            ("*\n!a\nb", "b"),
            ("\u{feff}a", "a"),
            ("  a  ", "a"),
        ] {
            assert!(covered(text, path), "{text}: {path}");
        }
        for (text, path) in [
            ("target", "a/target"),
            ("*.log", "a/x.log"),
            ("# target", "# target"),
            ("a/**", "a"),
            ("*\n!a", "a/b"),
            ("a\n!a/b", "a/b/c"),
            // buildah sees less.
            ("*\n!**/*.log", "a/x.log"),
            ("*", "Dockerfile"),
            ("*", ".dockerignore"),
            // Not all read these alike.
            ("a\n[b]", "a"),
            ("a\nb**", "a"),
            ("a\n../b", "a"),
            ("a\n{b,c}", "a"),
            ("a\n\\!b", "a"),
        ] {
            assert!(!covered(text, path), "{text}: {path}");
        }
    }

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
            let context = Context::of(folder.path(), "images/a").unwrap();
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
        let context = Context::of(folder.path(), "images/a").unwrap();
        assert!(context.covers("images/a/gone") && !context.covers("images/a/logs/y"));
        assert!(!context.covers("images/ab"));
        fs::write(top.join("Dockerfile.dockerignore"), "").unwrap();
        assert!(seen("target\nlogs").contains(&file("logs/x.log")), "that one is not read by every builder");
    }
}
