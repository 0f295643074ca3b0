//! Matching a tag against a track, and writing a version as a tag.

use std::ops::Range;

use smallvec::SmallVec;

use super::parse::Atom;
use super::version::Value;
use super::{Field, Prerelease, Track, Version};

/// Where a placeholder's text is in the tag; absent in brackets, or of a release's `{pre}`.
pub(super) type Found = SmallVec<[(Field, Option<Range<usize>>); 8]>;

/// What a literal of a track reads in a tag.
pub(super) trait Literals {
    /// How many bytes from `at` the literal at `index` takes; `None` where it does not match.
    fn take(&mut self, index: usize, at: usize) -> Option<usize>;
    /// How much was noted of what was taken.
    fn mark(&self) -> usize {
        0
    }
    /// Forgets what was noted since.
    fn reset(&mut self, _mark: usize) {}
}

/// To the letter.
struct Exact<'t> {
    atoms: &'t [Atom],
    tag: &'t str,
}

impl Literals for Exact<'_> {
    fn take(&mut self, index: usize, at: usize) -> Option<usize> {
        match &self.atoms[index] {
            Atom::Literal { text, .. } => self.tag[at..].starts_with(text.as_str()).then_some(text.len()),
            _ => None,
        }
    }
}

/// A match of a track's atoms against a tag.
pub(super) struct Walk<'t, L> {
    pub(super) atoms: &'t [Atom],
    pub(super) tag: &'t str,
    pub(super) literals: L,
    pub(super) found: Found,
}

impl<L: Literals> Walk<'_, L> {
    /// Matches the atoms from `index` against the tag from `at`, and notes where each placeholder is.
    ///
    /// What may be absent is tried present first.
    pub(super) fn matches(&mut self, mut index: usize, mut at: usize) -> bool {
        while let Some(atom) = self.atoms.get(index) {
            let length = match atom {
                Atom::Literal { .. } => self.literals.take(index, at),
                Atom::Field(field) => {
                    let length = field.reads(&self.tag[at..]);
                    self.found.extend(length.map(|length| (*field, Some(at..at + length))));
                    length
                }
                Atom::Prerelease(separator) => return self.prerelease(separator, index, at),
                Atom::Optional { end } => return self.optional(*end, index, at),
            };
            match length {
                Some(length) => at += length,
                None => return false,
            }
            index += 1;
        }
        at == self.tag.len()
    }

    fn prerelease(&mut self, separator: &str, index: usize, at: usize) -> bool {
        let start = at + separator.len();
        let ends = self.tag[at..].strip_prefix(separator).map(Prerelease::ends).unwrap_or_default();
        let mut readings: SmallVec<[_; 4]> = ends.into_iter().map(|end| Some(start..start + end)).collect();
        readings.push(None);
        let mark = (self.found.len(), self.literals.mark());
        readings.into_iter().any(|reading| {
            self.reset(mark);
            let after = reading.as_ref().map_or(at, |range| range.end);
            self.found.push((Field::Pre, reading));
            self.matches(index + 1, after)
        })
    }

    fn optional(&mut self, end: usize, index: usize, at: usize) -> bool {
        let mark = (self.found.len(), self.literals.mark());
        self.matches(index + 1, at) || {
            self.reset(mark);
            let absent = self.atoms[index..end].iter().filter_map(|atom| match atom {
                Atom::Field(field) => Some((*field, None)),
                _ => None,
            });
            self.found.extend(absent);
            self.matches(end, at)
        }
    }

    fn reset(&mut self, (found, literals): (usize, usize)) {
        self.found.truncate(found);
        self.literals.reset(literals);
    }
}

/// The version that was found in `tag`.
pub(super) fn version(tag: &str, found: &Found) -> Version {
    let values = found.iter().map(|(field, range)| {
        let text = range.clone().and_then(|range| tag.get(range));
        (*field, Value::of(*field, text))
    });
    Version::new(values.collect())
}

impl Track {
    /// Reads a tag; `None` where it has another shape.
    pub fn read(&self, tag: &str) -> Option<Version> {
        let mut walk = self.walk(tag);
        walk.matches(0, 0).then(|| version(tag, &walk.found))
    }

    /// Whether the tag has the track's shape.
    pub fn matches(&self, tag: &str) -> bool {
        self.walk(tag).matches(0, 0)
    }

    fn walk<'t>(&'t self, tag: &'t str) -> Walk<'t, Exact<'t>> {
        let atoms = &self.atoms;
        Walk { atoms, tag, literals: Exact { atoms, tag }, found: Found::new() }
    }

    /// The tag of a version of this track: the one that it was read from.
    pub fn write(&self, version: &Version) -> String {
        let mut tag = String::new();
        let mut values = version.values().iter();
        let mut index = 0;
        while let Some(atom) = self.atoms.get(index) {
            index += 1;
            match atom {
                Atom::Literal { text, .. } => tag.push_str(text),
                Atom::Field(_) => tag.extend(values.next().and_then(|(_, value)| value.text())),
                Atom::Prerelease(separator) => {
                    if let Some(text) = values.next().and_then(|(_, value)| value.text()) {
                        tag.push_str(separator);
                        tag.push_str(text);
                    }
                }
                Atom::Optional { end } => {
                    if values.as_slice().first().is_some_and(|(_, value)| value.text().is_none()) {
                        let fields = self.atoms[index..*end].iter();
                        let absent = fields.filter(|atom| matches!(atom, Atom::Field(_))).count();
                        values = values.as_slice().get(absent..).unwrap_or_default().iter();
                        index = *end;
                    }
                }
            }
        }
        tag
    }
}
