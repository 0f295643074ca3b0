//! `refresh --propose`: branches and pull requests for what the base branch could have.
//!
//! Nothing here reads the index, the work tree or what is checked out, but for the name of the remote and of its base.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::commit::{all_bumps, maker};
use super::memory::{Memory, News};
use super::refresh::RefreshArgs;
use super::session::{Session, select};
use super::{Format, written};
use crate::catalog::{Declaration, ForgeKind, Propose};
use crate::error::{Error, Status};
use crate::files::FolderLock;
use crate::git::{Address, Login, Refs, Remote, resolve};
use crate::journal;
use crate::model::{Allow, CommitId, GitUrl, Lane, PinName, Transport};
use crate::net::{Client, Stats};
use crate::plan::{Outcome as Decided, Wish};
use crate::publish::bump::{Bump, Kind};
use crate::publish::forge::{self, Forge};
use crate::publish::group::PREFIX;
use crate::publish::journal::{bring, share};
use crate::publish::place::{Place, Snapshot};
use crate::publish::propose::{Done, Outcome, Proposer, Report, Wanted, propose};
use crate::report::human::count;
use crate::report::{harmless, json as report_json};
use crate::resolve::{Resolved, Sources};
use crate::workspace::Workspace;

/// How many commits of each line a shallow clone is given, so that it can be told where branches leave the base.
const DEPTH: u32 = 100;

/// What came of asking and proposing once.
pub(super) struct Round {
    /// The base branch's state that it went by.
    pub(super) base: Snapshot,
    /// What was asked about, and what came of it.
    pub(super) resolved: Vec<Resolved>,
    /// What became of the proposals.
    pub(super) report: Report,
    /// Smaller steps that could not be decided about.
    smaller: Vec<Resolved>,
    /// What nobody was told yet.
    untold: Vec<News>,
    /// Why the journal could not be shared, where that is so.
    unshared: Option<Error>,
    /// What was asked.
    pub(super) asked: Stats,
    /// What the journal remembers after it.
    pub(super) memory: Memory,
}

pub(super) async fn run(session: &mut Session<'_>, args: &RefreshArgs) -> Result<Status, Error> {
    let root = Workspace::root_of(&session.folder()?);
    let _held = FolderLock::acquire(&root)?;
    let round = round(session, &Place::open(&root)?, &args.pins).await?;
    match args.format {
        Format::Human => tell(session, &round.report)?,
        Format::Json => session.output.data(&document(&round.report, &round.resolved))?,
    }
    let status = round.complain(session);
    session.say_asked(&round.asked);
    Ok(status)
}

/// Asks about the named pins, or all, and proposes what the base branch could have.
pub(super) async fn round(session: &mut Session<'_>, place: &Place, pins: &[String]) -> Result<Round, Error> {
    let head = place.head()?.ok_or_else(|| Error::usage("there is no commit here yet to stand on"))?;
    let policy = place.snapshot(&head)?.workspace;
    let client = session.client(&policy)?;
    let there = There::open(session, place, &policy.catalog.policy.propose, &client)?;
    let (base_name, base, branches) = there.fetch(place, &policy.catalog.policy.propose).await?;
    there.bring_journal(session, place).await?;
    let base = place.snapshot(&base)?;
    let selected = select(&base.workspace, pins)?;
    let mut memory = Memory::brought(session, &base.workspace)?;
    let upstreams = session.upstreams(&base.workspace)?;
    let sources = &upstreams.sources;
    let rules = (&Wish::Rules, false);
    let resolved = session.decide_by(sources, &base.workspace, &base.lock, &selected, rules, &memory).await;
    memory.record(&resolved, None, "", session.app.now)?;
    let mut memory = Memory::brought(session, &base.workspace)?;
    let (bumps, smaller) = bumps(session, sources, &base, &resolved, (pins.is_empty(), &memory)).await?;
    let mut unknown = unknown(&base, &resolved);
    unknown.extend(smaller.iter().filter(|it| !is_known(it)).map(|it| it.name.clone()));
    let maker = maker(session, place, &base.workspace.catalog.policy)?;
    let proposer = Proposer {
        place,
        base: &base,
        base_name: &base_name,
        remote: &there.push,
        forge: there.forge.as_deref(),
        sources,
        maker: &maker,
        noted: &|pin, mark| memory.noted(pin, mark),
    };
    let report = propose(&proposer, &branches, Wanted { bumps, unknown }).await?;
    let untold = memory.untold(&resolved);
    memory.record(&resolved, Some(&Wish::Rules), "", session.app.now)?;
    memory.note(&report, session.app.now)?;
    let unshared = there.share_journal(session, place).await.err();
    upstreams.cache.tidy();
    let asked = client.stats().and(upstreams.client.stats());
    let smaller = smaller.into_iter().filter(|it| it.result.is_err()).collect();
    Ok(Round { base, resolved, report, smaller, untold, unshared, asked, memory })
}

