//! Decisions and tables for a person.

mod difference;
mod evidence;
mod simulation;

use std::time::Duration;

use comfy_table::{Cell, Color, ContentArrangement, Table, presets};

pub use difference::{Difference, differences, how_many_differ};
pub use simulation::{Simulated, Window, simulation};

use super::harmless;
use crate::catalog::Declaration;
use crate::model::{Lane, PackageStep, Pin, in_words};
use crate::plan::{Candidate, Cause, Decision, Outcome, Verdict};
use crate::verify::{Coverage, Tally};

/// What `explain` says of one pin.
pub fn explanation(declaration: &Declaration, locked: Option<&Pin>, decision: &Decision) -> String {
    let upstream = &declaration.upstream;
    let locked_text =
        locked.map_or("nothing".into(), |pin| format!("{}  {}", pin.tag(), pin.short_content()));
    let mut text = format!("{}  {upstream}\n", declaration.name);
    for (key, value) in [
        ("track", declaration.track.to_string()),
        ("version", declaration.version.as_ref().map_or("any".into(), ToString::to_string)),
        ("allow", declaration.allow.to_string()),
        ("locked", locked_text),
        ("decision", outcome(&decision.outcome)),
    ] {
        text.push_str(&format!("{key:<9} {}\n", harmless(&value)));
    }
    for notice in &decision.notices {
        text.push_str(&format!("{:<9} {}\n", "notice", harmless(&notice.to_string())));
    }
    text.push('\n');
    let width = decision.candidates.iter().map(|candidate| candidate.tag.len()).max().unwrap_or_default();
    for candidate in &decision.candidates {
        let mark = if candidate.verdict == Verdict::Selected { '>' } else { ' ' };
        text.push_str(&format!(
            "{mark} {:<width$}  {}\n",
            harmless(&candidate.tag),
            judgement(candidate, locked)
        ));
    }
    let mut candidates = count(decision.candidates.len(), "candidate");
    if decision.not_listed > 0 {
        let older = count(decision.not_listed, "older one");
        candidates.push_str(&format!(" and {older}, not listed"));
    }
    let others = decision.other_shapes;
    let have = if others == 1 { "has" } else { "have" };
    text.push_str(&format!("{candidates}; {} {have} another shape\n", count(others, "tag")));
    text
}

/// A candidate's verdict in words.
fn judgement(candidate: &Candidate, locked: Option<&Pin>) -> String {
    let is_locked = locked.is_some_and(|pin| pin.tag() == candidate.tag);
    let words = match (&candidate.verdict, candidate.lane) {
        (Verdict::Selected, Some(lane)) => format!("selected: a {lane} step"),
        (Verdict::Selected, None) => "selected".into(),
        (Verdict::Eligible, _) => "may be taken".into(),
        (Verdict::Rejected(rejection), _) => rejection.to_string(),
    };
    if is_locked { format!("{words} (locked)") } else { words }
}

/// An outcome in one sentence.
pub fn outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Keep { note: None } => "keep what is locked".into(),
        Outcome::Keep { note: Some(note) } => format!("keep what is locked: {note}"),
        Outcome::Held(why) => format!("keep what is locked: it is held ({why})"),
        Outcome::Move { to, superseded: true, .. } => {
            format!(
                "move to {}, which {} named: what it names now is not old enough",
                to.short_content(),
                to.tag()
            )
        }
        Outcome::Move { to, lane: Lane::Digest, .. } => {
            format!("move to {}: what {} names has changed", to.short_content(), to.tag())
        }
        Outcome::Move { to, lane, .. } => format!("move to {}, a {lane} step", to.tag()),
        Outcome::First { to } => format!("lock {}", to.tag()),
        Outcome::Ambiguous(tags) => format!("it could start at {}: a person chooses", tags.join(" or ")),
        Outcome::Refused { reason, .. } | Outcome::Nothing(reason) => reason.clone(),
        Outcome::Alarm(alarm) => format!("ALARM: {alarm}"),
    }
}

