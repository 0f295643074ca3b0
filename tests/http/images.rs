//! Manifests: digests, platforms, and content that is not what it should be.

use solera_pin::cache::Cache;
use solera_pin::model::Manifest;
use solera_pin::model::{Digest, MediaType, Platform};
use solera_pin::source::{ImageSource, Kind};

use crate::support::registry::{INDEX, MANIFEST, Registry, Reply};
use crate::{client, images, repository, said, settings, tag};

const BY_TAG: &str = "GET /v2/a/manifests/1";

fn platforms(manifest: &Manifest) -> Vec<String> {
    manifest.platforms.keys().map(Platform::to_string).collect()
}

#[tokio::test]
async fn real_indexes_keep_their_digest() {
    let registry = Registry::start();
    for (tag_name, bytes, digest, expected) in [
        (
            "17.11",
            &include_bytes!("../data/indexes/postgres-17.11.index.json")[..],
            "sha256:f4c66b820c6f974249089d3d16d86a3698eae11e8746eb6644b2271031e91232",
            &[
                "linux/386",
                "linux/amd64",
                "linux/arm/v5",
                "linux/arm/v7",
                "linux/arm64",
                "linux/ppc64le",
                "linux/riscv64",
                "linux/s390x",
            ][..],
        ),
        (
            "1.29.5",
            include_bytes!("../data/indexes/nginx-1.29.5-amd64.index.json"),
            "sha256:a45c5523b043174617cac9bda33134956c14e9add96fcacca1da36278aadbaba",
            &["linux/amd64"],
        ),
    ] {
        registry.push_bytes("a", Some(tag_name), INDEX, bytes);
        let source = images();
        let name = repository(&registry, "a");
        let found = source.by_tag(&name, &tag(tag_name)).await.unwrap();
        assert_eq!(found.digest.to_string(), digest);
        assert_eq!(found.media_type, MediaType::OciIndex);
        assert_eq!(platforms(&found), expected);
        assert_eq!(source.by_digest(&name, &found.digest).await.unwrap(), found);
        assert_eq!(source.head(&name, &tag(tag_name)).await.unwrap(), Some(found.digest.clone()));
    }
}

/// Real manifests of debian: each is a tag of its own, and says its platform only in its configuration.
#[tokio::test]
async fn real_manifests_keep_their_digest_and_have_their_platform() {
    const MANIFESTS: &[(&str, &str, &str)] = &[
        (
            "bookworm-full-amd64",
            "sha256:ec54b6327d5099ab29b38d70f7290e42d8769ef676fc262b34a18b688104f61b",
            "linux/amd64",
        ),
        (
            "bookworm-slim-amd64",
            "sha256:b73bf02f32434c9be21adf83b9aedf33e731784d8d2dacbbd3ce5f4993f2a2de",
            "linux/amd64",
        ),
        (
            "trixie-full-amd64",
            "sha256:7f07da2e62fe5ad15bc98327651c2db30d71996d635e38972a6734ded40d48db",
            "linux/amd64",
        ),
        (
            "trixie-slim-amd64",
            "sha256:a3cbea2b147e1a58835aba0af2907ae911db84d5a681ebf84f1614f7c24b4a99",
            "linux/amd64",
        ),
        (
            "bookworm-full-arm64v8",
            "sha256:ff0233119a3e5078551835d116fe762ebd4ddd0200ba1deeca396ada01875bf8",
            "linux/arm64",
        ),
        (
            "bookworm-slim-arm64v8",
            "sha256:e7e7d7fa8fd16e9004b3ffea68e030a8ede97a747b3ebd77f9ea597bb6e7fc00",
            "linux/arm64",
        ),
        (
            "trixie-full-arm64v8",
            "sha256:3051a4a7e37095eec823927dd5a03320630f3bd10f38dda237d6b51a06f69502",
            "linux/arm64",
        ),
        (
            "trixie-slim-arm64v8",
            "sha256:151f9ee3514ca33f5485f8a9fee4a19a3fee377a3aaab075ea1f6fed25cdf762",
            "linux/arm64",
        ),
    ];
    let registry = Registry::start();
    let source = images();
    for (name, digest, platform) in MANIFESTS {
        let read = |kind: &str| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/manifests");
            std::fs::read(format!("{folder}/{name}.{kind}.json")).unwrap()
        };
        registry.push_bytes("debian", Some(name), MANIFEST, read("manifest"));
        registry.push_blob("debian", read("config"));
        let found = source.by_tag(&repository(&registry, "debian"), &tag(name)).await.unwrap();
        assert_eq!(found.digest.to_string(), *digest, "{name}");
        assert_eq!(platforms(&found), [*platform], "{name}");
        assert_eq!(found.platforms.values().collect::<Vec<_>>(), [&found.digest], "{name}");
    }
}

