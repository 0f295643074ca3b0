//! Adoption of a repository, and what follows: the gate, a refresh that moves files and lock together, and the way back.

#[path = "init/services.rs"]
mod services;
#[path = "init/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::support::registry::Reply;
use world::{BOTH, World};

/// The places of a list in a JSON document.
fn places(document: &str, list: &str) -> BTreeSet<(String, i64)> {
    let document: Value = serde_json::from_str(document).unwrap();
    let items = document[list].as_array().unwrap();
    let errors = items.iter().filter(|item| item["level"] != "warning");
    errors.map(|item| (item["path"].as_str().unwrap().to_owned(), item["line"].as_i64().unwrap())).collect()
}

#[test]
fn forty_services_are_adopted_verified_and_given_back() {
    let world = World::new();
    services::write(&world);
    let before = world.files();
    let dry = world.ok(&["init", "--dry-run", "--format", "json"]);
    assert_eq!(world.files(), before);
    assert!(world.text("pins.toml").is_empty());
    let init = world.ok(&["init", "--format", "json"]);
    let with_written = |text: &str| text.replace("\"written\": false", "\"written\": true");
    assert_eq!(with_written(&dry.data), init.data, "a dry run says what is done");
    services::check(&world, &init.data);
    let open = places(&init.data, "undecided");
    let verified = world.run(&["verify", "--format", "json"]);
    for place in places(&verified.data, "findings") {
        assert!(open.contains(&place), "{place:?} was not named: {}", verified.data);
    }
    let again = world.ok(&["refresh", "--check"]);
    assert!(again.said.contains("0 would change"), "{}", again.said);
    let unpinned = world.ok(&["refresh", "--unpin"]);
    assert!(unpinned.said.contains("not pinned now"), "{}", unpinned.said);
    for (path, bytes) in world.files() {
        let (was, is) = (String::from_utf8_lossy(&before[&path]), String::from_utf8_lossy(&bytes));
        assert_eq!(is, was, "{path}");
    }
    assert_eq!(world.files(), before);
}

#[test]
fn a_repository_is_adopted_once() {
    for file in ["pins.toml", "refresh/upstreams.toml", "pins.lock"] {
        let world = World::with(&[(file, ""), ("Dockerfile", "FROM rust:1.88\n")]);
        let refused = world.run(&["init"]);
        assert_eq!(refused.code, 2, "{}", refused.said);
        assert!(refused.said.contains(file) && refused.said.contains("hint"), "{}", refused.said);
        assert_eq!(world.text("Dockerfile"), "FROM rust:1.88\n");
    }
}

#[test]
fn what_is_written_already_is_kept_if_upstream_stands_by_it() {
    let world = World::new();
    let old = world.registry.push_index("library/rust", "1.88", BOTH);
    world.images(&["rust:1.88", "node:22.1.0"]);
    let gone = format!("sha256:{}", "7".repeat(64));
    let child = {
        let index = world.registry.push_index("library/debian", "12.9", BOTH);
        world.registry.children("library/debian", &index)[0].clone()
    };
    let commits = world.tags("actions/checkout", &["v4", "v5"]);
    world.write(
        "Dockerfile",
        &format!("FROM rust:1.88@{old}\nFROM node:22.1.0@{gone}\nFROM debian:12.9@{child}\n"),
    );
    let workflow = |step: &str| format!("jobs:\n  a:\n    steps:\n      - uses: actions/checkout@{step}\n");
    world.write(".github/workflows/a.yml", &workflow(&format!("{} # v4", commits[0])));
    world.write(".github/workflows/b.yml", &workflow(&format!("{} # v5", commits[0])));
    let before = world.files();
    let init = world.ok(&["init"]);
    assert_eq!(world.files(), before, "nothing is upgraded");
    let lock = world.text("pins.lock");
    assert!(lock.contains(&old.to_string()) && !lock.contains("node") && !lock.contains("debian"), "{lock}");
    for says in [
        "Dockerfile:2",
        "upstream no longer serves sha256:777777777777",
        "Dockerfile:3",
        "the digest is the manifest of linux/amd64 alone",
    ] {
        assert!(init.data.contains(says), "{says}: {}", init.data);
    }
    assert!(init.data.contains("v5 names"), "{}", init.data);
    assert!(lock.contains(&commits[0]), "{lock}");
}

