//! A track from a tag that a person wrote.

use super::parse::is_date;
use super::{Prerelease, Track, TrackError};

const PLACEHOLDERS: [&str; 4] = ["{major}", ".{minor}", ".{patch}", ".{build}"];

/// The track whose shape `tag` has: its first version or date moves, all else stays.
///
/// A tag without either (`bookworm-slim`, `php8.3-fpm`) is its own track. Numbers that belong to a word, such as
/// `php8.3`, are another axis and stay.
pub fn infer(tag: &str) -> Result<Track, TrackError> {
    let segments: Vec<&str> = tag.split('-').collect();
    let digit = |segment: Option<&&str>| {
        segment.is_some_and(|segment| segment.starts_with(|c: char| c.is_ascii_digit()))
    };
    let is_version = |i: usize| {
        // A lone number is a version at the start only, and not where it begins a date such as 2025-12-29.
        let lone = segments[i].bytes().all(|b| b.is_ascii_digit()) && !is_date(segments[i]);
        placeholders(segments[i]).is_some() && (!lone || (i == 0 && !digit(segments.get(1))))
    };
    let moving = (0..segments.len()).find(|i| is_version(*i));
    let is_prerelease = |segment: &str| matches!(Prerelease::read(segment), Some((_, "")));
    let track = segments.iter().enumerate().map(|(i, segment)| match placeholders(segment) {
        Some(text) if Some(i) == moving => text,
        // `2.0.0-rc1`: the segment after the version is a part of it.
        _ if moving.is_some_and(|moving| moving + 1 == i) && is_prerelease(segment) => "{pre}".to_owned(),
        _ => (*segment).to_owned(),
    });
    Track::parse(&track.collect::<Vec<_>>().join("-"))
}

/// `6.9.4` → `{major}.{minor}.{patch}`; `v.0.92` → `v.{major}.{minor}`; `1.24rc2` → `{major}.{minor}{pre}`.
fn placeholders(segment: &str) -> Option<String> {
    let prefix = ["v.", "v", ""].into_iter().find(|prefix| segment.starts_with(prefix))?;
    let body = &segment[prefix.len()..];
    let end = body.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(body.len());
    let (numbers, rest) = body.split_at(end);
    let components: Vec<&str> = numbers.split('.').collect();
    let pre = match Prerelease::read(rest) {
        Some((_, "")) => "{pre}",
        _ if rest.is_empty() => "",
        _ => return None,
    };
    match components[..] {
        _ if components.iter().any(|component| component.is_empty()) => None,
        [date] if is_date(date) => Some(format!("{prefix}{{date}}{pre}")),
        // A lone number of many digits is a hash, a build or a time: not told apart by its looks.
        [number] if number.len() > 4 => None,
        _ if components.iter().any(|component| is_date(component))
            || components.len() > PLACEHOLDERS.len() =>
        {
            None
        }
        _ => Some(format!("{prefix}{}{pre}", PLACEHOLDERS[..components.len()].concat())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_version_moves_and_all_else_stays() {
        for (tag, track) in [
            ("6.9.4-php8.3-fpm", "{major}.{minor}.{patch}-php8.3-fpm"),
            ("1.88-slim-bookworm", "{major}.{minor}-slim-bookworm"),
            ("1.93.0-alpine3.20", "{major}.{minor}.{patch}-alpine3.20"),
            ("php8.3-fpm", "php8.3-fpm"),
            ("bookworm-slim", "bookworm-slim"),
            ("bookworm-20251229-slim", "bookworm-{date}-slim"),
            ("12.9", "{major}.{minor}"),
            ("v.0.92.9", "v.{major}.{minor}.{patch}"),
            ("v0.81.1", "v{major}.{minor}.{patch}"),
            ("1.24rc2-bullseye", "{major}.{minor}{pre}-bullseye"),
            ("v2.0.0-rc1", "v{major}.{minor}.{patch}-{pre}"),
            ("1.2.0-alpha.1-slim", "{major}.{minor}.{patch}-{pre}-slim"),
            ("RELEASE.2024-01-16T16-07-38Z", "RELEASE.2024-01-16T16-07-38Z"),
            ("2025-12-29", "2025-12-29"),
            ("17-alpine3.20", "{major}-alpine3.20"),
            ("17", "{major}"),
            ("release-1.2.3.4", "release-{major}.{minor}.{patch}.{build}"),
            ("1234567", "1234567"),
        ] {
            let inferred = infer(tag).unwrap();
            assert_eq!(inferred.as_str(), track, "{tag}");
            assert!(inferred.read(tag).is_some(), "{tag}");
        }
        assert!(infer("latest").is_err());
    }
}
