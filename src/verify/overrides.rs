//! Arguments that a Compose or bake file sets: a build with them may use other images than the Dockerfile's defaults.

use std::sync::Arc;

use super::{Seen, look};
use crate::document::SourceFile;
use crate::references::Register;
use crate::scan::{Build, Input, Reference, Scan, dockerfile};

/// Looks at the references that a Dockerfile has when `file` builds it, and by itself has not. What is wrong with them
/// is found in `file`, at the value of the argument that makes the difference.
pub fn look_at_build(
    input: &super::Input<'_>,
    register: &Register<'_>,
    file: &Arc<SourceFile>,
    build: &Build,
    dockerfile: &SourceFile,
) -> Seen {
    let plain = dockerfile::scan(&dockerfile.text);
    let mut references = Vec::new();
    for Overridden { mut reference, argument } in overridden(&dockerfile.text, &plain, build) {
        let Some((_, value)) = build.arguments.get(argument) else { continue };
        let Some(span) = value.pieces.iter().find_map(|piece| piece.span.clone()) else { continue };
        reference.span = span;
        references.push(reference);
    }
    look(input, register, file, &Scan { references, ..Scan::default() })
}

/// A reference that only a build with these arguments has.
#[derive(Debug)]
struct Overridden {
    /// As the Dockerfile names it with the arguments.
    reference: Reference,
    /// The argument that makes the difference, by its place in the build's list.
    argument: usize,
}

/// What a build's arguments make of a Dockerfile's references: those that differ from `plain`, the Dockerfile by itself.
fn overridden(text: &str, plain: &Scan, build: &Build) -> Vec<Overridden> {
    let given = build.arguments.iter().map(|(name, value)| (name.clone(), value.text.clone())).collect();
    let with = dockerfile::scan_with(text, &given);
    if with.references.len() != plain.references.len() {
        return Vec::new();
    }
    let pairs = with.references.into_iter().zip(&plain.references);
    let differing = pairs.filter(|(with, plain)| !same(&with.input, &plain.input));
    differing
        .filter_map(|(reference, _)| {
            let argument = build.arguments.iter().position(|(name, value)| {
                let only = [(name.clone(), value.text.clone())].into();
                let alone = dockerfile::scan_with(text, &only);
                let there = alone.references.iter().zip(&plain.references);
                there.into_iter().any(|(a, b)| a.span == reference.span && !same(&a.input, &b.input))
            })?;
            Some(Overridden { reference, argument })
        })
        .collect()
}

fn same<E: PartialEq>(a: &Result<Input, E>, b: &Result<Input, E>) -> bool {
    match (a, b) {
        (Ok(Input::Image(a)), Ok(Input::Image(b))) => {
            let text = |image: &crate::scan::ImageInput| image.tag.as_ref().map(|tag| tag.text.clone());
            a.repository == b.repository && text(a) == text(b) && a.digest == b.digest
        }
        (Ok(Input::Git(a)), Ok(Input::Git(b))) => {
            let text = |git: &crate::scan::GitInput| git.revision.as_ref().map(|tag| tag.text.clone());
            a.url == b.url && text(a) == text(b) && a.commit == b.commit
        }
        (Ok(Input::Fetch(a)), Ok(Input::Fetch(b))) => a == b,
        (Err(a), Err(b)) => a == b,
        _ => false,
    }
}
