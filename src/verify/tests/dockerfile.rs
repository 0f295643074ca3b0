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
        assert_eq!(of_rule("not-pinned", dockerfile), [], "{dockerfile}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn any_other_image_is_a_finding_at_its_place() {
    for (dockerfile, text, message, help) in [
        (
            "FROM rust:1.88-slim AS build\n",
            "rust:1.88-slim",
            "the image `rust:1.88-slim` is not pinned",
            "write `ARG PIN_RUST` above the first FROM, and `${PIN_RUST}` here",
        ),
        (
            "ARG PIN_RUST\nFROM --platform=linux/amd64 docker.io/library/rust@sha256:1111111111111111111111111111111111111111111111111111111111111111\n",
            "docker.io/library/rust@sha256:1111111111111111111111111111111111111111111111111111111111111111",
            "is not pinned",
            "write `${PIN_RUST}` here",
        ),
        (
            "FROM al\\\npine\n",
            "al\\\npine",
            "the image `alpine` is not pinned",
            "declare a pin for it in refresh/upstreams.toml and name that in images/x/image.toml; then write `${PIN_NAME}` here",
        ),
        ("FROM Scratch\n", "Scratch", "the image `Scratch` is not pinned", "declare a pin"),
        ("FROM 'scratch'\n", "'scratch'", "the image `'scratch'` is not pinned", "declare a pin"),
        ("FROM scratch\nFROM 0\n", "0", "the image `0` is not pinned", "declare a pin"),
        (
            "ARG PIN_RUST\nFROM ${PIN_RUST:-rust:1}\n",
            "${PIN_RUST:-rust:1}",
            "`${PIN_RUST:-rust:1}` can stand for something else than the pin",
            "write `${PIN_RUST}`: the lock gives the value",
        ),
        (
            "ARG PIN_RUST\nFROM ${PIN_RUST-rust}\n",
            "${PIN_RUST-rust}",
            "something else",
            "write `${PIN_RUST}`",
        ),
        (
            "ARG PIN_RUST\nFROM ${PIN_RUST:+rust}\n",
            "${PIN_RUST:+rust}",
            "something else",
            "write `${PIN_RUST}`",
        ),
        (
            "ARG BASE\nFROM ${BASE}\n",
            "${BASE}",
            "`${BASE}` is no pin: a build can set it to any image",
            "write `${PIN_NAME}`",
        ),
        ("ARG B=rust\nFROM ${B:-x}\n", "${B:-x}", "any image", "write `${PIN_NAME}`"),
        ("ARG PIN_RUST\nARG B=$PIN_RUST\nFROM $B\n", "$B", "any image", "write `${PIN_NAME}`"),
        (
            "ARG PIN_RUST\nFROM ${PIN_RUST}-slim\n",
            "${PIN_RUST}-slim",
            "`${PIN_RUST}-slim` is put together",
            "declare a pin for the whole of it",
        ),
        ("ARG PIN_RUST\nFROM $PIN_RUST:x\n", "$PIN_RUST:x", "put together", "declare a pin"),
        ("ARG PIN_RUST\nFROM ${PIN_RUST}${PIN_RUST}\n", "${PIN_RUST}${PIN_RUST}", "put together", "declare"),
        ("ARG PIN_RUST\nFROM \\$PIN_RUST\n", "\\$PIN_RUST", "put together", "declare a pin"),
        (
            "FROM scratch\nARG PIN_RUST\nFROM ${PIN_RUST}\n",
            "${PIN_RUST}",
            "`${PIN_RUST}` is empty here: PIN_RUST is no argument before the first FROM",
            "write `ARG PIN_RUST` above the first FROM",
        ),
        (
            "ARG PIN_RSUT\nFROM $PIN_RSUT\n",
            "$PIN_RSUT",
            "`$PIN_RSUT` is no pin",
            "did you mean `${PIN_RUST}`?",
        ),
        (
            "ARG PIN_ZZZ\nFROM $PIN_ZZZ\n",
            "$PIN_ZZZ",
            "is no pin",
            "declare the pin in refresh/upstreams.toml",
        ),
        (
            "ARG PIN_TOOL_TAG\nFROM ${PIN_TOOL_TAG}\n",
            "${PIN_TOOL_TAG}",
            "`${PIN_TOOL_TAG}` is no image: the pin `tool` is a git repository",
            "`ADD` takes a git repository",
        ),
        (
            "FROM build\nFROM scratch AS build\n",
            "build",
            "`build` is no stage yet, so this is an image of that name",
            "move `build` above this one",
        ),
        ("FROM alpine AS alpine\n", "alpine", "`alpine` is no stage yet", "use a stage of another name"),
        (
            "FROM scratch\nCOPY --link --from=rust:1 / /\n",
            "rust:1",
            "the image `rust:1` is not pinned",
            "add a stage `FROM ${PIN_RUST} AS name` above this one, and write `--from=name`",
        ),
        (
            "FROM scratch\nRUN --mount=type=bind,from=rust,target=/x true\n",
            "rust",
            "the image `rust` is not pinned",
            "add a stage `FROM ${PIN_RUST} AS name` above this one, and write `from=name`",
        ),
        (
            "FROM scratch\nRUN --mount=from=alpine true\n",
            "alpine",
            "not pinned",
            "declare a pin for it in refresh",
        ),
        (
            "FROM scratch\nFROM scratch\nRUN --mount=from=0,target=/x true\n",
            "0",
            "the image `0` is not pinned",
            "add a stage",
        ),
        ("FROM scratch\nADD --from=alpine / /\n", "alpine", "not pinned", "add a stage"),
        (
            "ARG PIN_RUST\nFROM scratch\nARG PIN_RUST\nCOPY --from=${PIN_RUST} / /\n",
            "${PIN_RUST}",
            "BuildKit does not expand `${PIN_RUST}` in COPY --from",
            "add a stage `FROM ${PIN_RUST} AS name` above this one, and write `--from=name`",
        ),
        (
            "FROM scratch\nONBUILD COPY --from=alpine / /\n",
            "alpine",
            "`alpine` is looked up in the build that this ONBUILD triggers, not in this one",
            "copy what is needed into a folder of this image",
        ),
        (
            "FROM scratch AS a\nFROM scratch\nONBUILD RUN --mount=from=a true\n",
            "a",
            "this ONBUILD triggers",
            "copy what is needed",
        ),
        (
            "FROM scratch AS build-arm64\nFROM build-${TARGETARCH}\n",
            "build-${TARGETARCH}",
            "is put together",
            "make it name an earlier stage for each platform",
        ),
        (
            "FROM scratch\nRUN --mount=from=$B true\n",
            "$B",
            "does not expand `$B` in RUN --mount",
            "FROM ${PIN_NAME}",
        ),
        (
            "FROM scratch\nCOPY --from=0 / /\n",
            "0",
            "there is no stage 0 before this one",
            "give the stage a name, and use that",
        ),
        (
            "FROM scratch AS a\nCOPY --from=a / /\n",
            "a",
            "`a` is no stage before this one",
            "use a stage of another name, or move `a` above this one",
        ),
        (
            "FROM scratch\nCOPY --from=b / /\nFROM scratch AS b\n",
            "b",
            "`b` is no stage before",
            "move `b` above",
        ),
        ("RUN echo $((1<<x))\nFROM alpine\n", "alpine", "not pinned", "declare a pin"),
    ] {
        let found = of_rule("not-pinned", dockerfile);
        let [(at, said, helped)] = found.as_slice() else { panic!("{dockerfile}: {found:#?}") };
        assert_eq!(at, text, "{dockerfile}");
        assert!(said.contains(message), "{dockerfile}: {said}");
        assert!(helped.contains(help), "{dockerfile}: {helped}");
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
