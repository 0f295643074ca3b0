//! Images that are spread over the keys of a mapping: `repository`, `tag`, `digest` and their like.

use std::ops::Range;

use super::scalar::{Scalar, is_template};
use super::yaml::{Node, Style};
use super::{ImageInput, Input, Kind, Reference, Site, Spelled, Unresolved, image};

/// Which keys of a mapping name the parts of an image.
pub(super) struct Keys<'k> {
    /// The image without its registry.
    pub(super) repository: &'k str,
    /// What goes before the repository, with a slash.
    pub(super) registry: Option<&'k str>,
    /// The tag.
    pub(super) tag: &'k str,
}

/// The image of a mapping; `None` where it names none, or where merge keys give all of it: then it is a reference
/// there. `without` says what an image without tag and digest is.
pub(super) fn reference(
    text: &str,
    mapping: Node<'_>,
    keys: &Keys<'_>,
    kind: Kind,
    without: impl FnOnce() -> Option<Unresolved>,
) -> Option<Reference> {
    let repository = Scalar::of(mapping.get(keys.repository)?)?;
    let mut names = [keys.repository, keys.tag, "registry", "digest", "sha"].into_iter();
    if !names.any(|key| mapping.has_own(key)) {
        return None;
    }
    let registry = keys.registry.and_then(|key| Scalar::of(mapping.get(key)?));
    let tag = mapping.get(keys.tag).and_then(Scalar::of);
    let digest = Digest::of(text, mapping);
    let span = tag.as_ref().map(|tag| &tag.span).filter(|_| mapping.owns(keys.tag));
    let span = span.or(digest.span.as_ref()).unwrap_or(&repository.span).clone();
    let found = |input| Some(Reference { kind, span: span.clone(), input });

    let registry = registry.map(|registry| registry.text.trim_end_matches('/').to_owned());
    let name = match &registry {
        Some(registry) => format!("{registry}/{}", repository.text),
        None => repository.text.to_owned(),
    };
    let whole = tag.as_ref().map_or_else(|| name.clone(), |tag| format!("{name}:{}", tag.text));
    if is_template(&whole) {
        return found(Err(Unresolved::Template(whole)));
    }
    if tag.is_none() && digest.value.is_none() && !image::has_version(repository.text) {
        let input = match without() {
            Some(unresolved) => Err(unresolved),
            None => Ok(Input::Image(named(name, None, &digest))),
        };
        return found(input);
    }
    let image = match &tag {
        Some(tag) => named(name, Some(&spelled(tag, mapping.owns(keys.tag))), &digest),
        // `repository: bitnami/redis:7.2`
        None if digest.value.is_none() => {
            ImageInput { repository: with(registry, &repository), ..image::of(&repository.spelled()) }
        }
        None => named(name, None, &digest),
    };
    found(Ok(Input::Image(image)))
}

/// The digest of a mapping that has the other parts elsewhere, and where it stands or would stand.
pub(super) fn digest(text: &str, mapping: Node<'_>) -> (Option<String>, Option<Site>) {
    let digest = Digest::of(text, mapping);
    (digest.value, digest.site)
}

/// The repository of a text that has its tag or digest in it.
fn with(registry: Option<String>, repository: &Scalar<'_>) -> String {
    let name = image::of(&repository.spelled()).repository;
    registry.map_or(name.clone(), |registry| format!("{registry}/{name}"))
}

/// A tag; one that stands elsewhere is other images' too.
fn spelled(tag: &Scalar<'_>, own: bool) -> Spelled {
    let mut spelled = tag.spelled();
    spelled.pieces.iter_mut().for_each(|piece| piece.shared = !own);
    spelled
}

/// An image of a repository and a tag, which may have its digest behind it.
fn named(repository: String, tag: Option<&Spelled>, digest: &Digest) -> ImageInput {
    let (tag, behind, at_tag) = tag.map_or((None, None, None), divided);
    let site = match (&digest.value, &behind) {
        (Some(_), _) => digest.site.clone(),
        (None, Some(_)) => at_tag,
        (None, None) => digest.site.clone().or(at_tag),
    };
    ImageInput { repository, tag, digest: digest.value.clone().or(behind), digest_site: site }
}

/// A tag with a digest behind it, as both, and where the digest stands or would stand. Behind a tag that is other
/// images' too it stands nowhere.
fn divided(tag: &Spelled) -> (Option<Spelled>, Option<String>, Option<Site>) {
    let end = tag.text.len();
    let at = tag.text.find('@').unwrap_or(end);
    let own = tag.pieces.iter().all(|piece| !piece.shared);
    let last = || tag.pieces.last()?.span.as_ref().map(|span| span.end..span.end);
    let span = if at < end { image::place(&image::slice(tag, at..end)) } else { last() };
    let site = span.filter(|_| own).map(|span| Site { span, prefix: "@" });
    let digest = tag.text.get(at + 1..).map(str::to_owned);
    (Some(image::slice(tag, 0..at)), digest, site)
}

/// What a mapping says about the digest.
struct Digest {
    value: Option<String>,
    /// Where the value stands in this mapping.
    span: Option<Range<usize>>,
    site: Option<Site>,
}

impl Digest {
    /// The keys `digest`, with its algorithm, and `sha`, without it.
    fn of(text: &str, mapping: Node<'_>) -> Self {
        let value = |key: &str| mapping.get(key).and_then(Scalar::of);
        if let Some(sha) = value("sha") {
            let digest = match sha.text.contains(':') {
                true => sha.text.to_owned(),
                false => format!("sha256:{}", sha.text),
            };
            return Self { value: Some(digest), span: Some(sha.span), site: None };
        }
        let own = mapping.own_pair("digest");
        let found = value("digest");
        Self {
            site: own.and_then(|(key, node)| site(text, key, node)),
            span: found.as_ref().map(|digest| digest.span.clone()).filter(|_| own.is_some()),
            value: found.map(|digest| digest.text.to_owned()),
        }
    }
}

/// Where the value of a key stands or would stand, so that emptying the place gives back what was there without it.
fn site(text: &str, key: Node<'_>, value: Node<'_>) -> Option<Site> {
    if let Some(Style::SingleQuoted | Style::DoubleQuoted) = value.style() {
        let span = value.places().span(0..value.text()?.len())?;
        return Some(Site { span, prefix: "" });
    }
    if let Some(scalar) = Scalar::of(value) {
        let span = scalar.place(0..scalar.text.len())?;
        let plain = value.style() == Some(Style::Plain);
        return match plain && text[..span.start].ends_with(": ") {
            true => Some(Site { span: span.start - 1..span.end, prefix: " " }),
            false => None,
        };
    }
    // No value at all: behind the colon, where nothing else stands.
    let colon = key.span().end;
    let rest = text.get(colon..)?.strip_prefix(':')?;
    let line = rest.split(['\r', '\n']).next()?.trim_start_matches([' ', '\t']);
    let free = line.is_empty() || line.starts_with(['#', ',', '}']);
    (value.is_null() && value.span().is_empty() && free)
        .then_some(Site { span: colon + 1..colon + 1, prefix: " " })
}
