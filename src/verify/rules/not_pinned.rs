//! A reference that names the tag of a pin and not its content, and in a Dockerfile of the catalog one that is no pin.

use crate::catalog::{Edition, Level};
use crate::references::Wrong;
use crate::scan::{Kind, Reference, Unresolved};
use crate::verify::{Check, Input, Looked, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "not-pinned",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "what the lock does not name can be other bytes in the next build",
    explanation: "\
A reference names the tag that its pin is locked at, but not the content. A tag can be moved;
content cannot.

    FROM rust:1.88-slim-bookworm                     # found
    FROM rust:1.88-slim-bookworm@sha256:0d5f...      # what `solera-pin refresh` makes of it

With `references.mode = \"policy\"` a tag is enough, because the build runs under a policy made from
the lock. In a Dockerfile of the catalog, whatever is not a pin's argument, a stage or scratch is
found too: it is written as `ARG PIN_RUST` and `FROM ${PIN_RUST}`.",
    check: Check::File(check),
};

fn check(input: &Input<'_>, looked: &Looked<'_>) -> Vec<Raw> {
    looked.each_wrong(|reference, wrong| match wrong {
        Wrong::NotPinned(pin) => {
            let written = looked.written(reference);
            let message =
                format!("`{written}` names the tag of the pin `{}`, and not what it is locked at", pin.name);
            Some((message, help(looked, reference, &pin.name)))
        }
        Wrong::Unresolved(why) if looked.image.is_some() => Some(in_catalog(input, looked, reference, why)),
        _ => None,
    })
}

fn help(looked: &Looked<'_>, reference: &Reference, pin: &crate::model::PinName) -> String {
    match (looked.image, reference.kind) {
        (Some(_), Kind::From) => {
            let argument = pin.argument();
            format!("write `ARG {argument}` above the first FROM, and `${{{argument}}}` here")
        }
        (Some(_), Kind::CopyFrom | Kind::MountFrom) => add_stage(&pin.argument(), reference.kind),
        _ => format!("run `solera-pin refresh {pin}`, which writes the locked content here"),
    }
}

/// BuildKit takes only a stage or a whole image from these flags.
fn add_stage(argument: &str, kind: Kind) -> String {
    let flag = if kind == Kind::CopyFrom { "--from=name" } else { "from=name" };
    format!("add a stage `FROM ${{{argument}}} AS name` above this one, and write `{flag}`")
}

/// In a Dockerfile of the catalog everything is a pin's argument, so whatever is left open is a way around the lock.
fn in_catalog(
    input: &Input<'_>,
    looked: &Looked<'_>,
    reference: &Reference,
    why: &Unresolved,
) -> (String, String) {
    let written = looked.written(reference);
    let declared_in = &input.catalog.declared_in;
    match why {
        Unresolved::Argument { name, alone } if name.starts_with("PIN_") => {
            argument(input, &written, name, *alone)
        }
        Unresolved::Checked { name, checksum } => (
            format!("`{written}` is checked against {checksum}, which is not its own checksum"),
            format!("write `--checksum=sha256:${{{name}_SHA256}}`: the lock gives both"),
        ),
        Unresolved::Argument { .. } => (
            format!("`{written}` is no pin: a build can set it to anything"),
            format!("declare a pin in {declared_in}, and write `${{PIN_NAME}}`"),
        ),
        Unresolved::NotExpanded(_) => {
            let name = written.trim_start_matches(['$', '{']).trim_end_matches('}');
            let argument = if name.starts_with("PIN_") { name } else { "PIN_NAME" };
            (
                format!("BuildKit does not expand `{written}` in {}", reference.kind),
                add_stage(argument, reference.kind),
            )
        }
        Unresolved::Elsewhere(why) | Unresolved::Template(why) | Unresolved::Malformed(why) => {
            (format!("`{written}` is no pin: {why}"), "make it a stage or a pin of this image".into())
        }
    }
}

/// A `PIN_` argument that does not stand for a locked pin as a whole.
fn argument(input: &Input<'_>, written: &str, name: &str, alone: bool) -> (String, String) {
    let declared = &input.catalog.declarations;
    let known: Vec<String> = declared.values().flat_map(|pin| pin.arguments()).collect();
    let is_known = known.iter().any(|known| known == name);
    let meant = crate::document::meant(name, known.iter().map(String::as_str));
    match (is_known, alone, meant) {
        (true, true, _) => (
            format!("`{written}` is not what this instruction takes"),
            "an image's pin goes into FROM, a git repository's or an archive's into ADD".into(),
        ),
        (true, false, _) => (
            format!("`{written}` can stand for something else than the pin"),
            format!("write `${{{name}}}`: the lock gives the value"),
        ),
        (false, _, Some(known)) => {
            (format!("`{written}` is no pin"), format!("did you mean `${{{known}}}`?"))
        }
        (false, _, None) => {
            (format!("`{written}` is no pin"), format!("declare the pin in {}", input.catalog.declared_in))
        }
    }
}
