//! The corpus of tags, decided by what the commands use.

use toml_edit::DocumentMut;

use super::*;
use crate::model::Allow;
use crate::plan::next::{Next, Rules};
use crate::track::{Track, infer};

struct Case {
    tag: String,
    why: String,
    candidates: Vec<String>,
    next: BTreeMap<Lane, String>,
}

fn cases() -> Vec<Case> {
    let document: DocumentMut = include_str!("../../track/corpus.toml").parse().unwrap();
    let lanes = [Lane::Patch, Lane::Minor, Lane::Major, Lane::Date, Lane::Pre, Lane::Shape];
    let read = |case: &toml_edit::Table| Case {
        tag: case["tag"].as_str().unwrap().into(),
        why: case["why"].as_str().unwrap().into(),
        candidates: case["candidates"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| tag.as_str().unwrap().into())
            .collect(),
        next: lanes
            .into_iter()
            .filter_map(|lane| {
                Some((lane, case["next"].get(lane.to_string().as_str())?.as_str().unwrap().into()))
            })
            .collect(),
    };
    document["case"].as_array_of_tables().unwrap().iter().map(read).collect()
}

fn answer<'t>(tag: &str, candidates: impl Iterator<Item = &'t String>) -> BTreeMap<Lane, String> {
    let now = "2026-08-20T00:00:00Z".parse().unwrap();
    let rules = Rules { min_age: std::time::Duration::ZERO, prerelease: false, now, reasons: false };
    let mut next = Next::new(infer(tag).unwrap(), tag, rules).unwrap();
    candidates.for_each(|candidate| next.take(candidate, None));
    next.answer().lanes.into_iter().collect()
}

#[test]
fn every_tag_goes_where_a_person_would() {
    let mut wrong = Vec::new();
    for Case { tag, why, candidates, next } in cases() {
        let found = answer(&tag, candidates.iter());
        if found != next {
            wrong.push(format!("{tag} ({why})\n  found {found:?}\n  right {next:?}"));
        }
        assert_eq!(answer(&tag, candidates.iter().rev()), found, "{tag}: the order of the list decides");
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// A pin goes to the newest of the lanes that its `allow` takes.
#[test]
fn a_pin_goes_where_next_says() {
    let usable = |tag: &String| tag.parse::<crate::model::Tag>().is_ok();
    for Case { tag, mut candidates, .. } in cases() {
        candidates.retain(usable);
        if !usable(&tag) || infer(&tag).unwrap().is_literal() {
            continue;
        }
        let track: Track = infer(&tag).unwrap();
        let lanes = answer(&tag, candidates.iter());
        candidates.push(tag.clone());
        let mut world = World::of(&candidates.iter().map(String::as_str).collect::<Vec<_>>());
        let locked = world.pin(&tag, BOTH);
        // A prerelease has its own way, which a smaller `allow` does not see.
        let least = if track.read(&tag).unwrap().is_prerelease() { Allow::Minor } else { Allow::Digest };
        for allow in Allow::ALL.into_iter().filter(|allow| *allow >= least) {
            let declared = format!(
                "track = \"{track}\"\nallow = \"{allow}\"\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\n"
            );
            let decision = world.decide(&declared, Some(&locked), &Wish::Rules);
            let to = match &decision.outcome {
                Outcome::Move { to, .. } => Some(to.tag().to_owned()),
                Outcome::Keep { .. } => None,
                other => panic!("{tag}: {other:?}"),
            };
            let from = track.read(&tag).unwrap();
            let within = lanes.iter().filter(|(lane, _)| **lane != Lane::Shape);
            let within = within.map(|(_, tag)| (track.read(tag).unwrap(), tag));
            let within =
                within.filter(|(version, _)| from.allow_to(version).is_some_and(|needed| needed <= allow));
            let best = within.max_by(|(a, _), (b, _)| a.cmp(b)).map(|(_, tag)| tag.clone());
            assert_eq!(to, best, "{tag} under allow = {allow}");
        }
    }
}
