//! What people do to proposals over time, and what must not be taken for it.

use std::fs;

use crate::support::checkout::BOTH;
use crate::support::forge::{ALL, Software, State};
use crate::support::git_http::git;
use crate::world::World;

const PIN: &str = "solera-pin/pin/x";
const NONE: &str = "forge = \"none\"\n";

fn open(world: &World) -> Vec<String> {
    let open = |pull: &crate::support::forge::Pull| pull.state == State::Open;
    world.forge().pulls().into_iter().filter(open).map(|pull| pull.title).collect()
}

#[test]
fn a_deleted_branch_with_a_persons_commit_is_made_anew() {
    for software in ALL {
        let world = World::on(software, &["x"], "");
        world.registry.push_index("x", "1.0.1", BOTH);
        world.proposes(2);
        world.edit(PIN, "mine", "more");
        world.proposes(3);
        world.there(&["update-ref", "-d", &format!("refs/heads/{PIN}")]);
        let said = world.proposes(4);
        assert!(said.contains(&format!("{PIN}  opened")), "{software:?}: {said}");
        assert_eq!(open(&world), ["bump x 1.0.0 to 1.0.1"]);
    }
}

#[test]
fn what_was_merged_with_a_persons_commit_stands_in_nobodys_way() {
    for software in ALL {
        let world = World::on(software, &["x"], "");
        world.registry.push_index("x", "1.0.1", BOTH);
        world.proposes(2);
        world.edit(PIN, "mine", "more");
        world.proposes(3);
        world.forge().as_person().squash(1);
        let said = world.proposes(4);
        assert!(world.names().is_empty(), "{software:?}: {said}");
        world.registry.push_index("x", "1.0.2", BOTH);
        let said = world.proposes(5);
        assert!(said.contains(&format!("{PIN}  opened")), "{software:?}: {said}");
    }
}

#[test]
fn a_button_that_merges_the_base_into_the_branch_names_that_commit() {
    let world = World::new(&["x"], NONE);
    world.registry.push_index("x", "1.0.1", BOTH);
    world.proposes(2);
    world.edit("main", "README", "other");
    world.as_person(|clone| {
        git(clone, &["checkout", "-q", PIN]);
        git(clone, &["merge", "-q", "--no-ff", "-m", "updated", "origin/main"]);
        git(clone, &["push", "-q", "origin", PIN]);
    });
    let short = world.tip(PIN)[..12].to_owned();
    let said = world.proposes(3);
    assert!(said.contains(&format!("left alone: {short}")), "{short}: {said}");
    assert_eq!(world.proposes(4), "0 proposals open\n");
}

#[test]
fn a_pin_that_is_stuck_is_not_in_its_groups_text_and_makes_no_push() {
    for software in ALL {
        let world = World::on(software, &["x", "y"], "group-by = \"all\"\n");
        let registry = world.registry.host();
        let text = format!(
            "ARG V=1.0.0\nARG W=1.0.0\nFROM {registry}/x:$V AS x\nFROM {registry}/z:$V AS z\nFROM {registry}/y:1.0.0 AS y\n"
        );
        world.edit("main", "Dockerfile", &text);
        for name in ["x", "y"] {
            world.registry.push_index(name, "1.0.1", BOTH);
        }
        let said = world.propose(2).said;
        assert!(said.contains("`x` cannot be written here"), "{software:?}: {said}");
        let log = world.there(&["log", "--format=%s", "main..solera-pin/group/all"]);
        assert_eq!((log.as_str(), open(&world)), ("bump y 1.0.0 to 1.0.1", vec![log.clone()]));
        let tip = world.tip("solera-pin/group/all");
        world.edit("main", "README", "other");
        let said = world.propose(3).said;
        assert_eq!(world.tip("solera-pin/group/all"), tip, "{software:?}: {said}");
    }
}

