//! Age, the journal and alarms: the binary against a registry, in a git repository, at several times.

use std::fs;

use crate::support::checkout::{BOTH, Checkout, Project, pin};
use crate::support::registry::Registry;

#[test]
fn a_release_is_taken_when_it_has_been_seen_for_long_enough() {
    let registry = Registry::start();
    registry.push_index("x", "1.0.0", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "{version}"));
    let first = project.at(1, 6, &["refresh"]);
    assert_eq!(first.code, 0, "{}", first.said);
    assert!(first.said.contains("age was not asked for"), "{}", first.said);
    assert!(first.said.contains("x  1.0.0  (first)") && first.said.contains("the journal"), "{}", first.said);
    let digest = registry.push_index("x", "1.0.1", BOTH);
    for (day, hour, wait) in [(2, 6, "3 d"), (3, 6, "2 d"), (5, 5, "1 h")] {
        let checked = project.at(day, hour, &["refresh", "--check"]);
        assert_eq!(checked.code, 0, "{}", checked.said);
        let waits = project.at(day, hour, &["refresh"]);
        assert_eq!((waits.code, project.lock().contains("1.0.1")), (0, false), "{}", waits.said);
        assert!(
            waits.said.contains("1 unchanged, 1 of them until something is old enough"),
            "{}",
            waits.said
        );
        let status = project.at(day, hour, &["status"]).said;
        assert!(status.contains(&format!("eligible in {wait}")), "{status}");
    }
    let offline = project.at(5, 8, &["status", "--offline"]).said;
    assert!(offline.contains("4 d 2 h  3 h"), "since when it was seen, and when it was asked: {offline}");
    let explained = project.at(5, 5, &["explain", "x"]).said;
    assert!(explained.contains("1.0.1  was first seen 2 d 23 h ago; eligible in 1 h"), "{explained}");
    registry.reset_counters();
    let taken = project.at(5, 6, &["refresh"]);
    assert!(taken.said.contains("x  1.0.0 -> 1.0.1  (patch)"), "{}", taken.said);
    let counters = registry.counters();
    assert_eq!((counters.heads, counters.manifests), (1, 1), "it is read only when it is taken");
    assert!(project.lock().contains(&digest.to_string()));
    let line = format!("1.0.1 {digest} 2026-05-02T06:00:00Z\n");
    assert!(project.journal().contains(&line), "{}", project.journal());
    assert_eq!(
        project.git(&["status", "--porcelain"]),
        "?? pins.lock\n?? pins.toml\n",
        "nothing else is written"
    );
}

#[test]
fn looking_without_writing_feeds_no_journal_and_observing_feeds_nothing_else() {
    let registry = Registry::start();
    registry.push_index("x", "1.0.0", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "{version}"));
    project.at(1, 6, &["refresh"]);
    registry.push_index("x", "1.0.1", BOTH);
    for command in [&["refresh", "--check"][..], &["status"], &["explain", "x"]] {
        project.at(2, 6, command);
        assert!(!project.journal().contains("1.0.1"), "{command:?}");
    }
    let before = project.lock();
    let observed = project.at(2, 6, &["refresh", "--observe"]);
    assert_eq!((observed.code, observed.said.as_str()), (0, "1 sighting for the first time\n"));
    assert_eq!(project.at(9, 6, &["refresh", "--observe"]).said, "0 sightings for the first time\n");
    assert_eq!(project.lock(), before);
    assert!(project.at(9, 6, &["refresh"]).said.contains("1.0.0 -> 1.0.1"));
    let outside = Checkout::new("").run(&["refresh", "--observe"]);
    assert_eq!(outside.code, 2, "{}", outside.said);
    assert!(outside.said.contains("no journal outside a git repository"), "{}", outside.said);
}

#[test]
fn a_person_may_go_ahead_and_the_reason_is_kept() {
    let registry = Registry::start();
    registry.push_index("x", "1.0.0", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "{version}"));
    project.at(1, 6, &["refresh"]);
    registry.push_index("x", "1.0.1", BOTH);
    let without = project.at(2, 6, &["refresh", "--ignore-min-age"]);
    assert_eq!(without.code, 2, "{}", without.said);
    let young = project.at(2, 6, &["refresh", "x", "--to", "1.0.1"]);
    assert_eq!(young.code, 2, "{}", young.said);
    assert!(young.said.contains("first seen 0 s ago; eligible in 3 d") && young.said.contains("--because"));
    let taken = project.at(2, 6, &["refresh", "--ignore-min-age", "--because", "CVE-2026-1: urgent"]);
    assert!(taken.said.contains("1.0.0 -> 1.0.1"), "{}", taken.said);
    let message = project.git(&["log", "-1", "--format=%B", "refs/solera-pin/journal"]);
    assert!(message.contains("Pin: x\n") && message.contains("Because: CVE-2026-1: urgent"), "{message}");
    let down = project.at(2, 7, &["refresh", "x", "--to", "1.0.0", "--because", "1.0.1 breaks us"]);
    assert!(down.said.contains("1.0.1 -> 1.0.0"), "{}", down.said);
    assert!(down.said.contains("to stay at 1.0.0, declare ignore = [\"1.0.1\"]"), "{}", down.said);
    let message = project.git(&["log", "-1", "--format=%B", "refs/solera-pin/journal"]);
    assert!(
        message.contains("To: 1.0.0 sha256:") && message.contains("Because: 1.0.1 breaks us"),
        "{message}"
    );
}

