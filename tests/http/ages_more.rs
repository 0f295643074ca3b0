//! Age, the journal and alarms over several days: what comes back, what is accepted, and what is said.

use std::fs;

use crate::support::checkout::{BOTH, Checkout, Project, pin};
use crate::support::git_http::git;
use crate::support::registry::{Registry, Reply};

#[test]
fn accepting_where_nothing_is_wrong_takes_nothing_that_is_young() {
    let registry = Registry::start();
    registry.push_index("x", "1.0.0", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "{version}"));
    project.at(1, 6, &["refresh"]);
    let lock = project.lock();
    registry.push_index("x", "1.0.1", BOTH);
    registry.push_index("x", "1.0.0", BOTH);
    let accepted = project.at(2, 6, &["refresh", "x", "--accept"]);
    assert_eq!((accepted.code, project.lock()), (0, lock.clone()), "{}", accepted.said);
    // A version that vanished is what is accepted, and not the young one above it.
    registry.delete("x", "1.0.0");
    assert_eq!(project.at(2, 7, &["refresh"]).code, 4);
    let accepted = project.at(2, 8, &["refresh", "x", "--accept"]);
    assert_eq!((accepted.code, project.lock()), (0, lock), "{}", accepted.said);
    assert_eq!(project.at(2, 9, &["refresh"]).code, 0);
    assert!(project.at(5, 9, &["refresh"]).said.contains("1.0.0 -> 1.0.1"));
}

#[test]
fn what_left_the_registry_is_accepted_by_what_the_tag_names_now() {
    let registry = Registry::start();
    let locked = registry.push_index("x", "1", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "1"));
    project.at(1, 6, &["refresh"]);
    let now = registry.push_index("x", "1", &["linux/amd64", "linux/arm64", "linux/s390x"]);
    registry.delete("x", &locked.to_string());
    assert_eq!(project.at(2, 6, &["refresh"]).code, 4);
    let accepted = project.at(2, 7, &["refresh", "x", "--accept"]);
    assert_eq!(accepted.code, 0, "{}", accepted.said);
    assert!(project.lock().contains(&now.to_string()), "{}", accepted.said);
}

#[test]
fn a_digest_that_was_never_seen_stays_an_alarm_when_what_the_tag_names_is_old_enough() {
    let registry = Registry::start();
    registry.push_index("x", "1.0.0", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "{version}"));
    project.at(1, 6, &["refresh"]);
    let honest = project.lock();
    let other = registry.push_index("x", "other", &["linux/amd64", "linux/arm64", "linux/s390x"]);
    let forger = Project::new(&pin(&registry, "x", "x", "other"));
    forger.at(1, 6, &["refresh"]);
    fs::write(project.checkout.path("pins.lock"), forger.lock().replace("\"other\"", "\"1.0.0\"")).unwrap();
    assert!(project.lock().contains(&other.to_string()));
    for day in [2, 9, 10] {
        let alarm = project.at(day, 6, &["refresh"]);
        assert_eq!(alarm.code, 4, "{}", alarm.said);
        assert!(alarm.said.contains("was never seen to name") && alarm.said.contains("--accept"));
        registry.push_index("x", "1.0.1", BOTH);
    }
    assert_eq!(project.at(10, 7, &["refresh", "x", "--accept"]).code, 0);
    assert_eq!(project.lock(), honest);
}

#[test]
fn a_digest_that_the_tag_names_is_no_alarm_though_somebody_else_locked_it() {
    let registry = Registry::start();
    registry.push_index("x", "1", BOTH);
    let declared = pin(&registry, "x", "x", "1");
    let (here, there) = (Project::new(&declared), Project::new(&declared));
    here.at(1, 6, &["refresh"]);
    registry.push_index("x", "1", &["linux/amd64", "linux/arm64", "linux/s390x"]);
    there.at(2, 6, &["refresh"]);
    fs::write(here.checkout.path("pins.lock"), there.lock()).unwrap();
    registry.reset_counters();
    let quiet = here.at(3, 6, &["refresh"]);
    assert_eq!(quiet.code, 0, "{}", quiet.said);
    let counters = registry.counters();
    assert_eq!((counters.heads, counters.manifests), (1, 0));
    registry.push_index("x", "1", BOTH);
    assert_eq!(here.at(4, 6, &["refresh"]).code, 0, "it was seen on day 3");
}

