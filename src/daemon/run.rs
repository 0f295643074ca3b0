//! The daemon's life: it waits for what is due or asked for, and runs one thing at a time.
//!
//! What a run does is [`Rounds`]; what is asked for comes through an [`Inbox`]; what a person may see goes into a [`View`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::inbox::Inbox;
use super::state::{ImageState, Memory, PinState, Proposal, Run, Sent, StateError, Store};
use super::view::{Shown, View};
use super::{Event, Pins, Timers};
use crate::model::PinName;

/// The longest that is slept in one piece: a clock that was set, or a machine that was asleep, is noticed then.
const NAP: Duration = Duration::from_secs(15);

/// How soon declarations that could not be had are asked for again.
const AGAIN: Duration = Duration::from_secs(300);

/// The clock on the wall.
pub trait Clock: Send + Sync {
    /// The time.
    fn now(&self) -> Timestamp;
}

/// What a daemon does when it is time.
pub trait Rounds {
    /// Reads what is declared now, with settings read anew.
    fn declared(&mut self, now: Timestamp) -> impl Future<Output = Result<Declared, String>>;

    /// Asks about pins and proposes what there is.
    fn round(&mut self, pins: &Pins, now: Timestamp) -> impl Future<Output = Outcome>;
}

/// What a repository declares.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// When which pin is asked about.
    pub timers: Timers,
    /// All pins.
    pub pins: BTreeSet<PinName>,
    /// The images of the catalog.
    pub images: Vec<ImageState>,
}

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// As the exit code of `refresh --propose`.
    pub status: u8,
    /// The commit of the base branch that it went by.
    pub base: Option<String>,
    /// What could not be done, a line each.
    pub problems: Vec<String>,
    /// What was sent to upstreams.
    pub sent: Sent,
    /// What was found out; none where nothing could be.
    pub found: Option<Found>,
}

/// What a run found out.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// What is declared.
    pub declared: Declared,
    /// Where the pins stand that were asked about.
    pub pins: BTreeMap<PinName, PinState>,
    /// The proposals for the pins that were asked about.
    pub proposals: BTreeMap<String, Proposal>,
}

/// What a daemon is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Read the configuration anew.
    Reload,
    /// End.
    Stop,
}

/// A daemon.
pub struct Daemon<R> {
    /// What it does.
    pub rounds: R,
    /// Where it remembers.
    pub store: Store,
    /// What it remembers.
    pub memory: Memory,
    /// Who asks.
    pub inbox: Arc<Inbox>,
    /// What is shown.
    pub view: Arc<View>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long a run that is under way may go on when it is told to end.
    pub grace: Duration,
    timers: Option<Timers>,
    declared: Option<BTreeSet<PinName>>,
    tried: Option<Timestamp>,
}

