//! Proposals on a remote and its forge: what is there is compared with what should be, and only the difference is done.
//!
//! Every step can be the last of a run that is killed: a branch is pushed whole or not at all, a pull request says which
//! commit it tells of, and one that we close says so in the request that closes it. The next run sees what is missing.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::branch::{Branch, State};
use super::bump::{Bump, Kind, Target};
use super::commit::{Built, Maker, build};
use super::forge::{Forge, ForgeError, NewPull, Pull, State as PullState};
use super::group::{Proposal, proposals};
use super::place::{Place, Snapshot};
use super::text::{Marker, Section, Stage, body, title};
use crate::catalog::Propose;
use crate::error::{Error, Status};
use crate::evidence::Evidence;
use crate::git::{Pushed, Remote, Update};
use crate::in_place::Told;
use crate::learn::learn;
use crate::model::{CommitId, PinName};
use crate::report::markdown::code;
use crate::resolve::Sources;

/// Where and how bumps are proposed.
pub struct Proposer<'a> {
    /// The repository.
    pub place: &'a Place,
    /// The base branch's newest commit.
    pub base: &'a Snapshot,
    /// The base branch, below `refs/heads/`.
    pub base_name: &'a str,
    /// What is pushed to.
    pub remote: &'a Remote,
    /// Where pull requests are; none where branches are enough.
    pub forge: Option<&'a dyn Forge>,
    /// Who tells what changed.
    pub sources: &'a Sources,
    /// Who commits.
    pub maker: &'a Maker,
    /// What people were told and have decided, by the pin and the mark of it.
    pub noted: &'a dyn Fn(&PinName, &str) -> bool,
}

/// What is to be proposed.
pub struct Wanted {
    /// The bumps.
    pub bumps: Vec<Bump>,
    /// The pins of which nothing is known now: what was proposed of them stays.
    pub unknown: BTreeSet<PinName>,
}

/// What came of one proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its branch.
    pub branch: String,
    /// The pins.
    pub pins: Vec<PinName>,
    /// What was done.
    pub done: Done,
    /// Where people see it.
    pub url: Option<String>,
}

/// What was done about a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// It is new.
    Opened,
    /// It changed.
    Updated,
    /// It was as it should be.
    Unchanged,
    /// A person declined all of it.
    Declined,
    /// As many are open as may be.
    Postponed,
    /// It is no longer wanted, for this reason, and is gone.
    Closed(String),
    /// A person's commit is on the branch, which is left alone.
    Edited {
        /// Who made it.
        by: String,
        /// The commit.
        commit: CommitId,
        /// Whether that was said before.
        told: bool,
    },
    /// It could not be done, or not all of it.
    Failed {
        /// What happened.
        why: String,
        /// What to do next.
        hint: Option<String>,
        /// What that amounts to.
        status: Status,
    },
}

/// What came of all.
#[derive(Debug, Default)]
pub struct Report {
    /// By branch.
    pub outcomes: Vec<Outcome>,
    /// What people declined, which nobody had noted yet, with where.
    pub declined: Vec<(Target, String)>,
    /// What is to be noted as told.
    pub told: Vec<(PinName, String)>,
    /// Pins that could not be written into a reference.
    pub stuck: Vec<Told>,
    /// References that are a person's.
    pub edited: Vec<Told>,
    /// What a person should know besides.
    pub warnings: Vec<String>,
}

/// One branch of ours, on the remote and the forge.
struct Standing {
    branch: Option<Branch>,
    /// For the base, newest first; none where the forge was not reached.
    pulls: Result<Vec<Pull>, Failure>,
}

/// Why something was not done.
#[derive(Clone, Debug)]
struct Failure {
    why: String,
    hint: Option<String>,
    status: Status,
}

impl From<ForgeError> for Failure {
    fn from(error: ForgeError) -> Self {
        Error::from(error).into()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { why: error.message, hint: error.hints.into_iter().next(), status: error.status }
    }
}

impl Failure {
    fn done(self) -> Done {
        Done::Failed { why: self.why, hint: self.hint, status: self.status }
    }
}

impl Standing {
    fn open(&self) -> Option<&Pull> {
        self.pulls.as_ref().ok()?.iter().find(|pull| pull.state == PullState::Open)
    }

