//! The stages of a Dockerfile: what each begins with, copies, mounts and fetches, and which of them a target needs.

use std::collections::{BTreeMap, BTreeSet};

use super::walk::Walk;
use super::{Word, telling};
use crate::scan::Reference;

/// The stages of a Dockerfile, in order.
#[derive(Clone, Debug, Default)]
pub struct Stages {
    /// In the order in which they stand.
    pub list: Vec<BuildStage>,
    /// What stands in no stage, where the builder refuses it.
    pub(super) outside: Vec<Reference>,
}

/// One stage.
#[derive(Clone, Debug)]
pub struct BuildStage {
    /// As it is written.
    pub name: Option<Word>,
    /// What it begins with.
    pub base: Source,
    /// What it copies and mounts from, with what the `ONBUILD`s of the stage copy and mount that it begins with.
    pub sources: Vec<Source>,
    /// What `ADD` and `RUN` fetch, and what its `ONBUILD`s name, if no stage of this file begins with it.
    pub fetches: Vec<Reference>,
}

/// Where files come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// From nowhere: `scratch`.
    Scratch,
    /// From an earlier stage, by its index; one of several where the platform chooses.
    Stages(Vec<usize>),
    /// From outside this build.
    Outside(Reference),
}

/// The stages of a Dockerfile that is built with arguments and for platforms; see [`super::scan_for`].
pub fn stages(text: &str, given: &BTreeMap<String, String>, platforms: &[String]) -> Stages {
    let instructions = telling(text);
    let mut walk = Walk::new(text, given, platforms, &instructions);
    instructions.iter().for_each(|instruction| walk.instruction(instruction));
    walk.found()
}

impl Stages {
    /// The indexes of the stages that are built for a target, a name or a number; for the last stage, if there is no
    /// target. `None` if there is no such stage.
    pub fn used(&self, target: Option<&str>) -> Option<BTreeSet<usize>> {
        let target = match target {
            None => self.list.len().checked_sub(1),
            Some(target) => self.named(target).or_else(|| target.parse().ok()),
        };
        let mut open = vec![target.filter(|target| *target < self.list.len())?];
        let mut used = BTreeSet::new();
        while let Some(index) = open.pop() {
            let Some(stage) = self.list.get(index).filter(|_| used.insert(index)) else {
                continue;
            };
            open.extend([&stage.base].into_iter().chain(&stage.sources).flat_map(Source::stages));
        }
        Some(used)
    }

    /// The indexes of the last stage and of those that it begins with: what they add is in the image.
    pub fn last_with_bases(&self) -> BTreeSet<usize> {
        let mut open: Vec<usize> = self.list.len().checked_sub(1).into_iter().collect();
        let mut found = BTreeSet::new();
        while let Some(index) = open.pop() {
            let Some(stage) = self.list.get(index).filter(|_| found.insert(index)) else { continue };
            open.extend(stage.base.stages());
        }
        found
    }

    /// What the last stage comes from in the end, and in which stage that stands: several, where the platform chooses.
    pub fn bases(&self) -> Vec<(usize, &Source)> {
        let stages =
            self.last_with_bases().into_iter().filter_map(|index| Some((index, self.list.get(index)?)));
        stages
            .map(|(index, stage)| (index, &stage.base))
            .filter(|(_, base)| base.stages().is_empty())
            .collect()
    }

    /// The last stage of a name, in any case.
    fn named(&self, name: &str) -> Option<usize> {
        let is_named = |stage: &BuildStage| {
            stage.name.as_ref().is_some_and(|own| own.text.to_lowercase() == name.to_lowercase())
        };
        self.list.iter().rposition(is_named)
    }

    /// Everything that the stages name of the outside; what an `ONBUILD` names, once for each stage that it is for.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.outside.iter().chain(self.list.iter().flat_map(BuildStage::references))
    }

    /// The same, taken out.
    pub(super) fn into_references(self) -> impl Iterator<Item = Reference> {
        let of_stage = |stage: BuildStage| {
            let sources = [stage.base].into_iter().chain(stage.sources);
            sources.filter_map(Source::into_outside).chain(stage.fetches)
        };
        self.outside.into_iter().chain(self.list.into_iter().flat_map(of_stage))
    }
}

impl BuildStage {
    /// Everything that the stage names of the outside.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        let sources = [&self.base].into_iter().chain(&self.sources);
        sources.filter_map(Source::outside).chain(&self.fetches)
    }
}

impl Source {
    /// The indexes of the stages.
    pub fn stages(&self) -> &[usize] {
        match self {
            Self::Stages(stages) => stages,
            _ => &[],
        }
    }

    /// What is named, where it is of the outside.
    pub fn outside(&self) -> Option<&Reference> {
        match self {
            Self::Outside(reference) => Some(reference),
            _ => None,
        }
    }

    fn into_outside(self) -> Option<Reference> {
        match self {
            Self::Outside(reference) => Some(reference),
            _ => None,
        }
    }
}