#[test]
fn one_pin_alone_closes_nothing_of_others() {
    let world = World::on(Software::GitHub, &["x", "y", "z"], "");
    let text = world.there(&["show", "main:pins.toml"]);
    let (before, after) = text.split_once("[pin.y]\n").unwrap();
    let after = after.split_once("[pin.z]").unwrap().1;
    world.edit("main", "pins.toml", &format!("{before}[pin.z]{after}\n"));
    let dockerfile = world.there(&["show", "main:Dockerfile"]);
    let line = dockerfile.lines().find(|line| line.contains("/z:")).unwrap();
    let bare = format!("{} AS z", line.split_once("@sha256").unwrap().0);
    world.edit("main", "Dockerfile", &dockerfile.replace(line, &bare));
    world.proposes(2);
    let names = world.names();
    assert_eq!(names, ["solera-pin/pin/y", "solera-pin/pin/z"]);
    let ended = world.run(3, &["refresh", "--propose", "x"]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert_eq!(world.names(), names, "{}", ended.said);
    assert_eq!(open(&world).len(), 2);
}

#[test]
fn another_version_with_the_same_content_was_not_reverted() {
    for software in ALL {
        let world = World::on(software, &["x"], "");
        let content = world.registry.push_index("x", "1.0.1", BOTH);
        world.proposes(2);
        world.forge().as_person().merge(1);
        world.proposes(3);
        world.registry.retag("x", "1.0.2", &content);
        let said = world.proposes(4);
        assert!(said.contains(&format!("{PIN}  opened")), "{software:?}: {said}");
    }
}

#[test]
fn what_upstream_went_back_to_was_not_reverted() {
    for software in ALL {
        let world = World::on(software, &["x"], "");
        let [b, c] = ["b", "c"].map(|tag| world.registry.push_index("x", tag, BOTH));
        for (number, content) in (1_u32..).zip([&b, &c, &b]) {
            world.registry.retag("x", "1.0.0", content);
            let said = world.proposes(2 * number);
            assert!(said.contains("solera-pin/group/digests  opened"), "{software:?} {number}: {said}");
            world.forge().as_person().merge(number.into());
            world.proposes(2 * number + 1);
        }
    }
}

#[test]
fn words_above_or_without_the_marker_hide_no_decline() {
    for software in ALL {
        for deleted in [false, true] {
            let world = World::on(software, &["x"], "");
            world.registry.push_index("x", "1.0.1", BOTH);
            world.proposes(2);
            let pull = world.forge().pull(1);
            let body = match deleted {
                true => "nothing".into(),
                false => format!("Not now.\r\n\r\n{}", pull.body.replace('\n', "\r\n")),
            };
            world.forge().as_person().rewrite(1, "mine", &body);
            if !deleted {
                assert_eq!(world.proposes(3), "1 proposal open\n");
                assert_eq!(world.forge().pull(1).body, body);
            }
            world.forge().as_person().close(1);
            let said = world.proposes(4);
            assert!(said.contains("declined by a person"), "{software:?} {deleted}: {said}");
            assert!(open(&world).is_empty());
        }
    }
}

#[test]
fn what_is_closed_makes_room_in_the_same_run() {
    for software in ALL {
        let world = World::on(software, &["x", "y"], "max-open = 1\n");
        world.registry.push_index("x", "1.0.1", BOTH);
        world.proposes(2);
        let text =
            world.there(&["show", "main:pins.toml"]).replacen("[pin.x]\n", "[pin.x]\nhold = \"no\"\n", 1);
        world.edit("main", "pins.toml", &format!("{text}\n"));
        world.registry.push_index("y", "1.0.1", BOTH);
        let said = world.proposes(3);
        assert!(said.contains("solera-pin/pin/y  opened"), "{software:?}: {said}");
    }
}

#[test]
fn a_declined_larger_step_does_not_hide_the_smaller_ones() {
    for software in ALL {
        let world = World::on(software, &["x"], "");
        world.registry.push_index("x", "1.1.0", BOTH);
        world.proposes(2);
        world.forge().as_person().close(1);
        world.proposes(3);
        world.registry.push_index("x", "1.0.1", BOTH);
        let said = world.proposes(4);
        assert_eq!(open(&world), ["bump x 1.0.0 to 1.0.1"], "{software:?}: {said}");
        assert!(world.proposes(5).contains("1 proposal open"));
        world.registry.push_index("x", "1.1.1", BOTH);
        world.proposes(6);
        assert_eq!(open(&world), ["bump x 1.0.0 to 1.1.1"], "{software:?}: {said}");
    }
}

#[test]
fn closed_ones_cost_no_request() {
    for software in ALL {
        let world = World::on(software, &["x"], "");
        for version in ["1.0.1", "1.0.2"] {
            world.registry.push_index("x", version, BOTH);
            world.proposes(2);
            world.forge().as_person().close(world.forge().pulls().len() as u64);
            world.proposes(3);
        }
        world.forge().take_requests();
        world.proposes(4);
        let asked = world.forge().take_requests();
        assert_eq!(asked.len(), 1, "{asked:?}");
    }
}

#[test]
fn a_second_root_leaves_the_first_ones_proposals_alone() {
    let world = World::on(Software::GitHub, &["x"], "");
    world.registry.push_index("w", "1.0.0", BOTH);
    let toml = world.there(&["show", "main:pins.toml"]).replace("[pin.x]", "[pin.w]").replace("/x\"", "/w\"");
    world.as_person(|clone| {
        fs::create_dir(clone.join("below")).unwrap();
        fs::write(clone.join("below/pins.toml"), format!("{toml}\n")).unwrap();
        git(clone, &["add", "."]);
        git(clone, &["commit", "-qm", "below"]);
        git(clone, &["push", "-q", "origin", "main"]);
    });
    world.project.git(&["pull", "-q", &world.remote().display().to_string(), "main"]);
    world.registry.push_index("x", "1.0.1", BOTH);
    world.proposes(2);
    let tip = world.tip(PIN);
    let ended = world.run(3, &["-C", "below", "refresh", "--propose"]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert_eq!(world.names(), ["solera-pin/pin/w", PIN], "{}", ended.said);
    assert_eq!(world.tip(PIN), tip);
    assert_eq!(world.proposes(4), "1 proposal open\n");
}

#[test]
fn an_open_one_for_what_upstream_took_back_is_closed_where_the_rest_was_declined() {
    for software in ALL {
        let world = World::on(software, &["x"], "");
        let [b, c] = ["b", "c"].map(|tag| world.registry.push_index("x", tag, BOTH));
        world.registry.retag("x", "1.0.0", &b);
        world.proposes(2);
        world.forge().as_person().close(1);
        world.registry.retag("x", "1.0.0", &c);
        assert!(world.proposes(3).contains("digests  opened"), "{software:?}");
        world.registry.retag("x", "1.0.0", &b);
        let said = world.proposes(4);
        assert!(said.contains("digests  closed: the rules no longer choose it"), "{software:?}: {said}");
        assert!(open(&world).is_empty() && world.names().is_empty());
        let journal = world.there(&["rev-parse", "refs/solera-pin/journal"]);
        let said = world.proposes(5);
        assert!(said.contains("digests  declined by a person"), "{software:?}: {said}");
        assert_eq!(world.there(&["rev-parse", "refs/solera-pin/journal"]), journal);
    }
}

#[test]
fn a_label_that_is_refused_each_time_is_not_written_around_each_time() {
    use crate::support::forge::Fault;
    let world = World::on(Software::GitHub, &["x"], "labels = [\"pins\"]\n");
    world.registry.push_index("x", "1.0.1", BOTH);
    world.forge().fail_next_at("/labels", 2, &Fault::status(422));
    assert_eq!(world.propose(2).code, 3);
    world.forge().take_requests();
    assert_eq!(world.propose(3).code, 3);
    let asked = world.forge().take_requests();
    assert!(asked.iter().all(|asked| !asked.starts_with("PATCH ")), "{asked:?}");
    world.proposes(4);
    assert_eq!(world.forge().pull(1).labels, ["pins"]);
}

#[test]
fn declined_references_are_shown() {
    let world = World::on(Software::GitHub, &["x"], "");
    let line = format!("FROM {}/x:1.0.0\n", world.registry.host());
    world.edit("main", "Dockerfile", &line);
    world.proposes(2);
    world.forge().as_person().close(1);
    assert!(world.proposes(3).contains("declined by a person"));
    let status = world.run(4, &["status"]).said;
    assert!(status.contains("declined: the references step"), "{status}");
}

#[test]
fn what_was_merged_while_a_run_looked_elsewhere_was_not_reverted() {
    for software in ALL {
        let world = World::on(software, &["x"], "");
        world.registry.push_index("x", "1.0.1", BOTH);
        world.proposes(2);
        // The remote's base is behind for whoever fetches, and the forge and a push know better.
        let behind = tempfile::tempdir().unwrap();
        let there = behind.path().join("there.git");
        git(behind.path(), &["clone", "-q", "--mirror", &world.remote().display().to_string(), "there.git"]);
        world.forge().as_person().squash(1);
        let url = world.project.git(&["remote", "get-url", "origin"]);
        world.project.git(&["remote", "set-url", "--push", "origin", url.trim()]);
        world.project.git(&["remote", "set-url", "origin", &format!("file://{}", there.display())]);
        let said = world.proposes(3);
        assert!(!said.contains("declined"), "{software:?}: {said}");
        assert!(open(&world).is_empty(), "{software:?}: {said}");
        world.project.git(&["remote", "set-url", "origin", url.trim()]);
        assert!(world.proposes(4).contains("closed: main has it"), "{software:?}");
        let journal = world.there(&["show", "refs/solera-pin/journal"]);
        assert!(!journal.contains("declined"), "{software:?}: {journal}");
    }
}