#[test]
fn an_upstream_that_fails_stops_nobody_else() {
    let world = World::with(&[("Dockerfile", "FROM rust:1.88\nFROM node:22.1.0\n")]);
    world.images(&["rust:1.88", "node:22.1.0"]);
    world.registry.answer("GET /v2/library/node/manifests/22.1.0", Reply::new(403, ""));
    let init = world.run(&["init"]);
    assert_eq!(init.code, 3, "{}{}", init.data, init.said);
    assert!(world.text("Dockerfile").starts_with("FROM rust:1.88@sha256:"), "{}", init.data);
    assert!(world.text("Dockerfile").ends_with("\nFROM node:22.1.0\n"));
    assert!(!world.text("pins.toml").contains("node"));
    assert!(init.data.contains("Dockerfile:2  node:22.1.0\n  cannot "), "{}", init.data);
}

#[test]
fn lock_and_references_move_together() {
    let world = World::with(&[
        ("Dockerfile", "\u{feff}FROM rust:1.88-slim AS a\r\n# \u{e9}\r\nFROM debian:12.9\r\nRUN x"),
        ("b/Dockerfile", "ARG RUST=1.88\nFROM rust:${RUST}-slim\n"),
    ]);
    let mut latin = b"FROM debian:12.9\n# \xe9\n".to_vec();
    fs::create_dir(world.repository.path().join("c")).unwrap();
    fs::write(world.repository.path().join("c/Dockerfile"), &latin).unwrap();
    world.images(&["rust:1.88-slim", "debian:12.9"]);
    world.ok(&["init"]);
    world.images(&["rust:1.98-slim"]);
    let new = world.registry.push_index("library/debian", "12.9", BOTH).to_string();
    let before = world.files();
    let check = world.run(&["refresh", "--check"]);
    assert_eq!((check.code, world.files()), (1, before), "{}", check.data);
    let refresh = world.ok(&["refresh"]);
    assert!(
        refresh.data.contains("Dockerfile:1  rust 1.88-slim -> 1.98-slim, debian 12.9 (digest)\n"),
        "{}",
        refresh.data
    );
    assert!(refresh.said.contains("2 changed, in 3 files"), "{}", refresh.said);
    let text = world.text("Dockerfile");
    assert!(text.starts_with("\u{feff}FROM rust:1.98-slim@sha256:"), "{text}");
    assert!(text.ends_with(&format!("\r\nFROM debian:12.9@{new}\r\nRUN x")), "{text}");
    assert!(world.text("b/Dockerfile").starts_with("ARG RUST=1.98\nFROM rust:${RUST}-slim@sha256:"));
    latin.splice(16..16, format!("@{new}").into_bytes());
    assert_eq!(fs::read(world.repository.path().join("c/Dockerfile")).unwrap(), latin);
    assert_eq!(world.ok(&["verify"]).code, 0);
    assert!(world.ok(&["refresh", "--check"]).said.contains("0 would change"));
}

#[test]
fn a_run_that_was_ended_between_two_files_is_completed_by_the_next() {
    let world = World::with(&[("a/Dockerfile", "FROM rust:1.88\n"), ("b/Dockerfile", "FROM rust:1.88\n")]);
    world.images(&["rust:1.88"]);
    world.ok(&["init"]);
    let (lock, b) = (world.text("pins.lock"), world.text("b/Dockerfile"));
    world.images(&["rust:1.98"]);
    world.ok(&["refresh"]);
    let whole = (world.files(), world.text("pins.lock"));
    world.write("b/Dockerfile", &b);
    world.write("pins.lock", &lock);
    let refresh = world.ok(&["refresh"]);
    assert!(!refresh.said.contains("left alone"), "{}", refresh.said);
    assert_eq!((world.files(), world.text("pins.lock")), whole);
}

