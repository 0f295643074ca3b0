//! The dashboard for everybody: in any light, on any screen, with any aid. Pictures of all pages are left in target/tmp/dashboard.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::stage::{Stage, Ticket, gallery, pages};

/// How pages are looked at: the size of the screen, whether it is a phone's, and whether it is light or dark.
const VIEWS: [(&str, u32, u32, bool, &str); 3] = [
    ("light", 1280, 800, false, "light"),
    ("dark", 1280, 800, false, "dark"),
    ("phone", 390, 844, true, "light"),
];
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
        let over = self.eval("Array.from(document.querySelectorAll('main *')).filter(it => it.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
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
        for (view, width, height, mobile, scheme) in VIEWS {
            let name = format!("{page}-{view}");
            stage.browser.size(width, height, mobile);
            stage.browser.scheme(scheme);
            stage.open(&path);
            stage.fits(&name);
            stage.browser.picture(&folder.join(format!("{name}.png")));
            grounds.push(stage.eval("getComputedStyle(document.body).backgroundColor"));
            stage.eval(&axe);
            assert_eq!(stage.eval(CHECK), json!([]), "{name}");
        }
        // As wide as where all is four times as large on a screen of 1280; and just wide enough for columns.
        for width in [320, 970] {
            stage.browser.size(width, 600, false);
            stage.fits(&format!("{page} at {width}"));
        }
    }
    assert!(
        grounds.chunks(3).all(|views| views[0] != views[1] && views[0] == views[2]),
        "it is dark where that is wanted: {grounds:?}"
    );
}

#[test]
fn a_table_that_is_drawn_as_cards_is_a_table() {
    let ticket = Ticket::take();
    let mut stage = ticket.enter();
    for (_, width, height, mobile, _) in VIEWS {
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
