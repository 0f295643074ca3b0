//! An image's name cut into its parts, each with its place.

use std::ops::Range;

use super::expand::shortened;
use super::spelling;
use crate::scan::{ImageInput, Site, Spelled, Unresolved};

/// The parts of an image's name. `end` is where a digest would be written.
pub(super) fn image(text: &Spelled, end: Option<usize>) -> Result<ImageInput, Unresolved> {
    let malformed = |what: &str| Unresolved::Malformed(format!("`{}` {what}", shortened(&text.text)));
    let (name, digest) = match text.text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text.text.as_str(), None),
    };
    // A colon before the last slash belongs to the registry's port or IPv6 address.
    let path = name.rfind('/').map_or(0, |slash| slash + 1);
    let colon = name[path..].find(':').map(|colon| path + colon);
    let repository = &name[..colon.unwrap_or(name.len())];
    let tag = colon.map(|colon| spelling::slice(text, colon + 1..name.len()));
    if repository.is_empty() {
        return Err(malformed("names no image"));
    }
    if tag.as_ref().is_some_and(|tag| tag.text.is_empty()) {
        return Err(malformed("has an empty tag"));
    }
    if digest == Some("") {
        return Err(malformed("has an empty digest"));
    }
    let digest_site = match digest {
        Some(_) => written_digest(text, name.len()),
        None => end.map(|end| Site { span: end..end, prefix: "@" }),
    };
    Ok(ImageInput { repository: repository.into(), tag, digest: digest.map(str::to_owned), digest_site })
}

/// Where a digest stands that begins with the `@` at a place.
fn written_digest(text: &Spelled, at: usize) -> Option<Site> {
    match place(text, at..text.text.len()) {
        Some(span) => Some(Site { span, prefix: "@" }),
        // The `@` is written here, and an argument has the digest.
        None => place(text, at + 1..text.text.len()).map(|span| Site { span, prefix: "" }),
    }
}

/// Where a part of a text stands, if it is in one place.
fn place(text: &Spelled, range: Range<usize>) -> Option<Range<usize>> {
    match spelling::slice(text, range).pieces.as_slice() {
        [piece] => piece.span.clone(),
        _ => None,
    }
}