#[test]
fn a_reference_that_a_person_edited_is_left_alone_and_a_new_one_is_pinned() {
    let world = World::with(&[("Dockerfile", "FROM rust:1.88\n"), ("b/Dockerfile", "FROM rust:1.88\n")]);
    world.images(&["rust:1.88"]);
    world.ok(&["init"]);
    world.write("b/Dockerfile", "FROM rust:1.70\n");
    world.write("c/Dockerfile", "FROM rust:1.88\n");
    let refresh = world.ok(&["refresh"]);
    assert!(refresh.data.contains("c/Dockerfile:1  rust 1.88 pinned in place\n"), "{}", refresh.data);
    assert!(refresh.said.contains("b/Dockerfile:1 names 1.70"), "{}", refresh.said);
    assert_eq!(world.text("b/Dockerfile"), "FROM rust:1.70\n");
    assert!(world.text("c/Dockerfile").starts_with("FROM rust:1.88@sha256:"));
}

#[test]
fn a_pin_that_cannot_be_written_stays_everywhere() {
    let world = World::with(&[
        ("Dockerfile", "ARG V=1.0\nFROM a:${V}\nFROM b:${V}\n"),
        ("c/Dockerfile", "FROM a:1.0\nFROM c:1.0\n"),
    ]);
    world.images(&["a:1.0", "b:1.0", "c:1.0"]);
    world.ok(&["init"]);
    world.images(&["a:1.1", "c:1.1"]);
    let before = (world.text("Dockerfile"), world.text("c/Dockerfile"));
    let refresh = world.run(&["refresh"]);
    assert_eq!(refresh.code, 2, "{}{}", refresh.data, refresh.said);
    assert!(refresh.said.contains("Dockerfile:3: `a` cannot be written here"), "{}", refresh.said);
    assert_eq!(world.text("Dockerfile"), before.0);
    let (lock, other) = (world.text("pins.lock"), world.text("c/Dockerfile"));
    assert!(other.starts_with("FROM a:1.0@") && other.contains("\nFROM c:1.1@"), "{other}");
    assert!(lock.contains("tag = \"1.1\"") && lock.matches("tag = \"1.0\"").count() == 2, "{lock}");
    // Both want the argument now, each otherwise.
    world.images(&["b:1.2"]);
    let refresh = world.run(&["refresh"]);
    assert_eq!(refresh.code, 2, "{}", refresh.data);
    assert!(refresh.said.contains("would have to be both `1.1` and `1.2`"), "{}", refresh.said);
    assert_eq!((world.text("Dockerfile"), world.text("pins.lock")), (before.0, lock));
    // What they agree on, they move to together.
    world.registry.delete("library/b", "1.2");
    world.images(&["b:1.1"]);
    world.ok(&["refresh"]);
    assert!(
        world.text("Dockerfile").starts_with("ARG V=1.1\nFROM a:${V}@sha256:"),
        "{}",
        world.text("Dockerfile")
    );
}

#[test]
fn a_pin_does_not_move_the_references_of_others() {
    let world = World::with(&[
        ("compose.yaml", "services:\n  own:\n    build: .\n    image: ghcr.io/acme/own:1.0\n"),
        ("Dockerfile", "ARG V=1.0\nFROM a:${V}\nFROM ghcr.io/acme/own:${V}\n"),
    ]);
    world.images(&["a:1.0"]);
    world.ok(&["init"]);
    world.images(&["a:1.1"]);
    let before = world.files();
    let refresh = world.run(&["refresh"]);
    assert_eq!((refresh.code, world.files()), (2, before), "{}", refresh.data);
    assert!(
        refresh.said.contains("Dockerfile:3: `a` cannot be written here: an argument"),
        "{}",
        refresh.said
    );
    assert!(world.text("pins.lock").contains("tag = \"1.0\""));
}

#[test]
fn named_pins_move_alone() {
    let world = World::with(&[("Dockerfile", "FROM rust:1.88\nFROM node:22.1.0\n")]);
    world.images(&["rust:1.88", "node:22.1.0"]);
    world.ok(&["init"]);
    world.images(&["rust:1.89", "node:22.2.0"]);
    world.ok(&["refresh", "node"]);
    let text = world.text("Dockerfile");
    assert!(text.contains("rust:1.88@") && text.contains("node:22.2.0@"), "{text}");
    world.ok(&["refresh", "--unpin", "node"]);
    let text = world.text("Dockerfile");
    assert!(text.contains("rust:1.88@") && text.ends_with("FROM node:22.2.0\n"), "{text}");
}

