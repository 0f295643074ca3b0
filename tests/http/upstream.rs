//! `verify --upstream` through the binary: what it asks, what it finds, and how it ends.

use std::fs;

use serde_json::Value;
use solera_pin::model::Digest;

use crate::support::checkout::{BOTH, Checkout, Ended, pin};
use crate::support::git_http::{self, Version, git};
use crate::support::registry::{Registry, Reply};

const ASK: &[&str] = &["verify", "--upstream"];

/// A repository with everything locked, and the registry's counters at zero.
fn locked(registry: &Registry, declarations: &str) -> Checkout {
    let checkout = Checkout::new(declarations);
    let first = checkout.run(&["refresh"]);
    assert_eq!(first.code, 0, "{}", first.said);
    registry.reset_counters();
    checkout
}

/// The requests: heads, manifests, pages of tags.
fn asked(registry: &Registry) -> [u64; 3] {
    let counters = registry.counters();
    assert_eq!(counters.blobs, 0);
    [counters.heads, counters.manifests, counters.tag_pages]
}

/// How a run must have ended, and what it must have said.
fn check(ended: &Ended, code: i32, says: &[&str], never: &[&str]) {
    assert_eq!(ended.code, code, "{}", ended.said);
    for words in says {
        assert!(ended.said.contains(words), "{words}: {}", ended.said);
    }
    for words in never {
        assert!(!ended.said.contains(words), "{words}: {}", ended.said);
    }
}

/// What `verify --upstream` says of one pin `a` that follows `slim`, after `change`.
fn after(extra: &str, change: impl FnOnce(&Registry, &Checkout)) -> (Ended, Registry, Checkout) {
    let registry = Registry::start();
    registry.push_index("a", "slim", BOTH);
    let checkout = locked(&registry, &(pin(&registry, "a", "a", "slim") + extra));
    change(&registry, &checkout);
    registry.reset_counters();
    (checkout.run(ASK), registry, checkout)
}

/// What the tag names, of what the lock says.
fn digest_in_lock(checkout: &Checkout, key: &str) -> Digest {
    let lock = fs::read_to_string(checkout.path("pins.lock")).unwrap();
    let line = lock.lines().find(|line| line.starts_with(key)).unwrap();
    line.split('"').rfind(|part| part.starts_with("sha256:")).unwrap().parse().unwrap()
}

#[test]
fn an_unchanged_pin_costs_its_index_a_head_per_child_and_one_for_its_tag() {
    let (ended, registry, _) = after("", |_, _| {});
    check(&ended, 0, &["verified: 1 pin, 0 warnings"], &[]);
    assert_eq!(asked(&registry), [3, 1, 0]);
}

#[test]
fn a_single_manifest_is_not_asked_about_twice() {
    let registry = Registry::start();
    registry.push_manifest("a", Some("slim"), "linux/amd64");
    let checkout = locked(&registry, &pin(&registry, "a", "a", "slim"));
    check(&checkout.run(ASK), 0, &["0 warnings"], &[]);
    let counters = registry.counters();
    assert_eq!((counters.heads, counters.manifests), (1, 1));
}

#[test]
fn a_child_that_is_gone_fails_the_gate() {
    let (ended, ..) = after("", |registry, checkout| {
        registry.delete("a", &digest_in_lock(checkout, "platforms.\"linux/arm64\"").to_string());
    });
    check(&ended, 1, &["error[upstream-not-served]", "its manifest for linux/arm64"], &["linux/amd64"]);
}

#[test]
fn a_rebuilt_image_is_a_note_and_no_finding() {
    let (ended, registry, checkout) = after("", |registry, _| drop(registry.push_index("a", "slim", BOTH)));
    check(&ended, 0, &["verified: 1 pin, 0 warnings"], &["note", "rebuilt"]);
    assert_eq!(asked(&registry), [3, 2, 0], "what moved is read and hashed");
    let verbose = checkout.run(&["verify", "--upstream", "-v"]);
    check(&verbose, 0, &["note: the pin `a`: the tag slim was rebuilt and names sha256:"], &[]);
    let json = checkout.run(&["verify", "--upstream", "--format", "json"]);
    let document: Value = serde_json::from_str(&json.said).unwrap();
    assert_eq!((&document["findings"], &document["notes"][0]["name"]), (&Value::Array(vec![]), &"a".into()));
}

