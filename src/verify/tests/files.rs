//! The rules that look into files that were never written for solera-pin.

use super::*;

const NODE: &str = "\n[pin.node]\nimage = \"docker.io/library/node\"\ntag = \"22-slim\"\ndigest = \"sha256:3333333333333333333333333333333333333333333333333333333333333333\"\nmedia-type = \"application/vnd.oci.image.index.v1+json\"\nplatforms.\"linux/amd64\" = \"sha256:4444444444444444444444444444444444444444444444444444444444444444\"\n";
const GIT: &str = "\n[pin.checkout]\ngit = \"https://github.com/actions/checkout.git\"\ntag = \"v4\"\ncommit = \"5555555555555555555555555555555555555555\"\n";
const NODE_DIGEST: &str = "sha256:3333333333333333333333333333333333333333333333333333333333333333";
const NODE_CHILD: &str = "sha256:4444444444444444444444444444444444444444444444444444444444444444";
const PINS: &str = "[pin.checkout]\ngit = \"https://github.com/actions/checkout.git\"\ntrack = \"v{major}\"\n[pin.node]\nimage = \"docker.io/library/node\"\ntrack = \"{major}-slim\"\nplatforms = [\"linux/amd64\"]\n";

/// The findings in files of a repository with `pins.toml`, as `path:line rule`; and the coverage.
fn gate(more: &str, files: &[(&str, &str)]) -> (Vec<String>, Coverage) {
    let pins = SourceFile::new("pins.toml", &format!("{PINS}{more}"));
    let configuration = Files { pins: Some(pins.clone()), ..Files::default() };
    let mut scanned: Vec<_> = files.iter().map(|(path, text)| SourceFile::new(*path, text)).collect();
    scanned.push(pins);
    let report = report(&configuration, &format!("version = 1\n{GIT}{NODE}"), &scanned);
    let shown = |finding: &Finding| {
        let (line, _) = finding.place.file.position(finding.place.span.start);
        format!("{}:{line} {}", finding.place.file.path, finding.rule)
    };
    (report.findings.iter().map(shown).collect(), report.coverage)
}

fn found_in(more: &str, dockerfile: &str) -> Vec<String> {
    gate(more, &[("Dockerfile", dockerfile)])
        .0
        .into_iter()
        .filter(|found| !found.contains("unused-pin"))
        .collect()
}

#[test]
fn a_reference_is_what_is_locked_or_a_finding() {
    for (dockerfile, expected) in [
        (format!("FROM node:22-slim@{NODE_DIGEST}\n"), &[] as &[&str]),
        (format!("FROM docker.io/library/node@{NODE_DIGEST}\n"), &[]),
        (format!("ARG NODE=22\nFROM node:${{NODE}}-slim@{NODE_DIGEST}\n"), &[]),
        ("ARG PIN_NODE\nFROM ${PIN_NODE}\n".into(), &[]),
        ("FROM scratch\nARG PIN_CHECKOUT\nADD ${PIN_CHECKOUT} /src\n".into(), &[]),
        ("FROM node:22-slim\n".into(), &["Dockerfile:1 not-pinned"]),
        ("FROM node:24-slim\n".into(), &["Dockerfile:1 lock-differs"]),
        (format!("FROM node:22-slim@{}\n", NODE_DIGEST.replace('3', "6")), &["Dockerfile:1 lock-differs"]),
        (format!("FROM node:22-slim@{NODE_CHILD}\n"), &["Dockerfile:1 child-manifest"]),
        (format!("FROM node@{NODE_CHILD}\n"), &["Dockerfile:1 child-manifest"]),
        ("FROM node:22-alpine\n".into(), &["Dockerfile:1 no-pin"]),
        ("FROM alpine:3.20\n".into(), &["Dockerfile:1 no-pin"]),
        ("FROM node\n".into(), &["Dockerfile:1 floating-tag"]),
        (format!("FROM node:latest@{NODE_DIGEST}\n"), &["Dockerfile:1 floating-tag"]),
        ("FROM Node:22\n".into(), &["Dockerfile:1 bad-reference"]),
        ("ARG BASE\nFROM ${BASE}\n".into(), &["Dockerfile:2 unresolved"]),
        ("FROM scratch\nRUN curl -O https://example.org/x\n".into(), &["Dockerfile:2 unlocked-fetch"]),
        (
            "# solera-pin: node.digest\n# solera-pin: nod.tag\nARG X=1\nFROM scratch\n".into(),
            &["Dockerfile:1 bad-comment", "Dockerfile:3 bad-comment"],
        ),
    ] {
        let mut found = found_in("", &dockerfile);
        found.sort();
        assert_eq!(found, expected, "{dockerfile}");
    }
}

