use super::*;
use crate::scan::checks::{pinned, shown};

fn found(text: &str) -> Vec<String> {
    shown(text, &scan(text))
}

/// A file with one service whose image is `image`.
fn of_image(image: &str) -> Vec<String> {
    found(&format!("services:\n  a:\n    image: {image}\n"))
}

#[test]
fn images_of_services() {
    for (image, expected) in [
        ("redis:7", vec!["redis:7 = redis:7 +"]),
        ("'redis:7' # why", vec!["redis:7 = redis:7 +"]),
        ("\"redis\"", vec!["redis = redis +"]),
        (">-\n      redis:7", vec!["redis:7 = redis:7 +"]),
        ("|\n      redis:7\n", vec!["redis:7 = redis:7 +"]),
        ("\"re\\x64is:7\"", vec!["\"re\\x64is:7\" = redis:7"]),
        ("redis:7@sha256:ab", vec!["redis:7@sha256:ab = redis:7@sha256:ab +"]),
        ("!!str redis:7", vec!["redis:7 = redis:7 +"]),
        ("", vec![]),
        ("~", vec![]),
        ("''", vec![]),
        ("[redis]", vec![]),
    ] {
        assert_eq!(of_image(image), expected, "{image}");
    }
}

#[test]
fn variables_have_the_defaults_of_the_file() {
    for (image, expected) in [
        ("redis:${TAG:-7.2}", "redis:${TAG:-7.2} = redis:7.2 +"),
        ("redis:${TAG-7.2}-alpine", "redis:${TAG-7.2}-alpine = redis:7.2-alpine +"),
        ("redis:${A:-${B:-7}.2}", "redis:${A:-${B:-7}.2} = redis:7.2 +"),
        ("\"${REGISTRY:-}redis:7\"", "${REGISTRY:-}redis:7 = redis:7 +"),
        ("${IMAGE:-redis:7@sha256:ab}", "${IMAGE:-redis:7@sha256:ab} = redis:7@sha256:ab +"),
        ("redis:7@${DIGEST:-sha256:ab}", "redis:7@${DIGEST:-sha256:ab} = redis:7@sha256:ab"),
        ("redis:7${X:+-alpine}", "redis:7${X:+-alpine} = redis:7 +"),
        ("redis:$TAG", "redis:$TAG = argument TAG false"),
        ("$IMAGE", "$IMAGE = argument IMAGE true"),
        ("${IMAGE}", "${IMAGE} = argument IMAGE true"),
        ("redis:${TAG:?must be set}", "redis:${TAG:?must be set} = argument TAG false"),
        ("redis:${A:-$B}", "redis:${A:-$B} = argument B false"),
        ("redis:$$x", "redis:$$x = redis:$x +"),
        ("redis:${TAG", "redis:${TAG = Malformed(\"redis:${TAG\")"),
        ("redis:${1}", "redis:${1} = Malformed(\"redis:${1}\")"),
        ("redis:$", "redis:$ = Malformed(\"redis:$\")"),
    ] {
        assert_eq!(of_image(image), [expected], "{image}");
    }
    let deep = format!("\"{}{}\"", "${A:-".repeat(5000), "}".repeat(5000));
    assert!(of_image(&deep)[0].contains("Malformed"));
}

#[test]
fn a_default_is_shared_and_can_be_rewritten() {
    let text = "services: {a: {image: 'redis:${TAG:-7.2}'}}";
    let scan = scan(text);
    let Ok(Input::Image(image)) = &scan.references[0].input else { panic!("{scan:?}") };
    let at = text.find("7.2").unwrap();
    assert_eq!(
        image.tag.as_ref().unwrap().pieces,
        [Piece { length: 3, span: Some(at..at + 3), shared: true }]
    );
}

#[test]
fn a_digest_is_written_and_taken_back() {
    for (image, expected) in [
        ("redis:7 # why", "redis:7@DIGEST # why"),
        ("'redis:7'", "'redis:7@DIGEST'"),
        ("\"redis\"", "\"redis@DIGEST\""),
        ("redis:${TAG:-7}", "redis:${TAG:-7}@DIGEST"),
        ("${IMAGE:-redis:7}", "${IMAGE:-redis:7@DIGEST}"),
        (">-\n      redis:7\n", ">-\n      redis:7@DIGEST\n"),
    ] {
        let file = |image: &str| format!("services:\n  a:\n    image: {image}\n");
        assert_eq!(pinned(&file(image), scan), file(expected));
    }
}

#[test]
fn what_is_built_here_is_an_output() {
    let text = "services:\n  a:\n    image: ours:${V:-1}\n    build: {context: ./a, tags: [other:1]}\n  b: {image: ours:1}\n  \
                c: {image: x:1, provider: {type: y}}\n  d: {build: ~, image: d:1}\n";
    let scan = scan(text);
    let outputs: Vec<_> = scan.outputs.iter().map(|output| output.name.as_str()).collect();
    assert_eq!(outputs, ["ours:1", "other:1"]);
    assert_eq!(shown(text, &scan), ["ours:1 = ours:1 +", "d:1 = d:1 +"]);
}

