//! `buildah` in command lines. Pure.
//!
//! It builds into its own store, under a name that is used once; from there it is copied, and gets its own name when it was
//! audited. An image for several platforms is a list, to which every build of that name would add.

use std::ffi::OsString;

use super::recipe::Recipe;
use super::{Goal, Invocation};

pub(super) fn steps(recipe: &Recipe, goal: Goal<'_>) -> Vec<Invocation> {
    match goal {
        Goal::Layout(folder) => {
            let mut target = OsString::from("oci:");
            target.push(folder);
            vec![build(recipe), copy(recipe, target)]
        }
        Goal::Store(_) => {
            vec![invocation(vec!["tag".into(), scratch_name(recipe).into(), own_name(recipe).into()])]
        }
        Goal::Drop if is_list(recipe) => invocations(&["manifest", "rm"], recipe),
        Goal::Drop => invocations(&["rmi"], recipe),
    }
}

fn invocations(words: &[&str], recipe: &Recipe) -> Vec<Invocation> {
    let words = words.iter().map(OsString::from).chain([scratch_name(recipe).into()]);
    vec![invocation(words.collect())]
}

fn is_list(recipe: &Recipe) -> bool {
    recipe.platforms.len() > 1
}

fn build(recipe: &Recipe) -> Invocation {
    let mut arguments: Vec<OsString> = ["build", "--format=oci"].map(OsString::from).into();
    arguments.extend(recipe.words());
    arguments.extend(recipe.ignore_file.iter().map(|file| format!("--ignorefile={file}").into()));
    // The time of the image and of all files that it adds.
    arguments.push(format!("--timestamp={}", recipe.epoch).into());
    arguments.push(match is_list(recipe) {
        true => format!("--manifest={}", scratch_name(recipe)).into(),
        false => format!("--tag={}", scratch_name(recipe)).into(),
    });
    arguments.extend(recipe.further.iter().cloned());
    arguments.push(recipe.context.clone().into());
    invocation(arguments)
}

fn copy(recipe: &Recipe, target: OsString) -> Invocation {
    let words: &[&str] = if is_list(recipe) { &["manifest", "push", "--all"] } else { &["push"] };
    let mut arguments: Vec<OsString> = words.iter().map(OsString::from).collect();
    arguments.push(scratch_name(recipe).into());
    arguments.push(target);
    invocation(arguments)
}

/// The name of what is not audited yet: nobody else's, and no earlier run's.
fn scratch_name(recipe: &Recipe) -> String {
    format!("localhost/solera-pin/unaudited:{}", recipe.run)
}

/// The name in its store. Of one without a registry it would guess which is meant.
fn own_name(recipe: &Recipe) -> String {
    let host = recipe.name.split_once('/').map(|(first, _)| first);
    match host.is_some_and(|first| first.contains(['.', ':']) || first == "localhost") {
        true => recipe.name.clone(),
        false => format!("localhost/{}", recipe.name),
    }
}

fn invocation(arguments: Vec<OsString>) -> Invocation {
    Invocation { program: "buildah", arguments, environment: Vec::new() }
}
