//! Git repositories at a revision, as files name them, and the comment that keeps a tag beside a commit.

use std::ops::Range;

use super::{GitInput, GitSite, Site, Spelled, image};

/// What stands between a commit and the tag behind it.
const PREFIX: &str = " # ";

/// The repository that a builder would fetch for this text: `URL[#REVISION[:FOLDER]]`, or with `?ref=`, `?tag=`,
/// `?branch=`, `?commit=` or `?checksum=`. `None` where it would fetch none.
pub(super) fn input(reference: &Spelled) -> Option<GitInput> {
    let text = reference.text.as_str();
    let end = text.find(['#', '?']).unwrap_or(text.len());
    if !is_repository(&text[..end]) {
        return None;
    }
    let (mut revision, mut commit) = (None, None);
    let mut set = |range: Range<usize>| match &text[range.clone()] {
        "" => {}
        hash if is_commit(hash) => commit = Some(hash.to_owned()),
        _ => revision = Some(image::slice(reference, range)),
    };
    for (key, value) in query(text) {
        if matches!(key, "ref" | "tag" | "branch" | "commit" | "checksum") {
            set(value);
        }
    }
    if let Some(hash) = text.find('#') {
        let length = text[hash + 1..].find(':').unwrap_or(text.len() - hash - 1);
        set(hash + 1..hash + 1 + length);
    }
    let scheme = if text.starts_with("github.com/") { "https://" } else { "" };
    Some(GitInput { url: format!("{scheme}{}", &text[..end]), revision, commit, site: None })
}

/// The keys of a URL's query, and where their values are.
fn query(text: &str) -> Vec<(&str, Range<usize>)> {
    let end = text.find('#').unwrap_or(text.len());
    let Some(start) = text[..end].find('?') else { return Vec::new() };
    let mut at = start + 1;
    let mut found = Vec::new();
    for pair in text[at..end].split('&') {
        if let Some((key, value)) = pair.split_once('=') {
            let from = at + key.len() + 1;
            found.push((key, from..from + value.len()));
        }
        at += pair.len() + 1;
    }
    found
}

/// Whether a builder takes an address without its fragment for a git repository's.
fn is_repository(address: &str) -> bool {
    let http = ["https://", "http://"].iter().any(|scheme| address.starts_with(scheme));
    (http && address.trim_end_matches('/').ends_with(".git"))
        || ["git://", "ssh://", "git@", "github.com/"].iter().any(|start| address.starts_with(start))
}

/// Whether a text is a commit at its full length.
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|c| c.is_ascii_hexdigit())
}

/// A repository whose revision stands at `revision` in the file, in a value that ends at `after`. If the line goes on
/// with anything but a comment, there is no room for the comment that would keep the tag of a commit.
///
/// The comment of a commit names its tag: `# v4`, `# tag=v4`, `# pin@v4`. Behind a tag it is no more than a comment.
pub(super) fn pinned(file: &str, url: String, revision: Range<usize>, after: usize) -> GitInput {
    let written = file.get(revision.clone()).unwrap_or_default();
    let line = rest_of_line(file.get(after..).unwrap_or_default());
    let is_commit = is_commit(written);
    let tag = if is_commit { commented_tag(line) } else { None };
    let end = tag.as_ref().map_or(after, |tag| after + tag.end);
    let comment = Site { span: after..end, prefix: PREFIX };
    let site = ends(line).then(|| GitSite { revision: revision.clone(), comment });
    if is_commit {
        let place = |tag: Range<usize>| after + tag.start..after + tag.end;
        let revision = tag.map(|tag| Spelled::literal(&line[tag.clone()], place(tag)));
        return GitInput { url, revision, commit: Some(written.to_owned()), site };
    }
    GitInput { url, revision: Some(Spelled::literal(written, revision)), commit: None, site }
}

/// What follows on the line. Of anything but a comment the first character will do: there may be many values on a
/// long line.
fn rest_of_line(rest: &str) -> &str {
    let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    match rest[blank..].chars().next() {
        None | Some('\n' | '\r') => &rest[..blank],
        Some('#') => &rest[..rest.find(['\n', '\r']).unwrap_or(rest.len())],
        Some(other) => &rest[..blank + other.len_utf8()],
    }
}

/// Whether nothing or a comment follows.
fn ends(line: &str) -> bool {
    let rest = line.trim_start_matches([' ', '\t']);
    rest.is_empty() || (rest.starts_with('#') && rest.len() < line.len())
}

