//! `refresh --commit`: bump commits on the branch that is checked out.

use serde_json::{Value, json};

use super::memory::Memory;
use super::refresh::{RefreshArgs, remember, say_how_to_stay};
use super::session::{Session, expand_home, failure, select};
use super::{Format, written};
use crate::catalog::{Policy, Sign};
use crate::error::{Error, Status};
use crate::files::FolderLock;
use crate::lock::changes;
use crate::model::PinName;
use crate::plan::Wish;
use crate::publish::bump::{Bump, Kind, bumps};
use crate::publish::commit::{Built, Maker, build, unpinned_references};
use crate::publish::head;
use crate::publish::message::subject;
use crate::publish::place::{Place, Snapshot};
use crate::publish::sign::Signer;
use crate::report::human::count;
use crate::report::{harmless, json as report_json};
use crate::resolve::Resolved;
use crate::workspace::Workspace;

pub(super) async fn run(session: &mut Session<'_>, args: &RefreshArgs, wish: &Wish) -> Result<Status, Error> {
    let root = Workspace::root_of(&session.folder()?);
    let held = FolderLock::acquire(&root)?;
    let place = Place::open(&root)?;
    if head::recover(&place)? {
        session.output.note("a commit that was interrupted was completed\n");
    }
    head::check(&place)?;
    let head = place.head()?.ok_or_else(|| Error::usage("there is no commit here yet to stand on"))?;
    let base = place.snapshot(&head)?;
    if !base.workspace.is_unchanged().unwrap_or(false) {
        session.output.note("the configuration was edited and is not committed: what is committed counts\n");
    }
    let selected = select(&base.workspace, &args.pins)?;
    let mut memory = Memory::load(session, &base.workspace)?;
    let resolved = session.decide(&base.workspace, &base.lock, &selected, wish, &memory, false).await?;
    let unseen = memory.record(&resolved, None, "", session.app.now).err();
    let memory_then = Memory::load(session, &base.workspace)?;
    let bumps = all_bumps(&base, &resolved, args.pins.is_empty(), wish, &memory_then)?;
    let maker = maker(session, &place, &base.workspace.catalog.policy)?;
    let built = build(&place, &base, &bumps, &maker)?;
    if built.tip != base.commit {
        head::land(&place, &base.commit, &built.tip)?;
    }
    let untold = memory.untold(&resolved);
    let unnoted = remember(session, &mut memory, &resolved, wish, args.because.as_deref()).or(unseen);
    drop(held);
    match args.format {
        Format::Human => tell(session, &built, &resolved)?,
        Format::Json => session.output.data(&document(&built, &resolved))?,
    }
    written::tell(session, &built.stuck, &built.edited);
    for news in untold {
        session.output.note(&format!("{}: {}\n", news.pin, harmless(&news.text)));
    }
    if let Wish::Tag { because: Some(_), .. } = wish {
        say_how_to_stay(session, &changes(&base.lock, &built.lock), &resolved);
    }
    let mut status = Status::Done;
    if let Some(error) = &unnoted {
        session.output.error(error);
    }
    if !built.stuck.is_empty() || unnoted.is_some() {
        status = Status::Usage;
    }
    Ok(status.max(session.report_failures(&resolved)))
}

/// Every bump, with when it was first seen and why it is taken.
pub(super) fn all_bumps(
    base: &Snapshot,
    resolved: &[Resolved],
    all: bool,
    wish: &Wish,
    memory: &Memory,
) -> Result<Vec<Bump>, Error> {
    let catalog = &base.workspace.catalog;
    let decisions = resolved.iter().filter_map(|it| Some((&it.name, it.result.as_ref().ok()?)));
    let mut bumps = bumps(catalog, &base.lock, decisions, all);
    let moving = |pin: &PinName| bumps.iter().any(|bump| bump.name == *pin);
    let selected = |pin: &PinName| resolved.iter().any(|it| it.name == *pin);
    let named = unpinned_references(base, &|pin| moving(pin) || !selected(pin))?;
    let named = named.iter().filter_map(|name| Some(Bump::references(name, base.lock.pins.get(name)?)));
    let named: Vec<Bump> = named.collect();
    bumps.extend(named);
    bumps.sort_by(|a, b| a.name.cmp(&b.name));
    for bump in &mut bumps {
        let seen = memory.of(&bump.name).seen();
        bump.first_seen = seen.zip(bump.to.as_ref()).and_then(|(seen, to)| seen.first_of(to));
        match wish {
            // What is dropped, or only written into files, is nobody's decision.
            _ if !matches!(bump.kind, Kind::Step(_) | Kind::First) => {}
            Wish::Tag { because: Some(because), .. } | Wish::Young { because } => {
                bump.because.clone_from(because);
            }
            Wish::Accept => bump.because = "a person accepted it".into(),
            Wish::Rules | Wish::Tag { because: None, .. } => {}
        }
    }
    Ok(bumps)
}

/// Who makes commits here.
pub(super) fn maker(session: &Session<'_>, place: &Place, policy: &Policy) -> Result<Maker, Error> {
    let signer = match &policy.propose.sign {
        None => None,
        Some(Sign::Ssh(key)) => Some(Signer::ssh(expand_home(session.app, &place.root, key))?),
    };
    Ok(Maker { author: policy.propose.author.clone(), signer })
}

fn tell(session: &mut Session<'_>, built: &Built, resolved: &[Resolved]) -> Result<(), Error> {
    for made in &built.commits {
        session.output.data(&format!("{}  {}\n", made.id.short(), harmless(&subject(&made.bump))))?;
        session.output.data(&written::lines(&made.files))?;
    }
    let failed = resolved.iter().filter(|it| failure(it).is_some()).count();
    let moved = |it: &&Resolved| built.commits.iter().any(|made| made.bump.name == it.name);
    let same = resolved.len().saturating_sub(failed + resolved.iter().filter(moved).count());
    let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    session.output.note(&format!("{}, {same} unchanged{failed}\n", count(built.commits.len(), "commit")));
    Ok(())
}

fn document(built: &Built, resolved: &[Resolved]) -> String {
    let commit = |made: &crate::publish::commit::Made| {
        let bump = &made.bump;
        json!({
            "commit": made.id.as_str(),
            "name": bump.name,
            "kind": bump.kind.to_string(),
            "from": bump.from.as_ref().map(report_json::pin),
            "to": bump.to.as_ref().map(report_json::pin),
            "files": written::document(&made.files),
        })
    };
    let commits: Value = built.commits.iter().map(commit).collect();
    report_json::document("refresh", [("pins", written::pins(resolved)), ("commits", commits)])
}
