//! `refresh`: ask upstreams, choose, rewrite `pins.lock` and the references to what it holds.

use std::collections::BTreeSet;

use clap::Args;
use serde_json::{Value, json};

use super::memory::Memory;
use super::session::{Session, failure, select};
use super::{Format, commit, expected, propose, unpin, written};
use crate::error::{Error, Status};
use crate::files::{Batch, FolderLock};
use crate::in_place::{InStep, in_step};
use crate::lock::{Change, Committed, Lock, Store, changes};
use crate::model::{Pin, PinName};
use crate::plan::{Decision, Outcome, Wish};
use crate::report::human::{self, count};
use crate::report::json as report_json;
use crate::resolve::{Resolved, apply};
use crate::tree::WorkTree;
use crate::workspace::Workspace;

/// Ask upstreams, choose by the declared rules, and rewrite pins.lock and the references to what it holds
#[derive(Args)]
pub(super) struct RefreshArgs {
    /// The pins to refresh; all, where none is named
    #[arg(value_name = "PIN")]
    pub(super) pins: Vec<String>,
    /// Write nothing; exit with 1 where something would change
    #[arg(long)]
    check: bool,
    /// Print the requests that would be made, by host, and make none
    #[arg(long, conflicts_with_all = ["check", "observe", "commit", "propose", "unpin"])]
    plan: bool,
    /// Go to this tag
    #[arg(long, value_name = "TAG")]
    to: Option<String>,
    /// Take what is new whatever its age
    #[arg(long, requires = "because", conflicts_with = "to")]
    ignore_min_age: bool,
    /// Why, where the rules would not go there
    #[arg(long, value_name = "TEXT")]
    pub(super) because: Option<String>,
    /// Take what an alarm refused
    #[arg(long, conflicts_with_all = ["to", "ignore_min_age"])]
    accept: bool,
    /// Only note in the journal what upstreams have; pins.lock and the files stay as they are
    #[arg(long, conflicts_with_all = ["check", "to", "accept", "ignore_min_age"])]
    observe: bool,
    /// Commit each change to the branch that is checked out; goes by what is committed, not by edited files
    #[arg(long, conflicts_with_all = ["check", "observe"])]
    commit: bool,
    /// Push branches and open pull requests for what the remote's base branch could have; nothing here is touched
    #[arg(long, conflicts_with_all = ["check", "observe", "commit", "to", "because", "accept", "ignore_min_age"])]
    propose: bool,
    /// Take what is locked out of the files again; asks nobody, and leaves pins.lock as it is
    #[arg(long, conflicts_with_all = ["check", "to", "accept", "ignore_min_age", "observe", "commit", "propose"])]
    unpin: bool,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

impl RefreshArgs {
    fn mode(&self) -> Mode {
        match (self.check, self.observe) {
            (true, _) => Mode::Check,
            (false, true) => Mode::Observe,
            (false, false) => Mode::Write,
        }
    }

    /// What a run that is stopped has left; none for one that asks nobody.
    pub(super) fn left(&self) -> Option<&'static str> {
        match (self.unpin, self.propose, self.commit) {
            (true, ..) => None,
            (_, true, _) => Some(
                "no file here was changed; what was pushed or opened by then stays, and the next run does the rest",
            ),
            (_, _, true) => Some("no commit was made, and no file was changed"),
            _ => Some("nothing was written; pins.lock and the files are as they were"),
        }
    }

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
        if let (None, false, false, Some(_)) = (&self.to, self.ignore_min_age, self.accept, &self.because) {
            let error = Error::usage("--because gives the reason for --to, --ignore-min-age or --accept");
            return Err(error.hint("name one of the three"));
        }
        if let (true, Some(because)) = (self.ignore_min_age, &self.because) {
            return Ok(Wish::Young { because: because.clone() });
        }
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
    Observe,
}

pub(super) async fn run(session: &mut Session<'_>, args: &RefreshArgs) -> Result<Status, Error> {
    let wish = args.wish()?;
    match (args.unpin, args.propose, args.commit) {
        (true, ..) => unpin::run(session, &args.pins, args.format),
        (_, true, _) => propose::run(session, args).await,
        (_, _, true) => commit::run(session, args, &wish).await,
        _ if args.plan => plan(session, args, &wish).await,
        _ => files(session, args, wish).await,
    }
}

/// Asks nobody.
async fn plan(session: &mut Session<'_>, args: &RefreshArgs, wish: &Wish) -> Result<Status, Error> {
    let workspace = session.workspace()?;
    let selected = select(&workspace, &args.pins)?;
    let store = Store::load(&workspace.root)?;
    expected::tell(session, &workspace, store.lock(), &selected, wish, args.format).await
}

