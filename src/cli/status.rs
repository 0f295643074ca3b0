//! `status`: where each pin stands.

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use std::time::Duration;

use super::Format;
use super::memory::Memory;
use super::session::{Session, select};
use crate::catalog::{Catalog, Declaration};
use crate::error::{Error, Status};
use crate::lock::{Lock, Store};
use crate::model::{Pin, PinName};
use crate::plan::{Candidate, Decision, Outcome, Past, Verdict, Wish, stale};
use crate::publish::bump::{Kind, Target};
use crate::report::human::{self, NextStep, StatusRow};
use crate::report::json as report_json;
use crate::resolve::Resolved;

/// Show where each pin stands: locked, newest allowed, newest, and what holds it back
#[derive(Args)]
pub(super) struct StatusArgs {
    /// The pins to show; all, where none is named
    #[arg(value_name = "PIN")]
    pins: Vec<String>,
    /// Ask no upstream
    #[arg(long)]
    offline: bool,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl StatusArgs {
    /// Whether upstreams are asked.
    pub(super) fn asks(&self) -> bool {
        !self.offline
    }
}

pub(super) async fn run(session: &mut Session<'_>, args: &StatusArgs) -> Result<Status, Error> {
    let workspace = session.workspace()?;
    let selected = select(&workspace, &args.pins)?;
    let store = Store::load(&workspace.root)?;
    let memory = Memory::load(session, &workspace)?;
    let resolved = match args.offline {
        true => Vec::new(),
        false => session.decide(&workspace, store.lock(), &selected, &Wish::Rules, &memory, true).await?,
    };
    let row = |declaration: &&Declaration| {
        let result = resolved.iter().find(|resolved| resolved.name == declaration.name);
        let name = &declaration.name;
        let looked = result.and_then(|result| result.result.as_ref().ok()).map(|_| session.app.now);
        let times = Times { now: session.app.now, looked: looked.or(memory.looked(name)) };
        let mut row = row(&workspace.catalog, store.lock(), declaration, result, memory.of(name), times);
        row.declined = declined(&memory, store.lock(), name);
        row
    };
    let rows: Vec<StatusRow> = selected.iter().map(row).collect();
    let text = match args.format {
        Format::Human => human::status(&rows, session.output.data_has_color()),
        Format::Json => {
            report_json::document("status", [("pins", rows.iter().map(|row| json!(row)).collect())])
        }
    };
    session.output.data(&text)?;
    Ok(session.report_failures(&resolved))
}

/// The present, and when the upstream was last asked.
struct Times {
    now: Timestamp,
    looked: Option<Timestamp>,
}

/// The row of a pin that was just asked about.
pub(super) fn row_at(
    catalog: &Catalog,
    lock: &Lock,
    declaration: &Declaration,
    resolved: Option<&Resolved>,
    past: Past<'_>,
    now: Timestamp,
) -> StatusRow {
    row(catalog, lock, declaration, resolved, past, Times { now, looked: Some(now) })
}

fn row(
    catalog: &Catalog,
    lock: &Lock,
    declaration: &Declaration,
    resolved: Option<&Resolved>,
    past: Past<'_>,
    Times { now, looked }: Times,
) -> StatusRow {
    let locked = lock.pins.get(&declaration.name);
    let decision = resolved.and_then(|resolved| resolved.result.as_ref().ok());
    let selected = decision.and_then(|decision| {
        decision.candidates.iter().find(|candidate| candidate.verdict == Verdict::Selected)
    });
    let stale = locked.and_then(|pin| stale(declaration, &catalog.needs(declaration), pin).first().cloned());
    let (note, wrong) = match (resolved, decision, stale) {
        (Some(Resolved { result: Err(_), .. }), _, _) => (Some("not known: see below".into()), true),
        (_, _, Some(stale)) => (Some(format!("stale: {stale}")), true),
        (_, None, None) if locked.is_none() => (Some("not locked yet".into()), true),
        (_, Some(decision), None) => note(decision),
        (_, None, None) => (None, false),
    };
    let seen = past.seen();
    let first = seen.zip(locked).and_then(|(seen, pin)| seen.first_of(pin));
    let newest = seen.and_then(|seen| seen.lines().last().map(|line| line.first_seen));
    let since = |time: Timestamp| Duration::try_from(now.duration_since(time)).unwrap_or_default().as_secs();
    let waiting = decision.and_then(|decision| {
        decision.candidates.iter().find_map(|candidate| Some((candidate.tag.clone(), candidate.wait()?)))
    });
    StatusRow {
        pin: declaration.name.to_string(),
        locked: locked.map(|pin| pin.tag().into()),
        age: first.map(since),
        last_look: looked.map(since),
        last_news: newest.map(since),
        next: waiting.map(|(tag, wait)| NextStep { tag, eligible_in_seconds: wait.as_secs() }),
        held_by: declaration.held(today(now)).map(|hold| hold.why.clone()),
        declined: Vec::new(),
        notices: decision.iter().flat_map(|it| &it.notices).map(ToString::to_string).collect(),
        allowed: selected.map(|candidate| candidate.tag.clone()),
        newest: decision.and_then(Decision::newest).map(|candidate| candidate.tag.clone()),
        note,
        wrong,
    }
}

/// What a person did not want, as long as it is not locked all the same.
fn declined(memory: &Memory, lock: &Lock, pin: &PinName) -> Vec<String> {
    let locked = lock.pins.get(pin).map(Pin::content);
    let references = Kind::References.to_string();
    let open = |target: &Target| target.kind == references || Some(&target.content) != locked.as_ref();
    let declined = memory.declined(pin).into_iter().filter(|(target, _)| open(target));
    declined
        .map(|(target, place)| {
            format!("declined: the {} step to {}, {place}", target.kind, short(&target.content))
        })
        .collect()
}

/// Content, short enough for a table.
fn short(content: &str) -> String {
    let digits = content.find(':').map_or(0, |colon| colon + 1) + 12;
    content.chars().take(digits).collect()
}

fn today(now: Timestamp) -> jiff::civil::Date {
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// What a person wants to know of a pin beside its tags.
fn note(decision: &Decision) -> (Option<String>, bool) {
    match &decision.outcome {
        Outcome::Keep { .. } => {
            let waits = decision.candidates.iter().find(|candidate| candidate.wait().is_some());
            match (waits, decision.newest()) {
                (Some(Candidate { tag, verdict: Verdict::Rejected(young), .. }), _) => {
                    (Some(format!("{tag} {young}")), false)
                }
                (_, Some(Candidate { verdict: Verdict::Rejected(rejection), .. })) => {
                    (Some(format!("newest {rejection}")), false)
                }
                _ => (None, false),
            }
        }
        Outcome::Move { lane, .. } => (Some(format!("a {lane} step is due")), false),
        Outcome::First { .. } => (Some("not locked yet".into()), true),
        Outcome::Held(why) => (Some(format!("held: {why}")), false),
        outcome => (Some(human::outcome(outcome)), true),
    }
}
