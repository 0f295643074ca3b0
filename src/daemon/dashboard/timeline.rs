//! A pin's history as a picture: a point for each content that a tag was first seen to name, by time. Pure.

use jiff::Timestamp;
use maud::{Markup, html};

use super::parts::long;
use crate::daemon::Seen;

/// In units of the picture.
const WIDTH: i64 = 720;
const LEFT: i64 = 8;
const ROW: i64 = 26;
/// How many tags have a row of their own: the newest.
const ROWS: usize = 12;

pub(super) fn timeline(history: &[Seen], now: Timestamp) -> Markup {
    let mut tags: Vec<&str> = Vec::new();
    for seen in history.iter().rev() {
        if !tags.contains(&seen.tag.as_str()) && tags.len() < ROWS {
            tags.push(&seen.tag);
        }
    }
    let first = history.iter().map(|seen| seen.at).min().unwrap_or(now);
    let span = (now.as_second() - first.as_second()).max(1);
    let x = |at: Timestamp| {
        LEFT + (at.as_second() - first.as_second()).clamp(0, span) * (WIDTH - 2 * LEFT) / span
    };
    let height = ROW * (i64::try_from(tags.len()).unwrap_or(0) + 1);
    let rows = tags.iter().zip(0_i64..).map(|(tag, at)| (*tag, ROW * at + ROW - 6));
    let said = format!(
        "{} first seen in {}; the newest tag is {}",
        contents(history.len()),
        long(now.duration_since(first)),
        tags.first().copied().unwrap_or("none"),
    );
    html! {
        figure {
            svg.timeline viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label=(said) {
                @for (tag, y) in rows {
                    line.axis x1=(LEFT) x2=(WIDTH - LEFT) y1=(y) y2=(y) {}
                    text x=(LEFT) y=(y - 8) { (tag) }
                    @for seen in history.iter().filter(|seen| seen.tag == tag) {
                        circle class=(if seen.locked { "locked" } else { "seen" }) cx=(x(seen.at)) cy=(y) r=(if seen.locked { 6 } else { 4 }) {
                            title { (seen.tag) " " (seen.content) ", first seen " (seen.at) }
                        }
                    }
                }
                text x=(LEFT) y=(height - 4) { (first.strftime("%Y-%m-%d")) }
                text.end x=(WIDTH - LEFT) y=(height - 4) { "now" }
            }
            figcaption { "Each point is content that a tag was first seen to name; the full one is locked." }
        }
    }
}

fn contents(count: usize) -> String {
    match count {
        1 => "one content".into(),
        count => format!("{count} contents"),
    }
}
