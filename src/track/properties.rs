//! What holds for any track and any tag.

use proptest::prelude::*;

use super::*;

/// Tags that are close to what people write.
fn tag() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "1",
        "2",
        "10",
        "007",
        "2024",
        "20240816",
        "202408161200",
        "20240816123456",
        "1712345678",
        "abc1234",
        "1234567",
        ".",
        ".",
        ".",
        "-",
        "-",
        "_",
        "+",
        "v",
        "v.",
        "u",
        "r",
        "ls",
        "rc1",
        "RC-2",
        "beta",
        "alpha.3",
        "b05",
        "preview.6.7",
        "alpine3.20",
        "php8.3",
        "bookworm",
        "slim",
        "gabc1234",
        "sha",
        "T",
        "Z",
        "07",
        "12",
        "31",
        "RELEASE.",
        "/",
        "ce.0",
    ]);
    let made = prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat());
    prop_oneof![4 => made, 1 => "[a-z0-9._-]{0,24}", 1 => ".{0,12}"]
}

fn track() -> impl Strategy<Value = Track> {
    let piece = prop::sample::select(vec![
        "{major}",
        "{minor}",
        "{patch}",
        "{build}",
        "{date}",
        "{year}",
        "{month}",
        "{day}",
        "{hour}",
        "{epoch}",
        "{hash}",
        "{pre}",
        "{version}",
        "[.{patch}]",
        "[.{minor}]",
        "[-r{build}]",
        "[.{build}]",
        ".",
        "-",
        "-",
        "_",
        "v",
        "slim",
        "alpine3.20",
    ]);
    let made = prop::collection::vec(piece, 1..8)
        .prop_filter_map("not a track", |pieces| Track::parse(&pieces.concat()).ok());
    let inferred = tag().prop_filter_map("not a tag", |tag| infer(&tag).ok());
    prop_oneof![made, inferred]
}

/// A tag that a track reads: its literals, and some text for each placeholder.
fn filled(track: &Track, picks: &[usize]) -> String {
    let mut picks = picks.iter().cycle();
    let mut pick = |texts: &[&str]| texts[picks.next().unwrap() % texts.len()].to_owned();
    let mut tag = track.to_string();
    while let Some(open) = tag.find('[') {
        let close = open + tag[open..].find(']').unwrap();
        let inside = tag[open + 1..close].to_owned();
        tag.replace_range(open..=close, &pick(&["", inside.as_str(), inside.as_str()]));
    }
    while let Some(open) = tag.find('{') {
        let close = open + tag[open..].find('}').unwrap();
        let text = match &tag[open + 1..close] {
            "version" => pick(&["1.2.3", "1.10.0", "2.0.0"]),
            "date" => pick(&["20240816", "20250101", "202408161200"]),
            "year" => pick(&["2024", "2025"]),
            "epoch" => pick(&["1712345678", "1712345679"]),
            "hash" => pick(&["abc1234", "1234567"]),
            "pre" => pick(&["rc1", "RC.1", "beta-2", "alpha", "rc.1.2"]),
            _ => pick(&["1", "01", "2", "10", "12"]),
        };
        tag.replace_range(open..=close, &text);
    }
    tag
}

proptest! {
    #[test]
    fn what_is_read_is_written_back(track in track(), picks in prop::collection::vec(0usize..60, 12), other in tag()) {
        for tag in [filled(&track, &picks), other] {
            if let Some(version) = track.read(&tag) {
                prop_assert_eq!(track.write(&version), tag);
            }
        }
    }

    #[test]
    fn the_order_is_total(track in track(), picks in prop::collection::vec(prop::collection::vec(0usize..60, 8), 3)) {
        let read: Vec<Version> = picks.iter().filter_map(|picks| track.read(&filled(&track, picks))).collect();
        for (a, b) in read.iter().flat_map(|a| read.iter().map(move |b| (a, b))) {
            prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
            prop_assert_eq!(a == b, a.cmp(b).is_eq());
            prop_assert_eq!(a.lane_to(b).is_none(), a.cmp(b).is_eq());
            prop_assert_eq!(a.lane_to(b).is_none(), a.allow_to(b).is_none());
            for c in &read {
                prop_assert!(!(a <= b && b <= c) || a <= c);
            }
        }
    }

    #[test]
    fn an_inferred_track_reads_its_tag(tag in tag()) {
        if let Ok(track) = infer(&tag) {
            let version = track.read(&tag);
            prop_assert!(version.is_some(), "{}", track);
            prop_assert_eq!(track.write(&version.unwrap()), tag.clone());
            prop_assert!(track.sibling(&tag).is_none());
            prop_assert_eq!(why_literal(&tag).is_none(), !track.is_literal());
        }
    }

    #[test]
    fn a_version_fits_itself(track in track(), picks in prop::collection::vec(0usize..60, 12)) {
        if let Some(version) = track.read(&filled(&track, &picks)).filter(|version| !version.is_prerelease()) {
            prop_assert!(version.fits(&version));
        }
    }

    #[test]
    fn a_sibling_reads_its_tag(track in track(), picks in prop::collection::vec(0usize..60, 12)) {
        let tag = filled(&track, &picks).replace("slim", "trixie").replace("3.20", "3.24").replace('v', "v.");
        if let Some(sibling) = track.sibling(&tag) {
            prop_assert!(!track.matches(&tag));
            prop_assert!(sibling.track().unwrap().matches(&tag));
            prop_assert_eq!(sibling.tag().unwrap(), tag);
        }
    }
}
