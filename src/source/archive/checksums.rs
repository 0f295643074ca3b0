//! Published lists of checksums, in the forms that people write: by `sha256sum`, as BSD does, and a file that is nothing
//! but the digits.

use url::Url;

use crate::model::Digest;

/// What a list says of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its SHA-256.
    pub(super) short: Option<Digest>,
    /// Its SHA-512.
    pub(super) long: Option<Digest>,
}

/// A line: a checksum, and the file that it is of; none where it names none.
struct Line<'t> {
    digest: Digest,
    name: Option<&'t str>,
}

/// What a list says of the file at `url`; or why it says nothing of use.
pub(super) fn listed(text: &str, url: &Url) -> Result<Listed, String> {
    let path = url.path();
    let name = path.rsplit('/').next().unwrap_or_default();
    let lines: Vec<Line<'_>> = text.lines().filter_map(line).collect();
    let alone = text.lines().filter(|line| !line.trim().is_empty()).count() == 1;
    let of_it = |line: &&Line<'_>| match line.name {
        Some(named) => base(named) == name,
        None => alone,
    };
    let mut found: Vec<&Line<'_>> = lines.iter().filter(of_it).collect();
    if found.is_empty() {
        return Err(format!("it has no SHA-256 or SHA-512 of {name}"));
    }
    // `amd64/tool.tgz` and `arm64/tool.tgz`: the one that the URL ends with.
    let is_path = |line: &&&Line<'_>| line.name.is_some_and(|named| ends_with(path, named));
    if found.iter().any(|line| line.name.is_some_and(|named| named != found[0].name.unwrap_or_default())) {
        let exact: Vec<&Line<'_>> = found.iter().filter(is_path).copied().collect();
        let longest = exact.iter().map(|line| plain(line.name.unwrap_or_default()).len()).max();
        if let Some(longest) = longest {
            found = exact;
            found.retain(|line| plain(line.name.unwrap_or_default()).len() == longest);
        }
    }
    let mut listed = Listed::default();
    for line in found {
        let place = match line.digest.hex().len() {
            64 => &mut listed.short,
            _ => &mut listed.long,
        };
        if place.as_ref().is_some_and(|known| *known != line.digest) {
            return Err(format!("it has several checksums of {name}, and they differ"));
        }
        *place = Some(line.digest.clone());
    }
    Ok(listed)
}

fn line(line: &str) -> Option<Line<'_>> {
    let line = line.trim();
    let (first, rest) = match line.split_once([' ', '\t']) {
        Some((first, rest)) => (first, Some(rest.trim_start())),
        None => (line, None),
    };
    if let Some(digest) = digest(first) {
        // `*` marks a file that was read as binary.
        let name = rest.map(|name| name.strip_prefix('*').unwrap_or(name)).filter(|name| !name.is_empty());
        return Some(Line { digest, name });
    }
    // `SHA256 (name) = HEX`, or as OpenSSL has it, `SHA2-256(name)= HEX`.
    let (algorithm, rest) = line.split_once('(')?;
    let (name, hex) = rest.rsplit_once(')')?;
    let hex = hex.trim_start().strip_prefix('=')?.trim();
    let length = match algorithm.trim().to_ascii_uppercase().as_str() {
        "SHA256" | "SHA2-256" | "SHA-256" => 64,
        "SHA512" | "SHA2-512" | "SHA-512" => 128,
        _ => return None,
    };
    (hex.len() == length).then(|| digest(hex)).flatten().map(|digest| Line { digest, name: Some(name) })
}

/// A checksum by its digits, with or without the name of its algorithm before them.
fn digest(text: &str) -> Option<Digest> {
    let text = text.to_ascii_lowercase();
    match (text.contains(':'), text.len()) {
        (true, _) => text.parse().ok(),
        (false, 64) => format!("sha256:{text}").parse().ok(),
        (false, 128) => format!("sha512:{text}").parse().ok(),
        (false, _) => None,
    }
}

/// A listed name as a path below something.
fn plain(name: &str) -> &str {
    name.trim_start_matches("./").trim_start_matches('/')
}

fn base(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

fn ends_with(path: &str, name: &str) -> bool {
    path.strip_suffix(plain(name)).is_some_and(|before| before.ends_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Listed, String> {
        listed(text, &Url::parse("https://example.org/v1/amd64/tool-1.tgz?raw=1").unwrap())
    }

    #[test]
    fn every_form_is_read() {
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        let long = "c".repeat(128);
        let upper = "A".repeat(64);
        for text in [
            format!("{b}  other.tgz\n{a}  tool-1.tgz\n"),
            format!("{a} *tool-1.tgz"),
            format!("{a}\ttool-1.tgz\r\n{b}\tx\r\n"),
            format!("{upper}  ./tool-1.tgz\n{a}  tool-1.tgz\n"),
            format!("sha256:{a}  dist/amd64/tool-1.tgz"),
            format!("SHA256 (tool-1.tgz) = {a}\nSHA256 (x) = {b}\nMD5 (tool-1.tgz) = 00\n"),
            format!("SHA2-256(tool-1.tgz)= {a}"),
            format!("\n{a}\n"),
            format!("{b}  arm64/tool-1.tgz\n{a}  amd64/tool-1.tgz\n"),
            format!("{b}  arm64/tool-1.tgz\n{b}  tool-1.tgz\n{a}  amd64/tool-1.tgz\n"),
            format!("# files\n\n{}  tool-1.tgz\n{a}  tool-1.tgz\n", "0".repeat(40)),
        ] {
            let listed = of(&text).unwrap();
            assert_eq!(listed.short.unwrap().hex(), a, "{text}");
            assert_eq!(listed.long, None);
        }
        let both = of(&format!("{a}  tool-1.tgz\n{long}  tool-1.tgz\n")).unwrap();
        assert_eq!((both.short.unwrap().hex(), both.long.unwrap().hex()), (a.as_str(), long.as_str()));
        assert_eq!(of(&format!("SHA512 (tool-1.tgz) = {long}")).unwrap().short, None);
    }

    #[test]
    fn what_leaves_a_doubt_is_no_answer() {
        let (a, b) = ("a".repeat(64), "b".repeat(64));
        for (text, says) in [
            (String::new(), "no SHA-256"),
            (format!("{a}  tool-1.tgz.asc"), "no SHA-256"),
            (format!("{a}  xtool-1.tgz"), "no SHA-256"),
            (format!("{a}\n{b}\n"), "no SHA-256"),
            (format!("{}  tool-1.tgz", "a".repeat(63)), "no SHA-256"),
            (format!("SHA1 (tool-1.tgz) = {a}"), "no SHA-256"),
            (format!("SHA512 (tool-1.tgz) = {a}"), "no SHA-256"),
            (format!("{a}  tool-1.tgz\n{b}  tool-1.tgz"), "differ"),
            (format!("{a}  x/tool-1.tgz\n{b}  y/tool-1.tgz"), "differ"),
        ] {
            let why = of(&text).unwrap_err();
            assert!(why.contains(says), "{text}: {why}");
        }
    }
}
