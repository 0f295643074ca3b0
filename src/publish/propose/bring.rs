//! One proposal, brought to where it should be: its branch, then its pull request.

use futures_util::stream::{StreamExt as _, iter};

use super::{Done, Outcome, Run};
use crate::catalog::Catalog;
use crate::error::{Error, Status};
use crate::evidence::Evidence;
use crate::git::{Pushed, Update};
use crate::in_place::{Named, named};
use crate::learn::learn;
use crate::model::CommitId;
use crate::publish::bump::{Bump, Kind, Target};
use crate::publish::commit::{Built, Made, build};
use crate::publish::forge::{Forge, NewPull, Pull, State as PullState};
use crate::publish::group::Proposal;
use crate::publish::standing::{Failure, Standing};
use crate::publish::text::{Marker, Section, Stage, body, title};
use crate::resolve::Sources;

/// How many pins upstreams are asked about at once.
const AT_ONCE: usize = 4;

impl Run<'_> {
    pub(super) async fn one(&mut self, proposal: &Proposal) -> Outcome {
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
        let text = self.text(built).await?;
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
    async fn text(&mut self, built: &Built) -> Result<String, Failure> {
        let base = self.with.base;
        let catalog = &base.workspace.catalog;
        let named = match self.named.take() {
            Some(named) => named,
            None => named(&base.tree, catalog, &base.lock).map_err(Error::from)?,
        };
        let sources = self.with.sources;
        // Collected first: a stream over the borrowed iterator would not be `Send`.
        let asked: Vec<_> = built.commits.iter().map(|made| evidence(sources, catalog, &made.bump)).collect();
        let learnt: Vec<Option<Evidence>> = iter(asked).buffered(AT_ONCE).collect().await;
        let sections: Vec<Section<'_>> = built
            .commits
            .iter()
            .zip(learnt)
            .map(|(made, evidence)| section(catalog, made, evidence, &named))
            .collect();
        let text = body(catalog, &sections);
        self.named = Some(named);
        Ok(text)
    }

    /// Pushes a branch where it still is what it was.
    pub(super) async fn push(
        &self,
        name: &str,
        old: Option<&CommitId>,
        new: Option<&CommitId>,
    ) -> Result<(), Failure> {
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
}

/// What changed upstream; none where only files change.
async fn evidence(sources: &Sources, catalog: &Catalog, bump: &Bump) -> Option<Evidence> {
    let to = bump.to.as_ref().filter(|_| bump.kind != Kind::References)?;
    Some(learn(sources, catalog.declarations.get(&bump.name), bump.from.as_ref(), to).await)
}

/// What there is to tell of a commit. The Dockerfiles of images that read the pin are left out: the images are told.
fn section<'a>(catalog: &Catalog, made: &'a Made, evidence: Option<Evidence>, named: &Named) -> Section<'a> {
    let places = made.files.iter().map(|file| match file.references.first() {
        Some((line, _)) => format!("{}:{line}", file.path),
        None => file.path.clone(),
    });
    let told = |path: &String| {
        made.files.iter().any(|file| file.path == *path)
            || catalog.readers(&made.bump.name).any(|image| image.dockerfile.path == *path)
    };
    let others = named.get(&made.bump.name).into_iter().flatten().filter(|(path, _)| !told(path));
    let others = others.map(|(path, line)| format!("{path}:{line}"));
    Section { bump: &made.bump, evidence, places: places.collect(), others: others.collect() }
}