#[tokio::test]
async fn nothing_is_asked_twice_and_all_types_are_accepted() {
    let registry = Registry::start();
    let digest = registry.push_index("a", "1", &["linux/amd64", "linux/arm64/v8"]);
    let (source, name) = (images(), repository(&registry, "a"));
    for _ in 0..3 {
        assert_eq!(source.by_tag(&name, &tag("1")).await.unwrap().digest, digest);
        assert_eq!(source.head(&name, &tag("1")).await.unwrap(), Some(digest.clone()));
        assert!(source.is_served(&name, &digest).await.unwrap());
    }
    let counters = registry.counters();
    assert_eq!((counters.manifests, counters.heads, counters.blobs), (1, 2, 0));
    for request in registry.requests() {
        let accept = request.header("accept").unwrap();
        assert!(MediaType::ALL.iter().all(|media_type| accept.contains(media_type.as_str())), "{accept}");
        assert_eq!(request.header("accept-encoding"), Some("identity"));
        assert!(request.header("user-agent").unwrap().starts_with("solera-pin/"));
    }
}

#[tokio::test]
async fn a_single_manifest_has_the_platform_of_its_configuration() {
    let registry = Registry::start();
    let digest = registry.push_manifest("a", Some("1"), "linux/arm/v7");
    let found = images().by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap();
    assert_eq!((found.media_type, &found.digest), (MediaType::OciManifest, &digest));
    assert_eq!(found.platforms, [("linux/arm/v7".parse().unwrap(), digest)].into());
}

#[tokio::test]
async fn an_index_without_platforms_is_looked_into() {
    let registry = Registry::start();
    registry.push_index_with("a", "1", &["linux/amd64", "linux/s390x"], false);
    let found = images().by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap();
    assert_eq!(platforms(&found), ["linux/amd64", "linux/s390x"]);
    assert_eq!((registry.counters().manifests, registry.counters().blobs), (3, 2));
}

