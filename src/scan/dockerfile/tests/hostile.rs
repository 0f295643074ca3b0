//! Whatever the text, a scan ends, and says only what the text has.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::scan::dockerfile::{scan, scan_for, stages};
use crate::scan::{Input, Reference, Spelled, Unresolved};

/// What a scanner promises of each reference.
fn check(text: &str, reference: &Reference) {
    assert!(text.get(reference.span.clone()).is_some(), "{reference:?} in {text:?}");
    let spelled = match &reference.input {
        Ok(Input::Image(image)) => {
            if let Some(site) = &image.digest_site {
                assert!(text.get(site.span.clone()).is_some(), "{reference:?} in {text:?}");
            }
            image.tag.as_ref()
        }
        Ok(Input::Git(git)) => git.revision.as_ref(),
        _ => None,
    };
    spelled.into_iter().for_each(|spelled| check_pieces(text, spelled));
}

fn check_pieces(text: &str, spelled: &Spelled) {
    let mut at = 0;
    for piece in &spelled.pieces {
        let own = &spelled.text[at..at + piece.length];
        if let Some(span) = &piece.span {
            assert_eq!(text.get(span.clone()), Some(own), "{text:?}");
        }
        at += piece.length;
    }
    assert_eq!(at, spelled.text.len(), "{text:?}");
}

fn check_all(text: &str) {
    let given = BTreeMap::from([("A".to_owned(), "é:1".to_owned())]);
    for found in [scan(text), scan_for(text, &given, &["linux/arm64".into()])] {
        found.references.iter().for_each(|reference| check(text, reference));
    }
    let stages = stages(text, &given, &[]);
    for target in [None, Some("a"), Some("0"), Some("99")] {
        let used = stages.used(target).unwrap_or_default();
        assert!(used.iter().all(|stage| *stage < stages.list.len()));
    }
}

/// Text of the words that matter here.
fn dockerfile() -> impl Strategy<Value = String> {
    let words = "FROM |ARG |ENV |RUN |COPY |ADD |ONBUILD |SHELL |# syntax=|//|AS |--from=|--mount=from=|--checksum=|A|B|\
        =|\\$|\\{|\\}|:-|:\\+|#|%|/|\\?|:|@|\"|'|\\\\|`|\n|\\\\\n|\r\n| |\t|<<E|E\n|é|\\*|https://|\\.git|curl |git clone |\
        apt-get install |sh -c |\\(|\\)|\\||&|;|>|<|\\[|\\]|,|scratch|TARGETARCH|npx |\\\\u|x=1|\\{\"syntax\":|-";
    proptest::string::string_regex(&format!("({words}){{0,60}}")).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_text_of_its_words_is_scanned(text in dockerfile()) {
        check_all(&text);
    }

    #[test]
    fn any_text_is_scanned(text in "\\PC{0,200}", before in "(FROM |RUN |ARG |ADD |# syntax=|\\{)") {
        check_all(&format!("{before}{text}"));
        check_all(&format!("FROM a\nRUN {text}\nRUN <<E\n{text}\nE\nRUN [\"{text}\"]"));
    }

    #[test]
    fn a_changed_file_is_scanned(at in 0..3000_usize, length in 0..40_usize, new in dockerfile(), which in 0..6_usize) {
        let text = super::oracles::ORDINARY[which];
        let boundary = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let (start, end) = (boundary(at % (text.len() + 1)), boundary(at % (text.len() + 1) + length));
        check_all(&format!("{}{new}{}", &text[..start], &text[end..]));
    }
}

#[test]
fn hostile_files_end() {
    let repeat = |text: &str| text.repeat(50_000 / text.len());
    let doubling: String = (0..60).map(|i| format!("ARG A{}=$A{i}$A{i}\n", i + 1)).collect();
    for text in [
        format!("ARG A0=xxxxxxxx\n{doubling}FROM $A60"),
        format!("FROM {}", repeat("${A:-")),
        format!("FROM {}", repeat("${A:-$")),
        format!("FROM a\nRUN {}", repeat("$(")),
        format!("FROM a\nRUN {}", repeat("`")),
        format!("FROM a\nRUN {}", repeat("`$(")),
        format!("FROM a\nRUN {}", repeat("(")),
        format!("FROM a\nRUN {}", repeat("\"$(")),
        format!("FROM a\nRUN {}", repeat("curl https://a | ")),
        format!("FROM a\nRUN {}", repeat("curl https://a | tee x | ")),
        format!("FROM a\nRUN {}", repeat("sh -c '")),
        format!("FROM a\nRUN {}", repeat("sh -c ")),
        format!("FROM a\nRUN {}", repeat("eval ")),
        format!("FROM a\nRUN {}", repeat("sudo ")),
        format!("FROM a\nRUN {}", repeat("A=b ")),
        format!("FROM a\nRUN {}", repeat("$(curl https://a) | ")),
        format!(
            "FROM a\nRUN {}",
            repeat(
                "test $(sha256sum /run/solera-pin/lists/*InRelease) = $PIN_A_INRELEASE || { a; };  apt install b; "
            )
        ),
        format!(
            "FROM a\nRUN {}",
            repeat("test $(sha256sum /run/solera-pin/lists/*InRelease) = $PIN_A_INRELEASE && ")
        ),
        format!("FROM a\nRUN apt install {}", repeat("a$b cd ")),
        format!("FROM a\nRUN {}", repeat("cat <<E ")),
        format!("FROM a\nRUN <<E\n{}", repeat("cat <<X\n")),
        format!("FROM a\nRUN {}", repeat("--a ")),
        format!("FROM a\n{}", repeat("RUN <<E\n")),
        repeat("FROM a AS a\n"),
        repeat("FROM a AS a\nARG b=c\nFROM a\nENV d=$b\n"),
        (0..4_000).map(|i| format!("FROM s{i} AS s{}\nARG A{i}\n", i + 1)).collect(),
        format!("{}FROM a\nCOPY --from=a b c\n", repeat("FROM a AS b\n")),
        format!("FROM a AS b\n{}{}", repeat("ONBUILD COPY --from=c d e\n"), repeat("FROM b\n")),
        format!("ARG A={}\nFROM {}", "a".repeat(1000), repeat("${A//*a*a/b}")),
        format!("{{\"syntax\": \"a\", \"b\": [{}1]}}", repeat("\"\", ")),
        repeat("FROM $A\nFROM ${A:-$TARGETARCH}\n"),
        format!("FROM a\nADD {}", repeat("https://a/$B ")),
        format!("FROM a\n{}", repeat("ARG A\nENV A=$A$A\n")),
    ] {
        let begin = Instant::now();
        let found = scan(&text);
        found.references.iter().take(100).for_each(|reference| check(&text, reference));
        let took = begin.elapsed();
        // Only what does not end fails: machines differ.
        assert!(took < Duration::from_secs(300), "{took:?}: {}", &text[..60]);
    }
    let found = scan(&format!("ARG A0=xxxxxxxx\n{doubling}FROM $A60"));
    assert!(matches!(found.references[0].input, Err(Unresolved::Malformed(_) | Unresolved::Argument { .. })));
}
