//! Where the commits of pull requests are.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::git_http::git;

pub(super) struct Repository(Option<PathBuf>);

impl Repository {
    /// Has every branch, and nothing is merged in it.
    pub(super) fn made_up() -> Self {
        Self(None)
    }

    pub(super) fn bare(folder: &Path) -> Self {
        Self(Some(folder.into()))
    }

    pub(super) fn folder(&self) -> Option<PathBuf> {
        self.0.clone()
    }

    /// The commit of a branch.
    pub(super) fn head(&self, branch: &str) -> Option<String> {
        let Some(folder) = &self.0 else { return Some("1".repeat(40)) };
        let output = Command::new("git")
            .args(["rev-parse", "--verify", "--quiet", &format!("refs/heads/{branch}^{{commit}}")])
            .current_dir(folder)
            .output()
            .unwrap();
        output.status.success().then(|| String::from_utf8(output.stdout).unwrap().trim().to_owned())
    }

    /// Whether `branch` has `commit` in it.
    pub(super) fn has(&self, branch: &str, commit: &str) -> bool {
        let (Some(folder), Some(tip)) = (&self.0, self.head(branch)) else { return false };
        let mut command = Command::new("git");
        command.args(["merge-base", "--is-ancestor", commit, &tip]).current_dir(folder);
        command.output().unwrap().status.success()
    }

    /// Brings `commit` into `base`.
    pub(super) fn merge(&self, base: &str, commit: &str, both: bool) {
        let Some(folder) = &self.0 else { return };
        let tip = self.head(base).unwrap();
        let tree = git(folder, &["merge-tree", "--write-tree", &tip, commit]);
        let mut arguments = vec!["commit-tree", "-m", "Merged by a person", "-p", &tip];
        if both {
            arguments.extend(["-p", commit]);
        }
        arguments.push(&tree);
        let merged = git(folder, &arguments);
        git(folder, &["update-ref", &format!("refs/heads/{base}"), &merged, &tip]);
    }
}
