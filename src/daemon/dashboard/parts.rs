//! What the pages share.

use jiff::{SignedDuration, Timestamp};
use maud::{DOCTYPE, Markup, html};

use crate::daemon::Standing;

/// A page, where it stands among the others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Page {
    Overview,
    Pin,
    Images,
    Runs,
}

/// A whole page.
pub(super) fn page(here: Page, title: &str, body: &Markup) -> Markup {
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
                    "The same in JSON: " a href="/api/v1/pins" { "pins" } ", " a href="/api/v1/runs" { "runs" } ", "
                    a href="/api/v1/alarms" { "alarms" } "; " a href="/metrics" { "metrics" } "; "
                    a href="/api/v1/openapi.json" { "description" }
                }
            }
        }
    }
}

/// A page that has nothing to show.
pub(super) fn nothing(why: &str) -> Markup {
    html! { h1 { "Nothing here" } p { (why) } }
}

/// How a pin stands, in a word that has its colour beside it.
pub(super) fn state(state: Standing) -> Markup {
    html! { span class={ "state " (state.name()) } { (state.name()) } }
}

/// A time, as how long ago it was or how long away it is.
pub(super) fn when(at: Timestamp, now: Timestamp) -> Markup {
    let text = match at <= now {
        true if now.duration_since(at).as_secs() < 60 => "just now".to_owned(),
        true => format!("{} ago", long(now.duration_since(at))),
        false => format!("in {}", long(at.duration_since(now))),
    };
    html! { time datetime=(at.to_string()) title=(at.to_string()) { (text) } }
}

/// A time that may not be known.
pub(super) fn when_known(at: Option<Timestamp>, now: Timestamp) -> Markup {
    at.map_or_else(|| html! { span.dim { "not known" } }, |at| when(at, now))
}

/// In the largest unit that fits.
pub(super) fn long(duration: SignedDuration) -> String {
    let seconds = duration.as_secs();
    let (count, unit) = match seconds {
        ..60 => return "less than a minute".into(),
        60..3600 => (seconds / 60, "minute"),
        3600..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// Content, short enough for a table; all of it where one points at it.
pub(super) fn content(content: &str) -> Markup {
    let digits = content.find(':').map_or(0, |colon| colon + 1) + 12;
    let short: String = content.chars().take(digits).collect();
    html! { code title=(content) { (short) } }
}

/// A link to a pin's page.
pub(super) fn pin_link(name: &str) -> Markup {
    html! { a href={ "/pins/" (name) } { (name) } }
}

/// A link to where a proposal can be read: to the web only.
pub(super) fn proposal_link(branch: &str, url: Option<&str>) -> Markup {
    let web = url.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
    match web {
        Some(url) => html! { a href=(url) rel="noreferrer" { (branch) } },
        None => html! { code { (branch) } },
    }
}
