//! From the text of an image reference to its parts, with the bytes that each stands in.

use std::ops::Range;

use super::{ImageInput, Piece, Site, Spelled};

/// Splits `repository[:tag][@digest]`. Nothing is validated. A digest that is not there yet would stand behind the
/// last piece; where the file goes on behind that (`${TAG:-1.2}`), use [`ending_at`].
pub(super) fn of(reference: &Spelled) -> ImageInput {
    let end = reference.pieces.last().and_then(|piece| piece.span.as_ref()).map(|span| span.end);
    ending_at(reference, end)
}

/// As [`of`], for a reference whose text ends at `end` in the file; `None` where nothing can be put behind it.
pub(super) fn ending_at(reference: &Spelled, end: Option<usize>) -> ImageInput {
    let text = reference.text.as_str();
    let at = text.find('@').unwrap_or(text.len());
    // A colon before the last slash belongs to the registry's port or IPv6 address.
    let name = text[..at].rfind('/').map_or(0, |slash| slash + 1);
    let colon = text[name..at].find(':').map(|colon| name + colon);
    let digest = text.get(at + 1..);
    let span = match digest {
        Some(_) => place(&slice(reference, at..text.len())),
        None => end.map(|end| end..end),
    };
    ImageInput {
        repository: text[..colon.unwrap_or(at)].into(),
        tag: colon.map(|colon| slice(reference, colon + 1..at)),
        digest: digest.map(str::to_owned),
        digest_site: span.map(|span| Site { span, prefix: "@" }),
    }
}

/// A part of a text with its pieces. The range must be on character boundaries; it ends with the text.
pub(super) fn slice(spelled: &Spelled, range: Range<usize>) -> Spelled {
    let range = range.start..range.end.min(spelled.text.len());
    let Some(text) = spelled.text.get(range.clone()) else { return Spelled::literal("", 0..0) };
    let (mut pieces, mut at) = (Vec::new(), 0);
    for piece in &spelled.pieces {
        let (start, end) = (at.max(range.start), (at + piece.length).min(range.end));
        if start < end {
            let span = piece.span.as_ref().map(|span| span.start + start - at..span.start + end - at);
            pieces.push(Piece { length: end - start, span, shared: piece.shared });
        }
        at += piece.length;
    }
    Spelled { text: text.into(), pieces }
}

/// The bytes that spell a text, where they stand together in the file.
pub(super) fn place(spelled: &Spelled) -> Option<Range<usize>> {
    let mut span = spelled.pieces.first()?.span.clone()?;
    for piece in &spelled.pieces[1..] {
        let next = piece.span.as_ref().filter(|next| next.start == span.end)?;
        span.end = next.end;
    }
    Some(span)
}

/// Whether a reference has a tag or a digest.
pub(super) fn has_version(reference: &str) -> bool {
    reference.contains('@') || reference[reference.rfind('/').unwrap_or(0)..].contains(':')
}

/// Whether a text that is found under a key that only suggests it (`image` of any resource) is an image reference:
/// it has a path or a version, each part is well formed, and it is not known to be something else.
pub(super) fn is_likely(text: &str) -> bool {
    (text.contains('/') || has_version(text)) && is_well_formed(text) && !is_picture(text)
}

/// Whether each part of a text has the form that a registry takes.
pub(super) fn is_well_formed(text: &str) -> bool {
    let input = of(&Spelled::literal(text, 0..text.len()));
    let (host, path) = match input.repository.split_once('/') {
        Some((host, path)) if host == "localhost" || host.contains(['.', ':']) => (Some(host), path),
        _ => (None, input.repository.as_str()),
    };
    host.is_none_or(is_host)
        && path.split('/').all(is_component)
        && input.tag.is_none_or(|tag| is_tag(&tag.text))
        && input.digest.is_none_or(|digest| is_digest(&digest))
}

fn is_host(text: &str) -> bool {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            return address.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '.')) && is_port(port);
        }
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    name.split('.').all(label) && is_port(port)
}

fn is_port(text: &str) -> bool {
    let digits = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    text.is_empty() || text.strip_prefix(':').is_some_and(digits)
}

fn is_component(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let (Some(&first), Some(&last)) = (text.as_bytes().first(), text.as_bytes().last()) else { return false };
    word(first) && word(last) && text.bytes().all(|b| word(b) || matches!(b, b'.' | b'_' | b'-'))
}

