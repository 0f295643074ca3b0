use proptest::prelude::{prop_assert, proptest};

use super::*;
use crate::scan::Spelled;

/// The scalar under `key`, as it is spelled: each piece's text with whether the file has it so.
fn pieces(text: &str, key: &str) -> Vec<(String, bool)> {
    let stream = parse(text);
    let spelled = stream.documents().next().unwrap().get(key).unwrap().spelled();
    check(text, &spelled);
    let mut at = 0;
    let piece = |piece: &crate::scan::Piece| {
        at += piece.length;
        (spelled.text[at - piece.length..at].to_owned(), piece.span.is_some())
    };
    spelled.pieces.iter().map(piece).collect()
}

/// Pieces are what the file has.
fn check(text: &str, spelled: &Spelled) {
    let mut at = 0;
    for piece in &spelled.pieces {
        let part = &spelled.text[at..at + piece.length];
        if let Some(span) = &piece.span {
            assert_eq!(text.get(span.clone()), Some(part), "{spelled:?} in {text:?}");
        }
        at += piece.length;
    }
    assert_eq!(at, spelled.text.len(), "{spelled:?} in {text:?}");
}

/// What each document says, without places.
fn said(text: &str) -> Vec<String> {
    fn say(node: Node<'_>) -> String {
        match node.written() {
            Written::Leaf if node.is_null() => "null".into(),
            Written::Leaf => node.target().text().map_or("?".into(), |text| format!("{text:?}")),
            Written::Sequence(_) => {
                format!("[{}]", node.items().map(say).collect::<Vec<_>>().join(" "))
            }
            Written::Mapping(_) => {
                let pair = |(key, value): (Node<'_>, Node<'_>)| {
                    format!("{}={}", key.key().unwrap_or("?"), say(value))
                };
                format!("{{{}}}", node.pairs().into_iter().map(pair).collect::<Vec<_>>().join(" "))
            }
        }
    }
    parse(text).documents().map(say).collect()
}

