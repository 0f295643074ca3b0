//! Durations as people write them: `3d`, `6h`, `10m`.

use std::time::Duration;

use crate::document::{Entry, Problem};

const UNITS: [(char, u64); 5] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86400), ('w', 7 * 86400)];

/// A duration as people write it: a whole number and a unit.
pub fn parse(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let (_, seconds) = UNITS.iter().find(|(known, _)| *known == unit)?;
    let number = text.strip_suffix(unit)?.parse::<u64>().ok()?;
    number.checked_mul(*seconds).map(Duration::from_secs)
}

/// The same in a file.
pub(super) fn read(entry: &Entry<'_>) -> Result<Duration, Problem> {
    let text = entry.text()?;
    parse(text).ok_or_else(|| {
        let message = format!("`{}` must be a duration such as 3d, 6h or 10m, not {text:?}", entry.path);
        entry.problem(message)
    })
}
