//! Files that build a Dockerfile with arguments of their own: what a pin is written as there must hold in these builds too.

use std::collections::BTreeMap;

use super::{FileChange, Found, Told, applied};
use crate::catalog::{Catalog, Declaration, Upstream};
use crate::document::SourceFile;
use crate::model::Repository;
use crate::references::{Edit, Register, Standing, Written, Wrong};
use crate::scan::{Build, Input, Reference, dockerfile};
use crate::scanned::{Scanned, Scanner};
use crate::tree::{Overlay, Tree, TreeError};

/// One look at the files that build others.
pub(super) struct Builds<'a> {
    pub(super) tree: &'a dyn Tree,
    pub(super) catalog: &'a Catalog,
    /// The lock that the files are brought to.
    pub(super) new: &'a Register<'a>,
}

/// A file that builds others, with one of its references that would name what its pin does not.
struct Misled<'a> {
    pin: &'a Declaration,
    line: usize,
    at: usize,
    tag: Option<String>,
}

impl Builds<'_> {
    /// Brings the files at these paths in step with the Dockerfiles that change: an argument that repeats a default
    /// moves with it. Where a build would still be given other content than it names, the pin is stuck in that
    /// Dockerfile.
    pub(super) fn follow(&self, mut paths: Vec<String>, found: &mut Found) -> Result<(), TreeError> {
        paths.sort();
        for path in paths {
            if found.files.is_empty() {
                break;
            }
            self.follow_one(&path, found)?;
        }
        Ok(())
    }

    fn follow_one(&self, path: &str, found: &mut Found) -> Result<(), TreeError> {
        let changed: BTreeMap<String, Vec<u8>> =
            found.files.iter().map(|file| (file.path.clone(), file.after.clone())).collect();
        let Some(before) = self.tree.read(path)? else { return Ok(()) };
        let was = self.scan(self.tree, path, &before);
        let builds_changed =
            |build: &Build| build.path_from(path).is_some_and(|path| changed.contains_key(&path));
        if !was.scan.builds.iter().any(builds_changed) {
            return Ok(());
        }
        let after = Overlay::new(self.tree, changed);
        let now_bytes = after.read(path)?.unwrap_or_else(|| before.clone());
        let now = self.scan(&after, path, &now_bytes);
        let misled = self.misled(path, &was, &now);
        if misled.is_empty() {
            return Ok(());
        }
        let repeated = self.repeated(path, &now, &after)?;
        if let Some(text) = applied(&now_bytes, repeated) {
            let then = self.scan(&after, path, &text);
            if self.misled(path, &was, &then).is_empty() {
                found.replace(path, before, text, written(&misled, self.new));
                return Ok(());
            }
        }
        let stuck: Vec<Told> =
            misled.iter().flat_map(|misled| self.stuck(path, &was, misled, found)).collect();
        found.stuck.extend(stuck);
        found.stuck.sort();
        Ok(())
    }

    /// What a file names among the files of `tree`.
    fn scan(&self, tree: &dyn Tree, path: &str, bytes: &[u8]) -> Scanned {
        Scanner::by_names(tree, self.catalog, &self.catalog.policy.references).scan(path, bytes)
    }

    /// The references that name something else than their pin, and did not before.
    fn misled(&self, path: &str, was: &Scanned, now: &Scanned) -> Vec<Misled<'_>> {
        let differs = |reference: &Reference| match self.new.judge(path, reference) {
            Standing::Wrong(Wrong::Differs { pin, .. }) => Some(pin),
            _ => None,
        };
        let known = |reference: &&Reference| differs(reference).is_some();
        let known: Vec<_> = was.scan.references.iter().filter(known).map(named).collect();
        let misled = |reference: &Reference| {
            let pin = differs(reference).filter(|_| !known.contains(&named(reference)))?;
            let (at, tag) = (reference.span.start, named(reference).1.map(str::to_owned));
            Some(Misled { pin, line: now.line(at), at, tag })
        };
        now.scan.references.iter().filter_map(misled).collect()
    }

    /// The edits that give each argument which repeated a Dockerfile's default that default's new value.
    fn repeated(&self, path: &str, now: &Scanned, after: &dyn Tree) -> Result<Vec<Edit>, TreeError> {
        let mut edits: Vec<Edit> = Vec::new();
        for build in &now.scan.builds {
            let Some(dockerfile) = build.path_from(path) else { continue };
            let (old, new) = (defaults(self.tree, &dockerfile)?, defaults(after, &dockerfile)?);
            for (name, value) in &build.arguments {
                let (Some(old), Some(new)) = (old.get(name), new.get(name)) else { continue };
                let [piece] = value.pieces.as_slice() else { continue };
                if let Some(span) = piece.span.clone().filter(|_| value.text == *old && old != new) {
                    let edit = Edit::new(span, new.clone());
                    if !edits.contains(&edit) {
                        edits.push(edit);
                    }
                }
            }
        }
        Ok(edits)
    }

    /// The pins of the same upstream that are written into the Dockerfiles which this file builds.
    fn stuck(&self, path: &str, was: &Scanned, misled: &Misled<'_>, found: &Found) -> Vec<Told> {
        let built: Vec<String> = was.scan.builds.iter().filter_map(|build| build.path_from(path)).collect();
        let written = found.files.iter().filter(|file| built.contains(&file.path));
        let written = written.flat_map(|file| file.references.iter().map(move |written| (file, written)));
        let upstream = |written: &Written| {
            self.catalog.declarations.get(&written.pin).and_then(repository) == repository(misled.pin)
        };
        let (same, other): (Vec<_>, Vec<_>) = written.partition(|(_, (_, written))| upstream(written));
        let what = format!("{path}:{} sets an argument in it, and would build something else", misled.line);
        let told = |(file, (line, written)): (&FileChange, &(usize, Written))| Told {
            path: file.path.clone(),
            line: *line,
            pin: written.pin.clone(),
            what: what.clone(),
        };
        let blamed = if same.is_empty() { other } else { same };
        blamed.into_iter().map(told).collect()
    }
}

