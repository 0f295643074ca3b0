//! The images that a Dockerfile names: expansion, scopes, stages, and where a digest is written.

use std::collections::BTreeMap;

use crate::scan::dockerfile::{scan, scan_for, scan_with, stages};
use crate::scan::{Input, Kind, Reference, Spelled, Unresolved};

/// What a reference names, on one line: `repository:tag@digest`, or why that is not known.
pub(super) fn shown(reference: &Reference) -> String {
    match &reference.input {
        Ok(Input::Image(image)) => {
            let tag = image.tag.as_ref().map_or(String::new(), |tag| format!(":{}", tag.text));
            let digest = image.digest.as_ref().map_or(String::new(), |digest| format!("@{digest}"));
            format!("{}{tag}{digest}", image.repository)
        }
        Ok(Input::Git(git)) => {
            let revision =
                git.revision.as_ref().map_or(String::new(), |revision| format!(" {}", revision.text));
            let commit = git.commit.as_ref().map_or(String::new(), |commit| format!(" ={}", &commit[..7]));
            format!("git {}{revision}{commit}", git.url)
        }
        Ok(Input::Fetch(fetch)) => format!("{} {}", fetch.tool, fetch.what),
        Ok(Input::Bound(_)) => unreachable!(),
        Err(Unresolved::Argument { name, alone: true }) => format!("={name}"),
        Err(Unresolved::Argument { name, alone: false }) => format!("?{name}"),
        Err(Unresolved::Checked { name, checksum }) => format!("={name} checked by {checksum}"),
        Err(Unresolved::NotExpanded(text)) => format!("not expanded {text}"),
        Err(Unresolved::Elsewhere(text)) => format!("elsewhere {text}"),
        Err(Unresolved::Malformed(_)) => "malformed".into(),
        Err(Unresolved::Template(text)) => format!("template {text}"),
    }
}

fn all(text: &str) -> Vec<String> {
    scan(text).references.iter().map(shown).collect()
}

/// The pieces of a text: `[…]` for what stands elsewhere in the file, `<…>` for what stands nowhere.
fn pieces(text: &str, spelled: &Spelled) -> String {
    let mut at = 0;
    let piece = |piece: &crate::scan::Piece| {
        let own = &spelled.text[at..at + piece.length];
        at += piece.length;
        if let Some(span) = &piece.span {
            assert_eq!(&text[span.clone()], own, "{text:?}");
        }
        match (&piece.span, piece.shared) {
            (None, _) => format!("<{own}>"),
            (_, true) => format!("[{own}]"),
            (_, false) => own.to_owned(),
        }
    };
    spelled.pieces.iter().map(piece).collect::<Vec<_>>().join("|")
}

