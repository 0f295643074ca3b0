use std::ops::Range;

use proptest::prelude::*;

use super::*;

fn shown(text: &str) -> Vec<String> {
    let found = scan(text);
    check(text, &found);
    let one = |reference: &Reference| match &reference.input {
        Ok(Input::Image(image)) => {
            let tag = image.tag.as_ref().map_or("-".to_owned(), |tag| {
                let shared = tag.pieces.iter().any(|piece| piece.shared);
                format!("{}{}", tag.text, if shared { " (shared)" } else { "" })
            });
            let site = image.digest_site.as_ref().map(|site| &text[site.span.start - 1..site.span.end]);
            format!("{} {tag} {}", image.repository, site.unwrap_or("-"))
        }
        Err(Unresolved::Argument { name, alone }) => format!("argument {name} {alone}"),
        Err(Unresolved::Template(source)) => format!("template {source}"),
        other => format!("{other:?}"),
    };
    found.references.iter().map(one).collect()
}

fn check(text: &str, found: &Scan) {
    let inside = |span: &Range<usize>| assert!(text.get(span.clone()).is_some(), "{span:?}");
    for reference in &found.references {
        inside(&reference.span);
        if let Ok(Input::Image(image)) = &reference.input {
            image.digest_site.iter().for_each(|site| inside(&site.span));
            let Some(tag) = &image.tag else { continue };
            let mut at = 0;
            for piece in &tag.pieces {
                assert!(
                    piece
                        .span
                        .clone()
                        .is_none_or(|span| text.get(span) == tag.text.get(at..at + piece.length))
                );
                at += piece.length;
            }
            assert_eq!(at, tag.text.len());
        }
    }
    found.outputs.iter().for_each(|output| inside(&output.span));
}

const PIPELINE: &str = "image: ruby:3.3
variables:
  NODE: '22'
  FULL: ghcr.io/acme/tool:${NODE}
  LOOP: $LOOP
  ALONE: debian:12
  DESCRIBED: {value: '1.2', description: x}
default:
  image:
    name: alpine:3.20@sha256:00
    entrypoint: ['']
  services:
    - postgres:16
    - name: \"redis:$DESCRIBED\"
      alias: r
.hidden:
  image: node:$NODE-slim
job:
  extends: .hidden
  variables: {NODE: \"20\"}
  image: node:${NODE}
full: {image: $FULL}
alone: {image: $ALONE}
own: {image: \"$CI_REGISTRY_IMAGE/app:1\"}
given: {image: \"a:$CI_COMMIT_SHA\"}
unset: {image: \"$UNSET\"}
unset-tag: {image: \"a:$UNSET\"}
loop: {image: \"$LOOP\"}
proxied: {image: \"${CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX}/alpine:3.19\"}
referenced:
  image: !reference [.hidden, image]
  services:
    - !reference [.hidden, services]
  script:
    - !reference [.hidden, script]
input: {image: \"a:$[[ inputs.tag ]]\"}
include:
  - component: $CI_SERVER_FQDN/a/b@1
";

#[test]
fn images_and_services() {
    assert_eq!(
        shown(PIPELINE),
        [
            "ruby 3.3 3",
            "alpine 3.20 0@sha256:00",
            "postgres 16 6",
            "redis 1.2 (shared) D",
            "node 22-slim (shared) m",
            "node 20 (shared) }",
            "ghcr.io/acme/tool 22 (shared) L",
            "debian 12 (shared) 2",
            "template $CI_REGISTRY_IMAGE/app:1, in this project's own registry",
            "template a:$CI_COMMIT_SHA",
            "argument UNSET true",
            "argument UNSET false",
            "template $LOOP",
            "alpine 3.19 9",
            "template a:$[[ inputs.tag ]]",
        ]
    );
}

#[test]
fn scripts_name_what_is_built() {
    let text = "variables: {REG: quay.io/acme}
before_script: [\"docker build -t $REG/a:1 .\"]
job:
  before_script: docker push $REG/b:$CI_COMMIT_SHA
  script:
    - docker push $CI_REGISTRY_IMAGE:1
    - |
      set -e
      docker push x/y:2
    - [\"docker push z\"]
";
    let found = scan(text);
    check(text, &found);
    let names: Vec<&str> = found.outputs.iter().map(|output| output.name.as_str()).collect();
    assert_eq!(names, ["quay.io/acme/a:1", "quay.io/acme/b", "x/y:2"]);
    assert_eq!(&text[found.outputs[2].span.clone()], "x/y:2");
}

#[test]
fn hostile_files_end() {
    let wide: String =
        (0..9).map(|i| format!("  V{i}: \"{}\"\n", format!("$V{}", i + 1).repeat(200))).collect();
    for text in [
        format!("variables:\n{wide}  V9: ''\nimage: $V0\n"),
        format!("image: '{}'", "$".repeat(500_000)),
        format!("image: '{}'", "${".repeat(500_000)),
        format!("variables: {{A: b}}\nimage: '{}'", "$A".repeat(300_000)),
        format!("variables: {{{}}}\n{}", "A: b,".repeat(5_000), "a: {image: $A}\n".repeat(5_000)),
    ] {
        let start = std::time::Instant::now();
        scan(&text);
        assert!(start.elapsed().as_secs() < 300, "{:?} {:?}", start.elapsed(), &text[..40]);
    }
}

const SEEDS: &[&str] = &[
    "image: ",
    "services:\n",
    "  - ",
    "a:\n",
    "  ",
    "name: ",
    "variables:\n",
    "  V: é1\n",
    "$V",
    "${V}",
    "$",
    "${",
    "}",
    "é",
    "'",
    "\"",
    "\n",
    "\r\n",
    "script: ",
    "docker push ",
    "!reference [a, b]",
    "&a ",
    "*a",
    "<<: *a\n",
    "---\n",
    "alpine:3@sha256:00",
    "|\n",
    "$[[ x ]]",
    "{",
    ",",
    "$CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX",
    "/",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn spans_are_inside_the_text(parts in proptest::collection::vec(proptest::sample::select(SEEDS), 0..24)) {
        let text = parts.concat();
        check(&text, &scan(&text));
    }

    #[test]
    fn mutated_files_do_no_harm(at in 0usize..1200, with in proptest::sample::select(SEEDS), cut in 0usize..20) {
        let text = format!("{}{with}{}", &PIPELINE[..at.min(PIPELINE.len())], &PIPELINE[(at + cut).min(PIPELINE.len())..]);
        check(&text, &scan(&text));
    }
}