#[test]
fn reads_documents() {
    for (text, expected) in [
        ("", vec![]),
        ("# only a comment\n", vec![]),
        (
            "a: 1\n---\nb: [x, 'y', null, ~, \"null\"]\n",
            vec![r#"{a="1"}"#, r#"{b=["x" "y" null null "null"]}"#],
        ),
        ("a:\nb: ''\n", vec![r#"{a=null b=""}"#]),
        ("tag: 1.20\n", vec![r#"{tag="1.20"}"#]),
        ("{\"a\": {\"b\": [1, true]}}", vec![r#"{a={b=["1" "true"]}}"#]),
        ("a: 1\na: 2\n", vec![r#"{a="1" a="2"}"#]),
        ("a: >-\n  x\n  y\n", vec![r#"{a="x y"}"#]),
        ("? [a]\n: 1\n", vec![r#"{?="1"}"#]),
        ("- !reference [a, b]\n- !!str 1\n", vec![r#"[["a" "b"] "1"]"#]),
    ] {
        assert_eq!(said(text), expected, "{text}");
    }
}

#[test]
fn sees_through_aliases_and_merge_keys() {
    for (text, expected) in [
        ("a: &x {k: 1}\nb: *x\n", r#"{a={k="1"} b={k="1"}}"#),
        ("a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}\n", r#"{a={k="1" l="2"} b={k="3" l="2"}}"#),
        (
            "a: &x {k: 1}\nb: &y {k: 2, l: 3}\nc: {<<: [*x, *y]}\n",
            r#"{a={k="1"} b={k="2" l="3"} c={k="1" l="3"}}"#,
        ),
        (
            "a: &x {k: 1}\nb: &y {<<: *x, l: 2}\nc: {<<: *y}\n",
            r#"{a={k="1"} b={l="2" k="1"} c={l="2" k="1"}}"#,
        ),
        ("a: {<<: {k: 1}, l: 2}\n", r#"{a={l="2" k="1"}}"#),
        ("a: {'<<': {k: 1}}\n", r#"{a={<<={k="1"}}}"#),
        ("a: {<<: text}\n", "{a={}}"),
        ("a: &k key\n*k : 1\n", r#"{a="key" key="1"}"#),
    ] {
        assert_eq!(said(text), [expected], "{text}");
    }
}

#[test]
fn looks_up() {
    let stream = parse("a: &x {k: 1, k: 2, z: 0}\nb: {<<: *x, l: 3}\n");
    let root = stream.documents().next().unwrap();
    let b = root.get("b").unwrap();
    assert_eq!(b.get("k").unwrap().text(), Some("2"), "the last of repeated keys");
    assert_eq!(b.every("k").len(), 2);
    assert_eq!(b.path(&["z"]).unwrap().text(), Some("0"));
    assert!(b.get("m").is_none() && b.get("l").unwrap().get("m").is_none());
    let Written::Mapping(pairs) = b.written() else { panic!("{b:?}") };
    assert_eq!(pairs.len(), 2);
    assert!(pairs[1].0.is_none() && matches!(pairs[1].1.written(), Written::Leaf));
}

#[test]
fn a_mistake_costs_its_own_document() {
    let text = "a: 1\n---\nb: [1, 2\n---\nc: *gone\n---\nd: &d [*d]\n";
    let stream = parse(text);
    assert_eq!(said(text), [r#"{a="1"}"#, "{c=?}", "{d=[?]}"]);
    let places: Vec<_> = stream.unread().iter().map(|unread| text[unread.span.clone()].to_owned()).collect();
    assert_eq!(places, ["[1, 2", "*gone", "*d"]);
    assert!(stream.unread()[0].why.starts_with("not YAML: "));

    let hopeless = parse(&"[\n---\n".repeat(1000)).unread().len();
    assert_eq!(hopeless, 65, "ends, and says so");
}

#[test]
fn knows_what_is_spelled_to_the_letter() {
    for (text, expected) in [
        ("a: x y # c\n", vec![("x y", true)]),
        ("a: 'x'\n", vec![("x", true)]),
        ("a: 'it''s'\n", vec![("it's", false)]),
        ("a: \"x\"\n", vec![("x", true)]),
        ("a: \"x\\/y\"\n", vec![("x/y", false)]),
        ("a: x\n  y\n", vec![("x y", false)]),
        ("a: \"x\n  y\"\n", vec![("x y", false)]),
        ("a: >-\n  x:1\n", vec![("x:1", true)]),
        ("a: >\n  x:1\nb: 1\n", vec![("x:1", true), ("\n", false)]),
        ("a: >-\n  x\n  y\n", vec![("x y", false)]),
        (
            "a: |\n  x\n    y\n\n  z\nb: 1\n",
            vec![("x\n", true), ("  y\n", true), ("\n", true), ("z\n", true)],
        ),
        ("a: |\n\n  x\n", vec![("\nx\n", false)]),
        ("a: |\r\n  x\r\n  y\r\n", vec![("x", true), ("\n", false), ("y", true), ("\n", false)]),
        ("a: |\r  x\r", vec![("x", true), ("\n", false)]),
        ("a: |2-\n    x\n   y\n\n", vec![("  x\n", true), (" y", true)]),
        ("a: |+\n  x\n\n\nb: 1", vec![("x\n", true), ("\n", true), ("\n", true)]),
        ("a: |-\n\tü\n", vec![]),
        ("é: 1\na: &x !!str ü:1 # ü\n", vec![("ü:1", true)]),
        ("a:\nb:", vec![("~", false)]),
        ("a: ''\n", vec![]),
    ] {
        if parse(text).documents().next().is_none() {
            assert!(expected.is_empty(), "{text}");
            continue;
        }
        let expected: Vec<_> = expected.iter().map(|(part, literal)| (part.to_string(), *literal)).collect();
        assert_eq!(pieces(text, "a"), expected, "{text:?}");
    }
}

#[test]
fn an_empty_text_has_a_place() {
    for (text, expected) in
        [("a: ''\n", Some(4..4)), ("a: \"\"\n", Some(4..4)), ("a:\n", None), ("a: xy\n", Some(3..3))]
    {
        let stream = parse(text);
        let a = stream.documents().next().unwrap().get("a").unwrap();
        assert_eq!(a.places().span(0..0), expected, "{text:?}");
    }
}

#[test]
fn a_hostile_text_costs_little() {
    let mut laughs = String::from("a0: &a0 [x]\n");
    for i in 1..40 {
        laughs += &format!("a{i}: &a{i} [*a{0}, *a{0}, *a{0}, *a{0}]\n", i - 1);
    }
    let stream = parse(&laughs);
    assert_eq!(stream.documents().next().unwrap().pairs().len(), 40);
    assert!(stream.unread().is_empty());

    let mut merges = String::from("a0: &a0 {x: 1}\n");
    for i in 1..2000 {
        merges += &format!("a{i}: &a{i} {{<<: [*a{0}, *a{0}]}}\n", i - 1);
    }
    let stream = parse(&merges);
    let root = stream.documents().next().unwrap();
    assert_eq!(root.get("a1999").unwrap().get("x").unwrap().text(), Some("1"));
    assert!(stream.unread().is_empty());
    let found = root.pairs().iter().filter(|(_, value)| value.get("x").is_some()).count();
    assert!((100..2000).contains(&found), "{found}");
    assert!(stream.unread()[0].why.contains("aliases"), "an end of the budget is said");

    for deep in ["[".repeat(100_000), "- ".repeat(100_000), "- ".repeat(300), "{a: ".repeat(5000)] {
        assert!(!parse(&deep).unread().is_empty());
    }
}

/// Visits everything; spans are inside the text, pieces are what the file has.
fn visit(text: &str, node: Node<'_>) {
    assert!(text.get(node.span()).is_some(), "{:?} in {text:?}", node.span());
    check(text, &node.spelled());
    node.pairs();
    match node.written() {
        Written::Leaf => {}
        Written::Sequence(items) => items.into_iter().for_each(|item| visit(text, item)),
        Written::Mapping(pairs) => {
            for (key, value) in pairs {
                key.into_iter().for_each(|key| visit(text, key));
                visit(text, value);
            }
        }
    }
}

proptest! {
    #[test]
    fn nothing_panics_and_spans_are_true(text in "([ab:\\-\\[\\]{},&*!|>'\"#~<?%é\\\\\r\n ]|: |- |\n  |<<: \\*a|&a |\\|\n  ){0,40}") {
        let stream = parse(&text);
        stream.documents().for_each(|root| visit(&text, root));
        for unread in stream.unread() {
            prop_assert!(text.get(unread.span).is_some());
        }
    }
}
