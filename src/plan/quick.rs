//! Tags that change nothing, known by their numbers: where a tag is judged as one before it that differed from the locked one
//! in the same way, and is older than all that are kept of those, it is counted and no more.

use std::collections::{HashMap, HashSet};

use super::sieve::Sieve;
use super::{Question, Wish};
use crate::track::{Numbers, Quick, Shapes, Sibling, Version};

/// How each number stands to the locked one's, two bits each, and whether it is of its scheme.
type Standing = u32;

/// More endings than shapes that anybody publishes side by side; what has others is read in full.
const ENDINGS: usize = 4_096;

/// What is known of tags that were read in full.
pub(super) struct Known<'q> {
    quick: Quick<'q>,
    from: Numbers,
    /// The tags that the journal knows, which tell more than their numbers.
    remembered: HashSet<String>,
    /// Of the track's own tags: which kind the sieve makes of those that stand so.
    standings: Vec<(Standing, usize)>,
    /// Of others, by what stands behind their numbers: what a version must be above to be news; none where it never is.
    endings: HashMap<String, Option<Numbers>>,
}

/// What a tag comes to.
pub(super) enum Tag<'t> {
    /// It is to be read in full.
    Unknown,
    /// The same, and what is learnt is of use for others: of the track's own, and of other shapes.
    Own(Numbers),
    Other(&'t str),
    /// It was counted: it is of the track, or of another shape.
    CountedOwn,
    CountedOther,
}

impl<'q> Known<'q> {
    /// Nothing yet; none where a tag's numbers alone do not tell how it is judged.
    pub(super) fn new(question: &Question<'q>, from: Option<&Version>, left_behind: bool) -> Option<Self> {
        let declaration = question.declaration;
        let by_name = declaration.version.is_some() || !declaration.ignore.is_empty() || left_behind;
        if by_name || matches!(question.wish, Wish::Tag { .. }) {
            return None;
        }
        let quick = declaration.track.quick()?;
        let from = quick.numbers(from?)?;
        let remembered = question.past.seen().map(|seen| seen.lines()).unwrap_or_default();
        let remembered = remembered.into_iter().map(|line| line.tag).collect();
        Some(Self { quick, from, remembered, standings: Vec::new(), endings: HashMap::new() })
    }

    /// Counts `tag` where that is all it comes to.
    pub(super) fn take<'t>(&self, tag: &'t str, sieve: &mut Sieve<'_>) -> Tag<'t> {
        let Some((numbers, rest)) = self.quick.read(tag) else { return Tag::Unknown };
        if !self.quick.is_own(rest) {
            let is_known = match self.endings.get(rest) {
                // Nothing at or below the locked version is news.
                _ if numbers <= self.from => true,
                _ if self.remembered.contains(tag) => false,
                Some(Some(floor)) => numbers < *floor,
                Some(None) => true,
                None => false,
            };
            return if is_known { Tag::CountedOther } else { Tag::Other(rest) };
        }
        if numbers == self.from || self.remembered.contains(tag) {
            return Tag::Unknown;
        }
        let standing = self.standing(&numbers);
        let kind = self.standings.iter().find(|(known, _)| *known == standing).map(|(_, kind)| *kind);
        match kind.is_some_and(|kind| sieve.count_below(kind, &numbers)) {
            true => Tag::CountedOwn,
            false => Tag::Own(numbers),
        }
    }

    fn standing(&self, numbers: &Numbers) -> Standing {
        let fits = u32::from(self.quick.fits(&self.from, numbers));
        numbers.iter().zip(&self.from).fold(fits, |standing, (number, from)| {
            standing << 2 | u32::from(number > from) << 1 | u32::from(number < from)
        })
    }

    /// Learns which kind the sieve has made of a tag of the track.
    pub(super) fn learn_own(&mut self, numbers: &Numbers, kind: Option<usize>) {
        let standing = self.standing(numbers);
        if let Some(kind) = kind.filter(|_| !self.standings.iter().any(|(known, _)| *known == standing)) {
            self.standings.push((standing, kind));
        }
    }

    /// Learns what has become of a tag of another shape: whether it is a sibling's, and what of that is kept.
    pub(super) fn learn_other(&mut self, ending: &str, sibling: Option<&Sibling>, shapes: &Shapes) {
        let floor = match sibling {
            None => None,
            Some(sibling) => match shapes.floor_of(sibling).and_then(|floor| self.quick.numbers(floor)) {
                Some(floor) => Some(floor),
                // Not so many yet that one would be forgotten.
                None => return,
            },
        };
        if self.endings.len() < ENDINGS || self.endings.contains_key(ending) {
            self.endings.insert(ending.to_owned(), floor);
        }
    }

    /// The numbers of a version of the track.
    pub(super) fn numbers(&self, version: &Version) -> Option<Numbers> {
        self.quick.numbers(version)
    }
}
