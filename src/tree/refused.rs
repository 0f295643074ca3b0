//! What to do where the git library refuses a repository with which git itself has no trouble.

use std::path::Path;

use git2::{Error, ErrorClass, ErrorCode};

use crate::model::shell_word;

/// What to do about the repository that a folder is in, where it is somebody else's. Git goes by the top of the work tree.
pub fn trust(folder: &Path) -> String {
    let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.into());
    let top = folder.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&folder);
    let top = shell_word(&top.to_string_lossy());
    format!("where it is to be trusted: `git config --global --add safe.directory {top}`")
}

/// What to do about a refusal; `None` where nothing is known of it.
pub fn remedy(error: &Error) -> Option<&'static str> {
    let said = error.message();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if error.code() == ErrorCode::Owner {
        return Some(
            "where it is to be trusted: `git config --global --add safe.directory PATH`, the path that is named",
        );
    }
    if has(&["unknown object format", "refstorage"]) {
        return Some("only repositories with SHA-1 ids and refs in files can be read here");
    }
    if has(&["extensions.partialclone"]) {
        return Some(
            "where all its objects are here, `git config --unset extensions.partialClone` makes it readable",
        );
    }
    if has(&["extension: 'link'"]) {
        return Some("its index is split, which cannot be read here: `git update-index --no-split-index`");
    }
    if has(&["extension: 'sdir'"]) {
        return Some(
            "its index is sparse, which cannot be read here: `git sparse-checkout reapply --no-sparse-index`",
        );
    }
    let lacks = error.class() == ErrorClass::Odb && error.code() == ErrorCode::NotFound;
    lacks.then_some(
        "objects are missing: where this is a partial clone (`--filter`), `git fetch --refetch --no-filter` brings them",
    )
}
