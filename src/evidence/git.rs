//! What changed between two commits of a git repository.

use super::{Facts, NOTHING_BEFORE, compare_link};
use crate::model::{Between, CommitId, GitPin, GitUrl, Learnt};

/// What changed between two locked commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitEvidence {
    /// The page that shows it, at a forge that is known.
    pub compare: Learnt<String>,
    /// The commits that are new.
    pub commits: Learnt<Between>,
}

impl GitEvidence {
    pub(super) fn of(from: Option<&GitPin>, to: &GitPin, facts: &Facts) -> Self {
        let Some(from) = from else {
            let nothing = || NOTHING_BEFORE.to_owned();
            return Self { compare: Learnt::Unknown(nothing()), commits: Learnt::Unknown(nothing()) };
        };
        let compare = match from.url == to.url {
            _ if from.commit == to.commit => Learnt::Unknown("it is the same commit".into()),
            true => compare_link(to.url.as_str(), from.commit.as_str(), to.commit.as_str()),
            false => Learnt::Unknown("it is another repository".into()),
        };
        let commits = match facts {
            Facts::Git(commits) => commits.clone(),
            Facts::Image { .. } | Facts::Tagged { .. } | Facts::Pins => Learnt::not_asked(),
        };
        Self { compare, commits }
    }

    /// The same of two commits of one repository.
    pub(super) fn between(url: &GitUrl, from: &CommitId, to: &CommitId, commits: &Learnt<Between>) -> Self {
        let compare = match from == to {
            true => Learnt::Unknown("it is the same commit".into()),
            false => compare_link(url.as_str(), from.as_str(), to.as_str()),
        };
        Self { compare, commits: commits.clone() }
    }
}