#[test]
fn a_tag_that_goes_back_behind_what_is_locked_is_not_followed() {
    let registry = Registry::start();
    let first = registry.push_index("x", "1", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "1"));
    project.at(1, 6, &["refresh"]);
    let second = registry.push_index("x", "1", &["linux/amd64", "linux/arm64", "linux/s390x"]);
    project.at(2, 6, &["refresh"]);
    assert!(project.at(5, 6, &["refresh"]).said.contains("(digest)"));
    registry.retag("x", "1", &first);
    for day in [6, 9, 20] {
        let back = project.at(day, 6, &["refresh"]);
        assert_eq!(back.code, 0, "{}", back.said);
        assert!(project.lock().contains(&second.to_string()), "day {day}: {}", back.said);
        assert!(back.said.contains("named before what is locked"), "{}", back.said);
    }
    let explained = project.at(20, 6, &["explain", "x"]).said;
    assert!(
        explained.contains("named before what is locked") && explained.contains("--because"),
        "{explained}"
    );
    let asked = project.at(20, 6, &["refresh", "x", "--to", "1", "--because", "1 was withdrawn"]);
    assert_eq!(asked.code, 0, "{}", asked.said);
    assert!(project.lock().contains(&first.to_string()), "{}", asked.said);
}

#[test]
fn observing_leaves_notices_to_be_told() {
    let registry = Registry::start();
    registry.push_index("x", "1.0.0-alpine3.20", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "{version}-alpine3.20"));
    project.at(1, 6, &["refresh"]);
    for tag in ["1.1.0-alpine3.21", "1.2.0-alpine3.21"] {
        registry.push_index("x", tag, BOTH);
    }
    project.at(2, 6, &["refresh", "--observe"]);
    let told = project.at(3, 6, &["refresh"]);
    assert!(told.said.contains("nothing new comes in"), "{}", told.said);
}

#[test]
fn what_cannot_be_noted_is_said_after_what_was_done() {
    let registry = Registry::start();
    registry.push_index("x", "1.0.0", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "{version}"));
    // A file where the ref's folder would be.
    fs::write(project.checkout.path(".git/refs/solera-pin"), "").unwrap();
    let failed = project.at(1, 6, &["refresh"]);
    assert_eq!(failed.code, 2, "{}", failed.said);
    assert!(project.lock().contains("1.0.0"));
    assert!(
        failed.said.contains("x  1.0.0  (first)") && failed.said.contains("cannot write the journal"),
        "{}",
        failed.said
    );
}

#[test]
fn accepting_says_where_it_cannot_be_remembered() {
    let registry = Registry::start();
    registry.push_index("x", "1.0.0", BOTH);
    let outside = Checkout::new(&pin(&registry, "x", "x", "{version}"));
    outside.run(&["refresh"]);
    registry.delete("x", "1.0.0");
    let gone = outside.run(&["refresh"]);
    assert_eq!(gone.code, 4, "{}", gone.said);
    assert!(gone.said.contains("--accept"), "{}", gone.said);
    let accepted = outside.run(&["refresh", "x", "--accept"]);
    assert_eq!(accepted.code, 2, "{}", accepted.said);
    assert!(accepted.said.contains("no journal outside a git repository"), "{}", accepted.said);
}

#[test]
fn more_young_tags_than_are_looked_at_starve_nobody() {
    let registry = Registry::start();
    registry.push_index("x", "202605010000", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "{date}"));
    project.at(1, 6, &["refresh"]);
    let mut moved = 0;
    for day in 2..9 {
        for hour in [1, 2, 3, 4, 5] {
            registry.push_index("x", &format!("202605{day:02}{hour:02}00"), BOTH);
        }
        moved += usize::from(project.at(day, 6, &["refresh"]).said.contains("->"));
    }
    assert!(moved >= 3, "{}", project.at(9, 6, &["explain", "x"]).said);
}

#[test]
fn a_git_tag_that_may_move_waits_without_failing() {
    let root = tempfile::tempdir().unwrap();
    let upstream = root.path().join("up.git");
    fs::create_dir(&upstream).unwrap();
    let commit = |message: &str| {
        git(&upstream, &["commit", "-q", "--allow-empty", "-m", message]);
        git(&upstream, &["tag", "-f", "v1"]);
    };
    git(&upstream, &["init", "-q"]);
    commit("one");
    let url = format!("file://{}", upstream.display());
    let project = Project::new(&format!("[pin.x]\ngit = \"{url}\"\ntrack = \"v1\"\nimmutable = false\n"));
    let first = project.at(1, 6, &["refresh"]);
    assert_eq!(first.code, 0, "{}", first.said);
    let lock = project.lock();
    commit("two");
    for arguments in [&["refresh"][..], &["refresh", "x", "--accept"]] {
        let waits = project.at(2, 6, arguments);
        assert_eq!((waits.code, project.lock()), (0, lock.clone()), "{}", waits.said);
        assert!(waits.said.contains("what v1 names now was first seen 0 s ago"), "{}", waits.said);
    }
    let taken = project.at(5, 6, &["refresh"]);
    assert!(taken.said.contains("(digest)"), "{}", taken.said);
}

