//! A reference that several pins follow.

use crate::catalog::{Edition, Level};
use crate::references::Wrong;
use crate::verify::{Check, Input, Looked, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "several-pins",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "one of them would move a reference that the other one holds",
    explanation: "\
Several pins have the repository, a track and paths that match one reference, so it is left open
which of them it follows. A pin with `paths` goes before one without, and of several the one whose
`version` the tag satisfies.

    [pin.node]
    image = \"docker.io/library/node\"
    track = \"{major}-slim\"

    [pin.node-canary]
    image = \"docker.io/library/node\"
    track = \"{major}-slim\"
    paths = [\"services/pay/**\"]     # without this, both match everywhere",
    check: Check::File(check),
};

fn check(_: &Input<'_>, looked: &Looked<'_>) -> Vec<Raw> {
    looked.each_wrong(|reference, wrong| {
        let Wrong::Several(pins) = wrong else { return None };
        let names: Vec<String> = pins.iter().map(|pin| format!("`{}`", pin.name)).collect();
        let message =
            format!("`{}` is followed by the pins {}", looked.written(reference), names.join(" and "));
        Some((message, "give one of them `paths`, or another track".into()))
    })
}
