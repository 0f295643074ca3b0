//! What is around the content of each page.

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use super::parts::moment;

/// A page, where it stands among the others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    Overview,
    Pin,
    Images,
    Runs,
}

/// A whole page.
pub(super) fn page(here: Page, title: &str, now: Timestamp, body: &Markup) -> Markup {
    let link = |page: Page, path: &str, text: &str| {
        html! { a href=(path) aria-current=[(page == here).then_some("page")] { (text) } }
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · solera-pin" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/style.css";
                script src="/script.js" defer {}
            }
            body {
                a.skip href="#main" { "To the content" }
                header {
                    a.name href="/" { "solera-pin" }
                    nav aria-label="Pages" {
                        (link(Page::Overview, "/", "Pins"))
                        (link(Page::Images, "/images", "Images"))
                        (link(Page::Runs, "/runs", "Runs"))
                    }
                }
                main id="main" tabindex="-1" { (body) }
                footer {
                    p { "As it was known at " (moment(now)) ". All times are in UTC." }
                    p {
                        "The same in JSON: " a href="/api/v1/pins" { "pins" } ", " a href="/api/v1/proposals" { "proposals" } ", "
                        a href="/api/v1/alarms" { "alarms" } ", " a href="/api/v1/images" { "images" } ", "
                        a href="/api/v1/runs" { "runs" } ", " a href="/api/v1/openapi.json" { "their description" } "; "
                        a href="/metrics" { "metrics" } "."
                    }
                }
            }
        }
    }
}