/// Arguments before the first `FROM`, its image, and what that names.
const EXPANDED: &[(&str, &str, &str)] = &[
    ("", "debian:12", "debian:12"),
    ("ARG V=12", "debian:$V", "debian:12"),
    ("ARG V=12", "debian:${V}-slim", "debian:12-slim"),
    ("ARG V=12", "debian:$V-slim", "debian:12-slim"),
    ("ARG V=12", "debian:$V.1", "debian:12.1"),
    ("ARG V=12", "debian:\\$V", "debian:$V"),
    ("ARG V=12", "'debian:$V'", "debian:$V"),
    ("ARG V=12", "\"debian:$V\"", "debian:12"),
    ("ARG V=\"12\"", "debian:$V", "debian:12"),
    ("ARG V='1 2'", "debian:$V", "debian:1 2"),
    ("ARG V=1\\2", "debian:$V", "debian:12"),
    ("ARG A=debian B=12", "$A:$B", "debian:12"),
    ("ARG A=12\nARG B=debian:$A", "$B", "debian:12"),
    ("ARG B=debian:$A\nARG A=12", "${B}", "malformed"),
    ("ARG X=", "debian$X", "debian"),
    ("ARG X=", "${X:-debian}", "debian"),
    ("ARG X=", "${X-debian}", "malformed"),
    ("ARG X=a", "${X-debian}", "a"),
    ("ARG X=a", "${X:+debian}", "debian"),
    ("ARG X=", "${X+debian}", "debian"),
    ("ARG X=", "x${X:+debian}", "x"),
    ("ARG X=a", "${X:?why}", "a"),
    ("ARG X=", "${X:?why}", "malformed"),
    ("ARG X=", "a${X?why}", "a"),
    ("", "${X:-debian:${Y:-12}}", "debian:12"),
    ("ARG Y=13", "${X:-debian:${Y:-12}}", "debian:13"),
    ("", "${X:-\"debian\"}", "debian"),
    ("", "${X:-a\\}b}", "a}b"),
    ("ARG V=1.88-slim", "rust:${V%-*}", "rust:1.88"),
    ("ARG V=1.88.0", "rust:${V%%.*}", "rust:1"),
    ("ARG V=v1.2", "x:${V#v}", "x:1.2"),
    ("ARG V=a/b/c", "x:${V##*/}", "x:c"),
    ("ARG V=1.2.3", "x:${V/./-}", "x:1-2.3"),
    ("ARG V=1.2.3", "x:${V//./-}", "x:1-2-3"),
    ("ARG V=a/b", "x:${V/\\//-}", "x:a-b"),
    // Nobody gives these a value here.
    ("ARG PIN_X", "${PIN_X}", "=PIN_X"),
    ("ARG PIN_X", "$PIN_X", "=PIN_X"),
    ("ARG PIN_X", "\"${PIN_X}\"", "=PIN_X"),
    ("ARG PIN_X", "${PIN_X:?missing}", "=PIN_X"),
    ("ARG PIN_X", "${PIN_X:-debian}", "debian"),
    ("ARG PIN_X", "${PIN_X-debian}", "debian"),
    ("ARG PIN_X", "${PIN_X:+debian}", "?PIN_X"),
    ("ARG PIN_X", "${PIN_X%%@*}", "?PIN_X"),
    ("ARG PIN_X", "${PIN_X}-slim", "?PIN_X"),
    ("ARG PIN_X", "${OTHER:-${PIN_X}}", "=PIN_X"),
    ("ARG PIN_X\nARG BASE=$PIN_X", "$BASE", "?PIN_X"),
    ("ARG X=1\nARG X", "a:$X", "a:1"),
    ("ARG X\nARG X=1", "a:$X", "a:1"),
    // Undeclared is empty.
    ("", "${PIN_X}", "malformed"),
    ("", "debian:$V", "malformed"),
    ("", "debian$V", "debian"),
    ("", "debian${V:+x}", "debian"),
    ("", "${X", "malformed"),
    ("", "${X^}", "malformed"),
    ("", "\"debian", "malformed"),
    ("", "$", "$"),
    // What the platform says.
    ("", "acme/base:$TARGETARCH", "?TARGETARCH"),
    ("ARG TARGETARCH", "acme/base:$TARGETARCH", "?TARGETARCH"),
    ("ARG TARGETARCH=amd64", "acme/base:$TARGETARCH", "acme/base:amd64"),
    ("", "acme/base${TARGETVARIANT:+-x}", "?TARGETVARIANT"),
];

#[test]
fn arguments_are_expanded_as_buildkit_does() {
    for (arguments, image, expected) in EXPANDED {
        let text = format!("{arguments}\nFROM --platform=$BUILDPLATFORM {image} AS x\n");
        assert_eq!(all(&text), [*expected], "{text}");
    }
    assert_eq!(all("# escape=`\nARG V=1\nFROM debian:`$V\\$V"), ["debian:$V\\1"]);
    assert_eq!(all("FROM a\nARG X=b\nFROM ${X:-c}"), ["a", "c"]);
}

