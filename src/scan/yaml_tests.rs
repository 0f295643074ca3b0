//! What holds for every scanner of YAML, whatever it is given.

use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};
use proptest::test_runner::TestCaseError;

use super::checks::true_places;
use super::{Input, Kind, Reference, Scan, Site, scan};

const PATHS: &[&str] = &[
    "compose.yaml",
    "kustomization.yaml",
    "Chart.yaml",
    "values.yaml",
    "templates/a.yaml",
    "k8s/pod.yaml",
    "k8s/pod.json",
];

const WORDS: &[&str] = &[
    "apiVersion: v1\n",
    "kind: Pod\n",
    "kind: HelmRelease\n",
    "spec:\n",
    "containers:\n",
    "- ",
    "  ",
    "    ",
    "image: ",
    "images:\n",
    "name: a\n",
    "newTag: ",
    "newName: b\n",
    "digest: ",
    "digest:\n",
    "repository: ",
    "registry: r.example\n",
    "tag: ",
    "sha: ab\n",
    "values:\n",
    "services:\n",
    "a:\n",
    "build: ",
    "build:\n",
    "context: .\n",
    "args:\n",
    "dockerfile_inline: |\n",
    "FROM a:1\n",
    "additional_contexts:\n",
    "docker-image://",
    "volumes:\n",
    "type: image\n",
    "dependencies:\n",
    "version: ",
    "oci://h/x",
    "redis:7",
    "ghcr.io/a/b",
    "@sha256:ab",
    "${A:-",
    "}",
    "$$",
    "$A",
    "${",
    "'",
    "\"",
    "\\x41",
    "\\",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "é",
    "🦀",
    "#",
    "&a ",
    "*a",
    "<<: *a\n",
    "{",
    "[",
    ", ",
    "]",
    "~",
    "null",
    "!!binary ",
    "!x ",
    ">-\n",
    "|\n",
    "---\n",
    "{{ x }}",
    "{{/*",
    "*/}}",
    "image: {repository: a, tag: ",
    ": ",
    "1.20",
    "metadata:\n",
    "x: &a {image: a/b:1}\n",
];

fn check(text: &str) -> Result<(), TestCaseError> {
    for path in PATHS {
        let found: Scan = scan(path, text);
        true_places(text, &found);
        let spans: Vec<_> = found.references.iter().map(|found| (found.span.start, found.span.end)).collect();
        prop_assert!(spans.is_sorted(), "{:?} in {:?}", spans, text);
        prop_assert_eq!(&found, &scan(path, text));
        // A line of a Dockerfile has rules of its own.
        let ours = found.references.iter().filter(|found| found.kind != Kind::From);
        for site in ours.filter_map(site).filter(|site| site.span.is_empty()) {
            written_and_taken_back(path, text, &site)?;
        }
    }
    Ok(())
}

fn site(found: &Reference) -> Option<Site> {
    match &found.input {
        Ok(Input::Image(image)) => image.digest_site.clone(),
        _ => None,
    }
}

/// What is written into an empty place is found there again, so that it can be taken back.
fn written_and_taken_back(path: &str, text: &str, site: &Site) -> Result<(), TestCaseError> {
    let at = site.span.start;
    let value = format!("{}sha256:{}", site.prefix, "a".repeat(64));
    let written = format!("{}{value}{}", &text[..at], &text[at..]);
    let again = scan(path, &written);
    let place = Some(Site { span: at..at + value.len(), prefix: site.prefix });
    let found = again.references.iter().any(|found| self::site(found) == place);
    prop_assert!(found, "{:?} in {:?}: {:#?}", site, written, again);
    Ok(())
}

proptest! {
    #[test]
    fn words_in_any_order(words in prop::collection::vec(0..WORDS.len(), 0..60)) {
        check(&words.iter().map(|&word| WORDS[word]).collect::<String>())?;
    }

    #[test]
    fn real_files_with_changes(file in 0..FILES.len(), changes in prop::collection::vec((any::<prop::sample::Index>(), 0..WORDS.len(), 0..4_usize), 0..8)) {
        let mut text = FILES[file].to_owned();
        for (at, word, removed) in changes {
            let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let from = at.index(places.len());
            let to = (from + removed).min(places.len() - 1);
            text.replace_range(places[from]..places[to], WORDS[word]);
        }
        check(&text)?;
    }

    #[test]
    fn any_text(text in "\\PC{0,80}") {
        check(&text)?;
    }
}

#[test]
fn a_hostile_file_costs_little() {
    let n = 2_000;
    let aliases = |value: &str, item: &str| format!("x: &x {value}\ny:\n{}", item.repeat(n));
    let long = format!("'{}'", "a/".repeat(n));
    let inline = |text: &str| format!("services: {{a: {{build: {{dockerfile_inline: '{text}'}}}}}}");
    for text in [
        inline(&"${A".repeat(n * 4)),
        inline(&"${A:-$$".repeat(n)),
        format!("services: {{a: {{image: '{}'}}}}", "${A:-".repeat(n)),
        format!("x: &x {long}\nservices:\n{}", "  a: {image: *x, build: {args: *x}}\n".repeat(n)),
        format!("x: &x [{}]\nservices:\n{}", "a=1,".repeat(n), "  a: {build: {args: *x}}\n".repeat(n)),
        format!(
            "apiVersion: v1\nkind: Pod\n{}",
            aliases(&long, "- {containers: [{image: *x}], image: *x}\n")
        ),
        format!("apiVersion: v1\nkind: Pod\n{}", aliases("[{image: a/b:1}]", "- {containers: *x}\n")),
        aliases(&long, "- {image: {repository: *x, tag: *x, digest: *x}}\n"),
        aliases("{repository: a/b, tag: v1}", "- {<<: *x, image: *x}\n"),
        "{{/*".repeat(n),
        "image: {{ a/b:1\n".repeat(n),
    ] {
        for path in PATHS {
            true_places(&text, &scan(path, &text));
        }
    }
}

const FILES: &[&str] = &[
    "x-base: &base\n  image: redis:7\nservices:\n  a:\n    <<: *base\n  b:\n    image: \"ours:${V:-1}\"\n    build:\n      \
     context: ./b\n      args:\n        BASE: node:${N:-20}\n      additional_contexts:\n        - x=docker-image://alpine:3\n",
    "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM node:${V:-1}\n        RUN x $${Y}\n",
    "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - image: 'a:1'\n  - image: >-\n      b:1\n---\n{\"apiVersion\": \"v1\", \
     \"kind\": \"HelmRelease\", \"spec\": {\"values\": {\"image\": {\"repository\": \"x\", \"tag\": \"v1\"}}}}\n",
    "images:\n- name: a\n  newName: b\n  newTag: v1\n- name: c\n  digest: sha256:ab\n",
    "image:\n  registry: docker.io\n  repository: a/b\n  tag: 1.20 # é\n  digest: \"\"\nsidecarImage: c/d:1\nv: &v 'x'\n\
     e: {repository: f, tag: *v, digest: }\n",
    "apiVersion: v2\ndependencies:\n- name: a\n  repository: oci://x.example/y\n  version: 1.2.3\n",
];
