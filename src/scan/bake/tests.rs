use proptest::prelude::*;

use super::*;
use crate::scan::{Input, Reference, Spelled, Unresolved};

/// A reference, for a table: what it names, where that can be pinned.
fn shown(text: &str, reference: &Reference) -> String {
    let at = |span: &std::ops::Range<usize>| {
        format!("{}‖{}", &text[span.start.saturating_sub(3)..span.start], &text[span.clone()])
    };
    match &reference.input {
        Ok(Input::Image(image)) => format!(
            "image {} tag={} digest={} site={}",
            image.repository,
            image.tag.as_ref().map_or("-", |tag| tag.text.as_str()),
            image.digest.as_deref().unwrap_or("-"),
            image.digest_site.as_ref().map_or("-".into(), |site| at(&site.span)),
        ),
        Ok(Input::Git(git)) => format!(
            "git {} {} {} site={}",
            git.url,
            git.revision.as_ref().map_or("-", |revision| revision.text.as_str()),
            git.commit.as_deref().unwrap_or("-"),
            git.site.as_ref().map_or("-".into(), |site| format!(
                "{} {}",
                &text[site.revision.clone()],
                at(&site.comment.span)
            )),
        ),
        Ok(Input::Fetch(fetch)) => format!("fetch {}", fetch.what),
        Ok(other) => format!("{other:?}"),
        Err(Unresolved::Argument { name, alone }) => format!("argument {name} {alone}"),
        Err(Unresolved::Template(source)) => format!("template {source}"),
        Err(Unresolved::Malformed(source)) => format!("malformed {source}"),
        Err(other) => format!("{other:?}"),
    }
}

fn references(text: &str, scan: &Scan) -> Vec<String> {
    scan.references.iter().map(|reference| shown(text, reference)).collect()
}

/// What the contexts of a target name, after some variables.
fn contexts(body: &str) -> Vec<String> {
    let text = format!(
        "variable \"TAG\" {{\n  default = \"3.20\"\n}}\nvariable \"NONE\" {{}}\nREPO = \"docker-image://${{NAME}}:${{TAG}}\"\n\
         variable \"NAME\" {{ default = \"alpine\" }}\nvariable \"LOOP\" {{ default = \"${{LOOP}}x\" }}\n\
         variable \"N\" {{ default = 3 }}\nvariable \"FN\" {{ default = lower(\"x\") }}\n\
         target \"x\" {{\n  contexts = {{\n    {body}\n  }}\n}}\n"
    );
    let scan = hcl(&text);
    assert_eq!(scan.unread, [], "{text}");
    spelled(&text, &scan);
    references(&text, &scan)
}

/// Checks that pieces spell what stands in the file.
fn spelled(text: &str, scan: &Scan) {
    let check = |spelled: &Spelled| {
        let mut at = 0;
        for piece in &spelled.pieces {
            if let Some(span) = &piece.span {
                assert_eq!(text.get(span.clone()), spelled.text.get(at..at + piece.length));
            }
            at += piece.length;
        }
        assert_eq!(at, spelled.text.len());
    };
    for reference in &scan.references {
        assert!(text.get(reference.span.clone()).is_some());
        match &reference.input {
            Ok(Input::Image(image)) => {
                image.tag.iter().for_each(check);
                assert!(image.digest_site.iter().all(|site| text.get(site.span.clone()).is_some()));
            }
            Ok(Input::Git(git)) => {
                git.revision.iter().for_each(check);
                let inside = |span: &std::ops::Range<usize>| text.get(span.clone()).is_some();
                assert!(git.site.iter().all(|site| inside(&site.revision) && inside(&site.comment.span)));
            }
            _ => {}
        }
    }
    scan.builds.iter().flat_map(|build| &build.arguments).for_each(|(_, value)| check(value));
    assert!(scan.outputs.iter().all(|output| text.get(output.span.clone()).is_some()));
    assert!(scan.unread.iter().all(|unread| text.get(unread.span.clone()).is_some()));
}

