//! The gate: rules that look at the lock, the declarations and the build files, and report findings. Pure.
//!
//! One rule is one file with a stable id. A rule sees an [`Input`] and gives [`Finding`]s; levels come from the
//! policy.

mod rules;

use std::sync::Arc;

use crate::catalog::{Catalog, Level};
use crate::document::{Place, SourceFile};
use crate::lock::Lock;

/// What the rules look at.
pub struct Input<'a> {
    /// What is declared.
    pub catalog: &'a Catalog,
    /// What is locked.
    pub lock: &'a Lock,
    /// The lock's text, for places.
    pub lock_file: &'a Arc<SourceFile>,
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
}

/// A rule of the gate.
pub struct Rule {
    /// Stable, for policies and suppressions.
    pub id: &'static str,
    /// Its weight where the policy says nothing.
    pub level: Level,
    /// Why it exists, in one line.
    pub reason: &'static str,
    check: fn(&Input<'_>) -> Vec<Raw>,
}

/// A finding before it has a level.
struct Raw {
    place: Place,
    message: String,
    help: String,
}

/// Every rule.
pub const RULES: &[Rule] = &[
    rules::lock_missing::RULE,
    rules::lock_stale::RULE,
    rules::unused_pin::RULE,
    rules::argument_default::RULE,
    rules::unknown_argument::RULE,
    rules::image_pins::RULE,
    rules::not_pinned::RULE,
    rules::no_delta::RULE,
    rules::platform_missing::RULE,
    rules::unknown_rule::RULE,
];

/// Runs every rule that is not switched off; findings are in the order of files and places.
pub fn verify(input: &Input<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        let level = input.catalog.policy.rules.get(rule.id).map_or(rule.level, |(level, _)| *level);
        if level == Level::Off {
            continue;
        }
        let finding = |raw: Raw| Finding {
            rule: rule.id,
            level,
            place: raw.place,
            message: raw.message,
            help: raw.help,
        };
        findings.extend((rule.check)(input).into_iter().map(finding));
    }
    findings.sort_by(|a, b| {
        let key =
            |finding: &Finding| (finding.place.file.path.clone(), finding.place.span.start, finding.rule);
        key(a).cmp(&key(b))
    });
    findings
}

/// Whether the gate holds.
pub fn passes(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.level < Level::Error)
}

#[cfg(test)]
mod tests;
