//! The rules that look into Dockerfiles.

use super::*;

/// `rust` is an image that `x` is built from, `debian` another image, `tool` a git repository.
const PINS: &str = "[pin.rust]\nimage = \"rust\"\ntrack = \"{major}.{minor}-slim\"\n[pin.debian]\nimage = \"debian\"\ntrack = \"slim\"\n[pin.tool]\ngit = \"https://example.org/tool.git\"\ntrack = \"v{major}\"\n";

/// What one rule finds: the text at its place, the message and the help.
fn of_rule(rule: &str, dockerfile: &str) -> Vec<(String, String, String)> {
    let findings = found(PINS, "version = 1\n", IMAGE, dockerfile).into_iter();
    let shown = |f: Finding| (f.place.file.text[f.place.span].to_owned(), f.message, f.help);
    findings.filter(|finding| finding.rule == rule).map(shown).collect()
}

/// What the rules about references find: the text at its place, the rule, the message and the help.
fn of_references(dockerfile: &str) -> Vec<(String, &'static str, String, String)> {
    let findings = found(PINS, LOCK, IMAGE, dockerfile).into_iter();
    let rules = [
        "not-pinned",
        "no-pin",
        "floating-tag",
        "several-pins",
        "lock-differs",
        "bad-reference",
        "unresolved",
    ];
    let shown = |f: Finding| (f.place.file.text[f.place.span].to_owned(), f.rule, f.message, f.help);
    findings.filter(|finding| rules.contains(&finding.rule)).map(shown).collect()
}

