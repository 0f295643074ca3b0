//! The comments that suppress findings: each must say why, and cover something.

use crate::catalog::{Edition, Level};
use crate::verify::{Check, Rule};

/// A suppression without a reason; it suppresses nothing.
pub(in crate::verify) const REASON: Rule = Rule {
    id: "suppression-reason",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "a finding that is left alone without a reason is a finding nobody has looked at",
    explanation: "\
A comment suppresses a finding and does not say why. It counts for nothing until it does.

    # solera-pin: ignore[unlocked-fetch]                                   # found
    # solera-pin: ignore[unlocked-fetch] the mirror is rebuilt nightly     # what is meant",
    check: Check::Suppressions,
};

/// A suppression that covers nothing.
pub(in crate::verify) const UNUSED: Rule = Rule {
    id: "unused-suppression",
    level: Level::Warning,
    since: Edition::FIRST,
    reason: "a suppression that covers nothing will cover what comes next",
    explanation: "\
A comment suppresses a rule that finds nothing on its line, or that does not exist: what it was
written for is gone. Left there, it would hide the next finding of that kind.

A suppression covers the line that it stands on, or, on a line of its own, the one below.",
    check: Check::Suppressions,
};
