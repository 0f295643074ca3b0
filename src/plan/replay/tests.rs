//! What a replay does besides what the decision does.

use super::*;
use crate::catalog::{Files, Needs, parse};
use crate::document::SourceFile;
use crate::model::Sighting;
use crate::plan::Alarm;

fn at(day: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + day * 86400).unwrap()
}

/// Tag, content, day.
fn history(lines: &[(&str, &str, i64)]) -> Sightings {
    let mut seen = Sightings::default();
    for (tag, content, day) in lines {
        seen.note(Sighting { tag: (*tag).into(), content: (*content).into(), first_seen: at(*day) });
    }
    seen
}

fn declaration(rules: &str) -> Declaration {
    let files =
        Files { pins: Some(SourceFile::new("pins.toml", &format!("[pin.x]\n{rules}"))), ..Files::default() };
    parse(&files).unwrap().declarations.into_values().next().unwrap()
}

fn run(rules: &str, lines: &[(&str, &str, i64)], start: &Start) -> Result<Replayed, ReplayError> {
    let (declaration, history) = (declaration(rules), history(lines));
    let (from, to, every) = (at(0), at(20), Duration::from_secs(86400));
    replay(&Replay {
        declaration: &declaration,
        needs: &Needs::default(),
        history: &history,
        start,
        from,
        to,
        every,
    })
}

/// Each bump: day, lane, from, to.
fn bumps(replayed: &Replayed) -> Vec<String> {
    let day = |time: Timestamp| time.duration_since(at(0)).as_hours() / 24;
    let told = |bump: &Bump| {
        format!("{} {} {} {}", day(bump.at), bump.lane, bump.from.tag, bump.to.tag)
            + if bump.superseded { " superseded" } else { "" }
    };
    replayed.bumps.iter().map(told).collect()
}

const VERSIONS: &str = "image = \"x\"\ntrack = \"{version}\"\n";

#[test]
fn a_first_lock_waits_for_a_tag_and_bumps_wait_for_their_age() {
    let lines = [("1.0.0", "a", 2), ("1.0.1", "b", 5), ("1.0.0", "c", 4), ("other", "d", -9)];
    let replayed = run(VERSIONS, &lines, &Start::Rules).unwrap();
    assert_eq!(replayed.first.as_ref().unwrap().0, at(2));
    assert_eq!(bumps(&replayed), ["7 digest 1.0.0 1.0.0", "8 patch 1.0.0 1.0.1"]);
    let [stop] = replayed.stops.as_slice() else { panic!("{:?}", replayed.stops) };
    assert_eq!((stop.at, stop.looks), (at(0), 2));
    let says = "none of upstream's 1 tags matches the track {version}";
    assert_eq!(stop.outcome, Outcome::Nothing(says.into()));
    let numbers = &replayed.statistics;
    assert_eq!((numbers.looks, numbers.locked, numbers.replaced), (21, 19, 3));
    assert_eq!(numbers.time, Duration::from_secs(18 * 86400));
    assert_eq!(numbers.behind_most, Duration::from_secs(2 * 86400), "after the third day it is taken");
    assert_eq!(replayed.last.unwrap().tag, "1.0.1");
}

#[test]
fn a_hold_counts_as_being_behind() {
    let held = format!("{VERSIONS}hold = \"a freeze\"\nhold-until = 2023-12-01\n");
    let replayed = run(&held, &[("1.0.0", "a", -9), ("1.0.1", "b", 1)], &Start::Tag("1.0.0".into())).unwrap();
    assert_eq!(bumps(&replayed), ["17 patch 1.0.0 1.0.1"]);
    assert_eq!(replayed.statistics.behind_most, Duration::from_secs(15 * 86400));
}

#[test]
fn what_was_replaced_is_taken_where_it_may_be() {
    let daily: Vec<(&str, String, i64)> = (0..20).map(|day| ("1.0.0", format!("build {day}"), day)).collect();
    let daily: Vec<(&str, &str, i64)> =
        daily.iter().map(|(tag, build, day)| (*tag, build.as_str(), *day)).collect();
    assert_eq!(bumps(&run(VERSIONS, &daily, &Start::Rules).unwrap()), Vec::<String>::new());
    let rebuilt = format!("{VERSIONS}rebuilt = true\n");
    let replayed = run(&rebuilt, &daily, &Start::Rules).unwrap();
    assert_eq!(bumps(&replayed)[0], "4 digest 1.0.0 1.0.0 superseded");
    assert_eq!(replayed.statistics.superseded, 17);
    assert_eq!(replayed.statistics.behind_median, Duration::from_secs(2 * 86400));
}