#[test]
fn pins_with_paths_are_for_those_files() {
    let canary = "[pin.canary]\nimage = \"node\"\ntrack = \"{major}-slim\"\npaths = [\"pay/**\"]\n";
    let both = format!("{canary}[pin.third]\nimage = \"node\"\ntrack = \"22-slim\"\n");
    let dockerfile = format!("FROM node:22-slim@{NODE_DIGEST}\n");
    let of = |more: &str, path: &str| -> Vec<String> {
        let found = gate(more, &[(path, &dockerfile)]).0;
        found.into_iter().filter(|found| found.starts_with(path)).collect()
    };
    assert_eq!(of(canary, "Dockerfile"), [] as [&str; 0]);
    assert_eq!(
        of(canary, "pay/Dockerfile"),
        [] as [&str; 0],
        "its pin is in no lock, which is said of the pin"
    );
    assert_eq!(of(&both, "Dockerfile"), ["Dockerfile:1 several-pins"]);
    let old = "[pin.old]\nimage = \"node\"\ntrack = \"{major}-slim\"\nversion = \"20\"\n";
    assert_eq!(of(old, "Dockerfile"), [] as [&str; 0], "22 does not satisfy 20");
}

#[test]
fn own_images_and_ignored_rules() {
    let own = "[references]\nown = [\"ghcr.io/acme/*\"]\n";
    assert_eq!(found_in(own, "FROM ghcr.io/acme/base:1.2\n"), [] as [&str; 0]);
    assert_eq!(found_in(own, "FROM ghcr.io/acme/base\n"), ["Dockerfile:1 floating-tag"]);
    assert_eq!(found_in(own, "FROM ghcr.io/other/base:1\n"), ["Dockerfile:1 no-pin"]);
    let (_, coverage) = gate(own, &[("Dockerfile", "FROM ghcr.io/acme/base:1.2\nFROM x:1\n")]);
    assert_eq!(coverage.all, Tally { own: 1, open: 1, ..Tally::default() });
}

#[test]
fn under_a_policy_a_tag_is_enough() {
    let policy = "[references]\nmode = \"policy\"\n";
    assert_eq!(found_in(policy, "FROM node:22-slim\n"), [] as [&str; 0]);
    assert_eq!(found_in(policy, "FROM node:24-slim\n"), ["Dockerfile:1 lock-differs"]);
}

#[test]
fn a_suppression_says_why_and_covers_something() {
    for (dockerfile, expected) in [
        ("# solera-pin: ignore[no-pin] only on my machine\nFROM alpine:3.20\n", &[] as &[&str]),
        (
            "# solera-pin: ignore[no-pin]\nFROM alpine:3.20\n",
            &["Dockerfile:1 suppression-reason", "Dockerfile:2 no-pin"],
        ),
        (
            "# solera-pin: ignore[not-pinned] x\nFROM alpine:3.20\n",
            &["Dockerfile:1 unused-suppression", "Dockerfile:2 no-pin"],
        ),
        (
            "# solera-pin: ignore[no-pins] x\nFROM alpine:3.20\n",
            &["Dockerfile:1 unused-suppression", "Dockerfile:2 no-pin"],
        ),
        (
            "# solera-pin: ignore[no-pin, unlocked-fetch] x\nFROM alpine:3.20\n",
            &["Dockerfile:1 unused-suppression"],
        ),
        (
            "FROM scratch\n# solera-pin: ignore[unlocked-fetch] x\nRUN set -e; \\\n  curl -O https://e.org/x; \\\n  true\n",
            &[],
        ),
    ] {
        assert_eq!(found_in("", dockerfile), expected, "{dockerfile}");
    }
    let text = "# solera-pin: ignore[no-pin] why\nFROM alpine:3.20\nFROM busybox:1\n";
    let (_, coverage) = gate("", &[("Dockerfile", text)]);
    assert_eq!(coverage.all, Tally { suppressed: 1, open: 1, ..Tally::default() });
    let open: Vec<&str> = coverage.open.iter().map(|open| open.rule).collect();
    assert_eq!(open, ["no-pin"]);
}

#[test]
fn what_the_same_file_builds_is_no_outside_input() {
    let compose = "services:\n  a:\n    build: .\n    image: acme/a:1\n  b:\n    image: acme/a:1\n  c:\n    image: acme/c:1\n";
    let found = gate("", &[("compose.yaml", compose)]).0;
    assert!(
        found.contains(&"compose.yaml:8 no-pin".to_owned()) && !found.iter().any(|f| f.contains(":6")),
        "{found:?}"
    );
}

#[test]
fn a_rule_that_is_newer_than_the_edition_warns() {
    let rule = rule("no-pin").unwrap();
    let newer = Rule { since: Edition { year: 2027, month: 3 }, check: Check::Suppressions, ..*rule };
    let mut policy = Policy { edition: Some(Edition::FIRST), ..Policy::default() };
    assert_eq!((rule.level_under(&policy), newer.level_under(&policy)), (Level::Error, Level::Warning));
    policy.edition = Some(newer.since);
    assert_eq!(newer.level_under(&policy), Level::Error);
    assert_eq!(newer.level_under(&Policy::default()), Level::Error, "without an edition every rule counts");
}

#[test]
fn every_rule_is_explained_and_named_once() {
    let mut ids: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), RULES.len());
    for rule in RULES {
        assert!(!rule.reason.ends_with('.') && rule.explanation.len() > 80, "{}", rule.id);
        assert!(rule.explanation.lines().all(|line| line.chars().count() <= 110), "{}", rule.id);
    }
}
