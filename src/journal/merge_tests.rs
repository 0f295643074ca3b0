//! Journals that meet in one repository.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::tests::{self, at, first, forge, git, journal, pin, record, repository};
use super::*;
use crate::model::CommitId;

/// A bare repository and two clones of it.
pub(crate) fn clones() -> (TempDir, PathBuf, [PathBuf; 2]) {
    let (folder, _) = repository();
    git(folder.path(), &["clone", "-q", "--bare", "top", "bare.git"]);
    let clones = ["one", "two"].map(|name| {
        git(folder.path(), &["clone", "-q", "bare.git", name]);
        folder.path().join(name)
    });
    let bare = folder.path().join("bare.git");
    (folder, bare, clones)
}

/// Brings the journal of another repository to this one, under another name.
fn bring(from: &Path, to: &Path) -> CommitId {
    git(to, &["fetch", "-q", &from.to_string_lossy(), &format!("+{REF}:refs/other")]);
    git(to, &["rev-parse", "refs/other"]).parse().unwrap()
}

fn parents(top: &Path) -> Vec<String> {
    git(top, &["log", "-1", "--format=%P", REF]).split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_journal_that_is_ahead_is_taken_and_one_that_is_behind_is_nothing_new() {
    let (_folder, _, [one, two]) = clones();
    record(&one, &[("tool", "1.0", "aa", 1)], 1);
    let mut handle = tests::open(&two, at(2));
    let early = bring(&one, &two);
    assert_eq!(handle.merge_from(&early, at(2)).unwrap(), Merged::FastForward);
    assert_eq!((handle.tip(), first(&handle, "tool", "1.0", "aa")), (Some(early.clone()), Some(at(1))));
    let late = record(&one, &[("tool", "1.1", "bb", 3)], 3).tip().unwrap();
    assert_eq!(bring(&one, &two), late);
    assert_eq!(handle.merge_from(&late, at(4)).unwrap(), Merged::FastForward);
    assert_eq!(handle.tip(), Some(late.clone()));
    for known in [early, late.clone()] {
        assert_eq!(handle.merge_from(&known, at(4)).unwrap(), Merged::Unchanged);
    }
    assert_eq!(tests::open(&two, at(4)).tip(), Some(late));
}

#[test]
fn two_that_raced_become_one_line_of_commits() {
    let (_folder, _, [one, two]) = clones();
    let both = [("tool", "1.0", "aa", 1)];
    record(&one, &both, 1);
    bring(&one, &two);
    tests::open(&two, at(1)).merge_from(&bring(&one, &two), at(1)).unwrap();
    // A root further down writes to the same ref, and is merged along with the one that asks.
    record(&two, &[("tool", "1.1", "bb", 2), ("mine", "1", "dd", 2)], 2);
    record(&two.join("services"), &[("deep", "1", "ee", 2)], 2);
    let theirs = record(&one, &[("tool", "1.1", "bb", 3), ("tool", "1.2", "cc", 5)], 5).tip().unwrap();
    bring(&one, &two);
    let mut handle = tests::open(&two, at(6));
    assert_eq!(handle.merge_from(&theirs, at(6)).unwrap(), Merged::Combined);
    assert_eq!(parents(&two), [theirs.as_str()]);
    // What both had keeps the earlier time; what theirs lacked is not older than their commit.
    let expected = [
        ("tool", "1.0", "aa", 1),
        ("tool", "1.1", "bb", 2),
        ("tool", "1.2", "cc", 5),
        ("mine", "1", "dd", 5),
    ];
    assert_eq!(*handle.journal(), journal(&expected));
    assert_eq!(*tests::open(&two.join("services"), at(6)).journal(), journal(&[("deep", "1", "ee", 5)]));
    assert_eq!(git(&two, &["log", "-1", "--format=%s", REF]), "journal: 3 new sightings");
    git(&two, &["fsck", "--strict"]);
}

#[test]
fn decisions_of_commits_that_are_replaced_are_told_again() {
    let (_folder, _, [one, two]) = clones();
    let decision = Decision { pin: pin("tool"), to: "0.9".into(), because: "1.0 is broken".into() };
    for hour in [1, 2] {
        let line = journal(&[("tool", "0.9", &format!("a{hour}"), hour)]);
        tests::open(&two, at(hour)).record(&line, std::slice::from_ref(&decision), at(hour)).unwrap();
    }
    // All lines of ours are theirs too, but not why.
    record(&one, &[("tool", "0.9", "a1", 1), ("tool", "0.9", "a2", 2)], 3);
    let mut handle = tests::open(&two, at(4));
    handle.merge_from(&bring(&one, &two), at(4)).unwrap();
    let told = git(&two, &["log", "-1", "--format=%(trailers:key=Because,valueonly)", REF]);
    assert_eq!(told.trim_end(), "1.0 is broken\n1.0 is broken");
    assert_eq!(handle.merge_from(&bring(&one, &two), at(5)).unwrap(), Merged::Unchanged);
}

#[test]
fn what_claims_to_be_older_than_a_commit_that_lacked_it_is_raised() {
    let (_folder, _, [one, two]) = clones();
    record(&one, &[("tool", "1.0", "aa", 5)], 5);
    tests::open(&two, at(5)).merge_from(&bring(&one, &two), at(5)).unwrap();
    forge(&one, "evil", format!("1 aa {}\n", at(0)).as_bytes(), 6);
    let theirs = bring(&one, &two);
    let mut handle = tests::open(&two, at(7));
    assert_eq!(handle.merge_from(&theirs, at(7)).unwrap(), Merged::Combined);
    assert_eq!(first(&handle, "evil", "1", "aa"), Some(at(5)));
    assert_eq!(parents(&two), [theirs.as_str()]);
    assert_eq!(handle.merge_from(&theirs, at(8)).unwrap(), Merged::Unchanged);
}

#[test]
fn a_journal_that_cannot_be_read_does_not_become_ours() {
    let (_folder, bare, [one, two]) = clones();
    record(&one, &[("tool", "1.0", "aa", 1)], 1);
    git(&one, &["push", "-q", "origin", REF]);
    forge(&bare, "tool", b"<<<<<<< ours\n", 2);
    let ours = record(&two, &[("tool", "1.0", "aa", 1)], 1);
    let theirs = bring(&bare, &two);
    let error = tests::open(&two, at(3)).merge_from(&theirs, at(3)).unwrap_err().to_string();
    assert!(error.contains("`tool`") && error.contains("line 1"), "{error}");
    assert_eq!(tests::open(&two, at(3)).tip(), ours.tip());
    git(&two, &["update-ref", "-d", REF]);
    assert!(tests::open(&two, at(3)).merge_from(&theirs, at(3)).is_err());
    assert!(tests::open(&two, at(3)).tip().is_none());
}