fn repository(declaration: &Declaration) -> Option<&Repository> {
    match &declaration.upstream {
        Upstream::Image(repository) => Some(repository),
        Upstream::Git(_) | Upstream::Archive(_) | Upstream::Debian(_) => None,
    }
}

/// What a reference names, its content apart.
fn named(reference: &Reference) -> (Option<&str>, Option<&str>) {
    match &reference.input {
        Ok(Input::Image(image)) => (Some(&image.repository), image.tag.as_ref().map(|tag| tag.text.as_str())),
        Ok(Input::Git(git)) => (Some(&git.url), git.revision.as_ref().map(|tag| tag.text.as_str())),
        _ => (None, None),
    }
}

/// The defaults of a Dockerfile's arguments, the first where there are several.
fn defaults(tree: &dyn Tree, path: &str) -> Result<BTreeMap<String, String>, TreeError> {
    let Some(bytes) = tree.read(path)? else { return Ok(BTreeMap::new()) };
    let mut defaults = BTreeMap::new();
    for argument in dockerfile::arguments(&SourceFile::from_bytes(path, bytes).text) {
        if let Some(default) = argument.default {
            defaults.entry(argument.name).or_insert(default);
        }
    }
    Ok(defaults)
}

/// What is said of the arguments that moved along.
fn written(misled: &[Misled<'_>], new: &Register<'_>) -> Vec<(usize, Written)> {
    let written = |misled: &Misled<'_>| {
        let to = new.locked(misled.pin)?.tag().to_owned();
        let (pin, from) = (misled.pin.name.clone(), misled.tag.clone());
        Some((misled.line, Written { pin, at: misled.at, from, to, was_pinned: true }))
    };
    misled.iter().filter_map(written).collect()
}
