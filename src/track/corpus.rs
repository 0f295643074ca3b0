//! Tags as upstreams write them, each with the track that is inferred from it and what is right to take next.
//!
//! The cases are in `corpus.toml`, whose head says what they hold. What comes next is chosen here in the plainest way
//! that the readings of a track allow; a policy is no part of it.

use std::collections::{BTreeMap, BTreeSet};

use toml_edit::{DocumentMut, TableLike};

use super::*;
use crate::model::Lane;

struct Case {
    image: String,
    tag: String,
    track: String,
    candidates: Vec<String>,
    next: BTreeMap<String, String>,
    why: String,
}

fn cases() -> Vec<Case> {
    let document: DocumentMut = include_str!("corpus.toml").parse().unwrap();
    let cases = document["case"].as_array_of_tables().unwrap();
    cases.iter().map(|case| read(case)).collect()
}

fn read(case: &dyn TableLike) -> Case {
    let text = |key: &str| {
        case.get(key).and_then(|item| item.as_str()).unwrap_or_else(|| panic!("{key}")).to_owned()
    };
    let candidates = case.get("candidates").unwrap().as_array().unwrap();
    let next = case.get("next").unwrap().as_table_like().unwrap();
    Case {
        image: text("image"),
        tag: text("tag"),
        track: text("track"),
        candidates: candidates.iter().map(|tag| tag.as_str().unwrap().to_owned()).collect(),
        next: next.iter().map(|(lane, tag)| (lane.to_owned(), tag.as_str().unwrap().to_owned())).collect(),
        why: text("why"),
    }
}

/// The newest candidate of each lane.
fn next(case: &Case, track: &Track) -> BTreeMap<String, String> {
    let locked = track.read(&case.tag).unwrap();
    let readings = case.candidates.iter().filter_map(|tag| Some((track.read(tag)?, tag)));
    let newer = |version: &Version| locked.fits(version) && *version > locked;
    let mut newer: Vec<_> = readings.filter(|(version, _)| newer(version)).collect();
    newer.sort_by(|(a, _), (b, _)| a.cmp(b));
    let on_the_way = |version: &Version| locked.is_prerelease() && locked.same_target(version);
    if newer.iter().any(|(version, _)| on_the_way(version)) {
        newer.retain(|(version, _)| on_the_way(version));
        let released = newer.iter().any(|(version, _)| !version.is_prerelease());
        newer.retain(|(version, _)| !(released && version.is_prerelease()));
    } else {
        newer.retain(|(version, _)| !version.is_prerelease());
    }
    let lanes = newer.iter().filter_map(|(version, tag)| Some((locked.lane_to(version)?, *tag)));
    let mut next: BTreeMap<String, String> =
        lanes.map(|(lane, tag)| (lane.to_string(), tag.clone())).collect();
    let newest = newer.pop().map_or(locked, |(version, _)| version);
    next.extend(shape(case, track, &newest).map(|tag| (Lane::Shape.to_string(), tag)));
    next
}

fn shape(case: &Case, track: &Track, newest: &Version) -> Option<String> {
    let mut shapes = Shapes::new(newest.clone());
    for sibling in case.candidates.iter().filter_map(|tag| track.sibling(tag)) {
        shapes.feed(sibling, None);
    }
    shapes.ended(newest, "2026-08-20T00:00:00Z".parse().unwrap()).and_then(|sibling| sibling.tag())
}

#[test]
fn every_tag_is_read_as_people_mean_it() {
    let mut wrong = Vec::new();
    for case in cases() {
        let inferred = infer(&case.tag).unwrap();
        let track = Track::parse(&case.track).unwrap();
        if inferred.as_str() != case.track {
            wrong.push(format!("{} {}: inferred {inferred}, not {}", case.image, case.tag, case.track));
        }
        match track.read(&case.tag) {
            Some(version) if track.write(&version) == case.tag => {}
            _ => wrong.push(format!("{} {}: not read by {}", case.image, case.tag, case.track)),
        }
        if why_literal(&case.tag).is_some() != inferred.is_literal() {
            wrong.push(format!("{} {}: {:?}", case.image, case.tag, why_literal(&case.tag)));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn of_real_candidates_the_right_ones_are_next() {
    let mut wrong = Vec::new();
    for case in cases() {
        let found = next(&case, &Track::parse(&case.track).unwrap());
        if found != case.next {
            let Case { image, tag, next, why, .. } = &case;
            wrong.push(format!("{image} {tag} ({why})\n  found {found:?}\n  right {next:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_cases_are_many_and_say_why() {
    let cases = cases();
    assert!(cases.len() >= 150, "{}", cases.len());
    let distinct: BTreeSet<_> = cases.iter().map(|case| (&case.image, &case.tag)).collect();
    assert_eq!(distinct.len(), cases.len());
    for Case { tag, candidates, next, why, .. } in &cases {
        assert!(why.len() >= 10 && !candidates.is_empty(), "{tag}");
        assert!(next.values().all(|tag| candidates.contains(tag)), "{tag}: next is not a candidate");
    }
}
