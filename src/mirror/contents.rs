//! What the `index.json` of a layout says: repositories, their tags and the descriptors that those start from.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use super::layout::LayoutError;
use super::reach::Reached;
use crate::model::{Digest, ImageRef, Registry, Repository, Tag};
use crate::oci::Descriptor;

const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// Written by containerd and BuildKit beside a bare tag in [`REF_NAME`], always a full reference.
pub(super) const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// All repositories of a layout, as of one reading of its `index.json`.
#[derive(Debug, Default)]
pub(super) struct Contents {
    repositories: BTreeMap<Repository, Shelf>,
    /// Repositories by the names that a request may use: the path alone, and the canonical name.
    names: HashMap<String, Vec<Repository>>,
}

/// What one repository shows.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    pub(super) tags: BTreeMap<Tag, Descriptor>,
    /// Every descriptor of the repository in `index.json`, tagged or not.
    pub(super) roots: HashMap<Digest, Descriptor>,
    /// What those lead to, as far as it was followed.
    pub(super) reached: Mutex<Reached>,
}

impl Contents {
    /// Sorts the descriptors of an `index.json` into repositories; bare tags belong to `default`.
    pub(super) fn new(index: Vec<Descriptor>, default: Option<&Repository>) -> Result<Self, LayoutError> {
        let mut contents = Self::default();
        for descriptor in index {
            let (repository, tag) = name_of(&descriptor, default)?;
            let shelf = contents.repositories.entry(repository.clone()).or_default();
            if let Some(tag) = tag
                && let Some(other) = shelf.tags.insert(tag.clone(), descriptor.clone())
                && other.digest != descriptor.digest
            {
                let name = Box::new(ImageRef::new(repository, Some(tag), None));
                return Err(LayoutError::Twice { name, one: other.digest, other: descriptor.digest });
            }
            shelf.roots.insert(descriptor.digest.clone(), descriptor);
        }
        for shelf in contents.repositories.values_mut() {
            shelf.reached = Mutex::new(Reached::from(shelf.roots.values()));
        }
        for repository in contents.repositories.keys() {
            for name in [repository.path().to_owned(), repository.to_string()] {
                contents.names.entry(name).or_default().push(repository.clone());
            }
        }
        Ok(contents)
    }

    /// The repositories that a request's path names, within a registry where the request says which (containerd's `ns`):
    /// several, where registries share a path.
    pub(super) fn find(&self, name: &str, registry: Option<&Registry>) -> Vec<(&Repository, &Shelf)> {
        let named = self.names.get(name).map(Vec::as_slice).unwrap_or_default();
        let mut matching: Vec<&Repository> = named
            .iter()
            .filter(|repository| registry.is_none_or(|registry| repository.registry() == registry))
            .collect();
        // With a registry given, a path below it goes before a canonical name.
        if registry.is_some() && matching.len() > 1 {
            matching.retain(|repository| repository.path() == name);
        }
        matching.into_iter().filter_map(|name| self.repositories.get_key_value(name)).collect()
    }
}

/// The repository and the tag that a descriptor is called by; a bare tag belongs to `default`.
pub(super) fn name_of(
    descriptor: &Descriptor,
    default: Option<&Repository>,
) -> Result<(Repository, Option<Tag>), LayoutError> {
    let wrong = |name: &str, reason: String| LayoutError::Name {
        name: name.into(),
        digest: descriptor.digest.clone(),
        reason,
    };
    let annotation = |key| descriptor.annotations.get(key).map(String::as_str);
    let text = annotation(CONTAINERD_NAME).or_else(|| annotation(REF_NAME));
    let bare = text.filter(|text| !text.contains(['/', ':', '@']));
    if let (Some(text), None) = (text, bare) {
        let reference: ImageRef = text.parse().map_err(|error| wrong(text, format!("{error}")))?;
        if reference.digest().is_some_and(|digest| *digest != descriptor.digest) {
            return Err(wrong(text, "it names another digest".into()));
        }
        return Ok((reference.repository().clone(), reference.tag().cloned()));
    }
    let Some(repository) = default else {
        return Err(LayoutError::NoRepository {
            name: bare.unwrap_or_default().into(),
            digest: descriptor.digest.clone(),
        });
    };
    let tag = bare.map(|text| text.parse().map_err(|error| wrong(text, format!("{error}"))));
    Ok((repository.clone(), tag.transpose()?))
}