    /// What the open pull request is about.
    fn open_targets(&self) -> Vec<Target> {
        self.open().and_then(|pull| Marker::read(&pull.body)).map(|marker| marker.targets).unwrap_or_default()
    }

    fn targets(&self) -> &[Target] {
        self.branch.as_ref().map(Branch::targets).unwrap_or_default()
    }
}

/// One run.
struct Run<'a> {
    with: &'a Proposer<'a>,
    policy: &'a Propose,
    standings: BTreeMap<String, Standing>,
    /// What people did not want.
    declined: BTreeSet<Target>,
    /// How many proposals are open.
    open: usize,
    report: Report,
}

/// Brings remote and forge to what is wanted. `branches` are those of ours that the remote has; their objects are here.
pub async fn propose(
    with: &Proposer<'_>,
    branches: &BTreeMap<String, CommitId>,
    wanted: Wanted,
) -> Result<Report, Error> {
    let catalog = &with.base.workspace.catalog;
    let mut looked = BTreeMap::new();
    for (name, tip) in branches {
        looked.insert(name.clone(), Branch::look(with.place, name, tip, &with.base.commit)?);
    }
    let mut bumps = wanted.bumps;
    bumps.extend(carried(with, &looked, &bumps, &wanted.unknown));
    let proposals = proposals(catalog, bumps)
        .map_err(|clash| Error::usage(clash.to_string()).hint("rename one of the two"))?;
    let mut names: BTreeSet<String> = looked.keys().cloned().collect();
    names.extend(proposals.iter().map(|proposal| proposal.branch.clone()));
    let mut run = Run {
        with,
        policy: &catalog.policy.propose,
        standings: BTreeMap::new(),
        declined: BTreeSet::new(),
        open: 0,
        report: Report::default(),
    };
    for name in names {
        let pulls = run.pulls(&name).await;
        run.standings.insert(name.clone(), Standing { branch: looked.remove(&name), pulls });
    }
    let heard = run.hear(&proposals);
    run.note(heard).await;
    run.open = run.standings.iter().filter(|(name, it)| run.counts(name, it, &proposals)).count();
    for proposal in &proposals {
        let outcome = run.one(proposal).await;
        run.report.outcomes.push(outcome);
    }
    let rest: Vec<String> =
        run.standings.keys().filter(|name| proposals.iter().all(|it| it.branch != **name)).cloned().collect();
    for name in rest {
        run.end(&name).await;
    }
    run.report.outcomes.sort_by(|a, b| a.branch.cmp(&b.branch));
    Ok(run.report)
}

/// What is proposed already of pins about which nothing is known now.
fn carried(
    with: &Proposer<'_>,
    branches: &BTreeMap<String, Branch>,
    bumps: &[Bump],
    unknown: &BTreeSet<PinName>,
) -> Vec<Bump> {
    let mut carried: Vec<Bump> = Vec::new();
    for branch in branches.values() {
        let State::Ours { targets, lock, .. } = &branch.state else { continue };
        for target in targets {
            let pin = &target.pin;
            let from = with.base.lock.pins.get(pin);
            let declared = with.base.workspace.catalog.declarations.contains_key(pin);
            let reached = from.map(crate::model::Pin::content).as_ref() == Some(&target.content);
            let known = !unknown.contains(pin) || bumps.iter().any(|bump| bump.name == *pin);
            if known || reached || !declared || target.kind == Kind::Drop.to_string() {
                continue;
            }
            carried.extend(Bump::carried(target, from, lock.pins.get(pin)));
        }
    }
    carried
}

