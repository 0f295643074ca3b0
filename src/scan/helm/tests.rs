use super::*;
use crate::scan::checks::{pinned, shown};

fn found(text: &str) -> Vec<String> {
    shown(text, &scan(text))
}

#[test]
fn images_as_their_parts() {
    let decides = "elsewhere the chart's appVersion decides its tag";
    for (text, expected) in [
        ("image: {repository: nginx, tag: 1.20}", vec!["1.20 = nginx:1.20 +".to_owned()]),
        (
            "image: {registry: docker.io, repository: bitnami/redis, tag: '7'}",
            vec!["7 = docker.io/bitnami/redis:7 +".into()],
        ),
        ("image: {repository: nginx, tag: '1', digest: 'sha256:ab'}", vec!["1 = nginx:1@sha256:ab +".into()]),
        ("image: {repository: nginx, digest: sha256:ab}", vec!["sha256:ab = nginx@sha256:ab +".into()]),
        ("image: {repository: nginx, tag: ''}", vec![format!("nginx = {decides}")]),
        ("image:\n  repository: nginx\n  tag:\n", vec![format!("nginx = {decides}")]),
        ("image: {repository: a/b, registry: ''}", vec![format!("a/b = {decides}")]),
        ("image: {registry: x.example, repository: 'a/b:1'}", vec!["a/b:1 = x.example/a/b:1 +".into()]),
        ("image: {repository: nginx, tag: '1', sha: abcd}", vec!["1 = nginx:1@sha256:abcd".into()]),
        ("image: {repository: nginx, tag: '1', sha: ''}", vec!["1 = nginx:1 +".into()]),
        ("image: {registry: x.example, image: a/b, tag: v1}", vec!["v1 = x.example/a/b:v1 +".into()]),
        ("initImage: {name: a/b, tag: v1}", vec!["v1 = a/b:v1 +".into()]),
        ("other: {name: a/b, tag: v1}", vec![]),
        ("image: {repository: '{{ .Values.x }}', tag: v1}", vec!["v1 = template {{ .Values.x }}:v1".into()]),
        ("image: {repository: nginx}", vec![format!("nginx = {decides}")]),
        ("image: {repository: 'nginx:1.20'}", vec!["nginx:1.20 = nginx:1.20 +".into()]),
        ("chart: {repository: nginx}", vec![]),
        ("git: {repository: 'https://github.com/a/b', tag: v1}", vec![]),
        (
            "images: [{repository: a, tag: v1}, {repository: b, tag: v1}]",
            vec!["v1 = a:v1 +".into(), "v1 = b:v1 +".into()],
        ),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn images_as_one_text() {
    for (text, expected) in [
        ("image: redis:7", vec!["redis:7 = redis:7 +"]),
        ("sidecarImage: 'ghcr.io/a/b'", vec!["ghcr.io/a/b = ghcr.io/a/b +"]),
        ("image: {image: redis:7, tag: x}", vec!["redis:7 = redis:7 +"]),
        ("image: redis", vec![]),
        ("image: '{{ .Values.a }}'", vec!["{{ .Values.a }} = template {{ .Values.a }}"]),
        ("images: redis:7", vec![]),
        ("backgroundImage: assets/a.png", vec![]),
        ("image: https://example.org/a.png", vec![]),
        ("a: {b: [{image: a/b:1}]}", vec!["a/b:1 = a/b:1 +"]),
        ("image: [a/b:1]", vec!["a/b:1 = a/b:1 +"]),
    ] {
        assert_eq!(found(text), expected, "{text}");
    }
}

#[test]
fn a_digest_is_written_and_taken_back() {
    for (text, expected) in [
        ("image: {repository: a, tag: v1}", "image: {repository: a, tag: v1@DIGEST}"),
        (
            "image:\n  repository: a\n  tag: \"v1\" # x\n",
            "image:\n  repository: a\n  tag: \"v1@DIGEST\" # x\n",
        ),
        (
            "image:\n  digest: \"\"\n  repository: a\n  tag: v1\n",
            "image:\n  digest: \"DIGEST\"\n  repository: a\n  tag: v1\n",
        ),
        (
            "image:\n  digest: ''\n  repository: a\n  tag: v1\n",
            "image:\n  digest: 'DIGEST'\n  repository: a\n  tag: v1\n",
        ),
        (
            "image:\n  digest:\n  repository: a\n  tag: v1\n",
            "image:\n  digest: DIGEST\n  repository: a\n  tag: v1\n",
        ),
        (
            "image:\n  digest: # x\n  repository: a\n  tag: v1\n",
            "image:\n  digest: DIGEST # x\n  repository: a\n  tag: v1\n",
        ),
        (
            "image:\n  digest:  \r\n  repository: a\n  tag: v1\n",
            "image:\n  digest: DIGEST  \r\n  repository: a\n  tag: v1\n",
        ),
        (
            "image:\n  digest: ~\n  repository: a\n  tag: v1\n",
            "image:\n  digest: ~\n  repository: a\n  tag: v1@DIGEST\n",
        ),
        (
            "image:\n  digest: &d\n  repository: a\n  tag: v1\n",
            "image:\n  digest: &d\n  repository: a\n  tag: v1@DIGEST\n",
        ),
        (
            "{\"image\": {\"repository\": \"a\", \"tag\": \"v1\"}}",
            "{\"image\": {\"repository\": \"a\", \"tag\": \"v1@DIGEST\"}}",
        ),
        ("image:\n  digest: sha256:ab\n  repository: a\n", "image:\n  digest: DIGEST\n  repository: a\n"),
        ("image: a/b:1", "image: a/b:1@DIGEST"),
    ] {
        assert_eq!(pinned(text, scan), expected);
    }
}

#[test]
fn a_tag_of_several_images_has_no_digest_behind_it() {
    let text =
        "v: &v v1\na: {repository: a, tag: *v}\nb: {repository: b, tag: *v}\nc: {repository: c, tag: v2}\n";
    assert_eq!(found(text), ["a = a:v1", "b = b:v1", "v2 = c:v2 +"]);
    let text =
        "x: &x {repository: a, tag: v1}\ny: *x\nz: {<<: *x, pullPolicy: Always}\nw: {<<: *x, tag: v2}\n";
    assert_eq!(found(text), ["v1 = a:v1 +", "v2 = a:v2 +"]);
}
