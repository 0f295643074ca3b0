//! Values of a Helm chart: images as a mapping of their parts, and as one text.
//!
//! Values have no schema. What counts as an image: a mapping with `repository` and one of `tag`, `registry`, `digest`
//! and `sha`; `image` beside one of these; `repository`, or `name` and `tag`, under a key that ends in `image`; and a
//! text under such a key, if it has a path or a version and each part is well formed.

use std::collections::HashSet;

use super::scalar::{Scalar, is_template, may_hold};
use super::yaml::{self, Node, Written};
use super::{Kind, Reference, Scan, Unresolved, image, parts};

/// What a file of values names.
pub(super) fn scan(text: &str) -> Scan {
    let mut scan = Scan::default();
    if !may_hold(text, &["mage", "repository"]) {
        return scan;
    }
    let stream = yaml::parse(text);
    stream.documents().for_each(|root| values(text, root, &mut scan));
    scan.of_yaml(&stream)
}

/// Adds what values name that are part of a document.
pub(super) fn values(text: &str, root: Node<'_>, scan: &mut Scan) {
    let (mut ahead, mut seen) = (vec![("", root)], HashSet::new());
    while let Some((key, node)) = ahead.pop() {
        match node.written() {
            Written::Leaf => scan.references.extend(Some(node).filter(|_| is_image(key)).and_then(whole)),
            Written::Sequence(_) | Written::Mapping(_) if !seen.insert(node.id()) => {}
            Written::Sequence(items) => ahead.extend(items.into_iter().map(|item| (key, item.target()))),
            Written::Mapping(pairs) => {
                let found = spread(text, key, node);
                let has_image = found.as_ref().is_some_and(|(_, name)| *name == "image");
                scan.references.extend(found.map(|(found, _)| found));
                let below = pairs
                    .into_iter()
                    .map(|(key, value)| (key.and_then(Node::key).unwrap_or_default(), value.target()));
                ahead.extend(
                    below.filter(|(key, value)| !(has_image && *key == "image" && value.text().is_some())),
                );
            }
        }
    }
}

/// Whether a key names an image: `image`, `sidecarImage`, `init_image`.
fn is_image(key: &str) -> bool {
    key.ends_with("image") || key.ends_with("Image")
}

/// An image as one text.
fn whole(node: Node<'_>) -> Option<Reference> {
    let scalar = Scalar::of(node)?;
    let counts = is_template(scalar.text) || image::is_likely(scalar.text);
    counts.then(|| scalar.reference(Kind::HelmValues))
}

/// An image as a mapping, and the key of it that has the repository.
fn spread(text: &str, key: &str, mapping: Node<'_>) -> Option<(Reference, &'static str)> {
    let has = |key: &str| mapping.get(key).is_some_and(|value| !value.is_mapping() && !value.is_sequence());
    let versioned = || ["tag", "digest", "sha"].into_iter().any(has);
    let has_text = |key: &str| mapping.get(key).and_then(Scalar::of).is_some_and(|name| is_name(name.text));
    let repository = if has_text("repository") && (versioned() || has("registry") || is_image(key)) {
        "repository"
    } else if has_text("image") && (versioned() || has("registry")) && !own_version(mapping) {
        "image"
    } else if is_image(key) && has_text("name") && versioned() {
        "name"
    } else {
        return None;
    };
    let keys = parts::Keys { repository, registry: Some("registry"), tag: "tag" };
    let without = || Some(Unresolved::Elsewhere("the chart's appVersion decides its tag".into()));
    Some((parts::reference(text, mapping, &keys, Kind::HelmValues, without)?, repository))
}

/// Whether `image` has a tag or digest itself.
fn own_version(mapping: Node<'_>) -> bool {
    mapping.get("image").and_then(Scalar::of).is_some_and(|image| image::has_version(image.text))
}

/// Whether a text can be an image's name: no URL, no git repository.
fn is_name(text: &str) -> bool {
    is_template(text) || image::is_well_formed(text) && !text.ends_with(".git")
}

#[cfg(test)]
mod tests;
