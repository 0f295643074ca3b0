//! Replaying a recorded history under a policy: what the same decision would have done, look by look.
//!
//! Entry point: [`replay`]. At each look the upstream is what the history says of that time: a tag names the content
//! of its last line until then, tags stay, and whatever a tag ever named is still served. What is remembered are the
//! lines until then, as if somebody had always watched.
//!
//! A history says nothing of platforms: every content is taken to have those that are declared.

mod statistics;
mod upstream;

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

pub use statistics::Statistics;
use upstream::Recorded;

use super::{Outcome, Past, Question, Wish, shortlist};
use crate::catalog::{Declaration, Needs};
use crate::model::{Allow, Lane, Pin, Sightings};

/// More looks than this are a mistake in `every`.
const MOST_LOOKS: u64 = 100_000;

/// What to replay.
#[derive(Clone, Copy)]
pub struct Replay<'a> {
    /// The policy.
    pub declaration: &'a Declaration,
    /// The declared platforms.
    pub needs: &'a Needs,
    /// All that is known of the upstream. Content that is no digest or commit is given one that is made from the tag
    /// and the time.
    pub history: &'a Sightings,
    /// What is locked at first.
    pub start: &'a Start,
    /// The first look.
    pub from: Timestamp,
    /// No look is later.
    pub to: Timestamp,
    /// The time from one look to the next.
    pub every: Duration,
}

/// What is locked at first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// What the rules choose where nothing is locked, at the first look at which they choose something.
    #[default]
    Rules,
    /// What this tag names at the first look.
    Tag(String),
    /// This. Its content should be in the history: what nobody saw is an alarm here too.
    Pin(Box<Pin>),
}

/// Why nothing was replayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    /// The last look comes before the first.
    #[error("the time ends at {to}, before it begins at {from}")]
    Ends {
        /// The first.
        from: Timestamp,
        /// The last.
        to: Timestamp,
    },
    /// There would be no end of looks.
    #[error("from {from} to {to}, that would be more than {MOST_LOOKS} looks")]
    Looks {
        /// The first.
        from: Timestamp,
        /// The last.
        to: Timestamp,
    },
    /// The tag to start at is not of the track.
    #[error("the tag {tag} does not match the track {track}")]
    Shape {
        /// The tag.
        tag: String,
        /// The track.
        track: String,
    },
    /// The tag to start at was not there.
    #[error("there was no tag {tag} at {from}{}", first.map_or(String::new(), |first| format!(": it was first seen at {first}")))]
    NoStart {
        /// The tag.
        tag: String,
        /// The first look.
        from: Timestamp,
        /// When it came.
        first: Option<Timestamp>,
    },
}

/// What the lock held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The tag.
    pub tag: String,
    /// Since when the tag had named that content, where the history tells.
    pub since: Option<Timestamp>,
    /// The content, where the history has it and it was not made up.
    pub content: Option<String>,
}

/// A pin that moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bump {
    /// The look.
    pub at: Timestamp,
    /// The class of the step; `shape` where what was locked was of another upstream or shape.
    pub lane: Lane,
    /// From.
    pub from: Held,
    /// To.
    pub to: Held,
    /// Whether the tag named something newer already, which was not old enough.
    pub superseded: bool,
}

/// Looks in a row at which the rules came to no answer, so that the pin stayed as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The first of them.
    pub at: Timestamp,
    /// How many there were.
    pub looks: usize,
    /// What was said: an alarm, several majors, or nothing to take.
    pub outcome: Outcome,
}

/// What became of the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// What was locked first, and at which look.
    pub first: Option<(Timestamp, Held)>,
    /// Every move, in order.
    pub bumps: Vec<Bump>,
    /// Where it stopped.
    pub stops: Vec<Stop>,
    /// All looks together.
    pub statistics: Statistics,
    /// What was locked after the last look.
    pub last: Option<Held>,
}