#[test]
fn an_immutable_tag_that_moved_is_an_alarm() {
    let (ended, ..) = after("immutable = true\n", |registry, _| drop(registry.push_index("a", "slim", BOTH)));
    check(&ended, 4, &["error[upstream-tag-moved]", "the immutable tag slim", "refresh a --accept"], &[]);
}

#[test]
fn an_alarm_is_heard_where_the_locked_content_is_gone_too() {
    let (ended, ..) = after("immutable = true\n", |registry, checkout| {
        registry.push_index("a", "slim", BOTH);
        registry.delete("a", &digest_in_lock(checkout, "digest").to_string());
    });
    check(&ended, 4, &["error[upstream-tag-moved]", "error[upstream-not-served]"], &[]);
}

#[test]
fn a_claim_that_differs_is_confirmed_by_the_bytes() {
    let (ended, registry, _) = after("immutable = true\n", |registry, _| {
        let lie = Reply::new(200, "").header("docker-content-digest", format!("sha256:{}", "0".repeat(64)));
        registry.answer("HEAD /v2/a/manifests/slim", lie);
    });
    check(&ended, 0, &["0 warnings"], &[]);
    assert_eq!(asked(&registry)[1], 2);
}

#[test]
fn a_tag_that_is_gone_is_a_warning_unless_it_must_be_there() {
    let (ended, ..) = after("", |registry, _| registry.delete("a", "slim"));
    check(&ended, 0, &["warning[upstream-tag-gone]", "what is locked is still served", "1 warning"], &[]);
    let (ended, ..) = after("immutable = true\n", |registry, _| registry.delete("a", "slim"));
    check(&ended, 4, &["error[upstream-tag-gone]"], &[]);
}

#[test]
fn a_tag_that_is_gone_with_its_content_is_said_once() {
    let (ended, ..) = after("", |registry, checkout| {
        registry.delete("a", "slim");
        registry.delete("a", &digest_in_lock(checkout, "digest").to_string());
    });
    check(&ended, 1, &["error[upstream-not-served]"], &["upstream-tag-gone"]);
}

#[test]
fn a_question_that_fails_hides_no_answer_to_another() {
    let (ended, _, checkout) = after("", |registry, checkout| {
        registry.delete("a", &digest_in_lock(checkout, "platforms.\"linux/arm64\"").to_string());
        registry.answer("HEAD /v2/a/manifests/slim", Reply::new(403, ""));
    });
    check(&ended, 3, &["error[upstream-not-served]", "the pin `a` could not be checked"], &[]);
    let sarif = checkout.run(&["verify", "--upstream", "--format", "sarif", "-q"]);
    check(&sarif, 3, &["\"executionSuccessful\": false", "\"upstream-not-served\""], &[]);
}

/// A registry with `1.1-slim` to `1.3-slim`, where each tag is built on what `base` says.
fn versions<'b>(base: impl Fn(&str, &str) -> (&'b str, &'b str)) -> Registry {
    let registry = Registry::start();
    for tag in ["1.1-slim", "1.2-slim", "1.3-slim"] {
        registry.push_index_on("a", tag, BOTH, |platform| base(tag, platform));
    }
    registry
}

/// Where `1.1-slim` was left behind: the others are built on a later build of its base.
fn left_behind() -> Registry {
    versions(|tag, _| ("debian:bookworm-slim", if tag == "1.1-slim" { "old" } else { "new" }))
}

