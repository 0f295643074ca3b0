//! Replays of what was recorded of real upstreams: every day's decision is compared with one that is computed another
//! way, and what is not eligible changes nothing.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    unreachable_pub,
    reason = "a test fails by panicking, and says what it counted"
)]

#[path = "replay/oracle.rs"]
mod oracle;
#[path = "replay/properties.rs"]
mod properties;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use oracle::{Course, DAY, Recorded, Rules, Step, seconds};
use solera_pin::catalog::{Declaration, Files, Needs, parse};
use solera_pin::document::SourceFile;
use solera_pin::model::{Sighting, Sightings};
use solera_pin::plan::replay::{Replay, Replayed, Start, replay};

const FROM: &str = "2024-01-01T00:00:00Z";
const TO: &str = "2026-05-31T00:00:00Z";

/// The records of an image: every tag, with the time that it came and the times at which it moved.
fn recorded(table: &str) -> Vec<Recorded> {
    let mut tags = Vec::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let moves = fields[3].split(',').filter(|time| *time != "-");
        let times: Vec<i64> = std::iter::once(fields[0]).chain(moves).map(seconds).collect();
        tags.extend(fields[5].split(' ').map(|tag| Recorded { tag: tag.into(), times: times.clone() }));
    }
    tags
}

fn debian() -> Vec<Recorded> {
    recorded(include_str!("../examples/recorded-upstream/data/debian.tsv"))
}

fn rust() -> Vec<Recorded> {
    recorded(include_str!("../examples/recorded-upstream/data/rust.tsv"))
}

fn wordpress() -> Vec<Recorded> {
    recorded(include_str!("../examples/recorded-upstream/data/wordpress.tsv"))
}

fn sightings(tags: &[Recorded]) -> Sightings {
    let mut seen = Sightings::default();
    for tag in tags {
        for time in &tag.times {
            let first_seen = Timestamp::from_second(*time).unwrap();
            seen.note(Sighting { tag: tag.tag.clone(), content: format!("built {time}"), first_seen });
        }
    }
    seen
}

fn declaration(rules: &str) -> Declaration {
    let text = format!("[pin.x]\nimage = \"x\"\n{rules}");
    let files = Files { pins: Some(SourceFile::new("pins.toml", &text)), ..Files::default() };
    parse(&files).unwrap().declarations.into_values().next().unwrap()
}

fn replayed(declaration: &Declaration, history: &Sightings, start: &Start) -> Replayed {
    let (from, to) = (FROM.parse().unwrap(), TO.parse().unwrap());
    let every = Duration::from_secs(86400);
    replay(&Replay { declaration, needs: &Needs::default(), history, start, from, to, every }).unwrap()
}

/// Compares each day's decision: what is not a step on a day is a step that only one of the two has.
fn compare(replayed: &Replayed, course: &Course) {
    let first = replayed
        .first
        .as_ref()
        .map(|(at, held)| (at.as_second(), held.tag.clone(), held.since.unwrap().as_second()));
    assert_eq!(first, course.first);
    let by_day = |steps: &[Step]| -> BTreeMap<i64, Step> {
        steps.iter().map(|step| (step.at, step.clone())).collect()
    };
    let lanes = ["digest", "patch", "minor", "major", "date", "pre", "shape"];
    let ours: Vec<Step> = replayed
        .bumps
        .iter()
        .map(|bump| Step {
            at: bump.at.as_second(),
            lane: lanes.into_iter().find(|lane| *lane == bump.lane.to_string()).unwrap(),
            from: bump.from.tag.clone(),
            from_built: bump.from.since.unwrap().as_second(),
            to: bump.to.tag.clone(),
            to_built: bump.to.since.unwrap().as_second(),
        })
        .collect();
    let (ours, theirs) = (by_day(&ours), by_day(&course.steps));
    assert_eq!(theirs.len(), course.steps.len(), "one decision a day");
    let mut day = seconds(FROM);
    while day <= seconds(TO) {
        assert_eq!(ours.get(&day), theirs.get(&day), "on {}", Timestamp::from_second(day).unwrap());
        day += DAY;
    }
    let numbers = &replayed.statistics;
    let mut behind: Vec<i64> = course.standings.iter().map(|(behind, ..)| *behind).collect();
    behind.sort_unstable();
    // The value that half of all, or nineteen in twenty, do not exceed.
    let at_most = |share: f64| {
        let enough = |value: &&i64| {
            behind.iter().filter(|other| other <= value).count() as f64 >= share * behind.len() as f64
        };
        u64::try_from(*behind.iter().find(enough).unwrap()).unwrap()
    };
    assert_eq!(numbers.locked, course.standings.len());
    let found = [numbers.behind_median, numbers.behind_p95, numbers.behind_most].map(|time| time.as_secs());
    assert_eq!(found, [at_most(0.5), at_most(0.95), at_most(1.0)]);
    let beyond = course.standings.iter().map(|(_, beyond, _)| *beyond).max().unwrap();
    assert_eq!(numbers.beyond_most.as_secs(), u64::try_from(beyond).unwrap());
    assert_eq!(numbers.replaced, course.standings.iter().filter(|(.., replaced)| *replaced).count());
}

