//! Files that builders and clusters read: what they name of the outside, with byte spans. Pure.
//!
//! [`scan`] looks at a file's name, and where that does not tell at its text, and gives what its scanner found. One
//! file of this folder is one format.

mod actions;
mod bake;
mod chart;
#[cfg(test)]
mod checks;
mod command;
mod comment;
mod compose;
pub mod dockerfile;
mod format;
mod git;
mod gitlab;
mod helm;
mod image;
mod inline;
mod kubernetes;
mod kustomize;
mod name;
mod overrides;
mod parts;
mod path;
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
pub use overrides::set_by;
pub use reference::{
    Bound, Fetch, GitInput, GitSite, ImageInput, Input, Kind, Packages, Piece, Reference, Site, Spelled,
    Unresolved,
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
    /// The Dockerfile, relative to the folder of the file that builds it, or to the repository's root.
    pub dockerfile: String,
    /// Whether it is relative to the root: workflows start there.
    pub from_root: bool,
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
    /// The Dockerfile's path, where `path` is that of the file that builds it; `None` where it is outside the
    /// repository.
    pub fn path_from(&self, path: &str) -> Option<String> {
        let folder = if self.from_root { "" } else { path.rsplit_once('/').map_or("", |(folder, _)| folder) };
        let joined = path::joined(folder, &self.dockerfile);
        (!joined.starts_with('/') && joined != ".." && !joined.starts_with("../")).then_some(joined)
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
    scan_as(format::of(path), text, platforms)
}

/// The same of a file whose name does not tell what it is.
pub fn scan_as(format: Option<Format>, text: &str, platforms: &[String]) -> Scan {
    let mut scan = match format {
        Some(Format::Dockerfile) => dockerfile::scan_for(text, &BTreeMap::new(), platforms),
        Some(Format::Compose) => compose::scan(text),
        Some(Format::Kustomization) => kustomize::scan(text),
        Some(Format::Chart) => chart::scan(text),
        Some(Format::Values) => helm::scan(text),
        Some(Format::Template) if template::is_template(text) => template::scan(text, Kind::HelmTemplate),
        Some(Format::Template | Format::Yaml) => kubernetes::scan(text),
        Some(Format::Json) => kubernetes::scan_json(text),
        Some(Format::BakeHcl) => bake::hcl(text),
        Some(Format::BakeJson) => bake::json(text),
        Some(Format::Workflow | Format::Action) => actions::scan(text),
        Some(Format::Gitlab) => gitlab::scan(text),
        None => Scan::default(),
    };
    comment::comments(text).add_to(&mut scan);
    scan.in_order()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_as_its_name_says() {
        let comment = "# solera-pin: tool.version\n# V=1.2\n";
        for (path, text, kind) in [
            ("Dockerfile", "FROM alpine:3\n", Kind::From),
            ("compose.yml", "services: {a: {image: 'alpine:3'}}\n", Kind::ComposeService),
            ("docker-bake.hcl", "target \"a\" { contexts = { a = \"docker-image://b\" } }\n", Kind::Bake),
            ("docker-bake.json", "{\"target\": {\"a\": {\"context\": \"https://a/b.git\"}}}\n", Kind::Bake),
            (".github/workflows/a.yml", "jobs: {a: {uses: a/b/c@v1}}\n", Kind::ActionsUses),
            ("action.yaml", "runs: {image: 'docker://a:1'}\n", Kind::ActionsImage),
            (".gitlab-ci.yml", "image: a:1\n", Kind::GitlabImage),
        ] {
            let kinds: Vec<Kind> =
                scan(path, &format!("{text}{comment}")).references.iter().map(|found| found.kind).collect();
            assert_eq!(kinds, [kind, Kind::Comment], "{path}");
        }
        assert_eq!(scan("notes.txt", comment).references.len(), 1);
        assert_eq!(scan("notes.txt", "FROM alpine:3\n"), Scan::default());
    }
}
