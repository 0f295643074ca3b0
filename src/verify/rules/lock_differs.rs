//! A reference that names something else than its pin is locked at.

use crate::catalog::{Edition, Level};
use crate::references::Wrong;
use crate::verify::{Check, Input, Looked, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "lock-differs",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "a build must get what was reviewed in pins.lock, and nothing else",
    explanation: "\
The tag, digest or commit that is written differs from the one in pins.lock: one of the two was
edited by hand, or a merge took one side of each.

    FROM rust:1.90-slim-bookworm@sha256:77aa...      # found, where pins.lock has 1.88-slim-bookworm

Restore the line, or go there deliberately: `solera-pin refresh rust --to 1.90-slim-bookworm`.",
    check: Check::File(check),
};

fn check(_: &Input<'_>, looked: &Looked<'_>) -> Vec<Raw> {
    looked.each_wrong(|_, wrong| {
        let Wrong::Differs { pin, written, locked } = wrong else { return None };
        let message = format!("the pin `{}` is locked at {locked}, and this names {written}", pin.name);
        let is_tag = !written.starts_with("sha") && pin.track.read(written).is_some();
        let help = match is_tag {
            true => format!(
                "write {locked}, or go there: write {locked}, then run `solera-pin refresh {} --to {written}`",
                pin.name
            ),
            false => format!("write {locked}, or run `git checkout` on what was edited by hand"),
        };
        Some((message, help))
    })
}
