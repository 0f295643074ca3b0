//! Tags of almost the same shape: one or more words differ.

use std::cmp::{Ordering, Reverse};

use smallvec::SmallVec;

use super::infer::{counts, is_hash};
use super::parse::Atom;
use super::read::{Found, Literals, Walk, version};
use super::{Number, Prerelease, Track, TrackError, Version, is_date};

/// How far a sibling's shape is; the closest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Distance {
    /// Only a number within a word differs: `alpine3.20`, `alpine3.24`.
    Number,
    /// One word differs: `bookworm`, `trixie`.
    Word,
    /// What stands before the version differs: `v`, `v.`.
    Prefix,
    /// This many differ.
    Several(usize),
}

/// A tag of a sibling shape: the same placeholders in the same order between as many words, some of which differ.
///
/// Its version can be compared with those of the track whose sibling it is.
#[derive(Clone, Debug)]
pub struct Sibling {
    /// The sibling's shape, as a track is written.
    pub shape: String,
    /// What it reads in the tag.
    pub version: Version,
    /// How far it is.
    pub distance: Distance,
    /// Whether its word has a number where ours has none, or the reverse: `buster`, `alpine3.20`.
    is_unlike: bool,
    /// The numbers within the words that differ, where those count the same thing.
    numbers: Vec<Number>,
}

impl Track {
    /// The tag as a sibling's; `None` where this track matches it, or where its shape is another.
    ///
    /// A word is not exchanged for a prerelease, a hash, a date, a build, another processor, or a channel such as
    /// `testing`.
    pub fn sibling(&self, tag: &str) -> Option<Sibling> {
        if self.matches(tag) { None } else { self.sibling_of_other(tag) }
    }

    /// The same of a tag that the track does not match.
    pub fn sibling_of_other(&self, tag: &str) -> Option<Sibling> {
        if self.is_literal() {
            return None;
        }
        let package = self.as_str().rfind(['/', '@']).map_or(0, |end| end + 1);
        let literals = Alike { atoms: &self.atoms, tag, package, swaps: SmallVec::new() };
        let mut walk = Walk { atoms: &self.atoms, tag, literals, found: Found::new() };
        // `1.2.3` where `v1.2.3` is declared, and the reverse.
        let start = if matches!(self.atoms.first(), Some(Atom::Literal { .. })) {
            0
        } else {
            walk.literals.prefix()?
        };
        if !walk.matches(0, start) {
            return None;
        }
        let swaps = &walk.literals.swaps;
        // What a track means something by is no part of a shape's name.
        if swaps.iter().any(|swap| swap.word.contains(['{', '}', '[', ']'])) {
            return None;
        }
        let distance = match swaps[..] {
            [] => return None,
            [Swap { distance, .. }] => distance,
            _ => Distance::Several(swaps.len()),
        };
        let mut text = self.as_str().to_owned();
        for swap in swaps.iter().rev() {
            text.replace_range(swap.at..swap.at + swap.length, swap.word);
        }
        let has_number = |word: &str| word.bytes().any(|b| b.is_ascii_digit());
        let ours =
            |swap: &Swap<'_>| self.as_str().get(swap.at..swap.at + swap.length).is_some_and(has_number);
        let counted = swaps.iter().filter(|swap| swap.distance == Distance::Number);
        Some(Sibling {
            shape: text,
            version: version(tag, &walk.found),
            distance,
            is_unlike: swaps.iter().any(|swap| ours(swap) != has_number(swap.word)),
            numbers: counted.flat_map(|swap| numbers(swap.word)).map(Number::of).collect(),
        })
    }
}

impl Sibling {
    /// The track of the sibling's shape. Of a million tags only a few are asked for it.
    pub fn track(&self) -> Result<Track, TrackError> {
        Track::parse(&self.shape)
    }

    /// The tag that was read; none where its shape is no track.
    pub fn tag(&self) -> Option<String> {
        self.track().ok().map(|track| track.write(&self.version))
    }

    /// What makes its shape the one to offer, whatever versions it has: the smallest first.
    pub(super) fn rank(&self) -> (Distance, bool, Reverse<&[Number]>) {
        (self.distance, self.is_unlike, Reverse(&self.numbers))
    }

    /// Which of two a person should be offered; the smaller.
    fn preference(&self, other: &Self) -> Ordering {
        let by_version = || other.version.cmp(&self.version);
        // Some order, so that the answer is always the same.
        let by_text = || other.shape.cmp(&self.shape);
        self.rank().cmp(&other.rank()).then_with(by_version).then_with(by_text)
    }
}

/// Of the newest versions of sibling shapes the one that a person should be offered: of the closest shapes the one
/// whose word has the highest number, or else the newest version. In place of a word without a number it is rather one
/// without.
pub fn offer<'s>(siblings: impl IntoIterator<Item = &'s Sibling>) -> Option<&'s Sibling> {
    siblings.into_iter().min_by(|a, b| a.preference(b))
}

/// A word in place of another.
#[derive(Clone, Copy)]
struct Swap<'t> {
    at: usize,
    length: usize,
    word: &'t str,
    distance: Distance,
}

/// Literals where a word may be another of its kind.
struct Alike<'t> {
    atoms: &'t [Atom],
    tag: &'t str,
    /// Where a git tag's folders and package end: another package is no variant of this one.
    package: usize,
    swaps: SmallVec<[Swap<'t>; 4]>,
}

