//! What changes nothing.

use std::time::Duration;

use jiff::Timestamp;
use proptest::prelude::*;
use solera_pin::catalog::Needs;
use solera_pin::document::SourceFile;
use solera_pin::history::History;
use solera_pin::model::Sightings;
use solera_pin::plan::replay::{Replay, Replayed, Start, replay};

use super::declaration;

const LOCKED: &str = "5.2.1";

/// Hours after the day that the histories begin on, and content where it is named.
type Line = (String, u16, Option<u8>);

/// The hour of the first look.
const FIRST: i64 = 40;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + hour * 3600).unwrap()
}

fn text(lines: &[Line]) -> String {
    let line = |(tag, hour, content): &Line| {
        let content = content.map_or(String::new(), |content| format!("\tbuild {content}"));
        format!("{tag}\t{}{content}\n", at(i64::from(*hour)))
    };
    lines.iter().map(line).collect()
}

fn history(lines: &[Line]) -> Sightings {
    let file = SourceFile::new("history.tsv", &text(lines));
    History::parse(&file).unwrap().of("x").unwrap().clone()
}

fn run(lines: &[Line], rules: &str) -> Replayed {
    let declaration = declaration(&format!("track = \"{{version}}-{{pre}}\"\n{rules}"));
    let (from, to) = (at(FIRST), at(FIRST + 15 * 24));
    let (every, history) = (Duration::from_secs(17 * 3600), history(lines));
    let start = &Start::Tag(LOCKED.into());
    replay(&Replay {
        declaration: &declaration,
        needs: &Needs::default(),
        history: &history,
        start,
        from,
        to,
        every,
    })
    .unwrap()
}

fn hour() -> impl Strategy<Value = u16> {
    0..400_u16
}

fn content() -> impl Strategy<Value = Option<u8>> {
    prop::option::weighted(0.3, 0..4_u8)
}

/// Versions near the one that is locked at first, each with some builds, more of that one than of others.
fn lines() -> impl Strategy<Value = Vec<Line>> {
    let tag = (4..8_u8, 0..4_u8, 0..12_u8).prop_map(|(a, b, c)| format!("{a}.{b}.{c}"));
    let tag = prop_oneof![1 => Just(LOCKED.to_owned()), 2 => tag];
    let lines = prop::collection::vec((tag, hour(), content()), 0..16);
    lines.prop_map(|mut lines| {
        lines.push((LOCKED.into(), 0, None));
        lines
    })
}

fn rules() -> impl Strategy<Value = String> {
    let allow = prop::sample::select(vec!["digest", "patch", "minor", "major"]);
    (allow, 0..100_u8, 0..30_u8, any::<bool>()).prop_map(|(allow, age, settle, rebuilt)| {
        format!("allow = \"{allow}\"\nmin-age = \"{age}h\"\nsettle = \"{settle}h\"\nrebuilt = {rebuilt}\n")
    })
}

/// Tags of another shape, older ones than what is locked at first, and prereleases.
fn not_eligible() -> impl Strategy<Value = Vec<Line>> {
    let (a, b) = (0..12_u8, 0..12_u8);
    let other = (a.clone(), b.clone()).prop_map(|(a, b)| format!("{a}.{b}"));
    let flavour = (a.clone(), b.clone()).prop_map(|(a, b)| format!("{a}.{b}.0-slim"));
    let older = (0..5_u8, b.clone()).prop_map(|(a, b)| format!("{a}.{b}.3"));
    let prerelease = (a, b).prop_map(|(a, b)| format!("{a}.{b}.0-rc1"));
    let tag = prop_oneof![other, flavour, older, prerelease];
    prop::collection::vec((tag, hour(), content()), 1..8)
}

fn decided(replayed: &Replayed) -> impl PartialEq + std::fmt::Debug {
    (replayed.first.clone(), replayed.bumps.clone(), replayed.stops.clone(), replayed.statistics.clone())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused_at_a_place(text in "(\\{\"images\": ?)?[\\{\\[\\]\\}\",:#ä\t\n 1a-]{0,60}") {
        let file = SourceFile::new("history", &text);
        if let Err(problem) = History::parse(&file) {
            prop_assert!(file.text.get(problem.place.span).is_some());
        }
    }

    #[test]
    fn what_is_not_eligible_changes_no_decision(lines in lines(), more in not_eligible(), rules in rules()) {
        let without = run(&lines, &rules);
        let with = run(&[lines, more].concat(), &rules);
        prop_assert_eq!(decided(&without), decided(&with));
    }

    #[test]
    fn the_order_of_lines_does_not_matter((lines, shuffled) in lines().prop_flat_map(|lines| {
        (Just(lines.clone()), Just(lines).prop_shuffle())
    }), rules in rules()) {
        prop_assert_eq!(run(&lines, &rules), run(&shuffled, &rules));
    }

    #[test]
    fn no_age_leaves_nothing_behind_and_nothing_goes_down(lines in lines(), rules in rules()) {
        let eager = run(&lines, "min-age = \"0s\"\n");
        prop_assert_eq!(eager.statistics.behind_most, Duration::ZERO);
        prop_assert_eq!(eager.statistics.replaced, 0);
        let numbers = |tag: &str| -> Vec<u32> { tag.split('.').map(|part| part.parse().unwrap()).collect() };
        for bump in run(&lines, &rules).bumps {
            prop_assert!(numbers(&bump.to.tag) >= numbers(&bump.from.tag), "{:?}", bump);
            prop_assert!(bump.to.tag != bump.from.tag || bump.to.since > bump.from.since, "{:?}", bump);
            prop_assert!(bump.to.since.unwrap() <= bump.at);
        }
    }
}
