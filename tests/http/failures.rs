//! Transport: what is asked again, what is given up, and where redirects may lead.

use std::time::Duration;

use solera_pin::net::Settings;
use solera_pin::source::{ImageSource, Kind};

use crate::support::registry::{Auth, INDEX, Registry, Reply};
use crate::{client, images, repository, said, settings, tag};

const BY_TAG: &str = "GET /v2/a/manifests/1";

#[tokio::test]
async fn a_rate_limit_is_waited_for() {
    for (retry_after, times) in
        [("0", 2), ("99999999999", 1), ("Fri, 31 Dec 9999 23:59:59 GMT", 1), ("nonsense", 2)]
    {
        let registry = Registry::start();
        let digest = registry.push_index("a", "1", &["linux/amd64"]);
        registry.answer_next(BY_TAG, vec![Reply::new(429, "").header("Retry-After", retry_after); times]);
        let client = client(settings());
        let found =
            ImageSource::new(client.clone()).by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap();
        assert_eq!(found.digest, digest);
        let times = times as u64;
        assert_eq!((registry.counters().manifests, client.stats().retries), (times + 1, times));
    }
}

#[tokio::test]
async fn a_pause_of_nothing_is_the_ordinary_delay() {
    let registry = Registry::start();
    registry.answer(BY_TAG, Reply::new(429, "").header("Retry-After", "0"));
    let base_delay = Duration::from_millis(20);
    let client = client(Settings { base_delay, max_delay: Duration::from_secs(1), ..settings() });
    let started = std::time::Instant::now();
    let error = ImageSource::new(client).by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap_err();
    assert!(said(&error).contains("rate limited (tried 3 times)"), "{error}");
    assert!(started.elapsed() >= 3 * base_delay);
}

#[tokio::test]
async fn a_rate_limit_that_stays_says_when_to_come_back() {
    let registry = Registry::start();
    registry.answer(BY_TAG, Reply::new(429, "").header("Retry-After", "120"));
    let error = images().by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    let text = said(&error);
    assert!(
        text.contains("rate limited") && text.contains("120 s") && text.contains("tried 2 times"),
        "{text}"
    );
    assert_eq!(registry.counters().manifests, 2, "what is too long to be waited for is not waited for twice");
}

#[tokio::test]
async fn a_limit_that_is_reached_ends_the_run_for_its_host() {
    let registry = Registry::start();
    registry.push_index("a", "1", &["linux/amd64"]);
    let source = images();
    source.by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap();
    let names: Vec<_> = (0..500).map(|n| repository(&registry, &format!("r{n}"))).collect();
    for n in 0..500 {
        let limited = Reply::new(429, "").header("Retry-After", "3600");
        registry.answer(&format!("GET /v2/r{n}/tags/list"), limited);
    }
    let all = futures_util::future::join_all(names.iter().map(|name| source.tags(name))).await;
    assert!(all.iter().all(|tags| said(tags.as_ref().unwrap_err()).contains("rate limited")));
    assert!(registry.counters().tag_pages <= 3 * 32, "{:?}", registry.counters());
}

#[tokio::test]
async fn a_server_that_stays_broken_is_given_up() {
    for status in [500, 502, 503, 504, 408] {
        let registry = Registry::start();
        registry.answer(BY_TAG, Reply::new(status, ""));
        let error = images().by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unreachable);
        assert!(said(&error).contains(&status.to_string()), "{error}");
        assert_eq!(registry.counters().manifests, 3);
    }
    let registry = Registry::start();
    registry.answer(BY_TAG, Reply::new(501, ""));
    let error = images().by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap_err();
    assert_eq!((error.kind(), registry.counters().manifests), (Kind::Protocol, 1), "not transient");
}

#[tokio::test]
async fn a_forbidden_repository_is_denied_with_a_hint() {
    let registry = Registry::start();
    registry.answer(BY_TAG, Reply::new(403, ""));
    let error = images().by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Denied);
    assert!(said(&error).contains(&format!("docker login {}", registry.host())), "{}", said(&error));
    assert!(
        said(&error).contains(&format!("{}/v2/a/manifests/1 answered 403", registry.url())),
        "{}",
        said(&error)
    );
}

