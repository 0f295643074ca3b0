//! What the daemon does when it is time: what `refresh --propose` does, in a clone of its own.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::apart::Apart;
use super::standing;
use crate::app::App;
use crate::catalog::Image;
use crate::cli::propose::{Round, There, round};
use crate::cli::session::Session;
use crate::cli::{Globals, Output};
use crate::daemon::{Declared, Found, ImageState, Outcome, Pins, Proposal, Rounds, Sent, Timers};
use crate::error::{Error, Status};
use crate::model::{Digest, PinName};
use crate::publish::own_clone::{open, stand_on};
use crate::publish::place::{Place, Snapshot};
use crate::publish::propose::{self, Done};
use crate::workspace::Workspace;

/// A repository that is served.
#[derive(Clone)]
pub(super) struct Served {
    /// Everything but the time.
    pub(super) app: App,
    pub(super) globals: Arc<Globals>,
    /// The folder that names the remote.
    pub(super) source: PathBuf,
    /// The clone.
    pub(super) clone: PathBuf,
    /// Where it is worked on.
    pub(super) apart: Apart,
}

impl Served {
    fn at(&self, now: Timestamp) -> App {
        App { now, ..self.app.clone() }
    }

    /// The clone, brought to the base branch as the remote has it.
    async fn brought(&self, session: &mut Session<'_>) -> Result<(Place, Snapshot), Error> {
        let theirs = Place::open(&Workspace::root_of(&self.source))?;
        let head = theirs.head()?.ok_or_else(|| {
            Error::usage(format!("{} has no commit yet", self.source.display()))
                .hint("the daemon goes by a repository's base branch: push one")
        })?;
        // What the clone has is newer, once it is there.
        let policy = theirs.snapshot(&head)?.workspace;
        let place = open(&self.source, &self.clone, &policy.catalog.policy.propose.remote)?;
        let policy = match place.head()? {
            Some(head) => place.snapshot(&head)?.workspace,
            None => policy,
        };
        let client = session.client(&policy)?;
        let propose = &policy.catalog.policy.propose;
        let there = There::open(session, &place, propose, &client)?;
        let (_, base, _) = there.fetch(&place, propose).await?;
        let snapshot = place.snapshot(&base)?;
        stand_on(&place, &base)?;
        Ok((place, snapshot))
    }

    async fn declared_now(&self, session: &mut Session<'_>) -> Result<Declared, Error> {
        let (_, base) = self.brought(session).await?;
        // A file of the user's that cannot be read is told now, and not when it is needed.
        session.client(&base.workspace)?;
        Ok(self.declared(&base))
    }

    async fn outcome(&self, session: &mut Session<'_>, pins: &Pins) -> Result<Outcome, Error> {
        let (place, base) = self.brought(session).await?;
        let is_declared = |pin: &&PinName| base.workspace.catalog.declarations.contains_key(*pin);
        let names: Vec<String> = match pins {
            Pins::All => Vec::new(),
            // One that was declared when it was asked for may be gone.
            Pins::Some(pins) => pins.iter().filter(is_declared).map(ToString::to_string).collect(),
        };
        let is_all = *pins == Pins::All || names.len() == base.workspace.catalog.declarations.len();
        if names.is_empty() && !is_all {
            let found = Found { declared: self.declared(&base), ..Found::default() };
            return Ok(Outcome {
                base: Some(base.commit.to_string()),
                found: Some(found),
                ..Outcome::default()
            });
        }
        let round = round(session, &place, if is_all { &[] } else { &names }).await?;
        stand_on(&place, &round.base.commit)?;
        let status = round.complain(session);
        let found = Found {
            declared: self.declared(&round.base),
            pins: standing::of(&round, session.app.now)?,
            proposals: proposals(&round),
        };
        let sent = Sent { requests: round.asked.requests(), retries: round.asked.retries };
        Ok(Outcome {
            status: status.code(),
            base: Some(round.base.commit.to_string()),
            problems: session.output.take_wrongs(),
            sent,
            found: Some(found),
        })
    }

    fn declared(&self, base: &Snapshot) -> Declared {
        let catalog = &base.workspace.catalog;
        // Whose jitter it is: that of this repository on this machine.
        let place = Digest::sha256(self.clone.as_os_str().as_encoded_bytes()).hex().to_owned();
        let seed = u64::from_str_radix(&place[..16], 16).unwrap_or_default();
        let schedules =
            catalog.declarations.iter().map(|(name, pin)| (name, catalog.policy.schedule.of(pin)));
        let image = |image: &Image| ImageState {
            name: image.name.to_string(),
            base: image.runtime_base.to_string(),
            pins: image.pins().map(ToString::to_string).collect(),
            platforms: image.platforms.iter().map(ToString::to_string).collect(),
        };
        Declared {
            timers: Timers::new(schedules, seed),
            pins: catalog.declarations.keys().cloned().collect(),
            images: catalog.images.values().map(image).collect(),
        }
    }

    async fn declared_at(self, now: Timestamp) -> Result<Declared, String> {
        let app = self.at(now);
        let mut output = Output::new(&app, &self.globals);
        let mut session = Session { app: &app, globals: &self.globals, output: &mut output };
        match self.declared_now(&mut session).await {
            Ok(declared) => Ok(declared),
            Err(error) => {
                output.error(&error);
                Err(output.take_wrongs().join("\n"))
            }
        }
    }

    async fn round_at(self, pins: Pins, now: Timestamp) -> Outcome {
        let app = self.at(now);
        let mut output = Output::new(&app, &self.globals);
        let mut session = Session { app: &app, globals: &self.globals, output: &mut output };
        match self.outcome(&mut session, &pins).await {
            Ok(outcome) => outcome,
            Err(error) => {
                output.error(&error);
                let (status, problems) = (error.status.code(), output.take_wrongs());
                Outcome { status, problems, ..Outcome::default() }
            }
        }
    }
}

impl Rounds for Served {
    async fn declared(&mut self, now: Timestamp) -> Result<Declared, String> {
        let served = self.clone();
        self.apart.run(move || served.declared_at(now)).await?
    }

    async fn round(&mut self, pins: &Pins, now: Timestamp) -> Outcome {
        let (served, pins) = (self.clone(), pins.clone());
        self.apart.run(move || served.round_at(pins, now)).await.unwrap_or_else(|why| Outcome {
            status: Status::Incomplete.code(),
            problems: vec![why],
            ..Outcome::default()
        })
    }
}

/// What is proposed and open.
fn proposals(round: &Round) -> BTreeMap<String, Proposal> {
    let proposal = |outcome: &propose::Outcome| {
        let what = match &outcome.done {
            Done::Opened => "opened",
            Done::Updated => "updated",
            Done::Unchanged => "open",
            Done::Edited { .. } => "edited by a person",
            Done::Declined | Done::Postponed | Done::Closed(_) | Done::Failed { .. } => return None,
        };
        let pins = outcome.pins.iter().map(ToString::to_string).collect();
        let proposal = Proposal { pins, outcome: what.into(), url: outcome.url.clone() };
        Some((outcome.branch.clone(), proposal))
    };
    round.report.outcomes.iter().filter_map(proposal).collect()
}