#[test]
fn what_is_locked_when_the_journal_begins_is_older_than_what_replaced_it() {
    let registry = Registry::start();
    let first = registry.push_index("x", "1", BOTH);
    let declared = pin(&registry, "x", "x", "1");
    let (here, there) = (Project::new(&declared), Project::new(&declared));
    there.at(1, 6, &["refresh"]);
    fs::write(here.checkout.path("pins.lock"), there.lock()).unwrap();
    let second = registry.push_index("x", "1", &["linux/amd64", "linux/arm64", "linux/s390x"]);
    here.at(2, 6, &["refresh"]);
    assert!(here.at(5, 6, &["refresh"]).said.contains("(digest)"));
    registry.retag("x", "1", &first);
    let back = here.at(9, 6, &["refresh"]);
    assert!(here.lock().contains(&second.to_string()), "{}", back.said);
}

#[test]
fn a_platform_that_is_declared_is_locked_while_the_tag_names_something_young() {
    let registry = Registry::start();
    let first = registry.push_index("x", "1", BOTH);
    let declared = pin(&registry, "x", "x", "1").trim_end().to_owned();
    let only = |platforms: &str| format!("{declared}\nplatforms = [{platforms}]\n");
    let project = Project::new(&only("\"linux/amd64\""));
    project.at(1, 6, &["refresh"]);
    registry.push_index("x", "1", &["linux/amd64", "linux/arm64", "linux/s390x"]);
    fs::write(project.checkout.path("pins.toml"), only("\"linux/amd64\", \"linux/arm64\"")).unwrap();
    let added = project.at(2, 6, &["refresh"]);
    assert_eq!(added.code, 0, "{}", added.said);
    let lock = project.lock();
    assert!(lock.contains(&first.to_string()) && lock.contains("linux/arm64"), "{lock}{}", added.said);
    assert!(added.said.contains("now with linux/arm64"), "{}", added.said);
    assert!(project.at(2, 7, &["refresh"]).said.contains("eligible in 2 d 23 h"));
}

#[test]
fn an_immutable_tag_that_is_gone_and_accepted_fails_no_gate() {
    let registry = Registry::start();
    registry.push_index("x", "1", BOTH);
    let project = Project::new(&format!("{}\nimmutable = true\n", pin(&registry, "x", "x", "1").trim_end()));
    project.at(1, 6, &["refresh"]);
    registry.delete("x", "1");
    assert_eq!(project.at(2, 6, &["verify", "--upstream"]).code, 4);
    let checked = project.at(2, 6, &["refresh", "x", "--accept", "--check"]);
    assert_eq!(checked.code, 0, "{}", checked.said);
    assert_eq!(project.at(2, 6, &["refresh"]).code, 4, "looking accepts nothing");
    assert_eq!(project.at(2, 7, &["refresh", "x", "--accept"]).code, 0);
    for command in [&["refresh"][..], &["verify", "--upstream"]] {
        let quiet = project.at(3, 6, command);
        assert_eq!(quiet.code, 0, "{}", quiet.said);
    }
}

#[test]
fn a_registry_that_claims_no_digest_waits_all_the_same() {
    let registry = Registry::start();
    registry.push_index("x", "1", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "1"));
    project.at(1, 6, &["refresh"]);
    let lock = project.lock();
    registry.answer("HEAD /v2/x/manifests/1", Reply::new(200, ""));
    assert_eq!(project.at(2, 6, &["refresh"]).code, 0);
    registry.push_index("x", "1", &["linux/amd64", "linux/arm64", "linux/s390x"]);
    for (day, waits) in [(3, true), (5, true), (6, false)] {
        let ended = project.at(day, 6, &["refresh"]);
        assert_eq!((ended.code, project.lock() == lock), (0, waits), "{}", ended.said);
    }
}

#[test]
fn a_held_pin_says_so_whatever_is_asked_and_waits_after_its_release() {
    let registry = Registry::start();
    registry.push_index("x", "1", BOTH);
    let declared = pin(&registry, "x", "x", "1").trim_end().to_owned();
    let project = Project::new(&format!("{declared}\nhold = \"a freeze\"\nhold-until = 2026-05-10\n"));
    project.at(1, 6, &["refresh"]);
    let lock = project.lock();
    registry.push_index("x", "1", &["linux/amd64", "linux/arm64", "linux/s390x"]);
    for arguments in
        [&["refresh"][..], &["refresh", "x", "--accept"], &["refresh", "--ignore-min-age", "--because", "w"]]
    {
        let held = project.at(2, 6, arguments);
        assert_eq!((held.code, project.lock()), (0, lock.clone()), "{}", held.said);
        assert!(held.said.contains("x is held: a freeze"), "{}", held.said);
    }
    assert_eq!(project.at(11, 6, &["refresh"]).code, 0);
    assert_eq!(project.lock(), lock);
    assert!(project.at(14, 6, &["refresh"]).said.contains("(digest)"));
}

