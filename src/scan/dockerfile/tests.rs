use super::*;

mod fetches;
mod gate;
mod hostile;
mod images;
mod oracles;
mod packages;

fn names(text: &str) -> Vec<(String, Option<String>)> {
    arguments(text).into_iter().map(|argument| (argument.name, argument.default)).collect()
}

fn keywords(text: &str) -> Vec<String> {
    instructions(text).into_iter().map(|instruction| instruction.keyword).collect()
}

/// The instructions as they stand in the file.
fn spans(text: &str) -> Vec<&str> {
    instructions(text).into_iter().map(|instruction| &text[instruction.span]).collect()
}

#[test]
fn arguments_have_names_defaults_and_places() {
    let text = "ARG A\narg B=1 C='x y' D=\nFROM ${A}\nARG E F=a\\ b G=\"\\\" \" \"H\"=1 \\I\n";
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        names(text),
        [
            ("A".into(), None),
            ("B".into(), some("1")),
            ("C".into(), some("'x y'")),
            ("D".into(), some("")),
            ("E".into(), None),
            ("F".into(), some("a\\ b")),
            ("G".into(), some("\"\\\" \"")),
            ("H".into(), some("1")),
            ("I".into(), None),
        ]
    );
    let spans: Vec<&str> = arguments(text).into_iter().map(|a| &text[a.span]).collect();
    assert_eq!(spans, ["A", "B=1", "C='x y'", "D=", "E", "F=a\\ b", "G=\"\\\" \"", "\"H\"=1", "\\I"]);
}

#[test]
fn what_only_looks_like_a_heredoc_hides_nothing() {
    for line in [
        "RUN echo $((1<<SHIFT))",
        "RUN echo $((1 << SHIFT))",
        "RUN echo \"a <<EOF b\"",
        "RUN awk 'BEGIN{print 1<<x}'",
        "RUN [\"cat\",\"<<EOF\"]",
        "RUN --network=none [ \"cat\", \"<<EOF\" ]",
        "ONBUILD COPY [\"<<EOF\", \"/x\"]",
        "RUN cat <<EOF-1\nhi\nEOF-1",
        "RUN echo foo\\\\",
        "RUN cat <<EOF",
        "ENV A=<<EOF",
        "USER <<EOF",
        "ONBUILD ENV A=<<EOF",
        "ONBUILD",
    ] {
        let found = names(&format!("{line}\nARG PIN_A=evil\n"));
        assert_eq!(found, [("PIN_A".into(), Some("evil".to_owned()))], "{line}");
    }
}

#[test]
fn a_heredoc_is_text() {
    let text = "FROM x\nRUN <<EOF cat <<-'END'\nARG A\nEOF\nARG B\n END\n\tEND\nARG C\nRUN echo <<<D\nARG E";
    assert_eq!(names(text), [("C".into(), None), ("E".into(), None)]);
    assert_eq!(&text[instructions(text)[1].heredocs.clone()], "ARG A\nEOF\nARG B\n END\n\tEND\n");
    for line in [
        "run <<A",
        "COPY <<A /x",
        "ADD --chmod=1 <<A /x",
        "ONBUILD RUN <<A",
        "onbuild copy <<A /x",
        "RUN [\"x\" <<A",
        "RUN \\\n # no instruction\n\n <<A",
    ] {
        for end in ["\n", "\r\n"] {
            let text = format!("{line}\nARG X\nA\nARG Y\n").replace('\n', end);
            assert_eq!(names(&text), [("Y".into(), None)], "{text:?}");
        }
    }
    // As many heredocs as end are not enough: the file is no Dockerfile, and nothing is hidden.
    assert_eq!(names("RUN <<A <<B\nA\nARG X\n").len(), 1);
}

