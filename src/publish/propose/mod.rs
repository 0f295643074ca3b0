//! Proposals on a remote and its forge: what is there is compared with what should be, and only the difference is done.
//!
//! Every step can be the last of a run that is killed: a branch is pushed whole or not at all, a pull request says which
//! commit it tells of, and one that we close says so in the request that closes it. The next run sees what is missing.

mod bring;
mod end;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::branch::{Branch, State};
use super::bump::{Bump, Kind, Target};
use super::commit::{Maker, unpinned_references};
use super::forge::{Forge, Pull, State as PullState};
use super::group::{Proposal, proposals};
use super::place::{Place, Snapshot};
use super::standing::{Failure, Heard, Standing, hear};
use crate::catalog::Propose;
use crate::error::{Error, Status};
use crate::git::Remote;
use crate::in_place::{Named, Told};
use crate::model::{CommitId, PinName};
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
    /// The pins of which nothing, or not all, is known now: what else was proposed of them stays.
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
    /// The files that name pins, once they were looked for.
    named: Option<Named>,
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
        named: None,
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

/// What is proposed already of pins about which nothing is known now, or nothing but another step.
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
            let (unknown, kind) = (unknown.contains(pin), target.kind.parse());
            let told = |bump: &Bump| bump.name == *pin && (!unknown || Ok(bump.kind) == kind);
            if bumps.iter().any(told) || declared && !unknown {
                continue;
            }
            let reached = from.map(crate::model::Pin::content).as_ref() == Some(&target.content);
            match (kind, from) {
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
}
