//! Tag lists: all pages of one.

use std::collections::HashSet;
use std::fmt;
use std::io::{BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use url::Url;

use super::answer::{ask, checked};
use crate::cache::{Cache, Page as Kept};
use crate::model::{Repository, TagList};
use crate::net::{Asked, Client, Deadline, Endpoint, Kind, Place, Request, Response, next_link};
use crate::source::SourceError;

/// Twice as many as the longest list known has.
const TAGS: usize = 2_000_000;

/// As long as the text of so many may be; the longest tags that are allowed would be five times as long.
const TEXT: usize = 64 << 20;

/// As many as those tags have at the smallest pages known.
const PAGES: usize = TAGS / 100;

/// How many times the limit for the next bytes all pages may take.
const WHOLE: u32 = 10;

/// A page of more text than this is not held in memory while its server is asked about it.
const LARGE: usize = 1 << 20;

/// A server that invents further pages for ever brings nothing new with them.
const IDLE_PAGES: usize = 100;

/// All tags of `repository`, in the order in which they are served. One that is served twice in a row, as where a page
/// begins with the last tag of the one before, stands once.
pub(super) async fn list(
    client: &Client,
    cache: &Cache,
    repository: &Repository,
) -> Result<TagList, SourceError> {
    let net = |error| SourceError::net(format!("list the tags of {repository}"), &error);
    let endpoint = client.endpoint(repository.registry()).map_err(net)?;
    let deadline = Deadline::within(client.settings().timeout.saturating_mul(WHOLE));
    let mut listing = Listing { client, cache, repository, endpoint: &endpoint, tags: TagList::default() };
    let mut request = endpoint.request(Asked::TagPage, repository, "tags/list?n=1000");
    let (mut visited, mut news) = (HashSet::new(), News::default());
    loop {
        visited.insert(request.url().clone());
        let before = listing.tags.len();
        let (url, link) = listing.read(request.until(&deadline).in_pieces()).await?;
        let Some(link) = link else {
            return Ok(listing.tags);
        };
        let next = next_page(&url, &link).map_err(|why| listing.wrong(why))?;
        news.note(listing.tags.last().filter(|_| listing.tags.len() > before));
        let host = endpoint.host();
        if visited.contains(&next) {
            return Err(listing.wrong(format!("the pages of {host} lead back to one that was read")));
        }
        if visited.len() >= PAGES || news.idle >= IDLE_PAGES {
            let pages = visited.len();
            return Err(listing.wrong(format!("{host} has no last page, after {pages} pages")));
        }
        request = endpoint.request_to(Asked::TagPage, repository, next);
    }
}

/// A list of which some pages are read.
struct Listing<'l> {
    client: &'l Client,
    cache: &'l Cache,
    repository: &'l Repository,
    endpoint: &'l Endpoint,
    tags: TagList,
}

