//! Which bumps are proposed together, and on which branch. Pure.

use std::collections::BTreeMap;

use super::bump::{Bump, Kind, Target};
use crate::catalog::{Catalog, Digests, GroupBy};
use crate::model::{GroupName, Lane, PinName};

/// What every branch of ours begins with, below `refs/heads/`.
pub const PREFIX: &str = "solera-pin/";

/// Bumps that are proposed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Below `refs/heads/`.
    pub branch: String,
    /// The group's name, where it is not one pin's own.
    pub group: Option<String>,
    /// Sorted by pin, of one pin the smaller step first; never empty where they were grouped.
    pub bumps: Vec<Bump>,
}

impl Proposal {
    /// The same with one bump for each pin: of a step and a larger one the larger is enough, unless it is `unwanted`.
    pub fn but(&self, unwanted: impl Fn(&Target) -> bool) -> Self {
        let wanted = self.bumps.iter().rev().filter(|bump| !unwanted(&bump.target()));
        let mut bumps: Vec<Bump> = wanted.cloned().collect();
        bumps.dedup_by(|a, b| a.name == b.name);
        bumps.reverse();
        Self { bumps, ..self.clone() }
    }
}

/// Two pins whose proposals would share a branch.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the branch {branch} would be that of the pin `{major}` and of major steps of the pin `{pin}`")]
pub struct Clash {
    branch: String,
    pin: PinName,
    major: PinName,
}

/// The proposals for `bumps`, sorted by branch.
pub fn proposals(catalog: &Catalog, bumps: Vec<Bump>) -> Result<Vec<Proposal>, Clash> {
    let mut proposals: BTreeMap<String, Proposal> = BTreeMap::new();
    for bump in bumps {
        let group = group(catalog, &bump);
        let branch = match &group {
            Some(group) => format!("{PREFIX}group/{group}"),
            None => own_branch(catalog, &bump)?,
        };
        let new = || Proposal { branch: branch.clone(), group, bumps: Vec::new() };
        proposals.entry(branch.clone()).or_insert_with(new).bumps.push(bump);
    }
    let mut proposals: Vec<Proposal> = proposals.into_values().collect();
    for proposal in &mut proposals {
        proposal.bumps.sort_by(|a, b| a.name.cmp(&b.name).then(a.kind.cmp(&b.kind)));
    }
    Ok(proposals)
}

/// The group that a bump is a part of.
fn group(catalog: &Catalog, bump: &Bump) -> Option<String> {
    let declared = catalog.declarations.get(&bump.name).and_then(|declaration| declaration.group.as_ref());
    let policy = &catalog.policy.propose;
    match (declared, bump.kind, policy.digests, policy.group_by) {
        (Some(group), ..) => Some(GroupName::as_str(group).to_owned()),
        (None, Kind::Step(Lane::Digest), Digests::Together, _) => Some("digests".into()),
        (None, _, _, GroupBy::All) => Some("all".into()),
        (None, _, _, GroupBy::Pin) => None,
    }
}

fn own_branch(catalog: &Catalog, bump: &Bump) -> Result<String, Clash> {
    let name = &bump.name;
    let branch = match bump.is_major() {
        true => format!("{PREFIX}pin/{name}-major"),
        false => format!("{PREFIX}pin/{name}"),
    };
    let other = match bump.is_major() {
        true => format!("{name}-major").parse().ok(),
        false => name.as_str().strip_suffix("-major").and_then(|name| name.parse().ok()),
    };
    match other.filter(|other: &PinName| catalog.declarations.contains_key(other)) {
        Some(other) if bump.is_major() => Err(Clash { branch, pin: name.clone(), major: other }),
        Some(other) => Err(Clash { branch, pin: other, major: name.clone() }),
        None => Ok(branch),
    }
}
