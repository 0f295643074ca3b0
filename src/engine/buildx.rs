//! Docker's `buildx` in command lines. Pure.
//!
//! What is built lands in an OCI layout with its provenance. Putting it elsewhere is the same build again, which the
//! builder's cache answers.

use std::ffi::OsString;

use super::recipe::Recipe;
use super::{Goal, Invocation};

/// The variable that names BuildKit's source policy.
const POLICY: &str = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY";

pub(super) fn build(recipe: &Recipe, goal: Goal<'_>) -> Invocation {
    let mut arguments: Vec<OsString> = ["buildx", "build", "--progress=plain"].map(OsString::from).into();
    let mut add = |words: String| arguments.push(words.into());
    add(format!("--file={}", recipe.dockerfile));
    for (name, value) in &recipe.arguments {
        add(format!("--build-arg={name}={value}"));
    }
    for (name, value) in &recipe.labels {
        add(format!("--label={name}={value}"));
    }
    let platforms: Vec<String> = recipe.platforms.iter().map(ToString::to_string).collect();
    add(format!("--platform={}", platforms.join(",")));
    // Images of the engine's own store show what they are, without what is said of them.
    add(match goal {
        Goal::Store => "--provenance=false".into(),
        Goal::Layout(_) | Goal::Push => "--provenance=mode=max".into(),
    });
    // Of what a first build has made, nothing but the first is wanted fresh.
    if recipe.fresh && matches!(goal, Goal::Layout(_)) {
        add("--no-cache".into());
    }
    if let Some(file) = &recipe.sources_list {
        let mut secret = OsString::from("--secret=id=sources-list,src=");
        secret.push(file);
        arguments.push(secret);
    }
    let mut output = OsString::from("--output=");
    match goal {
        Goal::Layout(folder) => {
            output.push("type=oci,tar=false,dest=");
            output.push(folder);
        }
        Goal::Store => output.push(format!("type=docker,name={}", recipe.name)),
        Goal::Push => output.push(format!("type=registry,name={}", recipe.name)),
    }
    // Else the layers have the times of their files.
    output.push(",rewrite-timestamp=true");
    arguments.push(output);
    arguments.extend(recipe.further.iter().cloned());
    arguments.push(recipe.context.clone().into());
    let mut environment = vec![("SOURCE_DATE_EPOCH", recipe.epoch.to_string().into())];
    environment.extend(recipe.policy.as_ref().map(|policy| (POLICY, policy.clone().into_os_string())));
    Invocation { program: "docker", arguments, environment }
}
