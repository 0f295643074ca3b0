//! Candidates of a list of any length, in memory that has a bound: of those that share a verdict only the newest are kept.
//!
//! What is forgotten can change nothing: it is judged as newer ones are that are kept, and far more of these are kept than
//! are ever asked about. The locked tag is kept besides, the one that a person asks for, those whose rebuilds were seen,
//! and the newest of each major.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::mem::{Discriminant, discriminant};

use super::{Candidate, Question, Rejection, Verdict, Wish};
use crate::model::Lane;
use crate::track::{Field, Number, Numbers, Version};

/// How many of a kind are kept: more than a person reads, and many times as many as are ever looked at.
pub(super) const KEPT: usize = 1_000;

/// What candidates have in common that are told from each other by their version alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Kind {
    /// Why it is rejected; none where it may be taken.
    rejection: Option<Discriminant<Rejection>>,
    is_prerelease: bool,
    /// Whether it is of the locked one's scheme.
    fits: bool,
    /// Whether it leads to the release that a locked prerelease is for.
    leads: bool,
}

impl Kind {
    fn of(verdict: &Verdict, version: &Version, from: Option<&Version>) -> Self {
        let rejection = match verdict {
            Verdict::Rejected(rejection) => Some(discriminant(rejection)),
            _ => None,
        };
        Self {
            rejection,
            is_prerelease: version.is_prerelease(),
            fits: from.is_none_or(|from| from.fits(version)),
            leads: from.is_some_and(|from| from.is_prerelease() && from.same_target(version)),
        }
    }

    fn is_eligible(&self) -> bool {
        self.rejection.is_none()
    }

    fn is_lane(&self) -> bool {
        let lane = Rejection::Lane { lane: Lane::Major, needed: crate::model::Allow::Major };
        self.rejection == Some(discriminant(&lane))
    }
}

/// Newest first; of equal versions the first by name.
pub(super) fn newer(a: &Candidate, b: &Candidate) -> Ordering {
    (Reverse(&a.version), &a.tag).cmp(&(Reverse(&b.version), &b.tag))
}

/// The newest candidates of one kind.
struct Newest {
    kind: Kind,
    candidates: Vec<Candidate>,
    /// What is older than this is not kept.
    floor: Option<Version>,
    /// The same, where it is nothing but numbers.
    numbers: Option<Numbers>,
    forgotten: Forgotten,
}

/// How many candidates are not kept.
#[derive(Clone, Copy, Default)]
struct Forgotten {
    all: usize,
    /// Those that have the version of another one, as far as that was seen.
    twins: usize,
}

/// The candidates up to now.
pub(super) struct Sieve<'q> {
    question: &'q Question<'q>,
    from: Option<&'q Version>,
    /// How many of a kind are kept.
    most: usize,
    /// Whether the newest of each major may be asked for.
    wants_majors: bool,
    kinds: Vec<Newest>,
    always: Vec<Candidate>,
    majors: BTreeMap<Number, Candidate>,
}

/// What a [`Sieve`] has kept.
pub(super) struct Sifted {
    /// In order, each once.
    pub(super) candidates: Vec<Candidate>,
    forgotten: Vec<(Kind, Forgotten)>,
}

impl Sifted {
    /// How many are not among the candidates.
    pub(super) fn forgotten(&self) -> usize {
        self.forgotten.iter().map(|(_, forgotten)| forgotten.all).sum()
    }

    /// How many of them may be taken: of those that lead to a target alone, and where a larger step is meant.
    pub(super) fn forgotten_eligible(&self, leading: bool, larger: bool) -> usize {
        let count = |(kind, forgotten): &(Kind, Forgotten)| match kind {
            // Of equal versions one is eligible.
            _ if kind.is_eligible() && (kind.leads || !leading) => {
                forgotten.all.saturating_sub(forgotten.twins)
            }
            _ if kind.is_lane() && larger => forgotten.all,
            _ => 0,
        };
        self.forgotten.iter().map(count).sum()
    }
}

impl<'q> Sieve<'q> {
    /// One that keeps so many of a kind. `from` is the locked version, where it can be compared.
    pub(super) fn new(
        question: &'q Question<'q>,
        from: Option<&'q Version>,
        (most, wants_majors): (usize, bool),
    ) -> Self {
        let (kinds, always, majors) = (Vec::new(), Vec::new(), BTreeMap::new());
        let wants_majors = wants_majors && question.declaration.track.has(Field::Major);
        Self { question, from, most, wants_majors, kinds, always, majors }
    }

    /// Counts a tag of that kind which has these numbers, if it is older than all that are kept of it.
    pub(super) fn count_below(&mut self, kind: usize, numbers: &Numbers) -> bool {
        let Some(newest) = self.kinds.get_mut(kind) else { return false };
        let is_below = newest.numbers.as_ref().is_some_and(|floor| numbers < floor);
        newest.forgotten.all += usize::from(is_below);
        is_below
    }

