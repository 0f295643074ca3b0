//! `verify --upstream`: whether what is locked is still served, and is what the lock says.

use crate::content::{Manifest, push_index};
use crate::server::Registry;
use crate::workspace::Workspace;

const BOTH: [&str; 2] = ["linux/amd64", "linux/arm64"];

struct Gate {
    registry: Registry,
    workspace: Workspace,
    locked: Manifest,
    /// In the same repository, with images of its own.
    other: Manifest,
}

/// A repository that passes.
fn gate() -> Gate {
    let registry = Registry::start();
    let locked = push_index(&registry, "library/app", "1.0.0", &BOTH, "locked");
    let other = push_index(&registry, "library/app", "edge", &BOTH, "other");
    let workspace = Workspace::new(&registry, "[pin.app]\nimage = \"app\"\ntrack = \"{version}\"\n");
    workspace.run("refresh").ended(0);
    assert_eq!(workspace.pin("app").digest, locked.digest());
    workspace.run("verify --upstream").ended(0);
    Gate { registry, workspace, locked, other }
}

impl Gate {
    /// It fails with this rule, while what can be seen offline is right.
    #[track_caller]
    fn fails(&self, rule: &str, words: &str) {
        let before = self.workspace.lock_text();
        self.workspace.run("verify").ended(0);
        let failed = self.workspace.run("verify --upstream").ended(1);
        failed.says(&format!("error[{rule}]")).says("pins.lock:").says(words);
        assert_eq!(self.workspace.lock_text(), before);
    }
}

#[test]
fn a_digest_that_nobody_serves() {
    let gate = gate();
    let invented = format!("sha256:{}", "0f".repeat(32));
    gate.workspace.edit_lock(&gate.locked.digest(), &invented);
    gate.fails("upstream-not-served", &invented);
    gate.workspace.edit_lock(&invented, &gate.locked.digest());
    gate.workspace.run("verify --upstream").ended(0);
}

#[test]
fn a_digest_of_something_else() {
    let gate = gate();
    gate.workspace.edit_lock(&gate.locked.digest(), &gate.other.digest());
    gate.fails("upstream-children", "is not the one of the locked index");
    // The program itself puts it right.
    gate.workspace.run("refresh").ended(0);
    assert_eq!(gate.workspace.pin("app").digest, gate.locked.digest());
    gate.workspace.run("verify --upstream").ended(0);
}

#[test]
fn a_child_of_another_index() {
    let gate = gate();
    let Gate { registry, workspace, .. } = &gate;
    let other = Workspace::new(registry, "[pin.app]\nimage = \"app\"\ntrack = \"edge\"\n");
    other.run("refresh").ended(0);
    let (own, foreign) = (workspace.pin("app"), other.pin("app"));
    workspace.edit_lock(&own.platforms["linux/arm64"], &foreign.platforms["linux/arm64"]);
    gate.fails("upstream-children", "refresh app --accept");
    gate.fails("upstream-children", "the locked manifest of linux/arm64");
    // The tag names the locked digest: only reading it shows the difference.
    workspace.run("refresh").ended(0);
    workspace.run("refresh app --accept").ended(0);
    assert_eq!(workspace.pin("app"), own);
    workspace.run("verify --upstream").ended(0);
}

#[test]
fn an_index_that_was_deleted() {
    let gate = gate();
    gate.registry.delete("library/app", &gate.locked.digest());
    gate.fails("upstream-not-served", &gate.locked.digest());
    let alarm = gate.workspace.run("refresh").ended(4);
    alarm.says("`app` stays as it was: the locked tag");
    assert_eq!(gate.workspace.pin("app").digest, gate.locked.digest());
}

#[test]
fn a_platform_whose_manifest_was_deleted() {
    let gate = gate();
    let child = gate.workspace.pin("app").platforms["linux/arm64"].clone();
    gate.registry.delete("library/app", &child);
    gate.fails("upstream-not-served", &format!("its manifest for linux/arm64, {child}"));
}
