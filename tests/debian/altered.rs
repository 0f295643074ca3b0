//! What must not be taken: each is an alarm, and leaves the lock as it was.

use std::fs;

use pgp::crypto::hash::HashAlgorithm;

use crate::archive::{Published, key_file};
use crate::world::{FIRST, MAIN, SECOND, SECURITY, World, main_with};

/// A newer state that would be taken, but for what `change` does to it.
fn refused(says: &str, change: impl Fn(&World)) {
    for world in [World::snapshot(), World::mirror()] {
        world.refresh(FIRST);
        let before = world.lock();
        world.archive.publish(&newer());
        change(&world);
        let ended = world.run(SECOND, &["refresh"]);
        assert_eq!((ended.code, world.lock()), (4, before), "{says}: {}", ended.said);
        assert!(ended.said.contains(says), "{says}: {}", ended.said);
    }
}

fn newer() -> Published<'static> {
    Published::new("bookworm", "2026-08-30T08:00:00Z", &MAIN.map(|(name, _, more)| (name, "99-1", more)))
}

fn edited(world: &World, end: &str, edit: impl Fn(&str) -> String) {
    world.archive.alter(end, |content| {
        let text = String::from_utf8(content.clone()).unwrap();
        *content = edit(&text).into_bytes();
    });
}

#[test]
fn without_a_fault_it_is_taken() {
    for world in [World::snapshot(), World::mirror()] {
        world.refresh(FIRST);
        let before = world.lock();
        world.archive.publish(&newer());
        world.refresh(SECOND);
        assert_ne!(world.lock(), before);
    }
}

#[test]
fn a_byte_of_in_release() {
    refused("altered after it was signed", |world| {
        edited(world, "bookworm/InRelease", |text| text.replace("Origin: made up", "Origin: made uq"));
    });
    refused("altered after it was signed", |world| {
        edited(world, "bookworm/InRelease", |text| text.replacen(" main/binary", "  main/binary", 1));
    });
}

#[test]
fn a_byte_of_a_list() {
    refused("was signed", |world| {
        world
            .archive
            .alter("bookworm/main/binary-arm64/by-hash", |content| *content.last_mut().unwrap() ^= 1);
    });
    refused("was signed", |world| {
        world.archive.forget("/by-hash/");
        world.archive.alter("bookworm/main/binary-arm64/Packages.xz", |content| content[20] ^= 1);
    });
}

#[test]
fn the_length_of_a_list() {
    refused("were signed", |world| {
        world
            .archive
            .alter("bookworm/main/binary-amd64/by-hash", |content| content.truncate(content.len() - 1));
    });
    refused("more than the", |world| {
        world.archive.alter("bookworm/main/binary-amd64/by-hash", |content| content.push(0));
    });
}

#[test]
fn what_was_signed_before() {
    for world in [World::snapshot(), World::mirror()] {
        world.archive.publish(&Published::new(
            "bookworm",
            "2026-08-18T00:00:00Z",
            &main_with("curl", "7.99-1"),
        ));
        world.refresh(FIRST);
        let before = world.lock();
        // What was there first is served as the newest: since then, and signed and dated as it was.
        let first = Published::new("bookworm", "2026-07-11T10:00:00Z", &MAIN);
        world.archive.publish_as(&first, "2026-08-30T08:00:00Z");
        let ended = world.run(SECOND, &["refresh"]);
        assert_eq!((ended.code, world.lock()), (4, before.clone()), "{}", ended.said);
        assert!(ended.said.contains("an older state is served as the newest"), "{}", ended.said);
        let accepted = world.run(SECOND, &["refresh", "bookworm", "--accept"]);
        assert_eq!(accepted.code, 0, "{}", accepted.said);
        assert_ne!(world.lock(), before);
        world.refresh(SECOND);
    }
}

