//! Where something is asked instead of where its URL says: what begins with a prefix is found below a mirror.

/// What `url` becomes by the longest of the prefixes that it begins with, each given with its mirror; none where it
/// begins with none of them.
pub fn mirrored(url: &str, mirrors: &[(String, String)]) -> Option<String> {
    let covering = mirrors.iter().filter_map(|(prefix, mirror)| {
        let rest = url.strip_prefix(prefix.as_str())?;
        // A prefix ends where a component does: `…/acme` is not a prefix of `…/acme-evil/x`.
        let whole =
            prefix.ends_with(['/', ':']) || rest.is_empty() || rest == ".git" || rest.starts_with('/');
        whole.then_some((prefix.len(), mirror, rest))
    });
    let (length, mirror, rest) = covering.max_by_key(|(length, ..)| *length)?;
    // Where a component ends in one of them, it does in the other: exactly one `/` stands between.
    let ends = url[..length].ends_with('/');
    Some(match (ends, mirror.ends_with(['/', ':']), rest.strip_prefix('/')) {
        (true, false, _) => format!("{mirror}/{rest}"),
        (false, true, Some(rest)) => format!("{mirror}{rest}"),
        _ => format!("{mirror}{rest}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_has_the_mirror() {
        let mirrors: Vec<(String, String)> = [
            ("https://github.com/", "https://mirror.example/gh/"),
            ("https://github.com/acme/", "file:///srv/"),
            ("https://github.com/one", "/srv/one"),
            ("git@github.com:", "https://mirror.example/gh/"),
            ("https://a.example/", "https://mirror.example"),
            ("https://b.example/x", "https://mirror.example/b/"),
        ]
        .map(|(prefix, mirror)| (prefix.to_owned(), mirror.to_owned()))
        .into();
        for (url, place) in [
            ("https://github.com/sadoyan/aralez.git", Some("https://mirror.example/gh/sadoyan/aralez.git")),
            ("https://github.com/acme/x", Some("file:///srv/x")),
            ("https://github.com/one.git", Some("/srv/one.git")),
            ("https://github.com/one-evil/x", Some("https://mirror.example/gh/one-evil/x")),
            ("git@github.com:acme/x", Some("https://mirror.example/gh/acme/x")),
            ("https://example.org/x", None),
            ("https://a.example/x", Some("https://mirror.example/x")),
            ("https://b.example/x/y", Some("https://mirror.example/b/y")),
        ] {
            assert_eq!(mirrored(url, &mirrors).as_deref(), place);
        }
    }
}
