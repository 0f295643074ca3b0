use std::collections::BTreeMap;

use super::*;
use crate::document::SourceFile;
use crate::model::{Digest, ImagePin, MediaType};

fn run(base: &str, ours: &str, theirs: &str) -> Merged {
    let file = |name: &str, text: &str| SourceFile::new(name, text);
    merge(&file("base", base), &file("ours", ours), &file("theirs", theirs)).unwrap()
}

fn image(tag: &str) -> Pin {
    Pin::Image(ImagePin {
        repository: "rust".parse().unwrap(),
        tag: tag.parse().unwrap(),
        digest: Digest::sha256(tag.as_bytes()),
        media_type: MediaType::OciIndex,
        platforms: [("linux/amd64".parse().unwrap(), Digest::sha256(b"child"))].into(),
    })
}

fn lock_of(pins: &BTreeMap<String, u8>) -> Lock {
    Lock { pins: pins.iter().map(|(name, tag)| (name.parse().unwrap(), image(&tag.to_string()))).collect() }
}

fn text_of(pins: &[(&str, u8)]) -> String {
    let pins = pins.iter().map(|(name, tag)| ((*name).to_owned(), *tag)).collect();
    encode(&lock_of(&pins), None, "pins.toml")
}

/// The conflict's text as one side has it.
fn resolved(text: &str, keep: &str) -> String {
    let mut side = "both";
    let mut kept = String::new();
    for line in text.split_inclusive('\n') {
        match line.trim_end() {
            "<<<<<<< ours" => side = "ours",
            "=======" => side = "theirs",
            ">>>>>>> theirs" => side = "both",
            _ if side == "both" || side == keep => kept.push_str(line),
            _ => {}
        }
    }
    kept
}

#[test]
fn different_pins_merge_and_the_same_change_is_that() {
    let base = text_of(&[("a", 1), ("b", 1), ("c", 1), ("d", 1)]);
    let ours = text_of(&[("a", 2), ("c", 1), ("d", 2), ("e", 1)]);
    let theirs = text_of(&[("a", 1), ("b", 1), ("c", 2), ("d", 2), ("f", 1)]);
    let both = text_of(&[("a", 2), ("c", 2), ("d", 2), ("e", 1), ("f", 1)]);
    assert_eq!(run(&base, &ours, &theirs), Merged::Clean(both.clone()));
    assert_eq!(run(&base, &theirs, &ours), Merged::Clean(both));
}

#[test]
fn a_pin_that_both_changed_differently_has_both_tables() {
    let base = text_of(&[("a", 1), ("b", 1), ("c", 1), ("d", 1)]);
    let ours = text_of(&[("a", 2), ("b", 2), ("d", 1)]) + "# the end\n";
    let theirs = text_of(&[("a", 1), ("b", 3), ("c", 2), ("d", 4)]);
    let Merged::Conflict { text, pins } = run(&base, &ours, &theirs) else { panic!() };
    assert_eq!(pins.iter().map(|pin| pin.as_str()).collect::<Vec<_>>(), ["b", "c"]);
    assert_eq!(
        resolved(&text, "ours"),
        text_of(&[("a", 2), ("b", 2)])
            + "\n"
            + &{
                let rest = text_of(&[("d", 4)]);
                rest[rest.find("\n[pin").unwrap()..].to_owned() + "# the end\n"
            }
    );
    let marks: Vec<&str> =
        text.lines().filter(|line| line.contains("[pin.") || !line.contains(" = ")).collect();
    assert_eq!(
        marks[1..],
        [
            "",
            "[pin.a]",
            "",
            "<<<<<<< ours",
            "[pin.b]",
            "=======",
            "[pin.b]",
            ">>>>>>> theirs",
            "",
            "<<<<<<< ours",
            "=======",
            "[pin.c]",
            ">>>>>>> theirs",
            "",
            "[pin.d]",
            "# the end",
        ]
    );
    let both_added = run("", &text_of(&[("a", 1)]), &text_of(&[("a", 2)]));
    assert!(matches!(both_added, Merged::Conflict { .. }));
    assert_eq!(
        run("", &text_of(&[("a", 1)]), &text_of(&[("b", 2)])),
        Merged::Clean(text_of(&[("a", 1), ("b", 2)]))
    );
}

#[test]
fn comments_of_both_sides_stay() {
    let base = text_of(&[("a", 1), ("b", 1)]);
    let ours = text_of(&[("a", 2), ("b", 1)]).replace("[pin.b]", "# why b\n[pin.b] # here").replacen(
        "version",
        "# first\nversion",
        1,
    );
    let theirs = text_of(&[("a", 1), ("b", 2)]).replace("tag = \"2\"", "tag = \"2\" # look") + "# the end\n";
    let expected = text_of(&[("a", 2), ("b", 2)]).replace("[pin.b]", "# why b\n[pin.b] # here").replacen(
        "version",
        "# first\nversion",
        1,
    );
    let at = expected.rfind("tag = \"2\"").unwrap() + "tag = \"2\"".len();
    let expected = format!("{} # look{}# the end\n", &expected[..at], &expected[at..]);
    assert_eq!(run(&base, &ours, &theirs), Merged::Clean(expected.clone()));
    assert_eq!(run(&base, &theirs, &ours), Merged::Clean(expected.clone()));
    // A comment that one side took out is out; one that both wrote differently is there twice.
    assert_eq!(run(&expected, &expected, &base), Merged::Clean(base.clone()));
    let one = base.replace("[pin.a]", "# one\n[pin.a] # x");
    let two = base.replace("[pin.a]", "# two\n[pin.a] # y");
    let both = base.replace("[pin.a]", "# one\n# two\n[pin.a] # x # y");
    assert_eq!(run(&base, &one, &two), Merged::Clean(both));
}

