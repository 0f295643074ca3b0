//! `refresh`: ask upstreams, choose, rewrite `pins.lock`.

use clap::Args;
use serde_json::{Value, json};

use super::Format;
use super::session::{Session, failure, select};
use crate::error::{Error, Status};
use crate::files::FolderLock;
use crate::lock::{Change, Committed, Lock, Store, changes};
use crate::model::{Lane, PinName};
use crate::plan::{Outcome, Wish};
use crate::report::{human, json as report_json};
use crate::resolve::{Resolved, apply};
use crate::workspace::Workspace;

/// Ask upstreams, choose by the declared rules, and rewrite pins.lock
#[derive(Args)]
pub(super) struct RefreshArgs {
    /// The pins to refresh; all, where none is named
    #[arg(value_name = "PIN")]
    pins: Vec<String>,
    /// Write nothing; exit with 1 where something would change
    #[arg(long)]
    check: bool,
    /// Go to this tag
    #[arg(long, value_name = "TAG")]
    to: Option<String>,
    /// Why, where the rules would not go to the tag of --to
    #[arg(long, value_name = "TEXT", requires = "to")]
    because: Option<String>,
    /// Take what an alarm refused
    #[arg(long, conflicts_with = "to")]
    accept: bool,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl RefreshArgs {
    fn wish(&self) -> Result<Wish, Error> {
        if let Some(because) = &self.because
            && because.trim().is_empty()
        {
            return Err(Error::usage("--because must give a reason"));
        }
        let named = |option: &str| {
            let error = Error::usage(format!("{option} is about one pin, which must be named"));
            error.hint(format!("solera-pin refresh PIN {option} …"))
        };
        match (&self.to, self.accept) {
            (Some(_), _) if self.pins.len() != 1 => Err(named("--to")),
            (None, true) if self.pins.is_empty() => Err(named("--accept")),
            (Some(tag), _) => Ok(Wish::Tag { tag: tag.clone(), because: self.because.clone() }),
            (None, true) => Ok(Wish::Accept),
            (None, false) => Ok(Wish::Rules),
        }
    }
}

/// Whether the answer is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Write,
    Check,
}

pub(super) async fn run(session: &mut Session<'_>, args: &RefreshArgs) -> Result<Status, Error> {
    let mode = if args.check { Mode::Check } else { Mode::Write };
    let wish = args.wish()?;
    // Held before anything is read, so that what is written goes by what is there.
    let held = match mode {
        Mode::Write => Some(FolderLock::acquire(&Workspace::root_of(&session.folder()?))?),
        Mode::Check => None,
    };
    let workspace = session.workspace()?;
    let selected = select(&workspace, &args.pins)?;
    let store = Store::load(&workspace.root)?;
    if !workspace.configured && store.exists() {
        let error = Error::usage("there is a pins.lock, but nothing that declares its pins");
        return Err(error.hint("restore pins.toml or refresh/upstreams.toml, or remove pins.lock"));
    }
    let before = store.lock().clone();
    let resolved = session.decide(&workspace, &before, &selected, &wish, false).await?;
    let mut after = apply(&before, &resolved);
    if args.pins.is_empty() {
        after.pins.retain(|name, _| workspace.catalog.declarations.contains_key(name));
    }
    let changes = changes(&before, &after);
    let status = match mode {
        Mode::Write => {
            write(session, store, &after, &workspace)?;
            Status::Done
        }
        Mode::Check if changes.is_empty() => Status::Done,
        Mode::Check => Status::Failed,
    };
    drop(held);
    match args.format {
        Format::Human => report(session, mode, &changes, &resolved)?,
        Format::Json => session.output.data(&document(&changes, &resolved))?,
    }
    Ok(status.max(session.report_failures(&resolved)))
}

fn write(session: &mut Session<'_>, store: Store, after: &Lock, workspace: &Workspace) -> Result<(), Error> {
    let existed = store.exists();
    session.check_unchanged(workspace)?;
    match store.commit(after, &workspace.catalog.declared_in)? {
        Committed::Written if !existed => session.output.note("pins.lock is new: commit it\n"),
        Committed::Written | Committed::Unchanged => {}
    }
    Ok(())
}

fn lane(resolved: &[Resolved], name: &PinName) -> Option<Lane> {
    let decision = resolved.iter().find(|resolved| resolved.name == *name)?.result.as_ref().ok()?;
    match decision.outcome {
        Outcome::Move { lane, .. } => Some(lane),
        _ => None,
    }
}

fn report(
    session: &mut Session<'_>,
    mode: Mode,
    changes: &[Change],
    resolved: &[Resolved],
) -> Result<(), Error> {
    let width = changes.iter().map(|change| change.name.as_str().len()).max().unwrap_or_default();
    for change in changes {
        let name = change.name.as_str();
        let text = match &change.to {
            Some(to) => human::moved(name, width, change.from.as_ref(), to, lane(resolved, &change.name)),
            None => format!("{name:<width$}  dropped: it is declared nowhere\n"),
        };
        session.output.data(&text)?;
    }
    let notes = resolved.iter().filter_map(|resolved| match &resolved.result.as_ref().ok()?.outcome {
        Outcome::Keep { note: Some(note) } => Some(format!("{} stays: {note}\n", resolved.name)),
        Outcome::Held(why) => Some(format!("{} is held: {why}\n", resolved.name)),
        _ => None,
    });
    let notes: Vec<String> = notes.collect();
    for note in notes {
        session.output.note(&note);
    }
    let failed = resolved.iter().filter(|resolved| failure(resolved).is_some()).count();
    let moved =
        resolved.iter().filter(|resolved| changes.iter().any(|change| change.name == resolved.name)).count();
    let would = if mode == Mode::Check { "would change" } else { "changed" };
    let failed_text = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    let same = resolved.len() - moved - failed;
    session.output.note(&format!("{} {would}, {same} unchanged{failed_text}\n", changes.len()));
    Ok(())
}

fn document(changes: &[Change], resolved: &[Resolved]) -> String {
    let pin = |resolved: &Resolved| {
        let mut value = match &resolved.result {
            Ok(decision) => report_json::outcome(&decision.outcome),
            Err(error) => report_json::failed(error),
        };
        value["name"] = json!(resolved.name);
        let from = changes
            .iter()
            .find(|change| change.name == resolved.name)
            .and_then(|change| change.from.as_ref());
        value["from"] = from.map_or(Value::Null, report_json::pin);
        value
    };
    let dropped = changes.iter().filter(|change| change.to.is_none());
    let dropped = dropped.map(|change| {
        json!({ "name": change.name, "outcome": "dropped", "from": change.from.as_ref().map(report_json::pin) })
    });
    report_json::document("refresh", [("pins", resolved.iter().map(pin).chain(dropped).collect())])
}