/// Writes, or would write, the lock and the files of the folder.
async fn files(session: &mut Session<'_>, args: &RefreshArgs, wish: Wish) -> Result<Status, Error> {
    let mode = args.mode();
    // Held before anything is read, so that what is written goes by what is there.
    let held = match mode {
        Mode::Write => Some(FolderLock::acquire(&Workspace::root_of(&session.folder()?))?),
        Mode::Check | Mode::Observe => None,
    };
    let workspace = session.workspace()?;
    let selected = select(&workspace, &args.pins)?;
    let store = Store::load(&workspace.root)?;
    refuse_undeclared(&workspace, &store)?;
    let before = store.lock().clone();
    let mut memory = Memory::load(session, &workspace)?;
    let resolved =
        session.decide(&workspace, &before, &selected, &wish, &memory, mode == Mode::Observe).await?;
    if mode == Mode::Observe {
        return observe(session, &mut memory, &resolved);
    }
    let mut decided = apply(&before, &resolved);
    if args.pins.is_empty() {
        decided.pins.retain(|name, _| workspace.catalog.declarations.contains_key(name));
    }
    let after = follow(&workspace, &before, &decided, &selected.iter().map(|pin| &pin.name).collect())?;
    let changes = changes(&before, &after.lock);
    let mut status = match mode {
        Mode::Write => write(session, store, &after, &workspace)?,
        Mode::Check if changes.is_empty() && after.files.is_empty() => Status::Done,
        Mode::Check | Mode::Observe => Status::Failed,
    };
    let untold = memory.untold(&resolved);
    // What was written stays written, and is told, whatever becomes of the journal.
    let unnoted = match mode {
        Mode::Write => remember(session, &mut memory, &resolved, &wish, args.because.as_deref()),
        Mode::Check | Mode::Observe => None,
    };
    drop(held);
    match args.format {
        Format::Human => report(session, mode, &changes, &after, &resolved, memory.closed().is_none())?,
        Format::Json => session.output.data(&document(&changes, &after, &resolved))?,
    }
    written::tell(session, &after.stuck, &after.edited);
    for news in untold {
        session.output.note(&format!("{}: {}\n", news.pin, crate::report::harmless(&news.text)));
    }
    if let Wish::Tag { because: Some(_), .. } = wish {
        say_how_to_stay(session, &changes, &resolved);
    }
    if let Some(error) = &unnoted {
        session.output.error(error);
    }
    if !after.stuck.is_empty() || unnoted.is_some() {
        status = status.max(Status::Usage);
    }
    Ok(status.max(session.report_failures(&resolved)))
}

/// A lock without declarations is not emptied: somebody removed the wrong file.
fn refuse_undeclared(workspace: &Workspace, store: &Store) -> Result<(), Error> {
    match !workspace.configured && store.exists() {
        false => Ok(()),
        true => {
            let error = Error::usage("there is a pins.lock, but nothing that declares its pins");
            Err(error.hint("restore pins.toml or refresh/upstreams.toml, or remove pins.lock"))
        }
    }
}

/// No rule goes down: where a person did, the rules go up again unless the declaration says otherwise.
pub(super) fn say_how_to_stay(session: &mut Session<'_>, changes: &[Change], resolved: &[Resolved]) {
    for Change { name, from, to } in changes {
        let (Some(from), Some(to), Some(decision)) = (from, to, decision(resolved, name)) else { continue };
        let rank = |tag: &str| decision.candidates.iter().position(|candidate| candidate.tag == tag);
        if rank(from.tag()).zip(rank(to.tag())).is_some_and(|(from, to)| from < to) {
            let (down, up) = (to.tag(), from.tag());
            // Of an archive every day has a state: leaving one out keeps nothing where it is.
            let ways = match to {
                Pin::Debian(_) => "hold = \"why\"".into(),
                _ => format!("ignore = [\"{up}\"], a version, or hold = \"why\""),
            };
            session.output.note(&format!(
                "{name}: the rules go up again from there; to stay at {down}, declare {ways}\n"
            ));
        }
    }
}

/// Notes in the journal what was seen, told and decided; why it could not be.
pub(super) fn remember(
    session: &mut Session<'_>,
    memory: &mut Memory,
    resolved: &[Resolved],
    wish: &Wish,
    because: Option<&str>,
) -> Option<Error> {
    let began = memory.begins();
    let noted = memory.record(resolved, Some(wish), because.unwrap_or_default(), session.app.now);
    if began && !memory.begins() {
        session.output.note(
            "the journal of what was seen when begins here: git log refs/solera-pin/journal; where it is kept \
             elsewhere already, take that one:\n  git fetch origin \
             +refs/solera-pin/journal:refs/solera-pin/journal\n",
        );
    }
    noted.err().or_else(|| memory.forgets(resolved, wish))
}

/// Feeds the journal, and touches nothing else.
fn observe(session: &mut Session<'_>, memory: &mut Memory, resolved: &[Resolved]) -> Result<Status, Error> {
    if let Some(error) = memory.closed() {
        return Err(error);
    }
    let new = memory.record(resolved, None, "", session.app.now)?;
    session.output.data(&format!("{} for the first time\n", count(new, "sighting")))?;
    Ok(session.report_failures(resolved))
}

