//! The decision: what to ask of an upstream, and which of its answers to lock. Pure.
//!
//! [`shortlist`] judges every tag by name alone. [`image::next`] then says what to ask about the best of them,
//! one question at a time, until there is an [`Outcome`]; [`archive::next`] does the same for versions of archives,
//! [`git::decide`] has all it needs at once, and [`debian`] chooses a time. The same
//! inputs give the same decision: no clock, no network, no order of arrival.
//!
//! [`stale`] tells whether a locked pin still satisfies its declaration.

mod age;
pub mod archive;
pub mod cause;
pub mod debian;
mod expected;
pub mod git;
pub mod image;
mod locked;
pub mod next;
mod notice;
mod outcome;
mod quick;
mod refusal;
pub mod replay;
mod shortlist;
mod sieve;
mod stale;
#[cfg(test)]
mod tests;

pub use age::Past;
pub use cause::Cause;
pub use expected::{Ask, expected, only_tag};
pub use notice::{Notice, watched};
pub use outcome::{Alarm, Candidate, Decision, Outcome, Rejection, Verdict};
pub use shortlist::{Shortlist, shortlist, shortlist_of_many};
pub use stale::{Stale, stale};

use crate::catalog::{Declaration, Hold, Needs};
use crate::model::Pin;
use crate::track::Version;

/// Everything but the upstream's answers that a decision depends on.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// What was declared.
    pub declaration: &'a Declaration,
    /// What must be there.
    pub needs: &'a Needs,
    /// What is locked.
    pub locked: Option<&'a Pin>,
    /// The time of the run.
    pub now: jiff::Timestamp,
    /// What is remembered of the upstream.
    pub past: Past<'a>,
    /// What a person asked for.
    pub wish: &'a Wish,
}

/// What a person asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// What the rules choose.
    #[default]
    Rules,
    /// What the rules choose but for `min-age`.
    Young {
        /// Why.
        because: String,
    },
    /// What the rules choose, and what an alarm refused.
    Accept,
    /// This tag; with a reason, also where the rules would not go.
    Tag {
        /// It must still satisfy the declaration.
        tag: String,
        /// Why.
        because: Option<String>,
    },
}

impl<'a> Question<'a> {
    /// The locked pin, where it is of the declared upstream and its tag of the declared shape.
    pub(crate) fn comparable(&self) -> Option<(&'a Pin, Version)> {
        let pin = self.locked.filter(|pin| stale::same_upstream(self.declaration, pin))?;
        let version = self.declaration.track.read(pin.tag())?;
        Some((pin, version))
    }

    /// Whether a person has said that content may be other than what was locked.
    fn is_accepted(&self) -> bool {
        matches!(self.wish, Wish::Accept | Wish::Tag { because: Some(_), .. })
    }

    /// The day in UTC, for holds that end.
    fn today(&self) -> jiff::civil::Date {
        self.now.to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    /// The hold in force. A tag that a person asks for is judged on its own.
    fn hold(&self) -> Option<&'a Hold> {
        let asked = matches!(self.wish, Wish::Tag { .. });
        self.declaration.held(self.today()).filter(|_| !asked && self.locked.is_some())
    }

    /// The outcome for a pin that is held and lacks nothing.
    fn held(&self) -> Option<Outcome> {
        let whole = |pin: &&Pin| stale(self.declaration, self.needs, pin).is_empty();
        self.hold()
            .filter(|_| self.locked.is_some_and(|pin| whole(&pin)))
            .map(|hold| Outcome::Held(hold.why.clone()))
    }

    /// The outcome that no answer of the upstream would change: of a pin that is held, and whose content may change
    /// without anybody wanting to know.
    pub fn settled(&self) -> Option<Outcome> {
        self.held().filter(|_| !self.declaration.immutable)
    }
}
