//! The dashboard for everybody: in any light, on any screen, with any aid. Pictures of all pages are left in target/tmp/dashboard.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::stage::{Stage, Ticket, gallery, pages};

/// The screens, each with its size and whether it is a phone's.
const SCREENS: [(&str, u32, u32, bool); 2] = [("desk", 1280, 800, false), ("phone", 390, 844, true)];
/// What the browser tells aids of the table.
const ROLES: [(&str, usize); 4] = [("columnheader", 8), ("rowheader", 11), ("row", 12), ("table", 1)];
/// What axe finds, and what it cannot tell; the contrast of text in a picture it never can.
const CHECK: &str = "axe.run({ resultTypes: ['violations', 'incomplete'], runOnly: { type: 'tag', values:
    ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] } })
    .then(found => [...found.violations, ...found.incomplete].flatMap(it => it.nodes
        .filter(node => !(it.id === 'color-contrast' && document.querySelector(node.target[0]).closest('svg')))
        .map(node => `${it.id} (${it.impact}): ${it.help}: ${node.html}: ${node.failureSummary}`)))";

fn axe() -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/axe/package/axe.min.js");
    let why = |error| panic!("{}: {error}; `scripts/axe` brings it", file.display());
    fs::read_to_string(&file).unwrap_or_else(why)
}

impl Stage {
    /// Nothing goes over the right edge.
    fn fits(&mut self, page: &str) {
        let [all, seen] = ["scrollWidth", "clientWidth"]
            .map(|width| self.eval(&format!("document.documentElement.{width}")));
        assert!(all.as_u64() <= seen.as_u64(), "{page}: {all} in {seen}");
        let over = self.eval("Array.from(document.querySelectorAll('main *')).filter(it => it.getBoundingClientRect().right > innerWidth + 1)
            .filter(it => it.checkVisibility() && !it.closest('thead')).map(it => it.outerHTML.slice(0, 100))");
        assert_eq!(over, json!([]), "{page}");
    }
}

#[test]
fn every_page_is_accessible_and_fits_in_any_light_on_any_screen() {
    let ticket = Ticket::take();
    let mut stage = ticket.enter();
    let (axe, folder) = (axe(), gallery());
    let mut grounds = Vec::new();
    for (page, path) in pages() {
        for (screen, width, height, mobile) in SCREENS {
            stage.browser.size(width, height, mobile);
            stage.open(&path);
            stage.eval(&axe);
            for scheme in ["light", "dark"] {
                let name = format!("{page}-{screen}-{scheme}");
                stage.browser.scheme(scheme);
                stage.fits(&name);
                stage.browser.picture(&folder.join(format!("{name}.png")));
                grounds.push(stage.eval("getComputedStyle(document.body).backgroundColor"));
                assert_eq!(stage.eval(CHECK), json!([]), "{name}");
            }
        }
        // What is as wide as a page that is four times as large on a screen of 1280.
        stage.browser.size(320, 600, true);
        stage.open(&path);
        stage.fits(page);
    }
    assert!(grounds.chunks(2).all(|pair| pair[0] != pair[1]), "it is dark where that is wanted: {grounds:?}");
}

#[test]
fn a_table_that_is_drawn_as_cards_is_a_table() {
    let ticket = Ticket::take();
    let mut stage = ticket.enter();
    for (_, width, height, mobile) in SCREENS {
        stage.browser.size(width, height, mobile);
        stage.open("/");
        let tree = stage.browser.call("Accessibility.getFullAXTree", &json!({}));
        let nodes = tree["nodes"].as_array().unwrap();
        let count = |role: &str| {
            nodes.iter().filter(|node| node["role"]["value"] == role && node["ignored"] == false).count()
        };
        assert_eq!(ROLES.map(|(role, _)| (role, count(role))), ROLES);
        let display = stage.eval("getComputedStyle(document.querySelector('#pin-table tbody td')).display");
        assert_eq!(display, if mobile { "block" } else { "table-cell" });
    }
}
