//! From one state of an archive to another.

use std::process::Command;

use crate::archive::Published;
use crate::world::{FIRST, MAIN, SECOND, SECURITY, World, main_with};

#[test]
fn a_first_lock_has_what_was_there_min_age_ago() {
    let world = World::snapshot();
    let said = world.refresh(FIRST);
    assert!(said.contains("20260820T000000Z"), "{said}");
    let lock = world.lock();
    for part in [
        "suites = [\"bookworm\", \"bookworm-security\"]",
        "snapshot = \"20260820T000000Z\"",
        "date = \"2026-07-11T10:00:00Z\"",
        "packages.curl.amd64 = { version = \"7.88.1-10+deb12u12\"",
        "packages.iproute2.arm64 = { version = \"6.1.0-3\"",
    ] {
        assert!(lock.contains(part), "{part}\n{lock}");
    }
    assert!(!lock.contains("libc6") && !lock.contains("vim"), "{lock}");
}

#[test]
fn the_least_is_asked() {
    let world = World::snapshot();
    world.refresh(FIRST);
    let asked = world.archive.asked();
    // Two suites, and of each a list for each architecture.
    assert_eq!(asked.len(), 6, "{asked:?}");
    assert!(asked.iter().all(|path| path.ends_with("InRelease") || path.contains("/by-hash/SHA256/")));
    world.refresh(FIRST);
    assert_eq!(world.archive.asked().len(), 2, "what is kept is not asked for again");
    // A newer time, at which nothing is new: both times are asked.
    world.refresh(SECOND);
    assert_eq!(world.archive.asked().len(), 4);
}

#[test]
fn a_newer_snapshot_is_moved_to_where_something_is_new() {
    let world = World::snapshot();
    world.refresh(FIRST);
    let security = [("curl", "7.88.1-10+deb12u13", "Depends: libc6")];
    world.archive.publish(&Published::new("bookworm-security", "2026-08-30T08:00:00Z", &security));
    let said = world.refresh(SECOND);
    assert_eq!(world.locked_at(), "20260903T000000Z");
    assert!(said.contains("20260820T000000Z -> 20260903T000000Z"), "{said}");
    assert!(said.contains("curl 7.88.1-10+deb12u12 -> 7.88.1-10+deb12u13 (amd64, arm64)"), "{said}");
}

