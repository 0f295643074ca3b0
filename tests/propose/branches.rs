//! Branches on a remote without a forge.

use std::fs;

use crate::support::checkout::BOTH;
use crate::support::git_http::git;
use crate::support::registry::Reply;
use crate::world::World;

const NONE: &str = "forge = \"none\"\n";

#[test]
fn five_runs_make_the_branches_once_and_touch_nothing_here() {
    let world = World::new(&["x", "y"], NONE);
    let files = |world: &World| {
        let status = world.project.git(&["status", "--porcelain"]);
        let index = fs::read(world.project.checkout.path(".git/index")).unwrap();
        (status, index, fs::read(world.project.checkout.path("Dockerfile")).unwrap(), world.project.lock())
    };
    fs::write(world.project.checkout.path("staged"), "1").unwrap();
    world.project.git(&["add", "staged"]);
    fs::write(world.project.checkout.path("staged"), "2").unwrap();
    fs::write(world.project.checkout.path("Dockerfile"), "FROM nothing").unwrap();
    fs::write(world.project.checkout.path("pins.lock"), "edited").unwrap();
    let before = files(&world);
    world.registry.push_index("x", "1.0.1", BOTH);
    world.registry.push_index("y", "1.0.0", BOTH);
    let said = world.proposes(2);
    assert!(said.contains("solera-pin/pin/x  opened\n") && said.contains("2 proposals open"), "{said}");
    let branches = world.branches();
    assert_eq!(world.names(), ["solera-pin/group/digests", "solera-pin/pin/x"]);
    assert!(world.lock_of("solera-pin/pin/x").contains("tag = \"1.0.1\""));
    let changed = world.there(&["show", "--format=%s", "--name-only", "refs/heads/solera-pin/pin/x"]);
    assert_eq!(changed, "bump x 1.0.0 to 1.0.1\n\nDockerfile\npins.lock");
    for day in 3..8 {
        let said = world.proposes(day);
        assert_eq!(said, "2 proposals open\n", "nothing to say");
        assert_eq!(world.branches(), branches);
    }
    assert_eq!(files(&world), before);
    assert_eq!(world.there(&["fsck", "--strict"]), "");
    assert_eq!(world.there(&["reflog", "solera-pin/pin/x"]), "", "a bare repository keeps none");
}

#[test]
fn a_branch_follows_upstream_and_goes_when_the_base_has_it() {
    let world = World::new(&["x", "y"], NONE);
    world.registry.push_index("x", "1.0.1", BOTH);
    world.proposes(2);
    let first = world.tip("solera-pin/pin/x");
    world.registry.push_index("x", "1.1.0", BOTH);
    let said = world.proposes(3);
    assert!(said.contains("solera-pin/pin/x  updated"), "{said}");
    assert_ne!(world.tip("solera-pin/pin/x"), first);
    assert_eq!(world.there(&["log", "-1", "--format=%s", "solera-pin/pin/x"]), "bump x 1.0.0 to 1.1.0");
    world.merge("solera-pin/pin/x");
    let said = world.proposes(4);
    assert!(said.contains("solera-pin/pin/x  closed: main has it"), "{said}");
    assert!(world.names().is_empty());
    world.registry.push_index("x", "1.1.1", BOTH);
    world.proposes(5);
    assert_eq!(world.there(&["log", "-1", "--format=%s", "solera-pin/pin/x"]), "bump x 1.1.0 to 1.1.1");
}

#[test]
fn a_base_that_moved_elsewhere_makes_no_push_and_a_conflict_does() {
    let world = World::new(&["x", "y"], NONE);
    world.registry.push_index("x", "1.0.1", BOTH);
    world.proposes(2);
    let first = world.tip("solera-pin/pin/x");
    world.edit("main", "README", "other");
    assert_eq!(world.proposes(3), "1 proposal open\n");
    assert_eq!(world.tip("solera-pin/pin/x"), first, "what can be merged stays");
    let dockerfile = world.there(&["show", "main:Dockerfile"]).replace("AS x", "AS renamed");
    world.edit("main", "Dockerfile", &format!("{dockerfile}\n"));
    let said = world.proposes(4);
    assert!(said.contains("solera-pin/pin/x  updated"), "{said}");
    let parent = world.there(&["rev-parse", "solera-pin/pin/x~1"]);
    assert_eq!(parent, world.tip("main"));
    assert!(world.there(&["show", "solera-pin/pin/x:Dockerfile"]).contains("1.0.1@"));
    assert_eq!(world.proposes(5), "1 proposal open\n");
}

