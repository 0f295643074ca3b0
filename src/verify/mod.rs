//! The gate: rules that look at the lock, the declarations and the files of a repository, and report findings. Pure.
//!
//! One rule is one file with a stable id. [`Rule::check`] says what it looks at: the repository as a whole
//! ([`Input`]), or one file after the other ([`Looked`]). [`look`] takes a file, [`conclude`] adds what concerns the
//! whole and takes out what comments suppress; levels come from the policy.

mod compare;
mod coverage;
mod look;
mod rules;
mod suppress;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use compare::{Known, Trust};
pub use coverage::{Coverage, Open, Tally};
pub use look::{Looked, Report, Seen, look};
pub use rules::{ADMISSION, RULES};

use crate::catalog::{Catalog, Edition, Level, Policy};
use crate::document::{Place, SourceFile};
use crate::lock::Lock;
use crate::model::PinName;

/// What the rules look at.
pub struct Input<'a> {
    /// What is declared.
    pub catalog: &'a Catalog,
    /// What is locked.
    pub lock: &'a Lock,
    /// The lock's text, for places.
    pub lock_file: &'a Arc<SourceFile>,
    /// Levels and references: the catalog's own, or another revision's.
    pub policy: &'a Policy,
    /// What was locked before, where that is known.
    pub before: Option<&'a Lock>,
}

/// One thing that a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's id.
    pub rule: &'static str,
    /// How much it weighs.
    pub level: Level,
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: String,
    /// What the reference that it is about names, with what is set on other lines; empty where it is about none.
    pub subject: String,
}

/// A rule of the gate.
pub struct Rule {
    /// Stable, for policies and suppressions.
    pub id: &'static str,
    /// Its weight where the policy says nothing.
    pub level: Level,
    /// When it came: a policy of an earlier edition is only warned by it.
    pub since: Edition,
    /// Why it exists, in one line.
    pub reason: &'static str,
    /// What it finds, what to do about it, and an example.
    pub explanation: &'static str,
    check: Check,
}

/// What a rule looks at.
enum Check {
    /// Declarations and lock.
    Whole(fn(&Input<'_>) -> Vec<Raw>),
    /// Declarations, lock, and what all files read of them.
    Used(fn(&Input<'_>, &BTreeSet<PinName>) -> Vec<Raw>),
    /// One file.
    File(fn(&Input<'_>, &Looked<'_>) -> Vec<Raw>),
    /// Declarations and lock, and one file.
    Both(fn(&Input<'_>) -> Vec<Raw>, fn(&Input<'_>, &Looked<'_>) -> Vec<Raw>),
    /// The comments that suppress findings.
    Suppressions,
}

/// A finding before it has a level.
struct Raw {
    place: Place,
    message: String,
    help: String,
}

impl Rule {
    /// Its weight under a policy. A rule that is newer than the policy's edition warns at most.
    pub fn level_under(&self, policy: &Policy) -> Level {
        match policy.rules.get(self.id) {
            Some((level, _)) => *level,
            None if policy.edition.is_some_and(|edition| edition < self.since) => {
                self.level.min(Level::Warning)
            }
            None => self.level,
        }
    }

    fn finding(&self, raw: Raw, level: Level) -> Finding {
        let subject = String::new();
        Finding { rule: self.id, level, place: raw.place, message: raw.message, help: raw.help, subject }
    }
}

/// The rule of an id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().copied().find(|rule| rule.id == id)
}

/// Adds to what was found in files what the repository as a whole is checked for, and takes out what comments
/// suppress. Findings are in the order of files and places.
///
/// `whole` says whether every file was looked at: only then is it known what nothing reads. `trusted` says which
/// suppressions count.
pub fn conclude(
    input: &Input<'_>,
    mut seen: Seen,
    whole: bool,
    trusted: impl Fn(&SourceFile, &crate::scan::Suppression, &Finding) -> bool,
) -> Report {
    for rule in RULES {
        let level = rule.level_under(input.policy);
        let found = match rule.check {
            Check::Whole(check) | Check::Both(check, _) => check(input),
            Check::Used(check) if whole => check(input, &seen.used),
            _ => continue,
        };
        if level > Level::Off {
            seen.findings.extend(found.into_iter().map(|raw| rule.finding(raw, level)));
        }
    }
    let suppressed = suppress::apply(input, &mut seen, whole, trusted);
    in_order(&mut seen.findings);
    seen.findings.dedup();
    seen.coverage.sort();
    Report { findings: seen.findings, suppressed, coverage: seen.coverage }
}

/// Puts findings into the order of files and places.
pub fn in_order(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let place = |finding: &Finding| (finding.place.span.start, finding.place.span.end);
        let by_path = a.place.file.path.cmp(&b.place.file.path);
        by_path.then(place(a).cmp(&place(b))).then((a.rule, &a.message).cmp(&(b.rule, &b.message)))
    });
}

/// Whether the gate holds.
pub fn passes(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.level < Level::Error)
}

#[cfg(test)]
mod tests;