#[test]
fn a_shallow_clone_without_the_journal_takes_nothing_new_and_says_why() {
    let registry = Registry::start();
    registry.push_index("x", "1.0.0", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "{version}"));
    project.at(1, 6, &["refresh"]);
    registry.push_index("x", "1.0.1", BOTH);
    project.at(2, 6, &["refresh"]);
    project.git(&["add", "."]);
    project.git(&["commit", "-qm", "one"]);
    let url = format!("file://{}", project.checkout.path("").display());
    let clone = Checkout::new("");
    fs::remove_file(clone.path("pins.toml")).unwrap();
    let clone = Project { checkout: clone };
    clone.git(&["clone", "-q", "--depth", "1", &url, "."]);
    let waits = clone.at(9, 6, &["refresh"]);
    assert_eq!((waits.code, clone.lock().contains("1.0.1")), (0, false), "{}", waits.said);
    assert!(waits.said.contains("git fetch origin refs/solera-pin/journal:refs/solera-pin/journal"));
    assert!(clone.at(9, 6, &["explain", "x"]).said.contains("has an age that is not known"));
    assert_eq!(clone.at(9, 6, &["refresh", "--observe"]).code, 2);
    clone.git(&["fetch", "-q", "origin", "refs/solera-pin/journal:refs/solera-pin/journal"]);
    let taken = clone.at(9, 6, &["refresh"]);
    assert!(taken.said.contains("1.0.0 -> 1.0.1"), "{}", taken.said);
}

#[test]
fn a_rebuild_waits_says_why_it_came_and_its_going_is_an_alarm() {
    let registry = Registry::start();
    let locked = registry.push_index_on("x", "1", BOTH, |_| ("debian:trixie", "a"));
    let project = Project::new(&pin(&registry, "x", "x", "1"));
    project.at(1, 6, &["refresh"]);
    registry.push_index_on("x", "1", BOTH, |_| ("debian:trixie", "b"));
    let waits = project.at(2, 6, &["refresh"]);
    assert_eq!(waits.code, 0, "{}", waits.said);
    assert!(
        waits.said.contains("what 1 names now was first seen 0 s ago; eligible in 3 d"),
        "{}",
        waits.said
    );
    registry.delete("x", &locked.to_string());
    for day in [3, 4] {
        let gone = project.at(day, 6, &["refresh"]);
        assert_eq!(gone.code, 4, "{}", gone.said);
        assert!(
            gone.said.contains("no longer serves what is locked") && gone.said.contains("--ignore-min-age"),
            "{}",
            gone.said
        );
    }
    let taken = project.at(5, 6, &["refresh"]);
    assert_eq!(taken.code, 0, "{}", taken.said);
    assert!(taken.said.contains("(digest)"), "{}", taken.said);
}

#[test]
fn an_immutable_tag_that_moved_is_an_alarm_on_every_run() {
    let registry = Registry::start();
    registry.push_index("x", "1", BOTH);
    let project = Project::new(&format!(
        "{}immutable = true\n",
        pin(&registry, "x", "x", "1").trim_end_matches('\n').to_owned() + "\n"
    ));
    project.at(1, 6, &["refresh"]);
    registry.push_index("x", "1", BOTH);
    for day in [2, 3, 9] {
        let moved = project.at(day, 6, &["refresh"]);
        assert_eq!(moved.code, 4, "{}", moved.said);
    }
    let accepted = project.at(9, 7, &["refresh", "x", "--accept", "--because", "rebuilt for a CVE"]);
    assert_eq!(accepted.code, 0, "{}", accepted.said);
    assert_eq!(project.at(9, 8, &["refresh"]).code, 0);
}

#[test]
fn a_digest_step_names_its_cause() {
    let registry = Registry::start();
    registry.push_index_on("x", "1", BOTH, |_| ("debian:trixie", "a"));
    let project = Project::new(&pin(&registry, "x", "x", "1"));
    project.at(1, 6, &["refresh"]);
    registry.push_index_on("x", "1", BOTH, |_| ("debian:trixie", "b"));
    project.at(2, 6, &["refresh", "--observe"]);
    let taken = project.at(6, 6, &["refresh"]);
    assert!(taken.said.contains("its base was rebuilt"), "{}", taken.said);
}

