//! The whole life of a bump, on each forge: real git over HTTP, and pull requests over the forge's own API.

use crate::support::checkout::BOTH;
use crate::support::forge::{ALL, Pull, Software, State};
use crate::world::World;

const PIN: &str = "solera-pin/pin/x";

fn open(world: &World) -> Vec<Pull> {
    world.forge().pulls().into_iter().filter(|pull| pull.state == State::Open).collect()
}

fn subject(world: &World) -> String {
    world.there(&["log", "-1", "--format=%s", PIN])
}

#[test]
fn five_runs_make_one_pull_request() {
    for software in ALL {
        let world = World::on(software, &["x"], "labels = [\"pins\"]\nreviewers = [\"octocat\"]\n");
        world.registry.push_index("x", "1.0.1", BOTH);
        let said = world.proposes(2);
        assert!(said.contains(&format!("{PIN}  opened  http")), "{software:?}: {said}");
        let (tip, pulls) = (world.tip(PIN), world.forge().pulls());
        let [pull] = pulls.as_slice() else { panic!("{pulls:?}") };
        assert_eq!((pull.title.as_str(), &pull.head), ("bump x 1.0.0 to 1.0.1", &tip));
        assert_eq!(
            (&pull.labels[..], &pull.reviewers[..]),
            (&["pins".to_owned()][..], &["octocat".to_owned()][..])
        );
        assert!(
            pull.body.starts_with(&format!("<!-- solera-pin 1 open {tip}\nx patch sha256:")),
            "{}",
            pull.body
        );
        for part in
            ["**x**: a patch step of", "`Dockerfile:1`", "First seen 2026-05-02T06:00:00Z", "linux/arm64"]
        {
            assert!(pull.body.contains(part), "{part}: {}", pull.body);
        }
        world.forge().take_requests();
        for day in 3..8 {
            assert_eq!(world.proposes(day), "1 proposal open\n", "{software:?}");
            assert_eq!((world.tip(PIN), world.forge().pulls().len()), (tip.clone(), 1));
            let asked = world.forge().take_requests();
            assert!(
                asked.len() == 1 && asked[0].starts_with("GET "),
                "one question, nothing written: {asked:?}"
            );
        }
        assert_eq!(world.forge().pull(1).body, pull.body);
    }
}

#[test]
fn the_whole_life_of_a_bump() {
    for software in ALL {
        let world = World::on(software, &["x"], "");
        // Opened, and refreshed by a newer digest.
        world.registry.push_index("x", "1.0.0", BOTH);
        world.proposes(2);
        let digests = "solera-pin/group/digests";
        let first = world.forge().pull(1);
        world.registry.push_index("x", "1.0.0", BOTH);
        assert!(world.proposes(3).contains(&format!("{digests}  updated")), "{software:?}");
        let second = world.forge().pull(1);
        assert_ne!((&first.head, &first.body, &first.title), (&second.head, &second.body, &second.title));
        assert_eq!(world.forge().pulls().len(), 1, "{software:?}");
        // Closed by a person, and not opened again.
        world.forge().as_person().close(1);
        for day in 4..6 {
            let said = world.proposes(day);
            assert!(said.contains(&format!("{digests}  declined by a person")), "{software:?}: {said}");
            assert!(open(&world).is_empty(), "{software:?}");
        }
        let status = world.run(5, &["status"]).said;
        assert!(
            status.contains("declined: the digest step to sha256:")
                && status.contains("closed by mona: http"),
            "{status}"
        );
        // A later version is proposed.
        world.registry.push_index("x", "1.0.1", BOTH);
        let said = world.proposes(6);
        assert!(said.contains(&format!("{PIN}  opened")), "{software:?}: {said}");
        let [pull] = &open(&world)[..] else { panic!("{software:?}") };
        assert_eq!(pull.title, "bump x 1.0.0 to 1.0.1");
        // Merged: nothing is left of it.
        world.forge().as_person().merge(pull.number);
        let said = world.proposes(7);
        assert!(said.contains(&format!("{PIN}  closed: main has it")), "{software:?}: {said}");
        assert!(open(&world).is_empty() && !world.names().contains(&PIN.to_owned()));
        // Reverted: not proposed again, a later one is.
        world.as_person(|clone| {
            use crate::support::git_http::git;
            git(clone, &["revert", "--no-edit", "-m", "1", "HEAD"]);
            git(clone, &["push", "-q", "origin", "main"]);
        });
        for day in 8..10 {
            let said = world.proposes(day);
            assert!(said.contains(&format!("{PIN}  declined by a person")), "{software:?}: {said}");
            assert!(open(&world).is_empty());
        }
        world.registry.push_index("x", "1.0.2", BOTH);
        world.proposes(10);
        assert_eq!(subject(&world), "bump x 1.0.0 to 1.0.2");
        assert_eq!(open(&world).len(), 1);
        ends(&world, software);
    }
}

