//! What stays open: the gate's findings in the files as they would be, with what adoption knows of each.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::DECLARED_IN;
use super::ask::Asked;
use crate::adopt::{Undecided, failure, unbound};
use crate::document::SourceFile;
use crate::error::Error;
use crate::gate;
use crate::in_place::{InStep, each};
use crate::lock::{FILE_NAME, encode};
use crate::model::Pin;
use crate::references::{Register, Standing, Wrong};
use crate::scan::{Kind, Reference};
use crate::scanned::Scanned;
use crate::tree::{Overlay, Tree};
use crate::verify::{Finding, Input, conclude};
use crate::workspace::Workspace;

/// What stays open.
#[derive(Default)]
pub(super) struct Open {
    /// In the order of files and lines.
    pub(super) undecided: Vec<Undecided>,
    /// How many downloads nothing pins.
    pub(super) fetches: usize,
    /// Files and folders that were not read, each with the reason.
    pub(super) unread: Vec<(String, String)>,
}

/// Why a reference is open and what to do about it, by file and offset.
type Reasons = BTreeMap<(String, usize), (String, String)>;

pub(super) fn find(
    tree: &dyn Tree,
    workspace: &Workspace,
    asked: &Asked,
    after: &InStep,
) -> Result<Open, Error> {
    let changed = after.files.iter().map(|file| (file.path.clone(), file.after.clone()));
    let tree = Overlay::new(tree, changed);
    let catalog = &workspace.catalog;
    let lock_file = SourceFile::new(FILE_NAME, &encode(&asked.lock, None, DECLARED_IN));
    let input =
        Input { catalog, lock: &asked.lock, lock_file: &lock_file, policy: &catalog.policy, before: None };
    let report = conclude(&input, gate::see(&tree, &input, &[])?, true, |_, _| true);
    let found = Mutex::new((Reasons::new(), Vec::new()));
    let register = Register::new(catalog, &asked.lock, &catalog.policy.references);
    each(&tree, catalog, &|path, bytes| {
        let scanned = Scanned::new(&tree, catalog, path, bytes);
        let (reasons, bots) =
            (reasons(&scanned, &register, asked), unbound(&scanned.file, &scanned.scan, &asked.pins));
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        found.0.extend(reasons);
        found.1.extend(bots);
    })?;
    let (reasons, bots) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut open = Open { undecided: bots, fetches: 0, unread: report.coverage.unread };
    for finding in report.findings {
        match finding.rule {
            "unlocked-fetch" => open.fetches += 1,
            "unused-pin" => {}
            _ => open.undecided.push(undecided(&finding, &reasons, after)),
        }
    }
    open.undecided.sort();
    open.undecided.dedup();
    Ok(open)
}

/// Why references are open: their upstream gave no answer, or nothing can be written into them.
fn reasons(scanned: &Scanned, register: &Register<'_>, asked: &Asked) -> Reasons {
    let path = &scanned.file.path;
    let reason = |reference: &Reference| {
        let reason = match register.judge(path, reference) {
            Standing::Wrong(Wrong::NotPinned(pin)) => {
                let content = asked.lock.pins.get(&pin.name).map(Pin::content).unwrap_or_default();
                let why = format!("there is no room here for what `{}` is locked at", pin.name);
                let help = match reference.kind {
                    Kind::Add => format!("write `ADD --checksum={content}`"),
                    _ => "write the reference out in one place, with its tag".to_owned(),
                };
                (why, help)
            }
            _ => failure(reference, &asked.failures)?.clone(),
        };
        Some(((path.clone(), reference.span.start), reason))
    };
    scanned.scan.references.iter().filter_map(reason).collect()
}

fn undecided(finding: &Finding, reasons: &Reasons, after: &InStep) -> Undecided {
    let (file, span) = (&finding.place.file, finding.place.span.clone());
    let line = file.position(span.start).0;
    let stuck = || after.stuck.iter().find(|stuck| stuck.path == file.path && stuck.line == line);
    let (why, help) = match (reasons.get(&(file.path.clone(), span.start)), stuck()) {
        (_, Some(stuck)) => (stuck.what.clone(), finding.help.clone()),
        (Some((why, help)), None) => (why.clone(), help.clone()),
        (None, None) => (finding.message.clone(), finding.help.clone()),
    };
    let text = file.text.get(span).unwrap_or_default();
    let written = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Undecided { path: file.path.clone(), line, written, why, help }
}