#[test]
fn contexts_name_images_repositories_and_downloads() {
    let hex = "0123456789abcdef0123456789abcdef01234567";
    for (body, expected) in [
        ("a = \"docker-image://alpine:3.20\"", "image alpine tag=3.20 digest=- site=.20‖"),
        ("\"a/b\" : \"docker-image://h:5/a\",", "image h:5/a tag=- digest=- site=5/a‖"),
        ("a = \"docker-image://a:1@sha256:ab\"", "image a tag=1 digest=sha256:ab site=a:1‖@sha256:ab"),
        ("a = \"docker-image://alpine:${TAG}\"", "image alpine tag=3.20 digest=- site=AG}‖"),
        ("a = \"docker-image://alpine:${TAG}-x${N}\"", "image alpine tag=3.20-x3 digest=- site={N}‖"),
        ("a = \"docker-image://${NAME}\"", "image alpine tag=- digest=- site=ine‖"),
        ("a = \"${REPO}\"", "image alpine tag=3.20 digest=- site=AG}‖"),
        ("a = REPO", "image alpine tag=3.20 digest=- site=AG}‖"),
        ("a = (\"docker-image://alpine\")", "image alpine tag=- digest=- site=ine‖"),
        ("a = <<E\ndocker-image://alpine\nE", "image alpine\n tag=- digest=- site=-"),
        ("a = \"docker-image://alp\\u0069ne:3\"", "image alpine tag=3 digest=- site=e:3‖"),
        ("a = \"docker-image://alpine:$${X}\"", "image alpine tag=${X} digest=- site={X}‖"),
        ("a = \"docker-image://\"", "malformed docker-image://"),
        ("a = \"docker-image://${NONE}\"", "argument NONE true"),
        ("a = \"docker-image://a:${NONE}\"", "argument NONE false"),
        ("a = \"${UNKNOWN}\"", "argument UNKNOWN true"),
        ("a = UNKNOWN", "argument UNKNOWN true"),
        ("a = \"docker-image://a:${LOOP}\"", "template ${LOOP}"),
        ("a = \"docker-image://a:${FN}\"", "template lower(\"x\")"),
        ("a = \"docker-image://a:${lower(TAG)}\"", "template ${lower(TAG)}"),
        (
            "a = \"docker-image://a:%{ if TAG == \"\" }x%{ endif }\"",
            "template %{ if TAG == \"\" }x%{ endif }",
        ),
        ("a = format(\"docker-image://%s\", TAG)", "template format(\"docker-image://%s\", TAG)"),
        ("a = \"https://example.org/a.git#v1\"", "git https://example.org/a.git v1 - site=v1 v1\"‖"),
        (
            &format!("a = \"https://e.org/a.git#{hex}\" # v1"),
            &format!("git https://e.org/a.git v1 {hex} site={hex} 67\"‖ # v1"),
        ),
        (
            &format!("a = \"https://e.org/a.git#{hex}\", # v1"),
            &format!("git https://e.org/a.git v1 {hex} site={hex} 7\",‖ # v1"),
        ),
        ("a = \"https://example.org/a.git#${TAG}\"", "git https://example.org/a.git 3.20 - site=-"),
        ("a = \"git@example.org:a/b.git\"", "git git@example.org:a/b.git - - site=-"),
        ("a = \"https://example.org/a.tar.gz\"", "fetch https://example.org/a.tar.gz"),
        ("a = \"target:base\"", "no"),
        ("a = \"./a\"", "no"),
        ("a = \"oci-layout:///x@sha256:00\"", "no"),
        ("a = \"./${NONE}\"", "no"),
        ("a = \"target:${NONE}\"", "no"),
        ("a = \"${BAKE_CMD_CONTEXT}/x\"", "no"),
        ("a = null", "no"),
    ] {
        match expected {
            "no" => assert_eq!(contexts(body), Vec::<String>::new(), "{body}"),
            _ => assert_eq!(contexts(body), [expected], "{body}"),
        }
    }
    assert_eq!(
        contexts("a = TAG == \"\" ? \"docker-image://a:1\" : \"docker-image://b:2\""),
        ["image a tag=1 digest=- site=a:1‖", "image b tag=2 digest=- site=b:2‖"]
    );
}

