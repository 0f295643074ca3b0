//! A pin for each upstream's tag.

use std::collections::BTreeMap;

use super::apart;
use super::names::Names;
use super::survey::{Source, Survey, Uses};
use crate::model::PinName;
use crate::track::{Track, infer};

/// A pin that would follow what files name.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Its name.
    pub name: PinName,
    /// Where its versions come from.
    pub source: Source,
    /// The tag that files name.
    pub tag: String,
    /// What it follows.
    pub track: Track,
    /// The files that it is for; every file where there is none.
    pub paths: Vec<String>,
    /// How it is used.
    pub uses: Uses,
    /// Whether its track is its tag only because another pin would follow the same tags.
    pub narrowed: bool,
}

impl Proposal {
    /// Whether its tag moves by convention.
    pub fn is_moving_tag(&self) -> bool {
        matches!(self.source, Source::Git(_)) && is_moving_git_tag(&self.tag)
    }
}

/// Whether a git tag moves by convention: one of fewer than three numbers is where a major or minor stands.
pub fn is_moving_git_tag(tag: &str) -> bool {
    let numbers = tag.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty());
    let is_date = || infer(tag).is_ok_and(|shape| shape.is_dated());
    numbers.count() < 3 && !is_date()
}

/// A pin for each upstream's tag, in the order of their names; no two of them follow a reference.
pub fn proposals(survey: &Survey) -> Vec<Proposal> {
    let mut sources: BTreeMap<&Source, Vec<(&str, &Uses)>> = BTreeMap::new();
    for (source, tag, uses) in survey.outside() {
        sources.entry(source).or_default().push((tag, uses));
    }
    let mut names = Names::default();
    let mut proposals = Vec::new();
    for source in names.in_order(sources.keys().copied()) {
        let drafts = sources.remove(source).unwrap_or_default();
        let mut drafts: Vec<apart::Draft<'_>> =
            drafts.into_iter().filter_map(|(tag, uses)| apart::Draft::new(tag, uses)).collect();
        apart::tell_apart(&mut drafts);
        for (draft, name) in drafts.iter().zip(names.of(source, &drafts)) {
            proposals.push(Proposal {
                name,
                source: source.clone(),
                tag: draft.tag.to_owned(),
                track: draft.track.clone(),
                paths: draft.paths.clone(),
                uses: draft.uses.clone(),
                narrowed: draft.narrowed,
            });
        }
    }
    proposals.sort_by(|a, b| a.name.cmp(&b.name));
    proposals
}