fn is_tag(text: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    text.len() <= 128
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

fn is_digest(text: &str) -> bool {
    let hex = |hex: &str| hex.len() >= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    text.split_once(':').is_some_and(|(_, digits)| hex(digits))
}

/// A path of a picture or of a machine's disk.
pub(super) fn is_picture(text: &str) -> bool {
    const ENDINGS: &[&str] = &[
        ".png", ".jpg", ".jpeg", ".svg", ".gif", ".webp", ".ico", ".bmp", ".iso", ".img", ".qcow2", ".vmdk",
        ".ova",
    ];
    ENDINGS.iter().any(|ending| text.ends_with(ending)) || text.contains("/global/images/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_as_a_reference_is_read() {
        for (text, repository, tag, digest) in [
            ("redis", "redis", None, None),
            ("redis:7.2", "redis", Some("7.2"), None),
            ("redis:", "redis", Some(""), None),
            ("redis@sha256:ab", "redis", None, Some("sha256:ab")),
            ("redis:7@sha256:ab", "redis", Some("7"), Some("sha256:ab")),
            ("localhost:5000/a", "localhost:5000/a", None, None),
            ("localhost:5000/a:b", "localhost:5000/a", Some("b"), None),
            ("[::1]:5000/a:b", "[::1]:5000/a", Some("b"), None),
            ("a:b:c", "a", Some("b:c"), None),
            ("", "", None, None),
            ("a@", "a", None, Some("")),
            ("é/ü:ß", "é/ü", Some("ß"), None),
        ] {
            let image = of(&Spelled::literal(text, 10..10 + text.len()));
            assert_eq!(image.repository, repository, "{text}");
            assert_eq!(image.tag.as_ref().map(|tag| tag.text.as_str()), tag, "{text}");
            assert_eq!(image.digest.as_deref(), digest, "{text}");
        }
    }

    #[test]
    fn a_digest_has_its_place() {
        let image = of(&Spelled::literal("redis:7@sha256:ab", 10..27));
        assert_eq!(image.tag.unwrap().pieces[0].span, Some(16..17));
        assert_eq!(image.digest_site, Some(Site { span: 17..27, prefix: "@" }));

        let image = of(&Spelled::literal("redis:7", 10..17));
        assert_eq!(image.digest_site, Some(Site { span: 17..17, prefix: "@" }));

        let image = ending_at(&Spelled::literal("redis:7", 10..17), Some(18));
        assert_eq!(image.digest_site, Some(Site { span: 18..18, prefix: "@" }));
    }

    #[test]
    fn what_is_not_spelled_to_the_letter_has_no_place() {
        let piece = |length, span| Piece { length, span, shared: false };
        let spelled = |text: &str, pieces| Spelled { text: text.into(), pieces };

        let image = of(&spelled("redis:7", vec![piece(7, None)]));
        assert_eq!(image.digest_site, None);

        let image = of(&spelled("a:1@sha256:ab", vec![piece(5, Some(0..5)), piece(8, Some(9..17))]));
        assert_eq!(image.digest_site, None, "the digest's bytes do not stand together");
        assert_eq!(image.tag.unwrap().pieces, [piece(1, Some(2..3))]);
    }

    #[test]
    fn a_part_keeps_its_pieces() {
        let pieces = vec![
            Piece { length: 2, span: Some(10..12), shared: true },
            Piece { length: 2, span: None, shared: false },
            Piece { length: 2, span: Some(20..22), shared: false },
        ];
        let whole = Spelled { text: "abcdef".into(), pieces };
        let part = slice(&whole, 1..5);
        assert_eq!(part.text, "bcde");
        let spans: Vec<_> = part.pieces.iter().map(|piece| (piece.length, piece.span.clone())).collect();
        assert_eq!(spans, [(1, Some(11..12)), (2, None), (1, Some(20..21))]);
        assert_eq!(slice(&whole, 4..99), Spelled { text: "ef".into(), pieces: whole.pieces[2..].to_vec() });
        assert_eq!(slice(&whole, 9..99), Spelled { text: String::new(), pieces: vec![] });
    }

    #[test]
    fn tells_images_from_other_texts() {
        let digest = format!("redis@sha256:{}", "0".repeat(64));
        for text in [
            "redis:7",
            "a/b",
            "ghcr.io/a/b:1",
            "localhost:5000/a",
            "[::1]:5000/a:b",
            "Host.Example/a:1",
            &digest,
        ] {
            assert!(is_likely(text), "{text}");
        }
        for text in [
            "redis",
            "",
            "/",
            "a b:1",
            "https://example.org/a.png",
            "assets/logo.png",
            "/usr/a",
            "a/b:",
            "A/b",
            "a//b",
            "-a:1",
            "a:b:c",
            "./a/b",
            "redis@sha256:1",
            "projects/a/global/images/b",
            "ä/b",
            "a/b\n",
            "key: value",
        ] {
            assert!(!is_likely(text), "{text}");
        }
    }
}
