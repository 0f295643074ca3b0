//! A level for a rule that does not exist: it would be set in silence, and nothing would change.

use crate::catalog::{Edition, Level};
use crate::document::meant;
use crate::verify::{Check, Input, RULES, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "unknown-rule",
    level: Level::Warning,
    since: Edition::FIRST,
    reason: "a level that is set for no rule changes nothing",
    explanation: "\
`[verify] rules` sets a level for a rule that does not exist, so that it changes nothing.",
    check: Check::Whole(check),
};

fn check(input: &Input<'_>) -> Vec<Raw> {
    let known = || RULES.iter().map(|rule| rule.id);
    let unknown = input.catalog.policy.rules.iter().filter(|(id, _)| known().all(|rule| rule != *id));
    let raw = |(id, (_, place)): (&String, &(Level, crate::document::Place))| Raw {
        place: place.clone(),
        message: format!("no rule is called `{id}`"),
        help: match meant(id, known()) {
            Some(rule) => format!("did you mean `{rule}`?"),
            None if id.starts_with("upstream-") => {
                "remove it: what `verify --upstream` finds has no level to set".into()
            }
            None => "`solera-pin verify --explain` lists them".into(),
        },
    };
    unknown.map(raw).collect()
}
