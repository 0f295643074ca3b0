//! The address of the page that shows what changed between two revisions, where the forge is known.
//!
//! A source that an image names is a claim of whoever made the image. It becomes a link only where every part of it is
//! plain: a forge of this list, a path of ordinary names, revisions in hexadecimal digits.

use crate::model::Learnt;

/// How a forge writes it, between the repository and the two revisions.
const FORGES: &[(&str, &str)] = &[
    ("github.com", "/compare/"),
    ("gitlab.com", "/-/compare/"),
    ("salsa.debian.org", "/-/compare/"),
    ("gitlab.freedesktop.org", "/-/compare/"),
    ("gitlab.gnome.org", "/-/compare/"),
    ("invent.kde.org", "/-/compare/"),
    ("codeberg.org", "/compare/"),
    ("code.forgejo.org", "/compare/"),
];

/// The page that compares two revisions of `source`, or why there is none.
pub fn compare_link(source: &str, from: &str, to: &str) -> Learnt<String> {
    let unknown = |why: &str| Learnt::Unknown(why.to_owned());
    // Official images name a build's folder behind a `#`.
    let source = source.split('#').next().unwrap_or_default();
    let Some(rest) = source.strip_prefix("https://") else {
        return unknown("the source is not at an https address");
    };
    let Some((host, path)) = rest.split_once('/') else {
        return unknown("the source names no repository");
    };
    let host = host.to_ascii_lowercase();
    let Some((host, infix)) = FORGES.iter().find(|(known, _)| *known == host) else {
        return unknown("the source is not at a forge that is known here");
    };
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let names: Vec<&str> = path.split('/').collect();
    let deep_enough = if *infix == "/compare/" { names.len() == 2 } else { names.len() >= 2 };
    if !deep_enough || !names.iter().all(|name| is_plain(name)) {
        return unknown("the source's path is not that of a repository");
    }
    if !is_revision(from) || !is_revision(to) {
        return unknown("a revision is not a commit's id");
    }
    Learnt::Known(format!("https://{host}/{path}{infix}{from}...{to}"))
}

fn is_plain(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    name.len() <= 100 && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.bytes().all(plain)
}

/// Whole, or abbreviated as far as git does it.
fn is_revision(text: &str) -> bool {
    matches!(text.len(), 7..=64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "2603e26e245e558218728ee14e0a42dcb020dc7f";
    const B: &str = "e07791e1f0da683600961b9ff69e5b584be52860";

    #[test]
    fn known_forges_have_a_page() {
        for (source, page) in [
            (
                "https://github.com/docker-library/postgres.git#2603e26e245e558218728ee14e0a42dcb020dc7f:17/trixie",
                "https://github.com/docker-library/postgres/compare/",
            ),
            ("https://GitHub.com/a/b/", "https://github.com/a/b/compare/"),
            ("https://gitlab.com/a/b/c.git", "https://gitlab.com/a/b/c/-/compare/"),
            ("https://codeberg.org/a/b", "https://codeberg.org/a/b/compare/"),
        ] {
            assert_eq!(compare_link(source, A, B), Learnt::Known(format!("{page}{A}...{B}")), "{source}");
        }
    }

    #[test]
    fn what_is_not_plain_makes_no_link() {
        for (source, from, to, says) in [
            ("http://github.com/a/b", A, B, "not at an https"),
            ("git@github.com:a/b.git", A, B, "not at an https"),
            ("https://evil.example/a/b", A, B, "not at a forge"),
            ("https://github.com@evil.example/a/b", A, B, "not at a forge"),
            ("https://github.com:444/a/b", A, B, "not at a forge"),
            ("https://github.com.evil.example/a/b", A, B, "not at a forge"),
            ("https://github.com", A, B, "names no repository"),
            ("https://github.com/a", A, B, "path"),
            ("https://github.com/a/b/c", A, B, "path"),
            ("https://github.com/a/..", A, B, "path"),
            ("https://github.com/a/b?x=1", A, B, "path"),
            ("https://github.com/a/b)[x](https", A, B, "path"),
            ("https://github.com/a/b\n", A, B, "path"),
            ("https://github.com/a/b", "v1.0", B, "revision"),
            ("https://github.com/a/b", A, "main", "revision"),
            ("https://github.com/a/b", A, "2603e2", "revision"),
            ("https://github.com/a/b", A, "2603e26)", "revision"),
        ] {
            match compare_link(source, from, to) {
                Learnt::Unknown(why) => assert!(why.contains(says), "{source}: {why}"),
                Learnt::Known(link) => panic!("{source} became {link}"),
            }
        }
    }
}
