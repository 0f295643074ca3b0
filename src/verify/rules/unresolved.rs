//! A reference that the file alone does not resolve.

use crate::catalog::{Edition, Level};
use crate::references::Wrong;
use crate::scan::Unresolved;
use crate::verify::{Check, Input, Looked, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "unresolved",
    level: Level::Warning,
    since: Edition::FIRST,
    reason: "what is filled in later is in no lock",
    explanation: "\
What a reference names is filled in when it is used: a build argument without a default, a variable
of the environment, a template, an expression. The gate cannot know what that will be.

    ARG BASE
    FROM ${BASE}                     # found: whoever builds it decides

Give the argument a default that is pinned, make it a pin's argument (`ARG PIN_NAME`, filled from
the lock by `solera-pin emit build-args`), or say with a comment why it is left open.",
    check: Check::File(check),
};

fn check(_: &Input<'_>, looked: &Looked<'_>) -> Vec<Raw> {
    if looked.image.is_some() {
        return Vec::new();
    }
    looked.each_wrong(|reference, wrong| {
        let Wrong::Unresolved(why) = wrong else { return None };
        let written = looked.written(reference);
        Some(match why {
            Unresolved::Argument { name, .. } => (
                format!("`{written}` depends on {name}, which has no value in this file"),
                format!("give {name} a default, or fill it from the lock: `PIN_` and a pin's name"),
            ),
            Unresolved::Checked { name, checksum } => (
                format!("`{written}` is checked against {checksum}, which is not its own checksum"),
                format!("write `--checksum=sha256:${{{name}_SHA256}}`: the lock gives both"),
            ),
            Unresolved::NotExpanded(_) => (
                format!("`{written}` is not expanded here, so that no builder finds it"),
                "name a stage that is FROM it".into(),
            ),
            Unresolved::Template(_) => (
                format!("what `{written}` names is filled in when it is used"),
                "write what is meant, or say with `solera-pin: ignore[unresolved] REASON` why not".into(),
            ),
            Unresolved::Elsewhere(why) => (
                format!("what `{written}` names is not told here: {why}"),
                "write what is meant, or say with `solera-pin: ignore[unresolved] REASON` why not".into(),
            ),
            Unresolved::Malformed(why) => {
                (format!("`{written}` names nothing: {why}"), "write what is meant".into())
            }
        })
    })
}