#[test]
fn a_default_that_is_used_is_shared() {
    let text = "variable \"T\" {\n default = \"3.20\"\n}\ntarget \"x\" {\n contexts = { a = \"docker-image://alpine:${T}-x\" }\n}\n";
    let scan = hcl(text);
    let Ok(Input::Image(image)) = &scan.references[0].input else { panic!() };
    let pieces: Vec<_> = image
        .tag
        .as_ref()
        .unwrap()
        .pieces
        .iter()
        .map(|piece| (&text[piece.span.clone().unwrap()], piece.shared))
        .collect();
    assert_eq!(pieces, [("3.20", true), ("-x", false)]);
    assert_eq!(&text[scan.references[0].span.clone()], "docker-image://alpine:${T}-x");
}

#[test]
fn a_context_may_be_a_repository() {
    let text = "target \"x\" {\n  context = \"https://github.com/x/y.git#v2\"\n  args = { A = \"1\" }\n}\n";
    let scan = hcl(text);
    assert_eq!(references(text, &scan), ["git https://github.com/x/y.git v2 - site=v2 v2\"‖"]);
    assert_eq!(scan.builds, [], "its Dockerfile is not here");
}

#[test]
fn tags_are_ours() {
    let text = r#"
variable "REG" { default = "ghcr.io/acme" }
variable "SHA" {}
target "x" {
  tags = ["${REG}/app:1", "${REG}/app:${SHA}", "${SHA}/app:1", equal("", SHA) ? "a/b:${SHA}" : "c/d:v-${SHA}", ""]
}
target "y" { tags = [for t in ["1"] : "x:${t}"] }
"#;
    let names: Vec<String> = hcl(text).outputs.into_iter().map(|output| output.name).collect();
    assert_eq!(names, ["ghcr.io/acme/app:1", "ghcr.io/acme/app", "a/b", "c/d"]);
}

/// Builds as `dockerfile A=1,B=2 platform,platform`.
fn builds(text: &str) -> Vec<String> {
    let scan = hcl(text);
    assert_eq!(scan.unread, [], "{text}");
    spelled(text, &scan);
    let argument = |(name, value): &(String, Spelled)| format!("{name}={}", value.text);
    scan.builds
        .iter()
        .map(|build| {
            let arguments: Vec<String> = build.arguments.iter().map(argument).collect();
            format!("{} {} {}", build.dockerfile, arguments.join(","), build.platforms.join(","))
                .trim_end()
                .to_owned()
        })
        .collect()
}

#[test]
fn targets_inherit() {
    let text = r#"
PLATFORMS = ["linux/amd64", "linux/arm64"]
variable "V" { default = "1" }
target "_common" {
  args = { A = "common", B = "common", N = 3 }
  platforms = PLATFORMS
}
target "base" { args = { B = "base" } }
target "app" {
  inherits = ["_common", "base", "nowhere"]
  context = "./app/"
  args = { C = "${V}.0", D = NONE, E = null }
}
target "app" { dockerfile = "../Dockerfile.app" }
target "late" {
  inherits = ["base", "_common"]
  dockerfile = "cwd://x/Dockerfile"
  context = "y"
  platforms = ["linux/amd64,linux/arm/v7"]
}
target "default" {}
"#;
    assert_eq!(
        builds(text),
        [
            "Dockerfile.app A=common,B=base,C=1.0,N=3 linux/amd64,linux/arm64",
            "x/Dockerfile A=common,B=common,N=3 linux/amd64,linux/arm/v7",
            "Dockerfile",
        ]
    );
}

