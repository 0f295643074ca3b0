use super::*;
use crate::scan::checks::{pinned, shown};

fn found(text: &str) -> Vec<String> {
    shown(text, &scan(text))
}

/// A resource of a kind with these lines.
fn of_kind(kind: &str, lines: &str) -> Vec<String> {
    found(&format!("apiVersion: v1\nkind: {kind}\n{lines}\n"))
}

#[test]
fn containers_anywhere() {
    let pod = "spec:\n  containers:\n  - image: redis\n  - {name: x, image: 'a/b:1'}\n  initContainers:\n  - image: init:1\n  \
               ephemeralContainers: [{image: debug}]\n  volumes:\n  - image: {reference: data:1}\n  - name: x\n";
    let images =
        ["redis = redis +", "a/b:1 = a/b:1 +", "init:1 = init:1 +", "debug = debug +", "data:1 = data:1 +"];
    assert_eq!(of_kind("Pod", pod), images);
    let indented = pod.replace('\n', "\n    ");
    assert_eq!(of_kind("Deployment", &format!("spec:\n  template:\n    {indented}")), images);
    assert_eq!(
        of_kind("List", &format!("items:\n- apiVersion: v1\n  kind: Pod\n  {}", pod.replace('\n', "\n  "))),
        images
    );
}

#[test]
fn what_is_no_manifest_names_nothing() {
    let pod = "spec: {containers: [{image: a:1}]}\n";
    assert!(found(&format!("kind: Pod\n{pod}")).is_empty());
    assert!(found(&format!("apiVersion: v1\n{pod}# kind\n")).is_empty());
    assert!(found(&format!("apiVersion: v1\nkind: [Pod]\n{pod}")).is_empty());
    assert_eq!(found(&format!("{pod}---\napiVersion: v1\nkind: Pod\n{pod}---\n{pod}")).len(), 1);
    assert!(scan("image: [\n").unread.is_empty());
    assert!(scan("image: !!binary [\n").unread.is_empty());
}

#[test]
fn images_of_other_resources() {
    for (lines, expected) in [
        ("spec: {image: quay.io/a/b:1}", vec!["quay.io/a/b:1 = quay.io/a/b:1 +"]),
        ("spec: {steps: [{image: alpine:3}]}", vec!["alpine:3 = alpine:3 +"]),
        ("spec: {image: text}", vec![]),
        ("spec: {image: /dev/sda}", vec![]),
        ("spec: {image: https://example.org/a.png}", vec![]),
        ("spec: {images: a:1, imageTag: b:1}", vec![]),
        ("spec: {image: {repository: a/b, tag: v1}}", vec!["v1 = a/b:v1 +"]),
        ("spec: {image: {repository: a/b, tag: v1, digest: sha256:ab}}", vec!["v1 = a/b:v1@sha256:ab +"]),
        ("spec: {image: {repository: a/b}}", vec![]),
        ("metadata: {annotations: {image: a/b:1}}", vec![]),
        ("spec: {containers: [{image: '$(IMAGE)'}]}", vec!["$(IMAGE) = template $(IMAGE)"]),
        ("spec: {containers: [{image: 'a:${TAG}'}]}", vec!["a:${TAG} = template a:${TAG}"]),
        ("spec: {image: '{{ image }}'}", vec!["{{ image }} = template {{ image }}"]),
        ("spec: {containers: [{image: ''}, {image: ~}, {image: [x]}, {}, x]}", vec![]),
        ("spec: {containers: [{image: a:1, image: b:1}]}", vec!["a:1 = a:1 +", "b:1 = b:1 +"]),
    ] {
        assert_eq!(of_kind("Thing", lines), expected, "{lines}");
    }
}

#[test]
fn data_is_not_looked_into() {
    for (kind, lines) in [
        ("ConfigMap", "data: {image: a/b:1}"),
        ("Secret", "stringData: {image: a/b:1}"),
        ("CustomResourceDefinition", "spec: {image: a/b:1}"),
        ("ConfigMap", "data:\n  x: |\n    image: a/b:1"),
    ] {
        assert!(of_kind(kind, lines).is_empty(), "{kind}");
    }
    let list = "items:\n- {apiVersion: v1, kind: ConfigMap, data: {image: a/b:1}}\n- {apiVersion: v1, kind: X, data: {image: c/d:1}}\n";
    assert_eq!(of_kind("List", list), ["c/d:1 = c/d:1 +"]);
}

