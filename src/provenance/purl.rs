//! Package URLs, as builders name images: `pkg:docker/NAME@TAG?digest=…&platform=…`.

use std::collections::BTreeMap;

/// The parts of a package URL, decoded.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Purl {
    /// `docker`, `oci` …
    pub(super) kind: String,
    /// With the namespace before it.
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) qualifiers: BTreeMap<String, String>,
}

/// Reads a package URL. Each part is decoded after it was split off, so that nothing that is encoded splits.
pub(super) fn parse(text: &str) -> Result<Purl, String> {
    let rest = text.strip_prefix("pkg:").ok_or("it is no package URL")?.trim_start_matches('/');
    if rest.contains('#') {
        return Err("it names a part of a package".into());
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (kind, path) = path.split_once('/').ok_or("it lacks a kind or a name")?;
    // The name of a scoped package has an `@` at its start.
    let (name, version) = match path.rsplit_once('@') {
        Some((name, version)) if !name.is_empty() => (name, Some(decoded(version)?)),
        _ => (path, None),
    };
    let name = name.split('/').map(decoded).collect::<Result<Vec<_>, _>>()?;
    if name.iter().any(|part| part.is_empty() || part.contains('/')) {
        return Err("a part of its name is empty, or holds a slash".into());
    }
    let mut qualifiers = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or("it has a qualifier without a value")?;
        if qualifiers.insert(key.to_ascii_lowercase(), decoded(value)?).is_some() {
            return Err(format!("it has the qualifier `{key}` twice"));
        }
    }
    Ok(Purl { kind: kind.to_ascii_lowercase(), name: name.join("/"), version, qualifiers })
}

/// Percent encoding undone; strictly, since what could be read in two ways would be.
fn decoded(text: &str) -> Result<String, String> {
    let wrong = || format!("`{text}` is not percent-encoded as it must be");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, after @ ..] = rest else { return Err(wrong()) };
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (high, low) = digit(*high).zip(digit(*low)).ok_or_else(wrong)?;
        bytes.push(high << 4 | low);
        rest = after;
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_split_before_they_are_decoded() {
        let read =
            parse("pkg:docker/127.0.0.1%3A5000/a/b@1%2B2?platform=linux%2Farm64&digest=x%26y").unwrap();
        assert_eq!((read.kind.as_str(), read.name.as_str()), ("docker", "127.0.0.1:5000/a/b"));
        assert_eq!(read.version.as_deref(), Some("1+2"));
        assert_eq!(read.qualifiers["platform"], "linux/arm64");
        assert_eq!(read.qualifiers["digest"], "x&y");
        assert_eq!(parse("pkg:docker/127.0.0.1:5000/a@1").unwrap().name, "127.0.0.1:5000/a");
        for wrong in [
            "docker/a",
            "pkg:docker",
            "pkg:docker/",
            "pkg:docker/a//b",
            "pkg:docker/a%2Fb",
            "pkg:docker/a@%",
            "pkg:docker/a@%f",
            "pkg:docker/a@%zz",
            "pkg:docker/a@%ff",
            "pkg:docker/a?x",
            "pkg:docker/a?x=1&X=2",
            "pkg:docker/a#b",
            "pkg:docker/a%%",
            "pkg:docker/a@%+1",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