#[test]
fn a_dockerfile_may_stand_in_a_target() {
    for (inline, expected) in [
        ("<<E\nFROM alpine:3.20 AS x\nRUN <<F\nFROM no\nF\nE", "image alpine tag=3.20 digest=- site=.20‖"),
        ("<<-E\n    FROM \\\n      alpine:3.20\n    E", "image alpine tag=3.20 digest=- site=.20‖"),
        ("<<E\nFROM alpine:${TAG}\nE", "image alpine tag=3.19 digest=- site=AG}‖"),
        (
            "<<E\nARG V=1\nRUN echo $${V} %%{x}\nFROM alpine:3.20\nE",
            "image alpine tag=3.20 digest=- site=.20‖",
        ),
        (
            "<<-E\n  ARG V=1\n   RUN echo $${V}\n  FROM alpine:$${V}\n  E",
            "image alpine tag=2 digest=- site={V}‖",
        ),
        ("\"FROM alpine:3.20\"", "image alpine tag=3.20 digest=- site=.20‖"),
        ("\"FROM alpine:3.20\\nRUN x\"", "image alpine tag=3.20 digest=- site=.20‖"),
        ("\"FROM scratch\"", ""),
        ("\"FROM ${PIN_ALPINE}\"", "argument PIN_ALPINE true"),
        ("<<E\n# a\nFROM a:${NONE}\nE", "argument NONE false"),
        ("<<E\nARG W\nFROM $${W}\nE", "argument W true"),
    ] {
        let text = format!(
            "TAG = \"3.19\"\ntarget \"x\" {{\n  args = {{ V = 2 }}\n  dockerfile-inline = {inline}\n}}\n"
        );
        let scan = hcl(&text);
        spelled(&text, &scan);
        assert_eq!((scan.unread, scan.builds), (vec![], vec![]), "{text}");
        let found: Vec<String> = scan.references.iter().map(|reference| shown(&text, reference)).collect();
        assert_eq!(
            found,
            Some(expected).filter(|text| !text.is_empty()).into_iter().collect::<Vec<_>>(),
            "{text}"
        );
    }
    let unread = hcl("target \"x\" {\n dockerfile-inline = \"FROM ${lower(A)}\"\n}\n").unread;
    assert!(unread[0].why.contains("expression"), "{unread:?}");
}

#[test]
fn circles_of_inheritance_end() {
    let text = "target \"a\" {\n inherits = [\"b\"]\n tags = [\"x\"]\n args = { A = 1 }\n}\ntarget \"b\" {\n inherits = [\"a\"]\n \
                tags = [\"y\"]\n args = { B = 2 }\n}\n";
    assert_eq!(builds(text), ["Dockerfile A=1,B=2", "Dockerfile B=2"]);
}

#[test]
fn a_matrix_has_several_values() {
    let text = r#"
variable "v" { default = "1" }
target "x" {
  name = "x-${v}"
  matrix = { v = ["1", "2"] }
  contexts = { a = "docker-image://alpine:${v}" }
  args = { V = v, W = "w" }
}
"#;
    let scan = hcl(text);
    assert_eq!(references(text, &scan), ["template v"]);
    assert_eq!(builds(text), ["Dockerfile W=w"]);
}

#[test]
fn json_says_the_same() {
    let text = r#"{
  "variable": { "TAG": { "default": "3.20" }, "NONE": {} },
  "target": {
    "app": {
      "context": "app",
      "contexts": { "a": "docker-image://alpine:${TAG}", "b": "docker-image:\/\/busybox:1", "c": "docker-image://${NONE}" },
      "args": { "A": "1", "B": null, "C": 2, "D": "${lower(TAG)}" },
      "platforms": ["linux/amd64"],
      "tags": ["acme/app:${TAG}"]
    },
    "two": [{ "context": "https://example.org/a.git#v1" }]
  }
}"#;
    let scan = json(text);
    spelled(text, &scan);
    assert_eq!(scan.unread, []);
    assert_eq!(
        references(text, &scan),
        [
            "image alpine tag=3.20 digest=- site=AG}‖",
            "image busybox tag=1 digest=- site=-",
            "argument NONE true",
            "git https://example.org/a.git v1 - site=-",
        ]
    );
    assert_eq!(scan.outputs[0].name, "acme/app:3.20");
    let arguments: Vec<_> =
        scan.builds[0].arguments.iter().map(|(name, value)| (name.as_str(), value.text.as_str())).collect();
    assert_eq!(arguments, [("A", "1"), ("C", "2")]);
    assert_eq!((scan.builds.len(), scan.builds[0].dockerfile.as_str()), (1, "app/Dockerfile"));
}