#[test]
fn a_difference_of_two_locks_tells_the_packages() {
    let world = World::snapshot();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let folder = world.checkout.path("");
        let status = Command::new("git").args(identity).args(arguments).current_dir(folder).status().unwrap();
        assert!(status.success());
    };
    world.refresh(FIRST);
    git(&["init", "-q"]);
    git(&["add", "pins.toml", "pins.lock", "keys.gpg"]);
    git(&["commit", "-qm", "first"]);
    world.archive.publish(&Published::new(
        "bookworm",
        "2026-08-30T08:00:00Z",
        &main_with("iproute2", "6.1.0-4"),
    ));
    world.refresh(SECOND);
    let human = world.run(SECOND, &["diff", "HEAD"]);
    assert!(human.said.contains("iproute2 6.1.0-3 -> 6.1.0-4 (amd64, arm64)"), "{}", human.said);
    let json = world.run(SECOND, &["diff", "HEAD", "--upstream", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(json.said.trim()).unwrap();
    let text = value.to_string();
    let step = r#"{"architectures":["amd64","arm64"],"from":"6.1.0-3","name":"iproute2","to":"6.1.0-4"}"#;
    assert!(text.contains(step), "{text}");
}

/// Evidence reaches the text of a pull request.
#[test]
fn a_commit_has_the_packages() {
    let world = World::snapshot();
    world.refresh(FIRST);
    let git = |arguments: &[&str]| {
        let folder = world.checkout.path("");
        let output = Command::new("git").args(arguments).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    git(&["init", "-q"]);
    git(&["add", "pins.toml", "pins.lock", "keys.gpg"]);
    git(&["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "first"]);
    // The keyring is read from the commit, and not from the folder.
    std::fs::write(world.checkout.path("keys.gpg"), "no keys").unwrap();
    world.archive.publish(&Published::new(
        "bookworm",
        "2026-08-30T08:00:00Z",
        &main_with("iproute2", "6.1.0-4"),
    ));
    let ended = world.run(SECOND, &["refresh", "--commit"]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert!(git(&["show", "HEAD:pins.lock"]).contains("6.1.0-4"));
}

#[test]
fn what_nobody_installs_moves_nothing() {
    let world = World::snapshot();
    world.refresh(FIRST);
    let before = world.lock();
    world.archive.publish(&Published::new("bookworm", "2026-08-30T08:00:00Z", &main_with("vim", "9.0-2")));
    let said = world.refresh(SECOND);
    assert_eq!(world.lock(), before, "{said}");
    let explained = world.run(SECOND, &["explain", "bookworm"]);
    assert!(explained.said.contains("nothing new of the wanted packages"), "{}", explained.said);
}

#[test]
fn what_is_brought_in_moves_too() {
    for (name, version) in [("libbpf1", "1.1.0-2"), ("libc6", "2.36-9+deb12u1")] {
        let world = World::snapshot();
        world.refresh(FIRST);
        world.archive.publish(&Published::new("bookworm", "2026-08-30T08:00:00Z", &main_with(name, version)));
        let said = world.refresh(SECOND);
        assert_eq!(world.locked_at(), "20260903T000000Z", "{name}");
        assert!(said.contains("1 package more that these could bring in"), "{said}");
        assert!(said.contains(&format!("{name} ")) && said.contains(&format!("-> {version} (amd64, arm64)")));
    }
}

#[test]
fn a_snapshot_that_is_gone_is_left() {
    let world = World::snapshot();
    world.refresh(FIRST);
    world.archive.contents.lock().unwrap().gone.push("20260820T000000Z".into());
    world.refresh(SECOND);
    assert_eq!(world.locked_at(), "20260903T000000Z");
    world.archive.contents.lock().unwrap().gone.push("20260903T000000Z".into());
    let ended = world.run(SECOND, &["refresh"]);
    assert_eq!(ended.code, 3, "{}", ended.said);
    assert!(ended.said.contains("404"), "{}", ended.said);
}

#[test]
fn without_named_packages_any_change_of_a_list_counts() {
    let world = World::snapshot();
    world.declare_snapshot("packages = []");
    world.refresh(FIRST);
    assert_eq!(world.archive.asked().len(), 2, "no list need be read");
    // Signed anew, and the same.
    world.archive.publish(&Published::new("bookworm", "2026-08-29T08:00:00Z", &MAIN));
    world.refresh(SECOND);
    assert_eq!(world.locked_at(), "20260820T000000Z");
    world.archive.publish(&Published::new("bookworm", "2026-08-30T08:00:00Z", &main_with("vim", "9.0-2")));
    world.refresh(SECOND);
    assert_eq!(world.locked_at(), "20260903T000000Z");
}

#[test]
fn a_held_pin_stays() {
    let world = World::snapshot();
    world.refresh(FIRST);
    world.archive.publish(&Published::new("bookworm", "2026-08-30T08:00:00Z", &main_with("curl", "8-1")));
    world.declare_snapshot("packages = [\"iproute2\", \"curl\"]\nhold = \"a freeze\"");
    let before = world.lock();
    let ended = world.run(SECOND, &["refresh"]);
    assert_eq!((ended.code, world.lock()), (0, before), "{}", ended.said);
    let status = world.run(SECOND, &["status"]);
    assert!(status.said.contains("a freeze"), "{}", status.said);
}

#[test]
fn an_ignored_time_is_passed_over() {
    let world = World::snapshot();
    world.refresh(FIRST);
    world.archive.publish(&Published::new("bookworm", "2026-08-30T08:00:00Z", &main_with("curl", "8-1")));
    world.declare_snapshot("packages = [\"iproute2\", \"curl\"]\nignore = [\"20260903*\"]");
    world.refresh(SECOND);
    assert_eq!(world.locked_at(), "20260820T000000Z");
}

#[test]
fn a_person_goes_where_the_rules_would_not() {
    let world = World::snapshot();
    world.archive.publish(&Published::new("bookworm-security", "2026-08-01T08:00:00Z", &SECURITY));
    world.refresh(FIRST);
    let to = |now: &str, arguments: &[&str]| {
        let ended = world.run(now, &[&["refresh", "bookworm", "--to"], arguments].concat());
        (ended.code, ended.said)
    };
    let before = world.lock();
    let (code, said) = to(FIRST, &["20260810T000000Z"]);
    assert!(code == 2 && said.contains("is older than what is locked"), "{said}");
    let (code, said) = to(FIRST, &["20260823T000000Z"]);
    assert!(code == 2 && said.contains("would not choose 20260823T000000Z yet"), "{said}");
    let (code, said) = to(FIRST, &["yesterday"]);
    assert!(code == 2 && said.contains("does not match the track"), "{said}");
    assert_eq!(world.lock(), before);
    let (code, said) = to(FIRST, &["20260810T000000Z", "--because", "a regression"]);
    assert_eq!((code, world.locked_at().as_str()), (0, "20260810T000000Z"), "{said}");
    let (code, said) = to(FIRST, &["20260823T000000Z", "--because", "a fix"]);
    assert_eq!((code, world.locked_at().as_str()), (0, "20260823T000000Z"), "{said}");
}

#[test]
fn other_packages_are_wanted_later() {
    let world = World::snapshot();
    world.refresh(FIRST);
    world.declare_snapshot("packages = [\"iproute2\", \"vim\"]");
    world.refresh(FIRST);
    let lock = world.lock();
    assert!(lock.contains("packages.vim.amd64") && !lock.contains("packages.curl"), "{lock}");
    assert_eq!(world.locked_at(), "20260820T000000Z");
}

#[test]
fn what_is_missing_is_named() {
    let world = World::snapshot();
    let wanted = |packages: &str| {
        world.declare_snapshot(&format!("packages = [{packages}]"));
        let ended = world.run(FIRST, &["refresh"]);
        assert_eq!((ended.code, world.checkout.lock()), (3, None), "{}", ended.said);
        ended.said
    };
    let said = wanted("\"curl\", \"curll\"");
    assert!(said.contains("no package curll for amd64, arm64"), "{said}");
    let said = wanted("\"editor\"");
    assert!(said.contains("only provided, by vim"), "{said}");
    world.declare_snapshot("packages = [\"curl\"]\ncomponents = [\"contrib\"]");
    let ended = world.run(FIRST, &["refresh"]);
    assert!(ended.code == 3 && ended.said.contains("no component contrib"), "{}", ended.said);
}

#[test]
fn lists_that_are_the_same_are_not_read_again() {
    let world = World::snapshot();
    world.refresh(FIRST);
    let lock = world.lock();
    world.archive.publish(&Published::new("bookworm-security", "2026-09-01T00:00:00Z", &SECURITY));
    std::fs::remove_dir_all(world.checkout.path("cache")).unwrap();
    world.archive.asked();
    for now in [FIRST, SECOND] {
        world.refresh(now);
        let asked = world.archive.asked();
        assert!(!asked.is_empty() && asked.iter().all(|path| path.ends_with("/InRelease")), "{asked:?}");
        assert_eq!(world.lock(), lock);
    }
}

#[test]
fn a_state_is_not_later_than_its_time() {
    let world = World::snapshot();
    world.refresh(FIRST);
    let before = world.lock();
    let newer = main_with("curl", "8-1");
    // Published on the fifth, and served as of the first.
    world
        .archive
        .publish_as(&Published::new("bookworm", "2026-09-05T08:00:00Z", &newer), "2026-09-01T00:00:00Z");
    let ended = world.run(SECOND, &["refresh"]);
    assert!(ended.code == 4 && ended.said.contains("which is later"), "{} {}", ended.code, ended.said);
    assert_eq!(world.lock(), before);
}

#[test]
fn nobody_goes_to_the_future() {
    let world = World::snapshot();
    let ended =
        world.run(FIRST, &["refresh", "bookworm", "--to", "20991231T000000Z", "--because", "why not"]);
    assert!(
        ended.code == 2 && ended.said.contains("there is no state of 20991231T000000Z yet"),
        "{}",
        ended.said
    );
    assert_eq!(world.lock(), "");
}

#[test]
fn what_somebody_wrote_into_the_lock_is_mended_when_it_is_accepted() {
    let world = World::snapshot();
    world.refresh(FIRST);
    let good = world.lock();
    let edited = good.replacen("version = \"6.1.0-3\"", "version = \"6.1.0-4\"", 1);
    std::fs::write(world.checkout.path("pins.lock"), &edited).unwrap();
    let ended = world.run(FIRST, &["verify", "--upstream"]);
    assert!(ended.code == 1 && ended.said.contains("refresh bookworm --accept"), "{}", ended.said);
    let ended = world.run(FIRST, &["refresh", "bookworm", "--accept"]);
    assert_eq!((ended.code, world.lock()), (0, good), "{}", ended.said);
}