impl<'t> Alike<'t> {
    /// Skips what stands before the version where the track has nothing there.
    fn prefix(&mut self) -> Option<usize> {
        let end = self.tag.bytes().position(|b| b.is_ascii_digit())?;
        if end > 0 {
            let word = self.tag.get(..end).filter(|word| is_prefix(word))?;
            self.swaps.push(Swap { at: 0, length: 0, word, distance: Distance::Prefix });
        }
        Some(end)
    }

    /// Whether the literal at `index` may end before `after`, and is not the beginning of another word.
    fn ends(&self, index: usize, text: &str, after: &str) -> bool {
        match self.atoms.get(index + 1) {
            Some(Atom::Field(field)) if index == 0 => field.reads(after).is_some(),
            None | Some(Atom::Literal { .. }) => text == "-" || after.is_empty() || after.starts_with('-'),
            Some(_) => true,
        }
    }

    /// The word in place of the literal at `index`, and how far it is from it.
    fn other(&self, index: usize, ours: &str, at: usize) -> Option<(&'t str, Distance)> {
        let is_dash = |atom: Option<&Atom>| match atom {
            None => true,
            Some(Atom::Literal { text, .. }) => text == "-",
            Some(Atom::Prerelease(separator)) => separator == "-",
            // What is in brackets begins with its own separator.
            Some(Atom::Optional { .. }) => true,
            Some(Atom::Field(_)) => false,
        };
        let before = index.checked_sub(1).map(|before| &self.atoms[before]);
        let (after_dash, before_dash) = (is_dash(before), is_dash(self.atoms.get(index + 1)));
        let rest = &self.tag[at..];
        if index == 0 && !before_dash {
            let word = &rest[..rest.bytes().position(|b| b.is_ascii_digit())?];
            return (is_prefix(word) && is_prefix(ours)).then_some((word, Distance::Prefix));
        }
        if !before_dash || ours == "-" {
            return None;
        }
        let word = &rest[..rest.find('-').unwrap_or(rest.len())];
        let distance = distance(ours, word)?;
        // What is directly behind a number belongs to it, but for the number of a distribution's release.
        (after_dash || distance == Distance::Number).then_some((word, distance))
    }
}

impl Literals for Alike<'_> {
    fn take(&mut self, index: usize, at: usize) -> Option<usize> {
        let Atom::Literal { text, at: place } = self.atoms.get(index)? else {
            return None;
        };
        let rest = &self.tag[at..];
        if let Some(after) = rest.strip_prefix(text.as_str())
            && self.ends(index, text, after)
        {
            return Some(text.len());
        }
        if *place < self.package {
            return None;
        }
        let (word, distance) = self.other(index, text, at)?;
        self.swaps.push(Swap { at: *place, length: text.len(), word, distance });
        Some(word.len())
    }

    fn mark(&self) -> usize {
        self.swaps.len()
    }

    fn reset(&mut self, mark: usize) {
        self.swaps.truncate(mark);
    }
}

/// What may stand directly before a version without saying anything else.
fn is_prefix(word: &str) -> bool {
    let word = word.strip_suffix(['.', '_']).unwrap_or(word);
    ["", "v", "r", "rel", "release", "ver", "version"].iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// How far a word is from ours; `None` where it cannot stand in its place.
fn distance(ours: &str, theirs: &str) -> Option<Distance> {
    let letters = |word: &str| word.bytes().position(|b| b.is_ascii_digit()).unwrap_or(word.len());
    let (our_letters, their_letters) = (letters(ours), letters(theirs));
    let is_numbered = |numbers: &str| numbers.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let (our_numbers, their_numbers) = (&ours[our_letters..], &theirs[their_letters..]);
    let only_numbers = ours[..our_letters] == theirs[..their_letters]
        && is_numbered(our_numbers)
        && is_numbered(their_numbers)
        && our_numbers.split('.').count() == their_numbers.split('.').count()
        && !our_numbers.is_empty()
        && !their_numbers.is_empty();
    if theirs.is_empty() || numbers(theirs).any(|number| number.len() > 4 || is_date(number)) {
        return None;
    }
    if only_numbers {
        return (!is_processor(ours)).then_some(Distance::Number);
    }
    // A version is no word.
    if our_letters == 0 || their_letters == 0 || [ours, theirs].iter().any(|word| is_fixed(word)) {
        return None;
    }
    Some(Distance::Word)
}

fn numbers(word: &str) -> impl Iterator<Item = &str> {
    word.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty())
}

/// A word that says something else than which variant it is.
fn is_fixed(word: &str) -> bool {
    const CHANNELS: [&str; 9] = [
        "latest",
        "testing",
        "experimental",
        "stable",
        "oldstable",
        "oldoldstable",
        "sid",
        "rolling",
        "devel",
    ];
    let is_prerelease = || {
        Prerelease::read(word).is_some_and(|(_, rest)| !rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
    };
    CHANNELS.contains(&word) || is_processor(word) || is_prerelease() || counts(word) || is_hash(word)
}

fn is_processor(word: &str) -> bool {
    const PROCESSORS: [&str; 13] = [
        "amd64",
        "x86_64",
        "x64",
        "i386",
        "386",
        "aarch64",
        "armhf",
        "ppc64le",
        "s390x",
        "riscv64",
        "mips64le",
        "windowsservercore",
        "nanoserver",
    ];
    PROCESSORS.contains(&word)
        || word.strip_prefix("arm").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'v'))
}

#[cfg(test)]
mod tests;
