//! A reference that no pin follows.

use crate::catalog::{Declaration, Edition, Level};
use crate::references::Wrong;
use crate::scan::{Input as Named, Kind, Reference};
use crate::verify::{Check, Input, Looked, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "no-pin",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "what no pin follows is in no lock, and can be other bytes in the next build",
    explanation: "\
A reference names an image or a git repository that no declaration follows: its repository is
declared nowhere, or no track of it matches the tag, or `paths` leaves the file out.

    FROM node:22-slim        # found, unless a pin of docker.io/library/node has a track such as {major}-slim

`solera-pin add NAME REPOSITORY:TAG` declares a pin, locks it at that tag and writes its digest
here. An image that is built here belongs into `references.own`.",
    check: Check::File(check),
};

fn check(input: &Input<'_>, looked: &Looked<'_>) -> Vec<Raw> {
    looked.each_wrong(|reference, wrong| {
        let Wrong::NoPin { subject, tag, others } = wrong else { return None };
        let written = looked.written(reference);
        let message = match (others.as_slice(), tag) {
            ([], _) => format!("no pin follows {subject}"),
            (_, Some(tag)) => format!("no pin of {subject} follows the tag {tag}"),
            (_, None) => format!("`{written}` names no tag that a pin of {subject} follows"),
        };
        Some((message, help(input, looked, reference, others)))
    })
}

/// Whether a reference names a commit by the start of its id.
fn is_short_commit(reference: &Reference) -> bool {
    let Ok(Named::Git(git)) = &reference.input else { return false };
    git.revision.as_ref().is_some_and(|revision| {
        let text = revision.text.as_bytes();
        (7..40).contains(&text.len())
            && text.iter().all(u8::is_ascii_hexdigit)
            && text.iter().any(u8::is_ascii_alphabetic)
            && text.iter().any(u8::is_ascii_digit)
    })
}

fn help(input: &Input<'_>, looked: &Looked<'_>, reference: &Reference, others: &[&Declaration]) -> String {
    let declared_in = &input.catalog.declared_in;
    let names_a_stage = matches!(reference.kind, Kind::From | Kind::CopyFrom | Kind::MountFrom);
    if let Some(image) = looked.image.filter(|_| names_a_stage && looked.stage_advice(reference).is_none()) {
        return format!(
            "declare a pin for it in {declared_in}, name that in images/{}/image.toml, and read it here: {}",
            image.name,
            match reference.kind {
                Kind::From => "`${PIN_NAME}`",
                _ => "a stage `FROM ${PIN_NAME} AS name`",
            }
        );
    }
    if let Some(advice) = looked.stage_advice(reference) {
        return advice;
    }
    if is_short_commit(reference) {
        return "write the commit's whole id: a short one names whatever begins like that".into();
    }
    if input.catalog.declarations.is_empty() {
        return "`solera-pin init` adopts the repository: it pins every reference at what its tag names today".into();
    }
    let command = looked.add_command(reference).map_or_else(
        || format!("declare a pin for it in {declared_in}"),
        |command| format!("run `{command}`"),
    );
    let tracks: Vec<String> =
        others.iter().map(|pin| format!("`{}` follows {}", pin.name, pin.track)).collect();
    match tracks.is_empty() {
        true => format!("{command}, or name it in references.own where it is built here"),
        false => format!("{}; write a tag of that shape, or {command}", tracks.join(", ")),
    }
}
