//! Pushing: what is sent, what is begun anew, and what is told of a refusal.

use std::path::Path;

use solera_pin::model::Digest;
use solera_pin::net::{Client, Kind};
use solera_pin::oci::{Folder, Writer};
use solera_pin::upload::{UploadError, check_allowed, push};
use tempfile::TempDir;

use crate::support::registry::Registry;
use crate::support::uploads::{Fault, Uploads};
use crate::{client, repository_at, settings};

const MIB: usize = 1 << 20;

/// A layout with one image, whose layer is so long.
fn layout(length: usize) -> (TempDir, Digest) {
    let folder = tempfile::tempdir().unwrap();
    let writer = Writer::open(folder.path()).unwrap();
    let add = |content: &[u8]| {
        let digest = Digest::sha256(content);
        writer.add(&digest, content).unwrap();
        serde_json::json!({ "mediaType": "application/octet-stream", "digest": digest, "size": content.len() })
    };
    let layer = add(&(0..length).map(|at| at.to_le_bytes()[at % 3]).collect::<Vec<u8>>());
    let config = add(b"{}");
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let manifest = serde_json::json!({ "schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [layer] });
    let manifest = manifest.to_string().into_bytes();
    let root = Digest::sha256(&manifest);
    writer.add(&root, &manifest).unwrap();
    let entry = serde_json::json!({ "mediaType": media_type, "digest": root, "size": manifest.len() });
    writer.put_index(&[entry]).unwrap();
    let layer = layer["digest"].as_str().unwrap().parse().unwrap();
    (folder, layer)
}

async fn pushed(client: &Client, host: &str, layout: &Path) -> Result<(), UploadError> {
    let folder = Folder::open(layout).unwrap();
    let roots = folder.index().unwrap();
    let name = format!("{host}/acme/app:1").parse().unwrap();
    push(client, &folder, &roots[0], &name).await
}

#[tokio::test]
async fn what_breaks_off_in_the_middle_is_begun_anew() {
    let (layout, layer) = layout(40 * MIB);
    for fault in [Fault::status(500), Fault::Breaks, Fault::status(404)] {
        for at in ["PATCH", "PUT"] {
            let registry = Uploads::start();
            registry.fault(at, [fault.clone()]);
            pushed(&client(settings()), &registry.host(), layout.path()).await.unwrap();
            assert!(registry.has_blob(&layer) && registry.manifest("1").is_some(), "{at} {fault:?}");
        }
    }
    let registry = Uploads::start();
    registry.fault("PATCH", [Fault::status(503), Fault::status(503), Fault::status(503)]);
    let failed = pushed(&client(settings()), &registry.host(), layout.path()).await.unwrap_err();
    assert_eq!(failed.kind(), Kind::Unreachable, "{failed}");
    let begun = registry.asked().iter().filter(|asked| asked.starts_with("POST")).count();
    // The first is of the configuration.
    assert_eq!((begun, registry.manifest("1")), (1 + 3, None), "as often as any other request");
}

#[tokio::test]
async fn a_refusal_is_final_and_told_in_the_registrys_words() {
    let (layout, _) = layout(3);
    let registry = Uploads::start();
    let said = r#"{"errors":[{"code":"DENIED","message":"no \u001b[2Jspace left"}]}"#;
    for (status, kind) in [(403, Kind::Denied), (400, Kind::Protocol), (404, Kind::NotFound)] {
        registry.fault("POST", [Fault::Says(status, Vec::new(), said.into())]);
        let failed = pushed(&client(settings()), &registry.host(), layout.path()).await.unwrap_err();
        let text = failed.to_string();
        assert_eq!(failed.kind(), kind, "{text}");
        let told = format!(r"answered {status} (DENIED: no \u{{1b}}[2Jspace left)");
        assert!(text.ends_with(&told), "{text}");
        let begun = registry.asked().iter().filter(|asked| asked.starts_with("POST")).count();
        assert_eq!(begun, 1, "{text}");
    }
}

#[tokio::test]
async fn a_manifest_that_is_refused_is_named_as_others_name_it() {
    let (layout, _) = layout(3);
    let registry = Uploads::start();
    registry.fault("PUT", [Fault::status(201), Fault::status(201), Fault::status(400)]);
    let host = registry.host();
    let failed = pushed(&client(settings()), &host, layout.path()).await.unwrap_err().to_string();
    assert!(failed.starts_with(&format!("cannot push {host}/acme/app:1: ")), "{failed}");
    // Without a tag it goes by its digest.
    registry.fault("PUT", [Fault::status(201), Fault::status(201), Fault::status(400)]);
    let folder = Folder::open(layout.path()).unwrap();
    let root = &folder.index().unwrap()[0];
    let name = format!("{host}/acme/app").parse().unwrap();
    let failed = push(&client(settings()), &folder, root, &name).await.unwrap_err().to_string();
    assert!(failed.starts_with(&format!("cannot push {host}/acme/app@{}: ", root.digest)), "{failed}");
}

#[tokio::test]
async fn pieces_are_as_long_as_the_registry_wants_them() {
    let (layout, layer) = layout(41 * MIB);
    let registry = Uploads::start();
    let patched = || -> Vec<String> {
        registry.asked().into_iter().filter(|asked| asked.starts_with("PATCH")).collect()
    };
    registry.take_at_least((20 * MIB) as u64);
    pushed(&client(settings()), &registry.host(), layout.path()).await.unwrap();
    assert!(registry.has_blob(&layer));
    assert_eq!(patched(), vec![format!("PATCH uploads {}", 20 * MIB); 2]);
    let registry = Uploads::start();
    registry.take_at_least(u64::MAX);
    pushed(&client(settings()), &registry.host(), layout.path()).await.unwrap();
    let sent = registry.asked();
    assert!(!sent.iter().any(|asked| asked.starts_with("PATCH")), "in one piece: {sent:?}");
}

#[tokio::test]
async fn whether_a_push_is_allowed_is_asked_without_leaving_anything() {
    let registry = Uploads::start();
    let repository = repository_at(&registry.host(), "acme/app");
    check_allowed(&client(settings()), &repository).await.unwrap();
    assert_eq!(
        (registry.asked(), registry.left()),
        (vec!["POST uploads 0".into(), "DELETE uploads 0".into()], 0)
    );
    // Many do not know how to give one up.
    registry.fault("DELETE", [Fault::status(405)]);
    check_allowed(&client(settings()), &repository).await.unwrap();
    let said = r#"{"errors":[{"code":"DENIED","message":"read only"}]}"#;
    registry.fault("POST", [Fault::Says(403, Vec::new(), said.into())]);
    let failed = check_allowed(&client(settings()), &repository).await.unwrap_err();
    assert!(failed.kind() == Kind::Denied && failed.to_string().contains("DENIED: read only"), "{failed}");
}

#[tokio::test]
async fn a_mirror_is_never_pushed_to() {
    let (mirror, registry) = (Registry::start(), Uploads::start());
    let repository = repository_at(&registry.host(), "acme/app");
    let mut settings = settings();
    let declared = solera_pin::net::RegistrySettings {
        mirror: Some(mirror.url().parse().unwrap()),
        ..Default::default()
    };
    settings.registries.insert(repository.registry().clone(), declared);
    let failed = check_allowed(&client(settings.clone()), &repository).await.unwrap_err();
    assert!(failed.to_string().contains("is a mirror"), "{failed}");
    let straight = settings.without_mirror_of(repository.registry());
    check_allowed(&client(straight), &repository).await.unwrap();
    assert_eq!((mirror.requests().len(), registry.asked().len()), (0, 2));
}
