//! What moves a pin, and what does not.

use serde_json::json;

use crate::content::{Family, Manifest, escaped_index, index, push_entries, push_image, push_index};
use crate::server::Registry;
use crate::skopeo::{Children, agrees};
use crate::workspace::Workspace;

const BOTH: [&str; 2] = ["linux/amd64", "linux/arm64"];

const APP: &str = r#"
[pin.app]
image = "app"
track = "{version}"
platforms = ["linux/amd64", "linux/arm64"]
"#;

/// A repository that has locked version 1.0.0 of `library/app`.
fn locked(registry: &Registry) -> (Workspace, Manifest) {
    let first = push_index(registry, "library/app", "1.0.0", &BOTH, "first");
    let workspace = Workspace::new(registry, APP);
    workspace.run("refresh").ended(0).says("pins.lock is new");
    assert_eq!(workspace.pin("app").digest, first.digest());
    (workspace, first)
}

#[test]
fn locking_again_writes_nothing_and_asks_next_to_nothing() {
    let registry = Registry::start();
    let (workspace, _) = locked(&registry);
    let before = (workspace.lock_text(), workspace.lock_identity());
    let again = workspace.run("refresh -v").ended(0);
    again.says("requests: 2 (1 heads, 0 manifests, 1 tag pages, 0 tokens, 0 blobs");
    workspace.run("refresh --check").ended(0);
    assert_eq!(before, (workspace.lock_text(), workspace.lock_identity()));
    // And a lock made elsewhere is the same.
    let elsewhere = Workspace::new(&registry, APP);
    elsewhere.run("refresh").ended(0);
    assert_eq!(elsewhere.lock_text(), before.0);
}

#[test]
fn a_new_tag_is_a_step_of_its_lane() {
    let registry = Registry::start();
    let (workspace, _) = locked(&registry);
    let before = workspace.lock_text();
    let patch = push_index(&registry, "library/app", "1.0.1", &BOTH, "patch");
    push_index(&registry, "library/app", "2.0.0", &BOTH, "major");
    push_index(&registry, "library/app", "1.0.2-rc1", &BOTH, "another shape");
    workspace.run("refresh --check").ended(1).says("1.0.0 -> 1.0.1  (patch)");
    assert_eq!(workspace.lock_text(), before);
    workspace.run("refresh").ended(0).says("1.0.0 -> 1.0.1  (patch)");
    let pin = workspace.pin("app");
    assert_eq!((pin.tag.as_str(), pin.digest), ("1.0.1", patch.digest()));
    let minor = push_index(&registry, "library/app", "1.10.0", &BOTH, "minor");
    push_index(&registry, "library/app", "1.9.0", &BOTH, "smaller, though its text sorts after it");
    workspace.run("refresh").ended(0).says("1.0.1 -> 1.10.0  (minor)");
    assert_eq!(workspace.pin("app").digest, minor.digest());
    agrees(&registry, &workspace, Children::Served);
    workspace.run("explain app").ended(0).says("needs allow = \"major\"");
    // A way down is asked for by name.
    workspace.run("refresh app --to 1.0.1").ended(2);
    let down = workspace.run("refresh app --to 1.0.1 --because broken").ended(0);
    down.says("1.10.0 -> 1.0.1");
    assert_eq!(workspace.pin("app").digest, patch.digest());
}

#[test]
fn a_tag_that_moves_is_a_digest_step() {
    let registry = Registry::start();
    let (workspace, first) = locked(&registry);
    let moved = push_index(&registry, "library/app", "1.0.0", &BOTH, "rebuilt");
    assert_ne!(first.digest(), moved.digest());
    workspace.run("refresh").ended(0).says("(digest)");
    assert_eq!(workspace.pin("app").digest, moved.digest());
    agrees(&registry, &workspace, Children::Served);
    // Declared immutable, the same is an alarm.
    workspace.declare(&format!("{APP}immutable = true\n"));
    let again = push_index(&registry, "library/app", "1.0.0", &BOTH, "rebuilt once more");
    let alarm = workspace.run("refresh").ended(4);
    alarm.says("moved").says(&moved.digest()).says(&again.digest());
    assert_eq!(workspace.pin("app").digest, moved.digest());
    workspace.run("refresh app --accept").ended(0);
    assert_eq!(workspace.pin("app").digest, again.digest());
}

#[test]
fn a_new_index_around_the_same_images_is_no_step() {
    let registry = Registry::start();
    let entries = push_entries(&registry, "library/app", Family::Oci, &BOTH, "app");
    let first = index(Family::Oci, &entries);
    registry.push("library/app", "1.0.0", &first);
    let workspace = Workspace::new(&registry, APP);
    workspace.run("refresh").ended(0);
    // The same entries in other bytes, a further platform, and another attestation.
    let mut more = entries;
    let about = push_image(&registry, "library/app", Family::Oci, "unknown/unknown", "another");
    more[1] = about.entry_for("unknown/unknown");
    more[1]["annotations"] = json!({ "vnd.docker.reference.type": "attestation-manifest" });
    let arm = push_image(&registry, "library/app", Family::Oci, "linux/arm/v7", "app");
    more.push(arm.entry_for("linux/arm/v7"));
    let second = escaped_index(&more);
    registry.push("library/app", "1.0.0", &second);
    let kept = workspace.run("refresh").ended(0);
    kept.says("the manifests of its declared platforms did not");
    assert_eq!(workspace.pin("app").digest, first.digest());
    // Unless nobody can pull the locked one any more.
    registry.delete("library/app", &first.digest());
    workspace.run("refresh").ended(0).says("(digest)");
    assert_eq!(workspace.pin("app").digest, second.digest());
    agrees(&registry, &workspace, Children::Served);
}

#[test]
fn a_tag_that_lacks_a_platform_is_passed_over() {
    let registry = Registry::start();
    let (workspace, first) = locked(&registry);
    push_index(&registry, "library/app", "1.0.2", &["linux/amd64"], "not built yet");
    workspace.run("refresh").ended(0);
    assert_eq!(workspace.pin("app").digest, first.digest());
    workspace.run("explain app").ended(0).says("1.0.2  has no linux/arm64");
    workspace.run("status").ended(0).says("has no linux/arm64");
    // What is below it and complete is taken.
    let complete = push_index(&registry, "library/app", "1.0.1", &BOTH, "complete");
    workspace.run("refresh").ended(0).says("1.0.0 -> 1.0.1  (patch)");
    assert_eq!(workspace.pin("app").digest, complete.digest());
    let built = push_index(&registry, "library/app", "1.0.2", &BOTH, "built at last");
    workspace.run("refresh").ended(0).says("1.0.1 -> 1.0.2  (patch)");
    assert_eq!(workspace.pin("app").digest, built.digest());
}

#[test]
fn a_locked_tag_that_loses_a_platform_stays_as_it_was() {
    let registry = Registry::start();
    let (workspace, first) = locked(&registry);
    push_index(&registry, "library/app", "1.0.0", &["linux/arm64"], "without amd64");
    let incomplete = workspace.run("refresh").ended(3);
    incomplete.says("the locked tag 1.0.0 has no linux/amd64");
    assert_eq!(workspace.pin("app").digest, first.digest());
}
