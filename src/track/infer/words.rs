//! Words of tags that have a meaning of their own.

use crate::track::field::{is_hexadecimal, is_within};
use crate::track::is_date;

/// What counts builds, before a number.
const COUNTERS: [&str; 27] = [
    "ls",
    "r",
    "p",
    "build",
    "build.",
    "k3s",
    "rke2r",
    "rev",
    "patch",
    "hotfix",
    "CU",
    "SP",
    "post",
    "gke.",
    "eks.",
    "rancher",
    "fips.",
    "ce.",
    "ee.",
    "b.",
    "r.",
    "eksbuild.",
    "vmware.",
    "hotfix.",
    "patch.",
    "rev.",
    "post.",
];

/// `ls150` → `ls{build}`; `None` where the word is another axis, such as `php8`.
pub(super) fn counter(segment: &str) -> Option<String> {
    counts(segment).then(|| format!("{}{{build}}", segment.trim_end_matches(|c: char| c.is_ascii_digit())))
}

/// Whether it is a word that counts builds, and its number.
pub(in crate::track) fn counts(segment: &str) -> bool {
    let word = segment.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = &segment[word.len()..];
    !number.is_empty() && !is_date(number) && COUNTERS.contains(&word)
}

/// `b3561` or `r3561`: three digits or more, as fewer may be a version of something.
pub(super) fn is_build(segment: &str) -> bool {
    let number = segment.strip_prefix(['b', 'r']).unwrap_or_default();
    number.len() >= 3 && is_short(number)
}

/// The `9646` of `stable-9646`: a counter behind the name of a channel. Four digits that may be a year are not.
pub(super) fn is_channel_build(word: &str, number: &str) -> bool {
    let channels = ["stable", "unstable", "release", "build", "nightly", "edge", "main", "master"];
    number.len() >= 3 && is_short(number) && !is_within(number, 1970..=2199) && channels.contains(&word)
}

/// `alpine-3.20`, `debian-12`, `ubuntu-22.04`: what an image is made on, another axis.
pub(super) fn is_distribution(word: &str, number: &str) -> bool {
    let wide =
        |width: usize| number.len() == width && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match word {
        "alpine" => number.starts_with("3.") && number.matches('.').count() == 1,
        "debian" => wide(2),
        "ubuntu" => wide(5) && (number.ends_with(".04") || number.ends_with(".10")),
        _ => false,
    }
}

/// Whether a word without a number is a prerelease of the version before it, and not a channel or a flavour.
pub(super) fn names_a_prerelease(word: &str) -> bool {
    let words = ["rc", "alpha", "beta", "preview", "milestone", "snapshot", "pre", "ea"];
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// `abc1234` → `{hash}`, `gabc1234` → `g{hash}`.
pub(super) fn hash(segment: &str, after_sha: bool) -> Option<String> {
    if let Some(hash) = segment.strip_prefix('g').filter(|hash| is_hexadecimal(hash)) {
        return hash.bytes().any(|b| b.is_ascii_digit()).then(|| "g{hash}".to_owned());
    }
    (is_hash(segment) || after_sha && is_hexadecimal(segment)).then(|| "{hash}".to_owned())
}

/// Digits alone may be anything, and letters alone a word.
pub(in crate::track) fn is_hash(segment: &str) -> bool {
    is_hexadecimal(segment)
        && segment.bytes().any(|b| b.is_ascii_digit())
        && segment.bytes().any(|b| b.is_ascii_alphabetic())
}

/// A number that may count something: not a hash, a date or a time.
pub(super) fn is_short(number: &str) -> bool {
    (1..=6).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit())
}
