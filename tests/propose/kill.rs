//! Runs that are killed at any moment leave nothing half done, and the next one does the rest.

use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::support::checkout::BOTH;
use crate::world::World;

/// How often: 20, and 200 where property tests run their large counts.
fn rounds() -> u64 {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse::<u64>().ok());
    if cases.is_some_and(|cases| cases > 1000) { 200 } else { 20 }
}

/// The same moments in every run, as parts of a thousand of the time that a run takes.
fn moments() -> impl Iterator<Item = u64> {
    let mut state = 20_261_121_u64;
    (0..rounds()).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % 1100
    })
}

/// Runs and kills it at a moment, if it is still there.
fn killed(world: &World, arguments: &[&str], after: Duration) {
    let mut command: Command = world.project.checkout.command(arguments);
    let mut child = command.env("SOLERA_PIN_NOW", "2026-05-02T06:00:00Z").spawn().unwrap();
    // Nothing is ever sent: this is a clock.
    let (_sender, clock) = mpsc::channel::<()>();
    let _ = clock.recv_timeout(after);
    let _ = child.kill();
    child.wait().unwrap();
}

/// Waits for what the remote still has to do: git's own program there outlives whoever spoke to it.
fn settles(world: &World) {
    let remote = world.remote().display().to_string();
    let is_at_work = || {
        let commands = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let path = entry.ok()?.path().join("cmdline");
            Some(String::from_utf8_lossy(&std::fs::read(path).ok()?).into_owned())
        });
        commands.into_iter().any(|command| command.contains(&remote))
    };
    let begun = Instant::now();
    while is_at_work() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the remote's program does not end");
        std::thread::yield_now();
    }
}

fn lasts(run: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    run();
    begun.elapsed()
}

#[test]
fn a_commit_that_is_killed_is_whole_or_is_completed() {
    let world = World::new(&["x", "y"], "forge = \"none\"\n");
    for name in ["x", "y"] {
        world.registry.push_index(name, "1.0.1", BOTH);
    }
    let git = |arguments: &[&str]| world.project.git(arguments).trim().to_owned();
    let (begin, seen) = (git(&["rev-parse", "HEAD"]), git(&["rev-parse", "refs/solera-pin/journal"]));
    let old = world.project.lock();
    let commit = ["refresh", "--commit"];
    let time = lasts(|| assert_eq!(world.project.at(2, 6, &commit).code, 0));
    let (done, new) = (git(&["rev-parse", "HEAD"]), world.project.lock());
    assert_ne!((&begin, &old), (&done, &new));
    for moment in moments() {
        git(&["reset", "-q", "--hard", &begin]);
        git(&["update-ref", "refs/solera-pin/journal", &seen]);
        killed(&world, &commit, time * u32::try_from(moment).unwrap() / 1000);
        let lock = world.project.lock();
        assert!(lock == old || lock == new, "the lock is never half written, at {moment}");
        git(&["status", "--porcelain"]);
        assert_eq!(git(&["fsck", "--strict", "--no-dangling"]), "");
        let next = world.project.at(2, 6, &commit);
        assert_eq!(next.code, 0, "killed at {moment}: {}", next.said);
        assert_eq!((git(&["rev-parse", "HEAD"]), world.project.lock()), (done.clone(), new.clone()));
        assert_eq!(git(&["status", "--porcelain"]), "", "killed at {moment}");
    }
}

#[test]
fn a_proposal_that_is_killed_is_whole_or_not_there() {
    let world = World::new(&["x", "y"], "forge = \"none\"\n");
    world.registry.push_index("x", "1.0.1", BOTH);
    world.registry.push_index("y", "1.0.0", BOTH);
    let propose = ["refresh", "--propose"];
    let seen = world.project.git(&["rev-parse", "refs/solera-pin/journal"]);
    let before = (world.project.git(&["status", "--porcelain"]), world.project.git(&["rev-parse", "HEAD"]));
    let time = lasts(|| drop(world.proposes(2)));
    let branches = world.branches();
    assert_eq!(branches.len(), 2);
    for moment in moments() {
        for (name, _) in world.branches() {
            world.there(&["update-ref", "-d", &format!("refs/heads/{name}")]);
        }
        world.there(&["update-ref", "-d", "refs/solera-pin/journal"]);
        world.project.git(&["update-ref", "refs/solera-pin/journal", seen.trim()]);
        killed(&world, &propose, time * u32::try_from(moment).unwrap() / 1000);
        settles(&world);
        for branch in world.branches() {
            assert!(branches.contains(&branch), "no half branch, killed at {moment}: {branch:?}");
        }
        assert_eq!(world.there(&["fsck", "--strict", "--no-dangling"]), "");
        let next = world.propose(2);
        assert_eq!(next.code, 0, "killed at {moment}: {}", next.said);
        assert_eq!(world.branches(), branches, "killed at {moment}");
        let after =
            (world.project.git(&["status", "--porcelain"]), world.project.git(&["rev-parse", "HEAD"]));
        assert_eq!(after, before);
    }
}
