use proptest::prelude::*;

use super::*;
use crate::scan::{Input, Kind};

const HEX: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const SHA1: &str = "0123456789abcdef0123456789abcdef01234567";

/// What is bound, as `pin.field=value`.
fn bound(text: &str) -> Vec<String> {
    let found = comments(text);
    assert_eq!(found.unread, [], "{text}");
    let show = |reference: &Reference| {
        assert_eq!(reference.kind, Kind::Comment);
        let Ok(Input::Bound(bound)) = &reference.input else { panic!("{reference:?}") };
        let value = bound.value.as_ref().map(|value| {
            assert_eq!(value.pieces.len(), 1);
            let span = value.pieces[0].span.clone().unwrap();
            assert_eq!((text[span.clone()].to_owned(), &span), (value.text.clone(), &reference.span));
            value.text.clone()
        });
        format!("{}.{}={}", bound.pin, bound.field, value.unwrap_or_else(|| "?".into()))
    };
    found.references.iter().map(show).collect()
}

/// The value that `field` finds on a line.
fn value(field: &str, line: &str) -> String {
    let found = bound(&format!("x: 1\n  # solera-pin: tool.{field}\n{line}\n"));
    assert_eq!(found.len(), 1);
    found[0].strip_prefix(&format!("tool.{field}=")).unwrap().to_owned()
}

#[test]
fn a_version_is_what_the_line_assigns() {
    for (line, expected) in [
        ("ARG TOOL_VERSION=1.4.2", "1.4.2"),
        ("ARG TOOL_VERSION=1.4.2\r", "1.4.2"),
        ("ENV TOOL_VERSION 1.4.2", "1.4.2"),
        ("ENV TOOL_VERSION 1.4.2  # the 2nd", "1.4.2"),
        ("ENV TOOL_VERSION=1.4.2 \\", "1.4.2"),
        ("  tool_version: \"1.4.2\" # of 2024", "1.4.2"),
        ("  - version: v1.4.2,", "v1.4.2"),
        ("version := '1.4.2'", "1.4.2"),
        ("'version' => '1.4.2',", "1.4.2"),
        ("const Version = \"1.4.2\";", "1.4.2"),
        ("    let version: &str = \"1.4.2\";", "1.4.2"),
        ("export const v: string = `1.4.2`;", "1.4.2"),
        ("#define VERSION \"1.4.2\"", "1.4.2"),
        ("  <version>1.4.2</version>", "1.4.2"),
        ("<dep name=\"x\" version=\"1.4.2\"/>", "1.4.2"),
        ("{\"version\":\"1.4.2\",\"x\":1}", "1.4.2"),
        ("tool 1.4.2", "1.4.2"),
        ("1.4.2", "1.4.2"),
        (" * Version: 1.4.2", "1.4.2"),
        ("TOOL_VERSION ?= 1.4.2", "1.4.2"),
        ("tool==1.4.2", "1.4.2"),
        ("tool >= 1.4.2", "1.4.2"),
        ("  \"tool\": \"^1.4.2\",", "1.4.2"),
        ("TOOL=\"${TOOL:-1.4.2}\"", "1.4.2"),
        (": ${TOOL:=1.4.2}", "1.4.2"),
        ("x=1:2.30.2-1+b1", "1:2.30.2-1+b1"),
        ("x=2026-11-01", "2026-11-01"),
        ("TAG=bookworm-slim", "bookworm-slim"),
        ("tag: stable # since 2021", "stable"),
        ("FROM rust:1.88-slim AS build", "1.88-slim"),
        ("from --platform=linux/amd64 host:5000/a/b:1.4.2@sha256:00 AS x", "1.4.2"),
        ("FROM rust", "?"),
        ("FROM host:5000/rust", "?"),
        ("FROM rust:${V}", "?"),
        ("  image: ghcr.io/acme/app:1.4.2@sha256:00", "1.4.2"),
        ("  image: 'node'", "?"),
        ("  image: node:22", "22"),
        ("  - image: \"node:22\"", "22"),
        ("IMAGE=ghcr.io/acme/app:1.4.2", "1.4.2"),
        ("COPY --from=golang:1.24 /a /b", "1.24"),
        ("- uses: actions/checkout@v4", "v4"),
        ("- uses: actions/checkout@0123456789abcdef0123456789abcdef01234567", "?"),
        ("curl https://example.org/1.4.2/tool", "?"),
        ("URL=https://example.org/1.4.2/tool", "?"),
        ("x = ünïcödé", "?"),
        ("ö=\"1.4.2\"", "1.4.2"),
        ("", "?"),
        ("=", "?"),
        ("x=\"", "?"),
    ] {
        assert_eq!(value("version", line), expected, "{line}");
        assert_eq!(value("tag", line), expected, "{line}");
    }
}