/// How the lock stood after a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    /// The age of the oldest thing that the rules, without age and hold, would have taken and the lock has not.
    behind: Duration,
    /// The same for all of the track, whatever `allow`, `version` and `ignore` say.
    beyond: Duration,
    /// Whether the locked tag named something else than what was locked.
    replaced: bool,
}

/// Replays a history.
pub fn replay(replay: &Replay<'_>) -> Result<Replayed, ReplayError> {
    let times = looks(replay)?;
    let mut run = Run::new(replay)?;
    for now in &times {
        run.look(*now);
    }
    Ok(run.finish(&times))
}

fn looks(replay: &Replay<'_>) -> Result<Vec<Timestamp>, ReplayError> {
    let (from, to) = (replay.from, replay.to);
    if to < from {
        return Err(ReplayError::Ends { from, to });
    }
    let seconds = to.duration_since(from).unsigned_abs().as_secs();
    if replay.every.is_zero() || seconds.checked_div(replay.every.as_secs()).is_none_or(|n| n >= MOST_LOOKS) {
        return Err(ReplayError::Looks { from, to });
    }
    let next = |now: &Timestamp| now.saturating_add(replay.every).ok().filter(|next| next > now);
    Ok(std::iter::successors(Some(from), next).take_while(|now| *now <= to).collect())
}

/// A replay under way.
struct Run<'a> {
    replay: &'a Replay<'a>,
    /// The policy as it would be if nothing waited.
    eager: Declaration,
    /// The same, and if every step were taken.
    eager_for_all: Declaration,
    upstream: Recorded,
    locked: Option<Pin>,
    first: Option<(Timestamp, Held)>,
    bumps: Vec<Bump>,
    stops: Vec<Stop>,
    stopped: bool,
    standings: Vec<Standing>,
}

