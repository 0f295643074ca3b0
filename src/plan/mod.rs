//! The decision: what to ask of an upstream, and which of its answers to lock. Pure.
//!
//! [`shortlist`] judges every tag by name alone. [`image::next`] then says what to ask about the best of them,
//! one question at a time, until there is a [`Decision`]; [`git::decide`] has all it needs at once. The same
//! inputs give the same decision: no clock, no network, no order of arrival.
//!
//! [`stale`] tells whether a locked pin still satisfies its declaration.

pub mod git;
pub mod image;
mod outcome;
mod shortlist;
mod stale;
#[cfg(test)]
mod tests;

pub use outcome::{Alarm, Candidate, Decision, Outcome, Rejection, Verdict};
pub use shortlist::{Shortlist, shortlist};
pub use stale::{Stale, stale};

/// The outcome for a pin that does not move at present and lacks nothing.
pub fn held(question: &Question<'_>) -> Option<Outcome> {
    let hold =
        question.declaration.held(question.today).filter(|_| !matches!(question.wish, Wish::Tag { .. }))?;
    let whole = |pin: &&Pin| stale(question.declaration, question.platforms, pin).is_empty();
    question.locked.filter(whole).map(|_| Outcome::Held(hold.why.clone()))
}

use std::collections::BTreeSet;

use crate::catalog::Declaration;
use crate::model::{Pin, Platform};

/// Everything but the upstream's answers that a decision depends on.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// What was declared.
    pub declaration: &'a Declaration,
    /// The platforms that must be there; `None` takes all that there are.
    pub platforms: Option<&'a BTreeSet<Platform>>,
    /// What is locked.
    pub locked: Option<&'a Pin>,
    /// The day, for holds that end.
    pub today: jiff::civil::Date,
    /// What a person asked for.
    pub wish: &'a Wish,
}

/// What a person asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// What the rules choose.
    #[default]
    Rules,
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

impl Question<'_> {
    /// The locked pin, where it is of the declared upstream and its tag of the declared shape.
    pub(crate) fn comparable(&self) -> Option<(&Pin, crate::track::Version)> {
        let pin = self.locked?;
        if !stale::same_upstream(self.declaration, pin) {
            return None;
        }
        let version = self.declaration.track.read(pin.tag())?;
        Some((pin, version))
    }
}
