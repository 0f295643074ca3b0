//! A plain mirror, which has its present state only.

use crate::archive::Published;
use crate::world::{FIRST, MAIN, SECOND, SECURITY, World};

#[test]
fn a_mirror_is_locked_as_it_is() {
    let world = World::mirror();
    world.refresh(FIRST);
    let lock = world.lock();
    assert!(!lock.contains("snapshot"), "{lock}");
    assert!(lock.contains("packages.curl.arm64 = { version = \"7.88.1-10+deb12u12\""), "{lock}");
    let asked = world.archive.asked();
    assert!(asked.iter().any(|path| path.starts_with("/mirror/debian-security/dists/bookworm-security/")));
}

#[test]
fn a_mirror_moves_with_every_change() {
    let world = World::mirror();
    world.refresh(FIRST);
    let before = world.lock();
    world.refresh(SECOND);
    assert_eq!(world.lock(), before);
    // The same packages, signed anew an hour before: there is no going by age, as the old state is gone.
    world.archive.publish(&Published::new("bookworm-security", "2026-09-06T11:00:00Z", &SECURITY));
    let said = world.refresh(SECOND);
    assert!(said.contains("20260906T110000Z"), "{said}");
    assert_ne!(world.lock(), before);
    // A suite that is not the newest counts too.
    let before = world.lock();
    world.archive.publish(&Published::new("bookworm", "2026-09-01T00:00:00Z", &MAIN));
    world.refresh(SECOND);
    assert_ne!(world.lock(), before);
}

#[test]
fn a_mirror_that_nobody_updates_is_told_of() {
    let world = World::mirror();
    let published = Published {
        more: "Valid-Until: Wed, 26 Aug 2026 08:00:00 UTC\n",
        ..Published::new("bookworm-security", "2026-08-19T08:00:00Z", &SECURITY)
    };
    world.archive.publish(&published);
    world.refresh(FIRST);
    let before = world.lock();
    let ended = world.run(SECOND, &["refresh"]);
    assert_eq!((ended.code, world.lock()), (3, before), "{}", ended.said);
    assert!(ended.said.contains("no longer updated"), "{}", ended.said);
}

#[test]
fn a_snapshot_says_nothing_of_today() {
    let world = World::snapshot();
    let published = Published {
        more: "Valid-Until: Wed, 26 Aug 2026 08:00:00 UTC\n",
        ..Published::new("bookworm-security", "2026-08-19T08:00:00Z", &SECURITY)
    };
    world.archive.publish(&published);
    world.refresh(FIRST);
    world.refresh(SECOND);
}

#[test]
fn a_list_without_by_hash_is_found_by_its_name() {
    for (says, has) in [(true, false), (false, true)] {
        let world = World::mirror();
        let published =
            Published { by_hash: says, ..Published::new("bookworm", "2026-08-20T00:00:00Z", &MAIN) };
        world.archive.publish(&published);
        if !has {
            world.archive.forget("/by-hash/");
        }
        world.refresh(FIRST);
        let asked = world.archive.asked();
        assert!(
            asked.iter().any(|path| path.ends_with("bookworm/main/binary-amd64/Packages.xz")),
            "{asked:?}"
        );
    }
}
