//! Files that builders and clusters read: what they name of the outside, with byte spans. Pure.
//!
//! [`scan`] looks at a file's name, and where that does not tell at its text, and gives what its scanner found. One
//! file of this folder is one format.

mod chart;
#[cfg(test)]
mod checks;
mod comment;
mod compose;
pub mod dockerfile;
mod format;
mod helm;
mod image;
mod inline;
mod kubernetes;
mod kustomize;
mod parts;
mod reference;
mod scalar;
mod template;
pub mod yaml;
#[cfg(test)]
mod yaml_tests;

use std::collections::BTreeMap;
use std::ops::Range;

pub use comment::{BotComment, Suppression};
pub use format::{Format, of as format};
pub use reference::{
    Bound, Fetch, GitInput, GitSite, ImageInput, Input, Kind, Piece, Reference, Site, Spelled, Unresolved,
};

/// What a scanner found in a file. Spans are bytes of the text that was scanned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// In the order in which they stand; each place once.
    pub references: Vec<Reference>,
    /// The names under which images are built here: they are ours, not outside inputs.
    pub outputs: Vec<Output>,
    /// Builds that set arguments of a Dockerfile.
    pub builds: Vec<Build>,
    /// What could not be read, and why: nothing is silently unchecked.
    pub unread: Vec<Unread>,
    /// Findings that comments suppress.
    pub suppressions: Vec<Suppression>,
    /// What comments to another bot follow.
    pub bots: Vec<BotComment>,
}

/// A name under which an image is built or pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// `repository[:tag]`, as written.
    pub name: String,
    /// Where.
    pub span: Range<usize>,
}

/// A build of a Dockerfile by a Compose file or a bake file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Build {
    /// The Dockerfile, relative to the folder of the file that builds it.
    pub dockerfile: String,
    /// The arguments it sets, with the places of their values.
    pub arguments: Vec<(String, Spelled)>,
    /// The platforms it is built for, as written.
    pub platforms: Vec<String>,
}

/// A part of a file that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Where.
    pub span: Range<usize>,
    /// Why, and what that leaves unchecked.
    pub why: String,
}

impl Build {
    /// The Dockerfile's path, where `path` is that of the file that builds it.
    pub fn path_from(&self, path: &str) -> String {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
        for part in self.dockerfile.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        parts.join("/")
    }
}

/// Whether files of this name are scanned as a whole; of others only what comments say.
pub fn is_known(path: &str) -> bool {
    format::of(path).is_some()
}

/// Whether a file can hold anything that [`scan`] would find.
pub fn may_matter(path: &str, bytes: &[u8]) -> bool {
    is_known(path) || comment::may_hold(bytes)
}

/// What a file names of the outside. The path tells what it is, its parts separated by `/`; of a file that is none of
/// ours only comments count.
pub fn scan(path: &str, text: &str) -> Scan {
    scan_for(path, text, &[])
}

/// What a file names of the outside, where it is built for these platforms alone (`os/architecture[/variant]`).
pub fn scan_for(path: &str, text: &str, platforms: &[String]) -> Scan {
    let mut scan = match format::of(path) {
        Some(Format::Dockerfile) => dockerfile::scan_for(text, &BTreeMap::new(), platforms),
        Some(Format::Compose) => compose::scan(text),
        Some(Format::Kustomization) => kustomize::scan(text),
        Some(Format::Chart) => chart::scan(text),
        Some(Format::Values) => helm::scan(text),
        Some(Format::Template) if template::is_template(text) => template::scan(text, Kind::HelmTemplate),
        Some(Format::Template | Format::Yaml) => kubernetes::scan(text),
        Some(Format::Json) => kubernetes::scan_json(text),
        Some(Format::BakeHcl | Format::BakeJson | Format::Workflow | Format::Action | Format::Gitlab)
        | None => Scan::default(),
    };
    comment::comments(text).add_to(&mut scan);
    scan.references.sort_by_key(|reference| (reference.span.start, reference.span.end));
    scan
}
