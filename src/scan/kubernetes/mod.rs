//! Kubernetes manifests: documents with `apiVersion` and `kind`.
//!
//! What a container or an image volume names is a reference whatever it looks like. Any other resource may have an
//! `image` too, a custom one above all: there a text counts that can only be an image. What is data to Kubernetes
//! (`metadata`, the contents of a ConfigMap or Secret, the schema of a custom resource) is not looked at.

use std::collections::HashSet;

use super::scalar::{Scalar, is_template, may_hold};
use super::yaml::{self, Node, Written};
use super::{ImageInput, Input, Kind, Reference, Scan, Unresolved, helm, image, parts, template};

/// The keys that make a manifest.
const MANIFEST: [&str; 2] = ["apiVersion", "kind"];

/// What a stream of manifests names. Documents that are no manifests name nothing.
pub(super) fn scan(text: &str) -> Scan {
    if !is_manifest(text) || !may_hold(text, &["mage", "epository"]) {
        return Scan::default();
    }
    let stream = yaml::parse(text);
    let mut walk = Walk { text, scan: Scan::default(), seen: HashSet::new() };
    for root in stream.documents().filter(|root| is_read(*root)) {
        walk.visit(root);
    }
    let mut scan = walk.scan;
    let named = MANIFEST.iter().all(|word| text.contains(word));
    if walk.seen.is_empty() && !named {
        // It was read for its escapes alone, and what it is otherwise is no business of ours.
        return scan;
    }
    if template::is_template(text) && !stream.unread().is_empty() {
        // A template that is no YAML: what its lines say is better than nothing.
        scan.references.extend(template::scan(text, Kind::Kubernetes).references);
    }
    scan.of_yaml(&stream)
}

/// Whether a document is a manifest; the images of a Skaffold configuration are those that it builds.
fn is_read(root: Node<'_>) -> bool {
    identity(root).is_some_and(|(version, _)| !version.starts_with("skaffold/"))
}

/// [`scan`] of JSON, which has its keys in double quotes.
pub(super) fn scan_json(text: &str) -> Scan {
    match ["\"apiVersion\"", "\"kind\""].iter().all(|word| may_hold(text, &[word])) {
        true => scan(text),
        false => Scan::default(),
    }
}

/// Whether a text could hold a manifest.
fn is_manifest(text: &str) -> bool {
    MANIFEST.iter().all(|word| may_hold(text, &[word]))
}

/// `apiVersion` and `kind` of a resource.
fn identity(node: Node<'_>) -> Option<(&str, &str)> {
    Some((node.get("apiVersion")?.text()?, node.get("kind")?.text()?))
}

struct Walk<'t> {
    text: &'t str,
    scan: Scan,
    /// Nodes that are done or ahead: an anchor's is met at its place and at each alias.
    seen: HashSet<usize>,
}

impl Walk<'_> {
    fn visit(&mut self, root: Node<'_>) {
        let mut ahead = vec![root];
        while let Some(node) = ahead.pop() {
            if !self.seen.insert(node.id()) {
                continue;
            }
            match node.written() {
                Written::Leaf => {}
                Written::Sequence(items) => ahead.extend(items.into_iter().map(Node::target)),
                Written::Mapping(pairs) => {
                    let kind = identity(node).map_or("", |(_, kind)| kind);
                    if kind == "CustomResourceDefinition" {
                        continue;
                    }
                    self.mapping(node);
                    let below = pairs.into_iter().filter_map(|(key, value)| {
                        let key = key.and_then(Node::key).unwrap_or_default();
                        (!is_data(kind, key)).then(|| value.target())
                    });
                    ahead.extend(below);
                    if kind == "HelmRelease" {
                        node.get("spec").into_iter().for_each(|spec| self.chart(spec, "values"));
                    }
                    self.chart(node, "valuesObject");
                    if kind == "OCIRepository" {
                        let found = node.get("spec").and_then(|spec| artifact(self.text, spec));
                        self.scan.references.extend(found);
                    }
                }
            }
        }
    }

    /// The values of a chart that a key holds: of a HelmRelease, of an Argo CD application.
    fn chart(&mut self, node: Node<'_>, key: &str) {
        for values in node.every(key) {
            if self.seen.insert(values.id()) {
                helm::values(self.text, values, &mut self.scan);
            }
        }
    }

    fn mapping(&mut self, node: Node<'_>) {
        for list in ["containers", "initContainers", "ephemeralContainers"] {
            let containers = node.every(list).into_iter().flat_map(Node::items);
            self.strict(containers.flat_map(|container| container.every("image")));
        }
        let volumes = node.every("volumes").into_iter().flat_map(Node::items);
        let sources = volumes.filter_map(|volume| volume.get("image"));
        self.strict(sources.flat_map(|source| source.every("reference")));
        for value in node.every("image") {
            let found = if value.is_mapping() { self.spread(value) } else { likely(value) };
            self.scan.references.extend(found);
        }
    }

    /// What is an image whatever it looks like.
    fn strict<'s>(&mut self, images: impl Iterator<Item = Node<'s>>) {
        let found = images.filter_map(Scalar::of).map(|scalar| scalar.reference(Kind::Kubernetes));
        self.scan.references.extend(found);
    }

    /// `image: {repository: …, tag: …, digest: …}`
    fn spread(&self, mapping: Node<'_>) -> Option<Reference> {
        let versioned = ["tag", "digest", "sha"].into_iter().any(|key| mapping.get(key).is_some());
        let keys = parts::Keys { repository: "repository", registry: Some("registry"), tag: "tag" };
        let found = || parts::reference(self.text, mapping, &keys, Kind::Kubernetes, || None);
        versioned.then(found).flatten()
    }
}

/// What Flux takes from a registry: `url: oci://…`, and its tag or digest below `ref`.
fn artifact(text: &str, spec: Node<'_>) -> Option<Reference> {
    let url = Scalar::of(spec.get("url")?)?;
    let repository = url.text.strip_prefix("oci://")?.to_owned();
    let at = spec.get("ref").filter(|at| at.is_mapping());
    let part = |key: &str| at.and_then(|at| Scalar::of(at.get(key)?));
    let (digest, digest_site) = at.map_or((None, None), |at| parts::digest(text, at));
    let (tag, range) = (part("tag"), part("semver"));
    let span = tag.as_ref().or(range.as_ref()).unwrap_or(&url).span.clone();
    let whole = format!("{repository}:{}", tag.as_ref().map_or("", |tag| tag.text));
    let input = match range.filter(|_| digest.is_none()) {
        Some(range) => {
            Err(Unresolved::Elsewhere(format!("`{}` is a range: what exists decides", range.text)))
        }
        None if is_template(&whole) => Err(Unresolved::Template(whole)),
        None => {
            let tag = tag.map(|tag| tag.spelled());
            Ok(Input::Image(ImageInput { repository, tag, digest, digest_site }))
        }
    };
    Some(Reference { kind: Kind::Kubernetes, span, input })
}

/// An `image` that need not be a container's.
fn likely(node: Node<'_>) -> Option<Reference> {
    let scalar = Scalar::of(node)?;
    let counts = is_template(scalar.text) || image::is_likely(scalar.text);
    counts.then(|| scalar.reference(Kind::Kubernetes))
}

/// Whether a key of a resource holds what Kubernetes does not look into.
fn is_data(kind: &str, key: &str) -> bool {
    key == "metadata"
        || matches!(kind, "ConfigMap" | "Secret") && matches!(key, "data" | "stringData" | "binaryData")
}

#[cfg(test)]
mod tests;
