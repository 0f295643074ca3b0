//! What stands on the remote and on the forge, and what people said there.

use std::collections::{BTreeMap, BTreeSet};

use super::branch::{Branch, State};
use super::bump::{Kind, Target};
use super::forge::{ForgeError, Pull, State as PullState};
use super::propose::Done;
use super::text::{Marker, Stage};
use crate::error::{Error, Status};
use crate::lock::Lock;
use crate::model::{Pin, PinName};

/// One branch of ours, on the remote and the forge.
pub(super) struct Standing {
    /// What the remote has.
    pub(super) branch: Option<Branch>,
    /// For the base, newest first; none where the forge was not reached.
    pub(super) pulls: Result<Vec<Pull>, Failure>,
}

/// Why something was not done.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) why: String,
    pub(super) hint: Option<String>,
    pub(super) status: Status,
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
    pub(super) fn done(self) -> Done {
        Done::Failed { why: self.why, hint: self.hint, status: self.status }
    }
}

impl Standing {
    /// A branch with its pull requests. One that a person merged with commits of their own is done with, whatever the
    /// base makes of those.
    pub(super) fn new(branch: Option<Branch>, pulls: Result<Vec<Pull>, Failure>) -> Self {
        let mut standing = Self { branch, pulls };
        let merged = |tip| {
            let is_merged = |pull: &Pull| pull.state == PullState::Merged && pull.head.as_ref() == Some(tip);
            standing.open().is_none() && standing.pulls.iter().flatten().any(is_merged)
        };
        if standing.branch.as_ref().is_some_and(|branch| merged(&branch.tip))
            && let Some(branch) = &mut standing.branch
            && matches!(branch.state, State::Edited { .. })
        {
            branch.state = State::Merged;
        }
        standing
    }

    pub(super) fn open(&self) -> Option<&Pull> {
        self.pulls.as_ref().ok()?.iter().find(|pull| pull.state == PullState::Open)
    }

    /// What the open pull request is about.
    pub(super) fn open_targets(&self) -> Vec<Target> {
        self.open().map(|pull| self.targets_of(pull)).unwrap_or_default()
    }

    /// What the branch is about.
    pub(super) fn targets(&self) -> &[Target] {
        self.branch.as_ref().map(Branch::targets).unwrap_or_default()
    }

    /// What a pull request is about. Where a person took our marker out of its text, its commits tell.
    fn targets_of(&self, pull: &Pull) -> Vec<Target> {
        match (Marker::read(&pull.body), &self.branch) {
            (Some(marker), _) => marker.targets,
            (None, Some(branch)) if pull.head.as_ref() == Some(&branch.tip) => branch.targets().to_vec(),
            (None, _) => Vec::new(),
        }
    }

    /// Whether closing a pull request said that nobody wants what it is about. Not where we closed it; nor where the
    /// branch was deleted because of a person's commit on it: that asks for it to be made anew.
    fn declines(&self, pull: &Pull) -> bool {
        let Some(marker) = Marker::read(&pull.body) else { return true };
        let is_anothers = pull.head.as_ref().is_some_and(|head| *head != marker.tip);
        marker.stage != Stage::Closed && !(self.branch.is_none() && is_anothers)
    }
}

/// What people said.
#[derive(Default)]
pub(super) struct Heard {
    /// What they do not want.
    pub(super) declined: BTreeSet<Target>,
    /// What of that nobody had noted yet, with where they said it.
    pub(super) news: Vec<(Target, Pull)>,
    /// What was merged and is wanted again, with where it was merged: they took it back, where the base is what it was.
    pub(super) reverted: Vec<(Target, Pull)>,
}

/// Hears what people said of what is `wanted`, by closing, and by taking back what they had merged. `lock` is the base's.
pub(super) fn hear(
    standings: &BTreeMap<String, Standing>,
    wanted: &BTreeSet<Target>,
    lock: &Lock,
    noted: &dyn Fn(&PinName, &str) -> bool,
) -> Heard {
    let open: BTreeSet<Target> = standings.values().flat_map(Standing::open_targets).collect();
    let asked = |target: &Target| wanted.contains(target) && !open.contains(target);
    let declined = wanted.iter().filter(|it| asked(it) && noted(&it.pin, &it.declined())).cloned();
    let mut heard = Heard { declined: declined.collect(), ..Heard::default() };
    let all = || {
        let pulls = standings.values().flat_map(|it| it.pulls.iter().flatten().map(move |pull| (it, pull)));
        pulls.filter(|(_, pull)| pull.state != PullState::Open)
    };
    let merged: Vec<(u64, Target)> = all()
        .filter(|(_, pull)| pull.state == PullState::Merged)
        .flat_map(|(standing, pull)| standing.targets_of(pull).into_iter().map(|it| (pull.number, it)))
        .collect();
    for (standing, pull) in all() {
        let targets = standing.targets_of(pull).into_iter().filter(|target| asked(target));
        if pull.state == PullState::Closed {
            for target in targets.filter(|_| standing.declines(pull)) {
                if heard.declined.insert(target.clone()) {
                    heard.news.push((target, pull.clone()));
                }
            }
            continue;
        }
        let known = heard.reverted.iter().map(|(target, _)| target).chain(&heard.declined).cloned();
        let known: BTreeSet<Target> = known.collect();
        let gone = targets.filter(|it| !known.contains(it) && went_back(it, pull, &merged, lock));
        heard.reverted.extend(gone.map(|target| (target, pull.clone())));
    }
    heard
}

/// Whether the base went back from what was merged: it has something else now, and that was not merged after it. What
/// upstream itself went back to was not reverted by anybody.
fn went_back(target: &Target, pull: &Pull, merged: &[(u64, Target)], lock: &Lock) -> bool {
    let has = lock.pins.get(&target.pin).map(Pin::content);
    let later = |(number, other): &(u64, Target)| {
        *number > pull.number && other.pin == target.pin && Some(&other.content) == has.as_ref()
    };
    let is_step = matches!(target.kind.parse(), Ok(Kind::Step(_)));
    is_step && has.as_ref() != Some(&target.content) && !merged.iter().any(later)
}
