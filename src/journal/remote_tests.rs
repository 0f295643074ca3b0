//! Journals that meet: merged in one repository, and shared by way of another.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::tests::{at, first, forge, git, journal, open, pin, record, repository};
use super::*;
use crate::model::CommitId;

/// A bare repository and two clones of it.
fn clones() -> (TempDir, PathBuf, [PathBuf; 2]) {
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
    let mut handle = open(&two, at(2));
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
    assert_eq!(open(&two, at(4)).tip(), Some(late));
}

#[test]
fn two_that_raced_become_one_line_of_commits() {
    let (_folder, _, [one, two]) = clones();
    let both = [("tool", "1.0", "aa", 1)];
    record(&one, &both, 1);
    bring(&one, &two);
    open(&two, at(1)).merge_from(&bring(&one, &two), at(1)).unwrap();
    // A root further down writes to the same ref, and is merged along with the one that asks.
    record(&two, &[("tool", "1.1", "bb", 2), ("mine", "1", "dd", 2)], 2);
    record(&two.join("services"), &[("deep", "1", "ee", 2)], 2);
    let theirs = record(&one, &[("tool", "1.1", "bb", 3), ("tool", "1.2", "cc", 5)], 5).tip().unwrap();
    bring(&one, &two);
    let mut handle = open(&two, at(6));
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
    assert_eq!(*open(&two.join("services"), at(6)).journal(), journal(&[("deep", "1", "ee", 5)]));
    assert_eq!(git(&two, &["log", "-1", "--format=%s", REF]), "journal: 3 new sightings");
    git(&two, &["fsck", "--strict"]);
}

#[test]
fn decisions_of_commits_that_are_replaced_are_told_again() {
    let (_folder, _, [one, two]) = clones();
    let decision = Decision { pin: pin("tool"), to: "0.9".into(), because: "1.0 is broken".into() };
    for hour in [1, 2] {
        let line = journal(&[("tool", "0.9", &format!("a{hour}"), hour)]);
        open(&two, at(hour)).record(&line, std::slice::from_ref(&decision), at(hour)).unwrap();
    }
    // All lines of ours are theirs too, but not why.
    record(&one, &[("tool", "0.9", "a1", 1), ("tool", "0.9", "a2", 2)], 3);
    let mut handle = open(&two, at(4));
    handle.merge_from(&bring(&one, &two), at(4)).unwrap();
    let told = git(&two, &["log", "-1", "--format=%(trailers:key=Because,valueonly)", REF]);
    assert_eq!(told.trim_end(), "1.0 is broken\n1.0 is broken");
    assert_eq!(handle.merge_from(&bring(&one, &two), at(5)).unwrap(), Merged::Unchanged);
}

#[test]
fn what_claims_to_be_older_than_a_commit_that_lacked_it_is_raised() {
    let (_folder, _, [one, two]) = clones();
    record(&one, &[("tool", "1.0", "aa", 5)], 5);
    open(&two, at(5)).merge_from(&bring(&one, &two), at(5)).unwrap();
    forge(&one, "evil", format!("1 aa {}\n", at(0)).as_bytes(), 6);
    let theirs = bring(&one, &two);
    let mut handle = open(&two, at(7));
    assert_eq!(handle.merge_from(&theirs, at(7)).unwrap(), Merged::Combined);
    assert_eq!(first(&handle, "evil", "1", "aa"), Some(at(5)));
    assert_eq!(parents(&two), [theirs.as_str()]);
    assert_eq!(handle.merge_from(&theirs, at(8)).unwrap(), Merged::Unchanged);
}

#[test]
fn a_journal_that_cannot_be_read_does_not_become_ours() {
    let (_folder, bare, [one, two]) = clones();
    record(&one, &[("tool", "1.0", "aa", 1)], 1);
    open(&one, at(1)).push("origin", at(1)).unwrap();
    forge(&bare, "tool", b"<<<<<<< ours\n", 2);
    let ours = record(&two, &[("tool", "1.0", "aa", 1)], 1);
    let error = open(&two, at(3)).push("origin", at(3)).unwrap_err().to_string();
    assert!(error.contains("`tool`") && error.contains("line 1"), "{error}");
    assert_eq!(open(&two, at(3)).tip(), ours.tip());
    let folder = tempfile::tempdir().unwrap();
    git(folder.path(), &["init", "-q"]);
    assert!(fetch(folder.path(), &bare.to_string_lossy(), at(3)).is_err());
    assert!(open(folder.path(), at(3)).tip().is_none());
}