#[test]
fn under_a_policy_files_stay() {
    let world = World::with(&[("Dockerfile", "FROM rust:1.88\n")]);
    world.images(&["rust:1.88"]);
    let pin =
        "[references]\nmode = \"policy\"\n\n[pin.rust]\nimage = \"rust\"\ntrack = \"{major}.{minor}\"\n";
    world.write("pins.toml", pin);
    world.ok(&["refresh"]);
    assert_eq!(world.text("Dockerfile"), "FROM rust:1.88\n");
}

#[test]
fn an_added_pin_is_written_where_its_tag_is_named() {
    let world = World::with(&[("Dockerfile", "FROM rust:1.88\n"), ("b/Dockerfile", "FROM rust:1.87\n")]);
    world.images(&["rust:1.88"]);
    let add = world.ok(&["add", "rust", "rust:1.88"]);
    assert!(add.data.contains("Dockerfile:1  rust 1.88 pinned in place\n"), "{}", add.data);
    assert!(world.text("Dockerfile").starts_with("FROM rust:1.88@sha256:"));
    assert_eq!(world.text("b/Dockerfile"), "FROM rust:1.87\n");
}

/// A folder in which a file's path is just short enough for the system, and a longer one is not.
fn full_folder(world: &World) -> String {
    const LIMIT: usize = 4096;
    let root = world.repository.path().canonicalize().unwrap().display().to_string();
    let mut folder = String::new();
    let left = |folder: &str| LIMIT - "/Dockerfile".len() - 2 - root.len() - 1 - folder.len();
    while left(&folder) > 0 {
        folder += &"z".repeat(left(&folder).min(200));
        folder += if left(&folder) > 1 { "/" } else { "" };
    }
    folder
}

#[test]
fn a_file_that_cannot_be_replaced_leaves_all_as_it_was() {
    let world = World::with(&[("Dockerfile", "FROM rust:1.88\n")]);
    let folder = full_folder(&world);
    world.write(&format!("{folder}/Dockerfile"), "FROM rust:1.88\n");
    world.images(&["rust:1.88"]);
    let before = world.files();
    let init = world.run(&["init"]);
    assert_eq!(init.code, 2, "{}", init.said);
    assert!(init.said.contains("z/Dockerfile could not be written"), "{}", init.said);
    assert_eq!(world.files(), before);
    assert!(world.text("pins.toml").is_empty() && world.text("pins.lock").is_empty());
}

#[test]
fn jobs_are_written_with_their_pins() {
    let version = concat!("v", env!("CARGO_PKG_VERSION"));
    let world = World::with(&[("Dockerfile", "FROM rust:1.88\n")]);
    world.images(&["rust:1.88", "rust:1.95"]);
    let checkout = world.tags("actions/checkout", &["v4"]).remove(0);
    let action = world.tags("solera-pin/solera-pin", &[version]).remove(0);
    world.ok(&["init", "--ci", "github"]);
    let text = world.text(".github/workflows/solera-pin.yml");
    for pinned in [
        format!("actions/checkout@{checkout} # v4\n"),
        format!("solera-pin/solera-pin@{action} # {version}\n"),
    ] {
        assert_eq!(text.matches(&pinned).count(), 2, "{text}");
    }
    let pins = world.text("pins.toml");
    assert!(pins.contains("[pin.actions-checkout]\ngit = \"https://github.com/actions/checkout.git\"\ntrack = \"v{major}\"\nimmutable = false\n"), "{pins}");

    let world = World::with(&[(".gitlab-ci.yml", "image: rust:1.88\n")]);
    world.images(&["rust:1.88", "rust:1.95"]);
    let init = world.ok(&["init", "--ci", "gitlab"]);
    assert!(
        world.text(".gitlab/solera-pin.gitlab-ci.yml").contains("image: rust:1.95@sha256:"),
        "{}",
        init.data
    );
    assert!(init.said.contains("include:"), "{}", init.said);
}

#[test]
fn a_job_that_is_there_is_not_overwritten() {
    let world =
        World::with(&[(".github/workflows/solera-pin.yml", "mine\n"), ("Dockerfile", "FROM rust:1.88\n")]);
    let init = world.run(&["init", "--ci", "github"]);
    assert_eq!(init.code, 2, "{}", init.said);
    assert!(world.registry.requests().is_empty());
    assert_eq!(world.text(".github/workflows/solera-pin.yml"), "mine\n");
}
