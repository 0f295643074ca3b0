//! Pages of tag lists, each with the entity tag by which its server can be asked whether it has changed.

use super::Cache;
use crate::model::Digest;

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
        let digest: Digest = digest.parse().ok()?;
        text.drain(..head.len());
        let page = Page { etag, next, tags: text };
        (page.digest() == digest).then_some(page)
    }

    /// Keeps the page of `url`. What has no entity tag that could be asked about is not kept.
    pub fn keep_page(&self, url: &str, page: &Page) {
        let Page { etag, next, tags } = page;
        let next = next.as_deref().unwrap_or_default();
        let one_line = |text: &str| !text.contains(['\n', '\r']);
        let Some(folder) = self.0.as_deref().filter(|_| !etag.is_empty() && one_line(etag) && one_line(next))
        else {
            return;
        };
        let content = format!("{FORM}\n{}\n{etag}\n{next}\n{tags}", page.digest());
        folder.write(&folder.root.join("pages").join(name(url)), content.as_bytes());
    }
}

impl Page {
    /// Of all of it, so that a part of a page is known to be one.
    fn digest(&self) -> Digest {
        let next = self.next.as_deref().unwrap_or_default();
        Digest::sha256(format!("{}\n{next}\n{}", self.etag, Digest::sha256(self.tags.as_bytes())).as_bytes())
    }
}

/// A file's name: URLs are too long for one, and their queries are nobody's business.
fn name(url: &str) -> String {
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
            cache.keep_page(url, &kept);
            assert_eq!(cache.page(url), Some(kept));
        }
        for refused in [page(None, ""), page(None, "a\nb"), page(Some("a\nb"), "x")] {
            cache.keep_page("other", &refused);
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
