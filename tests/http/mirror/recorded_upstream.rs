//! The recorded upstreams: what existed at two dates, asked over HTTP and git.

#[path = "../../../examples/recorded-upstream/recorded.rs"]
pub mod recorded;

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::Value;

use super::stage::Server;

fn write(dir: &Path, at: &str) -> recorded::Written {
    let at: Timestamp = at.parse().unwrap();
    recorded::write(dir, at).unwrap()
}

async fn tags(server: &Server, image: &str) -> Vec<String> {
    let answer = server.get(&format!("/v2/library/{image}/tags/list")).await;
    let tags = answer.json()["tags"].take();
    serde_json::from_value(tags).unwrap()
}

async fn index_digest(server: &Server, image: &str, tag: &str) -> String {
    let answer = server.get(&format!("/v2/library/{image}/manifests/{tag}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{image}:{tag}");
    answer.header("docker-content-digest").to_owned()
}

/// All references of a repository with the commits that they name.
fn references(path: &Path) -> Vec<(String, String)> {
    let repository = git2::Repository::open_bare(path).unwrap();
    let references = repository.references().unwrap();
    let mut all: Vec<_> = references
        .map(|reference| {
            let reference = reference.unwrap();
            (reference.name().unwrap().to_owned(), reference.target().unwrap().to_string())
        })
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn time_passes_while_it_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let before = write(dir.path(), "2026-02-15T00:00:00Z");
    let index_before = fs::read(before.layout.join("index.json")).unwrap();
    let references_before = references(&before.git);
    let server = Server::of(&before.layout).await;
    let wordpress = tags(&server, "wordpress").await;
    assert!(wordpress.contains(&"6.9.1-php8.3-fpm".into()));
    assert!(!wordpress.contains(&"6.9.4-php8.3-fpm".into()));
    let pinned = index_digest(&server, "wordpress", "6.9.1-php8.3-fpm").await;
    let moving = index_digest(&server, "debian", "bookworm-slim").await;
    assert_eq!(before.git_tags.last().unwrap().as_str(), "v.0.84.4");

    let after = write(dir.path(), "2026-05-31T00:00:00Z");
    let wordpress = tags(&server, "wordpress").await;
    for tag in ["6.9.1-php8.3-fpm", "6.9.4-php8.3-fpm", "7.0.0-php8.3-fpm"] {
        assert!(wordpress.contains(&tag.to_owned()), "{tag}");
    }
    let rust = tags(&server, "rust").await;
    assert!(rust.contains(&"1.96-slim-bookworm".into()));
    assert!(!rust.contains(&"1.97-slim-bookworm".into()));
    assert_eq!(index_digest(&server, "wordpress", "6.9.1-php8.3-fpm").await, pinned);
    assert_ne!(index_digest(&server, "debian", "bookworm-slim").await, moving);
    assert_eq!(after.git_tags.last().unwrap().as_str(), "v.0.92.7");

    // The same date gives the same upstream, from nothing or from any other date.
    let fresh_dir = tempfile::tempdir().unwrap();
    let fresh = write(fresh_dir.path(), "2026-05-31T00:00:00Z");
    let index = |written: &recorded::Written| fs::read(written.layout.join("index.json")).unwrap();
    assert!(index(&fresh) == index(&after));
    assert_eq!(references(&fresh.git), references(&after.git));
    let back = write(fresh_dir.path(), "2026-02-15T00:00:00Z");
    assert!(index(&back) == index_before);
    assert_eq!(references(&back.git), references_before);

    tags_are_names_of_builds(&server).await;
    an_index_leads_to_whole_images(&server).await;
}

async fn tags_are_names_of_builds(server: &Server) {
    let exact = index_digest(server, "wordpress", "7.0.0-php8.3-fpm").await;
    assert_eq!(index_digest(server, "wordpress", "7.0-php8.3-fpm").await, exact);
    assert_eq!(index_digest(server, "wordpress", "php8.3-fpm").await, exact);
    for other in ["7.0.0-php8.4-fpm", "7.0.0-php8.3-apache", "6.9.4-php8.3-fpm"] {
        assert_ne!(index_digest(server, "wordpress", other).await, exact, "{other}");
    }
    let bookworm = index_digest(server, "debian", "bookworm-slim").await;
    assert_ne!(index_digest(server, "debian", "trixie-slim").await, bookworm);
}

async fn an_index_leads_to_whole_images(server: &Server) {
    let index = server.get("/v2/library/rust/manifests/1.96-slim-bookworm").await.json();
    let children = index["manifests"].as_array().unwrap();
    let attestation = children.last().unwrap();
    assert_eq!(attestation["platform"]["os"], "unknown");
    let annotations = &attestation["annotations"];
    assert_eq!(annotations["vnd.docker.reference.type"], "attestation-manifest");
    assert_eq!(annotations["vnd.docker.reference.digest"], children[0]["digest"]);
    let variants: Vec<&Value> = children.iter().map(|child| &child["platform"]["variant"]).collect();
    assert!(variants.contains(&&Value::from("v7")) && variants.contains(&&Value::from("v8")));
    for child in children {
        let path = format!("/v2/library/rust/manifests/{}", child["digest"].as_str().unwrap());
        let manifest = server.get(&path).await.json();
        for blob in [&manifest["config"], &manifest["layers"][0]] {
            let path = format!("/v2/library/rust/blobs/{}", blob["digest"].as_str().unwrap());
            let answer = server.get(&path).await;
            assert_eq!(answer.header("content-length"), blob["size"].to_string());
            assert_eq!(answer.status, StatusCode::OK);
        }
    }
}
