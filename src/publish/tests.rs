//! What is pure in proposals: messages, groups, titles and texts.

use proptest::prelude::*;

use super::bump::{Bump, Kind, Target};
use super::group::proposals;
use super::message::{message, root_of, subject, target_of};
use super::text::{Marker, Section, Stage, body, title};
use crate::catalog::{Catalog, Files, parse};
use crate::document::SourceFile;
use crate::evidence::{Evidence, Facts};
use crate::model::{
    Anatomy, Configuration, GitPin, ImagePin, Lane, Learnt, MediaType, Package, Part, Pin, Setting,
};
use crate::plan::Cause;

fn catalog(text: &str) -> Catalog {
    parse(&Files { pins: Some(SourceFile::new("pins.toml", text)), ..Files::default() }).unwrap()
}

fn image(tag: &str, content: u8) -> Pin {
    Pin::Image(ImagePin {
        repository: "docker.io/library/tool".parse().unwrap(),
        tag: tag.parse().unwrap(),
        digest: format!("sha256:{content:064x}").parse().unwrap(),
        media_type: MediaType::OciIndex,
        platforms: [("linux/amd64".parse().unwrap(), format!("sha256:{content:064x}").parse().unwrap())]
            .into(),
    })
}

fn git(tag: &str, content: u8) -> Pin {
    Pin::Git(GitPin {
        url: "https://example.org/tool.git".parse().unwrap(),
        tag: tag.parse().unwrap(),
        commit: format!("{content:040x}").parse().unwrap(),
        tag_object: None,
    })
}

fn step(name: &str, lane: Lane, from: Pin, to: Pin) -> Bump {
    Bump {
        name: name.parse().unwrap(),
        from: Some(from),
        to: Some(to),
        kind: Kind::Step(lane),
        cause: None,
        superseded: false,
        first_seen: "2026-05-02T06:00:00Z".parse().ok(),
        because: "a patch step".into(),
    }
}

fn patch(name: &str) -> Bump {
    step(name, Lane::Patch, image("1.0.0", 1), image("1.0.1", 2))
}

#[test]
fn a_subject_says_what_moves() {
    let digest = step("tool", Lane::Digest, image("1.0.0", 1), image("1.0.0", 2));
    assert_eq!(subject(&digest), "bump tool 1.0.0 to sha256:000000000000");
    assert_eq!(subject(&patch("tool")), "bump tool 1.0.0 to 1.0.1");
    let first = Bump { from: None, kind: Kind::First, ..patch("tool") };
    assert_eq!(subject(&first), "lock tool 1.0.1");
    assert_eq!(subject(&Bump { kind: Kind::First, ..patch("tool") }), "lock tool anew: 1.0.0 to 1.0.1");
    let pin = image("1.0.0", 1);
    assert_eq!(subject(&Bump::dropped(&"tool".parse().unwrap(), &pin)), "drop tool");
    assert_eq!(subject(&Bump::references(&"tool".parse().unwrap(), &pin)), "pin tool 1.0.0 in place");
    let scoped = step("tool", Lane::Minor, git("@octocat/a@1.0.0", 1), git("@octocat/a@1.1.0", 2));
    assert_eq!(
        subject(&scoped),
        "bump tool @\u{200b}octocat/a@\u{200b}1.0.0 to @\u{200b}octocat/a@\u{200b}1.1.0",
        "a tag calls nobody"
    );
}

#[test]
fn a_message_is_read_back_and_one_that_was_changed_is_not_ours() {
    let revisions = Some(("closes #1".to_owned(), "@octocat".to_owned()));
    let bump = Bump {
        cause: Some(Cause::Source { revisions }),
        because: "urgent\n\nFingerprint: 0000000000000000".into(),
        ..patch("tool")
    };
    let text = message(&bump, "");
    assert!(!text.contains("closes #1") && !text.contains("octocat"), "{text}");
    assert_eq!(target_of(&text), Some(bump.target()));
    assert_eq!(target_of(&text.replace("Lane: patch", "Lane: minor")), None);
    assert_eq!(target_of(&text.replace("Pin: tool", "Pin: other")), None);
    assert_eq!(target_of("bump tool 1.0.0 to 1.0.1\n"), None);
    let below = message(&bump, "services/pay");
    assert_eq!((target_of(&below), root_of(&below).as_str()), (Some(bump.target()), "services/pay"));
    assert_eq!(root_of(&text), "");
    assert!(text.lines().all(|line| line.chars().count() <= 200), "{text}");
}