#[test]
fn pins_earlier_stages_and_scratch_are_pinned() {
    for dockerfile in [
        "ARG PIN_RUST\nFROM ${PIN_RUST}\n",
        "ARG PIN_RUST\nFROM $PIN_RUST AS build\nFROM scratch\nCOPY --from=build /a /b\n",
        "arg X PIN_RUST\nfrom --platform=$BUILDPLATFORM \"${PIN_RUST}\" as Build\nFROM build\nCOPY --from=BUILD / /\nCOPY --from=0 / /\n",
        "ARG PIN_RUST\nFROM \\\n # why\n ${PIN_\\\nRUST}\n",
        "ARG PIN_RUST\nFROM ${PIN_RUST} AS alpine\nFROM alpine\nRUN --mount=type=cache,target=/x --mount=from=alpine,target=/y true\n",
        "FROM scratch\nCOPY --from=scratch / /\nADD https://example.org/x /x\nADD ${PIN_TOOL} /src\nCOPY . .\n",
        "FROM scratch AS a\nRUN <<EOF\nFROM alpine\nCOPY --from=alpine / /\nEOF\nFROM a\n",
        "ARG PIN_RUST\nFROM ${PIN_RUST} AS build-amd64\nFROM ${PIN_RUST} AS build-arm64\nFROM build-${TARGETARCH} AS build\n",
        "FROM scratch AS linux-amd64\nFROM $TARGETOS-$TARGETARCH\n",
    ] {
        assert_eq!(of_references(dockerfile), [], "{dockerfile}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn any_other_image_is_a_finding_at_its_place() {
    for (dockerfile, text, rule, message, help) in [
        (
            "FROM rust:1.88-slim AS build\n",
            "rust:1.88-slim",
            "not-pinned",
            "`rust:1.88-slim` names the tag of the pin `rust`, and not what it is locked at",
            "write `ARG PIN_RUST` above the first FROM, and `${PIN_RUST}` here",
        ),
        (
            "FROM al\\\npine\n",
            "al\\\npine",
            "floating-tag",
            "docker.io/library/alpine is used without a tag, which means `latest`",
            "write the tag of a version behind it",
        ),
        (
            "FROM Scratch\n",
            "Scratch",
            "bad-reference",
            "`Scratch` is no image reference: `Scratch` is not an image repository: a repository's path is in lower case",
            "write what is meant",
        ),
        (
            "FROM scratch\nFROM 0\n",
            "0",
            "floating-tag",
            "docker.io/library/0 is used without a tag, which means `latest`",
            "write the tag of a version behind it",
        ),
        (
            "ARG PIN_RUST\nFROM ${PIN_RUST:-rust:1}\n",
            "${PIN_RUST:-rust:1}",
            "no-pin",
            "no pin of docker.io/library/rust follows the tag 1",
            "declare a pin for it in refresh/upstreams.toml, name that in images/x/image.toml, and read it here: `${PIN_NAME}`",
        ),
        (
            "ARG PIN_RUST\nFROM ${PIN_RUST-rust}\n",
            "${PIN_RUST-rust}",
            "floating-tag",
            "docker.io/library/rust is used without a tag, which means `latest`",
            "write the tag of a version behind it",
        ),
        (
            "ARG PIN_RUST\nFROM ${PIN_RUST:+rust}\n",
            "${PIN_RUST:+rust}",
            "not-pinned",
            "`${PIN_RUST:+rust}` can stand for something else than the pin",
            "write `${PIN_RUST}`: the lock gives the value",
        ),
        (
            "ARG BASE\nFROM ${BASE}\n",
            "${BASE}",
            "not-pinned",
            "`${BASE}` is no pin: a build can set it to anything",
            "declare a pin in refresh/upstreams.toml, and write `${PIN_NAME}`",
        ),
        (
            "ARG B=rust\nFROM ${B:-x}\n",
            "${B:-x}",
            "floating-tag",
            "docker.io/library/rust is used without a tag, which means `latest`",
            "write the tag of a version behind it",
        ),
        (
            "ARG PIN_RUST\nARG B=$PIN_RUST\nFROM $B\n",
            "$B",
            "not-pinned",
            "`$B` can stand for something else than the pin",
            "write `${PIN_RUST}`: the lock gives the value",
        ),
        (
            "ARG PIN_RUST\nFROM ${PIN_RUST}-slim\n",
            "${PIN_RUST}-slim",
            "not-pinned",
            "`${PIN_RUST}-slim` can stand for something else than the pin",
            "write `${PIN_RUST}`: the lock gives the value",
        ),
        (
            "ARG PIN_RUST\nFROM $PIN_RUST:x\n",
            "$PIN_RUST:x",
            "not-pinned",
            "`$PIN_RUST:x` can stand for something else than the pin",
            "write `${PIN_RUST}`: the lock gives the value",
        ),
        (
            "ARG PIN_RUST\nFROM ${PIN_RUST}${PIN_RUST}\n",
            "${PIN_RUST}${PIN_RUST}",
            "not-pinned",
            "`${PIN_RUST}${PIN_RUST}` can stand for something else than the pin",
            "write `${PIN_RUST}`: the lock gives the value",
        ),
        (
            "ARG PIN_RUST\nFROM \\$PIN_RUST\n",
            "\\$PIN_RUST",
            "bad-reference",
            "`\\$PIN_RUST` is no image reference: `$PIN_RUST` is not an image repository: a repository's path is in lower case",
            "write what is meant",
        ),
        (
            "FROM scratch\nARG PIN_RUST\nFROM ${PIN_RUST}\n",
            "${PIN_RUST}",
            "not-pinned",
            "`${PIN_RUST}` is no pin: PIN_RUST is no argument before the first FROM, so `${PIN_RUST}` becomes ``",
            "make it a stage or a pin of this image",
        ),
        (
            "ARG PIN_RSUT\nFROM $PIN_RSUT\n",
            "$PIN_RSUT",
            "not-pinned",
            "`$PIN_RSUT` is no pin",
            "did you mean `${PIN_RUST}`?",
        ),
        (
            "ARG PIN_ZZZ\nFROM $PIN_ZZZ\n",
            "$PIN_ZZZ",
            "not-pinned",
            "`$PIN_ZZZ` is no pin",
            "declare the pin in refresh/upstreams.toml",
        ),
        (
            "ARG PIN_TOOL_TAG\nFROM ${PIN_TOOL_TAG}\n",
            "${PIN_TOOL_TAG}",
            "not-pinned",
            "`${PIN_TOOL_TAG}` is not what this instruction takes",
            "an image's pin goes into FROM, a git repository's or an archive's into ADD",
        ),
        (
            "FROM build\nFROM scratch AS build\n",
            "build",
            "floating-tag",
            "docker.io/library/build is used without a tag, which means `latest`",
            "no stage `build` stands above this, so it is an image of that name: move the stage up, or call it otherwise",
        ),
        (
            "FROM alpine AS alpine\n",
            "alpine",
            "floating-tag",
            "docker.io/library/alpine is used without a tag, which means `latest`",
            "no stage `alpine` stands above this, so it is an image of that name: move the stage up, or call it otherwise",
        ),
        (
            "FROM scratch\nCOPY --link --from=rust:1 / /\n",
            "rust:1",
            "no-pin",
            "no pin of docker.io/library/rust follows the tag 1",
            "declare a pin for it in refresh/upstreams.toml, name that in images/x/image.toml, and read it here: a stage `FROM ${PIN_NAME} AS name`",
        ),
        (
            "FROM scratch\nRUN --mount=type=bind,from=rust,target=/x true\n",
            "rust",
            "floating-tag",
            "docker.io/library/rust is used without a tag, which means `latest`",
            "write the tag of a version behind it",
        ),
        (
            "FROM scratch\nRUN --mount=from=alpine true\n",
            "alpine",
            "floating-tag",
            "docker.io/library/alpine is used without a tag, which means `latest`",
            "write the tag of a version behind it",
        ),
        (
            "FROM scratch\nFROM scratch\nRUN --mount=from=0,target=/x true\n",
            "0",
            "floating-tag",
            "docker.io/library/0 is used without a tag, which means `latest`",
            "write the tag of a version behind it",
        ),
        (
            "FROM scratch\nADD --from=alpine / /\n",
            "alpine",
            "floating-tag",
            "docker.io/library/alpine is used without a tag, which means `latest`",
            "write the tag of a version behind it",
        ),
        (
            "ARG PIN_RUST\nFROM scratch\nARG PIN_RUST\nCOPY --from=${PIN_RUST} / /\n",
            "${PIN_RUST}",
            "not-pinned",
            "BuildKit does not expand `${PIN_RUST}` in COPY --from",
            "add a stage `FROM ${PIN_RUST} AS name` above this one, and write `--from=name`",
        ),
        (
            "FROM scratch\nONBUILD COPY --from=alpine / /\n",
            "alpine",
            "not-pinned",
            "`alpine` is no pin: it is looked up in the build that this ONBUILD triggers",
            "make it a stage or a pin of this image",
        ),
        (
            "FROM scratch AS a\nFROM scratch\nONBUILD RUN --mount=from=a true\n",
            "a",
            "not-pinned",
            "`a` is no pin: it is looked up in the build that this ONBUILD triggers",
            "make it a stage or a pin of this image",
        ),
        (
            "FROM scratch AS build-arm64\nFROM build-${TARGETARCH}\n",
            "build-${TARGETARCH}",
            "not-pinned",
            "`build-${TARGETARCH}` is no pin: a build can set it to anything",
            "declare a pin in refresh/upstreams.toml, and write `${PIN_NAME}`",
        ),
        (
            "FROM scratch\nRUN --mount=from=$B true\n",
            "$B",
            "not-pinned",
            "BuildKit does not expand `$B` in RUN --mount",
            "add a stage `FROM ${PIN_NAME} AS name` above this one, and write `from=name`",
        ),
        (
            "FROM scratch\nCOPY --from=0 / /\n",
            "0",
            "not-pinned",
            "`0` is no pin: `0` is no stage before this one",
            "make it a stage or a pin of this image",
        ),
        (
            "FROM scratch AS a\nCOPY --from=a / /\n",
            "a",
            "not-pinned",
            "`a` is no pin: `a` is no stage before this one",
            "make it a stage or a pin of this image",
        ),
        (
            "FROM scratch\nCOPY --from=b / /\nFROM scratch AS b\n",
            "b",
            "not-pinned",
            "`b` is no pin: `b` is no stage before this one",
            "make it a stage or a pin of this image",
        ),
        (
            "RUN echo $((1<<x))\nFROM alpine\n",
            "alpine",
            "floating-tag",
            "docker.io/library/alpine is used without a tag, which means `latest`",
            "write the tag of a version behind it",
        ),
    ] {
        let found = of_references(dockerfile);
        let [(at, found_by, said, helped)] = found.as_slice() else { panic!("{dockerfile}: {found:#?}") };
        assert_eq!((at.as_str(), *found_by), (text, rule), "{dockerfile}: {said}");
        assert_eq!((said.as_str(), helped.as_str()), (message, help), "{dockerfile}");
    }
}

#[test]
fn an_argument_that_is_not_used_is_a_finding() {
    for dockerfile in [
        "ARG PIN_RUST\nFROM scratch\n# ${PIN_RUST}\n",
        "ARG PIN_RUST\nFROM scratch\nLABEL PIN_RUST=1 a=$PIN_RUSTY b=${XPIN_RUST}\n",
        "ARG PIN_RUST\nFROM scratch\nARG PIN_RUST\nRUN echo PIN_RUST_ x_PIN_RUST\n",
        "ARG PIN_RUST\nFROM scratch\nCOPY <<E /x\nPIN_RUST\nE\n",
    ] {
        let found = of_rule("image-pins", dockerfile);
        let [(at, said, helped)] = found.as_slice() else { panic!("{dockerfile}: {found:#?}") };
        assert_eq!(
            (at.as_str(), said.as_str()),
            ("PIN_RUST", "the Dockerfile of x declares PIN_RUST and does not use it")
        );
        assert!(helped.contains("`rust` from images/x/image.toml"), "{helped}");
    }
    for dockerfile in [
        "ARG PIN_RUST\nFROM ${PIN_RUST}\n",
        "ARG PIN_RUST\nARG B=a/$PIN_RUST\nFROM scratch\n",
        "ARG PIN_RUST\nFROM scratch\nARG PIN_RUST\nRUN printenv PIN_RUST\n",
        "FROM scratch\nARG PIN_RUST\nRUN <<E\nprintenv PIN_RUST\nE\n",
        "FROM scratch\nARG PIN_RUST\nCOPY <<E /x\n${PIN_RUST}\nE\n",
        "FROM scratch\nARG PIN_RUST\nONBUILD RUN printenv PIN_RUST\n",
    ] {
        assert_eq!(of_rule("image-pins", dockerfile), [], "{dockerfile}");
    }
}

#[test]
fn an_image_that_adds_something_to_its_base_is_admitted() {
    let image = IMAGE.replace("toolchain", "upstream-extension");
    for (dockerfile, admitted) in [
        ("ARG PIN_RUST\nFROM ${PIN_RUST}\nRUN make\n", true),
        ("ARG PIN_RUST\nFROM ${PIN_RUST}\nENV A=b\n", true),
        ("ARG PIN_RUST\nFROM ${PIN_RUST} AS a\nRUN make\nFROM a\nLABEL a=b\n", true),
        ("ARG PIN_RUST\nFROM ${PIN_RUST}\nRUN true\n", false),
        ("ARG PIN_RUST\nFROM ${PIN_RUST}\nRUN set -e; : && echo done\nRUN [\"true\"]\n", false),
        ("ARG PIN_RUST\nFROM ${PIN_RUST}\nRUN echo a >/a\n", true),
        ("ARG PIN_RUST\nFROM ${PIN_RUST}\nRUN echo $(make)\n", true),
        ("ARG PIN_RUST\nFROM ${PIN_RUST}\nRUN <<E\nmake\nE\n", true),
        ("ARG PIN_RUST\nFROM ${PIN_RUST} AS a\nRUN make\nFROM ${PIN_RUST}\nLABEL a=b\n", false),
        (
            "ARG PIN_RUST\nFROM ${PIN_RUST} AS a\nRUN make\nFROM ${PIN_RUST}\nRUN --mount=from=a,target=/a /a/b\n",
            true,
        ),
        ("ARG PIN_RUST\nFROM ${PIN_RUST} AS a\nFROM ${PIN_RUST}\nCOPY --from=a /x /y\n", true),
        ("ARG PIN_RUST\n# RUN true\nFROM ${PIN_RUST}\nLABEL RUN=true\n", false),
        ("ARG PIN_RUST\nFROM ${PIN_RUST} AS a-amd64\nRUN make\nFROM a-${TARGETARCH}\n", true),
        (
            "ARG PIN_RUST\nFROM ${PIN_RUST} AS a\nRUN true\nFROM scratch AS b-amd64\nFROM a AS b-arm64\nFROM b-${TARGETARCH}\n",
            false,
        ),
    ] {
        let rules: Vec<&str> =
            found(PINS, LOCK, &image, dockerfile).into_iter().map(|finding| finding.rule).collect();
        let is_admitted = !rules.contains(&"no-delta") && !rules.contains(&"other-base");
        assert_eq!(is_admitted, admitted, "{dockerfile}: {rules:?}");
    }
}

#[test]
fn a_build_base_that_is_shipped_is_told_once() {
    let image = IMAGE.replace("toolchain", "from-source").replace("\"rust\"", "\"debian\"");
    let image = format!("build-base = \"rust\"\nsource = \".\"\n{image}");
    let rules = |dockerfile: &str| -> Vec<&str> {
        let found = found(PINS, "version = 1\n", &image, dockerfile).into_iter();
        found.map(|finding| finding.rule).filter(|rule| rule.contains("base")).collect()
    };
    assert_eq!(rules("ARG PIN_RUST\nARG PIN_DEBIAN\nFROM ${PIN_RUST}\nRUN true\n"), ["build-base-shipped"]);
    let right =
        "ARG PIN_RUST\nARG PIN_DEBIAN\nFROM ${PIN_RUST} AS a\nFROM ${PIN_DEBIAN}\nCOPY --from=a /x /y\n";
    assert_eq!(rules(right), [] as [&str; 0]);
    // Written out, it is the same.
    for base in ["rust:1.88-slim", "${X}"] {
        let dockerfile = format!("ARG X=rust:1.88-slim\nARG PIN_DEBIAN\nFROM {base}\nRUN make\n");
        assert_eq!(rules(&dockerfile), ["build-base-shipped"], "{base}");
    }
}

#[test]
fn a_base_that_is_written_out_is_held_against_the_runtime_base() {
    let pins = "[pin.rust]\nimage = \"rust\"\ntrack = \"{major}.{minor}-slim\"\n\
        [pin.other]\nimage = \"rust\"\ntrack = \"{major}.{minor}-alpine\"\n";
    let told = |base: &str, default: &str| -> Vec<String> {
        let dockerfile = format!("ARG X={default}\nFROM {base}\nRUN make\n");
        let found = found(pins, "version = 1\n", IMAGE, &dockerfile).into_iter();
        found.filter(|finding| finding.rule == "other-base").map(|finding| finding.message).collect()
    };
    for (base, default) in [("${X}", "rust:1.88-alpine"), ("rust:1.88-alpine", "")] {
        let said = "the last stage of x comes from `other`, and its runtime-base is `rust`";
        assert_eq!(told(base, default), [said], "{base}");
    }
    assert_eq!(told("${X}", "rust:1.88-slim"), [""; 0]);
    assert_eq!(told("${X}", "ubuntu:24.04"), [""; 0], "the rules about references tell of it");
}

#[test]
fn an_image_that_is_built_here_is_no_runtime_base() {
    let manifest = SourceFile::new("images/x/image.toml", IMAGE);
    let dockerfile = SourceFile::new("images/x/Dockerfile", "FROM ghcr.io/acme/base:1\nRUN make\n");
    let own = "[references]\nown = [\"ghcr.io/acme/*\"]\n";
    let files = Files {
        upstreams: Some(SourceFile::new("refresh/upstreams.toml", PINS)),
        policy: Some(SourceFile::new("refresh/policy.toml", own)),
        images: vec![ImageFiles {
            folder: "x".into(),
            manifest: manifest.clone(),
            dockerfile: Some(dockerfile.clone()),
        }],
        ..Files::default()
    };
    let found = report(&files, "version = 1\n", &[manifest, dockerfile]).findings.into_iter();
    let told: Vec<String> =
        found.filter(|finding| finding.rule == "other-base").map(|finding| finding.message).collect();
    let said =
        "the last stage of x comes from `ghcr.io/acme/base`, which is no pin, and its runtime-base is `rust`";
    assert_eq!(told, [said]);
}
