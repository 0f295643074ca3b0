//! The dashboard with the keyboard alone, with scripts and without.

use serde_json::json;

use crate::chromium::Chromium;
use crate::expected::{Pin, order};
use crate::stage::{FOCUS, MATCHES, ROWS, Ticket, pages};

/// All that can be used, as a person sees it.
const CONTROLS: &str = "Array.from(document.querySelectorAll('a[href], button, input, summary'))
    .filter(it => it.checkVisibility({ visibilityProperty: true })).map(it => `${it.tagName} ${it.id || it.innerText.trim()}`)";

#[test]
fn pins_are_sorted_with_the_keyboard_alone() {
    let ticket = Ticket::take();
    let mut stage = ticket.enter();
    let pins = stage.pins();
    stage.open("/");
    let heads = ["pin", "state", "locked", "newest", "age", "why", "used by", "as of"];
    // The rows come sorted by the first, and what is sorted already is turned round.
    for (column, head) in heads.iter().enumerate().cycle().skip(1).take(heads.len()) {
        stage.tab_to(&format!("BUTTON {head}"));
        for (down, word) in [(false, "ascending"), (true, "descending")] {
            stage.browser.enter();
            assert_eq!(stage.names(), order(&pins, column, down), "{head}, {word}");
            let sorted = stage.eval("Array.from(document.querySelectorAll('th[aria-sort]'), it => [it.innerText, it.getAttribute('aria-sort')])");
            assert_eq!(sorted, json!([[head, word]]));
            assert_eq!(stage.eval(FOCUS), format!("BUTTON {head}"), "the focus stays");
        }
    }
    assert_eq!(stage.browser.complaints(), [""; 0]);
}

#[test]
fn pins_are_narrowed_by_text_and_by_state_with_the_keyboard_alone() {
    let ticket = Ticket::take();
    let mut stage = ticket.enter();
    let pins = stage.pins();
    stage.open("/");
    let digest = pins.iter().find(|pin| pin.name() == "node").unwrap().content();
    for text in
        ["postgres", "HELD", "1.0.0 files", "alert", "immutable MOVED", &digest[..20], "nothing like it"]
    {
        stage.tab_to("INPUT filter");
        stage.browser.types(text);
        let words: Vec<String> = text.split(' ').map(str::to_lowercase).collect();
        let expected: Vec<&Pin> =
            pins.iter().filter(|pin| words.iter().all(|word| pin.text().contains(word))).collect();
        assert_eq!(stage.names(), expected.iter().map(|pin| pin.name()).collect::<Vec<_>>(), "{text}");
        assert_eq!(stage.eval(MATCHES), format!("{} of {} pins", expected.len(), pins.len()), "{text}");
        stage.browser.key("Escape", 27, "");
        assert_eq!(stage.eval(MATCHES), format!("{} pins", pins.len()));
    }
    for state in ["current", "held", "alarm"] {
        let expected: Vec<&str> = pins.iter().filter(|pin| pin.state() == state).map(Pin::name).collect();
        let count = format!("{} of {} pins", expected.len(), pins.len());
        stage.open("/");
        stage.tab_to(&format!("A {}\n{state}", expected.len()));
        stage.browser.enter();
        assert_eq!(
            (stage.names(), stage.eval(MATCHES)),
            (expected.iter().map(ToString::to_string).collect(), json!(count))
        );
        assert_eq!(stage.eval("location.search"), format!("?state={state}"));
        // With a text besides, and the same again from its address.
        stage.tab_to("INPUT filter");
        stage.browser.types(&expected[0][..2]);
        assert_eq!(stage.names()[0], expected[0]);
        assert_eq!(stage.browser.complaints(), [""; 0]);
        stage.open(&format!("/?state={state}"));
        assert_eq!(
            (stage.names(), stage.eval(MATCHES)),
            (expected.iter().map(ToString::to_string).collect(), json!(count))
        );
    }
}

#[test]
fn the_keyboard_comes_to_everything_and_shows_where_it_is() {
    let ticket = Ticket::take();
    let mut stage = ticket.enter();
    for (_, path) in pages() {
        stage.open(&path);
        stage.browser.tab();
        assert_eq!(stage.eval(FOCUS), "A To the content");
        assert_eq!(
            stage.eval("document.activeElement.getBoundingClientRect().left >= 0"),
            true,
            "it is seen"
        );
        let controls = stage.eval(CONTROLS);
        for control in controls.as_array().unwrap() {
            assert_eq!(stage.eval(FOCUS), *control, "{path}");
            assert_eq!(
                stage.eval("getComputedStyle(document.activeElement).outlineStyle"),
                "solid",
                "{path} {control}"
            );
            stage.browser.tab();
        }
        stage.open(&path);
        stage.browser.tab();
        stage.browser.enter();
        assert_eq!(stage.eval("document.activeElement.id"), "main", "{path}");
    }
}

#[test]
fn without_scripts_everything_is_there_and_nothing_is_dead() {
    let ticket = Ticket::take();
    let mut stage = ticket.enter();
    let pins = stage.pins();
    let rows: Vec<Vec<String>> = pins.iter().map(Pin::row).collect();
    let held: Vec<&str> = pins.iter().filter(|pin| pin.state() == "held").map(Pin::name).collect();
    for (_, path) in pages() {
        const TEXT: &str =
            "document.querySelector('main').innerText.replace(/Filter/, '').replace(/\\s+/g, ' ')";
        stage.browser.scripts(true);
        stage.open(&path);
        let with = stage.eval(TEXT);
        stage.browser.scripts(false);
        stage.open(&path);
        assert_eq!(stage.eval(TEXT), with, "{path}");
        let dead = stage
            .eval(CONTROLS)
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| ["BUTTON", "INPUT"].iter().any(|kind| it.as_str().unwrap().starts_with(kind)))
            .count();
        assert_eq!(dead, 0, "{path}");
    }
    stage.open("/");
    assert_eq!(stage.eval(ROWS), json!(rows));
    stage.tab_to(&format!("A {}\nheld", held.len()));
    stage.browser.goes(Chromium::enter);
    assert_eq!(stage.names(), held);
    assert_eq!(stage.eval(MATCHES), format!("{} of {} pins", held.len(), pins.len()));
    assert_eq!(stage.eval("location.search + location.hash"), "?state=held#pins");
}
