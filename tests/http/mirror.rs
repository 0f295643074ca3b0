//! The mirror as clients see it: a layout in a temporary folder, a server on a port of its own, and plain requests.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test that cannot set its stage has failed, and its files are read by nobody else while they are written"
)]

#[path = "mirror/open.rs"]
mod open;
#[path = "mirror/recorded_upstream.rs"]
mod recorded_upstream;
#[path = "mirror/stage.rs"]
mod stage;

use std::fs;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use solera_pin::model::Digest;

use stage::{Stage, digest, stored};

#[tokio::test]
async fn manifests_by_tag_and_digest_are_the_stored_bytes() {
    let mut stage = Stage::new();
    let [index, manifest, layer] = stage.image("one");
    stage.name("docker.io/library/wordpress:6.9.4", &index);
    let server = stage.serve().await;
    let (by_digest, child) = (digest(&index), digest(&manifest));
    for (reference, descriptor) in [("6.9.4", &index), (by_digest, &index), (child, &manifest)] {
        let answer = server.get(&format!("/v2/library/wordpress/manifests/{reference}")).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.bytes, stored(&stage, descriptor));
        assert_eq!(answer.header("content-type"), descriptor["mediaType"]);
        assert_eq!(answer.header("docker-content-digest"), digest(descriptor));
        assert_eq!(answer.header("etag"), format!("\"{}\"", digest(descriptor)));
        assert_eq!(answer.header("content-length"), answer.bytes.len().to_string());
    }
    let answer = server.get(&format!("/v2/library/wordpress/blobs/{}", digest(&layer))).await;
    assert_eq!(answer.bytes, b"one");
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert_eq!(server.get("/v2/").await.status, StatusCode::OK);
    assert_eq!(server.get("/v2").await.status, StatusCode::OK);
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let mut stage = Stage::new();
    let [index, _, layer] = stage.image("one");
    stage.name("docker.io/library/wordpress:6", &index);
    let server = stage.serve().await;
    for path in [
        "manifests/6".to_owned(),
        format!("manifests/{}", digest(&index)),
        format!("blobs/{}", digest(&layer)),
        "tags/list".to_owned(),
        "manifests/none".to_owned(),
    ] {
        let path = format!("/v2/library/wordpress/{path}");
        let mut get = server.get(&path).await;
        let mut head = server.ask(Method::HEAD, &path, &[]).await;
        assert!(head.bytes.is_empty() && !get.bytes.is_empty());
        get.headers.remove("date");
        head.headers.remove("date");
        assert_eq!((head.status, head.headers), (get.status, get.headers), "{path}");
    }
}