impl Listing<'_> {
    /// Takes in a page; gives where it came from, and the link to the next.
    ///
    /// One that was read in an earlier run, and of which its server says that it is the same, is taken from the cache. An
    /// answer that is none of either kind is a failure, whatever is at hand.
    async fn read(&mut self, request: Request) -> Result<(Url, Option<String>), SourceError> {
        let asked = || format!("list the tags of {}", self.repository);
        let key = request.url().to_string();
        if let Some((etag, kept)) = self.known(&key) {
            let conditional = request.clone().header("if-none-match", etag.as_str());
            let sent = self.client.send(&conditional).await;
            let response = sent.map_err(|error| SourceError::net(asked(), &error))?;
            if response.status() != 304 {
                return self.take(&key, checked(response, self.endpoint, asked)?);
            }
            let kept = kept.or_else(|| self.cache.page(&key)).filter(|page| page.etag == etag);
            if let Some(Kept { next, tags, .. }) = kept
                && self.tags.push_lines(tags)
            {
                return match is_too_long(&self.tags) {
                    true => Err(self.wrong(self.too_long())),
                    false => Ok((response.url().clone(), next)),
                };
            }
        }
        let response = ask(self.client, self.endpoint, &request, asked).await?;
        self.take(&key, response)
    }

    /// The entity tag of a page that was kept, and the page itself where it is not large: its memory may be needed for a
    /// new one.
    fn known(&self, key: &str) -> Option<(String, Option<Kept>)> {
        let page = self.cache.page(key)?;
        Some((page.etag.clone(), Some(page).filter(|page| page.tags.len() <= LARGE)))
    }

    /// Takes in a page that was sent.
    fn take(&mut self, key: &str, response: Response) -> Result<(Url, Option<String>), SourceError> {
        let link = next_link(response.headers("link"));
        let (url, content_type) = (response.url().clone(), response.content_type());
        let etag = response.header("etag").map(str::to_owned);
        let mark = self.tags.mark();
        match read_page(response.into_reader(), &mut self.tags) {
            Ok(()) => {}
            Err(Wrong::TooLong) => return Err(self.wrong(self.too_long())),
            Err(Wrong::NoList) => {
                let what = content_type.unwrap_or_else(|| "something".into());
                let host = self.endpoint.host();
                return Err(self.wrong(format!("{host} answered with {what} that is not a tag list")));
            }
        }
        if let Some(etag) = etag {
            self.cache.keep_page(key, (&etag, link.as_deref()), self.tags.since(mark));
        }
        Ok((url, link))
    }

    fn wrong(&self, why: String) -> SourceError {
        SourceError::new(Kind::Protocol, format!("list the tags of {}", self.repository), why)
    }

    fn too_long(&self) -> String {
        format!("{} lists {}", self.endpoint.host(), too_long(&self.tags))
    }
}

/// Whether pages bring anything new. One that ends as another did is taken to be that one again.
#[derive(Default)]
struct News {
    last: HashSet<String>,
    /// How many pages in a row brought nothing.
    idle: usize,
}

impl News {
    /// Takes in a page by its last tag; none where it has no tags.
    fn note(&mut self, last: Option<&str>) {
        let is_new = last.is_some_and(|last| self.last.insert(last.to_owned()));
        self.idle = if is_new { 0 } else { self.idle + 1 };
    }
}

/// Why a page could not be taken in.
#[derive(Debug, PartialEq, Eq)]
enum Wrong {
    NoList,
    TooLong,
}

fn is_too_long(tags: &TagList) -> bool {
    tags.len() > TAGS || tags.bytes() > TEXT
}

fn too_long(tags: &TagList) -> String {
    match tags.len() > TAGS {
        true => format!("more than {TAGS} tags"),
        false => format!("tags that are longer than {} MiB", TEXT >> 20),
    }
}

/// Takes in the tags of a page, without what is not a tag.
fn read_page(body: impl Read, tags: &mut TagList) -> Result<(), Wrong> {
    let mut json = serde_json::Deserializer::from_reader(BufReader::new(body));
    let read = Page(tags).deserialize(&mut json).and_then(|()| json.end());
    match read {
        _ if is_too_long(tags) => Err(Wrong::TooLong),
        Ok(()) => Ok(()),
        Err(_) => Err(Wrong::NoList),
    }
}

/// `{"tags": […]}`; `null` in some registries where there are none.
struct Page<'l>(&'l mut TagList);

impl<'de> DeserializeSeed<'de> for Page<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Page<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page of tags")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(key) = map.next_key::<String>()? {
            if key != "tags" {
                map.next_value::<IgnoredAny>()?;
            } else if std::mem::replace(&mut found, true) {
                return Err(A::Error::duplicate_field("tags"));
            } else {
                map.next_value_seed(Tags(self.0))?;
            }
        }
        Ok(())
    }
}

struct Tags<'l>(&'l mut TagList);

impl<'de> DeserializeSeed<'de> for Tags<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tags<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tags")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut texts: A) -> Result<(), A::Error> {
        while texts.next_element_seed(One(self.0))?.is_some() {
            if is_too_long(self.0) {
                return Err(A::Error::custom("too long"));
            }
        }
        Ok(())
    }
}