impl<R: Rounds> Daemon<R> {
    /// A daemon that knows nothing of its repository yet.
    pub fn new(
        rounds: R,
        store: Store,
        view: Arc<View>,
        inbox: Arc<Inbox>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StateError> {
        let memory = store.load()?;
        // What a daemon was about when it was killed is done by the next.
        if let Some(run) = memory.runs.last().filter(|run| run.ended.is_none()) {
            let pins = run.pins.clone().map_or(Pins::All, Pins::Some);
            inbox.put(Event { pins, timers: run.timers.clone(), triggers: run.triggers.max(1) });
        }
        let grace = Duration::from_secs(10);
        let daemon = Self {
            rounds,
            store,
            memory,
            inbox,
            view,
            clock,
            grace,
            timers: None,
            declared: None,
            tried: None,
        };
        daemon.show(false);
        Ok(daemon)
    }

    /// Runs until it is told to stop.
    pub async fn live(&mut self, orders: &mut mpsc::Receiver<Order>) -> Result<(), StateError> {
        loop {
            self.look().await;
            let event = self.due();
            if !event.is_empty() {
                match self.run_or_stop(event, orders).await? {
                    Order::Stop => return Ok(()),
                    Order::Reload => continue,
                }
            }
            tokio::select! {
                () = sleep(self.nap()) => {}
                () = self.inbox.filled() => {}
                order = orders.recv() => match order {
                    Some(Order::Reload) => self.reload().await,
                    Some(Order::Stop) | None => return Ok(()),
                },
            }
        }
    }

    /// One run for all pins; its exit code, or none where it was stopped.
    pub async fn once(&mut self, orders: &mut mpsc::Receiver<Order>) -> Result<Option<u8>, StateError> {
        let mut event = Event::trigger(None);
        event.merge(self.inbox.take());
        match self.run_or_stop(event, orders).await? {
            Order::Stop => Ok(None),
            Order::Reload => Ok(self.memory.newest().and_then(|run| run.status)),
        }
    }

    /// Reads what is declared, where that is not known yet.
    async fn look(&mut self) {
        let now = self.clock.now();
        let is_soon = |tried: Timestamp| now.duration_since(tried).unsigned_abs() < AGAIN;
        if self.timers.is_some() || self.tried.is_some_and(is_soon) {
            return;
        }
        self.tried = Some(now);
        self.reload().await;
    }

    /// Reads what is declared. Where that is of no use, what was known stays.
    async fn reload(&mut self) {
        match self.rounds.declared(self.clock.now()).await {
            Ok(declared) => {
                self.take_declared(declared);
                self.view.declared(None);
            }
            Err(why) => {
                tracing::error!(problem = why, "the configuration was not taken: what was known stays");
                self.view.declared(Some(why));
            }
        }
        self.show(false);
    }

    fn take_declared(&mut self, declared: Declared) {
        self.memory.pins.retain(|pin, _| declared.pins.contains(pin));
        self.memory.images = declared.images;
        self.memory.begun = declared.timers.known(&self.memory.begun, self.clock.now());
        self.timers = Some(declared.timers);
        self.declared = Some(declared.pins);
    }

    /// What is due, and what was asked for.
    fn due(&mut self) -> Event {
        let mut event = self.inbox.take();
        if let Some(timers) = &self.timers {
            let (names, pins) = timers.due(&self.memory.begun, self.clock.now());
            event.merge(Event::timers(names, pins));
        }
        event
    }

    fn nap(&self) -> Duration {
        let now = self.clock.now();
        let next = self.timers.as_ref().and_then(|timers| timers.next(&self.memory.begun, now));
        let until = next.and_then(|next| Duration::try_from(next.duration_since(now)).ok());
        until.unwrap_or(NAP).min(NAP)
    }

    /// A run; told to stop meanwhile, it has its grace, and is given up then.
    async fn run_or_stop(
        &mut self,
        event: Event,
        orders: &mut mpsc::Receiver<Order>,
    ) -> Result<Order, StateError> {
        let grace = self.grace;
        let mut reloads = false;
        let stopped = {
            let run = self.run(event);
            tokio::pin!(run);
            loop {
                tokio::select! {
                    ended = &mut run => { ended?; break false; }
                    order = orders.recv() => match order {
                        Some(Order::Reload) => reloads = true,
                        Some(Order::Stop) | None => {
                            if let Ok(ended) = timeout(grace, &mut run).await { ended?; }
                            break true;
                        }
                    },
                }
            }
        };
        if stopped {
            self.give_up()?;
            return Ok(Order::Stop);
        }
        if reloads {
            self.reload().await;
        }
        Ok(Order::Reload)
    }

    /// A run that was under way is told as one that was stopped.
    fn give_up(&mut self) -> Result<(), StateError> {
        if let Some(run) = self.memory.newest().filter(|run| run.ended.is_none()) {
            run.problems
                .push("the daemon was told to end: the next run goes on where this one stopped".into());
        }
        self.store.save(&self.memory)
    }

    async fn run(&mut self, event: Event) -> Result<u8, StateError> {
        let now = self.clock.now();
        let pins = match &event.pins {
            Pins::All => None,
            Pins::Some(pins) => Some(pins.clone()),
        };
        for timer in &event.timers {
            self.memory.begun.insert(timer.clone(), now);
        }
        let (timers, triggers) = (event.timers.clone(), event.triggers);
        let id = self.memory.begin(Run { began: now, timers, triggers, pins, ..Run::default() });
        self.store.save(&self.memory)?;
        self.show(true);
        tracing::info!(run = id, triggers, "a run begins");
        let outcome = self.rounds.round(&event.pins, now).await;
        let status = outcome.status;
        self.take(&event.pins, outcome);
        self.store.save(&self.memory)?;
        self.show(false);
        tracing::info!(run = id, status, "a run has ended");
        Ok(status)
    }

    /// Remembers what came of a run.
    fn take(&mut self, asked: &Pins, outcome: Outcome) {
        let now = self.clock.now();
        let Outcome { status, base, problems, sent, found } = outcome;
        if let Some(found) = found {
            let is_asked = |pin: &str| match asked {
                Pins::All => true,
                Pins::Some(pins) => pins.iter().any(|asked| asked.as_str() == pin),
            };
            self.memory.proposals.retain(|_, proposal| !proposal.pins.iter().any(|pin| is_asked(pin)));
            self.memory.proposals.extend(found.proposals);
            self.memory.pins.extend(found.pins);
            self.take_declared(found.declared);
            self.view.declared(None);
        }
        if status == 0 {
            self.memory.succeeded = Some(now);
        }
        self.memory.sent.requests += sent.requests;
        self.memory.sent.retries += sent.retries;
        if let Some(run) = self.memory.newest() {
            *run = Run { ended: Some(now), status: Some(status), base, problems, sent, ..run.clone() };
        }
    }

    fn show(&self, running: bool) {
        let now = self.clock.now();
        let next = self.timers.as_ref().and_then(|timers| timers.next(&self.memory.begun, now));
        let (memory, declared) = (self.memory.clone(), self.declared.clone());
        self.view.show(Shown { memory, declared, next, running });
    }
}
