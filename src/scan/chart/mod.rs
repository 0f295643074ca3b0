//! `Chart.yaml`: the charts that a chart depends on, where they come from OCI registries.

use super::scalar::{Scalar, is_template, may_hold};
use super::yaml::{self, Node};
use super::{ImageInput, Input, Kind, Piece, Reference, Scan, Spelled, Unresolved};

/// What a chart depends on.
pub(super) fn scan(text: &str) -> Scan {
    let mut scan = Scan::default();
    if !may_hold(text, &["dependencies"]) {
        return scan;
    }
    let stream = yaml::parse(text);
    for root in stream.documents() {
        let dependencies = root.every("dependencies").into_iter().flat_map(Node::items);
        scan.references.extend(dependencies.filter_map(|entry| dependency(entry, "repository")));
    }
    scan.of_yaml(&stream)
}

/// A chart with `name` and `version`, whose repository is the value of a key. Only those of OCI registries are images.
pub(super) fn dependency(entry: Node<'_>, key: &str) -> Option<Reference> {
    let repository = Scalar::of(entry.get(key)?)?;
    let folder = repository.text.strip_prefix("oci://")?.trim_end_matches('/');
    let name = Scalar::of(entry.get("name")?)?;
    let version = entry.get("version").and_then(Scalar::of);
    let span = version.as_ref().unwrap_or(&repository).span.clone();
    let repository = format!("{folder}/{}", name.text);
    let said = version.as_ref().map_or("", |version| version.text);
    let input = if is_template(&repository) || is_template(said) {
        Err(Unresolved::Template(format!("{repository}:{said}")))
    } else if said.is_empty() {
        Err(Unresolved::Elsewhere("no version: what exists decides".into()))
    } else if is_range(said) {
        Err(Unresolved::Elsewhere(format!("`{said}` is a range: what exists decides")))
    } else {
        let tag = version.map(|version| tag(&version));
        Ok(Input::Image(ImageInput { repository, tag, digest: None, digest_site: None }))
    };
    Some(Reference { kind: Kind::HelmDependency, span, input })
}

/// Whether a version names more than one: `^1.2`, `1.x`, `1 - 2`, none at all.
fn is_range(version: &str) -> bool {
    let exact = version.strip_prefix('v').unwrap_or(version);
    let numbers = exact.split(['-', '+']).next().unwrap_or_default();
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    !(numbers.split('.').count() == 3 && numbers.split('.').all(number)) || exact.contains([' ', ',', '|'])
}

/// A version as a tag: a registry takes no `+`, Helm writes `_` for it.
fn tag(version: &Scalar<'_>) -> Spelled {
    match version.text.contains('+') {
        false => version.spelled(),
        true => Spelled {
            text: version.text.replace('+', "_"),
            pieces: vec![Piece { length: version.text.len(), span: None, shared: false }],
        },
    }
}

#[cfg(test)]
mod tests;
