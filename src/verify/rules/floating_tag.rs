//! `latest`, no tag at all, or a branch.

use crate::catalog::{Edition, Level};
use crate::references::Wrong;
use crate::verify::{Check, Input, Looked, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "floating-tag",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "`latest` names something else every time, and says nothing to who reads it",
    explanation: "\
A reference names `latest`, or no tag, which means the same; or a git repository without a tag. That
holds for images that are built here and for cluster manifests too: nobody can tell from them what
runs.

    image: ghcr.io/acme/app            # found
    image: ghcr.io/acme/app:latest     # found, with a digest behind it too
    image: ghcr.io/acme/app:1.4.2      # what is meant",
    check: Check::File(check),
};

fn check(_: &Input<'_>, looked: &Looked<'_>) -> Vec<Raw> {
    looked.each_wrong(|reference, wrong| {
        let Wrong::Floating { subject, tag } = wrong else { return None };
        Some(match tag {
            Some(tag) => (
                format!("{subject} is used as `{tag}`, which names something else every time"),
                "write the tag of a version".into(),
            ),
            None => (
                format!("{subject} is used without a tag, which means `latest`"),
                looked
                    .stage_advice(reference)
                    .unwrap_or_else(|| "write the tag of a version behind it".into()),
            ),
        })
    })
}
