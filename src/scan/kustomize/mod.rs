//! Kustomizations: the entries of `images` that set a name, tag or digest, charts from OCI registries, and manifests
//! that are written out as patches.

use super::scalar::may_hold;
use super::yaml::{self, Node};
use super::{Kind, Reference, Scan, chart, inline, kubernetes, parts};

/// What a kustomization names.
pub(super) fn scan(text: &str) -> Scan {
    let mut scan = Scan::default();
    if !may_hold(text, &["images", "helmCharts", "patch"]) {
        return scan;
    }
    let stream = yaml::parse(text);
    for root in stream.documents() {
        let images = root.every("images").into_iter().flat_map(Node::items);
        scan.references.extend(images.filter_map(|entry| image(text, entry)));
        let charts = root.every("helmCharts").into_iter().flat_map(Node::items);
        scan.references.extend(charts.filter_map(|entry| chart::dependency(entry, "repo")));
        let patches = root.every("patches").into_iter().flat_map(Node::items);
        patches.flat_map(|entry| entry.every("patch")).for_each(|patch| manifest(patch, &mut scan));
        let merged = root.every("patchesStrategicMerge").into_iter().flat_map(Node::items);
        merged.for_each(|patch| manifest(patch, &mut scan));
    }
    scan.of_yaml(&stream)
}

/// A patch that is a manifest, and not a path or a list of steps.
fn manifest(patch: Node<'_>, scan: &mut Scan) {
    if patch.text().is_some() {
        let text = patch.spelled();
        inline::embed(&text, &patch.span(), kubernetes::scan(&text.text), scan);
    }
}

/// An entry of `images`. One that sets nothing leaves the image as it is elsewhere.
fn image(text: &str, entry: Node<'_>) -> Option<Reference> {
    let sets = |key: &str| entry.get(key).and_then(Node::text).is_some_and(|text| !text.trim().is_empty());
    if !["newName", "newTag", "digest"].into_iter().any(sets) {
        return None;
    }
    let repository = if sets("newName") { "newName" } else { "name" };
    let keys = parts::Keys { repository, registry: None, tag: "newTag" };
    parts::reference(text, entry, &keys, Kind::Kustomize, || None)
}

#[cfg(test)]
mod tests;
