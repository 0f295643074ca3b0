//! Deciding about suites of a Debian archive. A snapshot service has every state by its time, so that a time is to be
//! chosen: [`offered`] says which there are, [`wanted`] takes one by the rules. A mirror has the present state only.
//! [`decide`] then goes by what was found there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::age::between;
use super::refusal::{nothing, refused};
use super::{Alarm, Decision, Outcome, Question, Rejection, Shortlist, Wish, stale};
use crate::model::{
    ArchiveState, ArchiveTime, DebianPin, Digest, InRelease, Lane, PackageName, PackageStep, Packages, Pin,
    Reach, Suite,
};

/// What was found.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The state's time, where it is a snapshot.
    pub snapshot: Option<&'a ArchiveTime>,
    /// What the suites are at that time.
    pub state: &'a ArchiveState,
    /// What their lists have of the wanted packages.
    pub reach: &'a Reach,
    /// What became of what is locked.
    pub locked: Locked<'a>,
}

/// What became of the locked snapshot.
#[derive(Clone, Copy, Debug)]
pub enum Locked<'a> {
    /// Nobody asked: there is none, or nothing depends on it.
    NotAsked,
    /// It is no longer served.
    Gone,
    /// It is served.
    Served {
        /// The digest of each suite's `InRelease`.
        digests: &'a BTreeMap<Suite, Digest>,
        /// What its lists have of the wanted packages, empty where they were not read; none where it is the same.
        reach: Option<&'a Reach>,
    },
}

/// The times that a snapshot service can be asked for: midnight of the day that is `min-age` ago, and what a person asks
/// for.
pub fn offered(question: &Question<'_>) -> Vec<String> {
    let age = match question.wish {
        Wish::Young { .. } => Duration::ZERO,
        Wish::Rules | Wish::Accept | Wish::Tag { .. } => question.declaration.min_age,
    };
    let then = question.now.saturating_sub(age).unwrap_or(Timestamp::MIN);
    let asked = match question.wish {
        Wish::Tag { tag, .. } if tag.parse::<ArchiveTime>().is_ok() => Some(tag.clone()),
        _ => None,
    };
    asked.into_iter().chain([ArchiveTime::midnight(then).to_string()]).collect()
}

/// The time to look at, of those that a shortlist has; or what the rules say already.
pub fn wanted(question: &Question<'_>, shortlist: &mut Shortlist) -> Result<ArchiveTime, Box<Outcome>> {
    if let Some(outcome) = refused(question, shortlist).or_else(|| in_the_future(question)) {
        return Err(Box::new(outcome));
    }
    while let Some(tag) = best(shortlist) {
        let Ok(time) = tag.parse::<ArchiveTime>() else {
            shortlist.reject(&tag, Rejection::NotServed);
            continue;
        };
        match too_young(question, &time) {
            Some(young) => shortlist.reject(&tag, young),
            None => return Ok(time),
        }
    }
    Err(Box::new(nothing(question, shortlist)))
}

/// A time that has not come has no state: whatever a service gives for it would change.
fn in_the_future(question: &Question<'_>) -> Option<Outcome> {
    let Wish::Tag { tag, .. } = question.wish else { return None };
    let time = tag.parse::<ArchiveTime>().ok().filter(|time| time.time() > question.now)?;
    Some(Outcome::Refused {
        reason: format!("there is no state of {time} yet"),
        hint: "name a time that has passed, as 20260820T000000Z".into(),
    })
}

fn best(shortlist: &Shortlist) -> Option<String> {
    shortlist.eligible().next().map(|candidate| candidate.tag.clone())
}

/// A state has the age that its time says. One that a person asks for without a reason has to have it too.
fn too_young(question: &Question<'_>, time: &ArchiveTime) -> Option<Rejection> {
    let Wish::Tag { because: None, .. } = question.wish else { return None };
    if question.comparable().is_some_and(|(pin, _)| pin.tag() == time.as_str()) {
        return None;
    }
    let age = between(time.time(), question.now);
    let wait = question.declaration.min_age.saturating_sub(age);
    (!wait.is_zero()).then_some(Rejection::Young { age, wait })
}