#[test]
fn bumps_are_grouped_as_declared() {
    let names = |catalog: &Catalog, bumps: Vec<Bump>| -> Vec<String> {
        let proposals = proposals(catalog, bumps).unwrap();
        let shown = |it: &super::group::Proposal| {
            let pins: Vec<&str> = it.bumps.iter().map(|bump| bump.name.as_str()).collect();
            format!("{} {}", it.branch.trim_start_matches("solera-pin/"), pins.join(","))
        };
        proposals.iter().map(|it| shown(&it.but(|_| false))).collect()
    };
    let pins = |propose: &str| {
        let pin = |name: &str, more: &str| {
            format!("[pin.{name}]\nimage = \"tool\"\ntrack = \"{{version}}\"\nallow = \"major\"\n{more}\n")
        };
        let pins =
            ["a", "b", "c", "d"].map(|name| pin(name, if name == "d" { "group = \"own\"" } else { "" }));
        catalog(&format!("{}[propose]\n{propose}", pins.concat()))
    };
    let digest = |name| step(name, Lane::Digest, image("1.0.0", 1), image("1.0.0", 2));
    let major = |name| step(name, Lane::Major, image("1.0.0", 1), image("2.0.0", 3));
    let all = || vec![digest("b"), digest("a"), patch("c"), major("c"), digest("d")];
    assert_eq!(names(&pins(""), all()), ["group/digests a,b", "group/own d", "pin/c c", "pin/c-major c"]);
    let each = ["group/own d", "pin/a a", "pin/b b", "pin/c c", "pin/c-major c"];
    assert_eq!(names(&pins("digests = \"each\""), all()), each);
    let together = names(&pins("digests = \"each\"\ngroup-by = \"all\""), all());
    assert_eq!(together, ["group/all a,b,c", "group/own d"], "one commit for a pin");
    let larger = |declined: &[Target]| {
        let mut both = proposals(&pins("group-by = \"all\""), vec![patch("c"), major("c")]).unwrap();
        both.remove(0).but(|target| declined.contains(target)).bumps
    };
    assert_eq!(larger(&[]), [major("c")], "the larger step is enough");
    assert_eq!(larger(&[major("c").target()]), [patch("c")], "unless nobody wants it");
    let clash = catalog(
        "[pin.a]\nimage = \"tool\"\ntrack = \"{version}\"\n[pin.a-major]\nimage = \"tool\"\ntrack = \"{version}\"\n",
    );
    for bump in [major("a"), patch("a-major")] {
        let error = proposals(&clash, vec![bump]).unwrap_err().to_string();
        assert_eq!(
            error,
            "the branch solera-pin/pin/a-major would be that of the pin `a-major` and of major steps of the pin `a`"
        );
    }
}

#[test]
fn a_marker_is_read_back_and_put_in_place_of_another() {
    let targets = vec![patch("tool").target()];
    let marker = Marker { stage: Stage::New, tip: "a".repeat(40).parse().unwrap(), targets };
    let text = marker.put("", "for people\n");
    assert_eq!(Marker::read(&text), Some(marker.clone()));
    assert_eq!(Marker::read(&text.replace('\n', "\r\n")), Some(marker.clone()), "as forges send it");
    let later = Marker { stage: Stage::Closed, ..marker.clone() };
    assert_eq!(later.put("", &text), text.replace("1 new", "1 closed"));
    let words = format!("Not now --> later.\r\n{text}");
    assert_eq!(Marker::read(&words), Some(marker.clone()), "a person may write above it");
    let said = later.put("Closed.\n", &words);
    assert!(said.starts_with("Not now --> later.\r\n<!-- solera-pin 1 closed "), "{said}");
    assert!(said.ends_with("-->\n\nClosed.\n\nfor people\n"), "{said}");
    assert_eq!(Marker::read(&format!("> {text}")), None, "it stands at the beginning of a line");
    for broken in
        [text.replace("-->", ""), text.replace("1 new", "2 new"), text.replace("tool patch", "tool  patch")]
    {
        assert_eq!(Marker::read(&broken), None, "{broken}");
    }
}

#[test]
fn a_text_tells_of_each_bump_and_of_where_it_is_used() {
    let catalog = catalog(
        "[pin.tool]\nimage = \"tool\"\ntrack = \"{version}\"\nchangelog = \"https://example.org/changes\"\n[pin.other]\nimage = \"tool\"\ntrack = \"{version}\"\n",
    );
    let (tool, other) = (patch("tool"), Bump { superseded: true, ..patch("other") });
    let section = |bump| Section {
        bump,
        evidence: None,
        places: vec!["Dockerfile:3".into()],
        others: vec!["k8s/deploy.yaml:7".into()],
    };
    let one = body(&catalog, &[section(&tool)]);
    assert!(
        one.starts_with("**tool**: a patch step of `docker.io/library/tool` from `1.0.0` to `1.0.1`."),
        "{one}"
    );
    for part in [
        "Files that change: `Dockerfile:3`.",
        "Files that name it and stay as they are: `k8s/deploy.yaml:7`.",
        "(https://example.org/changes)",
        "First seen 2026-05-02T06:00:00Z.",
        "Close this to decline it",
    ] {
        assert!(one.contains(part), "{part}: {one}");
    }
    let both = body(&catalog, &[section(&other), section(&tool)]);
    assert!(
        both.starts_with("| pin | from | to | step |\n")
            && both.contains("| other | `1.0.0` | `1.0.1` | patch |\n")
    );
    assert!(both.contains("\n### tool\n") && both.contains("what replaced it is not old enough"), "{both}");
    let many: Vec<Section<'_>> = (0..1000).map(|_| section(&tool)).collect();
    let long = body(&catalog, &many);
    assert!(long.chars().count() < 65_000 && long.contains("more pins is too long"), "{}", long.len());
}