/// What the references of the selected pins make of the lock, and the lock of them.
fn follow(
    workspace: &Workspace,
    before: &Lock,
    decided: &Lock,
    selected: &BTreeSet<&PinName>,
) -> Result<InStep, Error> {
    let tree = WorkTree::new(&workspace.root);
    Ok(in_step(&tree, &workspace.catalog, before, decided, &|pin| selected.contains(pin))?)
}

/// Files first: the lock is what says that all is done.
fn write(
    session: &mut Session<'_>,
    store: Store,
    after: &InStep,
    workspace: &Workspace,
) -> Result<Status, Error> {
    let existed = store.exists();
    session.check_unchanged(workspace)?;
    let mut batch = Batch::default();
    written::stage(&mut batch, &workspace.root, &after.files)?;
    let committed = store.stage(&after.lock, &workspace.catalog.declared_in, &mut batch)?;
    batch.commit()?;
    if committed == Committed::Written && !existed {
        session.output.note("pins.lock is new: commit it\n");
    }
    Ok(Status::Done)
}

fn decision<'r>(resolved: &'r [Resolved], name: &PinName) -> Option<&'r Decision> {
    resolved.iter().find(|resolved| resolved.name == *name)?.result.as_ref().ok()
}

fn report(
    session: &mut Session<'_>,
    mode: Mode,
    changes: &[Change],
    after: &InStep,
    resolved: &[Resolved],
    knows_ages: bool,
) -> Result<(), Error> {
    let width = changes.iter().map(|change| change.name.as_str().len()).max().unwrap_or_default();
    for change in changes {
        let name = change.name.as_str();
        let text = match &change.to {
            Some(to) => human::moved(name, width, change.from.as_ref(), to, decision(resolved, &change.name)),
            None => format!("{name:<width$}  dropped: it is declared nowhere\n"),
        };
        session.output.data(&text)?;
    }
    session.output.data(&written::lines(&after.files))?;
    let notes = resolved.iter().filter_map(|resolved| match &resolved.result.as_ref().ok()?.outcome {
        Outcome::Keep { note: Some(note) } => Some(format!("{} stays: {note}\n", resolved.name)),
        Outcome::Held(why) => Some(format!("{} is held: {why}\n", resolved.name)),
        _ => None,
    });
    let notes: Vec<String> = notes.collect();
    for note in notes {
        session.output.note(&note);
    }
    let is_first = |resolved: &&Resolved| {
        // Of an archive the state of that age is locked from the beginning.
        let is_of_archive = |to: &Pin| matches!(to, Pin::Debian(pin) if pin.snapshot().is_some());
        matches!(&resolved.result, Ok(Decision { outcome: Outcome::First { to }, .. }) if !is_of_archive(to))
    };
    if knows_ages && resolved.iter().any(|resolved| is_first(&resolved)) {
        session
            .output
            .note("what is locked for the first time is the newest there is: its age was not asked for\n");
    }
    let failed = resolved.iter().filter(|resolved| failure(resolved).is_some()).count();
    let moved =
        resolved.iter().filter(|resolved| changes.iter().any(|change| change.name == resolved.name)).count();
    let would = if mode == Mode::Check { "would change" } else { "changed" };
    let failed_text = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    let same = resolved.len() - moved - failed;
    let files = match after.files.len() {
        0 => String::new(),
        files => format!(", in {}", count(files, "file")),
    };
    let waiting = match resolved.iter().filter(|resolved| waits(resolved)).count() {
        0 => String::new(),
        waiting => format!(", {waiting} of them until something is old enough"),
    };
    let same = format!("{same} unchanged{waiting}");
    session.output.note(&format!("{} {would}{files}, {same}{failed_text}\n", changes.len()));
    Ok(())
}

/// Whether a pin stays only because nothing newer is old enough.
fn waits(resolved: &Resolved) -> bool {
    let Ok(decision) = &resolved.result else { return false };
    matches!(decision.outcome, Outcome::Keep { .. })
        && decision.candidates.iter().any(|candidate| candidate.wait().is_some())
}

fn document(changes: &[Change], after: &InStep, resolved: &[Resolved]) -> String {
    let pin = |resolved: &Resolved| {
        let stuck = after.stuck.iter().find(|stuck| stuck.pin == resolved.name);
        let stays = |name: &PinName| !changes.iter().any(|change| change.name == *name);
        let mut value = match &resolved.result {
            Ok(Decision { outcome: Outcome::Move { .. }, .. })
                if stuck.is_some() && stays(&resolved.name) =>
            {
                json!({ "outcome": "stuck", "reason": stuck.map(|stuck| &stuck.what) })
            }
            Ok(decision) => report_json::summary(decision),
            Err(error) => report_json::failed(error, error.not_asked().is_none()),
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
    let pins = resolved.iter().map(pin).chain(dropped).collect();
    report_json::document("refresh", [("pins", pins), ("files", written::document(&after.files))])
}