#[test]
fn a_given_argument_goes_before_a_default() {
    let given = BTreeMap::from([("V".to_owned(), "13".to_owned()), ("TARGETARCH".into(), "arm64".into())]);
    let text = "ARG V=12\nARG PIN_X\nFROM debian:$V-$TARGETARCH\nFROM $PIN_X\nFROM ${U:-x}$V";
    let found = scan_with(text, &given).references;
    assert_eq!(found.iter().map(shown).collect::<Vec<_>>(), ["debian:13-arm64", "=PIN_X", "x13"]);
    let whole = BTreeMap::from([("B".to_owned(), "debian:12".to_owned())]);
    let found = scan_with("ARG B=x\nFROM $B", &whole).references;
    let Ok(Input::Image(image)) = &found[0].input else { panic!("{found:?}") };
    assert_eq!((image.digest_site.clone(), image.tag.as_ref().unwrap().pieces[0].span.clone()), (None, None));
}

#[test]
fn the_pieces_of_a_tag_stand_where_the_file_spells_them() {
    for (text, expected) in [
        ("FROM rust:1.88-slim", "1.88-slim"),
        ("ARG V=1.88\nFROM rust:${V}-slim", "[1.88]|-slim"),
        ("ARG V='1.88'\nFROM rust:$V", "[1.88]"),
        ("ARG M=1\nARG V=$M.88\nFROM rust:v$V", "v|[1]|[.88]"),
        ("ARG B=rust:1.88\nFROM $B", "[1.88]"),
        ("ARG B=rust:1.8\\\n8\nFROM $B", "[1.8]|[8]"),
        ("FROM rust:1.8\\\n  # c\n8-slim", "1.8|8-slim"),
        ("ARG V=1.88-x\nFROM rust:${V%-x}-slim", "<1.88>|-slim"),
        ("ARG V=1\\.88\nFROM rust:$V", "[1]|<.>|[88]"),
        ("FROM rust:${V:-1.88}-slim", "[1.88]|-slim"),
        ("FROM x\nCOPY --from=rust:\"1\".88 a b", "1|.88"),
        ("# syntax=docker/dockerfile:1.7\nFROM scratch", "1.7"),
        ("\u{feff}FROM é:ü\r\n", "ü"),
    ] {
        let found = scan(text).references.pop().unwrap();
        let Ok(Input::Image(image)) = &found.input else { panic!("{found:?}") };
        let tag = image.tag.as_ref().unwrap();
        assert_eq!(pieces(text, tag), expected, "{text:?}");
    }
}

