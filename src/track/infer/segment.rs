//! One segment of a tag that begins with a number.

use super::words;
use crate::track::field::is_within;
use crate::track::{Prerelease, is_date};

/// A segment that is a version, a date or a time.
pub(super) struct Segment {
    /// Its track.
    pub(super) text: String,
    /// Its track for a prerelease, where the release has one number more.
    pub(super) bracketed: Option<String>,
    /// Whether it names a prerelease.
    pub(super) has_pre: bool,
    /// Whether it is a single number.
    pub(super) is_lone: bool,
}

const PREFIXES: [&str; 9] = ["release.", "version.", "ver.", "rel.", "v.", "v", "V", "r", ""];

/// Reads the segment where nothing before it has moved yet.
pub(super) fn read(segment: &str) -> Option<Segment> {
    let prefix = PREFIXES.into_iter().find(|prefix| segment.starts_with(prefix))?;
    let body = &segment[prefix.len()..];
    if words::is_hash(body) {
        return None;
    }
    let (components, rest) = numbers(body)?;
    // `r36.4` is a release, but `r11` may be anything.
    if prefix == "r" && components.len() == 1 {
        return None;
    }
    if let ([epoch], "") = (&components[..], rest)
        && is_epoch(epoch)
    {
        return Some(moving(format!("{prefix}{{epoch}}")));
    }
    // The third number is which Windows it is, and one does not run on the host of another.
    if let ["10", "0", windows, _] = components[..]
        && windows.len() == 5
        && rest.is_empty()
    {
        return Some(moving(format!("{prefix}10.0.{windows}.{{build}}")));
    }
    let names = names(&components)?;
    let mut text = format!("{prefix}{}", join(&names, "."));
    if let [_] = components[..]
        && let Some((more, after)) = other_separator(rest)
    {
        let (tail, has_pre) = tail(after, false)?;
        return Some(Segment { has_pre, ..moving(format!("{text}{more}{tail}")) });
    }
    let is_date = names.contains(&"{date}");
    let is_short = components.len() <= 2 && names[0] == "{major}" && !is_date;
    let bracketed = is_short.then(|| {
        let next = if components.len() == 1 { "{minor}" } else { "{patch}" };
        format!("{text}[.{next}]")
    });
    let (tail, has_pre) = tail(rest, components.len() == 1 && !is_date)?;
    let numbered = rest.ends_with(|c: char| c.is_ascii_digit());
    if has_pre
        && numbered
        && let Some(bracketed) = &bracketed
    {
        text.clone_from(bracketed);
    }
    let bracketed = bracketed.filter(|_| rest.is_empty());
    let is_lone = components.len() == 1 && !is_date && rest.is_empty();
    Some(Segment { text: text + &tail, bracketed, has_pre, is_lone })
}

pub(super) fn moving(text: String) -> Segment {
    Segment { text, bracketed: None, has_pre: false, is_lone: false }
}

/// The numbers at the start that dots separate, and the rest.
fn numbers(body: &str) -> Option<(Vec<&str>, &str)> {
    let mut components = Vec::new();
    let mut rest = body;
    loop {
        let end = rest.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len());
        if end == 0 {
            return None;
        }
        components.push(&rest[..end]);
        rest = &rest[end..];
        match rest.strip_prefix('.') {
            Some(more) if more.starts_with(|c: char| c.is_ascii_digit()) => rest = more,
            _ => return Some((components, rest)),
        }
    }
}

/// What each of the numbers is.
fn names(components: &[&str]) -> Option<Vec<&'static str>> {
    const VERSION: [&str; 3] = ["{major}", "{minor}", "{patch}"];
    if let Some(date) = components.iter().position(|component| is_date(component)) {
        let mut names = VERSION.get(..date)?.to_vec();
        names.push("{date}");
        names.resize(components.len(), "{build}");
        return Some(names);
    }
    let mut names = match components {
        // A lone number of many digits is a hash, a build or a time: not told apart by its looks.
        [number] if number.len() > 4 => return None,
        [year, month, ..] if is_year(year) && is_within(month, 1..=12) && month.len() <= 2 => {
            let third = match components.get(2) {
                Some(third) if is_day(month, third) => "{day}",
                _ => "{patch}",
            };
            vec!["{year}", "{month}", third]
        }
        [year, _, ..] if is_year(year) => vec!["{year}", "{minor}", "{patch}"],
        _ => VERSION.to_vec(),
    };
    names.resize(components.len(), "{build}");
    Some(names)
}

/// Whether the number after a month is a day, and not the count of a month's releases.
///
/// Two digits in both places are, if a leading zero says so or no month has that many releases.
fn is_day(month: &str, third: &str) -> bool {
    let both = month.len() == 2 && third.len() == 2 && is_within(third, 1..=31);
    both && (month.starts_with('0') || third.starts_with('0') || is_within(third, 13..=31))
}

