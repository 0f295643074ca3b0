//! What a policy would have done, for a person.

use std::collections::BTreeSet;
use std::time::Duration;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use jiff::Timestamp;

use super::{count, harmless, outcome};
use crate::catalog::Declaration;
use crate::model::Lane;
use crate::plan::replay::{Bump, Held, Replayed};

/// The time of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first look.
    pub from: Timestamp,
    /// No look is later.
    pub to: Timestamp,
    /// The time from one look to the next.
    pub every: Duration,
}

/// A pin under a policy.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// The policy.
    pub declaration: Declaration,
    /// What tells it from others.
    pub policy: String,
    /// What became of the lock.
    pub replayed: Replayed,
}

/// The table of `simulate`, where it stopped, and, if wanted, every bump.
pub fn simulation(simulated: &[Simulated], window: &Window, all: bool) -> String {
    let mut text = format!(
        "{} to {}, a look every {}\n\n",
        day(window.from),
        day(window.to),
        crate::model::in_words(window.every)
    );
    text.push_str(&table(simulated, window));
    for Simulated { declaration, policy, replayed } in simulated {
        let mut notes = Vec::new();
        if all {
            notes.extend(
                replayed.first.iter().map(|(at, held)| format!("{}  first   {}\n", day(*at), named(held))),
            );
            notes.extend(replayed.bumps.iter().map(bump));
        }
        let stops = replayed.stops.iter().map(|stop| {
            let looks = count(stop.looks, "look");
            format!("{}  stopped for {looks}: {}\n", day(stop.at), harmless(&outcome(&stop.outcome)))
        });
        notes.extend(stops);
        if !notes.is_empty() {
            text.push_str(&format!("\n{} ({})\n{}", declaration.name, harmless(policy), notes.concat()));
        }
    }
    text
}

fn table(simulated: &[Simulated], window: &Window) -> String {
    let lanes: BTreeSet<Lane> =
        simulated.iter().flat_map(|one| one.replayed.statistics.bumps.keys().copied()).collect();
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    let lane_names = lanes.iter().map(Lane::to_string);
    let mut header: Vec<String> = ["pin", "policy", "bumps", "a year"].map(Into::into).into();
    header.extend(lane_names);
    header.extend(["behind", "95 %", "most", "beyond", "replaced"].map(Into::into));
    table.set_header(header);
    for (i, one) in simulated.iter().enumerate() {
        let repeated = i > 0 && simulated[i - 1].declaration.name == one.declaration.name;
        table.add_row(row(one, repeated, &lanes, window));
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let line = |line: String| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned() + "\n";
    table.lines().map(line).collect()
}

/// A policy's numbers; the pin's name stands before the first one only.
fn row(one: &Simulated, repeated: bool, lanes: &BTreeSet<Lane>, window: &Window) -> Vec<String> {
    let numbers = &one.replayed.statistics;
    let a_year = |bumps: usize| numbers.a_year(bumps).map_or("-".into(), |number| format!("{number:.1}"));
    let name = if repeated { String::new() } else { one.declaration.name.to_string() };
    let mut row = vec![name, harmless(&one.policy)];
    if numbers.locked == 0 {
        row.resize(row.len() + lanes.len() + 7, "-".into());
        return row;
    }
    row.extend([numbers.total().to_string(), a_year(numbers.total())]);
    row.extend(lanes.iter().map(|lane| numbers.bumps.get(lane).map_or("-".into(), |bumps| a_year(*bumps))));
    row.extend(
        [numbers.behind_median, numbers.behind_p95, numbers.behind_most, numbers.beyond_most].map(days),
    );
    let replaced = u32::try_from(numbers.replaced).unwrap_or(u32::MAX);
    row.push(days(window.every.saturating_mul(replaced)));
    row
}

fn bump(bump: &Bump) -> String {
    let Bump { at, lane, from, to, superseded } = bump;
    let step = match from.tag == to.tag {
        true => format!("{} {} -> {}", harmless(&to.tag), content(from), content(to)),
        false => format!("{} -> {}", harmless(&from.tag), harmless(&to.tag)),
    };
    let superseded = if *superseded { " (superseded)" } else { "" };
    format!("{}  {lane:<6}  {step}{superseded}\n", day(*at))
}

fn named(held: &Held) -> String {
    format!("{} {}", harmless(&held.tag), content(held))
}

/// Content is told by when it came: what was recorded seldom has more.
fn content(held: &Held) -> String {
    held.since.map_or_else(|| "of an unknown time".into(), |since| format!("of {}", day(since)))
}

/// A day, with the time where it is not its start.
fn day(time: Timestamp) -> String {
    let text = time.to_string();
    text.strip_suffix("T00:00:00Z").map_or(text.clone(), str::to_owned)
}

/// In days and tenths of them, or in smaller units where that would be none.
fn days(time: Duration) -> String {
    let tenths = (time.as_secs().saturating_mul(10) + 43200) / 86400;
    match (tenths / 10, tenths % 10) {
        (0, 0) if !time.is_zero() => crate::model::in_words(time),
        (days, 0) => format!("{days} d"),
        (days, tenths) => format!("{days}.{tenths} d"),
    }
}
