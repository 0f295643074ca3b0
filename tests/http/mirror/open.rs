//! What a layout must be to be served at all.

use std::fs;

use reqwest::StatusCode;
use serde_json::json;
use solera_pin::mirror::{Layout, LayoutError, Options};
use solera_pin::model::{Algorithm, Digest};
use solera_pin::oci::FolderError;

use super::stage::{Stage, digest};

#[tokio::test]
async fn content_may_be_addressed_by_sha512() {
    let mut stage = Stage::new();
    let bytes = br#"{"manifests": null, "layers": null}"#;
    let digest = Digest::of(Algorithm::Sha512, bytes);
    fs::create_dir(stage.path().join("blobs/sha512")).unwrap();
    fs::write(stage.path().join("blobs/sha512").join(digest.hex()), bytes).unwrap();
    // Without a media type, which then is guessed.
    stage.name("rust:1", &json!({ "digest": digest, "size": bytes.len() }));
    let server = stage.serve().await;
    let answer = server.get(&format!("/v2/library/rust/manifests/{digest}")).await;
    assert_eq!((answer.status, &answer.bytes[..]), (StatusCode::OK, &bytes[..]));
    assert_eq!(answer.header("content-type"), "application/vnd.oci.image.manifest.v1+json");
}

#[test]
fn names_of_an_index_are_told_apart() {
    let mut stage = Stage::new();
    let [one, ..] = stage.image("one");
    let [two, ..] = stage.image("two");
    let open = |stage: &Stage, repository: Option<&str>| {
        stage.write_index();
        let repository = repository.map(|text| text.parse().unwrap());
        let options = Options { repository, ..Options::default() };
        Layout::open(stage.path(), options).map(drop).map_err(|error| error.to_string())
    };
    stage.name("6.9.4", &one);
    let error = open(&stage, None).unwrap_err();
    assert!(error.contains("tag `6.9.4`") && error.contains("say which repository"));
    assert_eq!(open(&stage, Some("docker.io/library/wordpress")), Ok(()));
    stage.name("docker.io/library/wordpress:6.9.4", &two);
    let error = open(&stage, Some("wordpress")).unwrap_err();
    assert!(error.contains("docker.io/library/wordpress:6.9.4 twice"), "{error}");

    stage.manifests.clear();
    stage.name("ghcr.io/Acme/app:1", &one);
    let error = open(&stage, None).unwrap_err();
    assert!(error.contains("`ghcr.io/Acme/app:1`"), "{error}");
    stage.manifests.clear();
    stage.name(&format!("rust:1@{}", digest(&two)), &one);
    assert!(open(&stage, None).unwrap_err().contains("another digest"));
    // As containerd and BuildKit export: the full name goes before the bare tag.
    stage.manifests.clear();
    let mut exported = one.clone();
    exported["annotations"] = json!({
        "io.containerd.image.name": "docker.io/library/rust:1",
        "org.opencontainers.image.ref.name": "1",
    });
    stage.manifests.push(exported);
    assert_eq!(open(&stage, None), Ok(()));

    fs::write(stage.path().join("index.json"), "{").unwrap();
    let error = Layout::open(stage.path(), Options::default()).map(drop);
    assert!(matches!(error, Err(LayoutError::Folder(FolderError::Json { .. }))));
    fs::remove_file(stage.path().join("oci-layout")).unwrap();
    let error = Layout::open(stage.path(), Options::default()).map(drop);
    assert!(matches!(error, Err(LayoutError::Folder(FolderError::NotALayout { .. }))));
}
