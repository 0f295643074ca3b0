//! Tracks that are numbers between literals, read without making a version of each tag: of a million tags nearly all are
//! only counted.

use smallvec::SmallVec;

use super::parse::Atom;
use super::version::same_scheme;
use super::{Field, Track, Version};

/// The numbers of a tag, in the track's order.
pub(crate) type Numbers = SmallVec<[u64; 4]>;

/// The most digits of a number that is read: with more it could be a date, a time or a hash.
const DIGITS: usize = 7;

/// The most numbers; no track that anybody has written has so many.
const MOST: usize = 8;

/// A track of which every placeholder is a number that is always there.
#[derive(Clone, Debug)]
pub(crate) struct Quick<'t> {
    /// What stands before each number.
    numbers: Vec<(&'t str, Field)>,
    /// What stands behind the last.
    after: String,
}

impl Track {
    /// The track, if it is one of the kind that can be read quickly.
    pub(crate) fn quick(&self) -> Option<Quick<'_>> {
        let (mut numbers, mut after) = (Vec::new(), String::new());
        let mut before = None;
        for atom in &self.atoms {
            match atom {
                Atom::Literal { text, .. } if numbers.is_empty() && before.is_none() => {
                    before = Some(text.as_str())
                }
                Atom::Literal { text, .. } => after.push_str(text),
                Atom::Field(field @ (Field::Major | Field::Minor | Field::Patch | Field::Build)) => {
                    let literal = match (numbers.is_empty(), after.as_str()) {
                        (true, "") => before.unwrap_or_default(),
                        // Between numbers there is one literal, of which no digit could be taken for theirs.
                        (false, ".") => ".",
                        _ => return None,
                    };
                    after.clear();
                    numbers.push((literal, *field));
                }
                Atom::Field(_) | Atom::Prerelease(_) | Atom::Optional { .. } => return None,
            }
        }
        let is_plain = |text: &str| !text.starts_with(|c: char| c.is_ascii_digit());
        ((1..=MOST).contains(&numbers.len()) && is_plain(&after)).then_some(Quick { numbers, after })
    }
}

impl Quick<'_> {
    /// The numbers that `tag` begins with, and what stands behind them; none where only the track itself can tell.
    pub(crate) fn read<'a>(&self, tag: &'a str) -> Option<(Numbers, &'a str)> {
        let (mut numbers, mut rest) = (Numbers::new(), tag);
        for (before, _) in &self.numbers {
            rest = rest.strip_prefix(before)?;
            let end = rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
            let digits = rest.get(..end)?;
            if digits.is_empty() || end > DIGITS || (end > 1 && digits.starts_with('0')) {
                return None;
            }
            numbers.push(digits.bytes().fold(0, |value, digit| value * 10 + u64::from(digit - b'0')));
            rest = rest.get(end..)?;
        }
        Some((numbers, rest))
    }

    /// Whether a tag that ends so is of the track.
    pub(crate) fn is_own(&self, rest: &str) -> bool {
        rest == self.after
    }

    /// The numbers of a version of this track, if they are such as [`Self::read`] gives.
    pub(crate) fn numbers(&self, version: &Version) -> Option<Numbers> {
        let most = 10u64.pow(7);
        let numbers =
            version.values().iter().map(|(_, value)| value.number().filter(|number| *number < most));
        numbers.collect::<Option<Numbers>>().filter(|numbers| numbers.len() == self.numbers.len())
    }

    /// What [`Version::fits`] says.
    pub(crate) fn fits(&self, from: &[u64], to: &[u64]) -> bool {
        self.numbers.iter().zip(from.iter().zip(to)).all(|((_, field), (a, b))| same_scheme(*field, *a, *b))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACKS: [&str; 5] = [
        "{version}-slim-bookworm",
        "v.{major}.{minor}",
        "{major}",
        "{major}.{minor}.{build}-php8.3",
        "{version}",
    ];

    #[test]
    fn what_is_read_quickly_is_numbers_between_literals() {
        for track in TRACKS {
            assert!(Track::parse(track).unwrap().quick().is_some(), "{track}");
        }
        for track in
            ["bookworm-slim", "{date}", "{version}-{pre}", "{major}.{minor}[.{patch}]", "r{major}-{build}x"]
        {
            assert!(Track::parse(track).map_or(true, |track| track.quick().is_none()), "{track}");
        }
    }

    proptest! {
        #[test]
        fn it_says_what_the_track_says(
            track in prop::sample::select(&TRACKS[..]),
            tag in r"(v\.)?[0-9]{1,9}(\.[0-9]{1,9}){0,3}(-slim-bookworm|-php8\.3|-x|rc1)?",
            from in "[0-9]{1,7}(\\.[0-9]{1,7}){2}",
        ) {
            let track = Track::parse(track).unwrap();
            let quick = track.quick().unwrap();
            let Some((numbers, rest)) = quick.read(&tag) else { return Ok(()) };
            let version = track.read(&tag);
            prop_assert_eq!(version.is_some(), quick.is_own(rest), "{}", tag);
            let Some(version) = version else { return Ok(()) };
            prop_assert_eq!(quick.numbers(&version), Some(numbers.clone()));
            let write: Vec<&str> = from.split('.').take(numbers.len()).collect();
            let text = format!("{}{}{}", quick.numbers[0].0, write.join("."), quick.after);
            if let Some(other) = track.read(&text)
                && let Some(others) = quick.numbers(&other)
            {
                prop_assert_eq!(quick.fits(&others, &numbers), other.fits(&version), "{} {}", text, tag);
                prop_assert_eq!(others.cmp(&numbers), other.cmp(&version));
            }
        }
    }
}