/// The locked pin, where it is of the declared suites.
pub fn comparable<'a>(question: &Question<'a>) -> Option<&'a DebianPin> {
    match question.comparable() {
        Some((Pin::Debian(pin), _)) => Some(pin),
        _ => None,
    }
}

/// The locked pin, where it also has all that is declared.
pub fn whole<'a>(question: &Question<'a>) -> Option<&'a DebianPin> {
    let pin = comparable(question)?;
    let stale = stale(question.declaration, question.needs, &Pin::Debian(pin.clone()));
    stale.is_empty().then_some(pin)
}

/// The packages that are locked by name.
pub fn names(question: &Question<'_>) -> BTreeSet<PackageName> {
    question.needs.packages.clone().unwrap_or_default()
}

/// Decides from what was found at the time that the shortlist's best has.
pub fn decide(question: &Question<'_>, mut shortlist: Shortlist, facts: &Facts<'_>) -> Decision {
    let outcome = outcome(question, &mut shortlist, facts);
    let seen = match &outcome {
        Outcome::Move { to, .. } | Outcome::First { to } => vec![(to.tag().to_owned(), to.content())],
        _ => Vec::new(),
    };
    let brought = brought(question, &outcome, facts);
    Decision { brought, ..shortlist.decide(question, outcome, seen) }
}

/// What else changes with a move.
fn brought(question: &Question<'_>, outcome: &Outcome, facts: &Facts<'_>) -> Vec<PackageStep> {
    match (outcome, facts.locked) {
        (Outcome::Move { .. }, Locked::Served { reach: Some(before), .. }) if !before.packages.is_empty() => {
            let mut steps = PackageStep::between(&before.packages, &facts.reach.packages);
            let listed = names(question);
            steps.retain(|step| !listed.contains(&step.name));
            steps
        }
        _ => Vec::new(),
    }
}

fn outcome(question: &Question<'_>, shortlist: &mut Shortlist, facts: &Facts<'_>) -> Outcome {
    let locked = comparable(question);
    // Once it is accepted the lock has what raised it, so that nothing need be remembered.
    let alarm = locked.and_then(|pin| alarm(pin, facts)).or_else(|| later(facts));
    if let Some(alarm) = alarm.filter(|_| !question.is_accepted()) {
        return Outcome::Alarm(alarm);
    }
    if let Some(outcome) = refused(question, shortlist) {
        return outcome;
    }
    if let Some(why) = outdated(question, facts) {
        return Outcome::Nothing(why);
    }
    let packages = match listed(question, facts.reach) {
        Ok(packages) => packages,
        Err(why) => return Outcome::Nothing(why),
    };
    let suites: BTreeMap<Suite, InRelease> = facts.state.suites.clone();
    let Some(to) = DebianPin::new(suites, facts.snapshot.cloned(), packages) else {
        return Outcome::Nothing("there is no suite".into());
    };
    if let Some(held) = question.held() {
        return held;
    }
    let tag = to.time().to_string();
    let Some(best) = shortlist.eligible().find(|candidate| candidate.tag == tag) else {
        // Only a mirror has moved on without being asked.
        let note = || format!("the mirror is at {tag} now, and no longer has what is locked");
        return match locked.filter(|pin| shortlist.eligible().any(|best| best.tag == pin.time().as_str())) {
            Some(pin) => {
                shortlist.select(pin.time().as_str());
                Outcome::Keep { note: Some(note()) }
            }
            None => nothing(question, shortlist),
        };
    };
    let lane = best.lane.unwrap_or(Lane::Digest);
    let to = Pin::Debian(to);
    match locked {
        None => {
            shortlist.select(&tag);
            Outcome::First { to }
        }
        Some(pin) if Pin::Debian(pin.clone()) == to => {
            shortlist.select(&tag);
            Outcome::Keep { note: None }
        }
        Some(pin) if stays(question, pin, facts) => {
            shortlist.reject(&tag, Rejection::NothingNew);
            shortlist.select(pin.time().as_str());
            Outcome::Keep {
                note: Some(format!("{tag} has nothing new of the wanted packages and what they depend on")),
            }
        }
        Some(_) => {
            shortlist.select(&tag);
            Outcome::Move { to, lane, superseded: false }
        }
    }
}