#[test]
fn a_digest_that_was_never_seen_is_an_alarm_until_a_person_accepts_it() {
    let registry = Registry::start();
    registry.push_index("x", "1", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "1"));
    project.at(1, 6, &["refresh"]);
    let honest = project.lock();
    let other = registry.push_index("x", "other", &["linux/amd64", "linux/arm64", "linux/s390x"]);
    let forger = Project::new(&pin(&registry, "x", "x", "other"));
    forger.at(1, 6, &["refresh"]);
    fs::write(project.checkout.path("pins.lock"), forger.lock().replace("\"other\"", "\"1\"")).unwrap();
    assert!(project.lock().contains(&other.to_string()) && project.lock() != honest);
    for day in [2, 3] {
        let alarm = project.at(day, 6, &["refresh"]);
        assert_eq!(alarm.code, 4, "{}", alarm.said);
        assert!(alarm.said.contains("was never seen to name"), "{}", alarm.said);
    }
    let gate = project.at(3, 6, &["verify", "--upstream"]);
    assert_eq!(gate.code, 4, "{}", gate.said);
    assert!(gate.said.contains("error[upstream-never-seen]"), "{}", gate.said);
    let accepted = project.at(3, 7, &["refresh", "x", "--accept"]);
    assert_eq!(accepted.code, 0, "{}", accepted.said);
    assert_eq!(project.lock(), honest, "it is back at what the tag names");
    assert_eq!(project.at(4, 6, &["refresh"]).code, 0);
}

#[test]
fn a_version_that_vanished_is_an_alarm_that_can_be_accepted() {
    let registry = Registry::start();
    registry.push_index("x", "1.0.0", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "{version}"));
    project.at(1, 6, &["refresh"]);
    registry.delete("x", "1.0.0");
    registry.push_index("x", "0.9.0", BOTH);
    for day in [2, 3] {
        let gone = project.at(day, 6, &["refresh"]);
        assert_eq!(gone.code, 4, "{}", gone.said);
        assert!(gone.said.contains("the locked tag 1.0.0 is gone"), "{}", gone.said);
    }
    let accepted = project.at(3, 7, &["refresh", "x", "--accept"]);
    assert_eq!(accepted.code, 0, "{}", accepted.said);
    let quiet = project.at(4, 6, &["refresh"]);
    assert_eq!(quiet.code, 0, "{}", quiet.said);
    registry.push_index("x", "1.0.1", BOTH);
    project.at(5, 6, &["refresh"]);
    assert!(project.at(9, 6, &["refresh"]).said.contains("1.0.0 -> 1.0.1"));
}

#[test]
fn a_tag_that_is_left_behind_is_said_to_be_frozen() {
    let registry = Registry::start();
    for tag in ["1.0.0", "1.1.0"] {
        registry.push_index("x", tag, BOTH);
    }
    let project = Project::new(
        &format!("{}allow = \"patch\"\n", pin(&registry, "x", "x", "{version}").trim_end())
            .replace("allow", "\nallow"),
    );
    let lock = project.at(1, 6, &["refresh", "x", "--to", "1.0.0", "--because", "begin here"]);
    assert_eq!(lock.code, 0, "{}", lock.said);
    project.at(1, 7, &["refresh"]);
    registry.push_index("x", "1.1.0", BOTH);
    registry.reset_counters();
    assert!(!project.checkout.run_at("2026-06-02T06:00:00Z", &["refresh"]).said.contains("frozen"));
    let counters = registry.counters();
    assert_eq!((counters.heads, counters.manifests), (2, 0), "one more HEAD tells");
    let told = project.checkout.run_at("2026-06-03T06:00:00Z", &["refresh"]);
    assert_eq!(told.code, 0, "{}", told.said);
    assert!(
        told.said.contains("1.0.0 is frozen: it has not been rebuilt for 33 d, and 1.1.0 has"),
        "{}",
        told.said
    );
    let status = project.checkout.run_at("2026-06-04T06:00:00Z", &["status"]).said;
    assert!(status.contains("1.0.0 is frozen"), "{status}");
}

#[test]
fn a_variant_that_has_ended_is_said_once_and_shown_by_status() {
    let registry = Registry::start();
    for tag in ["1.0.0-alpine3.20", "1.0.0-alpine3.21"] {
        registry.push_index("x", tag, BOTH);
    }
    let project = Project::new(&pin(&registry, "x", "x", "{version}-alpine3.20"));
    project.at(1, 6, &["refresh"]);
    for tag in ["1.1.0-alpine3.21", "1.2.0-alpine3.21"] {
        registry.push_index("x", tag, BOTH);
    }
    let says = "nothing new comes in {version}-alpine3.20, while there is 1.2.0-alpine3.21";
    let told = project.at(2, 6, &["refresh"]);
    assert_eq!((told.code, told.said.contains(says)), (0, true), "{}", told.said);
    assert!(!project.at(3, 6, &["refresh"]).said.contains("nothing new comes"));
    assert!(project.at(3, 6, &["status"]).said.contains(says));
    project.at(3, 7, &["refresh", "x", "--accept"]);
    assert!(!project.at(4, 6, &["status"]).said.contains(says));
    let lock = project.lock();
    assert!(lock.contains("alpine3.20"), "never taken without a person: {lock}");
}
