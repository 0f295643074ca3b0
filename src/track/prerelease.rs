//! Prereleases: a word that is known to mean one, and its numbers.

use std::cmp::Ordering;

use smallvec::SmallVec;

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

/// Such as `rc1`, `beta.2`, `RC-3` or `preview.6.24327.7`; ordered by stage, then by its numbers.
#[derive(Clone, Debug)]
pub struct Prerelease {
    text: String,
    stage: usize,
    numbers: Vec<Number>,
}

impl Prerelease {
    /// Reads a prerelease at the start of `text`, with all its numbers; gives it and the rest.
    pub(super) fn read(text: &str) -> Option<(Self, &str)> {
        let end = *Self::ends(text).first()?;
        Some((Self::of(&text[..end])?, &text[end..]))
    }

    /// A prerelease and nothing else, such as [`Self::ends`] found.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (stage, word) = stage(text)?;
        let numbers = text[word..].split(['.', '-', '_']).filter(|number| !number.is_empty());
        Some(Self { text: text.into(), stage, numbers: numbers.map(Number::of).collect() })
    }

    /// Where a prerelease at the start of `text` may end: with all its numbers, with the first, with none.
    pub(super) fn ends(text: &str) -> SmallVec<[usize; 3]> {
        let mut ends = SmallVec::new();
        let Some((_, word)) = stage(text) else {
            return ends;
        };
        let digits = |at: usize| text[at..].bytes().take_while(u8::is_ascii_digit).count();
        let start = word + usize::from(text[word..].starts_with(['.', '-', '_']));
        let first = start + digits(start);
        let mut all = first;
        while all > start && text[all..].starts_with('.') && digits(all + 1) > 0 {
            all += 1 + digits(all + 1);
        }
        for end in [all, first] {
            if end > start && !ends.contains(&end) {
                ends.push(end);
            }
        }
        ends.push(word);
        ends
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it has a number.
    pub(super) fn is_numbered(&self) -> bool {
        !self.numbers.is_empty()
    }
}

/// The stage that a word at the start of `text` names, and where the word ends.
fn stage(text: &str) -> Option<(usize, usize)> {
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let is_word = |word: &str| word.eq_ignore_ascii_case(&text[..end]);
    let stage = STAGES.iter().position(|words| words.iter().any(|word| is_word(word)))?;
    Some((stage, end))
}

/// How it is written does not count: `RC1` is `rc.1`.
impl Ord for Prerelease {
    fn cmp(&self, other: &Self) -> Ordering {
        self.stage.cmp(&other.stage).then_with(|| self.numbers.cmp(&other.numbers))
    }
}

impl PartialOrd for Prerelease {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Prerelease {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Prerelease {}

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
