//! What a command says: one file a format. Pure.

pub mod audit;
pub mod catalog;
mod github;
pub mod human;
pub mod json;
pub mod markdown;
mod sarif;
mod snippet;

use std::ops::Range;

pub use crate::model::harmless;
pub use github::github;
pub use sarif::{NotAsked, sarif, sarif_of_part};
pub use snippet::{problem, snippet};

use crate::document::Place;
use crate::verify::Finding;

/// The version of every JSON document that a command prints.
pub const SCHEMA_VERSION: u32 = 1;

/// Findings in the order in which a person reads files, whoever found them.
fn in_order(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| {
        let place = &finding.place;
        (&place.file.path, place.span.start, place.span.end, finding.rule, &finding.message)
    });
    sorted
}

/// The bytes of a place that are there, without the end of a line: that belongs to it, and not to the next.
fn marked(place: &Place) -> Range<usize> {
    let text = &place.file.text;
    let start = place.span.start.min(text.len());
    let marked = text.get(start..place.span.end.min(text.len())).unwrap_or_default();
    start..start + marked.trim_end().len()
}

/// What a place looks like in an editor: the first line and column, and those behind the last character.
fn corners(place: &Place) -> ((usize, usize), (usize, usize)) {
    let marked = marked(place);
    (place.file.position(marked.start), place.file.position(marked.end))
}

/// A finding in one text: what is wrong, and below it what to do.
fn told(finding: &Finding) -> String {
    let lines = [&finding.message, &finding.help].into_iter().flat_map(|text| text.lines()).map(harmless);
    lines.collect::<Vec<_>>().join("\n")
}

/// A number of bytes in its largest unit, as `28.2 MB`.
pub fn size(bytes: u64) -> String {
    let unit =
        [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")].into_iter().find(|(unit, _)| bytes >= *unit);
    match unit {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit / (unit / 10)),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests;