#[test]
fn a_digest_has_a_place_and_can_be_taken_back() {
    for (text, expected) in [
        ("FROM debian", "FROM debian@D"),
        ("FROM debian:12 AS x", "FROM debian:12@D AS x"),
        ("FROM --platform=x debian:12\r\n", "FROM --platform=x debian:12@D\r\n"),
        ("FROM \"debian:12\"", "FROM \"debian:12@D\""),
        ("FROM deb\\\nian:12 AS x", "FROM deb\\\nian:12@D AS x"),
        ("ARG V=12\nFROM debian:$V", "ARG V=12\nFROM debian:$V@D"),
        ("ARG V=12\nFROM debian:${V} AS x", "ARG V=12\nFROM debian:${V}@D AS x"),
        ("ARG B=debian:12\nFROM $B", "ARG B=debian:12@D\nFROM $B"),
        ("ARG A=1 B=debian:12 C=2\nFROM ${B} AS x", "ARG A=1 B=debian:12@D C=2\nFROM ${B} AS x"),
        ("ARG B=\"debian:12\"\nFROM \"$B\"", "ARG B=\"debian:12@D\"\nFROM \"$B\""),
        ("ARG B='debian:12'\nFROM $B", "ARG B='debian:12@D'\nFROM $B"),
        ("ARG V=12\nARG B=debian:$V\nFROM $B", "ARG V=12\nARG B=debian:$V@D\nFROM $B"),
        ("ARG A=debian:12\nARG B=$A\nFROM $B", "ARG A=debian:12\nARG B=$A@D\nFROM $B"),
        ("ARG B=debian\nFROM $B\nFROM $B:12", "ARG B=debian\nFROM $B@D\nFROM $B:12"),
        ("ARG B=debian\nARG C=$B:12\nFROM $B\n", "ARG B=debian\nARG C=$B:12\nFROM $B@D\n"),
        ("ARG P\nFROM ${P:-debian:12} AS x", "ARG P\nFROM ${P:-debian:12@D} AS x"),
        ("FROM ${P:-${Q:-debian}}", "FROM ${P:-${Q:-debian@D}}"),
        ("ARG B=a\nFROM ${P:-$B}", "ARG B=a@D\nFROM ${P:-$B}"),
        ("FROM x@sha256:1 AS y", "FROM x@D AS y"),
        ("ARG B=x:1@sha256:1\nFROM $B", "ARG B=x:1@D\nFROM $B"),
        ("ARG B=x:1@sha256:1\nFROM $B\nFROM a$B", "ARG B=x:1@D\nFROM $B\nFROM a$B"),
        ("ARG H=sha256:1\nFROM x@$H", "ARG H=D\nFROM x@$H"),
        ("ARG H=1\nFROM x@sha256:$H", "none"),
        ("FROM scratch\nCOPY --from=\"debian:12\" a b", "FROM scratch\nCOPY --from=\"debian:12@D\" a b"),
        ("FROM scratch\nRUN --mount=from=x,target=/y z", "FROM scratch\nRUN --mount=from=x@D,target=/y z"),
        ("# syntax = a/b:1 x\nFROM scratch", "# syntax = a/b:1@D x\nFROM scratch"),
        ("{\"syntax\": \"a:1\"}", "{\"syntax\": \"a:1@D\"}"),
    ] {
        let Ok(Input::Image(image)) = scan(text).references.remove(0).input else { panic!("{text}") };
        let Some(site) = image.digest_site else {
            assert_eq!(expected, "none", "{text}");
            continue;
        };
        let (before, after) = (&text[..site.span.start], &text[site.span.end..]);
        let written = format!("{before}{}D{after}", site.prefix);
        assert_eq!(written, expected, "{text}");
        assert_eq!(image.digest.is_some(), !site.span.is_empty(), "{text}");
        // Written, it is found again, at the same place.
        if site.prefix == "@" {
            let Ok(Input::Image(again)) = scan(&written).references.remove(0).input else {
                panic!("{written}")
            };
            assert_eq!(again.digest.as_deref(), Some("D"), "{written}");
            assert_eq!(
                (again.repository, again.tag.map(|tag| tag.text)),
                (image.repository, image.tag.map(|tag| tag.text))
            );
            let site = again.digest_site.unwrap();
            let back = format!("{}{}", &written[..site.span.start], &written[site.span.end..]);
            assert_eq!(back.replace("@sha256:1", ""), text.replace("@sha256:1", ""), "{written}");
        }
    }
}

#[test]
fn an_image_is_cut_at_its_tag_and_digest() {
    for (image, repository, tag, digest) in [
        ("ghcr.io/acme/app", "ghcr.io/acme/app", None, None),
        ("localhost:5000/a", "localhost:5000/a", None, None),
        ("localhost:5000/a:b", "localhost:5000/a", Some("b"), None),
        ("[::1]:5000/a:b@sha256:c", "[::1]:5000/a", Some("b"), Some("sha256:c")),
        ("a@sha512:c", "a", None, Some("sha512:c")),
    ] {
        let Ok(Input::Image(found)) = scan(&format!("FROM {image}")).references.remove(0).input else {
            panic!()
        };
        assert_eq!(found.repository, repository);
        assert_eq!(found.tag.map(|tag| tag.text).as_deref(), tag);
        assert_eq!(found.digest.as_deref(), digest);
    }
    for image in ["debian:", "debian@", ":1", "@sha256:1", "a:1@"] {
        assert_eq!(all(&format!("FROM {image}")), ["malformed"], "{image}");
    }
    assert_eq!(all("FROM\nFROM a"), ["malformed", "a"]);
}

