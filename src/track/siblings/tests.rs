use super::*;

fn of(track: &str, tag: &str) -> Option<(String, Distance)> {
    let sibling = Track::parse(track).unwrap().sibling(tag)?;
    assert_eq!(sibling.tag().unwrap(), tag);
    Some((sibling.shape, sibling.distance))
}

#[test]
fn a_sibling_differs_in_words_only() {
    for (track, tag, shape, distance) in [
        ("{version}-alpine3.20", "1.98.0-alpine3.24", "{version}-alpine3.24", Distance::Number),
        ("{version}-php8.1-fpm", "7.0.0-php8.5-fpm", "{version}-php8.5-fpm", Distance::Number),
        (
            "{version}-debian-12-r{build}",
            "6.9.4-debian-13-r0",
            "{version}-debian-13-r{build}",
            Distance::Number,
        ),
        ("{version}ubu2204-ls{build}", "10.11.3ubu2404-ls5", "{version}ubu2404-ls{build}", Distance::Number),
        ("{version}-slim-bookworm", "1.98.0-slim-trixie", "{version}-slim-trixie", Distance::Word),
        ("{version}-alpine3.20", "1.98.0-bookworm", "{version}-bookworm", Distance::Word),
        ("bookworm-{date}-slim", "trixie-20260803-slim", "trixie-{date}-slim", Distance::Word),
        ("version-{version}", "release-1.2.3", "release-{version}", Distance::Word),
        ("v{version}", "v.0.92.13", "v.{version}", Distance::Prefix),
        ("v{version}", "1.2.3", "{version}", Distance::Prefix),
        ("{version}", "v1.2.3", "v{version}", Distance::Prefix),
        ("v.{version}", "v0.81.1", "v{version}", Distance::Prefix),
        ("{version}-php8.1-fpm", "7.0.0-php8.5-apache", "{version}-php8.5-apache", Distance::Several(2)),
    ] {
        assert_eq!(of(track, tag), Some((shape.into(), distance)), "{track} {tag}");
    }
}

#[test]
fn another_shape_is_no_sibling() {
    let braces = Track::parse("{version}-php8.1-fpm").unwrap();
    assert!(braces.sibling("7.1.0-php8{pre}.5-apache").is_none());
    assert!(braces.sibling("7.1.0-php8.5-apache").is_some());
    for (track, tag) in [
        ("{version}-alpine3.20", "1.98.0-alpine3.20"),
        ("{version}-alpine3.20", "1.98-alpine3.24"),
        ("{version}-alpine3.20", "1.98.0"),
        ("{version}-alpine3.20", "1.98.0-slim-bookworm"),
        ("{version}-slim", "1.98.0-rc1"),
        ("{version}-slim", "1.98.0-dev"),
        ("{version}-slim", "1.98.0-abc1234"),
        ("{version}-slim", "1.98.0-20260101"),
        ("{version}-slim", "1.98.0-r5"),
        ("{version}-amd64", "1.98.0-arm64"),
        ("{version}-arm32v6", "1.98.0-arm32v7"),
        ("{version}-amd64", "1.98.0-slim"),
        ("bookworm-{date}", "sid-20260803"),
        ("{version}-ls{build}", "1.2.3-r5"),
        ("{version}", "php1.2.3"),
        ("{version}-{pre}-slim", "1.2.3-slim"),
        ("bookworm-slim", "trixie-slim"),
        ("{version}-slim", ""),
        ("{version}-slim", "é"),
    ] {
        assert_eq!(of(track, tag), None, "{track} {tag}");
    }
}

#[test]
fn the_closest_and_then_the_highest_is_offered() {
    let offered = |track: &str, tags: &[&str]| {
        let track = Track::parse(track).unwrap();
        let mut siblings: Vec<Sibling> = tags.iter().filter_map(|tag| track.sibling(tag)).collect();
        let first = offer(&siblings).and_then(|sibling| sibling.tag());
        siblings.reverse();
        assert_eq!(offer(&siblings).and_then(|sibling| sibling.tag()), first);
        first
    };
    let alpine = ["1.98.0-trixie", "1.98.0-alpine3.9", "1.96.0-alpine3.24", "1.98.0-alpine3.23"];
    assert_eq!(offered("{version}-alpine3.20", &alpine).as_deref(), Some("1.96.0-alpine3.24"));
    assert_eq!(offered("{version}-alpine3.20", &alpine[..1]).as_deref(), Some("1.98.0-trixie"));
    let buster = ["1.98.0-alpine3.24", "1.98.0-trixie", "1.98.0-bookworm", "1.96.0-zesty"];
    assert_eq!(offered("{version}-buster", &buster).as_deref(), Some("1.98.0-trixie"));
    assert_eq!(offered("v{version}", &["v.0.92.9", "v.0.92.13"]).as_deref(), Some("v.0.92.13"));
    assert_eq!(offered("v{version}", &["x"]), None);
}