/// The lines for a pin that moved: what it was, what it is, and the class of the step.
pub fn moved(name: &str, width: usize, from: Option<&Pin>, to: &Pin, decision: Option<&Decision>) -> String {
    let step = match decision.map(|decision| &decision.outcome) {
        _ if from.is_none() => "first".into(),
        Some(Outcome::Move { lane, superseded: true, .. }) => format!("{lane}, since replaced by upstream"),
        Some(Outcome::Move { lane, .. }) => lane.to_string(),
        _ => "anew".into(),
    };
    let cause = decision.and_then(|decision| decision.cause.as_ref());
    let mut text = step_lines(name, width, from, to, &step, cause);
    let brought = decision.map(|decision| decision.brought.as_slice()).unwrap_or_default();
    if !brought.is_empty() {
        let indent = " ".repeat(width);
        let of = count(brought.len(), "package");
        text.push_str(&format!("{indent}  {of} more that these could bring in:\n"));
        text.push_str(&package_lines(&format!("{indent}    "), brought));
    }
    text
}

/// How many packages are shown of those that changed.
const PACKAGES: usize = 20;

fn package_lines(indent: &str, steps: &[PackageStep]) -> String {
    let mut text: String = steps
        .iter()
        .take(PACKAGES)
        .map(|step| format!("{indent}{}\n", harmless(&step.to_string())))
        .collect();
    if steps.len() > PACKAGES {
        text.push_str(&format!("{indent}and {} more\n", steps.len() - PACKAGES));
    }
    text
}

/// The lines for a step from one pin to another, or to the first.
fn step_lines(
    name: &str,
    width: usize,
    from: Option<&Pin>,
    to: &Pin,
    step: &str,
    cause: Option<&Cause>,
) -> String {
    let (tag, content) = (harmless(to.tag()), to.short_content());
    let indent = " ".repeat(width);
    let step = if step.is_empty() { String::new() } else { format!("  ({step})") };
    let Some(from) = from else {
        return format!("{name:<width$}  {tag}{step}\n{indent}  {content}\n");
    };
    let tags = if from.tag() == to.tag() { tag } else { format!("{} -> {tag}", harmless(from.tag())) };
    let mut text = format!("{name:<width$}  {tags}{step}\n");
    if from.short_content() != content {
        text.push_str(&format!("{indent}  {} -> {content}\n", from.short_content()));
    }
    // Platforms are listed below.
    if let Some(cause) = cause.filter(|cause| !matches!(cause, Cause::Platforms(_))) {
        text.push_str(&format!("{indent}  {}\n", harmless(&cause.to_string())));
    }
    for (what, platforms) in [("with", platforms_beyond(to, from)), ("without", platforms_beyond(from, to))] {
        if !platforms.is_empty() {
            text.push_str(&format!("{indent}  now {what} {}\n", platforms.join(", ")));
        }
    }
    if let (Pin::Debian(from), Pin::Debian(to)) = (from, to) {
        let steps = PackageStep::between(&from.packages, &to.packages);
        text.push_str(&package_lines(&format!("{indent}  "), &steps));
    }
    text
}

/// The platforms that one pin has and another has not.
fn platforms_beyond(pin: &Pin, other: &Pin) -> Vec<String> {
    let (Pin::Image(pin), Pin::Image(other)) = (pin, other) else { return Vec::new() };
    let only = pin.platforms.keys().filter(|platform| !other.platforms.contains_key(*platform));
    only.map(ToString::to_string).collect()
}

/// A row of `status`.
#[derive(serde::Serialize)]
pub struct StatusRow {
    /// The pin's name.
    #[serde(rename = "name")]
    pub pin: String,
    /// Its locked tag.
    pub locked: Option<String>,
    /// How many seconds ago the locked content was first seen, where anybody remembers.
    #[serde(rename = "age_seconds")]
    pub age: Option<u64>,
    /// How many seconds ago upstream was last asked from this clone.
    #[serde(rename = "last_look_seconds")]
    pub last_look: Option<u64>,
    /// How many seconds ago upstream was last seen to have something new.
    #[serde(rename = "last_news_seconds")]
    pub last_news: Option<u64>,
    /// What is taken next, as soon as it is old enough.
    pub next: Option<NextStep>,
    /// Why it is held.
    pub held_by: Option<String>,
    /// What a person should know: that it is frozen, that it starves.
    pub notices: Vec<String>,
    /// Proposals that a person declined.
    pub declined: Vec<String>,
    /// The newest tag that may be taken.
    pub allowed: Option<String>,
    /// The newest tag of the shape.
    pub newest: Option<String>,
    /// What holds it back, or what is wrong.
    pub note: Option<String>,
    /// Whether the note is something wrong.
    pub wrong: bool,
}

