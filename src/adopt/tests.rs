//! Adoption, on files as they are scanned.

use std::collections::BTreeSet;

use super::ci::{Forge, job};
use super::*;
use crate::document::SourceFile;
use crate::lock::Lock;
use crate::model::{ImagePin, MediaType, Platform};
use crate::scan::{GitInput, ImageInput, Input, Kind, Output, Reference, Scan, Spelled, yaml};

/// A reference as it is written: `repository:tag@digest`, or `https://…#tag@commit`.
fn reference(text: &str) -> Reference {
    let (name, content) = match text.split_once('@') {
        Some((name, content)) => (name, Some(content.to_owned())),
        None => (text, None),
    };
    let spelled = |text: &str| Some(Spelled::literal(text, 0..text.len()));
    let input = match name.split_once('#') {
        Some((url, tag)) => {
            Input::Git(GitInput { url: url.into(), revision: spelled(tag), commit: content, site: None })
        }
        None => {
            let (repository, tag) = name.rsplit_once(':').unwrap_or((name, ""));
            let tag = (!tag.is_empty()).then(|| spelled(tag)).flatten();
            Input::Image(ImageInput {
                repository: repository.into(),
                tag,
                digest: content,
                digest_site: None,
            })
        }
    };
    Reference { kind: Kind::From, span: 0..1, input: Ok(input) }
}

/// `path reference reference …`, and after `>` what is built.
fn survey(files: &[&str]) -> Survey {
    let mut survey = Survey::default();
    for file in files {
        let (taken, made) = file.split_once(" > ").unwrap_or((file, ""));
        let mut words = taken.split(' ');
        let source = SourceFile::new(words.next().unwrap(), "x");
        let output = |name: &str| Output { name: name.into(), span: 0..1 };
        let scan = Scan {
            references: words.map(reference).collect(),
            outputs: made.split_whitespace().map(output).collect(),
            ..Scan::default()
        };
        survey.take(&source, &scan);
    }
    survey
}

/// `name track paths` of each proposal.
fn proposed(files: &[&str]) -> Vec<String> {
    let proposals = proposals(&survey(files));
    let shown = |pin: &Proposal| format!("{} {} {}", pin.name, pin.track, pin.paths.join(","));
    proposals.iter().map(|pin| shown(pin).trim_end().to_owned()).collect()
}

#[test]
fn a_pin_is_called_as_its_image_and_follows_the_shape_of_its_tag() {
    for (files, expected) in [
        (vec!["a rust:1.88-slim-bookworm"], vec!["rust {major}.{minor}-slim-bookworm"]),
        (vec!["a docker.io/library/rust:1.88", "b rust:1.88"], vec!["rust {major}.{minor}"]),
        (
            vec!["a bitnami/redis:7.2", "b redis:7.2"],
            vec!["bitnami-redis {major}.{minor}", "redis {major}.{minor}"],
        ),
        (
            vec!["a ghcr.io/x/App_One:1.0 quay.io/x/app.one:1.0 quay.io/y/app.one:1.0"],
            vec!["app-one {major}.{minor}", "y-app-one {major}.{minor}"],
        ),
        (vec!["a quay.io/x/app:1.0 ghcr.io/x/app:1.0"], vec!["app {major}.{minor}", "x-app {major}.{minor}"]),
        (vec!["a https://github.com/Actions/Checkout#v4"], vec!["actions-checkout v{major}"]),
        (vec!["a https://git.example.org/a/b/c.git#v1.2.3"], vec!["b-c v{major}.{minor}.{patch}"]),
        (vec!["a debian:bookworm-slim"], vec!["debian bookworm-slim"]),
        (vec!["a nginx:latest nginx ruby:"], vec![]),
    ] {
        assert_eq!(proposed(&files), expected, "{files:?}");
    }
}

#[test]
fn tracks_of_one_image_are_called_by_what_stays_fixed() {
    let tags = "a rust:1.88-slim-bookworm rust:1.88-alpine rust:1.88";
    assert_eq!(
        proposed(&[tags]),
        [
            "rust {major}.{minor}",
            "rust-alpine {major}.{minor}-alpine",
            "rust-slim-bookworm {major}.{minor}-slim-bookworm"
        ]
    );
    let actions = "a https://github.com/x/y#v4 https://github.com/x/y#v4.1.0";
    assert_eq!(proposed(&[actions]), ["x-y-v4 v{major}", "x-y-v4-1-0 v{major}.{minor}.{patch}"]);
}

