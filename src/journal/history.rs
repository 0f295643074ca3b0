//! Since when a line can be believed, read off the journal's history.

use std::collections::{BTreeMap, BTreeSet};

use git2::{Oid, Repository};
use jiff::Timestamp;

use super::error::{Error, said};
use super::objects::{self, Tip};
use super::store::Handle;
use super::text;
use crate::model::{PinName, Sighting, Sightings};

/// The commits of a journal, to ask since when they have a line.
pub struct History<'h> {
    handle: &'h Handle,
    repository: Repository,
    /// The newest first, each with the latest time of it and of those below.
    commits: Vec<(Tip, Timestamp)>,
}

impl Handle {
    /// The history below the tip. A commit's time that is after `now` says nothing.
    pub fn history(&self, now: Timestamp) -> Result<History<'_>, Error> {
        let repository = self.open()?;
        let mut commits = Vec::new();
        if let Some(tip) = self.tip {
            let lost =
                |error: git2::Error| Error::unreadable(&repository, format!("its history: {}", said(&error)));
            let mut walk = repository.revwalk().map_err(lost)?;
            walk.push(tip.id).map_err(lost)?;
            for id in walk {
                let commit = objects::commit(&repository, id.map_err(lost)?)?;
                commits.push((commit, if commit.time <= now { commit.time } else { Timestamp::MIN }));
            }
        }
        let mut latest = Timestamp::MIN;
        for (_, time) in commits.iter_mut().rev() {
            latest = latest.max(*time);
            *time = latest;
        }
        Ok(History { handle: self, repository, commits })
    }
}

impl History<'_> {
    /// What was seen of a pin, and when first, as far as the history bears it out: a line was not seen before any commit
    /// that it was not yet in, whatever it claims.
    ///
    /// Whoever can push to the ref can write any time into a line and into a commit of their own, but not into the
    /// commits below.
    pub fn sightings(&self, pin: &PinName) -> Result<Sightings, Error> {
        // Since when each pair is there without a break: the latest time of the commits below.
        let mut since: BTreeMap<(String, String), Timestamp> = BTreeMap::new();
        let (mut last, mut below) = (None, Timestamp::MIN);
        for (commit, latest) in self.commits.iter().rev() {
            let file = objects::find(&self.repository, commit, &self.handle.folder, pin.as_str())?;
            // Most commits leave a file as it is.
            if file != last {
                let pairs = self.pairs(file)?;
                since.retain(|pair, _| pairs.contains(pair));
                for pair in pairs {
                    since.entry(pair).or_insert(below);
                }
                last = file;
            }
            below = *latest;
        }
        let mut seen = Sightings::default();
        for line in self.handle.journal().seen(pin).map(Sightings::lines).unwrap_or_default() {
            let since = since.get(&(line.tag.clone(), line.content.clone())).copied().unwrap_or(below);
            seen.note(Sighting { first_seen: line.first_seen.max(since), ..line });
        }
        Ok(seen)
    }

    fn pairs(&self, file: Option<Oid>) -> Result<BTreeSet<(String, String)>, Error> {
        let Some(blob) = file else {
            return Ok(BTreeSet::new());
        };
        let lost = |error: git2::Error| {
            Error::unreadable(&self.repository, format!("file {blob}: {}", said(&error)))
        };
        let blob = self.repository.find_blob(blob).map_err(lost)?;
        Ok(text::pairs(blob.content()))
    }
}
