//! Lines that claim too much.

use super::tests::{at, forge, journal, open, pin, record, repository};

#[test]
fn an_honest_line_is_believed() {
    let (_folder, top) = repository();
    record(&top, &[("tool", "1.0", "aa", 1)], 2);
    record(&top, &[("tool", "1.1", "bb", 4)], 5);
    record(&top, &[("other", "1", "cc", 6)], 6);
    let handle = open(&top, at(9));
    let history = handle.history(at(9)).unwrap();
    let seen = |tag: &str, content: &str| history.sightings(&pin("tool")).unwrap().first(tag, content);
    assert_eq!((seen("1.0", "aa"), seen("1.1", "bb")), (Some(at(1)), Some(at(4))));
    assert_eq!((seen("1.1", "aa"), seen("2", "aa")), (None, None));
    assert_eq!(history.sightings(&pin("none")).unwrap().first("1", "aa"), None);
}

#[test]
fn a_line_is_not_older_than_a_commit_without_it_also_in_a_folder() {
    let (_folder, top) = repository();
    for root in [top.clone(), top.join("services")] {
        record(&root, &[("tool", "1.0", "aa", 2)], 2);
    }
    record(&top, &[("tool", "1.0", "bb", 5)], 5);
    // One commit to get an early time, one with the line.
    forge(&top, "unrelated", b"", 0);
    let lines = format!("1.0 aa {}\n1.0 bb {0}\n1.0 evil {0}\n", at(0));
    forge(&top, "tool", lines.as_bytes(), 0);
    let handle = open(&top, at(9));
    for (content, time) in [("evil", 5), ("bb", 2), ("aa", 0)] {
        assert_eq!(
            handle.history(at(9)).unwrap().sightings(&pin("tool")).unwrap().first("1.0", content),
            Some(at(time)),
            "{content}"
        );
    }
    let inner = open(&top.join("services"), at(9));
    assert_eq!(
        inner.history(at(9)).unwrap().sightings(&pin("tool")).unwrap().first("1.0", "aa"),
        Some(at(2))
    );
}

#[test]
fn a_commit_from_the_future_makes_nothing_young() {
    let (_folder, top) = repository();
    record(&top, &[("tool", "1.0", "aa", 1)], 1);
    forge(&top, "unrelated", b"", 500);
    let mut handle = open(&top, at(2));
    handle.record(&journal(&[("tool", "1.1", "bb", 2)]), &[], at(2)).unwrap();
    assert_eq!(
        handle.history(at(9)).unwrap().sightings(&pin("tool")).unwrap().first("1.1", "bb"),
        Some(at(2))
    );
}