impl<'a> Run<'a> {
    fn new(replay: &'a Replay<'a>) -> Result<Self, ReplayError> {
        let declaration = replay.declaration;
        let eager = Declaration {
            min_age: Duration::ZERO,
            settle: Duration::ZERO,
            hold: None,
            ..declaration.clone()
        };
        let eager_for_all =
            Declaration { allow: Allow::Major, version: None, ignore: Vec::new(), ..eager.clone() };
        let mut upstream = Recorded::new(replay);
        upstream.advance(replay.from);
        let locked = match replay.start {
            Start::Rules => None,
            Start::Pin(pin) => Some((**pin).clone()),
            Start::Tag(tag) => Some(start(replay, &upstream, tag)?),
        };
        let first = locked.as_ref().map(|pin| (replay.from, upstream.held(pin)));
        let (bumps, stops, standings) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self {
            replay,
            eager,
            eager_for_all,
            upstream,
            locked,
            first,
            bumps,
            stops,
            stopped: false,
            standings,
        })
    }

    /// What is known at a look, for one policy or the other.
    fn question<'q>(
        &'q self,
        declaration: &'q Declaration,
        past: &'q (&'q Sightings, BTreeSet<String>),
        now: Timestamp,
    ) -> Question<'q> {
        let (seen, accepted) = past;
        Question {
            declaration,
            needs: self.replay.needs,
            locked: self.locked.as_ref(),
            now,
            past: Past::Known { seen, accepted },
            wish: &Wish::Rules,
        }
    }

    fn look(&mut self, now: Timestamp) {
        self.upstream.advance(now);
        let past = (self.upstream.seen(), BTreeSet::new());
        let outcome = self.upstream.decide(&self.question(self.replay.declaration, &past, now));
        self.apply(now, outcome);
        let past = (self.upstream.seen(), BTreeSet::new());
        let questions = [&self.eager, &self.eager_for_all].map(|eager| self.question(eager, &past, now));
        let standing = self.standing(&questions[0], &questions[1]);
        self.standings.extend(standing);
    }

    fn apply(&mut self, now: Timestamp, outcome: Outcome) {
        let (to, lane, superseded) = match outcome {
            Outcome::Keep { .. } | Outcome::Held(_) => {
                self.stopped = false;
                return;
            }
            Outcome::Move { to, lane, superseded } => (to, lane, superseded),
            Outcome::First { to } => (to, Lane::Shape, false),
            Outcome::Ambiguous(_) | Outcome::Refused { .. } | Outcome::Nothing(_) | Outcome::Alarm(_) => {
                return self.stop(now, outcome);
            }
        };
        self.stopped = false;
        let to_held = self.upstream.held(&to);
        match &self.locked {
            None => self.first = Some((now, to_held)),
            Some(from) => {
                let from = self.upstream.held(from);
                self.bumps.push(Bump { at: now, lane, from, to: to_held, superseded });
            }
        }
        self.locked = Some(to);
    }

    fn stop(&mut self, now: Timestamp, outcome: Outcome) {
        // What could be chosen, or why nothing can, may be told anew each day; another alarm is news.
        let again = |last: &Stop| match (&last.outcome, &outcome) {
            (Outcome::Alarm(last), Outcome::Alarm(alarm)) => last == alarm,
            (last, outcome) => std::mem::discriminant(last) == std::mem::discriminant(outcome),
        };
        match self.stops.last_mut() {
            Some(last) if self.stopped && again(last) => last.looks += 1,
            _ => self.stops.push(Stop { at: now, looks: 1, outcome }),
        }
        self.stopped = true;
    }

    /// How the lock stands to what would be taken at once; none where nothing comparable is locked.
    fn standing(&self, eager: &Question<'_>, eager_for_all: &Question<'_>) -> Option<Standing> {
        let (pin, _) = eager.comparable()?;
        let now_named = self.upstream.pin(pin.tag());
        Some(Standing {
            behind: self.missed(eager, pin),
            beyond: self.missed(eager_for_all, pin),
            replaced: now_named.is_some_and(|named| named.content() != pin.content()),
        })
    }

    /// The age of the oldest thing that would be taken at once.
    fn missed(&self, eager: &Question<'_>, pin: &Pin) -> Duration {
        let seen = self.upstream.seen();
        let rebuilt = || {
            let lines = seen.of_tag(pin.tag());
            let locked = lines.iter().position(|(known, _)| *known == pin.content())?;
            // What replaces an immutable tag's content is an alarm, and never taken.
            lines.get(locked + 1).map(|(_, time)| *time).filter(|_| !eager.declaration.immutable)
        };
        let list = shortlist(eager, self.upstream.tags());
        let missed = list.eligible().filter_map(|candidate| match candidate.tag == pin.tag() {
            true => rebuilt(),
            false => seen.of_tag(&candidate.tag).first().map(|(_, time)| *time),
        });
        missed.min().map_or(Duration::ZERO, |time| super::age::between(time, eager.now))
    }

    fn finish(self, times: &[Timestamp]) -> Replayed {
        let (first, last) = (self.first.as_ref().map(|(at, _)| *at), times.last());
        let time = first.zip(last).map_or(Duration::ZERO, |(first, last)| super::age::between(first, *last));
        let statistics = Statistics::of(&self.bumps, &self.standings, times.len(), time);
        let last = self.locked.as_ref().map(|pin| self.upstream.held(pin));
        Replayed { first: self.first, bumps: self.bumps, stops: self.stops, statistics, last }
    }
}

/// What a tag names at the first look.
fn start(replay: &Replay<'_>, upstream: &Recorded, tag: &str) -> Result<Pin, ReplayError> {
    let track = &replay.declaration.track;
    if track.read(tag).is_none() {
        return Err(ReplayError::Shape { tag: tag.into(), track: track.to_string() });
    }
    upstream.pin(tag).ok_or_else(|| {
        let first = replay.history.of_tag(tag).first().map(|(_, first)| *first);
        ReplayError::NoStart { tag: tag.into(), from: replay.from, first }
    })
}

#[cfg(test)]
mod tests;