/// A tag that is not old enough yet.
#[derive(serde::Serialize)]
pub struct NextStep {
    /// The tag; the locked one where only what it names is new.
    pub tag: String,
    /// How long until it is.
    pub eligible_in_seconds: u64,
}

/// The table of `status`.
pub fn status(rows: &[StatusRow], color: bool) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if color {
        table.enforce_styling();
    }
    table.set_header(["pin", "locked", "age", "looked", "allowed", "newest", "note"]);
    let since = |seconds: Option<u64>| match seconds {
        Some(seconds) => Cell::new(in_words(Duration::from_secs(seconds))),
        None => Cell::new("-"),
    };
    for row in rows {
        let notes = row.note.iter().chain(&row.notices).chain(&row.declined).map(String::as_str);
        let note = Cell::new(harmless(&notes.collect::<Vec<_>>().join("; ")));
        let note = if color && row.wrong { note.fg(Color::Red) } else { note };
        let tag = |tag: &Option<String>| Cell::new(harmless(tag.as_deref().unwrap_or("-")));
        table.add_row([
            Cell::new(&row.pin),
            tag(&row.locked),
            since(row.age),
            since(row.last_look),
            tag(&row.allowed),
            tag(&row.newest),
            note,
        ]);
    }
    let lines: Vec<String> = table
        .lines()
        // The cells are padded on both sides.
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned() + "\n")
        .collect();
    lines.concat()
}

/// A number of things: `1 pin`, `2 pins`.
pub fn count(number: usize, thing: &str) -> String {
    match number {
        1 => format!("1 {thing}"),
        _ => format!("{number} {thing}s"),
    }
}

/// How many outside inputs there are, and those that are left open. All files that were not read are named only where
/// `all` says so.
pub fn coverage(coverage: &Coverage, all: bool) -> String {
    let total = coverage.all.total();
    let mut text = match total {
        0 => "outside inputs: no file names any\n".to_owned(),
        _ => format!("outside inputs: {} in {}\n", tally(coverage.all), count(coverage.files, "file")),
    };
    for (image, inputs) in &coverage.images {
        text.push_str(&format!("  {image}: {}\n", tally(*inputs)));
    }
    if !coverage.open.is_empty() {
        text.push_str("left open:\n");
    }
    for open in &coverage.open {
        let file = &open.place.file;
        let (line, _) = file.position(open.place.span.start);
        let written = file.text.get(open.place.span.clone()).unwrap_or_default();
        let written = shortened(&written.split_whitespace().collect::<Vec<_>>().join(" "));
        text.push_str(&format!(
            "  {}:{line}  {}  {}  ({})\n",
            file.path,
            open.kind,
            harmless(&written),
            open.rule
        ));
    }
    match (all, coverage.unread.len()) {
        (_, 0) => {}
        (false, unread) => text.push_str(&format!("not read: {} (-v names them)\n", count(unread, "path"))),
        (true, _) => {
            for (path, why) in &coverage.unread {
                text.push_str(&format!("not read: {path}: {why}\n"));
            }
        }
    }
    text
}

fn tally(tally: Tally) -> String {
    let parts = [
        (tally.locked, "locked"),
        (tally.own, "own"),
        (tally.suppressed, "suppressed"),
        (tally.open, "left open"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = parts.map(|(number, what)| format!("{number} {what}")).collect();
    format!("{} ({})", tally.total(), parts.join(", "))
}

/// Enough of a long command to know it again.
fn shortened(text: &str) -> String {
    const LONG: usize = 70;
    match text.char_indices().nth(LONG) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