struct One<'l>(&'l mut TagList);

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for One<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tag")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if !self.0.ends_with(text) {
            self.0.push(text);
        }
        Ok(())
    }
}

/// Where `link` leads from `page`: to the same origin only, as anything else could name a host behind a firewall.
fn next_page(page: &Url, link: &str) -> Result<Url, String> {
    let next = page.join(link).map_err(|_| "the link to the next page is not a URL".to_owned())?;
    match next.origin() == page.origin() {
        true => Ok(next),
        false => {
            let place = Place::of(&next);
            let named = if place.host().is_empty() { place.to_string() } else { place.host().into() };
            Err(format!("the link to the next page leads to another host, {named}, which is refused"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(page: &str) -> Result<Vec<String>, Wrong> {
        let mut tags = TagList::default();
        read_page(page.as_bytes(), &mut tags)?;
        Ok(tags.iter().map(str::to_owned).collect())
    }

    #[test]
    fn a_page_has_tags_or_none() {
        for (page, tags) in [
            (
                r#"{"name": "a", "tags": ["1", "1", "a/b", "\u0031.1", "2"], "x": [{"tags": 1}]}"#,
                &["1", "1.1", "2"][..],
            ),
            (r#"{"tags": null}"#, &[]),
            (r#"{"tags": []}"#, &[]),
            (r#"{"errors": []}"#, &[]),
        ] {
            assert_eq!(read(page).unwrap(), tags, "{page}");
        }
        for page in
            ["", "[]", "null", "<html>", r#"{"tags": "1"}"#, r#"{"tags": [1]}"#, r#"{"tags": ["1"#, "{} x"]
        {
            assert_eq!(read(page), Err(Wrong::NoList), "{page}");
        }
        assert_eq!(read(r#"{"tags": [], "tags": []}"#), Err(Wrong::NoList));
    }

    #[test]
    fn a_list_has_an_end() {
        let page = |pair: [&str; 2], times: usize| {
            let tags = vec![format!("\"{}\",\"{}\"", pair[0], pair[1]); times / 2].join(",");
            format!("{{\"tags\": [{tags}]}}")
        };
        let mut tags = TagList::default();
        assert_eq!(read_page(page(["1", "2"], TAGS).as_bytes(), &mut tags), Ok(()));
        assert_eq!(read_page(page(["1", "2"], 2).as_bytes(), &mut tags), Err(Wrong::TooLong));
        assert_eq!(too_long(&tags), "more than 2000000 tags");
        let (mut tags, long) = (TagList::default(), ["a".repeat(127), "b".repeat(127)]);
        let page = |times| page([&long[0], &long[1]], times);
        assert_eq!(read_page(page(TEXT / 128).as_bytes(), &mut tags), Ok(()));
        assert_eq!(read_page(page(2).as_bytes(), &mut tags), Err(Wrong::TooLong));
        assert_eq!(too_long(&tags), "tags that are longer than 64 MiB");
    }

    #[test]
    fn a_page_that_was_there_brings_nothing() {
        let mut news = News::default();
        for (last, idle) in [(Some("1"), 0), (Some("2"), 0), (Some("1"), 1), (None, 2), (Some("3"), 0)] {
            news.note(last);
            assert_eq!(news.idle, idle);
        }
    }

    #[test]
    fn pages_stay_on_their_origin() {
        let page = Url::parse("https://h.example/v2/a/tags/list?n=1").unwrap();
        let next = |link| next_page(&page, link).map(|url| url.to_string());
        assert_eq!(next("/v2/a/tags/list?last=x").unwrap(), "https://h.example/v2/a/tags/list?last=x");
        assert_eq!(next("list?last=x").unwrap(), "https://h.example/v2/a/tags/list?last=x");
        assert_eq!(next("https://h.example/x").unwrap(), "https://h.example/x");
        for elsewhere in
            ["https://169.254.169.254/x", "//evil.example/x", "http://h.example/x", "https://h.example:444/"]
        {
            assert!(next(elsewhere).unwrap_err().contains("another host"), "{elsewhere}");
        }
        assert!(next("https://").is_err());
    }
}