#[test]
fn hashes_are_found_by_their_length() {
    let sha512 = format!("{HEX}{HEX}");
    for (field, line, expected) in [
        ("digest", format!("x: a@sha256:{HEX} # y"), format!("sha256:{HEX}")),
        ("digest", format!("x: sha512:{sha512}"), format!("sha512:{sha512}")),
        ("digest", format!("x: sha256:{HEX}0"), "?".into()),
        ("digest", format!("x: {HEX}"), "?".into()),
        ("sha256", format!("SUM={HEX}"), HEX.into()),
        ("sha256", format!("ADD --checksum=sha256:{HEX} https://x /y"), HEX.into()),
        ("sha256.amd64", format!("amd64) sum='{HEX}' ;;"), HEX.into()),
        ("sha256", format!("SUM=0{HEX}"), "?".into()),
        ("commit", format!("ref = \"{SHA1}\""), SHA1.into()),
        ("commit", format!("https://example.org/x.git#{HEX}"), HEX.into()),
        ("commit", "ref = 0123456".into(), "?".into()),
        ("commit", format!("a@sha256:{HEX}"), "?".into()),
    ] {
        assert_eq!(value(field, &line), expected, "{field} {line}");
    }
}

#[test]
fn several_values_of_a_line_are_taken_in_order() {
    let other = HEX.replace('0', "f");
    let text = format!(
        "# solera-pin: tool.version, tool.sha256.amd64, tool.sha256.arm64 both at once\nget 1.4.2 {HEX} {other}\n"
    );
    assert_eq!(
        bound(&text),
        [
            "tool.version=1.4.2".to_owned(),
            format!("tool.sha256.amd64={HEX}"),
            format!("tool.sha256.arm64={other}")
        ]
    );
    let stacked = "# solera-pin: a.version\n# renovate: datasource=docker depName=x\n# solera-pin: b.tag,c.tag\nA=1 B=2 C=3";
    assert_eq!(bound(stacked), ["a.version=1", "b.tag=3", "c.tag=?"]);
}

#[test]
fn every_language_has_its_comments() {
    for line in [
        "# solera-pin: tool.version",
        "## solera-pin: tool.version",
        "\t#solera-pin:tool.version",
        "// solera-pin: tool.version",
        "/// solera-pin: tool.version",
        "-- solera-pin: tool.version",
        "; solera-pin: tool.version",
        ";; solera-pin: tool.version",
        "% solera-pin: tool.version",
        "<!-- solera-pin: tool.version -->",
        "<!--solera-pin: tool.version-->",
        "/* solera-pin: tool.version */",
        "/** solera-pin: tool.version */",
        " * solera-pin: tool.version",
        "{{/* solera-pin: tool.version */}}",
        "{{- /* solera-pin: tool.version */ -}}",
        "{# solera-pin: tool.version #}",
        "dnl solera-pin: tool.version",
        "REM solera-pin: tool.version",
        "rem solera-pin: tool.version\r",
    ] {
        assert_eq!(bound(&format!("{line}\nV=1.4.2\n")), ["tool.version=1.4.2"], "{line}");
    }
}

#[test]
fn a_binding_without_a_value_stands_at_its_comment() {
    for text in [
        "x\n# solera-pin: tool.version",
        "x\n# solera-pin: tool.version\n",
        "x\n# solera-pin: tool.version\n\nV=1",
    ] {
        let found = comments(text);
        assert_eq!(found.references.len(), 1);
        assert_eq!(&text[found.references[0].span.clone()], "# solera-pin: tool.version");
    }
}

