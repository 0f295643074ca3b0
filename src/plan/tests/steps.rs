//! Steps that are special: from a prerelease, after an edited declaration, of a tag that must not move.

use super::*;

#[test]
fn a_prerelease_of_another_major_is_a_major_step() {
    let mut world = World::of(&["1.2.3", "2.0.0-rc2", "1.3.0-rc1"]);
    let locked = world.pin("1.2.3", BOTH);
    let declaration = "track = \"{version}-{pre}\"\nprerelease = true\n";
    let decision = world.decide(declaration, Some(&locked), &Wish::Rules);
    assert_eq!(goes_to(&decision), "pre 1.3.0-rc1");
    assert_eq!(reason(&decision, "2.0.0-rc2"), "is a pre step; needs allow = \"major\"");
}

#[test]
fn from_a_prerelease_its_release_comes_first() {
    let declaration = "track = \"{version}-{pre}\"\n";
    let mut world = World::of(&["1.2.1-rc1", "1.2.1", "1.3.0"]);
    let locked = world.pin("1.2.1-rc1", BOTH);
    let decision = world.decide(declaration, Some(&locked), &Wish::Rules);
    assert_eq!(goes_to(&decision), "patch 1.2.1");
    assert_eq!(reason(&decision, "1.3.0"), "comes after 1.2.1, which the locked prerelease leads to");
    world.tags.remove("1.2.1");
    assert_eq!(goes_to(&world.decide(declaration, Some(&locked), &Wish::Rules)), "minor 1.3.0");
}

#[test]
fn an_edited_requirement_is_followed_beyond_allow_where_nothing_within_it_is_left() {
    let mut world = World::of(&["1.0.0", "1.1.0", "2.0.0", "2.1.0", "3.0.0"]);
    let locked = world.pin("1.1.0", BOTH);
    let mut to = |rules: &str| {
        goes_to(&world.decide(&format!("track = \"{{version}}\"\n{rules}"), Some(&locked), &Wish::Rules))
    };
    assert_eq!(to("version = \"^2\"\n"), "major 2.1.0");
    assert_eq!(to("ignore = [\"1.1.0\"]\n"), "minor 1.0.0", "what is within allow goes first");
    assert!(to("version = \">=2\"\n").starts_with("Ambiguous([\"3.0.0\", \"2.1.0\"])"));
    assert!(to("").starts_with("Keep"));
}

#[test]
fn an_immutable_tag_is_watched_though_newer_ones_are_there_and_though_it_is_held() {
    for extra in ["", "hold = \"a freeze\"\n"] {
        let declaration = format!("track = \"{{version}}\"\nimmutable = true\n{extra}");
        let mut world = World::of(&["1.0.0", "1.0.1"]);
        let locked = world.pin("1.0.0", BOTH);
        let quiet = goes_to(&world.decide(&declaration, Some(&locked), &Wish::Rules));
        assert_eq!(quiet, if extra.is_empty() { "patch 1.0.1" } else { "Held(\"a freeze\")" });
        world.tags.get_mut("1.0.0").unwrap().0 = "other".into();
        for seen_before in [false, true] {
            if seen_before {
                world.past = age::seen(&[("1.0.0", "1.0.0", -900), ("1.0.0", "other", -800)]);
            }
            let moved = world.decide(&declaration, Some(&locked), &Wish::Rules).outcome;
            assert!(matches!(moved, Outcome::Alarm(Alarm::Moved { .. })), "{moved:?}");
        }
        world.past = None;
        assert_eq!(goes_to(&world.decide(&declaration, Some(&locked), &Wish::Accept)), "digest 1.0.0");
        let unexplained = Wish::Tag { tag: "1.0.0".into(), because: None };
        let still = world.decide(&declaration, Some(&locked), &unexplained).outcome;
        assert!(matches!(still, Outcome::Alarm(Alarm::Moved { .. })), "{still:?}");
        world.tags.remove("1.0.0");
        let gone = world.decide(&declaration, Some(&locked), &Wish::Rules).outcome;
        assert!(matches!(gone, Outcome::Alarm(Alarm::Vanished { .. })), "{gone:?}");
    }
}
