//! A file scanned as a part of its repository: with the platforms that its image is built for, and with what the
//! arguments that it sets make of the Dockerfiles that it builds.

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::document::SourceFile;
use crate::scan::{self, Reference, Scan};
use crate::tree::Tree;

/// A file and what it names.
pub struct Scanned {
    /// Its text, whose offsets are those of its bytes but for a byte order mark.
    pub file: Arc<SourceFile>,
    /// What it names.
    pub scan: Scan,
}

impl Scanned {
    /// Scans a file's bytes.
    pub fn new(tree: &dyn Tree, catalog: &Catalog, path: &str, bytes: &[u8]) -> Self {
        let file = SourceFile::from_bytes(path, bytes.to_vec());
        let scan = scan_text(tree, catalog, path, &file.text);
        Self { file, scan }
    }

    /// The line of an offset, from 1.
    pub fn line(&self, at: usize) -> usize {
        self.file.position(at).0
    }
}

/// What a text would name as the file at a path.
pub fn scan_text(tree: &dyn Tree, catalog: &Catalog, path: &str, text: &str) -> Scan {
    let its = catalog.images.values().find(|image| image.dockerfile.path == path);
    let platforms: Vec<String> =
        its.iter().flat_map(|image| &image.platforms).map(ToString::to_string).collect();
    let mut scan = scan::scan_for(path, text, &platforms);
    let more = set_by_builds(tree, path, &scan);
    scan.references.extend(more);
    scan
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
