//! Files that git tracks although it ignores them: a build sees them, so the gate must.
//!
//! The index is read as a stream (gitformat-index(5), versions 2 to 4), in the order of its paths, with the
//! `.gitignore` files of the folders on the way.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use git2::Repository;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::{TreeError, discover};

/// Longer than any path that a file system takes.
const MAX_PATH: u64 = 64 << 10;

/// Names every file below `root` that is tracked and ignored, relative to it.
pub(super) fn tracked_and_ignored(root: &Path, mut found: impl FnMut(&str)) -> Result<(), TreeError> {
    let Some(repository) = discover(root)? else {
        return Ok(());
    };
    let Some(top) = repository.workdir().and_then(|top| std::fs::canonicalize(top).ok()) else {
        return Ok(());
    };
    let root = std::fs::canonicalize(root).map_err(|error| TreeError::Io(root.into(), error))?;
    let Ok(prefix) = root.strip_prefix(&top) else {
        return Ok(());
    };
    let prefix = prefix.to_string_lossy().into_owned();
    let path = repository.path().join("index");
    let entries = match Entries::open(&path, id_length(&repository)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(TreeError::Io(path, error)),
    };
    let mut ignores = Ignores::new(&top, &repository.path().join("info/exclude"));
    for entry in entries {
        let entry = entry.map_err(|error| TreeError::Io(path.clone(), error))?;
        let Some(rest) = below(&entry, &prefix) else { continue };
        if ignores.covers(&entry) {
            found(rest);
        }
    }
    Ok(())
}

fn below<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    match prefix {
        "" => Some(path),
        prefix => path.strip_prefix(prefix)?.strip_prefix('/'),
    }
}

/// The length of an object id in the repository's format.
fn id_length(repository: &Repository) -> usize {
    let format = repository.config().and_then(|config| config.get_string("extensions.objectformat"));
    if format.is_ok_and(|format| format.eq_ignore_ascii_case("sha256")) { 32 } else { 20 }
}

/// The paths of an index.
struct Entries {
    input: BufReader<File>,
    version: u32,
    left: u32,
    id_length: usize,
    previous: Vec<u8>,
}

impl Entries {
    fn open(path: &Path, id_length: usize) -> io::Result<Self> {
        let mut input = BufReader::new(File::open(path)?);
        let mut header = [0; 12];
        input.read_exact(&mut header)?;
        let number =
            |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        if &header[..4] != b"DIRC" || !(2..=4).contains(&number(4)) {
            return Err(wrong("it is no index of a version from 2 to 4"));
        }
        Ok(Self { input, version: number(4), left: number(8), id_length, previous: Vec::new() })
    }

    /// 40 bytes of file status, the object's id, 2 bytes of flags and in some 2 more, the path.
    fn read(&mut self) -> io::Result<String> {
        let mut fixed = [0; 74];
        let fixed = &mut fixed[..42 + self.id_length];
        self.input.read_exact(fixed)?;
        let mut length = fixed.len();
        let extended = fixed.get(length - 2).is_some_and(|flags| flags & 0x40 != 0);
        if extended {
            self.input.read_exact(&mut [0; 2])?;
            length += 2;
        }
        if self.version == 4 {
            let strip = self.offset()?;
            let keep =
                self.previous.len().checked_sub(strip).ok_or_else(|| wrong("a path is cut off too far"))?;
            self.previous.truncate(keep);
        } else {
            self.previous.clear();
        }
        let start = self.previous.len();
        (&mut self.input).take(MAX_PATH).read_until(0, &mut self.previous)?;
        if self.previous.pop() != Some(0) {
            return Err(wrong("a path does not end"));
        }
        if self.version < 4 {
            // From one to eight zeros bring an entry to a multiple of eight bytes.
            let whole = length + self.previous.len() - start + 1;
            let padding = whole.next_multiple_of(8) - whole;
            self.input.read_exact(&mut [0; 8][..padding])?;
        }
        Ok(String::from_utf8_lossy(&self.previous).into_owned())
    }

    /// A number as in the offsets of a pack.
    fn offset(&mut self) -> io::Result<usize> {
        let mut value = 0_usize;
        for _ in 0..9 {
            let mut byte = [0];
            self.input.read_exact(&mut byte)?;
            value = (value << 7) | usize::from(byte[0] & 0x7f);
            if byte[0] & 0x80 == 0 {
                return Ok(value);
            }
            value += 1;
        }
        Err(wrong("a number does not end"))
    }
}

impl Iterator for Entries {
    type Item = io::Result<String>;

    fn next(&mut self) -> Option<io::Result<String>> {
        self.left = self.left.checked_sub(1)?;
        let entry = self.read();
        if entry.is_err() {
            self.left = 0;
        }
        Some(entry)
    }
}

fn wrong(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// The patterns that apply to a folder: its own, and those of the folders above it.
struct Ignores {
    top: PathBuf,
    exclude: Gitignore,
    /// The folders on the way to the last path, each with its patterns and whether it is ignored as a whole.
    folders: Vec<(String, Gitignore, bool)>,
}

impl Ignores {
    fn new(top: &Path, exclude: &Path) -> Self {
        let mut builder = GitignoreBuilder::new(top);
        // A file that is not there holds no patterns.
        let _ = builder.add(exclude);
        let exclude = builder.build().unwrap_or_else(|_| Gitignore::empty());
        let mut ignores = Self { top: top.into(), exclude, folders: Vec::new() };
        ignores.push(String::new(), false);
        ignores
    }

    fn push(&mut self, folder: String, ignored: bool) {
        let (patterns, _) = Gitignore::new(self.top.join(&folder).join(".gitignore"));
        self.folders.push((folder, patterns, ignored));
    }

    /// Whether a file is ignored. Paths must come in the order of the index.
    fn covers(&mut self, path: &str) -> bool {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_above = |above: &str| {
            above.is_empty()
                || folder == above
                || folder.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
        };
        while self.folders.last().is_some_and(|(last, ..)| !is_above(last)) {
            self.folders.pop();
        }
        let known = self.folders.last().map_or(0, |(last, ..)| last.len());
        let ends = folder.match_indices('/').map(|(at, _)| at).chain([folder.len()]);
        for end in ends.filter(|end| *end > known) {
            let ignored = self.last_is_ignored() || self.matches(&folder[..end], true);
            self.push(folder[..end].to_owned(), ignored);
        }
        self.last_is_ignored() || self.matches(path, false)
    }

    fn last_is_ignored(&self) -> bool {
        self.folders.last().is_some_and(|(.., ignored)| *ignored)
    }

    /// The patterns of the nearest folder that has one for the path decide.
    fn matches(&self, path: &str, is_folder: bool) -> bool {
        let full = self.top.join(path);
        let all = self.folders.iter().rev().map(|(_, patterns, _)| patterns).chain([&self.exclude]);
        let decided = all.map(|patterns| patterns.matched(&full, is_folder)).find(|found| !found.is_none());
        matches!(decided, Some(Match::Ignore(_)))
    }
}