impl Round {
    /// Says what a person should know of it and what could not be done; what that amounts to.
    pub(super) fn complain(&self, session: &mut Session<'_>) -> Status {
        written::tell(session, &self.report.stuck, &self.report.edited);
        for news in &self.untold {
            session.output.note(&format!("{}: {}\n", news.pin, harmless(&news.text)));
        }
        let mut status = complain(session, &self.report);
        if let Some(error) = &self.unshared {
            session.output.error(error);
            status = status.max(error.status);
        }
        if !self.report.stuck.is_empty() {
            status = status.max(Status::Usage);
        }
        let resolved: Vec<&Resolved> = self.resolved.iter().chain(&self.smaller).collect();
        status.max(session.report_failures(resolved))
    }
}

/// The remote and its forge.
pub(super) struct There {
    fetch: Remote,
    push: Remote,
    forge: Option<Box<dyn Forge>>,
}

impl There {
    pub(super) fn open(
        session: &Session<'_>,
        place: &Place,
        policy: &Propose,
        client: &Client,
    ) -> Result<Self, Error> {
        let places = resolve(place.git(), &policy.remote)?;
        let forge = forge_of(session, policy, &places.push, client)?;
        // The forge's token is for the forge's host, over HTTP.
        let (host, web) = (places.push.host(), |address: &Address| address.transport() == Transport::Http);
        let own = Login::of(place.git());
        let login = |address: &Address| match &forge {
            Some(forge) if web(address) && address.host() == host => {
                let (user, secret) = forge.git_login();
                own.clone().given(user, secret)
            }
            _ => own.clone(),
        };
        let (fetch, push) = (login(&places.fetch), login(&places.push));
        Ok(Self {
            fetch: Remote::new(client, places.fetch, fetch),
            push: Remote::new(client, places.push, push),
            forge,
        })
    }

    /// Whether the remote's host says what kind of forge it is.
    pub(super) fn tells_its_forge(place: &Place, policy: &Propose) -> Result<bool, Error> {
        let url = resolve(place.git(), &policy.remote)?.push.to_string().parse::<GitUrl>();
        Ok(url.is_ok_and(|url| forge::is_told(policy, &url)))
    }

    /// The base branch's name and commit, and our branches; with their objects.
    pub(super) async fn fetch(
        &self,
        place: &Place,
        policy: &Propose,
    ) -> Result<(String, CommitId, BTreeMap<String, CommitId>), Error> {
        let heads = "refs/heads/";
        let ours = format!("{heads}{PREFIX}");
        let declared = policy.base.as_ref().map(|base| format!("{heads}{base}"));
        let asked: Vec<&str> =
            [Some("HEAD"), declared.as_deref(), Some(&ours)].into_iter().flatten().collect();
        let refs = self.fetch.refs(&asked).await?;
        let (name, base) = base(&refs, declared.as_deref(), policy)?;
        let branches: BTreeMap<String, CommitId> = refs
            .names
            .iter()
            .filter(|(name, _)| name.starts_with(&ours))
            .map(|(name, named)| (name[heads.len()..].to_owned(), named.id.clone()))
            .collect();
        let mut wants: Vec<CommitId> = branches.values().cloned().collect();
        wants.push(base.clone());
        self.fetch.fetch(place.git(), &wants, place.is_shallow()?.then_some(DEPTH)).await?;
        if !place.all_meet(&wants)? && place.is_shallow()? {
            self.fetch.deepen(place.git(), &wants, DEPTH).await?;
        }
        Ok((name.trim_start_matches(heads).to_owned(), base, branches))
    }