    /// Takes in a judged tag; gives which kind it is of, unless it is kept whatever that is. `numbers` is what a version
    /// has that is nothing but numbers.
    pub(super) fn take(
        &mut self,
        tag: &str,
        version: Version,
        verdict: Verdict,
        numbers: impl Fn(&Version) -> Option<Numbers>,
    ) -> Option<usize> {
        let kind = Kind::of(&verdict, &version, self.from);
        let lane = |version: &Version| self.from.and_then(|from| from.lane_to(version));
        let candidate = |version| Candidate { tag: tag.to_owned(), lane: lane(&version), version, verdict };
        if self.is_always_kept(tag) {
            self.always.push(candidate(version));
            return None;
        }
        let at = self.kinds.iter().position(|known| known.kind == kind).unwrap_or_else(|| {
            self.kinds.push(Newest {
                kind,
                candidates: Vec::new(),
                floor: None,
                numbers: None,
                forgotten: Forgotten::default(),
            });
            self.kinds.len() - 1
        });
        let newest = self.kinds.get_mut(at)?;
        if newest.floor.as_ref().is_some_and(|floor| version < *floor) {
            newest.forgotten.all += 1;
            if self.may_matter(tag, &version, kind) {
                let candidate = candidate(version);
                self.keep_apart(candidate, kind);
            }
            return Some(at);
        }
        newest.candidates.push(candidate(version));
        // Not at each tag, as it sorts.
        if newest.candidates.len() / 3 >= self.most {
            self.sift(at);
            if let Some(newest) = self.kinds.get_mut(at) {
                newest.numbers = newest.floor.as_ref().and_then(numbers);
            }
        }
        Some(at)
    }

    fn sift(&mut self, at: usize) {
        let Some(newest) = self.kinds.get_mut(at) else { return };
        let (kind, forgotten) = (newest.kind, newest.sift(self.most));
        for candidate in forgotten {
            if self.may_matter(&candidate.tag, &candidate.version, kind) {
                self.keep_apart(candidate, kind);
            }
        }
    }

    fn is_always_kept(&self, tag: &str) -> bool {
        let is_locked = self.question.locked.is_some_and(|pin| pin.tag() == tag);
        let is_asked = matches!(self.question.wish, Wish::Tag { tag: asked, .. } if asked == tag);
        (is_locked || is_asked) && !self.always.iter().any(|known| known.tag == tag)
    }

    /// Whether something is told by one that is not among the newest of its kind.
    fn may_matter(&self, tag: &str, version: &Version, kind: Kind) -> bool {
        self.is_major_wanted(kind) || self.was_rebuilt(tag, version)
    }

    fn is_major_wanted(&self, kind: Kind) -> bool {
        self.wants_majors && (kind.is_eligible() || kind.is_lane())
    }

    /// Whether it was seen to be rebuilt, while the locked one may have been left behind.
    fn was_rebuilt(&self, tag: &str, version: &Version) -> bool {
        self.from.is_some_and(|from| version > from)
            && self.question.past.seen().is_some_and(|seen| seen.of_tag(tag).len() > 1)
    }

    fn keep_apart(&mut self, candidate: Candidate, kind: Kind) {
        if self.was_rebuilt(&candidate.tag, &candidate.version) {
            self.forgot_less(kind);
            return self.always.push(candidate);
        }
        let Some(major) = candidate.version.number(Field::Major).cloned() else { return };
        match self.majors.entry(major) {
            Entry::Occupied(mut known) if newer(&candidate, known.get()).is_lt() => {
                known.insert(candidate);
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(first) => {
                first.insert(candidate);
            }
        }
        if self.majors.len() > self.most {
            self.majors.pop_first();
        }
    }

    fn forgot_less(&mut self, kind: Kind) {
        for newest in self.kinds.iter_mut().filter(|newest| newest.kind == kind) {
            newest.forgotten.all = newest.forgotten.all.saturating_sub(1);
        }
    }

    /// Whether the tag was taken in, for one that is always kept.
    pub(super) fn has(&self, tag: &str) -> bool {
        self.always.iter().any(|candidate| candidate.tag == tag)
    }

    /// What is kept.
    pub(super) fn finish(mut self) -> Sifted {
        (0..self.kinds.len()).for_each(|at| self.sift(at));
        let majors = std::mem::take(&mut self.majors);
        for candidate in majors.values() {
            self.forgot_less(Kind::of(&candidate.verdict, &candidate.version, self.from));
        }
        let mut candidates = self.always;
        let mut forgotten = Vec::with_capacity(self.kinds.len());
        for newest in self.kinds {
            forgotten.push((newest.kind, newest.forgotten));
            candidates.extend(newest.candidates);
        }
        candidates.extend(majors.into_values());
        candidates.sort_by(newer);
        candidates.dedup_by(|a, b| a.tag == b.tag);
        Sifted { candidates, forgotten }
    }
}

impl Newest {
    /// Keeps so many versions, and as many of the tags that have the version of another; gives the rest.
    fn sift(&mut self, most: usize) -> Vec<Candidate> {
        self.candidates.sort_by(newer);
        self.candidates.dedup_by(|a, b| a.tag == b.tag);
        let (mut versions, mut twins, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        for candidate in self.candidates.drain(..) {
            let is_twin = versions.last().is_some_and(|last: &Candidate| last.version == candidate.version);
            let kept = if is_twin { &mut twins } else { &mut versions };
            if kept.len() < most {
                kept.push(candidate);
            } else {
                self.forgotten.all += 1;
                self.forgotten.twins += usize::from(is_twin);
                rest.push(candidate);
            }
        }
        if versions.len() == most {
            self.floor = versions.last().map(|last| last.version.clone());
        }
        self.candidates = versions;
        self.candidates.append(&mut twins);
        rest
    }
}
