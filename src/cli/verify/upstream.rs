//! `verify --upstream`: what asking told.

use serde_json::{Value, json};

use crate::cli::memory::Memory;
use crate::cli::session::Session;
use crate::error::{Error, Status};
use crate::lock::{Lock, Store};
use crate::model::PinName;
use crate::report::{NotAsked, harmless};
use crate::served;
use crate::verify::Finding;
use crate::workspace::Workspace;

/// What asking upstream told besides findings.
#[derive(Default)]
pub(super) struct Told {
    pub(super) notes: Vec<Value>,
    pub(super) not_asked: Vec<NotAsked>,
}

/// Asks about every pin of a lock, which is in a file with more, and adds what is wrong to the findings. Gives what it all amounts to.
pub(super) async fn ask(
    session: &mut Session<'_>,
    workspace: &Workspace,
    (lock, store): (&Lock, &Store),
    findings: &mut Vec<Finding>,
    told: &mut Told,
) -> Result<Status, Error> {
    let upstreams = session.upstreams(workspace)?;
    let declarations = &workspace.catalog.declarations;
    let mut status = Status::Done;
    let now = session.app.now;
    let memory = Memory::load(session, workspace)?;
    let known = |pin: &PinName| {
        let keyring = declarations.get(pin).and_then(|declaration| workspace.keyring(declaration));
        served::Known { past: memory.of(pin), keyring }
    };
    for asked in served::check(&upstreams.sources, lock, declarations, store.file(), now, known).await {
        let name = asked.name;
        for (finding, amounts_to) in asked.found {
            status = status.max(amounts_to);
            findings.push(finding);
        }
        for note in asked.notes {
            if session.globals.is_verbose() {
                session.output.note(&format!("note: the pin `{name}`: {}\n", harmless(&note)));
            }
            told.notes.push(json!({ "name": name, "message": note }));
        }
        for error in asked.failures {
            status = status.max(Status::of_source(&error));
            let hints: Vec<String> = error.hint().into_iter().collect();
            session.output.wrong(&format!("the pin `{name}` could not be checked: {error}"), &hints);
            told.not_asked.push(NotAsked { name: name.clone(), reason: error.to_string() });
        }
    }
    session.done_asking(&upstreams);
    Ok(status)
}