#[test]
fn a_snapshot_that_changed() {
    let world = World::snapshot();
    world.refresh(FIRST);
    let before = world.lock();
    // The same time has another state now, well signed.
    world.archive.publish(&Published::new("bookworm", "2026-08-19T00:00:00Z", &main_with("vim", "9.0-9")));
    for now in [FIRST, SECOND] {
        let ended = world.run(now, &["refresh"]);
        assert_eq!((ended.code, world.lock()), (4, before.clone()), "{}", ended.said);
        assert!(ended.said.contains("when it was locked"), "{}", ended.said);
    }
    let accepted = world.run(FIRST, &["refresh", "bookworm", "--accept"]);
    assert_eq!(accepted.code, 0, "{}", accepted.said);
    assert_ne!(world.lock(), before);
}

#[test]
fn no_signature() {
    refused("it is not signed", |world| {
        edited(world, "bookworm/InRelease", |text| {
            let text = text.split("\n\n").nth(1).unwrap();
            text.split("-----BEGIN").next().unwrap().to_owned()
        });
    });
}

#[test]
fn the_signature_of_somebody_else() {
    refused("keys that are not in the keyring", |world| {
        world.archive.publish(&Published { key: "other", ..newer() });
    });
}

#[test]
fn a_signature_that_was_none_when_it_was_made() {
    for (key, says) in [("shortened", "had expired"), ("hard", "was compromised"), ("soft", "was superseded")]
    {
        refused(says, |world| {
            let keys = [key_file("good.gpg"), key_file(&format!("{key}.gpg"))].concat();
            fs::write(world.checkout.path("keys.gpg"), keys).unwrap();
            world.archive.publish(&Published { key, ..newer() });
        });
    }
}

#[test]
fn a_digest_that_can_be_forged() {
    refused("too weak", |world| {
        fs::write(world.checkout.path("keys.gpg"), [key_file("good.gpg"), key_file("rsa.gpg")].concat())
            .unwrap();
        world.archive.publish(&Published { key: "rsa", digest: HashAlgorithm::Sha1, ..newer() });
    });
}

#[test]
fn another_suite() {
    refused("another suite", |world| world.archive.publish(&Published { called: "trixie", ..newer() }));
}

#[test]
fn a_time_that_has_not_come() {
    let world = World::mirror();
    world.refresh(FIRST);
    let before = world.lock();
    world.archive.publish(&Published::new("bookworm", "2026-09-09T00:00:00Z", &SECURITY));
    let ended = world.run(SECOND, &["refresh"]);
    assert_eq!((ended.code, world.lock()), (4, before), "{}", ended.said);
    assert!(ended.said.contains("has not come yet"), "{}", ended.said);
}

#[test]
fn a_suite_that_had_run_out_when_it_was_signed() {
    refused("after it had run out", |world| {
        world.archive.publish(&Published { more: "Valid-Until: Sat, 29 Aug 2026 08:00:00 UTC\n", ..newer() });
    });
}

#[test]
fn text_around_what_was_signed() {
    refused("text before the signed message", |world| {
        edited(world, "bookworm/InRelease", |text| format!("Suite: bookworm\n\n{text}"));
    });
    refused("text after the signed message", |world| {
        edited(world, "bookworm/InRelease", |text| format!("{text}\nSuite: bookworm\n"));
    });
}

#[test]
fn a_keyring_that_is_none_is_a_mistake_of_the_configuration() {
    let world = World::snapshot();
    for (content, says) in [(None, "is not there"), (Some(&b"keys"[..]), "not OpenPGP keys")] {
        match content {
            None => fs::remove_file(world.checkout.path("keys.gpg")).unwrap(),
            Some(content) => fs::write(world.checkout.path("keys.gpg"), content).unwrap(),
        }
        let ended = world.run(FIRST, &["refresh"]);
        assert_eq!((ended.code, world.checkout.lock()), (2, None), "{}", ended.said);
        assert!(ended.said.contains(says), "{}", ended.said);
    }
}