#[test]
fn a_lone_major_is_a_line_of_versions() {
    let expected = ["node-20-slim 20-slim", "node-22-slim 22-slim"];
    assert_eq!(proposed(&["a node:20-slim", "b node:22-slim"]), expected);
    assert_eq!(proposed(&["a node:20-slim node:22-slim"]), expected);
}

#[test]
fn versions_in_files_of_their_own_are_told_apart_by_these() {
    assert_eq!(
        proposed(&["a node:20.1-slim", "b/c node:22.1-slim", "d node:22.1-slim"]),
        ["node-20-1-slim {major}.{minor}-slim a", "node-22-1-slim {major}.{minor}-slim b/c,d"]
    );
    let same_file = ["a node:20.1-slim node:22.1-slim", "b node:22.1-slim"];
    let literal = ["node-20-1-slim 20.1-slim", "node-22-1-slim 22.1-slim"];
    assert_eq!(proposed(&same_file), literal);
    assert!(proposals(&survey(&same_file)).iter().all(|pin| pin.narrowed));
    // A path that would be a pattern of other paths.
    assert_eq!(proposed(&["[ab] node:20.1-slim", "c node:22.1-slim"]), literal);
    // A track with a prerelease follows releases too.
    assert_eq!(
        proposed(&["a go:1.24rc2-x", "b go:1.24-x", "c go:1.24-y"]),
        ["go-1-24-x 1.24-x", "go-1-24rc2-x 1.24rc2-x", "go-y {major}.{minor}-y"]
    );
}

#[test]
fn no_two_pins_share_a_build_argument() {
    let files = ["a https://github.com/x/y#v1.0.0 x-y-tag:1.0 x-y-commit:1.0"];
    let names: Vec<String> = proposals(&survey(&files)).iter().map(|pin| pin.name.to_string()).collect();
    let arguments: Vec<String> = names.iter().map(|name| name.replace('-', "_")).collect();
    assert_eq!(names.len(), 3, "{arguments:?}");
    assert!(!(names.contains(&"x-y".to_owned()) && names.contains(&"x-y-tag".to_owned())), "{names:?}");
}

#[test]
fn what_is_built_here_is_no_outside_input() {
    for (files, own, outside) in [
        (vec!["a ghcr.io/acme/app:1.0 > ghcr.io/acme/app:${TAG}"], vec!["ghcr.io/acme/app"], 0),
        (vec!["a app:1.0", "b > app:1.0"], vec!["docker.io/library/app"], 0),
        (vec!["a > ${REGISTRY}/app:1.0"], vec![], 0),
        // Nobody here can have pushed it there.
        (vec!["a postgres:16.2 > postgres:mine"], vec![], 1),
        (vec!["a acme/db:16.2 > acme/db:mine"], vec!["docker.io/acme/db"], 0),
    ] {
        let survey = survey(&files);
        let found: Vec<String> = survey.own().iter().map(ToString::to_string).collect();
        assert_eq!(
            (found, survey.outside().count()),
            (own.iter().map(|own| (*own).to_owned()).collect(), outside),
            "{files:?}"
        );
    }
}

#[test]
fn a_git_tag_of_one_or_two_numbers_moves() {
    for (tag, moves) in
        [("v4", true), ("v4.1", true), ("v4.1.2", false), ("2026-01-01", false), ("20260101", false)]
    {
        let files = [format!("a https://github.com/x/y#{tag}")];
        let proposals = proposals(&survey(&[&files[0]]));
        assert_eq!(proposals[0].is_moving_tag(), moves, "{tag}");
    }
    assert!(!proposals(&survey(&["a rust:1.88"]))[0].is_moving_tag());
}

fn pin(image: &str, platforms: &[&str]) -> ImagePin {
    let digest = crate::model::Digest::sha256(image.as_bytes());
    ImagePin {
        repository: image.parse().unwrap(),
        tag: "1.0".parse().unwrap(),
        digest: digest.clone(),
        media_type: MediaType::OciIndex,
        platforms: platforms.iter().map(|platform| (platform.parse().unwrap(), digest.clone())).collect(),
    }
}

