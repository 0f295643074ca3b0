use super::*;
use crate::track::Track;

fn ended(track: &str, newest: &str, tags: &[(&str, Option<&str>)]) -> Option<String> {
    let track = Track::parse(track).unwrap();
    let answer = |tags: &mut dyn Iterator<Item = &(&str, Option<&str>)>| {
        let newest = track.read(newest).unwrap();
        let mut shapes = Shapes::new(newest.clone());
        for (tag, seen) in tags {
            if let Some(sibling) = track.sibling(tag) {
                shapes.feed(sibling, seen.map(|seen| seen.parse().unwrap()));
            }
        }
        let now = "2026-08-20T00:00:00Z".parse().unwrap();
        shapes.ended(&newest, now).and_then(|sibling| sibling.tag())
    };
    let forward = answer(&mut tags.iter());
    assert_eq!(forward, answer(&mut tags.iter().rev()), "the order of the tags decides");
    forward
}

fn unseen<'t>(tags: &[&'t str]) -> Vec<(&'t str, Option<&'static str>)> {
    tags.iter().map(|tag| (*tag, None)).collect()
}

#[test]
fn a_shape_has_ended_where_a_sibling_is_a_step_or_two_versions_ahead() {
    let php = |tags: &[&str]| ended("{version}-php8.1-fpm", "6.9.0-php8.1-fpm", &unseen(tags));
    assert_eq!(php(&["6.9.1-php8.3-fpm"]), None, "one patch may still come");
    assert_eq!(php(&["6.9.1-php8.3-fpm", "6.9.1-php8.4-fpm"]), None, "one version in two shapes");
    assert_eq!(php(&["6.9.1-php8.3-fpm", "6.9.4-php8.3-fpm"]).as_deref(), Some("6.9.4-php8.3-fpm"));
    assert_eq!(php(&["7.0.0-php8.3-fpm"]).as_deref(), Some("7.0.0-php8.3-fpm"));
    assert_eq!(php(&["7.0.0-RC1-php8.3-fpm", "6.8.3-php8.3-fpm", "6.9.0-php8.3-fpm"]), None);
    assert_eq!(
        php(&["7.0.0-php8.3-fpm", "7.0.0-php8.5-fpm", "7.0.0-php8.5-apache"]).as_deref(),
        Some("7.0.0-php8.5-fpm")
    );
}

#[test]
fn a_sibling_that_was_seen_this_week_proves_nothing() {
    let seen = |times: &[Option<&'static str>]| {
        let tags: Vec<_> =
            ["7.0.0-php8.3-fpm", "7.0.1-php8.3-fpm"].into_iter().zip(times.iter().copied()).collect();
        ended("{version}-php8.1-fpm", "6.9.0-php8.1-fpm", &tags)
    };
    assert_eq!(seen(&[Some("2026-08-14T00:00:01Z")]), None);
    assert!(seen(&[Some("2026-08-13T00:00:00Z")]).is_some());
    assert!(seen(&[Some("2026-08-01T00:00:00Z"), Some("2026-08-19T00:00:00Z")]).is_some());
    assert_eq!(seen(&[None, Some("2026-08-19T00:00:00Z")]), None);
}

#[test]
fn a_suite_that_is_weeks_behind_lives() {
    let date = |tags: &[&str]| ended("jammy-{date}", "jammy-20240911", &unseen(tags));
    assert_eq!(date(&["noble-20241009", "noble-20241015"]), None);
    assert_eq!(date(&["noble-20241009", "noble-20241115"]).as_deref(), Some("noble-20241115"));
    assert_eq!(ended("v{epoch}", "v1712345678", &unseen(&["v.1715345678"])), None);
    assert!(ended("v{epoch}", "v1712345678", &unseen(&["v.1722345678"])).is_some());
    assert!(ended("v{year}.{month}", "v2024.8", &unseen(&["v.2024.10"])).is_some());
}

#[test]
fn another_scheme_is_not_ahead() {
    assert_eq!(ended("{version}-ls{build}", "10.11.3-ls5", &unseen(&["v2021.12.16-ls3"])), None);
}

#[test]
fn of_more_shapes_than_are_kept_the_closest_stay() {
    let tags: Vec<String> = (0..700u16)
        .map(|i| {
            format!(
                "9.0.0-word{}",
                "abcdefghijklmnopqrstuvwxyz"[usize::from(i % 26)..][..1].repeat(1 + usize::from(i / 26))
            )
        })
        .chain((30..400).map(|i| format!("9.0.0-alpine3.{i}")))
        .collect();
    let tags: Vec<(&str, Option<&str>)> = tags.iter().map(|tag| (tag.as_str(), None)).collect();
    assert_eq!(
        ended("{version}-alpine3.20", "1.0.0-alpine3.20", &tags).as_deref(),
        Some("9.0.0-alpine3.399")
    );
}