#[test]
fn values_of_charts() {
    let values = "{image: {repository: a, tag: v1}, sidecarImage: b/c:1, plain: {image: redis}}";
    let expected = ["v1 = a:v1 +", "b/c:1 = b/c:1 +"];
    assert_eq!(of_kind("HelmRelease", &format!("spec: {{values: {values}}}")), expected);
    let scan = scan(&format!("apiVersion: v1\nkind: HelmRelease\nspec: {{values: {values}}}"));
    assert!(scan.references.iter().all(|found| found.kind == Kind::HelmValues));
    assert_eq!(
        of_kind("Application", &format!("spec: {{source: {{helm: {{valuesObject: {values}}}}}}}")),
        expected
    );
}

#[test]
fn an_anchor_hides_nothing_and_is_found_once() {
    let lines = "metadata: {x: &c [{image: redis}]}\nspec:\n  containers: *c\n  more: {containers: *c}\n";
    assert_eq!(of_kind("Pod", lines), ["redis = redis +"]);
    let lines = "metadata: {x: &t {spec: {containers: [{image: redis}]}}}\nspec: {template: *t}\n";
    assert_eq!(of_kind("Deployment", lines), ["redis = redis +"]);
    let lines = "x: &i redis\nspec: {containers: [{image: *i}, {<<: {image: merged}}]}\n";
    assert_eq!(of_kind("Pod", lines), ["redis = redis +", "merged = merged +"]);
}

#[test]
fn escapes_hide_nothing() {
    let text =
        "\"api\\x56ersion\": v1\n\"\\x6bind\": Pod\nspec: {\"c\\u006fntainers\": [{\"\\x69mage\": a:1}]}\n";
    assert_eq!(found(text), ["a:1 = a:1 +"]);
    let text = "apiVersion: v1\nkind: Pod\nspec: {image: !!binary YTox}\n";
    assert_eq!(scan(text).unread.len(), 1);
}

#[test]
fn json_is_yaml() {
    let text = "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\",\n\t\"spec\": {\n\t\t\"containers\": [\n\t\t\t{\"image\": \"docker.io\\/a:1\"},\n\t\t\t{\"image\": \"b:1\"}\n\t\t]\n\t}\n}\n";
    assert_eq!(found(text), ["\"docker.io\\/a:1\" = docker.io/a:1", "b:1 = b:1 +"]);
    assert_eq!(scan_json(text), scan(text));
    assert_eq!(scan_json(&text.replace("kind", "kin\\u0064")).references.len(), 2);
    assert_eq!(scan_json(&text.replace("\"kind\"", "\"a kind of\"")), Scan::default());
}

#[test]
fn a_digest_is_written_and_taken_back() {
    let text = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: a:1 # x\n";
    assert_eq!(pinned(text, scan), text.replace("a:1", "a:1@DIGEST"));
}

#[test]
fn a_template_is_read_by_its_lines() {
    let text =
        "apiVersion: v1\nkind: Pod\nspec:\n  {{ if x }}\n  containers:\n  - image: a/b:1\n  {{ end }}\n";
    let scan = scan(text);
    assert_eq!(shown(text, &scan), ["a/b:1 = a/b:1 +"]);
    assert_eq!(scan.unread.len(), 1);
}

#[test]
fn what_skaffold_builds_is_no_input() {
    assert!(
        found("apiVersion: skaffold/v4beta6\nkind: Config\nbuild: {artifacts: [{image: ghcr.io/a/b}]}\n")
            .is_empty()
    );
}

#[test]
fn a_mistake_is_said() {
    let text = "apiVersion: v1\nkind: Pod\nspec: {image: a/b:1\n---\napiVersion: v1\nkind: Pod\nspec: {image: a/c:1}\n";
    let scan = scan(text);
    assert_eq!(shown(text, &scan), ["a/c:1 = a/c:1 +"]);
    assert_eq!(scan.unread.len(), 1);
}
