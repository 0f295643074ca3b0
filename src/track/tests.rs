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
    assert!(says("{x}").contains("{epoch}, {hash} or {pre}"));
    assert!(says("{year}.{year}").contains("twice"));
    assert!(says("{major}[.{minor}").contains("unpaired"));
    assert!(says("{major}.{minor}]").contains("unpaired"));
    assert!(says("{major}[[.{minor}]]").contains("unpaired"));
    assert!(says("{major}[{minor}]").contains("optional part"));
    assert!(says("{major}[-slim]").contains("optional part"));
    assert!(says("{major}[-{pre}]").contains("optional part"));
    assert!(says("v[.{major}]").contains("outside of brackets"));
    assert!(says("{major}[.{minor}]{patch}").contains("nothing separates `{major}`"));
    assert!(says("{major}[.{build}][.{build}][.{build}][.{build}][.{build}]").contains("four"));
    assert!(says("a b").contains("' '"));
}

#[test]
fn the_calendar_is_read_as_dates() {
    let time = track("RELEASE.{year}-{month}-{day}T{hour}-{minute}-{second}Z");
    let in_order =
        ["RELEASE.2024-01-16T16-07-38Z", "RELEASE.2024-01-16T16-08-00Z", "RELEASE.2024-02-01T00-00-00Z"];
    assert!(in_order.windows(2).all(|pair| time.read(pair[0]).unwrap() < time.read(pair[1]).unwrap()));
    let (a, b) = (time.read(in_order[0]).unwrap(), time.read(in_order[1]).unwrap());
    assert_eq!(a.lane_to(&b), Some(Lane::Date));
    assert_eq!(a.allow_to(&b), Some(Allow::Minor));
    for tag in
        ["RELEASE.2024-13-16T16-07-38Z", "RELEASE.1969-01-16T16-07-38Z", "RELEASE.2024-01-32T16-07-38Z"]
    {
        assert!(time.read(tag).is_none(), "{tag}");
    }
    let month = track("{year}.{month}");
    // One month, whichever way it is written.
    assert_eq!(month.read("2024.01"), month.read("2024.1"));
    assert!(month.read("2024.012").is_none());
    assert!(track("{date}").read("20240816123456") > track("{date}").read("202408161234"));
    assert!(track("{date}").read("20240816126456").is_none());
}

#[test]
fn builds_may_stand_more_than_once() {
    let builds = track("{version}-r{build}-ls{build}");
    let lane = |a: &str, b: &str| builds.read(a).unwrap().lane_to(&builds.read(b).unwrap());
    assert_eq!(lane("2.3.4-r1-ls7", "2.3.4-r1-ls10"), Some(Lane::Patch));
    assert!(builds.read("2.3.4-r1-ls70") < builds.read("2.3.4-r2-ls7"));
    assert_eq!(builds.read("2.3.4-r1-ls7").unwrap().to_string(), "2.3.4.1.7");
}

#[test]
fn a_part_in_brackets_may_be_absent() {
    let go = track("{major}.{minor}[.{patch}]{pre}-bullseye");
    let read = |tag: &str| go.read(tag).unwrap();
    assert!(go.has(Field::Patch) && go.has(Field::Pre) && !go.is_literal());
    let in_order =
        ["1.24rc2-bullseye", "1.24-bullseye", "1.24.0-bullseye", "1.24.1-bullseye", "1.25rc1-bullseye"];
    assert!(in_order.windows(2).all(|pair| read(pair[0]) < read(pair[1])));
    assert!(read("1.24rc2-bullseye").same_target(&read("1.24.0-bullseye")));
    assert_eq!(read("1.24rc2-bullseye").lane_to(&read("1.24.0-bullseye")), Some(Lane::Patch));
    assert_eq!(read("1.24-bullseye").lane_to(&read("1.24.0-bullseye")), Some(Lane::Patch));
    assert_eq!(read("1.24-bullseye").to_semver(), Some(semver::Version::new(1, 24, 0)));
    let both = track("{version}[-r{build}]-{pre}");
    for tag in ["1.2.3", "1.2.3-r1", "1.2.3-rc1", "1.2.3-r1-rc1"] {
        assert_eq!(both.read(tag).map(|version| both.write(&version)).as_deref(), Some(tag));
    }
}

#[test]
fn a_candidate_must_be_of_the_same_scheme_and_precision() {
    let fits = |t: &str, a: &str, b: &str| {
        let track = track(t);
        track.read(a).unwrap().fits(&track.read(b).unwrap())
    };
    let go = "{major}.{minor}[.{patch}]{pre}-bullseye";
    for (track, locked, candidate, expected) in [
        ("{version}", "10.11.3", "2021.12.16", false),
        ("{version}", "2021.12.16", "10.11.3", false),
        ("{version}", "10.11.3", "11.0.0", true),
        ("{version}", "2021.12.16", "2022.1.1", true),
        ("{major}", "1969", "1970", true),
        ("{major}", "2199", "2200", true),
        ("{major}", "17", "1234567", false),
        ("{major}", "999999", "1000000", true),
        ("{version}-{build}", "1.2.3-5", "1.2.3-1712345678", false),
        ("{date}", "20240816", "202408170000", false),
        ("{major}-{hash}", "1-abc1234", "2-def5678", true),
        (go, "1.24rc2-bullseye", "1.24.0-bullseye", true),
        (go, "1.24rc2-bullseye", "1.24-bullseye", false),
        (go, "1.24rc2-bullseye", "1.24rc3-bullseye", true),
        (go, "1.24.0rc2-bullseye", "1.24.0-bullseye", true),
        (go, "1.24.0rc2-bullseye", "1.24-bullseye", false),
        (go, "1.24.0-bullseye", "1.25-bullseye", false),
        (go, "1.24.0-bullseye", "1.25.0-bullseye", true),
        (go, "1.24.0-bullseye", "1.25rc1-bullseye", true),
        (go, "1.24-bullseye", "1.25.0-bullseye", false),
        (go, "1.24-bullseye", "1.25-bullseye", true),
    ] {
        assert_eq!(fits(track, locked, candidate), expected, "{locked} {candidate}");
    }
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