fn is_year(number: &str) -> bool {
    number.len() == 4 && is_within(number, 2000..=2099)
}

/// Of this century's first half: a time of ten digits.
fn is_epoch(number: &str) -> bool {
    number.len() == 10 && is_within(number, 1_000_000_000..=2_500_000_000)
}

/// `8u422` has its second number after a `u`, `8_9_1` both after a `_`; gives their track and the rest.
fn other_separator(rest: &str) -> Option<(String, &str)> {
    if let Some(after) = rest.strip_prefix('u') {
        let (components, after) = numbers(after)?;
        return (components.len() == 1).then(|| ("u{minor}".to_owned(), after));
    }
    let (minor, after) = numbers(rest.strip_prefix('_')?)?;
    let (patch, after) = numbers(after.strip_prefix('_')?)?;
    (minor.len() == 1 && patch.len() == 1).then(|| ("_{minor}_{patch}".to_owned(), after))
}

/// The track of what follows the numbers in their segment, and whether it names a prerelease.
pub(super) fn tail(rest: &str, after_lone: bool) -> Option<(String, bool)> {
    if let Some(clock) = clock(rest) {
        return Some((clock, false));
    }
    let mut text = String::new();
    let mut has_pre = false;
    let mut rest = rest;
    while !rest.is_empty() {
        let body = rest.trim_start_matches(['.', '_', '+']);
        let separator = &rest[..rest.len() - body.len()];
        if separator.len() > 1 || body.is_empty() {
            return None;
        }
        let end = body.find(['_', '+']).unwrap_or(body.len());
        text.push_str(separator);
        if let Some(counter) = words::counter(&body[..end]) {
            text.push_str(&counter);
        } else if words::is_short(&body[..end]) && matches!(separator, "_" | "+") {
            text.push_str("{build}");
        } else if let Some((prerelease, "")) = Prerelease::read(&body[..end])
            && !has_pre
            && (prerelease.is_numbered() || (!after_lone && words::names_a_prerelease(&body[..end])))
        {
            text.push_str("{pre}");
            has_pre = true;
        } else if let Some(hash) = words::hash(&body[..end], false).filter(|_| !separator.is_empty()) {
            text.push_str(&hash);
        } else if is_word(&body[..end]) && !after_lone {
            text.push_str(&body[..end]);
        } else {
            return None;
        }
        rest = &body[end..];
    }
    Some((text, has_pre))
}

/// `T101530Z`, behind a date of eight digits.
fn clock(rest: &str) -> Option<String> {
    let letter = rest.chars().next().filter(|c| matches!(c, 'T' | 't'))?;
    let time = rest[1..].trim_end_matches(['Z', 'z']);
    let zone = &rest[1 + time.len()..];
    (time.len() == 6 && words::is_short(time) && zone.len() <= 1).then(|| format!("{letter}{{build}}{zone}"))
}

/// A word of its own behind a version, as in `.Final` or `ubu2404`.
fn is_word(text: &str) -> bool {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    letters >= 3 && text[letters..].bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// Numbers in a segment of their own, directly after the version: a build, a date or a time.
///
/// Several are only where one is a date or a time: `1.2.3-3.20` has another version behind the first.
pub(super) fn further(segment: &str) -> Option<String> {
    if let Some((components, "")) = numbers(segment)
        && (components.len() > 1 || words::is_short(segment))
        && (components.len() == 1 || components.iter().any(|number| is_epoch(number) || is_date(number)))
    {
        let names: Vec<&str> = components.iter().map(|number| time_or(number, "{build}")).collect();
        return Some(join(&names, "."));
    }
    dated(segment).or_else(|| {
        // `25.0.4-0_1`
        let (build, rest) = segment.split_once(['_', '+'])?;
        let (tail, _) = words::is_short(build).then(|| tail(&segment[build.len()..], true))??;
        (!rest.is_empty()).then(|| format!("{{build}}{tail}"))
    })
}

/// A date or a time, anywhere after the version.
pub(super) fn dated(segment: &str) -> Option<String> {
    let (components, rest) = numbers(segment)?;
    let name = time_or(components[0], "");
    let (tail, has_pre) = tail(rest, true).filter(|_| components.len() <= 3)?;
    let builds = ".{build}".repeat(components.len() - 1);
    (!name.is_empty() && !has_pre).then(|| format!("{name}{builds}{tail}"))
}

fn time_or(number: &str, otherwise: &'static str) -> &'static str {
    match number {
        _ if is_date(number) => "{date}",
        _ if is_epoch(number) => "{epoch}",
        _ => otherwise,
    }
}

fn join(names: &[&str], separator: &str) -> String {
    names.join(separator)
}
