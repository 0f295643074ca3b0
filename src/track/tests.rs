use super::*;
use crate::model::{Allow, Lane};

fn track(text: &str) -> Track {
    Track::parse(text).unwrap()
}

#[test]
fn shape_precision_and_flavour_must_match() {
    let rust = track("{major}.{minor}-slim-bookworm");
    assert!(rust.read("1.88-slim-bookworm").is_some());
    for other in [
        "1.88.0-slim-bookworm",
        "1-slim-bookworm",
        "1.88-slim-trixie",
        "1.88-slim-bookworm-x",
        "v1.88-slim-bookworm",
    ] {
        assert!(rust.read(other).is_none(), "{other}");
    }
}

#[test]
fn numbers_are_compared_as_numbers() {
    let rust = track("{major}.{minor}-alpine");
    assert!(rust.read("1.98-alpine") < rust.read("1.100-alpine"));
    let aralez = track("v.{version}");
    assert!(aralez.read("v.0.92.9") < aralez.read("v.0.92.13"));
    assert!(aralez.read("v0.81.1").is_none());
}

#[test]
fn a_date_is_no_version() {
    assert!(track("{version}").read("20211216.1.2").is_none());
    assert!(track("bookworm-{date}-slim").read("bookworm-20260803-slim").is_some());
    assert!(track("bookworm-{date}").read("bookworm-20261399").is_none());
    assert!(track("{date}").read("202608031200").is_some());
    assert!(track("{epoch}").read("1712345678").is_some());
}

#[test]
fn dates_are_ordered_as_days_and_then_as_times() {
    let date = track("{date}");
    let in_order = ["202501010000", "20260803", "202608030000", "202608031200", "20260804"];
    assert!(in_order.windows(2).all(|pair| date.read(pair[0]) < date.read(pair[1])));
}

#[test]
fn a_step_needs_what_its_largest_part_needs() {
    let allow = |t: &str, a: &str, b: &str| {
        let track = track(t);
        track.read(a).unwrap().allow_to(&track.read(b).unwrap())
    };
    assert_eq!(allow("{version}-{pre}", "1.2.3", "2.0.0-rc1"), Some(Allow::Major));
    assert_eq!(allow("{version}-{pre}", "1.2.3", "1.2.4-rc1"), Some(Allow::Minor));
    assert_eq!(allow("{version}-{pre}", "1.2.3-rc1", "1.2.3"), Some(Allow::Patch));
    assert_eq!(allow("{date}-{version}", "20260101-1.2.3", "20260201-2.0.0"), Some(Allow::Major));
    assert_eq!(allow("b{build}-{version}", "b7-1.2.3", "b8-3.0.0"), Some(Allow::Major));
    assert_eq!(allow("b-{date}", "b-20260101", "b-20260201"), Some(Allow::Minor));
    assert_eq!(allow("{version}", "1.2.3", "1.2.3"), None);
}

#[test]
fn a_step_has_the_lane_of_the_first_difference() {
    let lane = |t: &str, a: &str, b: &str| {
        let track = track(t);
        track.read(a).unwrap().lane_to(&track.read(b).unwrap())
    };
    assert_eq!(lane("{version}", "1.2.3", "2.0.0"), Some(Lane::Major));
    assert_eq!(lane("{version}", "1.2.3", "1.3.0"), Some(Lane::Minor));
    assert_eq!(lane("{version}", "1.2.3", "1.2.4"), Some(Lane::Patch));
    assert_eq!(lane("{version}", "1.2.3", "1.2.3"), None);
    assert_eq!(lane("{version}-{build}", "1.2.3-1", "1.2.3-2"), Some(Lane::Patch));
    assert_eq!(lane("b-{date}", "b-20251229", "b-20260803"), Some(Lane::Date));
    assert_eq!(lane("{version}-{pre}", "1.2.3-rc1", "1.2.3-rc2"), Some(Lane::Pre));
    assert_eq!(lane("{version}-{pre}", "1.2.3-rc1", "1.2.3"), Some(Lane::Patch));
    assert_eq!(lane("{version}-{pre}", "1.2.3", "2.0.0-rc1"), Some(Lane::Pre));
    assert_eq!(lane("{date}-{version}", "20260101-1.2.3", "20260201-2.0.0"), Some(Lane::Major));
    assert_eq!(lane("b{build}-{version}", "b7-1.2.3", "b8-1.3.0"), Some(Lane::Minor));
    assert_eq!(lane("{major}-{hash}", "1-abcdef0", "1-1234567"), None);
}

#[test]
fn a_prerelease_and_its_separator_may_be_absent() {
    let go = track("{major}.{minor}{pre}-bullseye");
    assert!(go.read("1.24-bullseye").unwrap() > go.read("1.24rc2-bullseye").unwrap());
    let slim = track("{version}-{pre}-slim");
    assert!(slim.read("1.2.3-slim").is_some_and(|v| !v.is_prerelease()));
    assert!(slim.read("1.2.3-rc1-slim").is_some_and(|v| v.is_prerelease()));
    assert!(slim.read("1.2.3-rc1").is_none());
}

#[test]
fn says_what_is_wrong() {
    let says = |text: &str| Track::parse(text).unwrap_err().to_string();
    assert!(says("").contains("empty"));
    assert!(says("latest").contains("pushed last"));
    assert!(says("{major").contains("unpaired"));
    assert!(says("major}").contains("unpaired"));
    assert!(says("{mayor}").contains("`{mayor}` is not a placeholder"));
    assert!(says("{major}.{major}").contains("twice"));
    assert!(says("{version}.{minor}").contains("twice"));
    assert!(says("{major}{minor}").contains("nothing separates `{major}`"));
    assert!(says("{major}0").contains("nothing separates"));
    assert!(says("x-{hash}").contains("ordered"));
    assert!(says("a b").contains("' '"));
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_track_or_an_error(text in "[a-z0-9.{}v-]{0,24}", tag in ".{0,24}") {
        if let Ok(track) = Track::parse(&text) {
            let _ = track.read(&tag);
        }
    }

    #[test]
    fn order_is_that_of_the_numbers(a in 0u64..2000, b in 0u64..2000, c in 0u64..2000, d in 0u64..2000) {
        let track = track("v{major}.{minor}-x");
        let (one, two) = (track.read(&format!("v{a}.{b}-x")), track.read(&format!("v{c}.{d}-x")));
        proptest::prop_assert_eq!(one.cmp(&two), (a, b).cmp(&(c, d)));
    }
}