/// The tag that a comment begins with, in bytes of the line.
fn commented_tag(line: &str) -> Option<Range<usize>> {
    if !ends(line) {
        return None;
    }
    let hash = line.find('#')?;
    let body = line[hash + 1..].trim_start_matches([' ', '\t', '#']);
    let start = line.len() - body.len();
    let word = body.split([' ', '\t']).next().filter(|word| !word.is_empty())?;
    // Behind a tag that was written here stands the comment that was there before.
    let rest = body[word.len()..].trim_start();
    let alone = rest.is_empty() || rest.starts_with('#');
    let word = word.trim_end_matches([',', ';', '.', ')']);
    // `tag=v4`, `pin@v4`, `ratchet:actions/checkout@v4`
    let named = ["tag=", "branch=", "ref="].iter().find(|key| word.starts_with(*key)).map(|key| key.len());
    let from = named.or_else(|| word.rfind('@').map(|at| at + 1)).unwrap_or(0);
    let tag = &word[from..];
    let names = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-' | b'/' | b'+');
    let says_more = ["nosemgrep", "noqa", "nolint"].iter().any(|word| tag.starts_with(word));
    let is_tag = !tag.is_empty()
        && tag.bytes().all(names)
        && (from > 0 || tag.bytes().any(|c| c.is_ascii_digit()) || (alone && !says_more));
    is_tag.then(|| start + from..start + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn knows_a_repository() {
        for (text, url, revision, commit) in [
            ("https://example.org/a.git", "https://example.org/a.git", None, None),
            ("https://example.org/a.git#v1", "https://example.org/a.git", Some("v1"), None),
            ("https://example.org/a.git#v1:sub/x", "https://example.org/a.git", Some("v1"), None),
            ("https://example.org/a.git#:sub", "https://example.org/a.git", None, None),
            ("git@example.org:a/b.git#main", "git@example.org:a/b.git", Some("main"), None),
            ("ssh://git@example.org/a", "ssh://git@example.org/a", None, None),
            ("github.com/a/b#v1", "https://github.com/a/b", Some("v1"), None),
            ("https://a/b.git?tag=v1&subdir=x", "https://a/b.git", Some("v1"), None),
            (
                &format!("https://a/b.git?tag=v1&checksum={COMMIT}"),
                "https://a/b.git",
                Some("v1"),
                Some(COMMIT),
            ),
            (&format!("https://a/b.git#{COMMIT}:x"), "https://a/b.git", None, Some(COMMIT)),
        ] {
            let found = input(&Spelled::literal(text, 5..5 + text.len())).unwrap();
            let revision_text = found.revision.as_ref().map(|revision| revision.text.as_str());
            assert_eq!(
                (found.url.as_str(), revision_text, found.commit.as_deref()),
                (url, revision, commit),
                "{text}"
            );
            if let Some(revision) = found.revision {
                let span = revision.pieces[0].span.clone().unwrap();
                assert_eq!(text[span.start - 5..span.end - 5], revision.text);
            }
        }
        for text in ["https://example.org/a", "./a.git", "a.git#x", "https://a/x.tar.gz#.git", "", "#", "?"] {
            assert_eq!(input(&Spelled::literal(text, 0..text.len())), None, "{text}");
        }
    }

    #[test]
    fn the_comment_behind_a_commit_names_its_tag() {
        for (comment, tag, replaced) in [
            ("", None, ""),
            ("  ", None, ""),
            (" # v4", Some("v4"), " # v4"),
            ("\t#v4.1.2 some text", Some("v4.1.2"), "\t#v4.1.2"),
            (" # tag=v4", Some("v4"), " # tag=v4"),
            (" # pin@v4, please", Some("v4"), " # pin@v4"),
            (" # ratchet:actions/checkout@v4", Some("v4"), " # ratchet:actions/checkout@v4"),
            (" # main", Some("main"), " # main"),
            (" # main # keep this one", Some("main"), " # main"),
            (" # branch=main is ours", Some("main"), " # branch=main"),
            (" # keep this one", None, ""),
            (" # solera-pin: ignore[a] b", None, ""),
            (" # nosemgrep", None, ""),
            (" #", None, ""),
            (" # ümlaut4", None, ""),
        ] {
            let file = format!("{COMMIT}{comment}\r\n# v5");
            let found = pinned(&file, String::new(), 0..40, 40);
            assert_eq!(found.commit.as_deref(), Some(COMMIT));
            assert_eq!(found.revision.as_ref().map(|tag| tag.text.as_str()), tag, "{comment}");
            assert_eq!(&file[found.site.unwrap().comment.span], replaced, "{comment}");
        }
        for rest in [" }", "# v4", ", # v4", "\" # v4"] {
            assert_eq!(pinned(&format!("{COMMIT}{rest}"), String::new(), 0..40, 40).site, None, "{rest}");
        }
    }

    #[test]
    fn the_comment_behind_a_tag_stays() {
        let found = pinned("v4 # v4.1.2", String::new(), 0..2, 2);
        assert_eq!(found.revision.unwrap().text, "v4");
        assert_eq!(found.site.unwrap().comment.span, 2..2);
    }
}