#[test]
fn the_tag_moves_between_two_requests() {
    let registry = Registry::start();
    registry.push_index("x", "1", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "1"));
    project.at(1, 6, &["refresh"]);
    let lock = project.lock();
    let second = registry.push_index("x", "1", &["linux/amd64", "linux/arm64", "linux/s390x"]);
    project.at(2, 6, &["refresh"]);
    registry.push_index("x", "1", &["linux/amd64", "linux/arm64", "linux/riscv64"]);
    let claims = Reply::new(200, "").header("docker-content-digest", second.to_string());
    registry.answer_next("HEAD /v2/x/manifests/1", [claims]);
    let moved = project.at(6, 6, &["refresh"]);
    assert_eq!((moved.code, project.lock()), (0, lock), "{}", moved.said);
    assert!(moved.said.contains("first seen 0 s ago"), "{}", moved.said);
}

#[test]
fn clocks_that_are_wrong_make_nothing_old() {
    let registry = Registry::start();
    registry.push_index("x", "1.0.0", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "{version}"));
    project.at(10, 6, &["refresh"]);
    let lock = project.lock();
    registry.push_index("x", "1.0.1", BOTH);
    for day in [30, 1, 11] {
        let waits = project.at(day, 6, &["refresh"]);
        assert_eq!((waits.code, project.lock()), (0, lock.clone()), "day {day}: {}", waits.said);
    }
    assert!(project.at(14, 6, &["refresh"]).said.contains("1.0.0 -> 1.0.1"), "{}", project.journal());
    registry.push_index("x", "1.0.2", BOTH);
    project.at(16, 6, &["refresh"]);
    let late = project.at(31, 6, &["explain", "x"]).said;
    assert!(late.contains("1.0.2  was first seen 1 d ago"), "no commit that lacks it was later: {late}");
}

#[test]
fn what_a_tag_went_back_from_is_not_taken_when_it_is_superseded() {
    let registry = Registry::start();
    let first = registry.push_index("x", "1", BOTH);
    let declared = pin(&registry, "x", "x", "1").trim_end().to_owned();
    let project = Project::new(&format!("{declared}\nrebuilt = true\n"));
    project.at(1, 6, &["refresh"]);
    let lock = project.lock();
    let withdrawn = registry.push_index("x", "1", &["linux/amd64", "linux/arm64", "linux/s390x"]);
    project.at(2, 6, &["refresh"]);
    registry.retag("x", "1", &first);
    project.at(3, 6, &["refresh"]);
    let commits = project.git(&["rev-list", "--count", "refs/solera-pin/journal"]);
    project.at(3, 7, &["refresh"]);
    assert_eq!(project.git(&["rev-list", "--count", "refs/solera-pin/journal"]), commits, "noted once");
    registry.push_index("x", "1", &["linux/amd64", "linux/arm64", "linux/riscv64"]);
    project.at(4, 6, &["refresh"]);
    let waits = project.at(6, 6, &["refresh"]);
    assert_eq!((waits.code, project.lock()), (0, lock), "{withdrawn}: {}", waits.said);
    assert!(project.at(7, 6, &["refresh"]).said.contains("(digest)"));
}

#[test]
fn without_the_journal_nothing_is_read_that_could_not_be_taken() {
    let registry = Registry::start();
    registry.push_index("x", "1.0.0", BOTH);
    let project = Project::new(&pin(&registry, "x", "x", "{version}"));
    project.at(1, 6, &["refresh"]);
    project.git(&["add", "."]);
    project.git(&["commit", "-qm", "one"]);
    let clone = Checkout::new("");
    fs::remove_file(clone.path("pins.toml")).unwrap();
    let clone = Project { checkout: clone };
    let url = format!("file://{}", project.checkout.path("").display());
    clone.git(&["clone", "-q", "--depth", "1", &url, "."]);
    for patch in 1..15 {
        registry.push_index("x", &format!("1.0.{patch}"), BOTH);
    }
    registry.reset_counters();
    let waits = clone.at(3, 6, &["refresh"]);
    assert_eq!(waits.code, 0, "{}", waits.said);
    assert!(!waits.said.contains("were not asked about"), "{}", waits.said);
    let counters = registry.counters();
    assert_eq!((counters.heads, counters.manifests), (1, 0));
}