#[test]
fn continued_lines_are_one_instruction_and_comments_between_them_none() {
    let text = "ARG \\\n  # not an argument \\\n\n  A \\  \r\n  B=2\nFROM x\n";
    assert_eq!(names(text).len(), 2);
    let places: Vec<&str> = arguments(text).into_iter().map(|a| &text[a.span]).collect();
    assert_eq!(places, ["A", "B=2"]);
    for (text, expected) in [
        ("RUN a\\\nb\nUSER x", &["RUN a\\\nb", "USER x"] as &[&str]),
        ("RUN a \\\nUSER x", &["RUN a \\\nUSER x"]),
        ("RUN a\\\\\nUSER x", &["RUN a\\\\", "USER x"]),
        ("RUN a\\\\\\\nUSER x", &["RUN a\\\\\\", "USER x"]),
        ("\\\nRUN a\n", &["RUN a"]),
        ("RUN a \\", &["RUN a"]),
        ("RUN a \\\n# b\n", &["RUN a"]),
        ("RUN a\\ b\nUSER x", &["RUN a\\ b", "USER x"]),
        ("# a \\\nUSER x\n", &["USER x"]),
        ("RUN a `\nUSER x", &["RUN a `", "USER x"]),
        ("  RUN a  \n\n \t\r\n\tUSER x ", &["RUN a", "USER x"]),
        ("\\\n", &[]),
        ("", &[]),
    ] {
        assert_eq!(spans(text), expected, "{text:?}");
    }
}

#[test]
fn directives_count_only_at_the_very_top() {
    for (top, counts) in [
        ("# escape=`\n", true),
        ("#ESCAPE = `  \n", true),
        ("\u{feff}# escape=`\r\n", true),
        (" # escape=`\n", true),
        ("# syntax=docker/dockerfile:1\n# check=skip=all\n# escape=`\n", true),
        ("# a comment\n# escape=`\n", false),
        ("# other=directive\n# escape=`\n", false),
        ("# syntax=a\n# syntax=b\n# escape=`\n", false),
        ("# escape=\\\n# escape=`\n", false),
        ("\n# escape=`\n", false),
        ("#!/bin/sh\n# escape=`\n", false),
        ("ARG X\n# escape=`\n", false),
        ("# escape=\n", false),
        ("# esc ape=`\n", false),
        ("# 1escape=`\n", false),
    ] {
        let text = format!("{top}USER a `\n b\n");
        let last = spans(&text).pop().unwrap();
        assert_eq!(last == "USER a `\n b", counts, "{top:?}: {last:?}");
    }
    assert_eq!(names("# escape=`\nARG A=a`\" B\\ C\n").len(), 3);
}

#[test]
fn a_byte_order_mark_and_carriage_returns_are_no_content() {
    assert_eq!(keywords("\u{feff}FROM x\r\nARG A\r\n"), ["FROM", "ARG"]);
    assert_eq!(spans("\u{feff}FROM x\r\r\nfrom\ty"), ["FROM x", "from\ty"]);
    assert_eq!(names("\u{feff}ARG A\r\n"), [("A".into(), None)]);
}

#[test]
fn the_parts_of_a_from_have_places() {
    for (text, image, name, flags) in [
        ("FROM alpine", "alpine", None, 0),
        ("from --platform=$BUILDPLATFORM\ta:1@b As B ", "a:1@b", Some("B"), 1),
        ("FROM --platform=\"a b\" x AS y", "x", Some("y"), 1),
        ("FROM al\\\npine \\\n# AS z\nAS\\\n y", "al\\\npine", Some("y"), 0),
        ("FROM \"${A}\"", "\"${A}\"", None, 0),
        ("FROM a b c", "a", None, 0),
        ("FROM -- a as", "a", None, 0),
        ("FROM a\u{a0}b", "a\u{a0}b", None, 0),
    ] {
        let from = instructions(text)[0].stage().unwrap();
        assert_eq!(&text[from.image.span], image, "{text:?}");
        assert_eq!(from.name.map(|name| &text[name.span]), name, "{text:?}");
        assert_eq!(from.flags.len(), flags, "{text:?}");
    }
    assert_eq!(instructions("FROM al\\\npine")[0].stage().unwrap().image.text, "alpine");
    for text in ["FROM", "FROM --platform=x", "RUN FROM x"] {
        assert_eq!(instructions(text)[0].stage(), None, "{text:?}");
    }
}

