//! What is told of suites without moving to others: whether they are served, what would be asked, and how they are reached.

use crate::archive::Published;
use crate::world::{FIRST, SECOND, SECURITY, World, main_with};

#[test]
fn what_is_locked_is_still_served() {
    let world = World::snapshot();
    world.refresh(FIRST);
    let verify = |now: &str| {
        let ended = world.run(now, &["verify", "--upstream"]);
        (ended.code, ended.said)
    };
    let (code, said) = verify(SECOND);
    assert_eq!(code, 0, "{said}");
    // A later state is none of its business.
    world.archive.publish(&Published::new("bookworm", "2026-08-30T08:00:00Z", &main_with("curl", "8-1")));
    assert_eq!(verify(SECOND).0, 0);
    world.archive.publish(&Published::new("bookworm", "2026-08-19T00:00:00Z", &main_with("curl", "8-1")));
    let (code, said) = verify(SECOND);
    assert!(code == 4 && said.contains("upstream-rewritten"), "{code} {said}");
    world.archive.contents.lock().unwrap().gone.push("20260820T000000Z".into());
    let (code, said) = verify(SECOND);
    assert!(code == 1 && said.contains("upstream-not-served"), "{code} {said}");
}

#[test]
fn a_package_that_the_suites_do_not_have_is_a_finding() {
    let world = World::snapshot();
    world.refresh(FIRST);
    let lock = world.lock();
    let (before, after) = lock.split_once("packages.").unwrap();
    let at = after.find("sha256 = \"").unwrap() + 10;
    let other = if &after[at..=at] == "0" { "1" } else { "0" };
    let edited = format!("{before}packages.{}{other}{}", &after[..at], &after[at + 1..]);
    std::fs::write(world.checkout.path("pins.lock"), edited).unwrap();
    let ended = world.run(FIRST, &["verify", "--upstream"]);
    assert!(ended.code == 1 && ended.said.contains("upstream-children"), "{} {}", ended.code, ended.said);
    assert!(ended.said.contains("is not the one of the locked suites"), "{}", ended.said);
}

#[test]
fn a_changed_byte_of_a_package_is_an_alarm() {
    let world = World::snapshot();
    world.refresh(FIRST);
    let lock = world.lock();
    world.archive.alter("pool/iproute2_6.1.0-3_arm64.deb", |content| content[3] ^= 1);
    let ended = world.run(FIRST, &["verify", "--upstream"]);
    assert!(
        ended.code == 4 && ended.said.contains("the file of iproute2 for arm64"),
        "{} {}",
        ended.code,
        ended.said
    );
    assert_eq!(world.lock(), lock);
    world.archive.forget("pool/iproute2_6.1.0-3_arm64.deb");
    let ended = world.run(FIRST, &["verify", "--upstream"]);
    assert!(ended.code == 1 && ended.said.contains("is no longer served"), "{} {}", ended.code, ended.said);
}

#[test]
fn a_mirror_that_moved_on_is_a_finding() {
    let world = World::mirror();
    world.refresh(FIRST);
    let ended = world.run(SECOND, &["verify", "--upstream"]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    world.archive.publish(&Published::new("bookworm-security", "2026-09-01T00:00:00Z", &SECURITY));
    let ended = world.run(SECOND, &["verify", "--upstream"]);
    assert!(ended.code == 1 && ended.said.contains("upstream-moved-on"), "{} {}", ended.code, ended.said);
}

#[test]
fn a_plan_tells_what_is_asked() {
    for world in [World::snapshot(), World::mirror()] {
        world.refresh(FIRST);
        for now in [FIRST, SECOND] {
            world.archive.asked();
            let plan = world.run(now, &["refresh", "--plan"]).said;
            assert_eq!(world.archive.asked().len(), 0);
            world.refresh(now);
            let asked = world.archive.asked();
            assert!(asked.iter().all(|path| plan.contains(path)), "{asked:?} {plan}");
            assert!(
                plan.contains(&format!("\n{} requests where nothing has changed", asked.len())),
                "{plan}"
            );
        }
    }
}

#[test]
fn doctor_tells_how_archives_are_reached() {
    let world = World::snapshot();
    world.refresh(FIRST);
    let ended = world.run(SECOND, &["doctor"]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert!(ended.said.contains("(archive)") && ended.said.contains("as it should be"), "{}", ended.said);
    world.archive.contents.lock().unwrap().gone.push("20260820T000000Z".into());
    assert_eq!(world.run(SECOND, &["doctor"]).code, 3);
}

#[test]
fn a_mirror_of_the_snapshot_service_is_asked_instead() {
    let world = World::snapshot();
    let (own, url) = (world.archive.server.url(), "https://snapshot.example.org/");
    world.declare(
        "snapshot = \"https://snapshot.example.org/{archive}/{timestamp}\"",
        "packages = [\"curl\"]",
    );
    let pins = std::fs::read_to_string(world.checkout.path("pins.toml")).unwrap();
    let mirror = format!("{pins}[archives.\"{url}\"]\nmirror = \"{own}/snapshot/\"\n");
    std::fs::write(world.checkout.path("pins.toml"), mirror).unwrap();
    world.refresh(FIRST);
    assert_eq!(world.locked_at(), "20260820T000000Z");
}
