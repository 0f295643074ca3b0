//! A comment that speaks to this tool and says nothing that it can do.

use crate::catalog::{Edition, Level};
use crate::references::Wrong;
use crate::verify::{Check, Input, Looked, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "bad-comment",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "a comment that is misread keeps nothing in step",
    explanation: "\
A comment begins with `solera-pin:` and cannot be followed: it names a pin or a field that is not
there, or the line below has no such value.

    # solera-pin: tool.version           # found, where no pin is called `tool`
    ARG TOOL_VERSION=1.4.2

Understood are `solera-pin: NAME.FIELD`, with FIELD one of tag, version, digest and commit, and
`solera-pin: ignore[RULE] REASON`.",
    check: Check::File(check),
};

fn check(_: &Input<'_>, looked: &Looked<'_>) -> Vec<Raw> {
    let mut found = looked.each_wrong(|_, wrong| {
        let Wrong::Binding(why) = wrong else { return None };
        Some((why.clone(), "`solera-pin verify --explain bad-comment` shows what is understood".into()))
    });
    let unread = looked.scan.unread.iter().filter(|unread| looked.is_comment(unread));
    found.extend(unread.map(|unread| Raw {
        place: looked.at(unread.span.clone()),
        message: unread.why.clone(),
        help: "`solera-pin verify --explain bad-comment` shows what is understood".into(),
    }));
    found
}
