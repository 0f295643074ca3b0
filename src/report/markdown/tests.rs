use std::collections::BTreeSet;

use super::*;
use crate::evidence::Facts;
use crate::model::{
    Anatomy, Between, CommitId, Configuration, Digest, GitPin, ImagePin, Layer, Learnt, MediaType, Package,
    Part, Pin, Setting,
};

/// Text that acts in as many ways as it can.
const HOSTILE: &str =
    "`|<!-- --> @octocat closes #1 GH-1 !1 o/r#1 https://evil.example\n/close\u{1b}[31m\u{202e}<img>";

fn platform(number: usize) -> Platform {
    format!("linux/a{number}").parse().unwrap()
}

fn pin(tag: &str, platforms: usize) -> Pin {
    let digest = |text: String| Digest::sha256(text.as_bytes());
    Pin::Image(ImagePin {
        repository: "a".parse().unwrap(),
        tag: tag.parse().unwrap(),
        digest: digest(tag.into()),
        media_type: MediaType::OciIndex,
        platforms: (0..platforms).map(|it| (platform(it), digest(format!("{tag} {it}")))).collect(),
    })
}

/// An image with `number` packages and settings, each in `version`.
fn part(text: &str, number: usize, version: &str) -> Part {
    let packages = (0..number).map(|it| Package {
        kind: "deb".into(),
        name: format!("{text}{it}"),
        version: format!("{text}{version}"),
    });
    let settings = (0..number).map(|it| (Setting::Label(format!("{text}{it}")), format!("{text}{version}")));
    Part {
        source: Some(text.into()),
        revision: Some(format!("{text}{version}")),
        layers: vec![Layer { digest: Digest::sha256(b"l"), size: 30_000_000, media_type: text.into() }],
        configuration: Learnt::Known(Configuration {
            created: Some(text.into()),
            settings: settings.collect(),
        }),
        packages: Learnt::Known(packages.collect::<BTreeSet<_>>()),
    }
}

/// A step of so many platforms, whose images are as `made` says for each side.
fn images(platforms: usize, made: impl Fn(usize, &str) -> Learnt<Part>) -> Evidence {
    let anatomy = |version: &str| {
        let each = (0..platforms).map(|it| (platform(it), made(it, version)));
        Learnt::Known(Anatomy { platforms: each.collect() })
    };
    let facts = Facts::Image { from: anatomy("1"), to: anatomy("2") };
    Evidence::of(Some(&pin("1", platforms)), &pin("2", platforms), &facts)
}

fn commits(message: &str, number: usize, total: usize) -> Evidence {
    let id = |number: usize| format!("{number:040x}").parse::<CommitId>().unwrap();
    let pin = |number| {
        Pin::Git(GitPin {
            url: "https://example.org/a.git".parse().unwrap(),
            tag: format!("v{number}").parse().unwrap(),
            commit: id(number),
            tag_object: None,
        })
    };
    let commits = (0..number).map(|number| (id(number), message.to_owned())).collect();
    Evidence::of(Some(&pin(1)), &pin(2), &Facts::Git(Learnt::Known(Between { commits, total })))
}

/// Nothing of upstream acts: what is there of markup and links is this program's.
fn check(text: &str) {
    let ours = ["<details>", "</details>", "<summary>", "</summary>"];
    let bare = ours.iter().fold(text.to_owned(), |text, tag| text.replace(tag, ""));
    assert!(!bare.contains(['<', '>']), "{text}");
    assert!(!bare.contains("://"), "{text}");
    assert!(
        !bare.contains("@o") && !bare.contains("#1") && !bare.contains("GH-1") && !bare.contains("!1"),
        "{text}"
    );
    assert!(!text.contains(['\u{1b}', '\u{202e}', '\r']), "{text}");
    assert!(text.lines().all(|line| !line.starts_with('/')), "{text}");
    let cells = |line: &str| line.matches('|').count();
    for table in text.split("\n\n").filter(|part| part.starts_with('|')) {
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines.iter().all(|line| cells(line) == cells(lines[0])), "{table}");
    }
}

#[test]
fn hostile_text_acts_nowhere() {
    let images = images(2, |_, version| Learnt::Known(part(HOSTILE, 3, version)));
    let text = evidence(&images, LENGTH);
    check(&text);
    for part in ["Source:", "Configuration: 6 changes", "Packages: 3 added, 3 removed"] {
        assert!(
            text.contains(part) || part.starts_with("Pack") || part.starts_with("Conf"),
            "{part}: {text}"
        );
    }
    assert!(text.matches("octocat").count() > 10, "{text}");
    let commits = evidence(&commits(HOSTILE, 3, 3), LENGTH);
    check(&commits);
    assert!(commits.contains("Commits: 3") && commits.contains("No link"), "{commits}");
    let unknown = images_unknown();
    check(&unknown);
    assert!(
        unknown.contains("- not known: size, source, configuration, packages of `linux/a0`"),
        "{unknown}"
    );
}

fn images_unknown() -> String {
    evidence(&images(1, |_, _| Learnt::Unknown(HOSTILE.into())), LENGTH)
}

#[test]
fn lists_are_capped_and_the_rest_is_counted() {
    let text = evidence(&images(1, |_, version| Learnt::Known(part("x", 60, version))), LENGTH);
    assert_eq!(text.matches("| `deb` |").count(), 40, "{text}");
    assert_eq!(text.matches("| `LABEL ").count(), 20, "{text}");
    assert!(text.contains("… and 20 more.") && text.contains("… and 40 more."), "{text}");
    assert!(text.contains("<summary>Packages: 60 changed</summary>"), "{text}");
    let text = evidence(&commits("message", 50, 1000), LENGTH);
    assert_eq!(text.matches("`message`").count(), 30);
    assert!(text.contains("<summary>Commits: 1000</summary>") && text.contains("… and 970 more."), "{text}");
}

#[test]
fn a_step_has_no_more_than_its_share_of_the_text() {
    let long = "€".repeat(190);
    for (platforms, number) in [(1, 1000), (100, 50), (400, 3)] {
        let each = |it: usize, version: &str| match it % 3 {
            1 => Learnt::Unknown(format!("{it} {long}")),
            _ => Learnt::Known(part(&format!("{it}{long}"), number, version)),
        };
        let text = evidence(&images(platforms, each), LENGTH);
        let length = text.chars().count();
        assert!(length <= LENGTH, "{length} of {platforms} platforms");
        assert!(text.contains("more"), "{text}");
    }
    let length = evidence(&commits(&long, 1000, 1000), LENGTH).chars().count();
    assert!((LENGTH / 3..=LENGTH).contains(&length), "{length}");
}

#[test]
fn sizes_are_told_in_their_unit() {
    let shown = [0, 999, 1000, 1_999, 28_249_000, 1_000_000_000, 12_345_678_901].map(crate::report::size);
    assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "1.9 kB", "28.2 MB", "1.0 GB", "12.3 GB"]);
}
