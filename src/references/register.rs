//! What is declared and locked, found by what a reference names.

use std::collections::BTreeMap;

use crate::catalog::{Catalog, Declaration, References, Upstream};
use crate::lock::Lock;
use crate::model::{Pin, Repository, same_git};
use crate::track::Version;

/// Declarations and lock, ready to be asked about references.
pub struct Register<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) lock: &'a Lock,
    pub(super) policy: &'a References,
    images: BTreeMap<&'a Repository, Vec<&'a Declaration>>,
    git: BTreeMap<String, Vec<&'a Declaration>>,
}

/// The pins that could be meant by a reference.
pub(super) enum Owners<'a> {
    /// None; these follow the same upstream and do not match.
    None(Vec<&'a Declaration>),
    /// One.
    One(&'a Declaration),
    /// Several.
    Several(Vec<&'a Declaration>),
}

impl<'a> Register<'a> {
    /// `policy` says how references are looked at; it may be another revision's than the catalog's.
    pub fn new(catalog: &'a Catalog, lock: &'a Lock, policy: &'a References) -> Self {
        let mut register = Self { catalog, lock, policy, images: BTreeMap::new(), git: BTreeMap::new() };
        for declaration in catalog.declarations.values() {
            match &declaration.upstream {
                Upstream::Image(repository) => {
                    register.images.entry(repository).or_default().push(declaration)
                }
                Upstream::Git(url) => {
                    register.git.entry(same_git(url.as_str())).or_default().push(declaration)
                }
                // Files do not name these but by arguments and comments.
                Upstream::Archive(_) | Upstream::Debian(_) => {}
            }
        }
        register
    }

    /// What is declared.
    pub fn catalog(&self) -> &'a Catalog {
        self.catalog
    }

    /// What a declaration is locked at, if it is.
    pub fn locked(&self, declaration: &Declaration) -> Option<&'a Pin> {
        self.lock.pins.get(&declaration.name)
    }

    pub(super) fn image_owners(&self, repository: &Repository, path: &str, tag: Option<&str>) -> Owners<'a> {
        self.owners(self.images.get(repository).map_or(&[], Vec::as_slice), path, tag)
    }

    pub(super) fn git_owners(&self, url: &str, path: &str, tag: Option<&str>) -> Owners<'a> {
        self.owners(self.git.get(&same_git(url)).map_or(&[], Vec::as_slice), path, tag)
    }

    /// The pin whose paths and track match. One that is for these paths goes before those for any; where several are
    /// left, one whose `version` the tag satisfies goes before the others. Without a tag, all that have the paths.
    fn owners(&self, all: &[&'a Declaration], path: &str, tag: Option<&str>) -> Owners<'a> {
        let fits = |pin: &&&Declaration| tag.is_none_or(|tag| pin.track.read(tag).is_some());
        let (own, any): (Vec<&Declaration>, Vec<&Declaration>) = all
            .iter()
            .filter(fits)
            .filter(|pin| pin.paths.is_empty() || pin.paths.matches(path))
            .partition(|pin| !pin.paths.is_empty());
        let mut found = if own.is_empty() { any } else { own };
        if found.len() > 1
            && let Some(tag) = tag
        {
            let satisfied = |pin: &&Declaration| {
                let version = pin.track.read(tag).as_ref().and_then(Version::to_semver);
                pin.version
                    .as_ref()
                    .is_none_or(|wanted| version.is_some_and(|version| wanted.matches(&version)))
            };
            let satisfying: Vec<&Declaration> = found.iter().copied().filter(satisfied).collect();
            if !satisfying.is_empty() {
                found = satisfying;
            }
        }
        match found[..] {
            [] => Owners::None(all.to_vec()),
            [one] => Owners::One(one),
            _ => Owners::Several(found),
        }
    }

    /// Whether any image is said to be built here.
    pub(super) fn has_own(&self) -> bool {
        !self.policy.own.is_empty()
    }

    /// Whether images of a repository are built here.
    pub(super) fn is_own(&self, name: &str) -> bool {
        self.policy.own.iter().any(|pattern| pattern.matches(name))
    }
}
