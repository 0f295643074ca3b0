//! A reference that no builder would take.

use crate::catalog::{Edition, Level};
use crate::references::Wrong;
use crate::verify::{Check, Input, Looked, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "bad-reference",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "what cannot be read as a reference cannot be checked either",
    explanation: "\
An image reference does not follow the grammar of references: a repository in upper case, a digest
that is cut off.

    FROM Rust:1.88                       # found
    FROM rust:1.88@sha256:1234           # found",
    check: Check::File(check),
};

fn check(_: &Input<'_>, looked: &Looked<'_>) -> Vec<Raw> {
    looked.each_wrong(|reference, wrong| {
        let Wrong::Malformed(why) = wrong else { return None };
        Some((
            format!("`{}` is no image reference: {why}", looked.written(reference)),
            "write what is meant".into(),
        ))
    })
}