#[test]
fn a_persons_commit_stops_it_and_that_is_said_once() {
    let world = World::new(&["x"], NONE);
    world.registry.push_index("x", "1.0.1", BOTH);
    world.proposes(2);
    world.edit("solera-pin/pin/x", "mine", "more");
    let edited = world.tip("solera-pin/pin/x");
    world.registry.push_index("x", "1.0.2", BOTH);
    let said = world.proposes(3);
    assert!(said.contains("solera-pin/pin/x  left alone: ") && said.contains(" by A is on it"), "{said}");
    for day in 4..6 {
        assert_eq!(world.proposes(day), "0 proposals open\n");
    }
    world.edit("solera-pin/pin/x", "mine", "and more");
    assert_eq!(world.proposes(6), "0 proposals open\n", "another commit of theirs is no news");
    assert_ne!(world.tip("solera-pin/pin/x"), edited);
    world.there(&["update-ref", "-d", "refs/heads/solera-pin/pin/x"]);
    assert!(world.proposes(7).contains("solera-pin/pin/x  opened"));
    world.as_person(|clone| {
        git(clone, &["checkout", "-q", "solera-pin/pin/x"]);
        git(clone, &["commit", "-q", "--amend", "--no-edit", "--reset-author", "-m", "bump x, mine"]);
        git(clone, &["push", "-q", "-f", "origin", "solera-pin/pin/x"]);
    });
    assert!(world.proposes(8).contains("left alone"), "an amended commit is a person's too");
}

#[test]
fn groups_major_steps_and_the_number_of_open_ones() {
    let world = World::new(&["a", "b", "c"], "forge = \"none\"\nmax-open = 2\n");
    world.as_person(|clone| {
        let text = fs::read_to_string(clone.join("pins.toml")).unwrap();
        let text = text.replacen("[pin.a]\n", "[pin.a]\nallow = \"major\"\n", 1);
        let text = text.replacen("[pin.b]\n", "[pin.b]\ngroup = \"both\"\n", 1);
        fs::write(clone.join("pins.toml"), text.replacen("[pin.c]\n", "[pin.c]\ngroup = \"both\"\n", 1))
            .unwrap();
        git(clone, &["commit", "-qam", "groups"]);
        git(clone, &["push", "-q", "origin", "main"]);
    });
    for version in ["1.0.1", "2.0.0"] {
        world.registry.push_index("a", version, BOTH);
    }
    world.registry.push_index("b", "1.0.1", BOTH);
    world.registry.push_index("c", "1.0.0", BOTH);
    let said = world.proposes(2);
    assert_eq!(world.names(), ["solera-pin/group/both", "solera-pin/pin/a"]);
    assert!(
        said.contains("solera-pin/pin/a-major  postponed: as many are open as max-open allows"),
        "{said}"
    );
    let log = world.there(&["log", "--format=%s", "main..solera-pin/group/both"]);
    assert!(log.starts_with("bump c 1.0.0 to sha256:") && log.ends_with("\nbump b 1.0.0 to 1.0.1"), "{log}");
    world.merge("solera-pin/group/both");
    let said = world.proposes(3);
    assert!(said.contains("solera-pin/pin/a-major  opened"), "{said}");
    assert_eq!(world.there(&["log", "-1", "--format=%s", "solera-pin/pin/a-major"]), "bump a 1.0.0 to 2.0.0");
    assert_eq!(world.there(&["log", "-1", "--format=%s", "solera-pin/pin/a"]), "bump a 1.0.0 to 1.0.1");
}

#[test]
fn what_is_held_or_not_declared_is_closed_and_what_cannot_be_asked_stays() {
    let world = World::new(&["x", "y"], NONE);
    for name in ["x", "y"] {
        world.registry.push_index(name, "1.0.0", BOTH);
    }
    world.proposes(2);
    let both = world.tip("solera-pin/group/digests");
    world.registry.answer("GET /v2/x/tags/list", Reply::new(403, ""));
    let failed = world.propose(3);
    assert_ne!(failed.code, 0, "{}", failed.said);
    assert_eq!(world.tip("solera-pin/group/digests"), both, "{}", failed.said);
    let text =
        world.there(&["show", "main:pins.toml"]).replacen("[pin.y]\n", "[pin.y]\nhold = \"not now\"\n", 1);
    world.edit("main", "pins.toml", &format!("{text}\n"));
    world.propose(4);
    assert_eq!(world.there(&["log", "--format=%s", "main..solera-pin/group/digests"]).lines().count(), 1);
    let text = text.replacen("[pin.x]\n", "[pin.x]\nhold = \"nor this\"\n", 1);
    world.edit("main", "pins.toml", &format!("{text}\n"));
    let said = world.proposes(5);
    assert!(said.contains("solera-pin/group/digests  closed: x is held: nor this"), "{said}");
    assert!(world.names().is_empty());
}

#[test]
fn a_smaller_step_that_cannot_be_asked_about_stays_beside_the_larger() {
    let world = World::new(&["a"], NONE);
    let text = world.there(&["show", "main:pins.toml"]);
    let text = text.replacen("[pin.a]\n", "[pin.a]\nallow = \"major\"\n", 1);
    world.edit("main", "pins.toml", &format!("{text}\n"));
    for version in ["1.0.1", "2.0.0"] {
        world.registry.push_index("a", version, BOTH);
    }
    world.proposes(2);
    let both = world.branches();
    assert_eq!(world.names(), ["solera-pin/pin/a", "solera-pin/pin/a-major"]);
    world.registry.answer("GET /v2/a/manifests/1.0.1", Reply::new(403, ""));
    let failed = world.propose(3);
    assert_eq!(world.branches(), both, "{}", failed.said);
    assert_eq!(failed.code, 3, "{}", failed.said);
    assert!(failed.said.contains("a:1.0.1"), "{}", failed.said);
}
