//! Tag lists: pages, and links that lead astray.

use std::time::Duration;

use futures_util::future::join_all;
use solera_pin::cache::Cache;
use solera_pin::model::TagList;
use solera_pin::net::Settings;
use solera_pin::source::{ImageSource, Kind};

use crate::support::registry::{LinkStyle, Registry, Reply};
use crate::{client, images, repository, said, settings};

const LIST: &str = "GET /v2/a/tags/list";

fn texts(tags: &TagList) -> Vec<&str> {
    tags.iter().collect()
}

fn page(tags: &str, link: &str) -> Reply {
    Reply::new(200, format!(r#"{{"name": "a", "tags": {tags}}}"#)).header("Link", link)
}

#[tokio::test]
async fn all_pages_are_read_however_they_are_linked() {
    for style in [LinkStyle::Relative, LinkStyle::Absolute, LinkStyle::NoRel] {
        let registry = Registry::start();
        registry.set_tags("a", ["3", "1", "2", "10", "x"]);
        registry.set_page_size(2);
        registry.set_link_style(style);
        let source = images();
        let tags = source.tags(&repository(&registry, "a")).await.unwrap();
        assert_eq!(texts(&tags), ["3", "1", "2", "10", "x"], "{style:?}");
        assert_eq!(registry.counters().tag_pages, 3);
        assert_eq!(registry.requests()[0].query, "n=1000");
        assert_eq!(registry.counters().pings, 0);
    }
}

#[tokio::test]
async fn a_list_is_asked_for_once_a_run() {
    let registry = Registry::start();
    registry.set_tags("a", ["1"]);
    let (source, name) = (images(), repository(&registry, "a"));
    let all = join_all((0..100).map(|_| source.tags(&name))).await;
    assert!(all.iter().all(|tags| texts(tags.as_ref().unwrap()) == ["1"]));
    assert_eq!(registry.counters().tag_pages, 1);

    let missing = repository(&registry, "missing");
    for _ in 0..2 {
        let error = source.tags(&missing).await.unwrap_err();
        assert_eq!(error.kind(), Kind::NotFound);
        assert!(said(&error).contains("list the tags of"), "{error}");
    }
    assert_eq!(registry.counters().tag_pages, 2, "a failure is remembered too");
}

#[tokio::test]
async fn null_is_no_tags_and_what_is_no_tag_is_dropped() {
    let registry = Registry::start();
    registry.answer_next(
        LIST,
        [page("null", "</v2/a/tags/list?last=1>; rel=next"), page(r#"["1", "a/b", "", "1", "2"]"#, "")],
    );
    let tags = images().tags(&repository(&registry, "a")).await.unwrap();
    assert_eq!(texts(&tags), ["1", "2"]);
}

#[tokio::test]
async fn a_link_to_another_host_is_refused() {
    let other = Registry::start();
    for link in [format!("<{}/v2/a/tags/list>", other.url()), "<http://169.254.169.254/x>; rel=next".into()] {
        let registry = Registry::start();
        registry.answer(LIST, page(r#"["1"]"#, &link));
        let error = images().tags(&repository(&registry, "a")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Protocol);
        assert!(said(&error).contains("another host"), "{error}");
        let named = if link.contains("169") { "169.254.169.254".into() } else { other.host() };
        assert!(said(&error).contains(&named), "with its port: {error}");
    }
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn pages_that_lead_in_a_circle_or_nowhere_end() {
    let registry = Registry::start();
    registry.answer(LIST, page(r#"["1"]"#, "</v2/a/tags/list?n=1000>; rel=next"));
    let error = images().tags(&repository(&registry, "a")).await.unwrap_err();
    assert!(said(&error).contains("lead back"), "{error}");

    let endless = (0..1000).map(|n| page(r#"["1"]"#, &format!("<?last={n}>; rel=next")));
    let registry = Registry::start();
    registry.answer_next(LIST, endless);
    let error = images().tags(&repository(&registry, "a")).await.unwrap_err();
    assert!(said(&error).contains("no last page"), "{error}");
    assert!(registry.counters().tag_pages < 200);
}

#[tokio::test]
async fn what_is_no_tag_list_is_said() {
    let registry = Registry::start();
    registry.answer(
        LIST,
        Reply::new(200, "<html>hunter2</html>").header("Content-Type", "text/html; charset=utf-8"),
    );
    let error = images().tags(&repository(&registry, "a")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Protocol);
    assert!(said(&error).contains("text/html"), "{error}");
}

const TIMEOUT: Duration = Duration::from_millis(100);

fn hurried(requests_per_host: usize) -> ImageSource {
    ImageSource::new(client(Settings { timeout: TIMEOUT, attempts: 10, requests_per_host, ..settings() }))
}

#[tokio::test]
async fn a_page_that_drips_in_is_given_up_and_not_asked_for_again() {
    let registry = Registry::start();
    registry.answer(LIST, Reply::new(200, " ".repeat(10_000)).dripping(TIMEOUT / 10));
    let error = hurried(1).tags(&repository(&registry, "a")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(said(&error).contains("was still sending after 400 ms"), "{}", said(&error));
    assert_eq!(registry.counters().tag_pages, 1);
}

#[tokio::test]
async fn pages_that_take_too_long_together_are_given_up() {
    let registry = Registry::start();
    registry.set_tags("a", (0..1000).map(|n| n.to_string()));
    registry.set_page_size(1);
    registry.set_latency(TIMEOUT / 5);
    let error = hurried(1).tags(&repository(&registry, "a")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(said(&error).contains("was not done within 1 s"), "{}", said(&error));
    assert!(registry.counters().tag_pages <= 50);
}

/// Forty lists with one request at a time take twice as long as one list may.
#[tokio::test]
async fn a_list_that_waits_for_others_of_ours_is_not_late() {
    let registry = Registry::start();
    registry.set_page_size(1);
    registry.set_latency(TIMEOUT / 5);
    let names: Vec<_> = (0..40).map(|n| format!("r{n}")).collect();
    for name in &names {
        registry.set_tags(name, ["1", "2", "3"]);
    }
    let source = hurried(1);
    let names: Vec<_> = names.iter().map(|name| repository(&registry, name)).collect();
    let all = join_all(names.iter().map(|name| source.tags(name))).await;
    assert!(all.iter().all(|tags| tags.as_ref().is_ok_and(|tags| tags.len() == 3)), "{all:?}");
}

fn caching(folder: &std::path::Path) -> ImageSource {
    ImageSource::caching(client(settings()), Cache::at(folder.into(), std::time::SystemTime::UNIX_EPOCH))
}

fn conditions(registry: &Registry) -> Vec<bool> {
    registry.requests().iter().map(|request| request.header("if-none-match").is_some()).collect()
}

#[tokio::test]
async fn a_list_that_is_the_same_is_not_sent_again() {
    let (registry, folder) = (Registry::start(), tempfile::tempdir().unwrap());
    let name = repository(&registry, "a");
    registry.set_tags("a", ["3", "1", "2", "10", "x"]);
    registry.set_page_size(2);
    registry.set_etags(true);
    let mut bytes = Vec::new();
    for asks_whether in [false, true] {
        registry.reset_counters();
        let client = client(settings());
        let source = ImageSource::caching(
            client.clone(),
            Cache::at(folder.path().into(), std::time::SystemTime::UNIX_EPOCH),
        );
        let tags = source.tags(&name).await.unwrap();
        assert_eq!(texts(&tags), ["3", "1", "2", "10", "x"]);
        assert_eq!(conditions(&registry), [asks_whether; 3]);
        bytes.push(client.stats().bytes);
    }
    assert!(bytes[0] > 0 && bytes[1] == 0, "{bytes:?}");

    // One page changed, and there is another.
    registry.set_tags("a", ["3", "1", "2", "11", "x", "y", "z"]);
    let tags = caching(folder.path()).tags(&name).await.unwrap();
    assert_eq!(texts(&tags), ["3", "1", "2", "11", "x", "y", "z"]);
    let tags = caching(folder.path()).tags(&name).await.unwrap();
    assert_eq!(texts(&tags), ["3", "1", "2", "11", "x", "y", "z"]);
}

#[tokio::test]
async fn a_server_without_entity_tags_is_asked_plainly() {
    let (registry, folder) = (Registry::start(), tempfile::tempdir().unwrap());
    registry.answer(LIST, page(r#"["1"]"#, "").header("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"));
    for _ in 0..2 {
        let tags = caching(folder.path()).tags(&repository(&registry, "a")).await.unwrap();
        assert_eq!(texts(&tags), ["1"]);
    }
    assert_eq!(conditions(&registry), [false; 2]);
    assert!(registry.requests().iter().all(|request| request.header("if-modified-since").is_none()));
    assert!(!folder.path().join("pages").exists(), "nothing is kept for it");
}

#[tokio::test]
async fn what_is_kept_replaces_no_answer() {
    let (registry, folder) = (Registry::start(), tempfile::tempdir().unwrap());
    let name = repository(&registry, "a");
    let kept = page(r#"["1", "2"]"#, "").header("ETag", "\"x\"");
    registry.answer(LIST, kept.clone());
    caching(folder.path()).tags(&name).await.unwrap();
    for (status, kind) in
        [(404, Kind::NotFound), (403, Kind::Denied), (410, Kind::Protocol), (500, Kind::Unreachable)]
    {
        registry.answer(LIST, Reply::new(status, ""));
        let error = caching(folder.path()).tags(&name).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{status}");
    }
    // Nobody asked whether it is another one.
    registry.answer(LIST, Reply::new(304, ""));
    let error = images().tags(&name).await.unwrap_err();
    assert!(said(&error).contains("304"), "{error}");

    // What cannot be read is no page.
    let pages = folder.path().join("pages");
    let path = std::fs::read_dir(&pages).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("2\n", "3\n")).unwrap();
    registry.answer(LIST, kept);
    registry.reset_counters();
    let tags = caching(folder.path()).tags(&name).await.unwrap();
    assert_eq!((texts(&tags), conditions(&registry)), (vec!["1", "2"], vec![false]));
}