#[test]
fn what_is_pushed_is_fetched_by_name_by_path_and_by_url() {
    let (folder, bare, [one, two]) = clones();
    let mut handle = open(&one, at(1));
    assert_eq!(handle.push("origin", at(1)).unwrap(), Pushed::Unchanged);
    assert_eq!(handle.fetch("origin", at(1)).unwrap(), Merged::Unchanged);
    for hour in 1..4 {
        let lines = journal(&[("tool", &format!("1.{hour}"), "aa", hour)]);
        handle.record(&lines, &[], at(hour)).unwrap();
        assert_eq!(handle.push("origin", at(hour)).unwrap(), Pushed::Sent);
        assert_eq!(handle.push("origin", at(hour)).unwrap(), Pushed::Unchanged);
        assert_eq!(git(&bare, &["rev-parse", REF]), handle.tip().unwrap().as_str());
        git(&bare, &["fsck", "--strict"]);
    }
    let path = bare.to_string_lossy().into_owned();
    git(&two, &["remote", "add", "relative", "../bare.git"]);
    for remote in ["origin", "relative", "../bare.git", &path, &format!("file://{path}")] {
        let mut other = open(&two, at(5));
        other.fetch(remote, at(5)).unwrap();
        assert_eq!(other.tip(), handle.tip(), "{remote}");
        git(&two, &["fsck", "--strict"]);
        git(&two, &["update-ref", "-d", REF]);
    }
    // Also where somebody works in the other repository.
    let mut other = open(&two, at(5));
    assert_eq!(other.fetch(&one.to_string_lossy(), at(5)).unwrap(), Merged::FastForward);
    other.record(&journal(&[("tool", "2", "bb", 6)]), &[], at(6)).unwrap();
    assert_eq!(other.push("../one", at(6)).unwrap(), Pushed::Sent);
    assert_eq!(open(&one, at(6)).tip(), other.tip());
    assert_eq!(git(&one, &["status", "--porcelain"]), "");
    drop(folder);
}

#[test]
fn a_lease_that_was_lost_is_taken_again() {
    let (_folder, bare, [one, two]) = clones();
    record(&one, &[("tool", "1.0", "aa", 1)], 1).push("origin", at(1)).unwrap();
    record(&two, &[("tool", "1.1", "bb", 2)], 2);
    let mut other = record(&one, &[("tool", "1.2", "cc", 3)], 3);
    let mut calls = 0;
    let mut between = || {
        calls += 1;
        if calls == 1 {
            assert_eq!(other.push("origin", at(3)).unwrap(), Pushed::Sent);
        }
    };
    let mut handle = open(&two, at(4));
    assert_eq!(handle.push_and("origin", at(4), &mut between).unwrap(), Pushed::Sent);
    assert_eq!(calls, 2);
    let all = journal(&[("tool", "1.0", "aa", 1), ("tool", "1.1", "bb", 3), ("tool", "1.2", "cc", 3)]);
    assert_eq!(*handle.journal(), all);
    assert_eq!(*open(&bare, at(4)).journal(), all);
    // Their commit stays in the history.
    assert_eq!(parents(&bare), [other.tip().unwrap().as_str()]);
}

#[test]
fn the_first_push_of_two_is_refused_as_well() {
    let (_folder, bare, [one, two]) = clones();
    let mut other = record(&one, &[("tool", "1.0", "aa", 1)], 1);
    let mut handle = record(&two, &[("tool", "1.1", "bb", 2)], 2);
    let mut between = || assert!(other.push("origin", at(3)).is_ok());
    assert_eq!(handle.push_and("origin", at(3), &mut between).unwrap(), Pushed::Sent);
    assert_eq!(open(&bare, at(3)).journal(), &journal(&[("tool", "1.0", "aa", 1), ("tool", "1.1", "bb", 2)]));
}

