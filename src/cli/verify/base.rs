//! `verify --base REV`: the revision that a change starts from, so that a change cannot switch off its own gate.

use crate::catalog::Policy;
use crate::document::SourceFile;
use crate::error::{Error, Status};
use crate::gate;
use crate::lock::{FILE_NAME, Lock, decode};
use crate::scan::Suppression;
use crate::tree::{CommitTree, Tree, TreeError};
use crate::verify::{Finding, Input, Known, Trust, conclude};
use crate::workspace::{Workspace, WorkspaceError};

/// What the gate says of a revision.
pub(super) struct Base {
    policy: Policy,
    lock: Lock,
    known: Known,
    trust: Trust,
}

impl Base {
    /// Runs the gate over the files of `revision`.
    pub(super) fn read(workspace: &Workspace, revision: &str) -> Result<Self, Error> {
        let tree = CommitTree::open(&workspace.root, revision).map_err(|error| unreadable(&error))?;
        let there = Workspace::of(&workspace.root, &tree).map_err(|error| match error {
            WorkspaceError::Tree(error) => unreadable(&error),
            WorkspaceError::Problems(problems) => Error {
                hints: vec![format!("these are in {revision}: choose a revision without them")],
                ..Error::problems(problems)
            },
        })?;
        let bytes = tree.read(FILE_NAME).map_err(|error| unreadable(&error))?.unwrap_or_default();
        let lock_file = SourceFile::from_bytes(FILE_NAME, bytes);
        let lock = match lock_file.text.is_empty() {
            true => Lock::default(),
            false => decode(&lock_file).map_err(Error::problems)?,
        };
        // Before anything was declared there was no policy to go by, but for how references are written.
        let policy = match there.configured {
            true => there.catalog.policy.clone(),
            false => Policy { references: workspace.catalog.policy.references.clone(), ..Policy::default() },
        };
        let input = Input {
            catalog: &there.catalog,
            lock: &lock,
            lock_file: &lock_file,
            policy: &policy,
            before: None,
        };
        let seen = gate::see(&tree, &input, &[]).map_err(|error| unreadable(&error))?;
        let trust = Trust::of(&seen);
        let report = conclude(&input, seen, true, |_, _| true);
        let known = Known::new(&report.findings);
        Ok(Self { policy, lock, known, trust })
    }

    /// The policy that holds.
    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What was locked.
    pub(super) fn lock(&self) -> &Lock {
        &self.lock
    }

    /// Whether a suppression was there.
    pub(super) fn trusts(&self, file: &SourceFile, suppression: &Suppression) -> bool {
        self.trust.covers(file, suppression)
    }

    /// Takes out the findings that were there.
    pub(super) fn take_known(mut self, findings: &mut Vec<Finding>) -> Vec<Finding> {
        let (known, new) = std::mem::take(findings).into_iter().partition(|finding| self.known.take(finding));
        *findings = new;
        known
    }
}

fn unreadable(error: &TreeError) -> Error {
    let is_revision = matches!(error, TreeError::Revision(_));
    let error = Error::new(Status::Usage, error.to_string());
    match is_revision {
        true => error.hint("fetch it first: a shallow clone does not have it"),
        false => error,
    }
}
