//! Proposals on a remote and its forge: what is there is compared with what should be, and only the difference is done.
//!
//! Every step can be the last of a run that is killed: a branch is pushed whole or not at all, a pull request says which
//! commit it tells of, and one that we close says so in the request that closes it. The next run sees what is missing.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::branch::{Branch, State};
use super::bump::{Bump, Kind, Target};
use super::commit::{Built, Maker, build, unpinned_references};
use super::forge::{Forge, NewPull, Pull, State as PullState};
use super::group::{Proposal, proposals};
use super::place::{Place, Snapshot};
use super::standing::{Failure, Heard, Standing, hear};
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

/// One run.
struct Run<'a> {
    with: &'a Proposer<'a>,
    policy: &'a Propose,
    standings: BTreeMap<String, Standing>,
    /// What people did not want.
    declined: BTreeSet<Target>,
    /// What is left to the next run.
    later: BTreeSet<Target>,
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
    let (mut looked, mut elsewhere) = (BTreeMap::new(), BTreeMap::new());
    for (name, tip) in branches {
        let branch = Branch::look(with.place, name, tip, &with.base.commit)?;
        match branch.state {
            State::Elsewhere(root) => drop(elsewhere.insert(name.clone(), root)),
            _ => drop(looked.insert(name.clone(), branch)),
        }
    }
    let mut bumps = wanted.bumps;
    bumps.extend(carried(with, &looked, &bumps, &wanted.unknown)?);
    let proposals = proposals(catalog, bumps)
        .map_err(|clash| Error::usage(clash.to_string()).hint("rename one of the two"))?;
    let (taken, proposals): (Vec<Proposal>, Vec<Proposal>) =
        proposals.into_iter().partition(|proposal| elsewhere.contains_key(&proposal.branch));
    let mut names: BTreeSet<String> = looked.keys().cloned().collect();
    names.extend(proposals.iter().map(|proposal| proposal.branch.clone()));
    let mut run = Run {
        with,
        policy: &catalog.policy.propose,
        standings: BTreeMap::new(),
        declined: BTreeSet::new(),
        later: BTreeSet::new(),
        open: 0,
        report: Report::default(),
    };
    for name in names {
        let pulls = run.pulls(&name).await;
        run.standings.insert(name.clone(), Standing::new(looked.remove(&name), pulls));
    }
    run.hear(&proposals).await;
    run.open = run.standings.iter().filter(|(name, it)| run.counts(name, it, &proposals)).count();
    let rest: Vec<String> =
        run.standings.keys().filter(|name| proposals.iter().all(|it| it.branch != **name)).cloned().collect();
    // First, so that there is room for others.
    for name in rest {
        run.end(&name).await;
    }
    for proposal in &proposals {
        let outcome = run.one(proposal).await;
        run.report.outcomes.push(outcome);
    }
    run.report.outcomes.extend(taken.iter().map(|proposal| of_another(proposal, &elsewhere)));
    run.report.outcomes.sort_by(|a, b| a.branch.cmp(&b.branch));
    Ok(run.report)
}

/// That another folder of the repository has a branch of this name.
fn of_another(proposal: &Proposal, elsewhere: &BTreeMap<String, String>) -> Outcome {
    let root = elsewhere.get(&proposal.branch).filter(|root| !root.is_empty());
    let root = root.map_or("the top of the repository", String::as_str);
    let failure = Failure {
        why: format!("the branch {} is that of the pins of {root}", proposal.branch),
        hint: Some("there or here, give the pins another name or `group`, or say digests = \"each\"".into()),
        status: Status::Usage,
    };
    let pins = proposal.bumps.iter().map(|bump| bump.name.clone()).collect();
    Outcome { branch: proposal.branch.clone(), pins, done: failure.done(), url: None }
}