#[test]
fn many_that_push_at_once_lose_no_line() {
    let (_folder, bare, clones) = clones();
    std::thread::scope(|scope| {
        for (name, top) in ["one", "two"].into_iter().zip(&clones) {
            for thread in 0..2 {
                scope.spawn(move || {
                    let mut handle = open(top, at(1));
                    for i in 0..5 {
                        let lines = journal(&[(name, &format!("{thread}.{i}"), "aa", 1)]);
                        handle.record(&lines, &[], at(1)).unwrap();
                        handle.push("origin", at(1)).unwrap();
                    }
                });
            }
        }
    });
    let handle = open(&bare, at(1));
    let count: usize =
        ["one", "two"].iter().map(|name| handle.journal().seen(&pin(name)).unwrap().lines().len()).sum();
    assert_eq!(count, 20);
    git(&bare, &["fsck", "--strict"]);
}

#[test]
fn a_shallow_clone_does_not_begin_a_journal() {
    let (folder, bare, [one, _]) = clones();
    let url = format!("file://{}", bare.display());
    git(folder.path(), &["clone", "-q", "--depth", "1", &url, "shallow"]);
    let shallow = folder.path().join("shallow");
    git(&shallow, &["worktree", "add", "-q", "../linked"]);
    for root in [&shallow, &folder.path().join("linked")] {
        assert!(matches!(load(root, at(1)).unwrap(), State::NotFetched), "{}", root.display());
    }
    record(&one, &[("tool", "1.0", "aa", 1)], 1).push("origin", at(1)).unwrap();
    record(&one, &[("tool", "1.1", "bb", 2)], 2).push("origin", at(2)).unwrap();
    let State::Open(mut handle) = fetch(&shallow, "origin", at(3)).unwrap() else { panic!("not open") };
    assert_eq!(first(&handle, "tool", "1.0", "aa"), Some(at(1)));
    handle.record(&journal(&[("tool", "1.2", "cc", 4)]), &[], at(4)).unwrap();
    assert_eq!(handle.push("origin", at(4)).unwrap(), Pushed::Sent);
    assert_eq!(git(&bare, &["rev-list", "--count", REF]), "3");
    assert!(matches!(load(&shallow, at(4)).unwrap(), State::Open(_)));
}

#[test]
fn a_history_that_is_cut_off_is_not_sent_as_if_it_were_whole() {
    let (folder, bare, [one, _]) = clones();
    for hour in 1..4 {
        record(&one, &[("tool", &format!("1.{hour}"), "aa", hour)], hour).push("origin", at(hour)).unwrap();
    }
    let url = format!("file://{}", bare.display());
    git(folder.path(), &["clone", "-q", "--depth", "1", &url, "shallow"]);
    let shallow = folder.path().join("shallow");
    git(&shallow, &["fetch", "-q", "--depth", "1", "origin", &format!("{REF}:{REF}")]);
    let mut handle = record(&shallow, &[("tool", "1.4", "aa", 4)], 4);
    assert_eq!(handle.push("origin", at(4)).unwrap(), Pushed::Sent);
    git(&bare, &["fsck", "--strict"]);
    assert_eq!(git(&bare, &["rev-list", "--count", REF]), "4");
    git(folder.path(), &["init", "-q", "--bare", "empty.git"]);
    let error = handle.push("../empty.git", at(4)).unwrap_err();
    assert!(error.to_string().contains("`git fetch --unshallow`"), "{error}");
    assert!(open(&folder.path().join("empty.git"), at(4)).tip().is_none());
}

#[test]
fn remotes_that_are_not_here_are_refused_without_their_secrets() {
    let (folder, _, [one, _]) = clones();
    git(&one, &["remote", "add", "far", "https://me:hunter2@example.org/x.git"]);
    git(&one, &["remote", "add", "ssh", "git@example.org:x.git"]);
    let mut handle = record(&one, &[("tool", "1.0", "aa", 1)], 1);
    for remote in ["far", "ssh", "https://me:hunter2@example.org/x", "ssh://h/x", "me:hunter2@example.org:x"]
    {
        let error = handle.push(remote, at(1)).unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{error}");
        assert!(!error.to_string().contains("hunter2") && !error.hint().contains("hunter2"), "{error}");
    }
    let error = handle.fetch("nowhere", at(1)).unwrap_err();
    assert!(error.to_string().contains("not a git repository"), "{error}");
    git(&one, &["remote", "set-url", "--push", "origin", &folder.path().join("none").to_string_lossy()]);
    assert!(handle.fetch("origin", at(1)).is_ok() && handle.push("origin", at(1)).is_err());
}