/// A checkout that is locked at `1.1-slim`, and then declares `extra`.
fn at_the_first(registry: &Registry, extra: &str) -> Checkout {
    let declared = pin(registry, "a", "a", "{major}.{minor}-slim");
    let checkout = Checkout::new(&declared);
    let arguments = ["refresh", "a", "--to", "1.1-slim", "--because", "a test"];
    let ended = checkout.run(&arguments);
    assert_eq!(ended.code, 0, "{}", ended.said);
    fs::write(checkout.path("pins.toml"), declared + extra).unwrap();
    registry.reset_counters();
    checkout
}

#[test]
fn a_tag_that_is_no_longer_rebuilt_is_named() {
    let registry = left_behind();
    let checkout = at_the_first(&registry, "");
    let ended = checkout.run(ASK);
    let says = [
        "warning[upstream-frozen]",
        "upstream no longer rebuilds 1.1-slim: 1.3-slim is built on the docker.io/library/debian:bookworm-slim of sha256:",
        "to move on to 1.3-slim: solera-pin refresh a",
        "verified: 1 pin, 1 warning",
    ];
    check(&ended, 0, &says, &[]);
    assert_eq!(asked(&registry), [3, 2, 1], "the list of tags, and one sibling");
}

#[test]
fn pins_of_one_repository_share_the_list_and_the_sibling() {
    let registry = left_behind();
    let checkout = at_the_first(&registry, "");
    let declared = fs::read_to_string(checkout.path("pins.toml")).unwrap();
    let lock = fs::read_to_string(checkout.path("pins.lock")).unwrap();
    let entry = &lock[lock.find("[pin.a]").unwrap()..];
    fs::write(checkout.path("pins.toml"), format!("{declared}{}", declared.replace("[pin.a]", "[pin.b]")))
        .unwrap();
    fs::write(checkout.path("pins.lock"), format!("{lock}\n{}", entry.replace("[pin.a]", "[pin.b]")))
        .unwrap();
    check(&checkout.run(ASK), 0, &["verified: 2 pins, 2 warnings"], &[]);
    assert_eq!(asked(&registry), [3, 2, 1]);
}

#[test]
fn the_way_on_is_what_the_declaration_leaves() {
    for (extra, help) in [
        (
            "allow = \"patch\"\n",
            "needs allow = \"minor\"; to go there once: solera-pin refresh a --to 1.3-slim --because",
        ),
        (
            "version = \"=1.1\"\n",
            "does not satisfy version = \"=1.1\": change that in the declaration of `a`",
        ),
        ("version = \"<1.3\"\n", "to move on to 1.2-slim: solera-pin refresh a"),
        ("hold = \"a talk\"\n", "1.3-slim is held: a talk; to go there once"),
    ] {
        let registry = left_behind();
        let checkout = at_the_first(&registry, extra);
        check(&checkout.run(ASK), 0, &["warning[upstream-frozen]", "1.3-slim is built on", help], &[]);
    }
}

#[test]
fn without_evidence_nothing_is_said_to_be_frozen() {
    let name = "debian:bookworm-slim";
    let build = |tag: &str| if tag == "1.1-slim" { "old" } else { "new" };
    let registries = [
        ("the same build", versions(|_, _| (name, "same"))),
        (
            "another base",
            versions(|tag, _| (if tag == "1.1-slim" { name } else { "debian:trixie-slim" }, build(tag))),
        ),
        (
            "one platform only",
            versions(|tag, platform| (name, if platform == "linux/arm64" { "same" } else { build(tag) })),
        ),
    ];
    for (why, registry) in registries {
        let checkout = at_the_first(&registry, "");
        check(&checkout.run(ASK), 0, &["0 warnings"], &["frozen"]);
        assert_eq!(asked(&registry), [3, 2, 1], "{why}");
    }
    // Without a base, or with none newer, nobody needs to be asked.
    let registry = Registry::start();
    registry.push_index("a", "1.1-slim", BOTH);
    registry.push_index("a", "1.2-slim", BOTH);
    check(&at_the_first(&registry, "").run(ASK), 0, &["0 warnings"], &[]);
    assert_eq!(asked(&registry), [3, 1, 0]);
    let registry = versions(|_, _| (name, "old"));
    for tag in ["1.2-slim", "1.3-slim"] {
        registry.delete("a", tag);
    }
    check(&at_the_first(&registry, "").run(ASK), 0, &["0 warnings"], &[]);
    assert_eq!(asked(&registry), [3, 1, 1]);
}

