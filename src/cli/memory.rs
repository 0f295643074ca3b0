//! What the journal remembers of each pin, for the commands that decide; and what they add to it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::looked::Looked;
use super::session::Session;
use crate::error::Error;
use crate::journal::{self, Decision as Forced, Handle, Journal, State};
use crate::model::{PinName, Sighting, Sightings};
use crate::plan::{Decision, Outcome, Past, Wish};
use crate::publish::bump::Target;
use crate::publish::propose::Report;
use crate::resolve::Resolved;
use crate::workspace::Workspace;

/// What is remembered.
pub(crate) struct Memory {
    state: State,
    /// What is believed of what the journal says was seen.
    seen: BTreeMap<PinName, Sightings>,
    accepted: BTreeMap<PinName, BTreeSet<String>>,
    looked: Looked,
    nothing: (Sightings, BTreeSet<String>),
}

/// What a person is told of once.
pub(crate) struct News {
    /// The pin.
    pub(crate) pin: PinName,
    /// What tells it from others.
    pub(crate) mark: String,
    /// What it says.
    pub(crate) text: String,
}

impl Memory {
    /// Of nothing at all.
    pub(crate) fn none() -> Self {
        Self {
            state: State::Outside,
            seen: BTreeMap::new(),
            accepted: BTreeMap::new(),
            looked: Looked::default(),
            nothing: Default::default(),
        }
    }

    /// Of a repository. That its journal is not at hand is said, where that matters.
    pub(crate) fn load(session: &mut Session<'_>, workspace: &Workspace) -> Result<Self, Error> {
        let state = journal::load(&workspace.root, session.app.now)?;
        let ages = workspace.catalog.declarations.values();
        let matters = ages.into_iter().any(|pin| !pin.min_age.is_zero() || !pin.settle.is_zero());
        if matters && matches!(state, State::NotFetched) {
            session.output.note(
                "the journal was not fetched, so that no age is known and nothing new is taken; to fetch it:\n  \
                 git fetch origin refs/solera-pin/journal:refs/solera-pin/journal\n",
            );
        }
        Self::of_state(session, workspace, state)
    }

    /// Of a repository whose journal was asked for elsewhere: where there is none, it begins here.
    pub(crate) fn brought(session: &Session<'_>, workspace: &Workspace) -> Result<Self, Error> {
        let handle = journal::open(&workspace.root, session.app.now)?;
        let state = handle.map_or(State::Outside, |handle| State::Open(Box::new(handle)));
        Self::of_state(session, workspace, state)
    }

    fn of_state(session: &Session<'_>, workspace: &Workspace, state: State) -> Result<Self, Error> {
        let mut memory = Self { state, ..Self::none() };
        if let State::Open(handle) = &memory.state {
            memory.looked = Looked::read(&handle.notes());
            let history = handle.history(session.app.now)?;
            for pin in workspace.catalog.declarations.keys() {
                memory.seen.insert(pin.clone(), history.sightings(pin)?);
            }
            for (pin, mark, _) in handle.journal().acceptances() {
                memory.accepted.entry(pin.clone()).or_default().insert(mark.to_owned());
            }
            for (pin, mark, _) in handle.journal().announcements().filter(|it| it.1.starts_with("withdrawn:"))
            {
                memory.accepted.entry(pin.clone()).or_default().insert(mark.to_owned());
            }
        }
        Ok(memory)
    }