#[test]
fn an_alarm_stops_it_at_every_look_and_is_told_once() {
    let rules = "git = \"https://x/y.git\"\ntrack = \"v{version}\"\n";
    let lines = [("v1.0.0", "a", -9), ("v1.0.0", "b", 10), ("v1.0.1", "c", 1)];
    let locked = run(rules, &lines, &Start::Rules).unwrap();
    assert_eq!(bumps(&locked), ["4 patch v1.0.0 v1.0.1"], "a tag that was left may move");
    let lines = [("v1.0.0", "a", -9), ("v1.0.0", "b", 10), ("v1.0.1", "c", 12)];
    let stopped = run(rules, &lines, &Start::Rules).unwrap();
    assert_eq!(bumps(&stopped), Vec::<String>::new());
    let [stop] = stopped.stops.as_slice() else { panic!("{:?}", stopped.stops) };
    assert!(matches!(stop.outcome, Outcome::Alarm(Alarm::Moved { .. })));
    assert_eq!((stop.at, stop.looks), (at(10), 11));
    let again = [lines.as_slice(), &[("v1.0.0", "d", 15)]].concat();
    let looks: Vec<usize> =
        run(rules, &again, &Start::Rules).unwrap().stops.iter().map(|stop| stop.looks).collect();
    assert_eq!(looks, [5, 6], "it moved again");
}

#[test]
fn content_that_the_history_has_is_told_and_made_up_content_is_not() {
    let digest = crate::model::Digest::sha256(b"a").to_string();
    let lines = [("1.0.0", digest.as_str(), -9), ("1.0.1", "b", 1)];
    let replayed = run(VERSIONS, &lines, &Start::Rules).unwrap();
    let bump = &replayed.bumps[0];
    assert_eq!(bump.from, Held { tag: "1.0.0".into(), since: Some(at(-9)), content: Some(digest) });
    assert_eq!(bump.to, Held { tag: "1.0.1".into(), since: Some(at(1)), content: None });
}

#[test]
fn several_majors_are_a_choice_and_a_tag_chooses() {
    let lines = [("1.0.0", "a", -9), ("2.0.0", "b", -8), ("1.0.1", "c", 1)];
    let ambiguous = run(VERSIONS, &lines, &Start::Rules).unwrap();
    assert_eq!(ambiguous.first, None);
    let choices = vec!["2.0.0".to_owned(), "1.0.0".to_owned()];
    assert_eq!(ambiguous.stops[0].outcome, Outcome::Ambiguous(choices));
    assert_eq!(ambiguous.stops.len(), 1);
    let chosen = run(VERSIONS, &lines, &Start::Tag("1.0.0".into())).unwrap();
    assert_eq!(bumps(&chosen), ["4 patch 1.0.0 1.0.1"]);
    let error = run(VERSIONS, &lines, &Start::Tag("1.0.1".into())).unwrap_err();
    assert!(error.to_string().starts_with("there was no tag 1.0.1 at 2023-11-14T"), "{error}");
    let error = run(VERSIONS, &lines, &Start::Tag("1.0".into())).unwrap_err();
    assert_eq!(error.to_string(), "the tag 1.0 does not match the track {version}");
}

#[test]
fn a_lock_can_be_given() {
    let lines = [("1.0.0", "a", -9), ("1.0.0", "b", -8), ("1.0.1", "c", 1)];
    let earlier = run(VERSIONS, &lines[..1], &Start::Rules).unwrap();
    let declaration = declaration(VERSIONS);
    let history = history(&lines);
    let start = Start::Rules;
    let (from, to, every) = (at(-9), at(-9), Duration::from_secs(1));
    let replay = Replay {
        declaration: &declaration,
        needs: &Needs::default(),
        history: &history,
        start: &start,
        from,
        to,
        every,
    };
    let mut upstream = Recorded::new(&replay);
    upstream.advance(at(-9));
    let pin = upstream.pin("1.0.0").unwrap();
    assert_eq!(upstream.held(&pin), earlier.last.unwrap());
    let given = run(VERSIONS, &lines, &Start::Pin(Box::new(pin))).unwrap();
    assert_eq!(bumps(&given), ["0 digest 1.0.0 1.0.0", "4 patch 1.0.0 1.0.1"]);
}

#[test]
fn times_that_make_no_sense_are_refused() {
    let (declaration, history, start) = (declaration(VERSIONS), history(&[("1.0.0", "a", 0)]), Start::Rules);
    let run = |from, to, seconds| {
        let every = Duration::from_secs(seconds);
        let replay = Replay {
            declaration: &declaration,
            needs: &Needs::default(),
            history: &history,
            start: &start,
            from,
            to,
            every,
        };
        super::replay(&replay).map(|replayed| replayed.statistics)
    };
    assert!(matches!(run(at(1), at(0), 60), Err(ReplayError::Ends { .. })));
    assert!(matches!(run(at(0), at(1), 0), Err(ReplayError::Looks { .. })));
    assert!(matches!(run(at(0), at(10_000), 60), Err(ReplayError::Looks { .. })));
    let one = run(at(0), at(0), 60).unwrap();
    assert_eq!((one.looks, one.a_year(1)), (1, None));
}