#[test]
fn what_is_copied_or_mounted_from_has_a_place() {
    for (text, expected) in [
        ("COPY --from=build /a /b", &["build"] as &[&str]),
        ("copy --link --from=0 --chown=a:b /a /b", &["0"]),
        ("COPY --from=\"a:1\" --from='b c' /a /b", &["a:1", "b c"]),
        ("ADD --from=x /a /b", &["x"]),
        ("COPY --link \\\n  --from=al\\\npine /a /b", &["al\\\npine"]),
        ("COPY /a --from=b /c", &[]),
        ("COPY --from= /a /b", &[]),
        ("COPY --from b /a /b", &[]),
        ("COPY -- --from=b /c", &[]),
        ("COPY --fro=m --fromx=a /b /c", &[]),
        ("RUN --from=x true", &[]),
        ("RUN --mount=type=bind,from=a,target=/x --mount=from=b:1 true", &["a", "b:1"]),
        ("RUN --mount=type=cache,target=/x --mount=\"type=bind,FROM=c\" true", &["c"]),
        ("RUN --mount='type=bind,\"from=d\",\"target=/x,from=e\"' true", &["d"]),
        ("RUN --network=none --mount=type=bind,from=\"f\",ro <<E\nE", &["f"]),
        ("RUN --mount=type=bind,from=\\g true", &["g"]),
        ("RUN --mount=target=a\\ b,from=h true", &["h"]),
        ("COPY --from=a\\\"b /a /b", &["a\\\"b"]),
        ("RUN true --mount=from=x", &[]),
        ("COPY --mount=from=x /a /b", &[]),
    ] {
        let instruction = &instructions(text)[0];
        let found = [instruction.copied_from(), instruction.mounted_from()].concat();
        let found: Vec<&str> = found.into_iter().map(|word| &text[word.span]).collect();
        assert_eq!(found, expected, "{text:?}");
    }
    let triggered = instructions("ONBUILD copy --from=x /a /b")[0].triggered().unwrap();
    assert_eq!(triggered.copied_from()[0].text, "x");
}

proptest::proptest! {
    #[test]
    fn any_text_can_be_split(
        text in "(ARG|FROM|RUN|COPY|ONBUILD|--from=|--mount=|from=|AS|# escape=`|`|\\\\|\n|\n|\r| |\t|\u{a0}|\u{feff}|<<EOF|<<-|<|,|=|\"|'|#|é|EOF|A|\\$|\\{|\\}|:|\\[|\\]|-){0,60}|\\PC{0,40}"
    ) {
        let inside = |span: Range<usize>| text.get(span).is_some();
        let mut end = 0;
        for instruction in instructions(&text) {
            proptest::prop_assert!(inside(instruction.span.clone()) && inside(instruction.heredocs.clone()));
            proptest::prop_assert!(end <= instruction.span.start && instruction.span.end <= instruction.heredocs.start);
            end = instruction.heredocs.end;
            for instruction in [instruction.triggered(), Some(instruction)].into_iter().flatten() {
                let from = instruction.stage().into_iter();
                let from = from.flat_map(|from| [from.flags, vec![from.image], from.name.into_iter().collect()]);
                let mut words: Vec<Word> = from.flatten().collect();
                words.extend(instruction.copied_from());
                words.extend(instruction.mounted_from());
                proptest::prop_assert!(words.into_iter().all(|word| inside(word.span)));
                proptest::prop_assert!(instruction.declared().into_iter().all(|a| inside(a.span)));
            }
        }
    }
}