#[tokio::test]
async fn a_blob_of_many_chunks_comes_whole() {
    let mut stage = Stage::new();
    let text: String = (0..200_000).map(|n| format!("{n} ")).collect();
    let [index, _, layer] = stage.image(&text);
    stage.name("docker.io/library/wordpress:6", &index);
    let server = stage.serve().await;
    let path = format!("/v2/library/wordpress/blobs/{}", digest(&layer));
    for _ in 0..2 {
        assert_eq!(server.get(&path).await.bytes, text.as_bytes());
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_404_of_the_specification() {
    let mut stage = Stage::new();
    let [index, ..] = stage.image("one");
    stage.name("docker.io/library/wordpress:6", &index);
    let server = stage.serve().await;
    let none = Digest::sha256(b"nothing");
    for (path, status, code) in [
        ("/v2/library/rust/tags/list".to_owned(), 404, "NAME_UNKNOWN"),
        ("/v2/library/wordpress/manifests/5".into(), 404, "MANIFEST_UNKNOWN"),
        ("/v2/library/wordpress/manifests/.not-a-tag".into(), 404, "MANIFEST_UNKNOWN"),
        (format!("/v2/library/wordpress/manifests/{none}"), 404, "MANIFEST_UNKNOWN"),
        (format!("/v2/library/wordpress/blobs/{none}"), 404, "BLOB_UNKNOWN"),
        ("/v2/library/wordpress/blobs/sha256:12".into(), 400, "DIGEST_INVALID"),
        ("/v2/library/wordpress/manifests/md5:12".into(), 400, "DIGEST_INVALID"),
        ("/v2/library/wordpress/else".into(), 404, "UNSUPPORTED"),
        ("/index.json".into(), 404, "UNSUPPORTED"),
    ] {
        let answer = server.get(&path).await;
        assert_eq!(answer.error(), (status, code.into()), "{path}");
    }
}

#[tokio::test]
async fn nothing_can_be_written() {
    let mut stage = Stage::new();
    let [index, ..] = stage.image("one");
    stage.name("docker.io/library/wordpress:6", &index);
    let server = stage.serve().await;
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
        for path in ["/v2/", "/v2/library/wordpress/manifests/6", "/v2/library/wordpress/blobs/uploads/"] {
            let answer = server.ask(method.clone(), path, &[]).await;
            assert_eq!(answer.error(), (405, "UNSUPPORTED".into()));
            assert_eq!(answer.header("allow"), "GET, HEAD");
        }
    }
}

#[tokio::test]
async fn known_content_is_not_sent_again() {
    let mut stage = Stage::new();
    let [index, _, layer] = stage.image("one");
    stage.name("docker.io/library/wordpress:6", &index);
    let server = stage.serve().await;
    for (path, descriptor) in
        [("manifests/6".to_owned(), &index), (format!("blobs/{}", digest(&layer)), &layer)]
    {
        let path = format!("/v2/library/wordpress/{path}");
        let etag = format!("\"{}\"", digest(descriptor));
        for known in [etag.as_str(), &format!("\"other\", W/{etag}"), "*"] {
            let answer = server.ask(Method::GET, &path, &[("if-none-match", known)]).await;
            assert_eq!(answer.status, StatusCode::NOT_MODIFIED);
            assert_eq!(answer.header("etag"), etag);
            assert!(answer.bytes.is_empty());
        }
        let answer = server.ask(Method::GET, &path, &[("if-none-match", "\"other\"")]).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn tags_come_sorted_and_in_pages() {
    let mut stage = Stage::new();
    let [index, ..] = stage.image("one");
    for number in (0..4000).rev() {
        stage.name(&format!("docker.io/library/wordpress:{number:04}"), &index);
    }
    let server = stage.serve().await;
    let all = server.get("/v2/library/wordpress/tags/list").await;
    assert_eq!(all.json()["name"], "library/wordpress");
    assert_eq!(all.json()["tags"].as_array().unwrap().len(), 4000);
    assert_eq!(all.header("link"), "");

    let mut path = "/v2/library/wordpress/tags/list?n=1500&ns=docker.io".to_owned();
    let mut pages = Vec::new();
    loop {
        let page = server.get(&path).await;
        pages.push(page.json()["tags"].as_array().unwrap().clone());
        let link = page.header("link");
        if link.is_empty() {
            break;
        }
        path = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap().to_owned();
        assert!(path.starts_with("/v2/library/wordpress/tags/list?n=1500&last="), "{path}");
    }
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [1500, 1500, 1000]);
    assert_eq!(Value::Array(pages.concat()), all.json()["tags"]);

    let none = server.get("/v2/library/wordpress/tags/list?n=0").await;
    assert_eq!((&none.json()["tags"], none.header("link")), (&json!([]), ""));
    let past = server.get("/v2/library/wordpress/tags/list?n=5&last=zzz").await;
    assert_eq!(past.json()["tags"], json!([]));
    let wrong = server.get("/v2/library/wordpress/tags/list?n=-1").await;
    assert_eq!(wrong.error(), (400, "PAGINATION_NUMBER_INVALID".into()));
}

#[tokio::test]
async fn a_repository_answers_to_all_its_names() {
    let mut stage = Stage::new();
    let [hub, ..] = stage.image("hub");
    let [other, ..] = stage.image("other");
    let [alone, ..] = stage.image("alone");
    stage.name("rust:1", &hub);
    stage.name("ghcr.io/library/rust:1", &other);
    stage.name("localhost:5000/alone:1", &alone);
    let server = stage.serve().await;
    for (path, descriptor) in [
        ("/v2/docker.io/library/rust/manifests/1", &hub),
        ("/v2/ghcr.io/library/rust/manifests/1", &other),
        ("/v2/library/rust/manifests/1?ns=docker.io", &hub),
        ("/v2/library/rust/manifests/1?ns=registry-1.docker.io", &hub),
        ("/v2/library/rust/manifests/1?ns=ghcr.io", &other),
        ("/v2/docker.io/library/rust/manifests/1?ns=docker.io", &hub),
        ("/v2/alone/manifests/1", &alone),
        ("/v2/localhost:5000/alone/manifests/1", &alone),
        ("/v2/alone/manifests/1?ns=localhost:5000", &alone),
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.header("docker-content-digest"), digest(descriptor), "{path}");
    }
    let shared = server.get("/v2/library/rust/manifests/1").await;
    assert_eq!(shared.error(), (404, "NAME_UNKNOWN".into()));
    let message = shared.json()["errors"][0]["message"].to_string();
    assert!(
        message.contains("docker.io/library/rust, ghcr.io/library/rust") && message.contains("?ns="),
        "{message}"
    );
    for path in ["/v2/alone/tags/list?ns=ghcr.io", "/v2/rust/tags/list?ns=docker.io"] {
        assert_eq!(server.get(path).await.error(), (404, "NAME_UNKNOWN".into()));
    }
    let wrong = server.get("/v2/alone/tags/list?ns=a/b").await;
    assert_eq!(wrong.error(), (400, "NAME_INVALID".into()));
}

#[tokio::test]
async fn what_a_digest_names_is_found_whichever_registry_it_is_of() {
    let mut stage = Stage::new();
    let [hub, hub_child, hub_layer] = stage.image("hub");
    let [other, other_child, other_layer] = stage.image("other");
    let [both, ..] = stage.image("both");
    stage.name("rust:1", &hub);
    stage.name("ghcr.io/library/rust:2", &other);
    stage.name("rust:both", &both);
    stage.name("ghcr.io/library/rust:both", &both);
    let server = stage.serve().await;
    for (kind, descriptor) in [
        ("manifests", &hub),
        ("manifests", &hub_child),
        ("blobs", &hub_layer),
        ("manifests", &other),
        ("manifests", &other_child),
        ("blobs", &other_layer),
    ] {
        let path = format!("/v2/library/rust/{kind}/{}", digest(descriptor));
        assert_eq!(server.get(&path).await.bytes, stored(&stage, descriptor), "{path}");
    }
    let of_other = format!("/v2/library/rust/blobs/{}?ns=ghcr.io", digest(&hub_layer));
    assert_eq!(server.get(&of_other).await.status, StatusCode::NOT_FOUND);
    // A tag that only one of them has may be the other's too, which this layout has not.
    for name in ["manifests/1", "manifests/2", "tags/list"] {
        let answer = server.get(&format!("/v2/library/rust/{name}")).await;
        assert_eq!(answer.error(), (404, "NAME_UNKNOWN".into()), "{name}");
    }
    let same = server.get("/v2/library/rust/manifests/both").await;
    assert_eq!(same.header("docker-content-digest"), digest(&both));
    let none = server.get("/v2/library/rust/manifests/3").await;
    assert_eq!(none.error(), (404, "MANIFEST_UNKNOWN".into()));
}

#[tokio::test]
async fn a_download_that_broke_off_goes_on() {
    let mut stage = Stage::new();
    let [index, _, layer] = stage.image("0123456789");
    stage.name("docker.io/library/wordpress:6", &index);
    let server = stage.serve().await;
    let path = format!("/v2/library/wordpress/blobs/{}", digest(&layer));
    assert_eq!(server.get(&path).await.header("accept-ranges"), "bytes");
    let ask = async |method, headers: &[(&str, &str)]| server.ask(method, &path, headers).await;
    let part = ask(Method::GET, &[("range", "bytes=4-")]).await;
    assert_eq!((part.status.as_u16(), &part.bytes[..]), (206, &b"456789"[..]));
    assert_eq!((part.header("content-range"), part.header("content-length")), ("bytes 4-9/10", "6"));
    assert_eq!(part.header("docker-content-digest"), digest(&layer));
    let part = ask(Method::GET, &[("range", "bytes=2-3")]).await;
    assert_eq!((part.header("content-range"), &part.bytes[..]), ("bytes 2-3/10", &b"23"[..]));
    let behind = ask(Method::GET, &[("range", "bytes=10-")]).await;
    assert_eq!(behind.error(), (416, "SIZE_INVALID".into()));
    assert_eq!(behind.header("content-range"), "bytes */10");
    let etag = format!("\"{}\"", digest(&layer));
    assert_eq!(ask(Method::GET, &[("range", "bytes=4-"), ("if-range", &etag)]).await.bytes, b"456789");
    let other = ask(Method::GET, &[("range", "bytes=4-"), ("if-range", "\"other\"")]).await;
    assert_eq!((other.status.as_u16(), &other.bytes[..]), (200, &b"0123456789"[..]));
    let head = ask(Method::HEAD, &[("range", "bytes=4-")]).await;
    assert_eq!((head.status.as_u16(), head.header("content-length")), (200, "10"));
    let manifest = format!("/v2/library/wordpress/manifests/{}", digest(&index));
    let whole = server.ask(Method::GET, &manifest, &[("range", "bytes=4-")]).await;
    assert_eq!((whole.status.as_u16(), whole.bytes), (200, stored(&stage, &index)));
}

#[tokio::test]
async fn a_repository_shows_only_what_its_own_descriptors_lead_to() {
    let mut stage = Stage::new();
    let [index, ..] = stage.image("one");
    let [other, child, layer] = stage.image("two");
    stage.name("docker.io/library/wordpress:6", &index);
    stage.name("docker.io/library/rust:1", &other);
    let server = stage.serve().await;
    for (kind, descriptor) in [("manifests", &other), ("manifests", &child), ("blobs", &layer)] {
        let path = |name| format!("/v2/library/{name}/{kind}/{}", digest(descriptor));
        assert_eq!(server.get(&path("rust")).await.status, StatusCode::OK);
        assert_eq!(server.get(&path("wordpress")).await.status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_layout_that_changes_is_read_again() {
    let mut stage = Stage::new();
    let [one, ..] = stage.image("one");
    stage.name("docker.io/library/wordpress:6", &one);
    let server = stage.serve().await;
    let path = "/v2/library/wordpress/manifests/6";
    assert_eq!(server.get(path).await.header("docker-content-digest"), digest(&one));

    let [two, child, _] = stage.image("two");
    stage.manifests.clear();
    stage.name("docker.io/library/wordpress:6", &two);
    stage.write_index();
    assert_eq!(server.get(path).await.header("docker-content-digest"), digest(&two));
    let child = format!("/v2/library/wordpress/manifests/{}", digest(&child));
    assert_eq!(server.get(&child).await.status, StatusCode::OK);
    let gone = format!("/v2/library/wordpress/manifests/{}", digest(&one));
    assert_eq!(server.get(&gone).await.status, StatusCode::NOT_FOUND);

    fs::write(stage.path().join("index.json"), "{\"manifests\": [").unwrap();
    let broken = server.get(path).await;
    assert_eq!(broken.error(), (500, "UNKNOWN".into()));
    assert!(server.logged().contains("`index.json` of the image layout is malformed"), "{}", server.logged());
    fs::remove_file(stage.path().join("index.json")).unwrap();
    assert_eq!(server.get(path).await.error(), (500, "UNKNOWN".into()));
    stage.write_index();
    assert_eq!(server.get(path).await.status, StatusCode::OK);
}

#[tokio::test]
async fn corrupt_content_is_never_served() {
    let mut stage = Stage::new();
    let [index, manifest, layer] = stage.image("one");
    stage.name("docker.io/library/wordpress:6", &index);
    let server = stage.serve().await;
    let file = |descriptor: &Value| {
        let digest: Digest = digest(descriptor).parse().unwrap();
        stage.path().join("blobs/sha256").join(digest.hex())
    };
    let blob = format!("/v2/library/wordpress/blobs/{}", digest(&layer));
    assert_eq!(server.get(&blob).await.status, StatusCode::OK);
    // After it was verified once, too.
    fs::write(file(&layer), "changed").unwrap();
    assert_eq!(server.get(&blob).await.error(), (500, "UNKNOWN".into()));
    assert!(server.logged().contains("is corrupt"), "{}", server.logged());
    fs::write(file(&index), "changed").unwrap();
    let by_tag = server.get("/v2/library/wordpress/manifests/6").await;
    assert_eq!(by_tag.error(), (500, "UNKNOWN".into()));

    // A layout of some platforms only names children that it does not hold.
    fs::remove_file(file(&manifest)).unwrap();
    let child = format!("/v2/library/wordpress/manifests/{}", digest(&manifest));
    assert_eq!(server.get(&child).await.error(), (404, "MANIFEST_UNKNOWN".into()));
}

#[tokio::test]
async fn no_path_leads_out_of_the_layout() {
    let mut stage = Stage::new();
    let [index, ..] = stage.image("one");
    stage.name("docker.io/library/wordpress:6", &index);
    fs::write(stage.path().join("secret"), "SECRET").unwrap();
    let server = stage.serve().await;
    for path in [
        "/v2/library/wordpress/blobs/../../secret",
        "/v2/library/wordpress/blobs/sha256:../../secret",
        "/v2/library/wordpress/blobs/sha256:..%2F..%2Fsecret",
        "/v2/library/wordpress/manifests/..%2f..%2fsecret",
        "/v2/library/wordpress/manifests/sha256%3A../../secret",
        "/v2/../secret/tags/list",
        "/v2/library/wordpress/blobs//etc/passwd",
        "/../../secret",
        "//secret",
    ] {
        let answer = server.raw(path).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
        assert!(!answer.contains("SECRET") && !answer.contains("root:"), "{path}");
    }
    // A digest's colon may come encoded.
    let encoded = digest(&index).replace(':', "%3A");
    let answer = server.raw(&format!("/v2/library/wordpress/manifests/{encoded}")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn it_stops_when_told() {
    let mut stage = Stage::new();
    let [index, ..] = stage.image("one");
    stage.name("docker.io/library/wordpress:6", &index);
    let mut server = stage.serve().await;
    assert_eq!(server.get("/v2/").await.status, StatusCode::OK);
    server.stop.take();
    server.task.await.unwrap().unwrap();
}
