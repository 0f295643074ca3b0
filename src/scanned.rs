//! A file scanned as a part of its repository: with the platforms that its image is built for, and with what the
//! arguments that it sets make of the Dockerfiles that it builds. What a build names as its Dockerfile is one, whatever it
//! is called.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::catalog::{Catalog, PathGlobs, References};
use crate::document::SourceFile;
use crate::scan::{self, Format, Reference, Scan, dockerfile};
use crate::tree::{File, Tree, TreeError, Want};

/// A file and what it names.
pub struct Scanned {
    /// Its text, whose offsets are those of its bytes but for a byte order mark.
    pub file: Arc<SourceFile>,
    /// What it names.
    pub scan: Scan,
}

impl Scanned {
    /// The line of an offset, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.file.position(at).0
    }
}

/// Scans the files of a repository.
pub struct Scanner<'a> {
    tree: &'a dyn Tree,
    catalog: &'a Catalog,
    ignore: &'a PathGlobs,
    /// Dockerfiles by what builds them, whatever they are called.
    built: BTreeSet<String>,
    /// What the files that were scanned so far build.
    noted: Mutex<BTreeSet<String>>,
}

impl<'a> Scanner<'a> {
    /// Goes by names alone: what builds say is noted on the way, for [`Scanner::overlooked`]. `references` says which
    /// files are left alone.
    pub fn by_names(tree: &'a dyn Tree, catalog: &'a Catalog, references: &'a References) -> Self {
        Self { tree, catalog, ignore: &references.ignore, built: BTreeSet::new(), noted: Mutex::default() }
    }

    /// Finds out first which files are built.
    pub fn new(
        tree: &'a dyn Tree,
        catalog: &'a Catalog,
        references: &'a References,
    ) -> Result<Self, TreeError> {
        let ignore = &references.ignore;
        let built = Mutex::new(BTreeSet::new());
        let wanted = |path: &str| match builds(path) && !ignore.matches(path) {
            true => Want::Whole,
            false => Want::Nothing,
        };
        tree.each(&[], &wanted, &|path, file| {
            let File::Bytes(bytes) = file else { return };
            let file = SourceFile::from_bytes(path, bytes.to_vec());
            let named =
                scan::scan(path, &file.text).builds.into_iter().filter_map(|build| build.path_from(path));
            built.lock().unwrap_or_else(PoisonError::into_inner).extend(named);
        })?;
        let built = built.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Self { tree, catalog, ignore, built, noted: Mutex::default() })
    }

    /// The Dockerfiles that files which were scanned build under names of no Dockerfile. What their comments say was
    /// read with all others.
    pub fn overlooked(&self) -> Vec<Scanned> {
        let noted = std::mem::take(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner));
        let mut found = Vec::new();
        for path in noted {
            let is_known = scan::format(&path) == Some(Format::Dockerfile) || self.built.contains(&path);
            if is_known || self.ignore.matches(&path) {
                continue;
            }
            // One that is not there, or is a folder, is the builder's to complain about.
            if let Ok(Some(bytes)) = self.tree.read(&path) {
                let file = SourceFile::from_bytes(path, bytes);
                let scan = dockerfile::scan(&file.text);
                found.push(Scanned { file, scan });
            }
        }
        found
    }

    /// Whether a file is to be read.
    pub fn wants(&self, path: &str) -> Want {
        match (self.ignore.matches(path), self.format(path).is_some()) {
            (true, _) => Want::Nothing,
            (false, true) => Want::Whole,
            (false, false) => Want::Text,
        }
    }

    /// Whether a file can hold anything that [`Scanner::scan`] would find.
    pub fn may_matter(&self, path: &str, bytes: &[u8]) -> bool {
        self.built.contains(path) || scan::may_matter(path, bytes)
    }

    /// Scans a file's bytes.
    pub fn scan(&self, path: &str, bytes: &[u8]) -> Scanned {
        let file = SourceFile::from_bytes(path, bytes.to_vec());
        let scan = self.scan_text(path, &file.text);
        Scanned { file, scan }
    }

    /// What a text would name as the file at a path.
    pub fn scan_text(&self, path: &str, text: &str) -> Scan {
        let its = self.catalog.images.values().find(|image| image.dockerfile.path == path);
        let platforms: Vec<String> =
            its.iter().flat_map(|image| &image.platforms).map(ToString::to_string).collect();
        let mut scan = scan::scan_as(self.format(path), text, &platforms);
        if !scan.builds.is_empty() {
            let named = scan.builds.iter().filter_map(|build| build.path_from(path));
            self.noted.lock().unwrap_or_else(PoisonError::into_inner).extend(named);
        }
        let more = set_by_builds(self.tree, path, &scan);
        scan.references.extend(more);
        scan
    }

    fn format(&self, path: &str) -> Option<Format> {
        if self.built.contains(path) { Some(Format::Dockerfile) } else { scan::format(path) }
    }
}

/// Whether files of this name can say what is built.
fn builds(path: &str) -> bool {
    matches!(
        scan::format(path),
        Some(Format::Compose | Format::BakeHcl | Format::BakeJson | Format::Workflow | Format::Action)
    )
}

/// What the arguments that a file sets make of the Dockerfiles that it builds.
fn set_by_builds(tree: &dyn Tree, path: &str, scan: &Scan) -> Vec<Reference> {
    let with_arguments = scan.builds.iter().filter(|build| !build.arguments.is_empty());
    let references = with_arguments.flat_map(|build| {
        // A Dockerfile that is not there, or not here, is the builder's to complain about.
        let path = build.path_from(path)?;
        let dockerfile = SourceFile::from_bytes(path.clone(), tree.read(&path).ok()??);
        Some(scan::set_by(build, &dockerfile.text))
    });
    let mut found: Vec<Reference> = Vec::new();
    for reference in references.flatten() {
        // Two images of one Dockerfile may come from the same value.
        if !found.iter().any(|known| known.span == reference.span && known.input == reference.input) {
            found.push(reference);
        }
    }
    found
}
