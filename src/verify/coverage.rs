//! How many outside inputs there are, and what became of each: nothing is silently unchecked.

use std::collections::BTreeMap;

use crate::document::Place;
use crate::model::ImageName;
use crate::scan::Kind;

/// The outside inputs of a repository.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// How many files name one.
    pub files: usize,
    /// All of them.
    pub all: Tally,
    /// Those of each image of the catalog.
    pub images: BTreeMap<ImageName, Tally>,
    /// Those that are neither locked nor own nor suppressed.
    pub open: Vec<Open>,
    /// Files and folders that were not read, each with the reason.
    pub unread: Vec<(String, String)>,
}

/// How many inputs there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Named by the lock, or sealed by a checksum beside them.
    pub locked: usize,
    /// Built here.
    pub own: usize,
    /// Left alone by a comment that says why.
    pub suppressed: usize,
    /// None of these.
    pub open: usize,
}

/// An input that is neither locked nor own nor suppressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Where it is named.
    pub place: Place,
    /// In what kind of place.
    pub kind: Kind,
    /// The rule that finds it.
    pub rule: &'static str,
    /// The image that it is an input of.
    pub image: Option<ImageName>,
}

impl Tally {
    /// All of them.
    pub fn total(self) -> usize {
        self.locked + self.own + self.suppressed + self.open
    }

    fn add(&mut self, other: Self) {
        self.locked += other.locked;
        self.own += other.own;
        self.suppressed += other.suppressed;
        self.open += other.open;
    }
}

impl Coverage {
    /// Counts inputs, of an image where they are one's.
    pub(super) fn count(&mut self, image: Option<&ImageName>, tally: Tally) {
        self.all.add(tally);
        if let Some(image) = image {
            self.images.entry(image.clone()).or_default().add(tally);
        }
    }

    /// Adds what was counted elsewhere.
    pub(super) fn merge(&mut self, other: Self) {
        self.files += other.files;
        self.all.add(other.all);
        for (image, tally) in other.images {
            self.images.entry(image).or_default().add(tally);
        }
        self.open.extend(other.open);
        self.unread.extend(other.unread);
    }

    /// Moves inputs from open to suppressed.
    pub(super) fn suppress(&mut self, is_suppressed: impl Fn(&Open) -> bool) {
        let (suppressed, open): (Vec<Open>, Vec<Open>) =
            std::mem::take(&mut self.open).into_iter().partition(|open| is_suppressed(open));
        self.open = open;
        for open in suppressed {
            let image = open.image.as_ref().and_then(|image| self.images.get_mut(image));
            for tally in [Some(&mut self.all), image].into_iter().flatten() {
                tally.open -= 1;
                tally.suppressed += 1;
            }
        }
    }

    /// Puts everything into an order that does not depend on who came first.
    pub(super) fn sort(&mut self) {
        self.open.sort_by(|a, b| {
            let key = |open: &Open| (open.place.file.path.clone(), open.place.span.start);
            key(a).cmp(&key(b))
        });
        self.unread.sort();
    }
}