    /// Takes in what other runners noted.
    async fn bring_journal(&self, session: &Session<'_>, place: &Place) -> Result<(), Error> {
        if let Some(mut journal) = journal::open(&place.root, session.app.now)? {
            bring(&self.fetch, &mut journal, session.app.now).await?;
        }
        Ok(())
    }

    /// Sends what was noted to the other runners.
    async fn share_journal(&self, session: &Session<'_>, place: &Place) -> Result<(), Error> {
        if let Some(mut journal) = journal::open(&place.root, session.app.now)? {
            share(&self.push, &mut journal, session.app.now).await?;
        }
        Ok(())
    }
}

/// The forge that a remote is on.
fn forge_of(
    session: &Session<'_>,
    policy: &Propose,
    remote: &Address,
    client: &Client,
) -> Result<Option<Box<dyn Forge>>, Error> {
    if policy.forge == Some(ForgeKind::None) {
        return Ok(None);
    }
    let url = remote.to_string().parse::<GitUrl>().map_err(|error| Error::usage(error.to_string()))?;
    let variable = |name: &str| session.app.variable(name).map(str::to_owned);
    Ok(forge::choose(policy, &url, &variable, client)?)
}

/// The base branch's reference and commit.
fn base(refs: &Refs, declared: Option<&str>, policy: &Propose) -> Result<(String, CommitId), Error> {
    let name = declared.or(refs.head.as_deref()).ok_or_else(|| {
        Error::usage("the remote does not say which branch is its default")
            .hint("declare it: `base = \"main\"` under [propose]")
    })?;
    let id = match declared {
        Some(name) => refs.id(name),
        None => refs.id(name).or(refs.id("HEAD")),
    };
    let id = id.ok_or_else(|| {
        let branch = name.trim_start_matches("refs/heads/");
        Error::usage(format!("the remote `{}` has no branch {branch}", policy.remote))
            .hint("push it, or declare another: `base = \"main\"` under [propose]")
    })?;
    Ok((name.to_owned(), id.clone()))
}

/// Every bump; beside a step to another major, and beside one that a person declined, the smaller step too. And what came
/// of asking for smaller steps.
async fn bumps(
    session: &mut Session<'_>,
    sources: &Sources,
    base: &Snapshot,
    resolved: &[Resolved],
    (all, memory): (bool, &Memory),
) -> Result<(Vec<Bump>, Vec<Resolved>), Error> {
    let mut bumps = all_bumps(base, resolved, all, &Wish::Rules, memory)?;
    let mut rest = Vec::new();
    let mut larger: Vec<Declaration> = bumps.iter().filter_map(|bump| beside(base, memory, bump)).collect();
    while !larger.is_empty() {
        let asked: Vec<&Declaration> = larger.iter().collect();
        let rules = (&Wish::Rules, false);
        let smaller = session.decide_by(sources, &base.workspace, &base.lock, &asked, rules, memory).await;
        let steps = |it: &Resolved| matches!(&it.result, Ok(decision) if matches!(decision.outcome, Decided::Move { .. }));
        let (smaller, none): (Vec<Resolved>, Vec<Resolved>) = smaller.into_iter().partition(steps);
        rest.extend(none);
        let found = all_bumps(base, &smaller, false, &Wish::Rules, memory)?;
        larger = found.iter().filter_map(|bump| beside(base, memory, bump)).collect();
        bumps.extend(found);
    }
    Ok((bumps, rest))
}

