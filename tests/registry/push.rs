//! Images that are pushed to the real registry, as skopeo then reads them.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use solera_pin::model::{Digest, ImageRef};
use solera_pin::net::{Client, Kind, Settings};
use solera_pin::oci::{Folder, Writer};
use solera_pin::upload::{UploadError, check_allowed, held, push};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::content::sha256;
use crate::server::{AUTH, Access, PASSWORD, Registry, USER, command, spawn};

/// A layout with an index of one image, whose layer takes several pieces; and the bytes of the index.
fn layout() -> (TempDir, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::open(folder.path()).unwrap();
    let add = |media_type: &str, content: &[u8]| {
        let digest = Digest::sha256(content);
        writer.add(&digest, content).unwrap();
        json!({ "mediaType": media_type, "digest": digest, "size": content.len() })
    };
    let layer = add("application/vnd.oci.image.layer.v1.tar", &vec![7; 40 << 20]);
    let config = add("application/vnd.oci.image.config.v1+json", b"{}");
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest =
        json!({ "schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [layer] });
    let manifest = add(media_type, manifest.to_string().as_bytes());
    let media_type = "application/vnd.oci.image.index.v1+json";
    let index = json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": [manifest] });
    let index = index.to_string().into_bytes();
    writer.put_index(&[add(media_type, &index)]).unwrap();
    (folder, index)
}

/// A client with this login, or none.
fn client(registry: &Registry, auth: Option<&str>) -> (TempDir, Client) {
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join("config.json");
    let auths = auth.map(|auth| json!({ registry.host(): { "auth": auth } })).unwrap_or(json!({}));
    std::fs::write(&file, json!({ "auths": auths }).to_string()).unwrap();
    let settings = Settings { docker_config: Some(file), base_delay: Duration::ZERO, ..Settings::default() };
    (folder, Client::new(settings).unwrap())
}

fn pushed(client: &Client, layout: &TempDir, name: &ImageRef) -> Result<(), UploadError> {
    let folder = Folder::open(layout.path()).unwrap();
    let root = &folder.index().unwrap()[0];
    Runtime::new().unwrap().block_on(push(client, &folder, root, name))
}

#[test]
fn what_is_pushed_is_what_others_read() {
    let registry = Registry::with(Access::Password);
    let (_file, client) = client(&registry, Some(AUTH));
    let (layout, index) = layout();
    let name: ImageRef = format!("{}/acme/app:1", registry.host()).parse().unwrap();
    let runtime = Runtime::new().unwrap();
    runtime.block_on(check_allowed(&client, name.repository())).unwrap();
    assert_eq!(registry.uploads("acme/app"), 0, "what was begun is given up");
    assert_eq!(runtime.block_on(held(&client, &name)).unwrap(), None);
    pushed(&client, &layout, &name).unwrap();
    assert_eq!(runtime.block_on(held(&client, &name)).unwrap().as_deref(), Some(index.as_slice()));
    assert_eq!(registry.uploads("acme/app"), 0);

    // All of it, read and hashed by another program.
    let copy = tempfile::tempdir().unwrap();
    let mut skopeo = command("skopeo");
    skopeo.args(["copy", "--all", "--preserve-digests", "--src-tls-verify=false"]);
    skopeo.arg(format!("--src-creds={USER}:{PASSWORD}")).arg(format!("docker://{name}"));
    skopeo.arg(format!("dir:{}", copy.path().display())).stdout(Stdio::null()).stderr(Stdio::piped());
    let read = spawn(&mut skopeo, "skopeo").wait_with_output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    assert_eq!(sha256(&std::fs::read(copy.path().join("manifest.json")).unwrap()), sha256(&index));
}

#[test]
fn who_may_not_push_is_told_before() {
    let registry = Registry::with(Access::Password);
    let name: ImageRef = format!("{}/acme/app:1", registry.host()).parse().unwrap();
    // `reader:wrong-wrong`
    for auth in [None, Some("cmVhZGVyOndyb25nLXdyb25n")] {
        let (_file, client) = client(&registry, auth);
        let asked = Runtime::new().unwrap().block_on(check_allowed(&client, name.repository()));
        let failed = asked.unwrap_err();
        assert_eq!(failed.kind(), Kind::Denied, "{failed}");
        let hint = failed.hint().unwrap();
        assert!(hint.contains(&format!("docker login {}", registry.host())), "{failed}: {hint}");
        assert!(!failed.to_string().contains("wrong-wrong"), "{failed}");
        assert_eq!(registry.uploads("acme/app"), 0);
    }
}