/// Rules, reason and the covered text of each suppression.
fn suppressed(text: &str) -> Vec<(String, String, String)> {
    let found = comments(text);
    assert_eq!(found.unread, [], "{text}");
    found
        .suppressions
        .iter()
        .map(|one| (one.rules.join("+"), one.reason.clone(), text[one.covers.clone()].to_owned()))
        .collect()
}

#[test]
fn a_suppression_covers_its_line_or_the_next() {
    let one = |rules: &str, reason: &str, covers: &str| vec![(rules.into(), reason.into(), covers.into())];
    for (text, expected) in [
        ("# solera-pin: ignore[a, b] because\nFROM x\nFROM y", one("a+b", "because", "FROM x")),
        ("# solera-pin: ignore[a,b]\r\n\r\n# about x\r\nFROM x\r\n", one("a+b", "", "FROM x")),
        ("<!-- solera-pin: ignore[a] why -->\n<x/>", one("a", "why", "<x/>")),
        (
            "image: x  # solera-pin: ignore[a] why\nimage: y",
            one("a", "why", "image: x  # solera-pin: ignore[a] why"),
        ),
        ("f(); // solera-pin: ignore[a] why", one("a", "why", "f(); // solera-pin: ignore[a] why")),
        ("*.x: y # solera-pin: ignore[a] why", one("a", "why", "*.x: y # solera-pin: ignore[a] why")),
        ("// solera-pin: ignore[a] why\n#include <x>", one("a", "why", "#include <x>")),
        ("# solera-pin: ignore[a] why", one("a", "why", "")),
        (
            "# solera-pin: ignore[a] why\nRUN a \\\n  # and\n  b \\\n\n  c\nRUN d",
            one("a", "why", "RUN a \\\n  # and\n  b \\\n\n  c"),
        ),
        ("RUN a \\\n # solera-pin: ignore[a] why\n # note\n b \\\n c", one("a", "why", " b \\")),
        ("RUN a \\\n # note\n # solera-pin: ignore[a] why\n b \\\n c", one("a", "why", " b \\")),
    ] {
        assert_eq!(suppressed(text), expected, "{text}");
    }
    let stacked = "# solera-pin: ignore[a] x\n# solera-pin: tool.version\n# solera-pin: ignore[b] y\nV=1 \\\n# solera-pin: ignore[c] z\nW=2\n";
    let covered: Vec<_> = suppressed(stacked).into_iter().map(|(rules, _, covers)| (rules, covers)).collect();
    let both = "V=1 \\\n# solera-pin: ignore[c] z\nW=2";
    assert_eq!(covered, [("a", both), ("b", both), ("c", "W=2")].map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn prose_is_no_directive() {
    for text in [
        "# see solera-pin: tool.version",
        "# solera-pin: the manual",
        "# solera-pin: what it is, and what it does",
        "# solera-pin writes this file.",
        "# solera-pin: ignored files are listed below",
        "x solera-pin: tool.version",
        "`# solera-pin: tool.version`",
        "say(\"a # solera-pin: ignore[a] b\")",
        "https://x#solera-pin: ignore[a] b",
        "solera-pin: ignore[a] b",
        "# renovate: datasource=npm depName=left-pad\nV=1",
        "# renovate: keep",
    ] {
        assert_eq!(comments(text), Comments::default(), "{text}");
    }
}

#[test]
fn what_is_not_understood_is_said() {
    for (text, word) in [
        ("# solera-pin: tool.versoin\nV=1", "`tool.versoin` binds nothing"),
        ("# solera-pin: tool.version, tool.sum\nV=1", "`tool.sum` binds nothing"),
        ("# solera-pin: tool.version tool.sha256.\nV=1", "`tool.sha256.` binds nothing"),
        ("# solera-pin: Tool.version\nV=1", "`Tool.version` binds nothing"),
        ("# solera-pin: tool\nV=1", "`tool` binds nothing"),
        ("# solera-pin: tool version\nV=1", "`tool` binds nothing"),
        ("# solera-pin:\nV=1", "says nothing"),
        ("# solera-pin: ignore\nV=1", "in brackets"),
        ("# solera-pin: ignore unlocked-fetch\nV=1", "in brackets"),
        ("# solera-pin: ignore[]\nV=1", "in brackets"),
        ("# solera-pin: ignore[a because\nV=1", "in brackets"),
        ("# solera-pin: ignore[,]\nV=1", "in brackets"),
        ("V=1 # solera-pin: tool.version", "on a line of its own"),
    ] {
        let found = comments(text);
        assert_eq!(
            (found.unread.len(), found.references.len(), found.suppressions.len()),
            (1, 0, 0),
            "{text}"
        );
        assert!(found.unread[0].why.contains(word), "{text}: {}", found.unread[0].why);
        assert!(text[found.unread[0].span.clone()].starts_with("# solera-pin:"));
    }
}

#[test]
fn another_bots_comments_are_kept() {
    let text = "# renovate: datasource=github-releases depName=tool packageName=acme/tool \
                registryUrl=https://git.example.org extractVersion=^v(?<version>.+)$\nARG V=1.2\n\
                // renovate: depName=alpine datasource=docker versioning=docker\n\nx";
    let found = comments(text).bots;
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].datasource.as_str(), found[0].name.as_str()), ("github-releases", "acme/tool"));
    assert_eq!(found[0].registry.as_deref(), Some("https://git.example.org"));
    assert_eq!(found[0].extract.as_deref(), Some("^v(?<version>.+)$"));
    assert_eq!(found[0].value.as_ref().unwrap().text, "1.2");
    assert_eq!((found[1].name.as_str(), &found[1].value), ("alpine", &None));
}

