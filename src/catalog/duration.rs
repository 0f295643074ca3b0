//! Durations as people write them: `3d`, `6h`, `10m`.

use std::time::Duration;

use crate::document::{Entry, Problem};

const UNITS: [(char, u64); 5] = [('s', 1), ('m', 60), ('h', 3600), ('d', 86400), ('w', 7 * 86400)];

/// A whole number and a unit.
pub(super) fn read(entry: &Entry<'_>) -> Result<Duration, Problem> {
    let text = entry.text()?;
    let wrong = || {
        let message = format!("`{}` must be a duration such as 3d, 6h or 10m, not {text:?}", entry.path);
        entry.problem(message)
    };
    let unit = text.chars().last().and_then(|last| UNITS.iter().find(|(unit, _)| *unit == last));
    let (unit, seconds) = unit.ok_or_else(wrong)?;
    let number = text.strip_suffix(*unit).and_then(|number| number.parse::<u64>().ok()).ok_or_else(wrong)?;
    number.checked_mul(*seconds).map(Duration::from_secs).ok_or_else(wrong)
}
