//! A registry that wants to know who asks, or has nothing, or is not there.

use crate::content::push_index;
use crate::server::{AUTH, Access, PASSWORD, Registry, USER};
use crate::skopeo::{Children, agrees};
use crate::workspace::{Run, Workspace};

const PINS: &str = r#"
[pin.by-mirror]
image = "docker.io/team/app"
track = "{version}"
[pin.by-name]
image = "HOST/team/app"
track = "1.0.0"
"#;

#[track_caller]
fn says_no_secret(run: &Run) {
    for secret in [PASSWORD, AUTH, "d3Jvbmc", "wrong-wrong"] {
        assert!(!run.stdout.contains(secret), "{}", run.stdout);
        assert!(!run.stderr.contains(secret), "{}", run.stderr);
    }
}

fn guarded() -> (Registry, Workspace) {
    let registry = Registry::with(Access::Password);
    push_index(&registry, "team/app", "1.0.0", &["linux/amd64", "linux/arm64"], "guarded");
    let workspace = Workspace::new(&registry, PINS);
    (registry, workspace)
}

#[test]
fn a_login_is_taken_from_the_docker_configuration() {
    let (registry, mut workspace) = guarded();
    workspace.log_in(AUTH);
    let refreshed = workspace.run("refresh -v").ended(0);
    says_no_secret(&refreshed);
    assert_eq!(agrees(&registry, &workspace, Children::Served), 2);
    let lock = workspace.lock_text();
    assert!(!lock.contains(PASSWORD) && !lock.contains(USER), "{lock}");
    says_no_secret(&workspace.run("verify --upstream -v").ended(0));
    workspace.run("refresh").ended(0);
    assert_eq!(workspace.lock_text(), lock);
}

#[test]
fn without_a_login_nothing_is_locked_and_the_registry_is_named() {
    let (registry, workspace) = guarded();
    let refused = workspace.run("refresh -v").ended(3);
    says_no_secret(&refused);
    let refused = refused.says("wants a user and a password");
    refused.says(&format!("docker login {}", registry.host()));
    assert!(!workspace.path("pins.lock").exists() || workspace.locked().is_empty());
}

#[test]
fn a_wrong_login_is_refused_and_not_shown() {
    let (registry, mut workspace) = guarded();
    workspace.log_in(AUTH);
    workspace.run("refresh").ended(0);
    let before = workspace.lock_text();
    // `reader:wrong-wrong`
    workspace.log_in("cmVhZGVyOndyb25nLXdyb25n");
    let refused = workspace.run("refresh -v").ended(3);
    says_no_secret(&refused);
    let refused = refused.says(registry.host());
    assert!(!refused.stderr.contains("cmVhZGVyOndyb25n"), "{}", refused.stderr);
    says_no_secret(&workspace.run("verify --upstream").ended(3).says(registry.host()));
    assert_eq!(workspace.lock_text(), before);
}

#[test]
fn a_repository_that_does_not_exist_stops_no_other() {
    let registry = Registry::start();
    let app = push_index(&registry, "library/app", "1.0.0", &["linux/amd64"], "app");
    let workspace = Workspace::new(
        &registry,
        r#"
        [pin.app]
        image = "app"
        track = "{version}"
        [pin.nowhere]
        image = "HOST/no/where"
        track = "{version}"
        [pin.nowhere-literal]
        image = "HOST/no/where"
        track = "edge"
        [pin.other-shape]
        image = "app"
        track = "{version}-alpine"
        "#,
    );
    let refreshed = workspace.run("refresh").ended(3);
    for name in ["nowhere", "nowhere-literal", "other-shape"] {
        assert!(refreshed.stderr.contains(&format!("`{name}` stays as it was")), "{}", refreshed.stderr);
    }
    assert_eq!(workspace.locked().into_keys().collect::<Vec<_>>(), ["app"]);
    assert_eq!(workspace.pin("app").digest, app.digest());
}

#[test]
fn a_registry_that_is_gone_changes_nothing() {
    let registry = Registry::start();
    push_index(&registry, "library/app", "1.0.0", &["linux/amd64"], "app");
    let workspace = Workspace::new(&registry, "[pin.app]\nimage = \"app\"\ntrack = \"{version}\"\n");
    workspace.run("refresh").ended(0);
    let before = (workspace.lock_text(), workspace.lock_identity());
    let host = registry.host().to_owned();
    drop(registry);
    workspace.run("refresh").ended(3).says(&host).says("cannot be reached");
    workspace.run("verify --upstream").ended(3).says(&host);
    workspace.run("verify").ended(0);
    assert_eq!(before, (workspace.lock_text(), workspace.lock_identity()));
}