#[test]
fn what_is_not_rebuilt_by_nature_is_not_called_frozen() {
    let registry = left_behind();
    check(&at_the_first(&registry, "immutable = true\n").run(ASK), 0, &["0 warnings"], &[]);
    assert_eq!(asked(&registry), [3, 1, 0]);
    let registry = Registry::start();
    for (tag, build) in [("slim-20260101", "old"), ("slim-20260201", "new")] {
        registry.push_index_on("a", tag, BOTH, |_| ("debian:bookworm", build));
    }
    let checkout = Checkout::new(&pin(&registry, "a", "a", "slim-{date}"));
    let first = checkout.run(&["refresh", "a", "--to", "slim-20260101", "--because", "a test"]);
    assert_eq!(first.code, 0, "{}", first.said);
    check(&checkout.run(ASK), 0, &["0 warnings"], &[]);
}

#[test]
fn a_tag_that_was_rebuilt_is_not_frozen_and_a_prerelease_is_no_sibling() {
    let registry = left_behind();
    let checkout = at_the_first(&registry, "");
    registry.push_index_on("a", "1.1-slim", BOTH, |_| ("debian:bookworm-slim", "new"));
    check(&checkout.run(&["verify", "--upstream", "-v"]), 0, &["the tag 1.1-slim was rebuilt"], &["frozen"]);

    let registry = Registry::start();
    for (tag, build) in [("1.0.0", "old"), ("1.1.0-rc1", "new")] {
        registry.push_index_on("a", tag, BOTH, |_| ("debian:bookworm-slim", build));
    }
    let checkout = Checkout::new(&pin(&registry, "a", "a", "{version}-{pre}"));
    let first = checkout.run(&["refresh", "a", "--to", "1.0.0"]);
    assert_eq!(first.code, 0, "{}", first.said);
    check(&checkout.run(ASK), 0, &["0 warnings"], &["frozen"]);
}

#[test]
fn a_list_that_is_not_served_leaves_the_rest_answered() {
    let registry = left_behind();
    let checkout = at_the_first(&registry, "");
    registry.answer("GET /v2/a/tags/list", Reply::new(403, ""));
    check(&checkout.run(ASK), 3, &["the pin `a` could not be checked: cannot list the tags"], &["frozen"]);
}

#[test]
fn a_git_tag_that_moves_is_an_alarm_unless_it_is_declared_to() {
    for (extra, code, says) in [
        ("", 4, "error[upstream-tag-moved]"),
        ("immutable = false\n", 0, "note: the pin `g`: the tag v1 is locked at"),
    ] {
        let root = tempfile::tempdir().unwrap();
        let repository = git_http::repository(root.path(), "g.git");
        let server = git_http::start(root.path(), Version::Two);
        let checkout =
            Checkout::new(&format!("[pin.g]\ngit = \"{}/g.git\"\ntrack = \"v1\"\n{extra}", server.url()));
        let first = checkout.run(&["refresh"]);
        assert_eq!(first.code, 0, "{}", first.said);
        let tree = git(&repository, &["mktree"]);
        let other = git(&repository, &["commit-tree", "-m", "other", &tree]);
        git(&repository, &["tag", "-f", "v1", &other]);
        check(&checkout.run(&["verify", "--upstream", "-v"]), code, &[says], &[]);
        git(&repository, &["tag", "-d", "v1"]);
        let gone = checkout.run(ASK);
        check(
            &gone,
            if code == 4 { 4 } else { 1 },
            &["error[upstream-tag-gone]", "no longer has the tag v1"],
            &[],
        );
    }
}