#[test]
fn a_title_names_the_group_and_its_pins() {
    let catalog = catalog("[propose]\ngroup-by = \"all\"\n");
    let bumps = (0..7).map(|at| patch(&format!("p{at}"))).collect();
    let proposal = proposals(&catalog, bumps).unwrap().remove(0);
    assert_eq!(title(&proposal), "bump all: p0, p1, p2, p3, p4 and 2 more");
}

proptest! {
    #[test]
    fn a_decline_is_read_back(kind in "[a-z]{1,9}", content in "[!-~]{1,80}") {
        let target = Target { pin: "tool".parse().unwrap(), kind, content };
        prop_assert_eq!(Target::of_mark(&target.pin, &target.declined()), Some(target.clone()));
        prop_assert_eq!(target.to_string().parse(), Ok(target));
    }
}

/// A step whose evidence is as long as it can be.
fn long_evidence(name: &str, number: usize) -> (Bump, Evidence) {
    let bump = patch(name);
    let part = |version: &str| {
        let text = |it: usize| format!("{it}{}", "x".repeat(150));
        let packages = (0..200).map(|it| Package {
            kind: "deb".into(),
            name: text(it),
            version: format!("{version}{number}"),
        });
        let settings = (0..200).map(|it| (Setting::Label(text(it)), version.to_owned()));
        Learnt::Known(Part {
            source: None,
            revision: None,
            layers: Vec::new(),
            configuration: Learnt::Known(Configuration { created: None, settings: settings.collect() }),
            packages: Learnt::Known(packages.collect()),
        })
    };
    let anatomy = |version| {
        Learnt::Known(Anatomy { platforms: [("linux/amd64".parse().unwrap(), part(version))].into() })
    };
    let facts = Facts::Image { from: anatomy("1"), to: anatomy("2") };
    let evidence = Evidence::of(bump.from.as_ref(), bump.to.as_ref().unwrap(), &facts);
    (bump, evidence)
}

#[test]
fn a_text_with_its_marker_is_no_longer_than_forges_take_and_every_pin_has_its_share() {
    let catalog = catalog("");
    for (number, told) in [(1, 1), (5, 5), (20, 20), (100, 20), (400, 0)] {
        let all: Vec<(Bump, Evidence)> =
            (0..number).map(|it| long_evidence(&format!("{}-{it}", "p".repeat(30)), it)).collect();
        let sections: Vec<Section<'_>> = all
            .iter()
            .map(|(bump, evidence)| Section {
                bump,
                evidence: Some(evidence.clone()),
                places: Vec::new(),
                others: Vec::new(),
            })
            .collect();
        let targets = all.iter().map(|(bump, _)| bump.target()).collect();
        let marker = Marker { stage: Stage::Open, tip: "a".repeat(40).parse().unwrap(), targets };
        let text = marker.put("", &body(&catalog, &sections));
        let length = text.chars().count();
        assert!(length <= 62_000, "{length} of {number} pins");
        let found = text.matches("Packages: 200 changed").count();
        assert!(found >= told, "{found} of {number} pins: {text}");
        assert_eq!(text.contains("too long for this text"), found < number, "{number}: {found}");
        if number > 1 {
            let rows = text.lines().filter(|line| line.starts_with("| ppp")).count();
            assert!(rows >= number.min(100), "{rows} of {number}");
        }
    }
}

#[test]
fn a_pin_that_is_locked_anew_is_not_told_as_new() {
    let catalog = catalog("[pin.tool]\nimage = \"tool\"\ntrack = \"{version}\"\n");
    let bump = Bump { kind: Kind::First, ..patch("tool") };
    let section = Section { bump: &bump, evidence: None, places: Vec::new(), others: Vec::new() };
    let text = body(&catalog, &[section]);
    assert!(text.contains("locked anew, from `1.0.0` to `1.0.1`"), "{text}");
}
