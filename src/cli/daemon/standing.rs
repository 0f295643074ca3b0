//! Where pins stand after a round, as it is shown.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::catalog::Declaration;
use crate::cli::propose::Round;
use crate::cli::status;
use crate::daemon::{PinState, Seen, Standing};
use crate::error::{Error, Status};
use crate::model::PinName;
use crate::plan::{Decision, Outcome};
use crate::publish::used::used_in;
use crate::report::human;
use crate::resolve::Resolved;

/// How many sightings of a pin are shown, the newest of them.
const SIGHTINGS: usize = 200;

/// The pins that a round asked about.
pub(super) fn of(round: &Round, now: Timestamp) -> Result<BTreeMap<PinName, PinState>, Error> {
    let used = used_in(&round.base)?;
    let none = BTreeSet::new();
    let state = |resolved: &Resolved| {
        let declaration = round.base.workspace.catalog.declarations.get(&resolved.name)?;
        let files = used.get(&resolved.name).unwrap_or(&none);
        Some((resolved.name.clone(), pin(round, declaration, resolved, files, now)))
    };
    Ok(round.resolved.iter().filter_map(state).collect())
}

fn pin(
    round: &Round,
    declaration: &Declaration,
    resolved: &Resolved,
    files: &BTreeSet<String>,
    now: Timestamp,
) -> PinState {
    let catalog = &round.base.workspace.catalog;
    let name = &declaration.name;
    let locked = round.base.lock.pins.get(name);
    let past = round.memory.of(name);
    let row = status::row_at(catalog, &round.base.lock, declaration, Some(resolved), past, now);
    let explanation = match &resolved.result {
        Ok(decision) => human::explanation(declaration, locked, decision),
        Err(error) => error.to_string(),
    };
    let note = match &resolved.result {
        Ok(_) => row.note,
        // Here nothing is below that would say why.
        Err(error) => Some(error.to_string()),
    };
    let content = locked.map(crate::model::Pin::content);
    let lines = past.seen().map(|seen| seen.lines()).unwrap_or_default();
    let older = lines.len().saturating_sub(SIGHTINGS);
    let history = lines.into_iter().skip(older).map(|line| Seen {
        locked: locked.is_some_and(|pin| pin.tag() == line.tag) && content.as_ref() == Some(&line.content),
        tag: line.tag,
        content: line.content,
        at: line.first_seen,
    });
    PinState {
        state: standing(resolved, locked.is_some(), row.wrong),
        upstream: declaration.upstream.to_string(),
        track: declaration.track.as_str().to_owned(),
        locked: row.locked,
        first_seen: past.seen().zip(locked).and_then(|(seen, pin)| seen.first_of(pin)),
        allowed: row.allowed,
        newest: row.newest,
        note,
        notices: row.notices.into_iter().chain(row.declined).collect(),
        asked: now,
        schedule: catalog.policy.schedule.of(declaration).cron.to_string(),
        explanation,
        images: catalog.readers(name).map(|image| image.name.to_string()).collect(),
        files: files.iter().cloned().collect(),
        history: history.collect(),
        content,
    }
}

fn standing(resolved: &Resolved, is_locked: bool, is_wrong: bool) -> Standing {
    let waits = |decision: &Decision| decision.candidates.iter().any(|candidate| candidate.wait().is_some());
    match &resolved.result {
        Err(error) if Status::of_source(error) == Status::Alarm => Standing::Alarm,
        Err(_) => Standing::Unknown,
        Ok(decision) => match &decision.outcome {
            Outcome::Alarm(_) => Standing::Alarm,
            Outcome::Ambiguous(_) | Outcome::Refused { .. } | Outcome::Nothing(_) => Standing::Unknown,
            _ if !is_locked || is_wrong => Standing::Unlocked,
            Outcome::Move { .. } | Outcome::First { .. } => Standing::Due,
            Outcome::Held(_) => Standing::Held,
            Outcome::Keep { .. } if waits(decision) => Standing::Waiting,
            Outcome::Keep { .. } => Standing::Current,
        },
    }
}