/// Cleaned up where it is not wanted any more, and proposed again where it is.
fn ends(world: &World, software: Software) {
    let text = world.there(&["show", "main:pins.toml"]).replacen(
        "[pin.x]\n",
        "[pin.x]\nhold = \"no @octocat\"\n",
        1,
    );
    world.edit("main", "pins.toml", &format!("{text}\n"));
    let said = world.proposes(11);
    assert!(said.contains(&format!("{PIN}  closed: x is held")), "{software:?}: {said}");
    let last = world.forge().pulls().pop().unwrap();
    assert_eq!(last.state, State::Closed);
    assert!(
        last.body.contains("Closed by solera-pin: `x is held") && !last.body.contains("@octocat"),
        "{}",
        last.body
    );
    // What we closed ourselves nobody declined.
    let text = world.there(&["show", "main:pins.toml"]).replace("hold = \"no @octocat\"\n", "");
    world.edit("main", "pins.toml", &format!("{text}\n"));
    assert!(world.proposes(12).contains(&format!("{PIN}  opened")), "{software:?}");
}

#[test]
fn squashed_and_reopened() {
    for software in ALL {
        let world = World::on(software, &["x", "y"], "");
        for name in ["x", "y"] {
            world.registry.push_index(name, "1.0.1", BOTH);
        }
        world.proposes(2);
        let number = |world: &World, title: &str| {
            open(world).iter().find(|pull| pull.title.starts_with(title)).map(|pull| pull.number)
        };
        let (x, y) = (number(&world, "bump x").unwrap(), number(&world, "bump y").unwrap());
        world.forge().as_person().squash(x);
        world.forge().as_person().close(y);
        let said = world.proposes(3);
        assert!(said.contains(&format!("{PIN}  closed: main has it")), "{software:?}: {said}");
        assert!(said.contains("solera-pin/pin/y  declined by a person"), "{software:?}: {said}");
        // It was not merged by a conflict, and whoever reopens it wants it.
        world.forge().as_person().reopen(y);
        let said = world.proposes(4);
        assert!(said.contains("1 proposal open") && !said.contains("declined"), "{software:?}: {said}");
        assert_eq!(open(&world).len(), 1);
    }
}

#[test]
fn a_branch_that_is_made_anew_has_a_text_that_tells_of_it() {
    let world = World::on(Software::GitHub, &["x"], "");
    world.registry.push_index("x", "1.0.1", BOTH);
    world.proposes(2);
    let before = world.forge().pull(1);
    let dockerfile = world.there(&["show", "main:Dockerfile"]).replace("AS x", "AS renamed");
    world.edit("main", "Dockerfile", &format!("# first\n{dockerfile}\n"));
    world.proposes(3);
    let after = world.forge().pull(1);
    assert_ne!(before.head, after.head);
    assert!(after.body.starts_with(&format!("<!-- solera-pin 1 open {}\n", after.head)), "{}", after.body);
    assert!(after.body.contains("`Dockerfile:2`"), "where the file names it now: {}", after.body);
}

#[test]
fn a_persons_commit_is_said_once_on_the_forge_too() {
    for software in ALL {
        let world = World::on(software, &["x"], "");
        world.registry.push_index("x", "1.0.1", BOTH);
        world.proposes(2);
        world.edit(PIN, "mine", "more");
        world.registry.push_index("x", "1.0.2", BOTH);
        for day in 3..6 {
            world.proposes(day);
        }
        let pull = world.forge().pull(1);
        assert_eq!(pull.comments.len(), 1, "{software:?}: {:?}", pull.comments);
        assert!(pull.comments[0].1.contains("is not solera-pin's"), "{:?}", pull.comments);
        assert_eq!((pull.title.as_str(), pull.state), ("bump x 1.0.0 to 1.0.1", State::Open));
    }
}

#[test]
fn a_forge_that_fails_is_survived_and_the_next_run_does_the_rest() {
    use crate::support::forge::Fault;
    for software in ALL {
        let world = World::on(software, &["x"], "labels = [\"pins\"]\n");
        world.registry.push_index("x", "1.0.1", BOTH);
        world.forge().fail_next_at("POST ", 2, &Fault::status(502));
        let failed = world.propose(2);
        assert_eq!(failed.code, 3, "{software:?}: {}", failed.said);
        assert!(failed.said.contains(&format!("{PIN} stays as it was: ")), "{}", failed.said);
        world.forge().fail_next_at("POST ", 1, &Fault::DoneBut(502));
        world.proposes(3);
        world.proposes(4);
        assert_eq!(world.forge().pulls().len(), 1, "{software:?}");
        assert_eq!(world.forge().pull(1).labels, ["pins"], "{software:?}");
        assert!(world.forge().pull(1).body.contains(" 1 open "), "{software:?}");
    }
}

#[test]
fn githubs_own_job_token_is_warned_of() {
    let world = World::on(Software::GitHub, &["x"], "");
    world.forge().set_login("github-actions[bot]");
    world.registry.push_index("x", "1.0.1", BOTH);
    let said = world.proposes(2);
    assert!(said.contains("warning: ") && said.contains("workflow"), "{said}");
    assert!(!world.proposes(3).contains("warning"));
}
