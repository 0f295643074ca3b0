//! Requests that change something: sent once, and with a secret that stays where it belongs.

use solera_pin::net::{Asked, Request, Secret};
use solera_pin::source::Kind;
use url::Url;

use crate::support::registry::{Registry, Reply};
use crate::{client, settings};

fn url(registry: &Registry, path: &str) -> Url {
    format!("{}{path}", registry.url()).parse().unwrap()
}

fn post(registry: &Registry) -> Request {
    Request::post(Asked::Forge, url(registry, "/x"), b"body".to_vec())
}

#[tokio::test]
async fn what_may_have_been_done_is_not_done_twice() {
    for (status, again) in [(502, false), (503, false), (500, false), (429, true)] {
        let registry = Registry::start();
        registry.answer_next("POST /x", vec![Reply::new(status, "")]);
        registry.answer("POST /x", Reply::new(201, "made"));
        let client = client(settings());
        let answer = client.send(&post(&registry).once()).await;
        assert_eq!(answer.is_ok(), again, "{status}");
        assert_eq!(registry.requests().len(), if again { 2 } else { 1 }, "{status}");
        assert_eq!(client.stats().retries, u64::from(again), "{status}");
        // Another request is asked again.
        registry.answer_next("POST /x", vec![Reply::new(status, "")]);
        assert_eq!(client.send(&post(&registry)).await.unwrap().status(), 201);
    }
}

#[tokio::test]
async fn a_broken_answer_to_what_is_sent_once_is_not_asked_for_again() {
    let registry = Registry::start();
    registry.answer("POST /x", Reply::new(200, "made").truncated());
    let error = client(settings()).send(&post(&registry).once()).await.err().unwrap();
    assert_eq!((error.kind(), registry.requests().len()), (Kind::Unreachable, 1));
}

#[tokio::test]
async fn a_secret_stays_on_its_origin() {
    for (secret, header, value) in [
        (Secret::Bearer("hunter2".into()), "authorization", "Bearer hunter2"),
        (Secret::Basic("me".into(), "hunter2".into()), "authorization", "Basic bWU6aHVudGVyMg=="),
        (Secret::Header("private-token", "hunter2".into()), "private-token", "hunter2"),
    ] {
        let (registry, other) = (Registry::start(), Registry::start());
        other.answer("GET /y", Reply::new(200, "there"));
        registry.answer("GET /y", Reply::new(200, "here"));
        let get = || Request::get(Asked::Forge, url(&registry, "/x")).show(secret.clone());
        let moved = |to: Url| Reply::new(302, "").header("Location", to.as_str());
        let client = client(settings());
        registry.answer("GET /x", moved(url(&registry, "/y")));
        assert_eq!(client.send(&get()).await.unwrap().body(), b"here");
        let shown = registry.requests();
        assert!(shown.iter().all(|request| request.header(header) == Some(value)), "{header}");
        registry.answer("GET /x", moved(url(&other, "/y")));
        let error = client.send(&get()).await.err().unwrap();
        assert_eq!((error.kind(), other.requests().len()), (Kind::Protocol, 0), "{error}");
        assert!(!format!("{error} {error:?} {secret:?}").contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn an_answer_may_be_bounded() {
    let registry = Registry::start();
    registry.answer("GET /x", Reply::new(200, "12345"));
    let get = |limit| Request::get(Asked::Forge, url(&registry, "/x")).at_most(limit);
    let client = client(settings());
    assert_eq!(client.send(&get(5)).await.unwrap().body(), b"12345");
    assert!(client.send(&get(4)).await.err().unwrap().to_string().contains("more than 4 bytes"));
}
