//! A file, or a part of one, that could not be read.

use crate::catalog::{Edition, Level};
use crate::verify::{Check, Input, Looked, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "unread",
    level: Level::Warning,
    since: Edition::FIRST,
    reason: "what could not be read was not checked",
    explanation: "\
A file of a known format has a mistake in its syntax, or something that stands for its content
elsewhere, so that what it names of the outside is not known.

Mend it, or leave the file out with `references.ignore` where it is no build file at all.",
    check: Check::File(check),
};

fn check(_: &Input<'_>, looked: &Looked<'_>) -> Vec<Raw> {
    let unread = looked.scan.unread.iter().filter(|unread| !looked.is_comment(unread));
    let raw = |unread: &crate::scan::Unread| Raw {
        place: looked.at(unread.span.clone()),
        message: format!("this was not checked: {}", unread.why),
        help: "mend it, or leave the file out with `references.ignore`".into(),
    };
    unread.map(raw).collect()
}
