mod age;
mod corpus;
mod git;
mod many;
mod properties;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::image::{Facts, Next, Seen};
use super::*;
use crate::catalog::{Files, Needs, Upstream, parse};
use crate::document::SourceFile;
use crate::model::{Digest, ImagePin, Lane, Manifest, MediaType, Platform, Sighting, Sightings};

/// A registry as a table: what each tag names.
#[derive(Default)]
struct World {
    tags: BTreeMap<String, (String, Vec<&'static str>)>,
    /// Builds that a tag named, and that are still served.
    replaced: Vec<&'static str>,
    served: Option<bool>,
    asked: Vec<String>,
    /// What was seen; nobody remembers where there is nothing.
    past: Option<(Sightings, BTreeSet<String>)>,
    not_fetched: bool,
    /// How many candidates of a kind are kept; all where it is not said.
    most: Option<usize>,
    /// The tag by which it can be told whether the locked one is left behind.
    watched: Option<String>,
    /// Hours since the day that the tests begin on.
    hours: i64,
}

fn made(build: &str, platforms: &[&str]) -> Manifest {
    let child =
        |p: &&str| (p.parse::<Platform>().unwrap(), Digest::sha256(format!("{build} {p}").as_bytes()));
    Manifest {
        digest: Digest::sha256(build.as_bytes()),
        media_type: MediaType::OciIndex,
        platforms: platforms.iter().map(child).collect(),
        bases: BTreeMap::new(),
        revisions: BTreeMap::new(),
    }
}

/// A time of the tests.
fn at(hours: i64) -> jiff::Timestamp {
    "2026-05-31T00:00:00Z".parse::<jiff::Timestamp>().unwrap() + jiff::SignedDuration::from_hours(hours)
}

impl World {
    fn of(tags: &[&str]) -> Self {
        let content = |tag: &&str| (tag.to_string(), (tag.to_string(), vec!["linux/amd64", "linux/arm64"]));
        Self { tags: tags.iter().map(content).collect(), ..Self::default() }
    }

    fn manifest(&self, tag: &str) -> Option<Manifest> {
        let (build, platforms) = self.tags.get(tag)?;
        Some(made(build, platforms))
    }

    fn pin(&self, tag: &str, platforms: &[&str]) -> Pin {
        let manifest = self.manifest(tag).unwrap();
        let wanted: Vec<Platform> = platforms.iter().map(|p| p.parse().unwrap()).collect();
        Pin::Image(ImagePin {
            repository: "x".parse().unwrap(),
            tag: tag.parse().unwrap(),
            digest: manifest.digest,
            media_type: manifest.media_type,
            platforms: manifest.platforms.into_iter().filter(|(p, _)| wanted.contains(p)).collect(),
        })
    }

