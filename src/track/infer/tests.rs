use super::*;

#[test]
fn the_first_version_moves_and_all_else_stays() {
    for (tag, track) in [
        ("6.9.4-php8.3-fpm", "{major}.{minor}.{patch}-php8.3-fpm"),
        ("php8.3-fpm", "php8.3-fpm"),
        ("bookworm-slim", "bookworm-slim"),
        ("bookworm-20251229-slim", "bookworm-{date}-slim"),
        ("v.0.92.9", "v.{major}.{minor}.{patch}"),
        ("v0.81.1", "v{major}.{minor}.{patch}"),
        ("17-alpine3.20", "{major}-alpine3.20"),
        ("17", "{major}"),
        ("release-1.2.3.4", "release-{major}.{minor}.{patch}.{build}"),
        ("1.2.3.4.5", "{major}.{minor}.{patch}.{build}.{build}"),
        ("release/1.2.3", "release/{major}.{minor}.{patch}"),
        ("linux-arm-v7", "linux-arm-v7"),
        ("arm-v7-1.2.3", "arm-v7-{major}.{minor}.{patch}"),
        ("x86_64-1.2.3", "x86_64-{major}.{minor}.{patch}"),
        ("1234567", "1234567"),
        ("1.1.1w", "1.1.1w"),
        ("server-b3561", "server-b{build}"),
        ("b12", "b12"),
        ("alpine-3.20-1.2.3", "alpine-3.20-{major}.{minor}.{patch}"),
        ("alpine-3.20", "alpine-3.20"),
        ("alpine-1.27", "alpine-{major}.{minor}"),
        ("ubuntu-22.04", "ubuntu-22.04"),
        ("1.29.4-gke.1043002", "{major}.{minor}.{patch}-gke.{build}"),
        ("8u422-b05-jdk", "{major}u{minor}-b{build}-jdk"),
    ] {
        assert_eq!(infer(tag).unwrap().as_str(), track, "{tag}");
        assert!(infer(tag).unwrap().matches(tag), "{tag}");
    }
    assert!(infer("latest").is_err());
    assert!(infer("{major}").is_err());
    assert!(infer("").is_err());
}

#[test]
fn a_prerelease_has_its_release_in_brackets() {
    for (tag, track) in [
        ("1.24rc2-bullseye", "{major}.{minor}[.{patch}]{pre}-bullseye"),
        ("17rc1-alpine3.20", "{major}[.{minor}]{pre}-alpine3.20"),
        ("7.4-rc2-alpine", "{major}.{minor}[.{patch}]-{pre}-alpine"),
        ("v2.0.0-rc1", "v{major}.{minor}.{patch}-{pre}"),
        ("1.2.0-alpha.1-slim", "{major}.{minor}.{patch}-{pre}-slim"),
        ("1.2.0-RC-3", "{major}.{minor}.{patch}-{pre}"),
        ("9.0.0-preview.6.24327.7", "{major}.{minor}.{patch}-{pre}"),
        ("2024.9.0.dev20240828", "{year}.{month}.{patch}.{pre}"),
        ("1.0.0-beta.1+build.5", "{major}.{minor}.{patch}-{pre}+build.{build}"),
        ("v1.31.2-rc1+k3s1", "v{major}.{minor}.{patch}-{pre}+k3s{build}"),
        // It follows every prerelease, and then the release that is named as it is.
        ("1.24-rc-bullseye", "{major}.{minor}-{pre}-bullseye"),
        // A flavour or a channel, as far as anybody can tell.
        ("3.12.5-dev", "{major}.{minor}.{patch}-dev"),
        ("20240818.5-unstable", "{date}.{build}-unstable"),
    ] {
        assert_eq!(infer(tag).unwrap().as_str(), track, "{tag}");
    }
}

#[test]
fn dates_and_times_move() {
    for (tag, track) in [
        ("RELEASE.2024-01-16T16-07-38Z", "RELEASE.{year}-{month}-{day}T{hour}-{minute}-{second}Z"),
        ("2025-12-29", "{year}-{month}-{day}"),
        ("2024-08", "{year}-{month}"),
        ("v2024-01", "v{year}-{month}"),
        ("nightly-2024-08-16", "nightly-{year}-{month}-{day}"),
        ("2024.1.3", "{year}.{month}.{patch}"),
        ("2024.07.0", "{year}.{month}.{patch}"),
        ("2024.08.16", "{year}.{month}.{day}"),
        ("2021.12.16", "{year}.{month}.{day}"),
        ("2024.12.10", "{year}.{month}.{patch}"),
        ("2024.15.1", "{year}.{minor}.{patch}"),
        ("24.04", "{major}.{minor}"),
        ("2022", "{major}"),
        ("20240816123456", "{date}"),
        ("202408161234", "{date}"),
        ("20260820T000000Z", "{date}T{build}Z"),
        ("bookworm-20260820t101530", "bookworm-{date}t{build}"),
        ("1712345678", "{epoch}"),
        ("main-1712345678-abc1234", "main-{epoch}-{hash}"),
        ("2023.5.20240819.0", "{major}.{minor}.{date}.{build}"),
        ("9.4-minimal-20240530", "{major}.{minor}-minimal-{date}"),
        ("8.10-1088.1726694542", "{major}.{minor}-{build}.{epoch}"),
    ] {
        assert_eq!(infer(tag).unwrap().as_str(), track, "{tag}");
    }
}

#[test]
fn a_hash_moves_where_something_orders_it() {
    for (tag, track) in [
        ("20240101-abc1234", "{date}-{hash}"),
        ("1.2.3-5-gabc1234", "{major}.{minor}.{patch}-{build}-g{hash}"),
        ("0.0.0-20240101120000-abcdef123456", "{major}.{minor}.{patch}-{date}-{hash}"),
        ("abc1234-20240101", "{hash}-{date}"),
        ("1.2.3+abc1234", "{major}.{minor}.{patch}+{hash}"),
        ("sha-abc1234", "sha-abc1234"),
        ("abc1234", "abc1234"),
        ("123a456", "123a456"),
        ("main-abc1234", "main-abc1234"),
    ] {
        assert_eq!(infer(tag).unwrap().as_str(), track, "{tag}");
    }
}

#[test]
fn says_why_a_tag_cannot_be_compared() {
    let sig = format!("sha256-{}.sig", "0a".repeat(32));
    for (tag, why) in [
        ("bookworm-slim", "words"),
        ("sha-abc1234", "hash"),
        ("main-abc1234", "hash"),
        (sig.as_str(), "signature"),
        ("v1.2.3.sbom", "signature"),
        ("12345678901", "length"),
        ("php8.3-fpm", "belong to words"),
        ("latest", "pushed last"),
        ("", "empty"),
    ] {
        assert!(why_literal(tag).is_some_and(|text| text.contains(why)), "{tag}: {:?}", why_literal(tag));
    }
    assert_eq!(why_literal("1.2.3"), None);
}