#[test]
fn hostile_files_take_no_longer_than_their_size() {
    for text in [
        "# solera-pin: a.version\n".repeat(40_000) + &"=".repeat(500_000),
        "# solera-pin: ignore[a] b\n".repeat(20_000) + &"# x\n".repeat(200_000),
        "# solera-pin: ignore[a] b\nx \\\n".repeat(20_000) + &"y \\\n".repeat(200_000),
        "x # solera-pin: ".repeat(60_000),
        "x=\"# solera-pin:".repeat(60_000),
        format!("# solera-pin: a.version\n{}", "x=\"".repeat(300_000)),
        format!("# solera-pin: {}", "a.version,".repeat(100_000)),
    ] {
        let start = std::time::Instant::now();
        comments(&text);
        assert!(start.elapsed().as_secs() < 300, "{:?} {:?}", start.elapsed(), &text[..40]);
    }
}

/// All spans that the comments of a text have.
fn spans(found: &Comments) -> Vec<Range<usize>> {
    let value = |value: &Option<Spelled>| -> Vec<Range<usize>> {
        value.iter().flat_map(|value| value.pieces.iter().filter_map(|piece| piece.span.clone())).collect()
    };
    let mut spans: Vec<Range<usize>> = found.references.iter().map(|one| one.span.clone()).collect();
    spans.extend(found.suppressions.iter().flat_map(|one| [one.span.clone(), one.covers.clone()]));
    spans.extend(found.unread.iter().map(|one| one.span.clone()));
    spans.extend(found.bots.iter().map(|one| one.span.clone()));
    spans.extend(found.bots.iter().flat_map(|one| value(&one.value)));
    spans
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn spans_are_inside_the_text(parts in proptest::collection::vec(prop_oneof![
        Just("# solera-pin: "), Just("solera-pin:"), Just("// "), Just("<!-- "), Just(" -->"), Just("*/"),
        Just("tool.version"), Just("a.sha256.x, "), Just("ignore"), Just("[a, b]"), Just("# renovate: datasource=docker depName=x"),
        Just("\n"), Just("\r\n"), Just("\\\n"), Just("="), Just(": "), Just("\""), Just("'"), Just("${X:-"), Just("}"),
        Just("FROM "), Just("a:1.2"), Just("@"), Just("sha256:"), Just(HEX), Just(SHA1), Just("é"), Just("\u{2003}"), Just(" "),
    ], 0..40)) {
        let text = parts.concat();
        let found = comments(&text);
        for span in spans(&found) {
            prop_assert!(text.get(span.clone()).is_some(), "{span:?} of {text:?}");
        }
        for reference in &found.references {
            if let Ok(Input::Bound(Bound { value: Some(value), .. })) = &reference.input {
                prop_assert_eq!(&text[value.pieces[0].span.clone().unwrap()], value.text.as_str());
            }
        }
    }
}
