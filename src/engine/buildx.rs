//! Docker's `buildx` in command lines. Pure.
//!
//! What is built lands in an OCI layout with its provenance; what goes among Docker's own images is that layout.

use std::ffi::OsString;

use super::recipe::Recipe;
use super::{Goal, Invocation};

/// The variable that names BuildKit's source policy.
const POLICY: &str = "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY";

pub(super) fn steps(recipe: &Recipe, goal: Goal<'_>) -> Vec<Invocation> {
    let mut output = OsString::from("--output=");
    match goal {
        Goal::Layout(folder) => {
            output.push(format!("type=oci,tar=false,name={},dest=", recipe.name));
            output.push(folder);
        }
        Goal::Store(packed) => {
            let mut input = OsString::from("--input=");
            input.push(packed);
            return vec![docker(vec!["load".into(), input])];
        }
        // It is in the folder alone.
        Goal::Drop => return Vec::new(),
    }
    // Else the layers have the times of their files.
    output.push(",rewrite-timestamp=true");
    vec![build(recipe, output)]
}

fn docker(arguments: Vec<OsString>) -> Invocation {
    Invocation { program: "docker", arguments, environment: vec![("NO_COLOR", "1".into())] }
}

fn build(recipe: &Recipe, output: OsString) -> Invocation {
    let mut arguments: Vec<OsString> = ["buildx", "build", "--progress=plain"].map(OsString::from).into();
    arguments.extend(recipe.words());
    arguments.push("--provenance=mode=max".into());
    arguments.push(output);
    arguments.extend(recipe.further.iter().cloned());
    arguments.push(recipe.context.clone().into());
    let mut invocation = docker(arguments);
    invocation.environment.push(("SOURCE_DATE_EPOCH", recipe.epoch.to_string().into()));
    let policy = recipe.policy.as_ref().map(|policy| (POLICY, policy.clone().into_os_string()));
    invocation.environment.extend(policy);
    invocation
}
