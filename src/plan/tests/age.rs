//! Age: what was seen decides, and nothing else does.

use super::*;

const SLIM: &str = "track = \"bookworm-slim\"\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\n";

/// What was seen: tag, build, hour.
pub(super) fn seen(lines: &[(&str, &str, i64)]) -> Option<(Sightings, BTreeSet<String>)> {
    let mut seen = Sightings::default();
    for (tag, build, hour) in lines {
        let content = Digest::sha256(build.as_bytes()).to_string();
        seen.note(Sighting { tag: (*tag).into(), content, first_seen: at(*hour) });
    }
    Some((seen, BTreeSet::new()))
}

/// A tag that named `a` when it was locked, and names `now`.
fn moved(now: &str, lines: &[(&str, i64)]) -> (World, Pin) {
    let mut world = World::of(&["bookworm-slim"]);
    world.tags.get_mut("bookworm-slim").unwrap().0 = "a".into();
    let locked = world.pin("bookworm-slim", BOTH);
    world.tags.get_mut("bookworm-slim").unwrap().0 = now.into();
    let lines: Vec<_> =
        lines.iter().map(|(build, hour)| ("bookworm-slim", *build, *hour)).collect::<Vec<_>>();
    world.past = seen(&lines);
    world.served = Some(true);
    (world, locked)
}

