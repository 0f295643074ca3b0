//! What holds of every decision.

use proptest::prelude::*;

use super::*;

const TRACK: &str =
    "track = \"{major}.{minor}.{patch}-{pre}-fpm\"\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\n";

fn version() -> impl Strategy<Value = String> {
    let pre = prop_oneof![4 => Just(String::new()), 1 => (1u8..4).prop_map(|n| format!("-rc{n}"))];
    (0u8..3, 0u8..4, 0u8..12, pre).prop_map(|(a, b, c, pre)| format!("{a}.{b}.{c}{pre}-fpm"))
}

/// Tags that the rules can take from nowhere: of other shapes, or ignored.
fn stranger() -> impl Strategy<Value = String> {
    let shapes = ["{}.9.9-apache", "{}.9-fpm", "v{}.9.9-fpm", "nightly-{}", "9{}.0.0-fpm-x"];
    (0u8..9, proptest::sample::select(shapes.to_vec()))
        .prop_map(|(n, shape)| shape.replace("{}", &n.to_string()))
}

fn policy() -> impl Strategy<Value = String> {
    let allow = proptest::sample::select(vec!["digest", "patch", "minor", "major"]);
    let age = proptest::sample::select(vec!["0s", "1d", "3d", "30d"]);
    (allow, age, any::<bool>(), any::<bool>()).prop_map(|(allow, age, prerelease, rebuilt)| {
        format!("{TRACK}allow = \"{allow}\"\nmin-age = \"{age}\"\nprerelease = {prerelease}\nrebuilt = {rebuilt}\n")
    })
}

/// What was seen: for each tag, hours ago that its content and another one before it were.
fn remembered(tags: &[String], hours: &[i64]) -> Option<(Sightings, BTreeSet<String>)> {
    let mut seen = Sightings::default();
    for (i, tag) in tags.iter().enumerate() {
        let ago = hours[i % hours.len()];
        for (build, hour) in [(tag.clone(), -ago), (format!("{tag} before"), -ago - 50)] {
            let content = Digest::sha256(build.as_bytes()).to_string();
            seen.note(Sighting { tag: tag.clone(), content, first_seen: at(hour) });
        }
    }
    Some((seen, BTreeSet::new()))
}

fn decided(tags: &[String], policy: &str, hours: &[i64], remember: &[String]) -> (String, Option<String>) {
    let mut world = World::of(&tags.iter().map(String::as_str).collect::<Vec<_>>());
    world.past = remembered(remember, hours);
    world.served = Some(true);
    let locked = world.pin(&tags[0], BOTH);
    let decision = world.decide(policy, Some(&locked), &Wish::Rules);
    let to = match &decision.outcome {
        Outcome::Move { to, .. } => Some(to.tag().to_owned()),
        _ => None,
    };
    (format!("{:?}", decision.outcome), to)
}

proptest! {
    #[test]
    fn nothing_goes_down_and_what_cannot_be_taken_changes_nothing(
        tags in proptest::collection::vec(version(), 1..20),
        strangers in proptest::collection::vec(stranger(), 0..8),
        hours in proptest::collection::vec(0i64..2000, 1..6),
        policy in policy(),
    ) {
        let (outcome, to) = decided(&tags, &policy, &hours, &tags);
        let track = crate::track::Track::parse("{major}.{minor}.{patch}-{pre}-fpm").unwrap();
        if let Some(to) = to {
            prop_assert!(track.read(&to) >= track.read(&tags[0]), "{} -> {to}", tags[0]);
        }
        let all: Vec<String> = tags.iter().cloned().chain(strangers).collect();
        let (with_strangers, _) = decided(&all, &policy, &hours, &tags);
        prop_assert_eq!(outcome, with_strangers);
    }

    #[test]
    fn next_is_the_same_in_any_order(
        tags in proptest::collection::vec(prop_oneof![3 => version(), 1 => stranger()], 1..30),
        from in version(),
        seed in any::<usize>(),
    ) {
        use crate::plan::next::{Next, Rules};
        let rules = Rules { min_age: std::time::Duration::from_secs(3600), prerelease: seed % 2 == 0, now: at(0), reasons: true };
        let answer = |tags: &mut dyn Iterator<Item = &String>| {
            let track = crate::track::infer(&from).unwrap();
            let mut next = Next::new(track, &from, rules.clone()).unwrap();
            // When a tag was seen is a matter of the tag.
            tags.for_each(|tag| next.take(tag, (tag.len() % 2 == 0).then(|| at(-(tag.len() as i64 % 3)))));
            let answer = next.answer();
            let reasons: Vec<String> = answer.candidates.iter().map(|one| format!("{} {:?}", one.tag, one.verdict)).collect();
            (answer.lanes, reasons)
        };
        let middle = seed % tags.len();
        let rotated = tags[middle..].iter().chain(&tags[..middle]);
        prop_assert_eq!(answer(&mut tags.iter()), answer(&mut rotated.rev()));
    }
}