#[tokio::test]
async fn of_two_entries_for_a_platform_the_first_counts() {
    let registry = Registry::start();
    let digests = ["x", "y"].map(|text| Digest::sha256(text.as_bytes()));
    let entries = digests.clone().map(|digest| {
        let platform = r#"{"os": "windows", "architecture": "amd64", "os.version": "10.0.1"}"#;
        format!(r#"{{"mediaType": "{MANIFEST}", "digest": "{digest}", "size": 1, "platform": {platform}}}"#)
    });
    let index = format!(r#"{{"schemaVersion": 2, "manifests": [{}]}}"#, entries.join(","));
    registry.push_bytes("a", Some("1"), INDEX, index);
    let found = images().by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap();
    assert_eq!(found.platforms.values().collect::<Vec<_>>(), [&digests[0]]);
}

#[tokio::test]
async fn a_digest_that_disagrees_is_an_alarm() {
    let registry = Registry::start();
    let lie = Digest::sha256(b"something else");
    let index = r#"{"schemaVersion": 2, "manifests": []}"#;
    let reply = Reply::new(200, index).header("Content-Type", INDEX);
    registry.answer(BY_TAG, reply.clone().header("Docker-Content-Digest", lie.to_string()));
    registry.answer(&format!("GET /v2/a/manifests/{lie}"), reply);
    let (source, name) = (images(), repository(&registry, "a"));
    for error in
        [source.by_tag(&name, &tag("1")).await.unwrap_err(), source.by_digest(&name, &lie).await.unwrap_err()]
    {
        assert_eq!(error.kind(), Kind::Integrity, "{error}");
        let text = said(&error);
        assert!(
            text.contains(&lie.to_string()) && text.contains(&Digest::sha256(index.as_bytes()).to_string()),
            "{text}"
        );
    }
    let head = Reply::new(200, "").header("Docker-Content-Digest", lie.to_string());
    let asked = Digest::sha256(index.as_bytes());
    registry.answer(&format!("HEAD /v2/a/manifests/{asked}"), head);
    assert_eq!(source.is_served(&name, &asked).await.unwrap_err().kind(), Kind::Integrity);
}

#[tokio::test]
async fn a_configuration_or_child_that_is_not_its_digest_is_an_alarm() {
    let registry = Registry::start();
    registry.push_manifest("a", Some("1"), "linux/amd64");
    let name = repository(&registry, "a");
    images().by_tag(&name, &tag("1")).await.unwrap();
    let requests = registry.requests();
    let blob = requests.iter().find(|request| request.path.contains("/blobs/")).unwrap();
    registry.answer(
        &format!("GET {}", blob.path),
        Reply::new(200, r#"{"os": "linux", "architecture": "arm64"}"#),
    );
    let error = images().by_tag(&name, &tag("1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Integrity, "{error}");
}

#[tokio::test]
async fn a_registry_that_claims_nothing_is_hashed() {
    let registry = Registry::start();
    let index = r#"{"schemaVersion": 2, "manifests": []}"#;
    registry.answer(BY_TAG, Reply::new(200, index).header("Content-Type", INDEX));
    registry.answer("HEAD /v2/a/manifests/1", Reply::new(200, ""));
    let (source, name) = (images(), repository(&registry, "a"));
    assert_eq!(source.head(&name, &tag("1")).await.unwrap(), None);
    assert_eq!(source.by_tag(&name, &tag("1")).await.unwrap().digest, Digest::sha256(index.as_bytes()));

    registry.answer("HEAD /v2/a/manifests/2", Reply::new(405, ""));
    registry.answer("GET /v2/a/manifests/2", Reply::new(200, index).header("Content-Type", INDEX));
    let head = source.head(&name, &tag("2")).await.unwrap();
    assert_eq!(head, Some(Digest::sha256(index.as_bytes())), "HEAD is refused, so GET");
}

#[tokio::test]
async fn what_is_gone_is_not_found() {
    let registry = Registry::start();
    let digest = registry.push_index("a", "1", &["linux/amd64"]);
    registry.delete("a", "1");
    let (source, name) = (images(), repository(&registry, "a"));
    assert_eq!(source.by_tag(&name, &tag("1")).await.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(source.head(&name, &tag("1")).await.unwrap_err().kind(), Kind::NotFound);
    assert!(source.is_served(&name, &digest).await.unwrap());
    registry.delete("a", &digest.to_string());
    assert!(!images().is_served(&name, &digest).await.unwrap());
}

#[tokio::test]
async fn what_is_no_manifest_is_refused_with_a_reason() {
    let registry = Registry::start();
    let html = Reply::new(200, "<html>hunter2</html>").header("Content-Type", "text/html");
    let schema1 = Reply::new(200, r#"{"schemaVersion": 1, "fsLayers": []}"#)
        .header("Content-Type", "application/vnd.docker.distribution.manifest.v1+prettyjws");
    let disagreeing = Reply::new(200, format!(r#"{{"schemaVersion": 2, "mediaType": "{MANIFEST}"}}"#))
        .header("Content-Type", INDEX);
    let both = Reply::new(200, r#"{"schemaVersion": 2, "manifests": [], "layers": []}"#)
        .header("Content-Type", INDEX);
    let limit = 4 << 20;
    let huge = Reply::new(200, vec![b' '; limit + 1]).header("Content-Type", INDEX);
    // It breaks off before it is too long, but has said that it will be.
    let announced = Reply::new(200, vec![b' '; limit - 100]).truncated();
    let squeezed = Reply::new(200, "{}").header("Content-Encoding", "gzip");
    for (reply, says) in [
        (html, "text/html"),
        (schema1, "schema 1"),
        (disagreeing, "and the registry says"),
        (both, "at once"),
        (huge.clone().chunked(), "more than 4194304 bytes"),
        (huge, "more than 4194304 bytes"),
        (announced, "more than 4194304 bytes"),
        (squeezed, "compressed"),
        (Reply::new(204, ""), "answered 204"),
    ] {
        registry.answer(BY_TAG, reply);
        let error = images().by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Protocol, "{error}");
        assert!(said(&error).contains(says), "{error}");
    }
}

/// What callers do with a source: share it between tasks.
#[tokio::test]
async fn a_source_is_shared_between_tasks() {
    let registry = Registry::start();
    let digest = registry.push_index_with("a", "1", &["linux/amd64"], false);
    let (source, name) = (images(), repository(&registry, "a"));
    let task = tokio::spawn(async move { source.by_tag(&name, &tag("1")).await });
    assert_eq!(task.await.unwrap().unwrap().digest, digest);
}

#[tokio::test]
async fn what_was_read_by_its_digest_is_not_asked_about_again() {
    let registry = Registry::start();
    let digest = registry.push_index("a", "1", &["linux/amd64"]);
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::at(folder.path().into(), std::time::SystemTime::UNIX_EPOCH);
    for (run, expected) in [(1, (0, 1)), (2, (1, 1))] {
        let source = ImageSource::caching(client(settings()), cache.clone());
        for _ in 0..2 {
            source.by_digest(&repository(&registry, "a"), &digest).await.unwrap();
        }
        let asked = registry.counters();
        assert_eq!((asked.heads, asked.manifests), expected, "run {run}");
    }
}
