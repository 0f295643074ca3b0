//! Pages of tag lists, each with the entity tag by which its server can be asked whether it has changed.

use super::Cache;
use crate::model::{Algorithm, Digest, Hasher};

/// The first line of a stored page: another form of it is no page.
const FORM: &str = "solera-pin page 1";

/// A page as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Its `ETag`, as the server wrote it.
    pub etag: String,
    /// Where the next page is, as the server wrote it.
    pub next: Option<String>,
    /// The tags, each with a line feed after it.
    pub tags: String,
}

impl Cache {
    /// The page that was kept of `url`.
    pub fn page(&self, url: &str) -> Option<Page> {
        let folder = self.0.as_deref()?;
        let mut text = String::from_utf8(folder.read(&folder.root.join("pages").join(name(url)))?).ok()?;
        let head: String = text.split_inclusive('\n').take(4).collect();
        let lines: Vec<&str> = head.lines().collect();
        let [FORM, digest, etag, next] = lines[..] else { return None };
        let (etag, next) = (etag.to_owned(), Some(next.to_owned()).filter(|next| !next.is_empty()));
        let known: Digest = digest.parse().ok()?;
        text.drain(..head.len());
        let page = Page { etag, next, tags: text };
        let next = page.next.as_deref().unwrap_or_default();
        (self::digest(&page.etag, next, [page.tags.as_str()]) == known).then_some(page)
    }

    /// Keeps the page of `url`, whose tags come in pieces of any size. What has no entity tag that could be asked about is
    /// not kept.
    pub fn keep_page<'t, T>(&self, url: &str, (etag, next): (&str, Option<&str>), tags: T)
    where
        T: IntoIterator<Item = &'t str> + Clone,
    {
        let next = next.unwrap_or_default();
        let one_line = |text: &str| !text.contains(['\n', '\r']);
        let Some(folder) = self.0.as_deref().filter(|_| !etag.is_empty() && one_line(etag) && one_line(next))
        else {
            return;
        };
        let head = format!("{FORM}\n{}\n{etag}\n{next}\n", digest(etag, next, tags.clone()));
        let tags = tags.into_iter().map(|piece| -> &[u8] { piece.as_bytes() });
        let content = std::iter::once(head.as_bytes()).chain(tags);
        folder.write(&folder.root.join("pages").join(name(url)), content);
    }
}

/// Of all of a page, so that a part of it is known to be one.
fn digest<'t>(etag: &str, next: &str, tags: impl IntoIterator<Item = &'t str>) -> Digest {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    tags.into_iter().for_each(|piece| hasher.update(piece.as_bytes()));
    Digest::sha256(format!("{etag}\n{next}\n{}", hasher.finish()).as_bytes())
}

/// A file's name: URLs are too long for one, and their queries are nobody's business.
pub(super) fn name(url: &str) -> String {
    Digest::sha256(url.as_bytes()).hex().to_owned()
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn a_page_is_kept_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().into(), SystemTime::UNIX_EPOCH);
        let url = "https://r.example/v2/a/tags/list?n=1000";
        let page = |next: Option<&str>, etag: &str| Page {
            etag: etag.into(),
            next: next.map(Into::into),
            tags: "1.0\n1.1\n".into(),
        };
        assert_eq!(cache.page(url), None);
        for kept in [page(None, "W/\"x\""), page(Some("/v2/a?last=b"), "\"y\"")] {
            let head = (kept.etag.as_str(), kept.next.as_deref());
            cache.keep_page(url, head, ["1.0\n1.", "", "1\n"]);
            assert_eq!(cache.page(url), Some(kept));
        }
        for refused in [("", None), ("a\nb", None), ("x", Some("a\nb"))] {
            cache.keep_page("other", refused, ["1.0\n"]);
            assert_eq!(cache.page("other"), None);
        }
        let path = folder.path().join("pages").join(name(url));
        let text = std::fs::read_to_string(&path).unwrap();
        for damaged in [&text[..text.len() - 4], &text.replace("\"y\"", "\"z\""), "", "solera-pin page 2\n"] {
            crate::files::replace(&path, damaged.as_bytes()).unwrap();
            assert_eq!(cache.page(url), None, "{damaged}");
        }
    }
}
