//! The files of a folder: what git tracks there, and what it would not ignore.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::index::tracked_and_ignored;
use super::{File, MAX_FILE, Tree, TreeError, Visit, Want, Wanted, covers, discover, is_binary};

/// The files of a folder.
pub struct WorkTree {
    root: PathBuf,
}

impl WorkTree {
    /// The files below `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The path of an entry, relative to the root; `None` for the root itself.
    fn relative(&self, path: &Path) -> Option<String> {
        let relative = path.strip_prefix(&self.root).ok()?.to_string_lossy();
        let relative = relative.trim_start_matches("./");
        (!relative.is_empty()).then(|| relative.to_owned())
    }

    fn visit(
        &self,
        path: &Path,
        is_link: bool,
        wanted: &Wanted<'_>,
        visit: &Visit<'_>,
        buffer: &mut Vec<u8>,
    ) {
        let Some(name) = self.relative(path) else { return };
        let want = wanted(&name);
        if want == Want::Nothing {
            return;
        }
        if is_link && !self.leads_to_a_file_here(path) {
            if want == Want::Whole && fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
                visit(&name, File::Unreadable("it is a link that leads out of the repository".into()));
            }
            return;
        }
        match read_into(path, want, buffer) {
            Ok(true) => visit(&name, File::Bytes(buffer)),
            Ok(false) => {}
            Err(error) => visit(&name, File::Unreadable(error.to_string())),
        }
    }

    fn leads_to_a_file_here(&self, path: &Path) -> bool {
        let within = || {
            let (target, root) = (fs::canonicalize(path).ok()?, fs::canonicalize(&self.root).ok()?);
            (target.starts_with(root) && target.is_file()).then_some(())
        };
        within().is_some()
    }

    /// Takes an entry of the walk. A folder that is another repository is not entered.
    fn entry(
        &self,
        entry: &DirEntry,
        wanted: &Wanted<'_>,
        visit: &Visit<'_>,
        buffer: &mut Vec<u8>,
    ) -> WalkState {
        match entry.file_type() {
            // At the root it is this repository, however it is checked out.
            Some(kind) if kind.is_dir() && entry.depth() > 0 && entry.path().join(".git").exists() => {
                if let Some(name) = self.relative(entry.path()) {
                    visit(&name, File::Submodule);
                }
                return WalkState::Skip;
            }
            Some(kind) if kind.is_file() || kind.is_symlink() => {
                self.visit(entry.path(), kind.is_symlink(), wanted, visit, buffer);
            }
            _ => {}
        }
        WalkState::Continue
    }
}

impl Tree for WorkTree {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, TreeError> {
        let full = self.root.join(path);
        match read_regular(&full) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(error) => Err(TreeError::Io(full, error)),
        }
    }

    fn folders(&self, path: &str) -> Result<Vec<String>, TreeError> {
        let folder = self.root.join(path);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(TreeError::Io(folder, error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| TreeError::Io(folder.clone(), error))?;
            // A link that leads nowhere, or in a circle, is no folder either.
            if entry.path().is_dir() {
                names.extend(entry.file_name().to_str().map(str::to_owned));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    fn each(&self, within: &[String], wanted: &Wanted<'_>, visit: &Visit<'_>) -> Result<(), TreeError> {
        let mut starts = within.iter().map(|path| self.root.join(path));
        let mut walk = WalkBuilder::new(starts.next().unwrap_or_else(|| self.root.clone()));
        for start in starts {
            walk.add(start);
        }
        // What git ignores by the repository's own files; a person's own, or those of the folders that the repository
        // lies in, would change what another one sees.
        let in_git = discover(&self.root)?.is_some();
        walk.hidden(false).ignore(false).git_global(false).follow_links(false);
        walk.require_git(in_git).parents(in_git);
        walk.filter_entry(|entry| entry.file_name() != ".git");
        let failed = |path: Option<PathBuf>, why: String| {
            let name = path.and_then(|path| self.relative(&path)).unwrap_or_else(|| ".".to_owned());
            visit(&name, File::Unreadable(why));
        };
        walk.build_parallel().run(|| {
            let mut buffer = Vec::new();
            Box::new(move |entry| match entry {
                Ok(entry) => self.entry(&entry, wanted, visit, &mut buffer),
                Err(error) => {
                    failed(path_of(&error), error.to_string());
                    WalkState::Continue
                }
            })
        });
        let mut buffer = Vec::new();
        tracked_and_ignored(&self.root, |path| {
            let full = self.root.join(path);
            let named = within.iter().any(|start| start == path);
            if let Some(kind) = fs::symlink_metadata(&full).ok().filter(|_| covers(within, path) && !named) {
                self.visit(&full, kind.is_symlink(), wanted, visit, &mut buffer);
            }
        })
    }
}

fn path_of(error: &ignore::Error) -> Option<PathBuf> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path.clone()),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        _ => None,
    }
}

/// Reads a file into a buffer that is used again; whether it is to be looked at.
/// The bytes of a file. What never ends, or is larger than anything that is read whole, is refused.
fn read_regular(path: &Path) -> io::Result<Vec<u8>> {
    const LARGEST: u64 = 256 << 20;
    let data = fs::metadata(path)?;
    let why = match data.is_file() {
        false => "it is not a regular file",
        true if data.len() > LARGEST => "it is too large to be read",
        true => return fs::read(path),
    };
    Err(io::Error::new(io::ErrorKind::InvalidData, why))
}

fn read_into(path: &Path, want: Want, buffer: &mut Vec<u8>) -> io::Result<bool> {
    buffer.clear();
    let mut file = fs::File::open(path)?;
    // Room for all of it, so that one read brings it and a second one finds its end.
    let length = file.metadata()?.len().min(MAX_FILE);
    buffer.reserve(usize::try_from(length).unwrap_or_default() + 1);
    if want == Want::Text {
        // Most of a large binary file need not be read to tell.
        (&mut file).take(8000).read_to_end(buffer)?;
        if is_binary(buffer) {
            return Ok(false);
        }
    }
    let limit = MAX_FILE + 1 - buffer.len() as u64;
    file.take(limit).read_to_end(buffer)?;
    if buffer.len() as u64 > MAX_FILE {
        let message = format!("it has more than {} MiB", MAX_FILE >> 20);
        return if want == Want::Text { Ok(false) } else { Err(io::Error::other(message)) };
    }
    Ok(true)
}
