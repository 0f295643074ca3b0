//! What a command does to files beside the lock: the words for it, and the writing.

use std::path::Path;

use serde_json::{Value, json};

use super::session::Session;
use crate::error::Error;
use crate::files::{Batch, Before};
use crate::in_place::{FileChange, Told};
use crate::report::{harmless, json as report_json};
use crate::resolve::Resolved;

/// Adds files to those that are replaced together.
pub(super) fn stage(batch: &mut Batch, root: &Path, files: &[FileChange]) -> Result<(), Error> {
    for file in files {
        batch.stage(&root.join(&file.path), &file.after, Before::Content(file.before.clone()))?;
    }
    Ok(())
}

/// A line for each file: where it changes first, and which pins.
pub(super) fn lines(files: &[FileChange]) -> String {
    files.iter().map(line).collect()
}

fn line(file: &FileChange) -> String {
    let mut place = file.path.clone();
    if let Some((line, _)) = file.references.first() {
        place.push_str(&format!(":{line}"));
    }
    let mut steps: Vec<String> = Vec::new();
    for (_, written) in &file.references {
        let (pin, to) = (&written.pin, shortened(&written.to));
        let step = match written.from.as_deref().map(shortened) {
            Some(from) if from != to => format!("{pin} {from} -> {to}"),
            _ if written.was_pinned => format!("{pin} {to} (digest)"),
            _ => format!("{pin} {to} pinned in place"),
        };
        if !steps.contains(&step) {
            steps.push(step);
        }
    }
    let steps = if steps.is_empty() { "no longer pinned in place".to_owned() } else { steps.join(", ") };
    format!("{}  {}\n", harmless(&place), harmless(&steps))
}

/// A checksum or commit as far as a person compares it.
fn shortened(value: &str) -> &str {
    let digits = value.rsplit(':').next().unwrap_or_default();
    let is_hash = digits.len() >= 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let kept = value.len() - digits.len() + 12;
    if is_hash { value.get(..kept).unwrap_or(value) } else { value }
}

/// What to do where a pin cannot be written into a reference.
pub(super) const STUCK: &str =
    "write the reference out in one place, or give each pin an argument of its own";

/// Says which pins could not move because of a reference, and which references are a person's.
pub(super) fn tell(session: &mut Session<'_>, stuck: &[Told], edited: &[Told]) {
    for Told { path, line, pin, what } in stuck {
        let message = format!("{path}:{line}: `{pin}` cannot be written here: {what}");
        session.output.wrong(&message, &[STUCK.into()]);
    }
    for Told { path, line, pin, what } in edited {
        let text = format!("{path}:{line} names {what}, which is not what `{pin}` is locked at: left alone");
        session.output.note(&format!("{}\n", harmless(&text)));
    }
}

/// The files for a machine.
pub(super) fn document(files: &[FileChange]) -> Value {
    let reference = |(line, written): &(usize, crate::references::Written)| json!({ "line": line, "pin": written.pin, "from": written.from, "to": written.to });
    let file = |file: &FileChange| {
        let references: Vec<Value> = file.references.iter().map(reference).collect();
        json!({ "path": file.path, "references": references })
    };
    files.iter().map(file).collect()
}

/// What was decided, for a machine.
pub(super) fn pins(resolved: &[Resolved]) -> Value {
    let pin = |resolved: &Resolved| {
        let mut value = match &resolved.result {
            Ok(decision) => report_json::summary(decision),
            Err(error) => report_json::failed(error, error.not_asked().is_none()),
        };
        value["name"] = json!(resolved.name);
        value
    };
    resolved.iter().map(pin).collect()
}
