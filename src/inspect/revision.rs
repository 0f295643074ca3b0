//! The revision that an image was built from: what is said of it, and the lock as it was there.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Audited, Auditor, Compare};
use crate::audit::{NO_REVISION, REVISION_NOT_HERE, REVISION_NOT_KEPT, REVISIONS_DIFFER};
use crate::catalog::Catalog;
use crate::document::SourceFile;
use crate::error::Error;
use crate::lock::{FILE_NAME, Lock, decode};
use crate::model::{CommitId, harmless};
use crate::provenance::Provenance;
use crate::tree::{CommitTree, Tree, TreeError, is_kept};
use crate::workspace::{Workspace, WorkspaceError};

/// The label of the image itself, which may be that of its base.
pub(super) const LABEL: &str = "its label";
const PROVENANCE: &str = "its provenance";
/// The fewest digits that git shortens a commit to.
const SHORT: usize = 7;

const FETCH_IT: &str = "fetch the branches: `git fetch origin`, in a shallow clone `git fetch --unshallow origin`; if it is on \
    none of them, the image is not from here";

/// Who says which revision an image was built from.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims(Vec<(&'static str, String)>);

impl Claims {
    /// A claim more.
    pub(super) fn and(mut self, who: &'static str, revision: Option<String>) -> Self {
        self.0.extend(revision.map(|revision| (who, revision)));
        self
    }

    /// Without what somebody says.
    pub(super) fn without(&self, who: &str) -> Self {
        Self(self.0.iter().filter(|(own, _)| *own != who).cloned().collect())
    }

    /// The first that is a commit: a name such as `main` would be whatever it is today.
    pub(super) fn commit(&self) -> Option<&str> {
        self.0.iter().map(|(_, revision)| revision.as_str()).find(|named| named.parse::<CommitId>().is_ok())
    }

    /// What somebody says.
    pub(super) fn of(&self, who: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| *own == who).map(|(_, revision)| revision.as_str())
    }

    /// What provenance says.
    pub(super) fn and_of(self, provenance: &Provenance) -> Self {
        let found = provenance.revision.as_ref().map(|revision| revision.commit.clone());
        self.and(PROVENANCE, found).and("the label in its provenance", provenance.label.clone())
    }
}

/// A repository as it was at a revision.
pub(super) struct State {
    /// The commit; none for what is in no commit.
    pub(super) commit: Option<String>,
    pub(super) lock: Lock,
    /// What was declared; none where that is what is declared now.
    workspace: Option<Workspace>,
}

impl State {
    /// What was declared.
    pub(super) fn workspace<'a>(&'a self, now: &'a Workspace) -> &'a Workspace {
        self.workspace.as_ref().unwrap_or(now)
    }

    /// What was declared.
    pub(super) fn catalog<'a>(&'a self, now: &'a Workspace) -> &'a Catalog {
        &self.workspace(now).catalog
    }
}