    /// Of a pin.
    pub(crate) fn of(&self, pin: &PinName) -> Past<'_> {
        match &self.state {
            State::Outside => Past::Nobody,
            State::NotFetched => Past::NotFetched,
            State::Open(_) => Past::Known {
                seen: self.seen.get(pin).unwrap_or(&self.nothing.0),
                accepted: self.accepted.get(pin).unwrap_or(&self.nothing.1),
            },
        }
    }

    /// Whether a mark was told or decided of a pin.
    pub(crate) fn noted(&self, pin: &PinName, mark: &str) -> bool {
        let State::Open(handle) = &self.state else { return false };
        let journal = handle.journal();
        journal.announced(pin, mark).is_some() || journal.accepted(pin, mark).is_some()
    }

    /// What a person did not want of a pin, each with where that was said.
    pub(crate) fn declined(&self, pin: &PinName) -> Vec<(Target, String)> {
        let State::Open(handle) = &self.state else { return Vec::new() };
        let accepted = handle.journal().acceptances().filter(|(of, ..)| *of == pin);
        accepted
            .filter_map(|(pin, mark, what)| Some((Target::of_mark(pin, mark)?, what.reason.clone())))
            .collect()
    }

    /// Notes what people declined, and what they were told.
    pub(crate) fn note(&mut self, report: &Report, now: Timestamp) -> Result<(), Error> {
        let State::Open(handle) = &mut self.state else { return Ok(()) };
        let mut additions = Journal::default();
        for (target, place) in &report.declined {
            additions.accept(&target.pin, &target.declined(), now, place)?;
        }
        for (pin, mark) in &report.told {
            additions.announce(pin, mark, now)?;
        }
        handle.record(&additions, &[], now)?;
        Ok(())
    }

    /// When the upstream of a pin was last asked from this clone.
    pub(crate) fn looked(&self, pin: &PinName) -> Option<Timestamp> {
        self.looked.at(pin.as_str())
    }

    /// Whether this is the journal's beginning.
    pub(crate) fn begins(&self) -> bool {
        matches!(&self.state, State::Open(handle) if handle.tip().is_none())
    }

    /// The notices that nobody was told of yet. Without a memory each is told every time.
    pub(crate) fn untold(&self, resolved: &[Resolved]) -> Vec<News> {
        let told = |pin: &PinName, mark: &str| matches!(&self.state, State::Open(handle) if handle.journal().announced(pin, mark).is_some());
        let notices = decisions(resolved).flat_map(|(pin, decision)| {
            decision.notices.iter().map(move |notice| News {
                pin: pin.clone(),
                mark: notice.mark(),
                text: notice.to_string(),
            })
        });
        notices.filter(|news| !told(&news.pin, &news.mark)).collect()
    }

    /// Why nothing can be added; none where it can.
    pub(crate) fn closed(&self) -> Option<Error> {
        match self.state {
            State::Open(_) => None,
            State::Outside => Some(Error::usage("there is no journal outside a git repository")),
            State::NotFetched => {
                let error = Error::usage("this shallow clone does not have the journal");
                Some(error.hint("git fetch origin refs/solera-pin/journal:refs/solera-pin/journal"))
            }
        }
    }

    /// Why nobody will remember what a person accepts; none where it will be, or there is nothing to accept.
    pub(crate) fn forgets(&self, resolved: &[Resolved], wish: &Wish) -> Option<Error> {
        let accepts = *wish == Wish::Accept && decisions(resolved).any(|(_, it)| !marks(it).is_empty());
        self.closed().filter(|_| accepts)
    }

    /// Adds what was seen, and what was told and decided where there was a wish; how many sightings were new.
    pub(crate) fn record(
        &mut self,
        resolved: &[Resolved],
        wish: Option<&Wish>,
        because: &str,
        now: Timestamp,
    ) -> Result<usize, Error> {
        let State::Open(handle) = &mut self.state else { return Ok(0) };
        let mut additions = Journal::default();
        let (mut forced, mut new) = (Vec::new(), 0);
        for (pin, decision) in decisions(resolved) {
            for (at, (tag, content)) in decision.seen.iter().enumerate() {
                let known = handle.journal().seen(pin).and_then(|seen| seen.first(tag, content));
                new += usize::from(known.is_none());
                for mark in withdrawn(handle, pin, (tag, content)) {
                    additions.announce(pin, &mark, now)?;
                }
                // What is locked comes after what its tag names now, and was there before.
                let is_older = decision.seen.iter().take(at).any(|(other, _)| other == tag);
                let first_seen = if is_older { just_before(now) } else { now };
                let (tag, content) = (tag.clone(), content.clone());
                additions.note(pin, Sighting { tag, content, first_seen })?;
            }
            let Some(wish) = wish else { continue };
            tell(handle, &mut additions, pin, decision, now)?;
            if *wish == Wish::Accept {
                for mark in marks(decision) {
                    additions.accept(pin, &mark, now, because)?;
                }
            }
            forced.extend(by_force(pin, decision, wish));
        }
        handle.record(&additions, &forced, now)?;
        self.looked.note(decisions(resolved).map(|(pin, _)| pin.as_str()), now);
        Ok(new)
    }
}

/// What a tag went back from, that names this content again: one line each, once.
fn withdrawn(handle: &Handle, pin: &PinName, (tag, content): (&str, &str)) -> Vec<String> {
    let lines = handle.journal().seen(pin).map(|seen| seen.of_tag(tag)).unwrap_or_default();
    let Some((_, first)) = lines.iter().find(|(known, _)| *known == content).copied() else {
        return Vec::new();
    };
    let later = lines.iter().filter(|(_, time)| *time > first);
    let marks = later.map(|(withdrawn, _)| Past::withdrawn(tag, withdrawn));
    marks.filter(|mark| handle.journal().announced(pin, mark).is_none()).collect()
}

/// The last time that the journal can tell from this one.
fn just_before(time: Timestamp) -> Timestamp {
    time.saturating_sub(Duration::from_secs(1)).unwrap_or(time)
}

/// Notes what a person is told of.
fn tell(
    handle: &Handle,
    additions: &mut Journal,
    pin: &PinName,
    decision: &Decision,
    now: Timestamp,
) -> Result<(), Error> {
    let alarm = match &decision.outcome {
        Outcome::Alarm(alarm) => Some(alarm.mark()),
        _ => None,
    };
    for mark in decision.notices.iter().map(|notice| notice.mark()).chain(alarm) {
        if handle.journal().announced(pin, &mark).is_none() {
            additions.announce(pin, &mark, now)?;
        }
    }
    Ok(())
}

/// The marks of what a person accepts by accepting all that a pin has.
fn marks(decision: &Decision) -> Vec<String> {
    let notices = decision.notices.iter().map(|notice| notice.mark());
    notices.chain(decision.accepted.iter().cloned()).collect()
}

/// The choice that a person forced, where it changed anything.
fn by_force(pin: &PinName, decision: &Decision, wish: &Wish) -> Option<Forced> {
    let (Wish::Tag { because: Some(because), .. } | Wish::Young { because }) = wish else { return None };
    let (Outcome::Move { to, .. } | Outcome::First { to }) = &decision.outcome else { return None };
    let to = format!("{} {}", to.tag(), to.content());
    Some(Forced { pin: pin.clone(), to, because: because.clone() })
}

fn decisions(resolved: &[Resolved]) -> impl Iterator<Item = (&PinName, &Decision)> {
    resolved.iter().filter_map(|resolved| Some((&resolved.name, resolved.result.as_ref().ok()?)))
}
