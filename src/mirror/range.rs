//! The part of a blob that a request wants (RFC 9110, "Range"), as a download that broke off asks for it: one range of
//! bytes. Whatever else is asked for is answered with the whole, as the specification wants it.

use std::ops::Range;

/// What a `Range` comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    All,
    Of(Range<u64>),
    /// It is behind the end.
    Nothing,
}

/// What a `Range` of so many bytes is.
pub(super) fn part(range: &str, length: u64) -> Part {
    let Some((unit, bounds)) = range.split_once('=') else { return Part::All };
    let Some((first, last)) = bounds.split_once('-').filter(|_| unit.trim().eq_ignore_ascii_case("bytes"))
    else {
        return Part::All;
    };
    let found = match (first.trim(), last.trim()) {
        ("", last) => number(last).map(|last| length.saturating_sub(last)..length),
        (first, "") => number(first).map(|first| first..length),
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => Some(first..last.saturating_add(1).min(length)),
            _ => None,
        },
    };
    match found {
        None => Part::All,
        Some(range) if range.start >= length => Part::Nothing,
        Some(range) => Part::Of(range),
    }
}

/// Digits; more of them than any file has bytes are as good as the largest number.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_range_of_bytes_is_a_part() {
        for (range, part_of_ten) in [
            ("bytes=0-", Part::Of(0..10)),
            ("bytes=3-", Part::Of(3..10)),
            ("bytes=3-5", Part::Of(3..6)),
            ("Bytes = 9-9", Part::Of(9..10)),
            ("bytes=3-99999999999999999999999", Part::Of(3..10)),
            ("bytes=-4", Part::Of(6..10)),
            ("bytes=-40", Part::Of(0..10)),
            ("bytes=10-", Part::Nothing),
            ("bytes=99999999999999999999999-", Part::Nothing),
            ("bytes=-0", Part::Nothing),
            ("bytes=5-3", Part::All),
            ("bytes=0-1,4-5", Part::All),
            ("bytes=-", Part::All),
            ("bytes=+1-2", Part::All),
            ("lines=1-2", Part::All),
            ("", Part::All),
        ] {
            assert_eq!(part(range, 10), part_of_ten, "{range}");
        }
        assert_eq!(part("bytes=0-", 0), Part::Nothing);
    }
}
