//! Why a tag has nothing that can be compared.

use super::{infer, words};

/// Why no other tag can be newer than this one, in plain words; `None` where one can.
pub fn why_literal(tag: &str) -> Option<&'static str> {
    if infer(tag).is_ok_and(|track| !track.is_literal()) {
        return None;
    }
    let name = tag.rsplit(['/', '@']).next().unwrap_or(tag);
    let segments = || name.split('-');
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let has_digit = name.bytes().any(|b| b.is_ascii_digit());
    Some(match name {
        "" => "it is empty",
        "latest" => "it names whatever was pushed last",
        _ if is_signature(name) => "it holds the signature or the attestation of another image",
        _ if segments().any(|segment| words::hash(segment, false).is_some()) || name.starts_with("sha-") => {
            "it names a commit by its hash, and a hash is neither newer nor older than another"
        }
        _ if is_number(name) => "a number of this length may be a hash, a build or a time",
        _ if !has_digit => "it is made of words, and words have no order",
        _ => "its numbers belong to words that say what it is made for, or have no order that is known",
    })
}

/// What is stored beside an image under a tag that is made of the image's digest.
pub(super) fn is_signature(name: &str) -> bool {
    let digest = name.strip_prefix("sha256-").or_else(|| name.strip_prefix("sha512-"));
    digest.is_some_and(|digest| digest.len() >= 32 && digest.bytes().take(32).all(|b| b.is_ascii_hexdigit()))
        || [".sig", ".att", ".sbom"].iter().any(|suffix| name.ends_with(suffix))
}
