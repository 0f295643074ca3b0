//! The end of a proposal that is not wanted any more, and what is left to others.

use super::{Done, Outcome, Run};
use crate::error::Status;
use crate::model::PinName;
use crate::publish::branch::State;
use crate::publish::bump::Target;
use crate::publish::standing::{Failure, Standing};
use crate::publish::text::{Marker, Stage};
use crate::report::markdown::code;

impl Run<'_> {
    /// What is done about a branch that is not ours alone: nothing, and that is said once.
    pub(super) async fn left_alone(
        &mut self,
        name: &str,
        standing: &Standing,
    ) -> Result<Option<Done>, Failure> {
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

    /// Ends what is no longer wanted.
    pub(super) async fn end(&mut self, name: &str) {
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

    pub(super) async fn closed(&mut self, name: &str, standing: &Standing) -> Result<Done, Failure> {
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
