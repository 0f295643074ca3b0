//! What the audit says of images.

use serde_json::{Value, json};

use super::harmless;
use super::human::count;
use crate::inspect::Audited;
use crate::provenance::{Step, Steps};

/// How much of a command a person gets to see.
const COMMAND: usize = 100;

/// One image for a person: what it was compared with, what it used, and what it should not have.
pub fn human(name: &str, audited: &Audited) -> String {
    let mut text = title(name, audited);
    text.push('\n');
    if let Some(revision) = &audited.revision {
        text.push_str(&format!("  compared with pins.lock at {}\n", harmless(revision)));
    }
    if let Some(materials) = audited.materials {
        text.push_str(&used(materials, audited));
    }
    for note in &audited.notes {
        text.push_str(&format!("  note: {}\n", harmless(note)));
    }
    for finding in &audited.findings {
        text.push_str(&format!("  error[{}]: {}\n", finding.rule, harmless(&finding.message)));
        text.push_str(&format!("    help: {}\n", harmless(&finding.help)));
    }
    text
}

/// What it used.
fn used(materials: usize, audited: &Audited) -> String {
    let mut text = format!("  {} from outside", count(materials, "material"));
    if let Some(packages) = &audited.packages {
        let (installed, listed) = (count(packages.installed, "package"), packages.listed);
        text.push_str(&format!(
            ", {installed}: {} of the base, {listed} of the locked suites",
            packages.of_base
        ));
    }
    text.push('\n');
    match &audited.steps {
        Steps::Untold => {
            text.push_str("  which RUN steps had the network is not told: build with mode=max\n")
        }
        Steps::Known(steps) => steps.iter().for_each(|step| text.push_str(&step_line(step))),
    }
    text
}

/// What it is called.
pub fn title(name: &str, audited: &Audited) -> String {
    let mut text = harmless(name);
    let parts = [
        audited.target.as_deref().map(harmless),
        audited.platform.as_ref().map(ToString::to_string),
        audited.manifest.as_ref().map(ToString::to_string),
    ];
    for part in parts.into_iter().flatten() {
        text.push_str(&format!(" {part}"));
    }
    text
}

fn step_line(step: &Step) -> String {
    let line = step.line.map(|line| format!(" in line {line}")).unwrap_or_default();
    let command: String = harmless(step.command.lines().next().unwrap_or_default());
    let shown: String = command.chars().take(COMMAND).collect();
    let more = if shown.len() < command.len() || step.command.lines().nth(1).is_some() { " …" } else { "" };
    format!("  RUN{line} had the network ({}): {shown}{more}\n", step.network.as_str())
}

/// One image for a machine.
pub fn json(name: &str, audited: &Audited) -> Value {
    let step =
        |step: &Step| json!({ "command": step.command, "network": step.network.as_str(), "line": step.line });
    let steps = match &audited.steps {
        Steps::Untold => Value::Null,
        Steps::Known(steps) => steps.iter().map(step).collect(),
    };
    let findings: Vec<Value> = audited
        .findings
        .iter()
        .map(|finding| {
            json!({
                "rule": finding.rule, "platform": finding.platform, "subject": finding.subject,
                "message": finding.message, "help": finding.help,
            })
        })
        .collect();
    let packages = audited.packages.as_ref().map(|packages| {
        json!({ "installed": packages.installed, "of_base": packages.of_base, "listed": packages.listed })
    });
    let failures: Vec<&str> = audited.failures.iter().map(|failure| failure.message.as_str()).collect();
    json!({
        "name": name,
        "target": audited.target,
        "platform": audited.platform,
        "manifest": audited.manifest,
        "revision": audited.revision,
        "materials": audited.materials,
        "network_steps": steps,
        "packages": packages,
        "findings": findings,
        "notes": audited.notes,
        "not_known": failures,
    })
}