#[test]
fn a_pin_covers_what_is_built_for_as_far_as_there_is_any() {
    let all = ["linux/amd64", "linux/arm64", "linux/s390x"];
    for (has, built_for, expected) in [
        (&all[..], &[][..], &all[..2]),
        (&all[..1], &[], &all[..1]),
        (&all[2..], &[], &all[2..]),
        (&all[..], &["linux/s390x", "linux/riscv64"], &all[2..]),
        (&all[..], &["windows/amd64"], &all[..]),
    ] {
        let mut pin = pin("a", has);
        settle(&mut pin, &built_for.iter().map(|platform| platform.parse().unwrap()).collect());
        let left: Vec<String> = pin.platforms.keys().map(Platform::to_string).collect();
        assert_eq!(left, expected, "{has:?} {built_for:?}");
    }
}

#[test]
fn declarations_are_written_as_a_person_would() {
    let survey = survey(&[
        "a/Dockerfile node:20.1 nginx:1.27 > ghcr.io/acme/app",
        "b/Dockerfile node:22.1 redis:7.2 https://github.com/x/y#v4",
    ]);
    let pins = proposals(&survey);
    let mut lock = Lock::default();
    for (name, platforms) in [
        ("nginx", &["linux/amd64"][..]),
        ("node-20-1", &["linux/amd64", "linux/arm64"]),
        ("node-22-1", &["linux/amd64", "linux/arm64"]),
    ] {
        lock.pins.insert(name.parse().unwrap(), crate::model::Pin::Image(pin("x", platforms)));
    }
    let own: BTreeSet<_> = survey.own();
    let text = Declared { pins: &pins, own: &own, lock: &lock }.text();
    let (_, body) = text.split_once("\n\n").unwrap();
    let expected = r#"[references]
mode = "in-place"
own = ["ghcr.io/acme/app"]

[defaults]
platforms = ["linux/amd64", "linux/arm64"]

[pin.nginx]
image = "docker.io/library/nginx"
track = "{major}.{minor}"
platforms = ["linux/amd64"]

[pin.node-20-1]
image = "docker.io/library/node"
track = "{major}.{minor}"
paths = ["a/Dockerfile"]

[pin.node-22-1]
image = "docker.io/library/node"
track = "{major}.{minor}"
paths = ["b/Dockerfile"]

[pin.redis]
image = "docker.io/library/redis"
track = "{major}.{minor}"

[pin.x-y]
git = "https://github.com/x/y.git"
track = "v{major}"
immutable = false
"#;
    assert_eq!(body, expected);
    let files =
        crate::catalog::Files { pins: Some(SourceFile::new("pins.toml", &text)), ..Default::default() };
    assert_eq!(crate::catalog::parse(&files).unwrap().declarations.len(), 5);
}

#[test]
fn jobs_are_documents_of_their_format() {
    for (forge, has_pipeline, path) in [
        (Forge::Github, false, ".github/workflows/solera-pin.yml"),
        (Forge::Gitlab, false, ".gitlab-ci.yml"),
        (Forge::Gitlab, true, ".gitlab/solera-pin.gitlab-ci.yml"),
    ] {
        let job = job(forge, has_pipeline);
        assert_eq!((job.path, job.note.is_some()), (path, has_pipeline));
        let stream = yaml::parse(&job.text);
        assert_eq!(stream.unread(), []);
        assert!(
            !job.text.contains('@') || job.text.contains(concat!("@v", env!("CARGO_PKG_VERSION"))),
            "{}",
            job.text
        );
        let document = stream.documents().next().unwrap();
        if forge == Forge::Github {
            let permission = |job: &str, what: &str| {
                document
                    .path(&["jobs", job, "permissions", what])
                    .and_then(yaml::Node::text)
                    .map(str::to_owned)
            };
            assert_eq!(permission("verify", "contents").as_deref(), Some("read"));
            assert_eq!(permission("verify", "pull-requests"), None);
            assert_eq!(permission("propose", "pull-requests").as_deref(), Some("write"));
        }
    }
}
