//! Since when a line can be believed, read off the journal's history.

use std::collections::BTreeMap;

use git2::{Oid, Repository};
use jiff::Timestamp;

use super::contents::Journal;
use super::error::{Error, said};
use super::objects;
use super::store::Handle;
use super::text::JournalFile;
use crate::model::PinName;

impl Handle {
    /// When a tag was first seen to name this content, as far as the history bears it out: a line was not seen before
    /// any commit that it was not yet in, whatever it claims. `None` where it was not seen.
    ///
    /// Whoever can push to the ref can write any time into a line and into a commit of their own, but not into the
    /// commits below. A commit's time that is after `now` says nothing.
    pub fn first_seen(
        &self,
        pin: &PinName,
        tag: &str,
        content: &str,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Error> {
        let claimed = self.journal().seen(pin).and_then(|seen| seen.first(tag, content));
        let (Some(claimed), Some(tip)) = (claimed, self.tip) else {
            return Ok(claimed);
        };
        let repository = self.open()?;
        let lost =
            |error: git2::Error| Error::unreadable(&repository, format!("its history: {}", said(&error)));
        let mut walk = repository.revwalk().map_err(lost)?;
        walk.push(tip.id).map_err(lost)?;
        let mut files = Files { repository: &repository, handle: self, pin, seen: BTreeMap::new() };
        let (mut floor, mut has_it) = (Timestamp::MIN, true);
        for id in walk {
            let commit = objects::commit(&repository, id.map_err(lost)?)?;
            // Lines are never taken out, so that what lies below a commit without it is without it.
            has_it = has_it && files.have(&commit, tag, content)?;
            if !has_it && commit.time <= now {
                floor = floor.max(commit.time);
            }
        }
        Ok(Some(claimed.max(floor)))
    }
}

/// One pin's file, at one commit after the other.
struct Files<'a> {
    repository: &'a Repository,
    handle: &'a Handle,
    pin: &'a PinName,
    /// By the file's object: most commits leave it as it is.
    seen: BTreeMap<Oid, bool>,
}

impl Files<'_> {
    fn have(&mut self, commit: &objects::Tip, tag: &str, content: &str) -> Result<bool, Error> {
        let Some((blob, path)) =
            objects::find(self.repository, commit, &self.handle.folder, self.pin.as_str())?
        else {
            return Ok(false);
        };
        if let Some(known) = self.seen.get(&blob) {
            return Ok(*known);
        }
        let mut journal = Journal::default();
        let file = JournalFile::Pin(self.pin.clone());
        objects::read_file(self.repository, &mut journal, &file, (commit.id, &path, blob))?;
        let has_it = journal.seen(self.pin).is_some_and(|seen| seen.first(tag, content).is_some());
        self.seen.insert(blob, has_it);
        Ok(has_it)
    }
}