#[test]
fn stages_are_no_images() {
    for (text, expected) in [
        ("FROM a AS Build\nFROM build\nCOPY --from=BUILD x y", &["a"] as &[&str]),
        ("FROM a AS b\nCOPY --from=0 x y\nFROM c\nCOPY --from=0 x y", &["a", "malformed", "c"]),
        ("FROM a\nFROM b\nCOPY --from=1 x y\nCOPY --from=-1 x y", &["a", "b", "malformed", "malformed"]),
        ("FROM debian AS debian\nFROM debian", &["debian"]),
        ("FROM debian\nFROM x AS debian\nFROM debian", &["debian", "x"]),
        (
            "FROM a AS x\nCOPY --from=x a b\nCOPY --from=y a b\nFROM b AS y",
            &["a", "malformed", "malformed", "b"],
        ),
        ("FROM a AS x\nFROM b AS c\nCOPY --from=x a b\nFROM d AS x", &["a", "b", "malformed", "d"]),
        ("FROM scratch\nARG S=scratch\nFROM \"\"", &["malformed"]),
        ("ARG S=scratch\nFROM $S\nCOPY --from=scratch a b", &[]),
        ("FROM a AS scratch\nFROM scratch", &["a"]),
        ("FROM a\nRUN --mount=from=0,target=/x y", &["a", "0"]),
        ("FROM a\nRUN --mount=type=tmpfs,from=x,target=/x y", &["a", "x"]),
        ("FROM a\nRUN --mount=from=b,from=c --mount=from=d,from= x", &["a", "c"]),
        (
            "FROM a AS b\nONBUILD COPY --from=c x y\nFROM b\nFROM b\nONBUILD COPY --from=d x y",
            &["a", "c", "elsewhere it is looked up in the build that this ONBUILD triggers"],
        ),
        ("FROM a AS b\nONBUILD COPY --from=x x y\nFROM b AS x\nFROM scratch", &["a", "malformed"]),
        (
            "ARG I=x\nFROM a\nCOPY --from=$I a b\nRUN --mount=from=${I} c",
            &["a", "not expanded $I", "not expanded ${I}"],
        ),
        (
            "FROM a AS t\nFROM b\nONBUILD COPY --from=t x y\nONBUILD RUN --mount=from=z c",
            &[
                "a",
                "b",
                "elsewhere it is looked up in the build that this ONBUILD triggers",
                "elsewhere it is looked up in the build that this ONBUILD triggers",
            ],
        ),
        ("COPY --from=a x y\nFROM b", &["a", "b"]),
        ("FROM a AS s-amd64\nFROM b AS s-arm64\nFROM s-${TARGETARCH}", &["a", "b"]),
        ("FROM a AS linux\nFROM ${TARGETOS}", &["a"]),
        ("FROM a AS s-amd64\nFROM s-${OTHER:-$TARGETARCH}", &["a"]),
        ("FROM a\nFROM s-${TARGETARCH}", &["a", "?TARGETARCH"]),
    ] {
        assert_eq!(all(text), expected, "{text}");
    }
}

#[test]
fn a_stage_of_each_platform_is_needed_where_they_are_known() {
    let text = "FROM a AS s-amd64\nFROM b AS s-arm64\nFROM s-${TARGETARCH}";
    for (platforms, expected) in
        [(&["linux/amd64", "linux/arm64/v8"] as &[&str], 2), (&["linux/amd64", "linux/riscv64"], 3), (&[], 2)]
    {
        let platforms: Vec<String> = platforms.iter().map(|platform| (*platform).to_owned()).collect();
        assert_eq!(scan_for(text, &BTreeMap::new(), &platforms).references.len(), expected, "{platforms:?}");
    }
}