/// What is proposed already of pins about which nothing is known now.
fn carried(
    with: &Proposer<'_>,
    branches: &BTreeMap<String, Branch>,
    bumps: &[Bump],
    unknown: &BTreeSet<PinName>,
) -> Result<Vec<Bump>, Error> {
    let mut carried: Vec<Bump> = Vec::new();
    for branch in branches.values() {
        let State::Ours { targets, lock, .. } = &branch.state else { continue };
        for target in targets {
            let pin = &target.pin;
            let from = with.base.lock.pins.get(pin);
            let declared = with.base.workspace.catalog.declarations.contains_key(pin);
            if bumps.iter().any(|bump| bump.name == *pin) || declared && !unknown.contains(pin) {
                continue;
            }
            let reached = from.map(crate::model::Pin::content).as_ref() == Some(&target.content);
            match (target.kind.parse(), from) {
                (Ok(Kind::Drop), Some(from)) if !declared => carried.push(Bump::dropped(pin, from)),
                (Ok(Kind::References), Some(from)) if declared && reached => {
                    let bare = unpinned_references(with.base, &|other| other != pin)?;
                    carried.extend(bare.iter().map(|pin| Bump::references(pin, from)));
                }
                _ if reached || !declared => {}
                _ => carried.extend(Bump::carried(target, from, lock.pins.get(pin))),
            }
        }
    }
    Ok(carried)
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
    async fn hear(&mut self, proposals: &[Proposal]) {
        let wanted = proposals.iter().flat_map(|proposal| proposal.bumps.iter().map(Bump::target)).collect();
        let Heard { declined, mut news, reverted } =
            hear(&self.standings, &wanted, &self.with.base.lock, self.with.noted);
        self.declined = declined;
        // What was merged since the base was looked at is there, and was not taken back.
        match reverted.is_empty() || self.is_base_still().await {
            true => {
                self.declined.extend(reverted.iter().map(|(target, _)| target.clone()));
                news.extend(reverted);
            }
            false => self.later = reverted.into_iter().map(|(target, _)| target).collect(),
        }
        self.note(news).await;
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

    /// Whether the base branch is what it was when it was looked at.
    async fn is_base_still(&self) -> bool {
        let name = format!("refs/heads/{}", self.with.base_name);
        let refs = self.with.remote.refs(&[&name]).await;
        refs.is_ok_and(|refs| refs.id(&name) == Some(&self.with.base.commit))
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
        let standing = standing.unwrap_or_else(|| Standing::new(None, Ok(Vec::new())));
        let pulls = standing.pulls.clone()?;
        let open = pulls.iter().find(|pull| pull.state == PullState::Open);
        let url = open.map(|pull| pull.url.clone());
        if let Some(done) = self.left_alone(&proposal.branch, &standing).await? {
            return Ok((done, url));
        }
        let all = proposal;
        let proposal = all.but(|target| self.declined.contains(target) || self.later.contains(target));
        if proposal.bumps.is_empty() {
            return Ok((self.unwanted(all, &standing).await?, url));
        }
        let is_new = open.is_none() && (self.with.forge.is_some() || standing.branch.is_none());
        if is_new && self.open >= self.policy.max_open {
            return Ok((Done::Postponed, None));
        }
        let (place, base, maker) = (self.with.place, self.with.base, self.with.maker);
        let built = build(place, base, &proposal.bumps, maker)?;
        self.report.stuck.extend(built.stuck.iter().cloned());
        self.report.edited.extend(built.edited.iter().cloned());
        if built.commits.is_empty() {
            return Ok((Done::Unchanged, url));
        }
        // What is stuck is not on the branch, and so neither in the title nor in what a person closes.
        let bumps: Vec<Bump> = built.commits.iter().map(|made| made.bump.clone()).collect();
        let proposal = Proposal { bumps, ..proposal };
        let serves = match &standing.branch {
            Some(branch) => branch.serves(place, base, (&proposal.bumps, &built), maker)?,
            None => false,
        };
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

    /// What is done where nothing of a proposal is wanted: an open one for something else is closed.
    async fn unwanted(&mut self, proposal: &Proposal, standing: &Standing) -> Result<Done, Failure> {
        let targets: Vec<Target> = proposal.bumps.iter().map(Bump::target).collect();
        let open = standing.open_targets();
        if !open.is_empty() && open.iter().all(|target| !targets.contains(target)) {
            return self.closed(&proposal.branch, standing).await;
        }
        match targets.iter().any(|target| self.declined.contains(target)) {
            true => Ok(Done::Declined),
            false => Ok(Done::Unchanged),
        }
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
        let first = marker(if adds { Stage::New } else { Stage::Open }).put("", &text);
        let pull = match open {
            Some(pull) if pull.title == title && pull.body == first => pull.clone(),
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
            forge.update(pull.number, &title, &marker(Stage::Open).put("", &text)).await?;
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
            State::Ours { .. } | State::Merged | State::Elsewhere(_) => return Ok(None),
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
        let pin = pin_of(name);
        let pin = pin.or_else(|| standing.open_targets().into_iter().map(|target| target.pin).next());
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
            let said = format!("Closed by solera-pin: {}.\n", code(&why));
            let tip = standing.branch.as_ref().map(|branch| branch.tip.clone());
            let made =
                tip.map(|tip| Marker { stage: Stage::Closed, tip, targets: standing.targets().to_vec() });
            let known = Marker::read(&pull.body).map(|marker| Marker { stage: Stage::Closed, ..marker });
            let body = match known.or(made) {
                Some(marker) => marker.put(&said, &pull.body),
                None => format!("{said}\n{}", pull.body),
            };
            forge.close(pull.number, &body).await?;
            self.open = self.open.saturating_sub(1);
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