#[test]
fn what_is_no_bake_file_is_said() {
    for (text, at) in [("target \"x\" {\n  é = \n}\n", 14), ("target \"x\" {", 11), ("é{", 0)] {
        let unread = hcl(text).unread;
        assert_eq!(unread.len(), 1, "{text}");
        assert!(unread[0].span.start >= at && text.get(unread[0].span.clone()).is_some(), "{unread:?}");
    }
    assert_eq!(json("{\"target\": ").unread.len(), 1);
    assert_eq!(hcl(&" ".repeat(LONGEST + 1)).unread.len(), 1);
    assert_eq!(hcl("").unread, []);
}

#[test]
fn hostile_files_end() {
    let doubling: String =
        (1..5000).map(|i| format!("v{i} = \"${{v{}}}${{v{}}}\"\n", i - 1, i - 1)).collect::<String>()
            + "v0 = \"x\"\n";
    let diamonds: String = (1..3000)
        .map(|i| {
            format!(
                "target \"t{i}\" {{\n inherits = [\"t{}\", \"t{}\"]\n args = {{ a{i} = 1 }}\n}}\n",
                i - 1,
                i - 1
            )
        })
        .collect();
    for text in [
        doubling,
        diamonds,
        format!("a = {}", "[".repeat(50_000)),
        format!("a = {}", "{a=".repeat(50_000)),
        format!("a = \"{}", "${\"".repeat(50_000)),
        format!("a = {}", "(".repeat(60)),
        format!("a = {}1{}", "-(".repeat(30), ")".repeat(30)),
        format!("a = \"{}x{}\"", "${\"".repeat(60), "\"}".repeat(60)),
        format!("a = {}", "f(".repeat(60)),
        format!("a = {}", "x ? ".repeat(60)),
        format!("a = {}", "a {\n".repeat(50_000)),
        format!("a = <<E\n{}", "\n   ".repeat(50_000)),
    ] {
        let start = std::time::Instant::now();
        hcl(&text);
        json(&text);
        assert!(start.elapsed().as_secs() < 300, "{:?} {:?}", start.elapsed(), &text[..40]);
    }
}

const SEEDS: &[&str] = &[
    "target \"x\" {\n",
    "variable \"V\" {\n",
    "}\n",
    " contexts = {\n",
    " a = \"docker-image://alpine:3.20\"\n",
    "${V}",
    "\"",
    " context = \"https://e.org/x.git#v1\" # v1\n",
    " args = { A = V, B = \"é${V}\" }\n",
    " default = \"é1\"\n",
    "\\u00e9",
    "$${",
    " tags = [\"a:${V}\", V]\n",
    " inherits = [\"x\"]\n",
    " matrix = { V = [\"1\"] }\n",
    "<<E\nFROM x\nE\n",
    ",",
    "\r\n",
    "é",
    "%{ if V }",
    " dockerfile-inline = <<-E\n  FROM ${V}\n  E\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn spans_are_inside_the_text(parts in proptest::collection::vec(proptest::sample::select(SEEDS), 0..16)) {
        let text = parts.concat();
        spelled(&text, &hcl(&text));
        spelled(&text, &json(&text));
    }

    #[test]
    fn mutated_files_do_no_harm(at in 0usize..600, with in proptest::sample::select(SEEDS), cut in 0usize..20) {
        let whole = "variable \"V\" {\n  default = \"é3.20\"\n}\ntarget \"x\" {\n  context = \"https://e.org/x.git#v1\"\n  \
                     contexts = {\n    a = \"docker-image://alpine:${V}\" # é\n    b = V\n  }\n  args = { A = \"${V}-é\" }\n  \
                     tags = [\"é/a:${V}\"]\n  inherits = [\"y\"]\n}\ntarget \"y\" {\n  matrix = { V = [\"1\"] }\n  dockerfile-inline = \
                     <<E\nFROM alpine:${V}\nRUN <<F\nF\nE\n}\n";
        let mut at = at.min(whole.len());
        while !whole.is_char_boundary(at) { at -= 1; }
        let mut end = (at + cut).min(whole.len());
        while !whole.is_char_boundary(end) { end -= 1; }
        let text = format!("{}{with}{}", &whole[..at], &whole[end.max(at)..]);
        spelled(&text, &hcl(&text));
        spelled(&text, &json(&text));
    }
}