#[tokio::test]
async fn a_body_that_breaks_off_is_asked_again() {
    let registry = Registry::start();
    let digest = registry.push_index("a", "1", &["linux/amd64"]);
    let truncated = Reply::new(200, r#"{"schemaVersion": 2, "man"#).header("Content-Type", INDEX).truncated();
    registry.answer_next(BY_TAG, [truncated.clone()]);
    let name = repository(&registry, "a");
    assert_eq!(images().by_tag(&name, &tag("1")).await.unwrap().digest, digest);
    registry.answer(BY_TAG, truncated);
    let error = images().by_tag(&name, &tag("1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable, "{error}");
    assert_eq!(registry.counters().manifests, 5);
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_unreachable() {
    let registry = Registry::start();
    let name = repository(&registry, "a");
    drop(registry);
    let source = images();
    let error = source.by_tag(&name, &tag("1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(said(&error).contains("Connection refused"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_not_asked_in_the_clear() {
    let registry = Registry::start();
    let mirror = registry.url().replace("http://", "https://").parse().unwrap();
    let declared = solera_pin::net::RegistrySettings { mirror: Some(mirror), ..Default::default() };
    let source = ImageSource::new(client(Settings {
        registries: [(registry.host().parse().unwrap(), declared)].into(),
        ..settings()
    }));
    let error = source.by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(said(&error).contains("cannot be reached: ") && registry.requests().is_empty(), "{error}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_not_waited_for() {
    let registry = Registry::start();
    registry.set_latency(Duration::from_secs(3600));
    let client = client(Settings { timeout: Duration::from_millis(50), attempts: 1, ..settings() });
    let error = ImageSource::new(client).by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(said(&error).contains("no answer within 50 ms"), "{error}");
}

#[tokio::test]
async fn a_hundred_that_wait_for_a_dead_host_try_it_once() {
    // It accepts, and says nothing.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = listener.local_addr().unwrap();
    let connections = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let accepted = std::sync::Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            accepted.lock().unwrap().push(connection);
        }
    });
    let source = ImageSource::new(client(Settings { timeout: Duration::from_millis(50), ..settings() }));
    let names: Vec<solera_pin::model::Repository> =
        (0..100).map(|n| format!("{host}/r{n}").parse().unwrap()).collect();
    let all = futures_util::future::join_all(names.iter().map(|name| source.tags(name))).await;
    assert!(all.iter().all(|tags| tags.as_ref().unwrap_err().kind() == Kind::Unreachable));
    assert_eq!(connections.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn what_fails_for_one_repository_is_not_another_ones_failure() {
    let registry = Registry::start();
    registry.push_index("good", "1", &["linux/amd64"]);
    registry.answer("GET /v2/bad/tags/list", Reply::new(503, ""));
    registry.answer("GET /v2/worse/tags/list", Reply::new(200, "{}").truncated());
    let source = images();
    let names = ["bad", "worse", "good"].map(|name| repository(&registry, name));
    let all = futures_util::future::join_all(names.iter().map(|name| source.tags(name))).await;
    assert_eq!(all.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, false, true]);
}

#[tokio::test]
async fn a_redirect_to_another_origin_carries_no_authorization() {
    let (registry, storage) = (Registry::start(), Registry::start());
    registry.set_auth(Auth::tokens());
    registry.push_manifest("a", Some("1"), "linux/amd64");
    let (source, name) = (images(), repository(&registry, "a"));
    source.by_tag(&name, &tag("1")).await.unwrap();
    let requests = registry.requests();
    let blob = requests.iter().find(|request| request.path.contains("/blobs/")).unwrap();
    assert!(blob.header("authorization").is_some());

    // The same image again, its blob now on other storage, at a URL that is itself a secret.
    storage.push_manifest("a", Some("1"), "linux/amd64");
    let location = format!("{}{}?signature=hunter2", storage.url(), blob.path);
    let config = format!("GET {}", blob.path);
    registry.answer(&config, Reply::new(307, "").header("Location", location));
    let bytes = r#"{"architecture":"amd64"}"#;
    let error = images().by_tag(&name, &tag("1")).await;
    let there = storage.requests();
    assert_eq!(there.len(), 1);
    assert_eq!(there[0].query, "signature=hunter2");
    assert_eq!(there[0].header("authorization"), None);
    assert!(error.is_ok(), "{error:?}");

    storage.answer(&config, Reply::new(200, bytes));
    let error = images().by_tag(&name, &tag("1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Integrity);
    said(&error);
    storage.answer(&config, Reply::new(500, ""));
    said(&images().by_tag(&name, &tag("1")).await.unwrap_err());
}

/// `registry.k8s.io` redirects manifests, whose form is chosen by `Accept`.
#[tokio::test]
async fn a_redirect_to_another_origin_carries_what_is_asked_for() {
    let (registry, storage) = (Registry::start(), Registry::start());
    let digest = storage.push_index("a", "1", &["linux/amd64"]);
    let location = format!("{}/v2/a/manifests/1", storage.url());
    registry.answer(BY_TAG, Reply::new(307, "").header("Location", location));
    let found = images().by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap();
    assert_eq!(found.digest, digest);
    assert!(storage.requests()[0].header("accept").unwrap().contains(INDEX));
}

#[tokio::test]
async fn redirects_end_and_do_not_leave_what_is_safe() {
    let registry = Registry::start();
    let to = |location: &str| Reply::new(302, "").header("Location", location);
    for (location, says) in [
        ("/v2/a/manifests/1", "more than 5 times"),
        ("http://registry.example/x", "not HTTPS"),
        ("http://169.254.169.254/latest/meta-data", "not HTTPS"),
        ("file:///etc/passwd", "not HTTPS"),
        ("http://", "not a URL"),
    ] {
        registry.answer(BY_TAG, to(location));
        let error = images().by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Protocol, "{error}");
        assert!(said(&error).contains(says), "{error}");
    }
}

#[tokio::test]
async fn a_registry_off_this_machine_is_not_asked_without_tls() {
    let registry = Registry::start();
    let declared = solera_pin::net::RegistrySettings {
        mirror: Some("http://mirror.example".parse().unwrap()),
        ..Default::default()
    };
    let source = ImageSource::new(client(Settings {
        registries: [(registry.host().parse().unwrap(), declared)].into(),
        ..settings()
    }));
    let error = source.by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap_err();
    assert!(said(&error).contains("plain-http = true"), "{}", said(&error));
}

#[tokio::test]
async fn what_one_repository_is_answered_is_no_other_ones_failure() {
    let registry = Registry::start();
    registry.push_index("b", "1", &["linux/amd64"]);
    let stopped = Reply::new(200, "{}").header("content-type", INDEX).dripping(Duration::from_secs(3600));
    for reply in [Reply::new(401, ""), stopped] {
        registry.answer(BY_TAG, reply);
        let timeout = Duration::from_secs(1);
        let source = ImageSource::new(client(Settings { timeout, attempts: 1, ..settings() }));
        let (a, b, one) = (repository(&registry, "a"), repository(&registry, "b"), tag("1"));
        let (a, b) = tokio::join!(source.by_tag(&a, &one), source.by_tag(&b, &one));
        assert!(b.is_ok(), "{b:?}");
        assert!(said(&a.unwrap_err()).contains("/v2/a/manifests/1"));
    }
}

#[tokio::test]
async fn what_was_given_up_counts_with_its_time_and_its_bytes() {
    let registry = Registry::start();
    registry.answer(BY_TAG, Reply::new(200, vec![b' '; 1000]).dripping(Duration::from_millis(50)));
    let timeout = Duration::from_millis(500);
    let client = client(Settings { timeout, attempts: 1, ..settings() });
    let source = ImageSource::new(client.clone());
    let error = source.by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap_err();
    assert!(said(&error).contains("was still sending after 2 s"), "{error}");
    let stats = client.stats();
    let host = &stats.hosts[&registry.host()];
    assert!(host.time >= 4 * timeout && host.bytes > 0 && stats.bytes == host.bytes, "{host:?}");
}

#[tokio::test]
async fn what_a_budget_does_not_allow_is_no_retry() {
    for (most, retries) in [(1, 0), (2, 1)] {
        let registry = Registry::start();
        registry.answer(BY_TAG, Reply::new(503, ""));
        let client = client(Settings { max_requests: Some(most), ..settings() });
        let source = ImageSource::new(client.clone());
        assert!(source.by_tag(&repository(&registry, "a"), &tag("1")).await.is_err());
        let stats = client.stats();
        let host = &stats.hosts[&registry.host()];
        assert_eq!((host.requests, host.retries, stats.retries), (most, retries, retries));
    }
}