/// Whether a newer snapshot is no reason to move: what could be installed is the same, and the locked one is still there.
fn stays(question: &Question<'_>, pin: &DebianPin, facts: &Facts<'_>) -> bool {
    // A person who accepts what is there is also rid of what somebody wrote into the lock.
    let asked = match question.wish {
        Wish::Tag { .. } => true,
        Wish::Accept => listed(question, facts.reach).is_ok_and(|packages| packages != pin.packages),
        Wish::Rules | Wish::Young { .. } => false,
    };
    let same = matches!(facts.locked, Locked::Served { reach: None, .. });
    !asked && same && whole(question).is_some() && facts.snapshot.is_some_and(|time| time != pin.time())
}

/// What must not be: a state before the locked one, or another state under the locked one's time.
fn alarm(pin: &DebianPin, facts: &Facts<'_>) -> Option<Alarm> {
    if let (Locked::Served { digests, .. }, Some(snapshot)) = (facts.locked, pin.snapshot()) {
        let differs = |(suite, served): (&Suite, &Digest)| {
            let locked = &pin.suites().get(suite)?.digest;
            (locked != served).then(|| Alarm::Rewritten {
                snapshot: snapshot.to_string(),
                suite: suite.to_string(),
                from: locked.to_string(),
                to: served.to_string(),
            })
        };
        if let Some(alarm) = digests.iter().find_map(differs) {
            return Some(alarm);
        }
    }
    // A snapshot of an earlier time has an earlier state, and that was asked for.
    if facts.snapshot.zip(pin.snapshot()).is_some_and(|(to, from)| to < from) {
        return None;
    }
    facts.state.suites.iter().find_map(|(suite, now)| {
        let locked = pin.suites().get(suite)?;
        (now.date < locked.date && now.digest != locked.digest).then(|| Alarm::Replayed {
            suite: suite.to_string(),
            locked: locked.date,
            served: now.date,
        })
    })
}

/// A snapshot has what was published by its time; what came later has not the age that its time says.
fn later(facts: &Facts<'_>) -> Option<Alarm> {
    let snapshot = facts.snapshot?;
    let (suite, now) = facts.state.suites.iter().find(|(_, now)| now.date > snapshot.time())?;
    Some(Alarm::Later { snapshot: snapshot.to_string(), suite: suite.to_string(), served: now.date })
}

/// That a mirror says itself that it is not to be taken for the newest any more. Of a snapshot it counts when it was signed: the
/// last state of a release that has ended stays what it was.
fn outdated(question: &Question<'_>, facts: &Facts<'_>) -> Option<String> {
    let until = facts.state.valid_until.filter(|until| facts.snapshot.is_none() && *until < question.now)?;
    Some(format!("the mirror is no longer updated: what it has ran out on {until}; name another mirror"))
}

/// The wanted packages, each for every architecture.
fn listed(question: &Question<'_>, reach: &Reach) -> Result<Packages, String> {
    let wanted = names(question);
    let mut missing = reach.missing.iter().filter(|(name, _)| wanted.contains(*name));
    if let Some((name, lacking)) = missing.next() {
        let architectures: Vec<&str> = lacking.keys().map(|architecture| architecture.as_str()).collect();
        let providers: BTreeSet<&str> = lacking.values().flatten().map(String::as_str).collect();
        let providers: Vec<&str> = providers.into_iter().collect();
        let others = match missing.count() {
            0 => String::new(),
            more => format!("; {more} more are missing"),
        };
        let what = match providers.is_empty() {
            true => String::new(),
            false => format!(": it is only provided, by {}; list one of those", providers.join(", ")),
        };
        let suites = question.declaration.upstream.to_string();
        let of = architectures.join(", ");
        return Err(format!("{suites} have no package {name} for {of}{what}{others}"));
    }
    let listed = reach.packages.iter().filter(|(name, _)| wanted.contains(*name));
    Ok(listed.map(|(name, pins)| (name.clone(), pins.clone())).collect())
}