/// What is asked for beside a step: the steps that are smaller than a major one, or than one that was declined.
fn beside(base: &Snapshot, memory: &Memory, bump: &Bump) -> Option<Declaration> {
    let declined = || memory.noted(&bump.name, &bump.target().declined());
    let allow = match bump.kind {
        Kind::Step(Lane::Major) => Allow::Minor,
        Kind::Step(Lane::Minor | Lane::Date | Lane::Pre) if declined() => Allow::Patch,
        Kind::Step(Lane::Patch) if declined() => Allow::Digest,
        _ => return None,
    };
    let declaration = base.workspace.catalog.declarations.get(&bump.name)?;
    Some(Declaration { allow, ..declaration.clone() })
}

/// The pins of which it is not known what should be proposed: those that were not asked about, that could not be, and
/// those whose newest is not old enough yet.
fn unknown(base: &Snapshot, resolved: &[Resolved]) -> BTreeSet<PinName> {
    let known = |name: &PinName| resolved.iter().any(|it| it.name == *name && is_known(it));
    base.workspace.catalog.declarations.keys().filter(|name| !known(name)).cloned().collect()
}

fn is_known(resolved: &Resolved) -> bool {
    let Ok(decision) = &resolved.result else { return false };
    match &decision.outcome {
        Decided::Move { .. } | Decided::First { .. } | Decided::Held(_) => true,
        Decided::Keep { .. } => decision.candidates.iter().all(|candidate| candidate.wait().is_none()),
        _ => false,
    }
}

fn tell(session: &mut Session<'_>, report: &Report) -> Result<(), Error> {
    let mut open = 0;
    for outcome in &report.outcomes {
        open += usize::from(matches!(outcome.done, Done::Opened | Done::Updated | Done::Unchanged));
        let what = match &outcome.done {
            Done::Opened => "opened".into(),
            Done::Updated => "updated".into(),
            Done::Declined => "declined by a person".to_owned(),
            Done::Postponed => "postponed: as many are open as max-open allows".into(),
            Done::Closed(why) => format!("closed: {why}"),
            // A person has heard of it, or there is nothing to hear.
            Done::Unchanged | Done::Edited { told: true, .. } | Done::Failed { .. } => continue,
            Done::Edited { by, commit, .. } => {
                format!("left alone: {} by {by} is on it", commit.short())
            }
        };
        let url = outcome.url.as_ref().map(|url| format!("  {url}")).unwrap_or_default();
        session.output.data(&harmless_line(&format!("{}  {what}{url}", outcome.branch)))?;
    }
    session.output.note(&format!("{} open\n", count(open, "proposal")));
    Ok(())
}

fn harmless_line(text: &str) -> String {
    format!("{}\n", harmless(text))
}

/// Says what could not be done; what that amounts to.
fn complain(session: &mut Session<'_>, report: &Report) -> Status {
    let mut worst = Status::Done;
    for warning in &report.warnings {
        session.output.note(&harmless_line(&format!("warning: {warning}")));
    }
    for Outcome { branch, done, .. } in &report.outcomes {
        let Done::Failed { why, hint, status } = done else { continue };
        let hints: Vec<String> = hint.iter().cloned().collect();
        session.output.wrong(&format!("{branch} stays as it was: {}", harmless(why)), &hints);
        worst = worst.max(*status);
    }
    worst
}

fn document(report: &Report, resolved: &[Resolved]) -> String {
    let outcome = |outcome: &Outcome| {
        let (done, reason) = match &outcome.done {
            Done::Opened => ("opened", None),
            Done::Updated => ("updated", None),
            Done::Unchanged => ("unchanged", None),
            Done::Declined => ("declined", None),
            Done::Postponed => ("postponed", None),
            Done::Closed(why) => ("closed", Some(why.clone())),
            Done::Edited { by, commit, .. } => ("edited", Some(format!("{commit} by {by}"))),
            Done::Failed { why, .. } => ("failed", Some(why.clone())),
        };
        json!({ "branch": outcome.branch, "pins": outcome.pins, "outcome": done, "reason": reason, "url": outcome.url })
    };
    let proposals: Value = report.outcomes.iter().map(outcome).collect();
    report_json::document("refresh", [("pins", written::pins(resolved)), ("proposals", proposals)])
}
