//! Tag lists: all pages of one.

use std::collections::HashSet;

use serde::Deserialize;
use url::Url;

use super::ask;
use crate::model::{Repository, Tag};
use crate::net::{Asked, Client, Deadline, Kind, Place, next_link};
use crate::source::SourceError;

/// Above the longest list known.
const TAGS: usize = 1_000_000;

/// As many as those tags have at the smallest pages known.
const PAGES: usize = TAGS / 100;

/// How many times the limit for the next bytes all pages may take.
const WHOLE: u32 = 10;

/// A server that invents further pages for ever brings nothing new with them.
const IDLE_PAGES: usize = 100;

#[derive(Deserialize)]
struct Page {
    /// `null` in some registries where there are none.
    tags: Option<Vec<String>>,
}

/// All tags of `repository`, in the order in which they are served, each once.
pub(super) async fn list(client: &Client, repository: &Repository) -> Result<Vec<Tag>, SourceError> {
    let asked = || format!("list the tags of {repository}");
    let wrong = |why: String| SourceError::new(Kind::Protocol, asked(), why);
    let endpoint =
        client.endpoint(repository.registry()).map_err(|error| SourceError::net(asked(), &error))?;
    let deadline = Deadline::within(client.settings().timeout.saturating_mul(WHOLE));
    let mut request = endpoint.request(Asked::TagPage, repository, "tags/list?n=1000").until(&deadline);
    let (mut found, mut visited, mut idle) = (Found::default(), HashSet::new(), 0);
    loop {
        visited.insert(request.url().clone());
        let response = ask(client, &endpoint, &request, asked).await?;
        let page: Page = serde_json::from_slice(response.body()).map_err(|_| {
            let what = response.content_type().unwrap_or_else(|| "something".into());
            wrong(format!("{} answered with {what} that is not a tag list", endpoint.host()))
        })?;
        let before = found.tags.len();
        if !found.take(page.tags.unwrap_or_default(), TAGS) {
            return Err(wrong(format!("{} lists more than {TAGS} tags", endpoint.host())));
        }
        let Some(link) = next_link(response.headers("link")) else {
            return Ok(found.tags);
        };
        let next = next_page(response.url(), &link).map_err(wrong)?;
        idle = if found.tags.len() == before { idle + 1 } else { 0 };
        if visited.contains(&next) {
            return Err(wrong(format!("the pages of {} lead back to one that was read", endpoint.host())));
        }
        if visited.len() >= PAGES || idle >= IDLE_PAGES {
            let pages = visited.len();
            return Err(wrong(format!("{} has no last page, after {pages} pages", endpoint.host())));
        }
        request = endpoint.request_to(Asked::TagPage, repository, next).until(&deadline);
    }
}

/// The tags of the pages up to now, each once.
#[derive(Default)]
struct Found {
    tags: Vec<Tag>,
    known: HashSet<String>,
}

impl Found {
    /// Adds those of a page, without what is not a tag; `false` where they become more than `most`.
    fn take(&mut self, page: Vec<String>, most: usize) -> bool {
        for text in page {
            if let Ok(tag) = text.parse::<Tag>()
                && self.known.insert(text)
            {
                self.tags.push(tag);
            }
        }
        self.tags.len() <= most
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

    #[test]
    fn tags_are_taken_once_and_up_to_a_cap() {
        let page = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let mut found = Found::default();
        assert!(found.take(page(&["1", "2", "1", "a/b"]), 2));
        assert!(found.take(page(&["2", ""]), 2));
        assert!(!found.take(page(&["3"]), 2));
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
