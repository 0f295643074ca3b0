//! Telling apart the pins of one upstream: a reference belongs to one of them only.

use std::collections::BTreeSet;

use super::survey::Uses;
use crate::track::{Field, Track, infer};

/// A pin of an upstream, without a name.
pub(super) struct Draft<'a> {
    pub(super) tag: &'a str,
    pub(super) uses: &'a Uses,
    pub(super) track: Track,
    pub(super) paths: Vec<String>,
    pub(super) narrowed: bool,
}

impl<'a> Draft<'a> {
    /// A pin that follows the shape of a tag; `None` where the tag cannot be followed at all.
    pub(super) fn new(tag: &'a str, uses: &'a Uses) -> Option<Self> {
        let track = infer(tag).ok().filter(|track| track.read(tag).is_some());
        let track = match track {
            Some(track) => track,
            None => Track::parse(tag).ok()?,
        };
        Some(Self { tag, uses, track, paths: Vec::new(), narrowed: false })
    }

    fn follows(&self, other: &Self) -> bool {
        self.track.read(other.tag).is_some()
    }

    fn files(&self) -> BTreeSet<&str> {
        self.uses.spots.iter().map(|spot| spot.path.as_str()).collect()
    }

    fn narrow(&mut self) {
        if let Some(track) = Track::parse(self.tag).ok().filter(|_| !self.track.is_literal()) {
            self.track = track;
            self.narrowed = true;
        }
    }
}

/// Makes sure that each tag is followed by its own pin alone.
///
/// Pins of one track that are used in different files are told apart by these; others by following their tag only. A
/// lone number is a line of versions that somebody chose (`20-slim` and `22-slim`), whatever the files.
pub(super) fn tell_apart(drafts: &mut [Draft<'_>]) {
    for group in groups(drafts) {
        let same_track = group.iter().all(|i| drafts[*i].track == drafts[group[0]].track);
        let lone = |track: &Track| track.has(Field::Major) && !track.has(Field::Minor);
        if same_track && !lone(&drafts[group[0]].track) && have_own_files(drafts, &group) {
            for i in group {
                drafts[i].paths = drafts[i].files().into_iter().map(str::to_owned).collect();
            }
        } else {
            for i in group {
                drafts[i].narrow();
            }
        }
    }
}

/// Those that follow each other's tags, two or more together.
fn groups(drafts: &[Draft<'_>]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for i in 0..drafts.len() {
        let meets = |j: &usize| drafts[i].follows(&drafts[*j]) || drafts[*j].follows(&drafts[i]);
        let (meeting, apart): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.iter().any(meets));
        groups = apart;
        groups.push(meeting.into_iter().flatten().chain([i]).collect());
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// Whether no file uses two of them, and each file's path is a pattern of itself alone.
fn have_own_files(drafts: &[Draft<'_>], group: &[usize]) -> bool {
    let mut seen = BTreeSet::new();
    let mut files = group.iter().flat_map(|i| drafts[*i].files());
    files.all(|file| seen.insert(file) && !file.contains(['*', '?', '[', ']', '{', '}', '\\', '!']))
}
