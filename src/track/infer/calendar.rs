//! Dates that are written with dashes.

use crate::track::field::is_within;

/// `2024-01-16`, `2024-01-16T16-07-38Z`, `RELEASE.2024-01-16…`, `2024-08`: how many segments, and their track.
pub(super) fn read(segments: &[&str]) -> Option<(usize, String)> {
    let first = segments[0];
    let start = first.len().checked_sub(4).filter(|start| first.is_char_boundary(*start))?;
    let (prefix, year) = first.split_at(start);
    let month = segments.get(1).filter(|month| is_two(month, 1, 12))?;
    if !is_within(year, 1990..=2099) || prefix.ends_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let day = segments.get(2).filter(|day| day.get(..2).is_some_and(|day| is_two(day, 1, 31)));
    let Some(day) = day else {
        // Two digits alone are a month only where they cannot be a version's second number.
        let is_month = matches!(prefix, "" | "v") && (month.starts_with('0') || segments.len() == 2);
        return is_month.then(|| (2, format!("{prefix}{{year}}-{{month}}")));
    };
    let date = format!("{prefix}{{year}}-{{month}}-{{day}}");
    match day[2..].chars().next() {
        None => Some((3, date)),
        Some(separator @ ('T' | 't' | '_')) => {
            let (used, time) = time(&day[3..], &segments[3..])?;
            Some((3 + used, format!("{date}{separator}{time}")))
        }
        Some('.') if crate::track::infer::words::is_short(&day[3..]) => {
            Some((3, format!("{date}.{{build}}")))
        }
        Some(_) => None,
    }
}

/// `16-07-38Z`, from `hour` and the segments after it; how many of those.
fn time(hour: &str, segments: &[&str]) -> Option<(usize, String)> {
    let mut text = "{hour}".to_owned();
    let mut used = 0;
    let mut last = hour;
    for name in ["{minute}", "{second}"] {
        let Some(next) = segments
            .get(used)
            .filter(|next| last.len() == 2 && next.get(..2).is_some_and(|number| is_two(number, 0, 59)))
        else {
            break;
        };
        text.push('-');
        text.push_str(name);
        last = next;
        used += 1;
    }
    let zone = last.get(2..)?;
    // `11Z.fips`
    let (letter, word) = zone.split_at(zone.find('.').unwrap_or(zone.len()));
    let is_plain = word.len() != 1 && word.bytes().skip(1).all(|b| b.is_ascii_alphabetic());
    (is_two(&last[..2], 0, 59)
        && is_two(hour.get(..2)?, 0, 23)
        && matches!(letter, "" | "Z" | "z")
        && is_plain)
        .then(|| (used, format!("{text}{zone}")))
}

fn is_two(text: &str, least: u32, most: u32) -> bool {
    text.len() == 2 && is_within(text, least..=most)
}
