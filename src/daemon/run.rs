//! The daemon's life: it waits for what is due or asked for, and runs one thing at a time.
//!
//! What a run does is [`Rounds`]; what is asked for comes through an [`Inbox`]; what a person may see goes into a [`View`].

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::inbox::Inbox;
use super::pulse::{BEAT, Pulse};
use super::rounds::{Clock, Declared, Outcome, Rounds};
use super::state::{Memory, Run, StateError, Store};
use super::view::{Shown, View};
use super::{Event, Pins, Standing, Timers};
use crate::model::PinName;

/// How soon declarations that could not be had are asked for again.
const AGAIN: Duration = Duration::from_secs(60);

/// How soon a repository is looked at again that declares nothing that is ever due.
const SELDOM: Duration = Duration::from_secs(900);

/// How far a clock may be set back before what began later counts as begun now: what summer time does is no such thing.
const BACK: SignedDuration = SignedDuration::from_hours(3);

/// What a daemon is told.
#[derive(Debug)]
pub enum Order {
    /// Read the configuration anew, and say when that is done.
    Reload(oneshot::Sender<()>),
    /// End.
    Stop,
}

/// A daemon.
pub struct Daemon<R> {
    /// What it does.
    pub rounds: R,
    /// Where it remembers.
    pub store: Store,
    /// What it remembers; shared with what is shown, and made anew where it changes.
    pub memory: Arc<Memory>,
    /// Who asks.
    pub inbox: Arc<Inbox>,
    /// What is shown.
    pub view: Arc<View>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How long a run that is under way may go on when it is told to end.
    pub grace: Duration,
    /// That it lives.
    pub pulse: Arc<Pulse>,
    timers: Option<Timers>,
    declared: Option<BTreeSet<PinName>>,
    tried: Option<Timestamp>,
    /// What was declared since the last run and never asked about.
    new: Event,
    /// When a run is due next, and when that was reckoned.
    reckoned: Option<(Timestamp, Option<Timestamp>)>,
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
        let memory = Arc::new(store.load()?);
        // What a daemon was about when it was killed is done by the next.
        if let Some(run) = memory.runs.last().filter(|run| run.ended.is_none()) {
            let pins = run.pins.clone().map_or(Pins::All, Pins::Some);
            inbox.put(Event {
                pins,
                timers: run.timers.clone(),
                triggers: run.triggers.max(usize::from(run.timers.is_empty())),
            })?;
        }
        let grace = Duration::from_secs(10);
        let mut daemon = Self {
            rounds,
            store,
            memory,
            inbox,
            view,
            clock,
            grace,
            pulse: Arc::default(),
            timers: None,
            declared: None,
            tried: None,
            new: Event::default(),
            reckoned: None,
        };
        daemon.show(false);
        Ok(daemon)
    }

    /// Runs until it is told to stop.
    pub async fn live(&mut self, orders: &mut mpsc::Receiver<Order>) {
        loop {
            self.pulse.beat();
            if self.is_to_look() && self.reload(Vec::new(), orders).await.is_break() {
                return;
            }
            let event = self.due();
            if !event.is_empty() {
                match self.run_or_stop(event, orders).await {
                    ControlFlow::Break(()) => return,
                    ControlFlow::Continue(()) => continue,
                }
            }
            tokio::select! {
                () = sleep(self.nap()) => {}
                () = self.inbox.filled() => {}
                order = orders.recv() => match order {
                    Some(Order::Reload(done)) => {
                        if self.reload(vec![done], orders).await.is_break() {
                            return;
                        }
                    }
                    Some(Order::Stop) | None => return,
                },
            }
        }
    }

    /// One run for all pins; its exit code, or none where it was stopped.
    pub async fn once(&mut self, orders: &mut mpsc::Receiver<Order>) -> Option<u8> {
        let mut event = Event::trigger(None);
        event.merge(self.inbox.take());
        match self.run_or_stop(event, orders).await {
            ControlFlow::Break(()) => None,
            ControlFlow::Continue(()) => self.memory.runs.last().and_then(|run| run.status),
        }
    }

    /// Whether what is declared is not known yet, or never due, and was not asked for just now.
    fn is_to_look(&self) -> bool {
        let now = self.clock.now();
        let patience = match &self.timers {
            None => AGAIN,
            Some(timers) if timers.is_empty() => SELDOM,
            Some(_) => return false,
        };
        self.tried.is_none_or(|tried| now.duration_since(tried).unsigned_abs() >= patience)
    }

    /// Reads what is declared, and once more where that was asked for meanwhile. Where that is of no use, what was known
    /// stays.
    async fn reload(
        &mut self,
        mut asked: Vec<oneshot::Sender<()>>,
        orders: &mut mpsc::Receiver<Order>,
    ) -> ControlFlow<()> {
        loop {
            let now = self.clock.now();
            self.tried = Some(now);
            let mut more = Vec::new();
            let declared = tokio::select! {
                biased;
                () = stopped(orders, &mut more) => return ControlFlow::Break(()),
                declared = self.pulse.through(self.rounds.declared(now)) => declared,
            };
            match declared {
                Ok(declared) => {
                    self.take_declared(declared);
                    self.view.declared(None);
                    self.keep();
                }
                Err(why) => {
                    tracing::error!(problem = why, "the configuration was not taken: what was known stays");
                    self.view.declared(Some(why));
                }
            }
            self.show(false);
            for done in asked {
                // Who asked may have gone.
                let _ = done.send(());
            }
            if more.is_empty() {
                return ControlFlow::Continue(());
            }
            asked = more;
        }
    }

    fn take_declared(&mut self, declared: Declared) {
        let now = self.clock.now();
        let memory = Arc::make_mut(&mut self.memory);
        memory.pins.retain(|pin, _| declared.pins.contains(pin));
        let is_declared = |pin: &String| declared.pins.iter().any(|known| known.as_str() == pin);
        memory.proposals.retain(|_, proposal| proposal.pins.iter().any(is_declared));
        memory.images = declared.images;
        memory.begun = declared.timers.known(&memory.begun, now);
        // Where there are others, nothing else is due at once for a new one.
        let is_new = |pin: &&PinName| {
            !memory.pins.contains_key(*pin)
                && !self.declared.as_ref().is_some_and(|known| known.contains(*pin))
        };
        if !memory.pins.is_empty() {
            let new: BTreeSet<PinName> = declared.pins.iter().filter(is_new).cloned().collect();
            self.new.merge(Event::timers(declared.timers.of(&new), new));
        }
        self.timers = Some(declared.timers);
        self.declared = Some(declared.pins);
    }

    /// What is due, and what was asked for.
    fn due(&mut self) -> Event {
        let mut event = self.inbox.take();
        event.merge(std::mem::take(&mut self.new));
        let now = self.clock.now();
        self.forget_what_is_to_come(now);
        if let Some(timers) = &self.timers
            && self.next(now).is_some_and(|next| next <= now)
        {
            let (names, pins) = timers.due(&self.memory.begun, now);
            event.merge(Event::timers(names, pins));
        }
        event
    }

    /// What began when the clock was far ahead would keep its timer waiting for that time.
    fn forget_what_is_to_come(&mut self, now: Timestamp) {
        let is_ahead = |at: &Timestamp| at.duration_since(now) > BACK;
        if self.memory.begun.values().any(is_ahead) {
            let memory = Arc::make_mut(&mut self.memory);
            memory.begun.values_mut().filter(|at| is_ahead(at)).for_each(|at| *at = now);
            self.show(false);
        }
    }

    /// Writes what is remembered. Where that fails, the daemon goes on: the next one would do again what is not written.
    fn keep(&self) {
        if let Err(error) = self.store.save(&self.memory) {
            tracing::error!(problem = %error, "what the daemon remembers could not be kept, and is tried again at the next run");
        }
    }

    fn nap(&self) -> Duration {
        let now = self.clock.now();
        let until = self.next(now).and_then(|next| Duration::try_from(next.duration_since(now)).ok());
        until.unwrap_or(BEAT).min(BEAT)
    }

    /// When a run is due next. That was reckoned when it last changed; a clock that was put back since has it reckoned anew.
    fn next(&self, now: Timestamp) -> Option<Timestamp> {
        match self.reckoned {
            Some((at, next)) if at <= now => next,
            _ => self.timers.as_ref()?.next(&self.memory.begun, now),
        }
    }

    /// A run; told to stop meanwhile, it has its grace, and is given up then.
    async fn run_or_stop(&mut self, event: Event, orders: &mut mpsc::Receiver<Order>) -> ControlFlow<()> {
        let (grace, pulse) = (self.grace, Arc::clone(&self.pulse));
        let mut reloads = Vec::new();
        let is_over = {
            let mut run = pin!(pulse.through(self.run(event)));
            tokio::select! {
                () = &mut run => true,
                () = stopped(orders, &mut reloads) => {
                    let _ = timeout(grace, run).await;
                    false
                }
            }
        };
        if !is_over {
            self.give_up();
            return ControlFlow::Break(());
        }
        match reloads.is_empty() {
            true => ControlFlow::Continue(()),
            false => self.reload(reloads, orders).await,
        }
    }

    /// A run that was under way is told as one that was stopped.
    fn give_up(&mut self) {
        if let Some(run) = Arc::make_mut(&mut self.memory).newest().filter(|run| run.ended.is_none()) {
            run.problems
                .push("the daemon was told to end: the next run goes on where this one stopped".into());
        }
        self.keep();
    }

    async fn run(&mut self, event: Event) {
        let now = self.clock.now();
        let pins = match &event.pins {
            Pins::All => None,
            Pins::Some(pins) => Some(pins.clone()),
        };
        let (timers, triggers) = (event.timers, event.triggers);
        let memory = Arc::make_mut(&mut self.memory);
        memory.begun.extend(timers.iter().map(|timer| (timer.clone(), now)));
        let id = memory.begin(Run { began: now, timers, triggers, pins, ..Run::default() });
        match self.store.save(&self.memory).and_then(|()| self.inbox.begun()) {
            Ok(()) => {}
            // It stays in the inbox, so that the next daemon has it.
            Err(error) => tracing::error!(problem = %error, "that a run begins could not be kept"),
        }
        self.show(true);
        tracing::info!(run = id, triggers, "a run begins");
        let outcome = self.rounds.round(&event.pins, now).await;
        let status = outcome.status;
        self.take(&event.pins, outcome);
        self.keep();
        self.show(false);
        tracing::info!(run = id, status, "a run has ended");
    }

    /// Remembers what came of a run.
    fn take(&mut self, asked: &Pins, outcome: Outcome) {
        let now = self.clock.now();
        let Outcome { status, base, problems, sent, found } = outcome;
        let mut answered = Vec::new();
        if let Some(found) = found {
            let is_asked = |pin: &str| match asked {
                Pins::All => true,
                Pins::Some(pins) => pins.iter().any(|asked| asked.as_str() == pin),
            };
            let memory = Arc::make_mut(&mut self.memory);
            memory.proposals.retain(|_, proposal| !proposal.pins.iter().any(|pin| is_asked(pin)));
            memory.proposals.extend(found.proposals);
            if found.pins.values().any(|pin| pin.state == Standing::Alarm) {
                memory.alarmed = Some(now);
            }
            answered.extend(found.pins.keys().cloned());
            memory.pins.extend(found.pins);
            self.take_declared(found.declared);
            self.view.declared(None);
        }
        let memory = Arc::make_mut(&mut self.memory);
        if status == 0 {
            memory.answer(&answered, now);
        }
        memory.sent.requests += sent.requests;
        memory.sent.retries += sent.retries;
        if let Some(run) = memory.newest() {
            *run = Run { ended: Some(now), status: Some(status), base, problems, sent, ..run.clone() };
            let took = now.duration_since(run.began).as_secs_f64();
            memory.took.add(took);
        }
    }

    fn show(&mut self, running: bool) {
        let now = self.clock.now();
        let next = self.timers.as_ref().and_then(|timers| timers.next(&self.memory.begun, now));
        self.reckoned = Some((now, next));
        let (memory, declared) = (Arc::clone(&self.memory), self.declared.clone());
        self.view.show(Shown { memory, declared, next, running });
    }
}

/// Completes when the daemon is to end; keeps who wants the configuration read anew.
async fn stopped(orders: &mut mpsc::Receiver<Order>, reloads: &mut Vec<oneshot::Sender<()>>) {
    while let Some(Order::Reload(done)) = orders.recv().await {
        reloads.push(done);
    }
}
