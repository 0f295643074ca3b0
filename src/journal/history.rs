//! Since when a line can be believed, read off the journal's history.

use git2::{Oid, Repository};
use jiff::Timestamp;

use super::error::{Error, said};
use super::objects::{self, Tip};
use super::store::Handle;
use super::text;
use crate::model::PinName;

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
    /// When a tag was first seen to name this content, as far as the history bears it out: a line was not seen before
    /// any commit that it was not yet in, whatever it claims. `None` where it was not seen.
    ///
    /// Whoever can push to the ref can write any time into a line and into a commit of their own, but not into the
    /// commits below.
    pub fn first_seen(&self, pin: &PinName, tag: &str, content: &str) -> Result<Option<Timestamp>, Error> {
        let claimed = self.handle.journal().seen(pin).and_then(|seen| seen.first(tag, content));
        let Some(claimed) = claimed else {
            return Ok(None);
        };
        let mut newer = None;
        for (commit, latest) in &self.commits {
            let file = objects::find(&self.repository, commit, &self.handle.folder, pin.as_str())?;
            // Most commits leave a file as it is.
            if file.is_some() && file == newer {
                continue;
            }
            if !self.has(file, tag, content)? {
                return Ok(Some(claimed.max(*latest)));
            }
            newer = file;
        }
        Ok(Some(claimed))
    }

    fn has(&self, file: Option<Oid>, tag: &str, content: &str) -> Result<bool, Error> {
        let Some(blob) = file else {
            return Ok(false);
        };
        let lost = |error: git2::Error| {
            Error::unreadable(&self.repository, format!("file {blob}: {}", said(&error)))
        };
        let blob = self.repository.find_blob(blob).map_err(lost)?;
        Ok(text::has_pair(blob.content(), tag, content))
    }
}