impl Auditor<'_> {
    /// The state to compare with; none where nothing tells which, which is found then.
    pub(super) fn state(&self, claims: &Claims, audited: &mut Audited) -> Result<Option<Arc<State>>, Error> {
        let named: BTreeSet<&str> = claims.0.iter().map(|(_, revision)| revision.as_str()).collect();
        let Some(revision) = self.choose(claims, &named, audited) else { return Ok(None) };
        let Some(revision) = revision else {
            // What is built from a work tree names the commit below it.
            let Compare::Here(lock) = self.compare else { return Ok(None) };
            return Ok(Some(Arc::new(State { commit: None, lock: lock.clone(), workspace: None })));
        };
        let state = match self.read(&revision).or_else(|unread| self.of_provenance(claims, unread)) {
            Ok(state) => state,
            Err(Unread::NotHere) => {
                let shown = harmless(&revision);
                let message = format!("the revision {shown} is not in this repository");
                audited.found(REVISION_NOT_HERE, message, FETCH_IT);
                return Ok(None);
            }
            Err(Unread::NotKept) => {
                let shown = harmless(&revision);
                let message = format!("the revision {shown} is on no branch or tag of this repository");
                audited.found(REVISION_NOT_KEPT, message, FETCH_IT);
                return Ok(None);
            }
            Err(Unread::Wrong(error)) => return Err(error),
        };
        let commit = state.commit.clone().unwrap_or_default();
        let others: Vec<String> = claims
            .0
            .iter()
            .filter(|(who, named)| !is_same(named, &commit) && !self.is_of_base(claims, who, named, &commit))
            .map(|(who, named)| format!("{who} names {}", harmless(named)))
            .collect();
        if !others.is_empty() {
            let message = format!("it was compared with {commit}, but {}", others.join(", and "));
            audited.found(REVISIONS_DIFFER, message, "find out which it was built from: nothing else counts");
        }
        let of_base = |(who, named): &&(&str, String)| self.is_of_base(claims, who, named, &commit);
        let note = |(_, named): &(&str, String)| {
            format!(
                "its label names {}, which is not of this repository: its base may have it",
                harmless(named)
            )
        };
        audited.notes.extend(claims.0.iter().filter(of_base).map(note));
        audited.revision = Some(commit);
        Ok(Some(state))
    }

    /// The revision to compare with: `None` where nothing tells it, `Some(None)` where it is what is here.
    fn choose(
        &self,
        claims: &Claims,
        named: &BTreeSet<&str>,
        audited: &mut Audited,
    ) -> Option<Option<String>> {
        match self.compare {
            Compare::Here(_) => return Some(None),
            Compare::Revision(revision) => return Some(Some(revision.to_owned())),
            Compare::Named => {}
        }
        match claims.commit() {
            Some(first) => Some(Some(first.to_owned())),
            None => {
                let message = match named.first() {
                    Some(other) => {
                        format!("its revision is `{}`, which is no commit's full id", harmless(other))
                    }
                    None => "nothing says which revision it was built from".to_owned(),
                };
                let help = "name it with `--revision REV`, or build with the label org.opencontainers.image.revision";
                audited.found(NO_REVISION, message, help);
                None
            }
        }
    }

    /// The state that the provenance names, where the one that the label names is not here: images that set no label have
    /// that of their base.
    fn of_provenance(&self, claims: &Claims, unread: Unread) -> Result<Arc<State>, Unread> {
        let is_it = matches!((self.compare, &unread), (Compare::Named, Unread::NotHere | Unread::NotKept));
        match claims.of(PROVENANCE).filter(|named| is_it && named.parse::<CommitId>().is_ok()) {
            Some(named) => self.read(named).map_err(|_| unread),
            None => Err(unread),
        }
    }

    /// Whether a label can be the base's: it names a commit that is none of this repository, and the provenance names this one.
    fn is_of_base(&self, claims: &Claims, who: &str, named: &str, commit: &str) -> bool {
        who == LABEL
            && claims.of(PROVENANCE).is_some_and(|named| is_same(named, commit))
            && !is_same(named, commit)
            && named.parse::<CommitId>().is_ok()
            && matches!(self.read(named), Err(Unread::NotHere | Unread::NotKept))
    }

    /// The state of a revision, which has to be kept here; one that was asked for is as it is.
    pub(super) fn read(&self, revision: &str) -> Result<Arc<State>, Unread> {
        if let Some(state) = self.known().get(revision) {
            return Ok(Arc::clone(state));
        }
        let tree = CommitTree::open(self.root(), revision)?;
        let is_asked_for = matches!(self.compare, Compare::Revision(asked) if asked == revision);
        if !is_asked_for && !is_kept(self.root(), &tree.commit())? {
            return Err(Unread::NotKept);
        }
        let workspace = Workspace::of(self.root(), &tree).map_err(|error| match error {
            WorkspaceError::Tree(error) => error.into(),
            WorkspaceError::Problems(problems) => Unread::Wrong(at(Error::problems(problems), revision)),
        })?;
        let bytes = tree.read(FILE_NAME)?.unwrap_or_default();
        let lock = match bytes.is_empty() {
            true => Lock::default(),
            false => decode(&SourceFile::from_bytes(FILE_NAME, bytes))
                .map_err(|problems| Unread::Wrong(at(Error::problems(problems), revision)))?,
        };
        let state = State { commit: Some(tree.commit()), lock, workspace: Some(workspace) };
        let state = Arc::new(state);
        self.known().insert(revision.to_owned(), Arc::clone(&state));
        Ok(state)
    }
}

/// Whether a revision is this commit, in full or shortened.
fn is_same(named: &str, commit: &str) -> bool {
    named == commit || (named.len() >= SHORT && commit.starts_with(named))
}

/// Why a revision was not read.
pub(super) enum Unread {
    NotHere,
    /// Its objects are here, and no branch leads to it.
    NotKept,
    Wrong(Error),
}

impl From<TreeError> for Unread {
    fn from(error: TreeError) -> Self {
        match error {
            TreeError::Revision(_) => Self::NotHere,
            error => Self::Wrong(error.into()),
        }
    }
}

fn at(error: Error, revision: &str) -> Error {
    error.hint(format!("these are in {revision}"))
}