#[test]
fn a_comment_at_a_pin_that_the_other_side_dropped_is_not_lost() {
    let base = text_of(&[("a", 1), ("b", 1)]);
    let ours = base.replace("[pin.a]", "# needed\n[pin.a]");
    let theirs = text_of(&[("b", 1)]);
    let Merged::Conflict { text, .. } = run(&base, &ours, &theirs) else { panic!() };
    assert!(text.contains("<<<<<<< ours\n# needed\n[pin.a]\n"), "{text}");
    assert!(matches!(run(&ours, &ours, &theirs), Merged::Clean(text) if text == theirs));
}

#[test]
fn the_first_line_follows_the_side_that_changed_it() {
    let base = text_of(&[("a", 1)]);
    let ours = base.replace("Edit pins.toml", "Edit refresh/upstreams.toml");
    let theirs = text_of(&[("a", 2)]);
    let expected = theirs.replace("Edit pins.toml", "Edit refresh/upstreams.toml");
    assert_eq!(run(&base, &ours, &theirs), Merged::Clean(expected.clone()));
    assert_eq!(run(&base, &theirs, &ours), Merged::Clean(expected));
}

#[test]
fn every_malformed_side_is_named() {
    let good = text_of(&[("a", 1)]);
    let file = |name: &str, text: &str| SourceFile::new(name, text);
    let wrong = good.replace("tag", "tga");
    let problems = merge(&file("base", &good), &file("ours", &wrong), &file("theirs", "")).unwrap_err();
    let files: Vec<&str> = problems.iter().map(|problem| problem.place.file.path.as_str()).collect();
    assert!(files.contains(&"ours") && files.contains(&"theirs") && !files.contains(&"base"), "{files:?}");
}

fn pins() -> impl proptest::strategy::Strategy<Value = BTreeMap<String, u8>> {
    proptest::collection::btree_map("[a-d][a-z0-9]{0,2}", 0u8..3, 0..6)
}

/// A text with a comment here and there.
fn commented(lock: &Lock, comments: &[u8]) -> String {
    let text = encode(lock, None, "pins.toml");
    let mut lines = String::new();
    for (i, line) in text.lines().enumerate() {
        let comment = comments.get(i % comments.len().max(1)).copied().unwrap_or_default();
        match comment {
            1 if !line.is_empty() => lines.push_str(&format!("# {i}\n{line}\n")),
            2 if !line.is_empty() && !line.starts_with('#') => lines.push_str(&format!("{line} # {i}\n")),
            _ => lines.push_str(&format!("{line}\n")),
        }
    }
    lines
}

proptest::proptest! {
    #[test]
    fn changes_of_disjoint_pins_are_all_there(
        base in pins(),
        changes in proptest::collection::btree_map("[a-d][a-z0-9]{0,2}", (proptest::bool::ANY, proptest::option::of(3u8..6)), 0..6),
        comments in proptest::collection::vec(0u8..6, 0..9),
    ) {
        let (mut ours, mut theirs, mut both) = (base.clone(), base.clone(), base.clone());
        for (name, (is_ours, to)) in &changes {
            for side in [if *is_ours { &mut ours } else { &mut theirs }, &mut both] {
                match to {
                    Some(tag) => drop(side.insert(name.clone(), *tag)),
                    None => drop(side.remove(name)),
                }
            }
        }
        let base = commented(&lock_of(&base), &comments);
        let text = |pins| encode(&lock_of(pins), Some(&base), "pins.toml");
        let expected = Merged::Clean(text(&both));
        proptest::prop_assert_eq!(run(&base, &text(&ours), &text(&theirs)), expected.clone());
        proptest::prop_assert_eq!(run(&base, &text(&theirs), &text(&ours)), expected);
    }

    #[test]
    fn an_unchanged_side_gives_the_other(
        base in pins(),
        other in pins(),
        comments in proptest::collection::vec(0u8..6, 0..9),
        others in proptest::collection::vec(0u8..6, 0..9),
    ) {
        let base = commented(&lock_of(&base), &comments);
        let lock = lock_of(&other);
        let other = encode(&lock, Some(&commented(&lock, &others)), "pins.toml");
        proptest::prop_assert_eq!(run(&base, &base, &other), Merged::Clean(other.clone()));
        proptest::prop_assert_eq!(run(&base, &other, &base), Merged::Clean(other));
    }

    #[test]
    fn a_conflict_resolved_to_a_side_is_a_lock_as_it_is_written(base in pins(), ours in pins(), theirs in pins()) {
        let text = |pins: &BTreeMap<String, u8>| encode(&lock_of(pins), None, "pins.toml");
        let decode = |text: &str| decode(&SourceFile::new(FILE_NAME, text));
        match run(&text(&base), &text(&ours), &text(&theirs)) {
            Merged::Clean(merged) => {
                proptest::prop_assert_eq!(encode(&decode(&merged).unwrap(), Some(&merged), "pins.toml"), merged);
            }
            Merged::Conflict { text, .. } => {
                proptest::prop_assert!(decode(&text).is_err());
                proptest::prop_assert!(decode(&resolved(&text, "ours")).is_ok());
                proptest::prop_assert!(decode(&resolved(&text, "theirs")).is_ok());
            }
        }
    }
}