impl Run<'_> {
    /// The pull requests of a branch for our base.
    async fn pulls(&self, branch: &str) -> Result<Vec<Pull>, Failure> {
        let Some(forge) = self.with.forge else { return Ok(Vec::new()) };
        let mut pulls = forge.find(branch).await?;
        pulls.retain(|pull| pull.base == self.with.base_name);
        Ok(pulls)
    }

    /// Takes in what people said by closing, and by reverting what they had merged.
    fn hear(&mut self, proposals: &[Proposal]) -> Vec<(Target, Pull)> {
        let mut heard = Vec::new();
        let wanted: BTreeSet<Target> =
            proposals.iter().flat_map(|proposal| proposal.bumps.iter().map(Bump::target)).collect();
        let open: BTreeSet<Target> = self.standings.values().flat_map(Standing::open_targets).collect();
        for target in &wanted {
            if (self.with.noted)(&target.pin, &target.declined()) && !open.contains(target) {
                self.declined.insert(target.clone());
            }
        }
        for pull in self.standings.values().filter_map(|it| it.pulls.as_ref().ok()).flatten() {
            let Some(marker) = Marker::read(&pull.body) else { continue };
            if pull.state == PullState::Open
                || (pull.state == PullState::Closed && marker.stage == Stage::Closed)
            {
                continue;
            }
            let steps = pull.state == PullState::Closed;
            for target in marker.targets {
                let is_step = matches!(target.kind.parse(), Ok(Kind::Step(_)));
                // What was merged is wanted again only where the base went back.
                if !wanted.contains(&target) || open.contains(&target) || !(steps || is_step) {
                    continue;
                }
                if self.declined.insert(target.clone()) {
                    heard.push((target, pull.clone()));
                }
            }
        }
        heard
    }

    /// Has it noted what was heard, and of whom: that is asked once.
    async fn note(&mut self, heard: Vec<(Target, Pull)>) {
        let mut who: BTreeMap<u64, Option<String>> = BTreeMap::new();
        for (target, pull) in heard {
            let how = match (pull.state, self.with.forge) {
                (PullState::Closed, Some(forge)) => {
                    if let Entry::Vacant(unknown) = who.entry(pull.number) {
                        // It is good to know, and nothing depends on it.
                        unknown.insert(forge.closed_by(pull.number).await.ok().flatten());
                    }
                    match who.get(&pull.number).cloned().flatten() {
                        Some(who) => format!("closed by {who}"),
                        None => "closed unmerged".into(),
                    }
                }
                _ => "reverted after it was merged".into(),
            };
            self.report.declined.push((target, format!("{how}: {}", pull.url)));
        }
    }

    /// Whether a branch takes one of the places that there are.
    fn counts(&self, name: &str, standing: &Standing, proposals: &[Proposal]) -> bool {
        match self.with.forge {
            Some(_) => standing.open().is_some(),
            None => standing.branch.is_some() && proposals.iter().any(|proposal| proposal.branch == name),
        }
    }

    async fn one(&mut self, proposal: &Proposal) -> Outcome {
        let pins = proposal.bumps.iter().map(|bump| bump.name.clone()).collect();
        let (done, url) = match self.bring(proposal).await {
            Ok(done) => done,
            Err(failure) => (failure.done(), None),
        };
        Outcome { branch: proposal.branch.clone(), pins, done, url }
    }

    /// Brings one proposal to where it should be.
    async fn bring(&mut self, proposal: &Proposal) -> Result<(Done, Option<String>), Failure> {
        let standing = self.standings.remove(&proposal.branch);
        let standing = standing.unwrap_or(Standing { branch: None, pulls: Ok(Vec::new()) });
        let pulls = standing.pulls.clone()?;
        let open = pulls.iter().find(|pull| pull.state == PullState::Open);
        let url = open.map(|pull| pull.url.clone());
        if let Some(done) = self.left_alone(&proposal.branch, &standing).await? {
            return Ok((done, url));
        }
        let bumps: Vec<Bump> =
            proposal.bumps.iter().filter(|bump| !self.declined.contains(&bump.target())).cloned().collect();
        if bumps.is_empty() {
            return Ok((Done::Declined, url));
        }
        let proposal = Proposal { bumps, ..proposal.clone() };
        let is_new = open.is_none() && (self.with.forge.is_some() || standing.branch.is_none());
        if is_new && self.open >= self.policy.max_open {
            return Ok((Done::Postponed, None));
        }
        let (place, base, maker) = (self.with.place, self.with.base, self.with.maker);
        let built = build(place, base, &proposal.bumps, maker)?;
        let serves = match &standing.branch {
            Some(branch) => branch.serves(place, base, (&proposal.bumps, &built), maker)?,
            None => false,
        };
        self.report.stuck.extend(built.stuck.iter().cloned());
        self.report.edited.extend(built.edited.iter().cloned());
        if built.commits.is_empty() {
            return Ok((Done::Unchanged, url));
        }
        let old = standing.branch.as_ref().map(|branch| &branch.tip);
        let tip = match old.filter(|_| serves) {
            Some(tip) => tip.clone(),
            None => {
                self.push(&proposal.branch, old, Some(&built.tip)).await?;
                built.tip.clone()
            }
        };
        self.open += usize::from(is_new);
        let pushed = old != Some(&tip);
        let Some(forge) = self.with.forge else {
            let done = match (is_new, pushed) {
                (true, _) => Done::Opened,
                (false, true) => Done::Updated,
                (false, false) => Done::Unchanged,
            };
            return Ok((done, None));
        };
        let (written, url) = self.pull(forge, &proposal, &built, &tip, open).await?;
        let done = match (open.is_none(), pushed || written) {
            (true, _) => Done::Opened,
            (false, true) => Done::Updated,
            (false, false) => Done::Unchanged,
        };
        Ok((done, Some(url)))
    }

    /// Has a pull request say what its branch holds; whether anything was written, and where it is.
    async fn pull(
        &mut self,
        forge: &dyn Forge,
        proposal: &Proposal,
        built: &Built,
        tip: &CommitId,
        open: Option<&Pull>,
    ) -> Result<(bool, String), Failure> {
        let targets: Vec<Target> = proposal.bumps.iter().map(Bump::target).collect();
        let marker = |stage| Marker { stage, tip: tip.clone(), targets: targets.clone() };
        let known = open.and_then(|pull| Marker::read(&pull.body));
        if let (Some(pull), Some(known)) = (open, &known)
            && *known == marker(Stage::Open)
        {
            return Ok((false, pull.url.clone()));
        }
        let title = title(proposal);
        let text = self.text(built).await;
        let is_new = known.as_ref().is_none_or(|known| known.stage == Stage::New);
        let adds = is_new && !(self.policy.labels.is_empty() && self.policy.reviewers.is_empty());
        let first = marker(if adds { Stage::New } else { Stage::Open }).put(&text);
        let pull = match open {
            Some(pull) => forge.update(pull.number, &title, &first).await?,
            None => {
                let new = NewPull {
                    branch: proposal.branch.clone(),
                    base: self.with.base_name.to_owned(),
                    title: title.clone(),
                    body: first.clone(),
                };
                forge.open(&new).await?
            }
        };
        self.report.warnings.extend(forge.starts_no_checks(&pull));
        if adds {
            if !self.policy.labels.is_empty() {
                forge.label(pull.number, &self.policy.labels).await?;
            }
            if !self.policy.reviewers.is_empty()
                && let Err(error) = forge.reviewers(pull.number, &self.policy.reviewers).await
            {
                self.report.warnings.push(error.to_string());
            }
            forge.update(pull.number, &title, &marker(Stage::Open).put(&text)).await?;
        }
        Ok((true, pull.url))
    }

    /// What a pull request says below its marker.
    async fn text(&self, built: &Built) -> String {
        let mut sections = Vec::new();
        for made in &built.commits {
            let evidence = self.evidence(&made.bump).await;
            let lines = made.files.iter().map(|file| match file.references.first() {
                Some((line, _)) => format!("{}:{line}", file.path),
                None => file.path.clone(),
            });
            sections.push(Section { bump: &made.bump, evidence, places: lines.collect() });
        }
        body(&self.with.base.workspace.catalog, &sections)
    }

    async fn evidence(&self, bump: &Bump) -> Option<Evidence> {
        let to = bump.to.as_ref().filter(|_| bump.kind != Kind::References)?;
        Some(learn(self.with.sources, bump.from.as_ref(), to).await)
    }

    /// What is done about a branch that is not ours alone: nothing, and that is said once.
    async fn left_alone(&mut self, name: &str, standing: &Standing) -> Result<Option<Done>, Failure> {
        let Some(branch) = &standing.branch else { return Ok(None) };
        let (commit, by) = match &branch.state {
            State::Ours { .. } | State::Merged => return Ok(None),
            State::CutOff => {
                return Err(Failure {
                    why: format!(
                        "this clone is shallow, so that it cannot be told whose commits are on {name}"
                    ),
                    hint: Some("let the job fetch the history: fetch-depth: 0".into()),
                    status: Status::Incomplete,
                });
            }
            State::Edited { commit, by } => (commit.clone(), by.clone()),
        };
        let mark = format!("edited:{name}:{commit}");
        let pin = standing.open_targets().into_iter().map(|target| target.pin).next();
        let pin = pin.or_else(|| pin_of(name));
        let told = pin.as_ref().is_some_and(|pin| (self.with.noted)(pin, &mark));
        if let (false, Some(pin)) = (told, pin) {
            if let (Some(forge), Some(pull)) = (self.with.forge, standing.open()) {
                let text = format!(
                    "The commit {commit} on this branch is not solera-pin's: the branch and this text are left alone \
                     from now on. To have them made anew, take that commit off, or delete the branch.\n"
                );
                forge.comment(pull.number, &text).await?;
            }
            self.report.told.push((pin, mark));
        }
        Ok(Some(Done::Edited { by, commit, told }))
    }

    /// Pushes a branch where it still is what it was.
    async fn push(&self, name: &str, old: Option<&CommitId>, new: Option<&CommitId>) -> Result<(), Failure> {
        let update = Update { name: format!("refs/heads/{name}"), old: old.cloned(), new: new.cloned() };
        let pushed = self.with.remote.push(self.with.place.git(), std::slice::from_ref(&update)).await;
        let refused =
            |why: String, hint: &str| Failure { why, hint: Some(hint.into()), status: Status::Incomplete };
        match pushed.map_err(Error::from)?.into_iter().next().map(|(_, pushed)| pushed) {
            Some(Pushed::Done) => Ok(()),
            Some(Pushed::Refused(why)) => Err(refused(
                format!("the remote refused the branch {name}: {why}"),
                "let whoever runs this push branches below solera-pin/",
            )),
            Some(Pushed::Stale) | None => Err(refused(
                format!("the branch {name} was moved by somebody else meanwhile"),
                "the next run looks at it again",
            )),
        }
    }

    /// Ends what is no longer wanted.
    async fn end(&mut self, name: &str) {
        let Some(standing) = self.standings.remove(name) else { return };
        let mut pins: Vec<PinName> = standing.targets().iter().map(|target| target.pin.clone()).collect();
        pins.dedup();
        let url = standing.open().map(|pull| pull.url.clone());
        let done = match self.closed(name, &standing).await {
            Ok(done) => done,
            Err(failure) => failure.done(),
        };
        self.report.outcomes.push(Outcome { branch: name.to_owned(), pins, done, url });
    }

    async fn closed(&mut self, name: &str, standing: &Standing) -> Result<Done, Failure> {
        standing.pulls.clone()?;
        if let Some(done) = self.left_alone(name, standing).await? {
            return Ok(done);
        }
        let why = self.why_not(standing);
        if let (Some(forge), Some(pull)) = (self.with.forge, standing.open()) {
            let marker = Marker::read(&pull.body).map(|marker| Marker { stage: Stage::Closed, ..marker });
            let said = format!("Closed by solera-pin: {}.\n", code(&why));
            let body = match marker {
                Some(marker) => {
                    let text = marker.put(&pull.body);
                    text.replacen("-->\n", &format!("-->\n\n{said}"), 1)
                }
                None => format!("{said}\n{}", pull.body),
            };
            forge.close(pull.number, &body).await?;
            forge.comment(pull.number, &said).await?;
        }
        if let Some(branch) = &standing.branch {
            self.push(name, Some(&branch.tip), None).await?;
        }
        Ok(Done::Closed(why))
    }

    /// Why nothing of a branch is wanted any more.
    fn why_not(&self, standing: &Standing) -> String {
        let (lock, catalog) = (&self.with.base.lock, &self.with.base.workspace.catalog);
        let content =
            |target: &Target| lock.pins.get(&target.pin).map_or("none".into(), crate::model::Pin::content);
        let mut targets = standing.targets().to_vec();
        if targets.is_empty() {
            targets = standing.open_targets();
        }
        let base = self.with.base_name;
        let held = targets.iter().find_map(|target| {
            let declaration = catalog.declarations.get(&target.pin)?;
            Some((target, declaration.hold.as_ref()?))
        });
        if targets.iter().all(|target| content(target) == target.content) {
            return format!("{base} has it");
        }
        match held {
            _ if targets.iter().all(|target| !catalog.declarations.contains_key(&target.pin)) => {
                format!("{base} declares it no more")
            }
            Some((target, hold)) => format!("{} is held: {}", target.pin, crate::model::harmless(&hold.why)),
            None => "the rules no longer choose it".into(),
        }
    }
}

/// The pin whose own branch this is.
fn pin_of(branch: &str) -> Option<PinName> {
    let name = branch.rsplit('/').next()?;
    name.strip_suffix("-major").unwrap_or(name).parse().ok()
}