#[test]
fn each_place_once_through_anchors() {
    let text = "x-base: &base\n  image: &image redis:7\nx-unused: {image: none:1}\nservices:\n  a: *base\n  \
                b: {<<: *base}\n  c: {<<: *base, image: own:1}\n  d: {image: *image}\n";
    assert_eq!(found(text), ["redis:7 = redis:7 +", "own:1 = own:1 +"]);
    assert_eq!(found("services: {a: {image: a:1, image: b:1}}").len(), 2, "a repeated key hides nothing");
    assert_eq!(found("services: {a: {image: a:1}}\n---\nservices: {b: {image: b:1}}\n").len(), 2);
}

#[test]
fn volumes_of_images() {
    let text = "services:\n  a:\n    image: a:1\n    volumes:\n      - x:/y\n      - {type: image, source: data:1, target: /x}\n      \
                - {type: volume, source: z}\n";
    assert_eq!(found(text), ["a:1 = a:1 +", "data:1 = data:1 +"]);
}

#[test]
fn contexts() {
    let text = "services:\n  a:\n    build:\n      context: .\n      additional_contexts:\n        \
                x: docker-image://alpine:3.20\n        y: ../y\n        z: service:b\n        \
                g: https://github.com/a/b.git#v1:sub\n  b:\n    build:\n      context: .\n      additional_contexts:\n        \
                - x=docker-image://alpine:${V:-3}\n        - y=./y\n  c:\n    build: https://github.com/a/c.git#main\n  \
                d:\n    build: git@github.com:a/d.git\n";
    let scan = scan(text);
    let lines = shown(text, &scan);
    assert_eq!(lines[0], "alpine:3.20 = alpine:3.20 +");
    assert!(lines[1].starts_with(
        "https://github.com/a/b.git#v1:sub = Git(GitInput { url: \"https://github.com/a/b.git\""
    ));
    assert!(lines[1].contains("text: \"v1\""));
    assert_eq!(lines[2], "alpine:${V:-3} = alpine:3 +");
    assert!(lines[3].contains("text: \"main\"") && lines[4].contains("revision: None"));
    assert_eq!(lines.len(), 5);
    assert_eq!(scan.builds.len(), 2, "a remote context has no Dockerfile here");
}

#[test]
fn builds() {
    let text = "services:\n  a: {build: ./a}\n  b:\n    build:\n      context: ../b/\n      dockerfile: docker/Dockerfile.b\n      \
                args:\n        BASE: \"node:20\"\n        EMPTY: ''\n        ENV:\n        TAG: ${TAG}\n        N: 1.20\n      \
                platforms: [linux/amd64, linux/arm64]\n  c:\n    build:\n      args: ['BASE=node:${V:-20}', ENV]\n";
    let scan = scan(text);
    let builds: Vec<_> = scan.builds.iter().map(|build| build.dockerfile.as_str()).collect();
    assert_eq!(builds, ["a/Dockerfile", "../b/docker/Dockerfile.b", "Dockerfile"]);
    let arguments = |at: usize| -> Vec<(&str, &str)> {
        let arguments = &scan.builds[at].arguments;
        arguments.iter().map(|(name, value)| (name.as_str(), value.text.as_str())).collect()
    };
    assert_eq!(arguments(1), [("BASE", "node:20"), ("EMPTY", ""), ("TAG", "${TAG}"), ("N", "1.20")]);
    assert_eq!(arguments(2), [("BASE", "node:20")]);
    assert_eq!(
        scan.builds[1].arguments[2].1.pieces[0].span, None,
        "what the environment decides cannot be rewritten"
    );
    assert_eq!(scan.builds[1].platforms, ["linux/amd64", "linux/arm64"]);
    assert!(scan.references.is_empty());
}

#[test]
fn an_inline_dockerfile() {
    let text = "services:\n  a:\n    build:\n      args: {N: '20'}\n      dockerfile_inline: |\n        ARG N=18\n        FROM \
                alpine:3 AS base\n        FROM node:$${N}\n        FROM debian:${V:-12}\n        COPY --from=busybox:1 /x /\n";
    let found = scan(text);
    assert!(found.unread.is_empty() && found.builds.is_empty());
    let lines = shown(text, &found);
    assert_eq!(lines[0], "alpine:3 = alpine:3 +");
    assert!(lines[1].ends_with("= node:20 +"), "{lines:?}");
    assert!(lines[2].contains("= debian:12"), "{lines:?}");
    assert_eq!(lines[3], "busybox:1 = busybox:1 +");
    assert_eq!(pinned(text, scan), text.replace("alpine:3", "alpine:3@DIGEST"));
    let folded = "services: {a: {build: {dockerfile_inline: \"FROM alpine:3\\nRUN x\\n\"}}}";
    let found = scan(folded);
    assert_eq!(shown(folded, &found), ["\"FROM alpine:3\\nRUN x\\n\" = alpine:3"], "not spelled: no room");
}