    fn decide(&mut self, declaration: &str, locked: Option<&Pin>, wish: &Wish) -> Decision {
        let text = format!("[pin.x]\nimage = \"x\"\n{declaration}");
        let catalog =
            parse(&Files { pins: Some(SourceFile::new("pins.toml", &text)), ..Files::default() }).unwrap();
        let declaration = catalog.declarations.values().next().unwrap();
        let needs = catalog.needs(declaration);
        let past = self.past.clone();
        let past = match &past {
            Some((seen, accepted)) => Past::Known { seen, accepted },
            None if self.not_fetched => Past::NotFetched,
            None => Past::Nobody,
        };
        let now = at(self.hours);
        let question = Question { declaration, needs: &needs, locked, now, past, wish };
        let Upstream::Image(repository) = &declaration.upstream else { panic!() };
        let tags = self.tags.keys().map(String::as_str);
        let mut shortlist = shortlist::sift(&question, tags, self.most.unwrap_or(usize::MAX));
        let mut facts = Facts::default();
        loop {
            match image::next(&question, repository, &mut shortlist, &facts) {
                Next::Decided(outcome) => {
                    let seen = image::seen(&question, &facts);
                    let decision = shortlist.decide(&question, outcome, seen);
                    self.watched = watched(&question, &decision.candidates).map(str::to_owned);
                    return decision;
                }
                Next::Read(digest) => {
                    self.asked.push(format!("read {}", digest.short()));
                    let manifest = self.tags.keys().filter_map(|tag| self.manifest(tag));
                    let manifest = manifest.chain(self.replaced.iter().map(|build| made(build, BOTH)));
                    let manifest = manifest.into_iter().find(|manifest| manifest.digest == digest);
                    facts.replaced.insert(digest, manifest.map(Arc::new));
                }
                Next::IsServed(digest) => {
                    self.asked.push(format!("served {}", digest.short()));
                    facts.locked_served = Some(self.served.unwrap());
                }
                Next::Look { tag, known } => {
                    self.asked.push(tag.to_string());
                    let seen = match self.manifest(tag.as_str()) {
                        None => Seen::Missing,
                        Some(manifest) if known.contains(&manifest.digest) => Seen::Claims(manifest.digest),
                        Some(manifest) => Seen::Names(Arc::new(manifest)),
                    };
                    let before = facts.tags.insert(tag, seen);
                    assert!(matches!(before, None | Some(Seen::Claims(_))), "asked twice");
                }
            }
        }
    }
}

fn reason(decision: &Decision, tag: &str) -> String {
    let candidate = decision.candidates.iter().find(|candidate| candidate.tag == tag).unwrap();
    match &candidate.verdict {
        Verdict::Rejected(rejection) => rejection.to_string(),
        verdict => format!("{verdict:?}"),
    }
}

fn goes_to(decision: &Decision) -> String {
    match &decision.outcome {
        Outcome::Move { to, lane, .. } => format!("{lane} {}", to.tag()),
        Outcome::First { to } => format!("first {}", to.tag()),
        other => format!("{other:?}"),
    }
}

const BOTH: &[&str] = &["linux/amd64", "linux/arm64"];
const WORDPRESS: &[&str] = &[
    "6.9.0-php8.3-fpm",
    "6.9.1-php8.3-fpm",
    "6.9.4-php8.3-fpm",
    "6.9.4-php8.4-fpm",
    "7.0.0-php8.3-fpm",
    "7.1.0-php8.3-fpm",
    "6.9.10-php8.3-fpm",
    "latest",
    "php8.3-fpm",
    "6.9-php8.3-fpm",
];
const TRACK: &str = "track = \"{version}-php8.3-fpm\"\n";

#[test]
fn the_newest_of_the_shape_is_taken_and_each_other_has_a_reason() {
    let mut world = World::of(WORDPRESS);
    let locked = world.pin("6.9.1-php8.3-fpm", BOTH);
    let decision = world.decide(TRACK, Some(&locked), &Wish::Rules);
    assert_eq!(goes_to(&decision), "patch 6.9.10-php8.3-fpm");
    assert_eq!(decision.other_shapes, 4);
    assert_eq!(reason(&decision, "7.1.0-php8.3-fpm"), "is a major step; needs allow = \"major\"");
    assert_eq!(reason(&decision, "6.9.4-php8.3-fpm"), "is older than 6.9.10-php8.3-fpm");
    assert_eq!(reason(&decision, "6.9.0-php8.3-fpm"), "is older than what is locked");
    let order: Vec<_> = decision.candidates.iter().map(|c| c.tag.split('-').next().unwrap()).collect();
    assert_eq!(order, ["7.1.0", "7.0.0", "6.9.10", "6.9.4", "6.9.1", "6.9.0"]);
    assert_eq!(world.asked, ["6.9.10-php8.3-fpm"], "one question");
}

#[test]
fn each_rule_rejects_for_its_own_reason() {
    for (rule, to, tag, says) in [
        (
            "allow = \"major\"\n",
            "major 7.1.0-php8.3-fpm",
            "7.0.0-php8.3-fpm",
            "is older than 7.1.0-php8.3-fpm",
        ),
        (
            "allow = \"major\"\nversion = \"<7.1\"\n",
            "major 7.0.0-php8.3-fpm",
            "7.1.0-php8.3-fpm",
            "does not satisfy version = \"<7.1\"",
        ),
        (
            "ignore = [\"6.9.1?-*\"]\n",
            "patch 6.9.4-php8.3-fpm",
            "6.9.10-php8.3-fpm",
            "matches ignore = \"6.9.1?-*\"",
        ),
        (
            "allow = \"digest\"\n",
            "Keep { note: None }",
            "6.9.4-php8.3-fpm",
            "is a patch step; needs allow = \"patch\"",
        ),
        ("hold = \"a freeze\"\n", "Held(\"a freeze\")", "6.9.4-php8.3-fpm", "is held: a freeze"),
        // Without the hold it would not be taken either.
        ("hold = \"a freeze\"\n", "Held(\"a freeze\")", "6.9.0-php8.3-fpm", "is older than what is locked"),
        (
            "hold = \"a freeze\"\nhold-until = 2026-06-01\n",
            "Held(\"a freeze\")",
            "6.9.4-php8.3-fpm",
            "is held: a freeze",
        ),
        (
            "hold = \"a freeze\"\nhold-until = 2026-05-31\n",
            "patch 6.9.10-php8.3-fpm",
            "6.9.1-php8.3-fpm",
            "is older than 6.9.10-php8.3-fpm",
        ),
    ] {
        let mut world = World::of(WORDPRESS);
        let locked = world.pin("6.9.1-php8.3-fpm", BOTH);
        let decision = world.decide(&format!("{TRACK}{rule}"), Some(&locked), &Wish::Rules);
        assert_eq!((goes_to(&decision).as_str(), reason(&decision, tag).as_str()), (to, says), "{rule}");
    }
}

#[test]
fn a_first_choice_between_majors_is_a_persons() {
    let mut world = World::of(WORDPRESS);
    let decision = world.decide(TRACK, None, &Wish::Rules);
    assert_eq!(
        decision.outcome,
        Outcome::Ambiguous(vec!["7.1.0-php8.3-fpm".into(), "6.9.10-php8.3-fpm".into()])
    );
    assert!(world.asked.is_empty());
    let decision = world.decide(&format!("{TRACK}version = \"^6.9\"\n"), None, &Wish::Rules);
    assert_eq!(goes_to(&decision), "first 6.9.10-php8.3-fpm");
    let to = Wish::Tag { tag: "7.0.0-php8.3-fpm".into(), because: None };
    assert_eq!(goes_to(&world.decide(TRACK, None, &to)), "first 7.0.0-php8.3-fpm");
}

#[test]
fn a_tag_without_the_declared_platforms_is_passed_over() {
    let mut world = World::of(WORDPRESS);
    world.tags.get_mut("6.9.10-php8.3-fpm").unwrap().1 = vec!["linux/amd64"];
    let locked = world.pin("6.9.1-php8.3-fpm", BOTH);
    let declaration = format!("{TRACK}platforms = [\"linux/amd64\", \"linux/arm64/v8\"]\n");
    let decision = world.decide(&declaration, Some(&locked), &Wish::Rules);
    assert_eq!(goes_to(&decision), "patch 6.9.4-php8.3-fpm");
    assert_eq!(reason(&decision, "6.9.10-php8.3-fpm"), "has no linux/arm64");
}

#[test]
fn only_declared_platforms_are_locked() {
    let mut world = World::of(&["slim"]);
    let decision = world.decide("track = \"slim\"\nplatforms = [\"linux/arm64\"]\n", None, &Wish::Rules);
    let Outcome::First { to: Pin::Image(pin) } = decision.outcome else { panic!() };
    assert_eq!(pin.platforms.len(), 1);
}

#[test]
fn an_unchanged_pin_costs_one_question_and_a_moved_one_is_a_digest_step() {
    let mut world = World::of(&["slim"]);
    let locked = world.pin("slim", BOTH);
    assert_eq!(
        goes_to(&world.decide("track = \"slim\"\n", Some(&locked), &Wish::Rules)),
        "Keep { note: None }"
    );
    assert_eq!(world.asked, ["slim"]);
    world.tags.get_mut("slim").unwrap().0 = "rebuilt".into();
    assert_eq!(goes_to(&world.decide("track = \"slim\"\n", Some(&locked), &Wish::Rules)), "digest slim");
}

#[test]
fn an_index_around_the_same_children_is_no_bump_while_the_locked_one_is_served() {
    let platforms = "track = \"slim\"\nplatforms = [\"linux/amd64\"]\n";
    for (served, says) in [(true, "Keep { note: Some"), (false, "digest slim")] {
        let mut world = World::of(&["slim"]);
        let Pin::Image(mut pin) = world.pin("slim", &["linux/amd64"]) else { panic!() };
        pin.digest = Digest::sha256(b"the index before a platform was added");
        world.served = Some(served);
        let decision = world.decide(platforms, Some(&Pin::Image(pin)), &Wish::Rules);
        assert!(goes_to(&decision).starts_with(says), "{}", goes_to(&decision));
    }
}

#[test]
fn accepting_takes_an_index_around_the_same_children() {
    let declaration = "track = \"slim\"\nplatforms = [\"linux/amd64\"]\nimmutable = true\n";
    let mut world = World::of(&["slim"]);
    let Pin::Image(mut pin) = world.pin("slim", &["linux/amd64"]) else { panic!() };
    pin.digest = Digest::sha256(b"the index before a platform was added");
    let locked = Pin::Image(pin);
    let alarm = world.decide(declaration, Some(&locked), &Wish::Rules).outcome;
    assert!(matches!(alarm, Outcome::Alarm(Alarm::Moved { .. })), "{alarm:?}");
    assert_eq!(goes_to(&world.decide(declaration, Some(&locked), &Wish::Accept)), "digest slim");
}

#[test]
fn a_platform_that_was_added_to_the_declaration_is_locked() {
    let mut world = World::of(&["slim"]);
    let locked = world.pin("slim", &["linux/amd64"]);
    let declaration = "track = \"slim\"\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\nhold = \"why\"\n";
    let decision = world.decide(declaration, Some(&locked), &Wish::Rules);
    let Outcome::Move { to: Pin::Image(pin), lane: Lane::Digest, .. } = decision.outcome else {
        panic!("{decision:?}")
    };
    assert_eq!(pin.platforms.len(), 2);
}

#[test]
fn an_immutable_tag_that_moved_is_an_alarm_until_accepted() {
    let mut world = World::of(&["slim"]);
    let locked = world.pin("slim", BOTH);
    world.tags.get_mut("slim").unwrap().0 = "other".into();
    let declaration = "track = \"slim\"\nimmutable = true\n";
    let decision = world.decide(declaration, Some(&locked), &Wish::Rules);
    assert!(matches!(decision.outcome, Outcome::Alarm(Alarm::Moved { .. })));
    assert_eq!(goes_to(&world.decide(declaration, Some(&locked), &Wish::Accept)), "digest slim");
}

#[test]
fn a_person_may_go_where_the_rules_would_not_but_not_outside_the_declaration() {
    let mut world = World::of(WORDPRESS);
    let locked = world.pin("6.9.4-php8.3-fpm", BOTH);
    let mut to = |tag: &str, because: Option<&str>| {
        let wish = Wish::Tag { tag: tag.into(), because: because.map(Into::into) };
        goes_to(&world.decide(&format!("{TRACK}ignore = [\"7.0.*\"]\n"), Some(&locked), &wish))
    };
    assert_eq!(to("6.9.10-php8.3-fpm", None), "patch 6.9.10-php8.3-fpm");
    assert!(to("6.9.1-php8.3-fpm", None).contains("it is older than what is locked"));
    assert_eq!(to("6.9.1-php8.3-fpm", Some("a bug")), "patch 6.9.1-php8.3-fpm");
    assert_eq!(to("7.1.0-php8.3-fpm", Some("tested")), "major 7.1.0-php8.3-fpm");
    assert!(to("7.0.0-php8.3-fpm", Some("tested")).contains("change the declaration"));
    assert!(to("6.9.4-php8.4-fpm", Some("x")).contains("does not match the track"));
    assert!(to("6.9.99-php8.3-fpm", Some("x")).contains("upstream has no tag"));
}

#[test]
fn a_locked_tag_that_is_gone_is_said_and_never_goes_down() {
    let mut world = World::of(&["1.98-slim"]);
    let locked = world.pin("1.98-slim", BOTH);
    world.tags = World::of(&["1.95-slim", "1.96-slim"]).tags;
    let decision = world.decide("track = \"{major}.{minor}-slim\"\n", Some(&locked), &Wish::Rules);
    let alarm = Alarm::Vanished { tag: "1.98-slim".into(), upstream: "docker.io/library/x".into() };
    assert_eq!(decision.outcome, Outcome::Alarm(alarm));
    assert_eq!(reason(&decision, "1.96-slim"), "is older than what is locked");
}

#[test]
fn nothing_of_the_shape_is_said() {
    let mut world = World::of(&["a", "b"]);
    let decision = world.decide("track = \"{version}\"\n", None, &Wish::Rules);
    assert_eq!(
        decision.outcome,
        Outcome::Nothing("none of upstream's 2 tags matches the track {version}".into())
    );
}

#[test]
fn a_lock_that_its_declaration_left_behind_may_go_down() {
    let mut world = World::of(WORDPRESS);
    let locked = world.pin("6.9.10-php8.3-fpm", BOTH);
    let decision = world.decide(&format!("{TRACK}version = \"<6.9.10\"\n"), Some(&locked), &Wish::Rules);
    assert_eq!(goes_to(&decision), "patch 6.9.4-php8.3-fpm");
    // another shape: chosen anew
    let decision = world.decide("track = \"{version}-php8.4-fpm\"\n", Some(&locked), &Wish::Rules);
    assert_eq!(goes_to(&decision), "first 6.9.4-php8.4-fpm");
}

#[test]
fn prereleases_are_taken_only_from_one_or_where_declared() {
    let tags = ["1.24rc1", "1.24rc2", "1.24", "1.25rc1", "1.23"];
    let track = "track = \"{major}.{minor}{pre}\"\n";
    for (from, extra, to) in [
        ("1.23", "", "minor 1.24"),
        ("1.24", "", "Keep { note: None }"),
        ("1.24rc1", "", "patch 1.24"),
        ("1.24", "prerelease = true\n", "pre 1.25rc1"),
    ] {
        let mut world = World::of(&tags);
        let locked = world.pin(from, BOTH);
        assert_eq!(
            goes_to(&world.decide(&format!("{track}{extra}"), Some(&locked), &Wish::Rules)),
            to,
            "{from}"
        );
    }
    let mut world = World::of(&["1.24rc1", "1.24rc2", "1.25rc1"]);
    let locked = world.pin("1.24rc1", BOTH);
    assert_eq!(goes_to(&world.decide(track, Some(&locked), &Wish::Rules)), "pre 1.24rc2");
}

#[test]
fn what_has_no_order_does_not_move() {
    let mut world = World::of(&["1.2-abcdef0", "1.2-1234567", "01.2-abcdef9"]);
    let locked = world.pin("1.2-abcdef0", BOTH);
    let decision = world.decide("track = \"{major}.{minor}-{hash}\"\n", Some(&locked), &Wish::Rules);
    assert_eq!(goes_to(&decision), "Keep { note: None }");
    assert_eq!(reason(&decision, "1.2-1234567"), "cannot be ordered against 1.2-abcdef0");
}

#[test]
fn the_decision_does_not_depend_on_the_order_of_arrival() {
    let text = "[pin.x]\nimage = \"x\"\ntrack = \"{version}\"\n";
    let catalog =
        parse(&Files { pins: Some(SourceFile::new("pins.toml", text)), ..Files::default() }).unwrap();
    let declaration = catalog.declarations.values().next().unwrap();
    let (now, past) = (at(0), Past::Nobody);
    let question =
        Question { declaration, needs: &Needs::default(), locked: None, now, past, wish: &Wish::Rules };
    let judged = |tags: &[&str]| {
        let list = shortlist(&question, tags.iter().copied());
        list.candidates.into_iter().map(|candidate| (candidate.tag, candidate.verdict)).collect::<Vec<_>>()
    };
    // equal in all that has an order, so that only their names can settle it
    let tags = ["1.2.3", "01.2.3", "1.02.3", "1.2.4", "1.2.3"];
    let mut reversed = tags;
    reversed.reverse();
    assert_eq!(judged(&tags), judged(&reversed));
    assert_eq!(judged(&tags).len(), 4, "a tag that is listed twice is one");
}

#[test]
fn a_hold_holds_whatever_else_is_edited() {
    let mut world = World::of(WORDPRESS);
    let locked = world.pin("6.9.4-php8.3-fpm", BOTH);
    for edit in ["track = \"{version}-php8.4-fpm\"\n".to_owned(), format!("{TRACK}version = \"^7\"\n")] {
        let decision = world.decide(&format!("{edit}hold = \"a freeze\"\n"), Some(&locked), &Wish::Rules);
        let Outcome::Nothing(reason) = decision.outcome else { panic!("{:?}", decision.outcome) };
        assert!(reason.starts_with("it is held (a freeze), and "), "{reason}");
    }
    assert!(world.asked.is_empty());
}

#[test]
fn accepting_does_not_choose_a_major() {
    let decision = World::of(WORDPRESS).decide(TRACK, None, &Wish::Accept);
    assert!(matches!(decision.outcome, Outcome::Ambiguous(_)));
}

#[test]
fn an_index_without_images_is_not_locked() {
    let mut world = World::of(&["1.0.0", "1.0.1"]);
    world.tags.get_mut("1.0.1").unwrap().1.clear();
    let decision = world.decide("track = \"{version}\"\n", None, &Wish::Rules);
    assert_eq!(goes_to(&decision), "first 1.0.0");
    assert_eq!(reason(&decision, "1.0.1"), "names no platform's image");
}

#[test]
fn an_upstream_that_has_no_such_platform_is_not_read_from_end_to_end() {
    let tags: Vec<String> = (0..500).map(|n| format!("1.{n}.0")).collect();
    let mut world = World::of(&tags.iter().map(String::as_str).collect::<Vec<_>>());
    let declaration = "track = \"{version}\"\nplatforms = [\"linux/riscv64\"]\n";
    let decision = world.decide(declaration, None, &Wish::Rules);
    let says = "no tag can be taken: 1.499.0 has no linux/riscv64; 490 older ones were not asked about";
    assert_eq!(decision.outcome, Outcome::Nothing(says.into()));
    assert_eq!(world.asked.len(), 10);
    assert_eq!(reason(&decision, "1.489.0"), "was not asked about");
    world.tags.get_mut("1.3.0").unwrap().1 = vec!["linux/riscv64"];
    let starving = world.pin("1.3.0", &["linux/riscv64"]);
    let decision = world.decide(declaration, Some(&starving), &Wish::Rules);
    let note = "the 10 newest tags cannot be taken, and older ones were not asked about";
    assert_eq!(decision.outcome, Outcome::Keep { note: Some(note.into()) });
    assert_eq!(reason(&decision, "1.4.0"), "was not asked about");
    world = World::of(&tags.iter().map(String::as_str).collect::<Vec<_>>());
    let locked = world.pin("1.3.0", BOTH);
    let decision = world.decide(&declaration.replace("riscv64", "amd64"), Some(&locked), &Wish::Rules);
    assert_eq!(goes_to(&decision), "minor 1.499.0");
}

#[test]
fn the_nearest_tag_says_why_none_can_be_taken() {
    let mut world = World::of(&["2.1.0", "1.2.0", "1.1.0"]);
    let declaration = "track = \"{version}\"\nversion = \"^1\"\nplatforms = [\"linux/s390x\"]\n";
    let decision = world.decide(declaration, None, &Wish::Rules);
    assert_eq!(decision.outcome, Outcome::Nothing("no tag can be taken: 1.2.0 has no linux/s390x".into()));
}