fn tell(name: &str, replayed: &Replayed) {
    let numbers = &replayed.statistics;
    let lanes: Vec<String> = numbers
        .bumps
        .iter()
        .map(|(lane, count)| format!("{lane} {count} ({:.1} a year)", numbers.a_year(*count).unwrap()))
        .collect();
    let days = |time: Duration| time.as_secs_f64() / 86400.0;
    println!(
        "{name}: {} bumps in {} looks, {:.1} a year: {}; days behind {:.1} median, {:.1} at 95 %, {:.1} at most, {:.1} beyond; {} days replaced",
        numbers.total(),
        numbers.looks,
        numbers.a_year(numbers.total()).unwrap(),
        lanes.join(", "),
        days(numbers.behind_median),
        days(numbers.behind_p95),
        days(numbers.behind_most),
        days(numbers.beyond_most),
        numbers.replaced,
    );
}

/// Replays a track under a policy and compares it.
fn check(name: &str, tags: &[Recorded], track: &str, rules: &Rules) {
    let Rules { age, allow, rebuilt, .. } = rules;
    let policy = format!("min-age = \"{age}s\"\nallow = \"{allow}\"\nrebuilt = {rebuilt}\n");
    // The default policy is what a declaration without any of these means.
    let policy = if is_default(rules) { String::new() } else { policy };
    let declaration = declaration(&format!("track = \"{track}\"\n{policy}"));
    let start = rules.start.map_or(Start::Rules, |tag| Start::Tag(tag.into()));
    let before = Instant::now();
    let replayed = replayed(&declaration, &sightings(tags), &start);
    let taken = before.elapsed();
    assert_eq!(replayed.stops, []);
    let what =
        if policy.is_empty() { "the default policy".into() } else { policy.trim().replace('\n', ", ") };
    tell(&format!("{name} under {what}"), &replayed);
    println!("  {} tags, {} ms", tags.len(), taken.as_millis());
    compare(&replayed, &oracle::course(tags, rules, seconds(FROM), seconds(TO)));
}

fn is_default(rules: &Rules) -> bool {
    rules.age == 3 * DAY && rules.allow == "minor" && !rules.rebuilt
}

/// The default policy, and others that differ from it in one thing or two.
fn policies(rules: Rules) -> Vec<Rules> {
    let ages = [3 * DAY, 0, DAY, 30 * DAY].map(|age| Rules { age, ..rules });
    let lanes = ["digest", "patch", "major"].map(|allow| Rules { allow, ..rules });
    let rebuilt = [3 * DAY, 30 * DAY].map(|age| Rules { age, rebuilt: true, ..rules });
    [ages.as_slice(), &lanes, &rebuilt].concat()
}

fn default(numbers: oracle::Numbers, lanes: &'static [&'static str]) -> Rules {
    Rules { numbers, lanes, start: None, age: 3 * DAY, allow: "minor", rebuilt: false }
}

#[test]
fn wordpress_day_by_day() {
    let rules = default(oracle::wordpress, &["major", "minor", "patch"]);
    for rules in policies(Rules { start: Some("6.4.2-php8.3-fpm"), ..rules }) {
        check("wordpress", &wordpress(), "{major}.{minor}.{patch}-php8.3-fpm", &rules);
    }
}

#[test]
fn rust_day_by_day() {
    for rules in policies(default(oracle::rust, &["major", "minor"])) {
        check("rust", &rust(), "{major}.{minor}-slim-bookworm", &rules);
    }
}

#[test]
fn debian_day_by_day() {
    for rules in policies(default(oracle::bookworm, &[])) {
        check("debian", &debian(), "bookworm-slim", &rules);
    }
}

#[test]
fn dated_debian_day_by_day() {
    for rules in policies(default(oracle::dated, &["date"])) {
        check("debian, dated", &debian(), "bookworm-{date}-slim", &rules);
    }
}
