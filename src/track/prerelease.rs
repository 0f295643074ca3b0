//! Prereleases: a word that is known to mean one, and its numbers.

use super::Number;

/// Words from the least to the most finished. Words of one group are equal.
const STAGES: [&[&str]; 6] = [
    &["dev", "nightly", "snapshot", "canary", "edge", "unstable", "insiders"],
    &["alpha", "a"],
    &["beta", "b"],
    &["milestone", "m", "ea", "test"],
    &["preview", "pre", "next"],
    &["rc", "cr", "c"],
];

/// Such as `rc1`, `beta.2` or `RC-3`; ordered by stage, then by number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Prerelease {
    stage: usize,
    number: Option<Number>,
}

impl Prerelease {
    /// Reads a prerelease at the start of `text`; gives it and the rest.
    pub(super) fn read(text: &str) -> Option<(Self, &str)> {
        let word_end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
        let word = text[..word_end].to_ascii_lowercase();
        let stage = STAGES.iter().position(|words| words.contains(&word.as_str()))?;
        let rest = &text[word_end..];
        let numbered = rest.strip_prefix(['.', '-', '_']).unwrap_or(rest);
        match Number::read(numbered) {
            Some((number, rest)) => Some((Self { stage, number: Some(number) }, rest)),
            None => Some((Self { stage, number: None }, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pre(text: &str) -> Prerelease {
        let (pre, rest) = Prerelease::read(text).unwrap();
        assert_eq!(rest, "");
        pre
    }

    #[test]
    fn later_stages_and_higher_numbers_are_newer() {
        let in_order = ["dev", "alpha1", "ALPHA.2", "beta", "b1", "beta-10", "rc1", "RC2", "rc10"];
        assert!(in_order.windows(2).all(|pair| pre(pair[0]) < pre(pair[1])));
    }

    #[test]
    fn a_flavour_is_not_a_prerelease() {
        for text in ["slim", "bookworm", "alpine3.20", "", "1", "release"] {
            assert!(Prerelease::read(text).is_none(), "{text}");
        }
    }
}