fn note(decision: &Decision) -> &str {
    match &decision.outcome {
        Outcome::Keep { note: Some(note) } => note,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_rebuild_waits_for_its_age_and_is_not_read_meanwhile() {
    let (mut world, locked) = moved("b", &[("a", -900), ("b", 0)]);
    for (hours, says) in
        [(0, Some("eligible in 3 d")), (71, Some("2 d 23 h ago; eligible in 1 h")), (72, None)]
    {
        world.hours = hours;
        world.asked.clear();
        let decision = world.decide(SLIM, Some(&locked), &Wish::Rules);
        match says {
            Some(says) => {
                assert!(note(&decision).contains(says), "{}", note(&decision));
                let digest = Digest::sha256(b"a").short();
                assert_eq!(world.asked, ["bookworm-slim".to_owned(), format!("served {digest}")]);
            }
            None => assert_eq!(goes_to(&decision), "digest bookworm-slim"),
        }
    }
    world.hours = 1;
    let young = Wish::Young { because: "a fix".into() };
    assert_eq!(goes_to(&world.decide(SLIM, Some(&locked), &young)), "digest bookworm-slim");
    let settles = format!("{SLIM}settle = \"6h\"\n");
    assert!(note(&world.decide(&settles, Some(&locked), &young)).contains("eligible in 5 h"), "settle holds");
    let to = Wish::Tag { tag: "bookworm-slim".into(), because: Some("a fix".into()) };
    assert_eq!(goes_to(&world.decide(&settles, Some(&locked), &to)), "digest bookworm-slim");
    let unexplained = Wish::Tag { tag: "bookworm-slim".into(), because: None };
    let refused = world.decide(SLIM, Some(&locked), &unexplained).outcome;
    assert!(matches!(refused, Outcome::Refused { reason, .. } if reason.contains("eligible in 2 d 23 h")));
}

#[test]
fn what_nobody_saw_before_was_first_seen_now_and_a_future_time_counts_as_now() {
    let (mut world, locked) = moved("b", &[("a", -900)]);
    let decision = world.decide(SLIM, Some(&locked), &Wish::Rules);
    assert!(note(&decision).contains("first seen 0 s ago; eligible in 3 d"), "{}", note(&decision));
    let b = ("bookworm-slim".to_owned(), Digest::sha256(b"b").to_string());
    assert_eq!(decision.seen, [b]);
    let (mut world, locked) = moved("b", &[("a", -900), ("b", 500)]);
    assert!(note(&world.decide(SLIM, Some(&locked), &Wish::Rules)).contains("first seen 0 s ago"));
}

#[test]
fn without_a_memory_age_is_not_applied_and_without_the_journal_it_is_not_known() {
    let (mut world, locked) = moved("b", &[]);
    world.past = None;
    assert_eq!(goes_to(&world.decide(SLIM, Some(&locked), &Wish::Rules)), "digest bookworm-slim");
    world.not_fetched = true;
    let decision = world.decide(SLIM, Some(&locked), &Wish::Rules);
    assert!(note(&decision).contains("the journal was not fetched"), "{}", note(&decision));
    let none = format!("{SLIM}min-age = \"0s\"\n");
    assert_eq!(goes_to(&world.decide(&none, Some(&locked), &Wish::Rules)), "digest bookworm-slim");
}

#[test]
fn a_first_lock_takes_the_newest_whatever_its_age() {
    let mut world = World::of(&["1.0.0", "1.0.1"]);
    world.past = seen(&[("1.0.0", "1.0.0", -900)]);
    assert_eq!(goes_to(&world.decide("track = \"{version}\"\n", None, &Wish::Rules)), "first 1.0.1");
}

#[test]
fn an_older_version_is_taken_while_the_newest_is_too_young() {
    let mut world = World::of(&["1.0.0", "1.0.1", "1.0.2", "1.0.3"]);
    let locked = world.pin("1.0.0", BOTH);
    world.past = seen(&[("1.0.1", "1.0.1", -900), ("1.0.2", "1.0.2", -80), ("1.0.3", "1.0.3", -20)]);
    let decision = world.decide("track = \"{version}\"\n", Some(&locked), &Wish::Rules);
    assert_eq!(goes_to(&decision), "patch 1.0.2");
    assert_eq!(reason(&decision, "1.0.3"), "was first seen 20 h ago; eligible in 2 d 4 h");
    assert_eq!(reason(&decision, "1.0.1"), "is older than 1.0.2");
}

#[test]
fn what_went_back_is_as_young_as_what_it_replaced() {
    let (mut world, locked) = moved("b", &[("a", -900), ("b", -500), ("c", -10)]);
    let decision = world.decide(SLIM, Some(&locked), &Wish::Rules);
    assert!(note(&decision).contains("names again what it named before; eligible in 2 d 14 h"));
    world.hours = 62;
    assert_eq!(goes_to(&world.decide(SLIM, Some(&locked), &Wish::Rules)), "digest bookworm-slim");
    let (mut world, locked) = moved("a", &[("a", -900), ("b", -10)]);
    assert_eq!(goes_to(&world.decide(SLIM, Some(&locked), &Wish::Rules)), "Keep { note: None }", "A, B, A");
}

#[test]
fn of_an_upstream_that_rebuilds_daily_what_was_replaced_is_taken() {
    let rebuilt = format!("{SLIM}rebuilt = true\n");
    let daily = [("a", -900), ("b", -96), ("c", -72), ("d", -48), ("e", -1)];
    let (mut world, locked) = moved("e", &daily);
    world.replaced = vec!["b", "c", "d"];
    assert!(matches!(world.decide(SLIM, Some(&locked), &Wish::Rules).outcome, Outcome::Keep { .. }));
    let decision = world.decide(&rebuilt, Some(&locked), &Wish::Rules);
    let Outcome::Move { to, superseded: true, lane: Lane::Digest } = &decision.outcome else { panic!() };
    assert_eq!(to.content(), Digest::sha256(b"c").to_string());
    world.replaced = vec!["b", "d"];
    let decision = world.decide(&rebuilt, Some(&locked), &Wish::Rules);
    let Outcome::Move { to, superseded: true, .. } = &decision.outcome else { panic!() };
    assert_eq!(to.content(), Digest::sha256(b"b").to_string(), "what is no longer served is not taken");
    world.replaced.clear();
    assert!(matches!(world.decide(&rebuilt, Some(&locked), &Wish::Rules).outcome, Outcome::Keep { .. }));
    let (mut world, locked) = moved("b", &[("a", -900), ("b", -500), ("c", -200), ("d", -1)]);
    world.replaced = vec!["c", "d"];
    let back = world.decide(&rebuilt, Some(&locked), &Wish::Rules);
    assert!(matches!(back.outcome, Outcome::Keep { .. }), "what was withdrawn is nobody's guess: {back:?}");
    let settled = format!("{rebuilt}settle = \"30h\"\n");
    let (mut world, locked) = moved("e", &[("a", -900), ("b", -120), ("c", -96), ("d", -60), ("e", -1)]);
    world.replaced = vec!["b", "c", "d"];
    let decision = world.decide(&settled, Some(&locked), &Wish::Rules);
    let Outcome::Move { to, .. } = &decision.outcome else { panic!("{decision:?}") };
    assert_eq!(to.content(), Digest::sha256(b"c").to_string(), "b stayed for a day only");
}

#[test]
fn nothing_goes_back_behind_what_is_locked() {
    let rebuilt = format!("{SLIM}rebuilt = true\n");
    let (mut world, locked) = moved("c", &[("z", -900), ("a", -20), ("c", -1)]);
    world.replaced = vec!["z"];
    assert!(matches!(world.decide(&rebuilt, Some(&locked), &Wish::Rules).outcome, Outcome::Keep { .. }));
}

#[test]
fn an_index_around_the_same_manifests_is_no_news_at_any_age() {
    let (mut world, locked) = moved("b", &[("a", -900), ("b", -1)]);
    let Pin::Image(mut pin) = locked else { panic!() };
    pin.platforms = world.manifest("bookworm-slim").unwrap().platforms;
    let decision = world.decide(SLIM, Some(&Pin::Image(pin.clone())), &Wish::Rules);
    assert!(note(&decision).contains("eligible in 2 d 23 h"), "it was not read: {}", note(&decision));
    world.hours = 100;
    let decision = world.decide(SLIM, Some(&Pin::Image(pin)), &Wish::Rules);
    assert!(note(&decision).contains("the manifests of its declared platforms did not"));
}

#[test]
fn what_left_the_registry_is_an_alarm_until_it_is_accepted() {
    let (mut world, locked) = moved("b", &[("a", -900), ("b", -1)]);
    world.served = Some(false);
    let Outcome::Alarm(alarm) = world.decide(SLIM, Some(&locked), &Wish::Rules).outcome else { panic!() };
    assert!(matches!(alarm, Alarm::Gone { .. }));
    world.past.as_mut().unwrap().1.insert(alarm.mark());
    assert!(matches!(world.decide(SLIM, Some(&locked), &Wish::Rules).outcome, Outcome::Keep { .. }));
    world.hours = 100;
    assert_eq!(goes_to(&world.decide(SLIM, Some(&locked), &Wish::Rules)), "digest bookworm-slim");
}

#[test]
fn a_locked_digest_that_nobody_saw_under_its_tag_is_an_alarm() {
    let (mut world, locked) = moved("c", &[("b", -900), ("c", -1)]);
    let Outcome::Alarm(alarm) = world.decide(SLIM, Some(&locked), &Wish::Rules).outcome else { panic!() };
    assert!(matches!(&alarm, Alarm::NeverSeen { tag, .. } if tag == "bookworm-slim"));
    assert_eq!(goes_to(&world.decide(SLIM, Some(&locked), &Wish::Accept)), "digest bookworm-slim");
    // What was locked before anybody looked is nobody's mistake.
    let (mut world, locked) = moved("c", &[]);
    let decision = world.decide(SLIM, Some(&locked), &Wish::Rules);
    assert!(matches!(decision.outcome, Outcome::Keep { .. }));
    assert!(decision.seen.iter().any(|(_, content)| *content == locked.content()), "{:?}", decision.seen);
}

#[test]
fn a_version_that_vanished_is_an_alarm_where_nothing_newer_replaces_it() {
    let mut world = World::of(&["1.0.0", "1.0.1"]);
    let locked = world.pin("1.0.1", BOTH);
    world.tags.remove("1.0.1");
    let track = "track = \"{version}\"\n";
    let Outcome::Alarm(alarm) = world.decide(track, Some(&locked), &Wish::Rules).outcome else { panic!() };
    assert!(matches!(alarm, Alarm::Vanished { .. }));
    world.past = Some((Sightings::default(), BTreeSet::from([alarm.mark()])));
    assert!(note(&world.decide(track, Some(&locked), &Wish::Rules)).contains("which was accepted"));
    world.past = None;
    world.tags.insert("1.0.2".into(), ("1.0.2".into(), BOTH.to_vec()));
    assert_eq!(goes_to(&world.decide(track, Some(&locked), &Wish::Rules)), "patch 1.0.2");
}

#[test]
fn an_index_that_is_being_filled_is_not_taken() {
    let mut world = World::of(&["1.0.0", "1.0.1"]);
    let locked = world.pin("1.0.0", BOTH);
    let track = "track = \"{version}\"\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\nmin-age = \"0s\"\nsettle = \"6h\"\n";
    world.tags.insert("1.0.1".into(), ("1.0.1".into(), vec!["linux/amd64"]));
    world.past = seen(&[("1.0.1", "1.0.1", -48)]);
    let decision = world.decide(track, Some(&locked), &Wish::Rules);
    assert_eq!(reason(&decision, "1.0.1"), "has no linux/arm64");
    world.tags.insert("1.0.1".into(), ("filled".into(), BOTH.to_vec()));
    world.past = seen(&[("1.0.1", "1.0.1", -48), ("1.0.1", "filled", -2)]);
    let decision = world.decide(track, Some(&locked), &Wish::Rules);
    assert_eq!(reason(&decision, "1.0.1"), "was first seen 2 h ago; eligible in 4 h");
    world.hours = 4;
    assert_eq!(goes_to(&world.decide(track, Some(&locked), &Wish::Rules)), "patch 1.0.1");
}

#[test]
fn a_tag_that_is_left_behind_is_said_to_be_frozen_and_a_busy_one_to_starve() {
    let mut world = World::of(&["1.0.0", "1.1.0"]);
    let locked = world.pin("1.0.0", BOTH);
    let newer = |hours| seen(&[("1.0.0", "1.0.0", -3000), ("1.1.0", "x", -2900), ("1.1.0", "1.1.0", hours)]);
    world.past = newer(-1000);
    let frozen = |world: &mut World| {
        world.decide("track = \"{version}\"\nallow = \"patch\"\n", Some(&locked), &Wish::Rules).notices
    };
    let Some(Notice::Frozen { tag, newer: by, .. }) = frozen(&mut world).pop() else { panic!() };
    assert_eq!((tag.as_str(), by.as_str()), ("1.0.0", "1.1.0"));
    world.past = newer(-2899);
    assert_eq!(frozen(&mut world), []);
    let (mut world, locked) = moved("f", &[("a", -900), ("b", -240), ("c", -200), ("d", -150), ("f", -1)]);
    assert_eq!(world.decide(SLIM, Some(&locked), &Wish::Rules).notices, [], "d stayed");
    let (mut world, locked) = moved("f", &[("a", -900), ("b", -150), ("c", -100), ("d", -50), ("f", -1)]);
    let notices = world.decide(SLIM, Some(&locked), &Wish::Rules).notices;
    assert!(matches!(notices.as_slice(), [Notice::Starving { builds: 4, .. }]), "{notices:?}");
}
