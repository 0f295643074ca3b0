//! What the daemon does when it is time: what `refresh --propose` does, in a clone of its own.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::apart::Apart;
use super::standing;
use crate::app::App;
use crate::catalog::{ForgeKind, Image, Propose};
use crate::cli::propose::{Round, There, round};
use crate::cli::session::{Session, unreadable};
use crate::cli::{Globals, Output};
use crate::daemon::{Declared, Found, ImageState, Outcome, Pins, Proposal, Rounds, Sent, Timers};
use crate::error::{Error, Status};
use crate::git::Address;
use crate::model::{Digest, PinName};
use crate::publish::own_clone::{self, open, stand_on};
use crate::publish::place::{Place, Snapshot};
use crate::publish::propose::{self, Done};
use crate::workspace::Workspace;

/// Where a repository is that is served.
#[derive(Clone)]
pub(super) enum Origin {
    /// Where the remote is of what this folder is in.
    Folder(PathBuf),
    /// At an address, on a forge of this kind as long as it has not said so itself.
    Address(Address, Option<ForgeKind>),
}

/// A repository that is served.
#[derive(Clone)]
pub(super) struct Served {
    /// Everything but the time.
    pub(super) app: App,
    pub(super) globals: Arc<Globals>,
    /// Where it is.
    pub(super) origin: Origin,
    /// The clone.
    pub(super) clone: PathBuf,
    /// Where it is worked on.
    pub(super) apart: Apart,
}

impl Served {
    fn at(&self, now: Timestamp) -> App {
        App { now, ..self.app.clone() }
    }

    /// The clone, and what is known of how to bring it up to date: what it has itself, once it is there.
    fn opened(&self) -> Result<(Place, Workspace), Error> {
        let (place, before) = match &self.origin {
            Origin::Folder(source) => {
                let theirs = Place::open(&Workspace::root_of(source))?;
                let head = theirs.head()?.ok_or_else(|| {
                    Error::usage(format!("{} has no commit yet", source.display()))
                        .hint("the daemon goes by a repository's base branch: push one")
                })?;
                let policy = theirs.snapshot(&head)?.workspace;
                let place = open(source, &self.clone, &policy.catalog.policy.propose.remote)?;
                (place, Some(policy))
            }
            Origin::Address(address, _) => {
                (own_clone::of(address, &self.clone, &Propose::default().remote)?, None)
            }
        };
        let policy = match (place.head()?, before) {
            (Some(head), _) => place.snapshot(&head)?.workspace,
            (None, Some(before)) => before,
            // Nothing is checked out in it.
            (None, None) => Workspace::read(&place.root).map_err(unreadable)?,
        };
        Ok((place, policy))
    }

    /// The clone, brought to the base branch as the remote has it.
    async fn brought(&self, session: &mut Session<'_>) -> Result<(Place, Snapshot), Error> {
        let (place, policy) = self.opened()?;
        let propose = &policy.catalog.policy.propose;
        let snapshot = match self.fetched(session, &place, &policy, propose).await {
            // The branch that counted is gone, as one that was renamed: the default one may say which counts now.
            Err(error) if error.status == Status::Usage && propose.base.is_some() => {
                let default = Propose { base: None, ..propose.clone() };
                let snapshot = self.fetched(session, &place, &policy, &default).await.map_err(|_| error)?;
                match snapshot.workspace.catalog.policy.propose.base == propose.base {
                    true => self.fetched(session, &place, &policy, propose).await?,
                    false => snapshot,
                }
            }
            snapshot => snapshot?,
        };
        let by = |workspace: &Workspace| {
            let propose = &workspace.catalog.policy.propose;
            (propose.remote.clone(), propose.base.clone())
        };
        // Another base branch is declared than was known: that one counts.
        let snapshot = match by(&policy) == by(&snapshot.workspace) {
            true => snapshot,
            false => {
                let propose = &snapshot.workspace.catalog.policy.propose;
                self.fetched(session, &place, &snapshot.workspace, propose).await?
            }
        };
        stand_on(&place, &snapshot.commit)?;
        Ok((place, snapshot))
    }

    async fn fetched(
        &self,
        session: &Session<'_>,
        place: &Place,
        policy: &Workspace,
        propose: &Propose,
    ) -> Result<Snapshot, Error> {
        let mut propose = propose.clone();
        if let Origin::Address(address, forge) = &self.origin {
            own_clone::of(address, &self.clone, &propose.remote)?;
            propose.forge = propose.forge.or(*forge);
        }
        let client = session.client(policy)?;
        // Which forge it is will be read there.
        if !policy.configured && propose.forge.is_none() && !There::tells_its_forge(place, &propose)? {
            propose.forge = Some(ForgeKind::None);
        }
        let there = There::open(session, place, &propose, &client)?;
        let (_, base, _) = there.fetch(place, &propose).await?;
        place.snapshot(&base)
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
        let folder = self.clone.canonicalize().unwrap_or_else(|_| self.clone.clone());
        let place = Digest::sha256(folder.as_os_str().as_encoded_bytes()).hex().to_owned();
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
