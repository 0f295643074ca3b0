//! A pin's history as a picture: a line for each tag, with a point where it was first seen to name something else. Pure.
//!
//! Places along the time are shares of the width, so that the picture has any width and its text always one size.

use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};

use super::parts::{count, long};
use crate::daemon::Seen;

/// In units of CSS.
const ROW: usize = 38;
/// How many tags have a row of their own: the newest.
const ROWS: usize = 12;
/// The longest name of a row.
const NAME: usize = 36;
/// Where the time begins and how much of the width it takes, in thousandths.
const LEFT: i64 = 25;
const WIDTH: i64 = 950;

/// The time that is drawn.
struct Axis {
    from: Timestamp,
    to: Timestamp,
}

impl Axis {
    /// A place along it.
    fn x(&self, at: Timestamp) -> String {
        let span = (self.to.as_second() - self.from.as_second()).max(1);
        let gone = (at.as_second() - self.from.as_second()).clamp(0, span);
        let thousandths = LEFT + gone * WIDTH / span;
        format!("{}.{}%", thousandths / 10, thousandths % 10)
    }

    /// Its beginning, its end and what is between, evenly; with a date each.
    fn ticks(&self) -> Vec<(Timestamp, &'static str)> {
        let half = self.from + SignedDuration::from_secs((self.to.as_second() - self.from.as_second()) / 2);
        let days = self.to.duration_since(self.from).as_hours() / 24;
        let ends = [(self.from, "start"), (self.to, "end")];
        // Fewer days than dates would say one twice.
        let middle = (days > 3).then_some((half, "middle"));
        ends.into_iter().chain(middle).collect()
    }
}

pub(super) fn timeline(history: &[Seen], now: Timestamp) -> Markup {
    let mut tags: Vec<&str> = Vec::new();
    for seen in history.iter().rev() {
        if !tags.contains(&seen.tag.as_str()) {
            tags.push(&seen.tag);
        }
    }
    let newest = tags.first().copied().unwrap_or("none");
    let left_out = tags.len().saturating_sub(ROWS);
    tags.truncate(ROWS);
    let from = history.iter().map(|seen| seen.at).min().unwrap_or(now);
    let axis = Axis { from, to: now.max(from) };
    let height = ROW * tags.len() + 30;
    let said = format!(
        "Timeline: {} of {} first seen in {}; {newest} was the last",
        count(history.len(), "content"),
        count(tags.len() + left_out, "tag"),
        long(now.duration_since(from)),
    );
    html! {
        figure {
            svg.timeline width="100%" height=(height) role="img" aria-label=(said) {
                @for (at, anchor) in axis.ticks() {
                    line.tick x1=(axis.x(at)) x2=(axis.x(at)) y1="0" y2=(height - 22) {}
                    text.date text-anchor=(anchor) x=(axis.x(at)) y=(height - 7) { (at.strftime("%Y-%m-%d")) }
                }
                @for (tag, y) in tags.iter().zip((0..).map(|row| ROW * row + 28)) { (line(history, tag, y, &axis)) }
            }
            figcaption {
                span.key.locked { "what is locked" } " "
                span.key { "other content, from when it was first seen" }
                @if left_out > 0 { "; " (count(left_out, "older tag")) " left out" }
            }
        }
    }
}

/// What one tag named when.
fn line(history: &[Seen], tag: &str, y: usize, axis: &Axis) -> Markup {
    let named: Vec<&Seen> = history.iter().filter(|seen| seen.tag == tag).collect();
    let ends = named.iter().skip(1).map(|seen| seen.at).chain([axis.to]);
    let name: String = match tag.chars().count() {
        ..=NAME => tag.into(),
        _ => tag.chars().take(NAME - 1).chain(['…']).collect(),
    };
    // A name that would go over the right edge goes to the left of where it stands.
    let first = named.first().map_or(axis.from, |seen| seen.at);
    let is_late = first.as_second() - axis.from.as_second() > axis.to.as_second() - first.as_second();
    html! {
        text text-anchor=(if is_late { "end" } else { "start" }) x=(axis.x(first)) y=(y - 12) { (name) }
        @for (seen, end) in named.iter().zip(ends) {
            g class=(if seen.locked { "locked" } else { "seen" }) {
                line x1=(axis.x(seen.at)) x2=(axis.x(end)) y1=(y) y2=(y) {}
                circle cx=(axis.x(seen.at)) cy=(y) r=(if seen.locked { 6 } else { 4 }) {
                    title { (seen.tag) " " (seen.content) ", first seen " (seen.at.strftime("%Y-%m-%d %H:%M")) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_tags_have_lines_and_points_stand_where_their_times_are() {
        let day =
            |day: i8| jiff::civil::date(2026, 5, day).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        let seen =
            |at: i8| Seen { tag: format!("1.{at}"), content: "x".into(), at: day(at), locked: at == 14 };
        let history: Vec<Seen> = (1..=14).map(seen).collect();
        let drawn = timeline(&history, day(27)).into_string();
        assert_eq!(
            (drawn.matches("<circle").count(), drawn.matches("<g class=\"locked\">").count()),
            (12, 1)
        );
        assert!(drawn.contains("; 2 older tags left out"), "{drawn}");
        assert!(drawn.contains("14 contents of 14 tags first seen in 26 days; 1.14 was the last"), "{drawn}");
        // Half of the time is half of the width.
        assert!(drawn.contains("<circle cx=\"50.0%\" cy=\"28\" r=\"6\">"), "{drawn}");
        assert!(!drawn.contains("1.2<") && drawn.contains("1.3<"), "{drawn}");
        // One moment is as wide as many.
        assert!(timeline(&history[..1], day(1)).into_string().contains("<circle cx=\"2.5%\""));
    }
}