#[test]
fn a_target_needs_the_stages_that_it_begins_with_copies_and_mounts_from() {
    let text = "FROM a AS one\nFROM b AS two\nFROM one AS three\nCOPY --from=two x y\nFROM c AS four\n\
        RUN --mount=from=three,target=/x y\nFROM d AS Five\nONBUILD COPY --from=one a b\nFROM five\n";
    let found = stages(text, &BTreeMap::new(), &[]);
    for (target, expected) in [
        (None, Some(vec![0, 4, 5])),
        (Some("four"), Some(vec![0, 1, 2, 3])),
        (Some("FIVE"), Some(vec![4])),
        (Some("2"), Some(vec![0, 1, 2])),
        (Some("6"), None),
        (Some("six"), None),
    ] {
        let used = found.used(target).map(|used| used.into_iter().collect::<Vec<_>>());
        assert_eq!(used, expected, "{target:?}");
    }
    let of_platform =
        stages("FROM a AS s-amd64\nFROM b AS s-arm64\nFROM c\nFROM s-$TARGETARCH", &BTreeMap::new(), &[]);
    assert_eq!(of_platform.used(None).unwrap().into_iter().collect::<Vec<_>>(), [0, 1, 3]);
    assert_eq!(stages("", &BTreeMap::new(), &[]).used(None), None);
}

#[test]
fn kinds_and_places() {
    let text = "# syntax=s:1\nFROM f\nCOPY --from=c a b\nRUN --mount=from=m,target=/m curl https://x\nADD https://y z\n";
    let found: Vec<_> =
        scan(text).references.into_iter().map(|r| (r.kind, text[r.span].to_owned())).collect();
    let expected = [
        (Kind::Syntax, "s:1"),
        (Kind::From, "f"),
        (Kind::CopyFrom, "c"),
        (Kind::MountFrom, "m"),
        (Kind::Run, "curl https://x"),
        (Kind::Add, "https://y"),
    ];
    assert_eq!(found, expected.map(|(kind, text)| (kind, text.to_owned())));
}

#[test]
fn the_frontend_is_found_as_buildkit_finds_it() {
    for (text, expected) in [
        ("# syntax=docker/dockerfile:1\nFROM scratch", Some("docker/dockerfile:1")),
        ("#syntax =\ta:1\r\nFROM scratch", Some("a:1")),
        ("#SYNTAX=a", Some("a")),
        ("# syntax = syntax", Some("syntax")),
        ("\u{feff}# syntax=a", Some("a")),
        ("#!/usr/bin/env x\n# syntax=a", Some("a")),
        ("#!/usr/bin/env x\n//syntax=a", Some("a")),
        ("// syntax=a --opt", Some("a")),
        ("# escape=`\n# check=skip=all\n# syntax=a", Some("a")),
        ("{\"x\": {\"syntax\": \"no\"}, \"syntax\": \"a:1\", \"y\": \"syntax\"}", Some("a:1")),
        ("#!x\n{\"syntax\":\"a\"}", Some("a")),
        ("{\"syntax\":\"\\u0061\"}", Some("a")),
        (" # syntax=a", None),
        ("# a comment\n# syntax=a", None),
        ("\n# syntax=a", None),
        ("# escape=`\n# escape=`\n# syntax=a", None),
        ("FROM scratch\n# syntax=a", None),
        ("// escape=`\n# syntax=a", None),
        ("{\"syntax\": 1}", None),
        ("[\"syntax\", \"a\"]", None),
        ("{\"syntax\": \"a\"", None),
    ] {
        assert_eq!(all(text).first().map(String::as_str), expected, "{text:?}");
    }
}
