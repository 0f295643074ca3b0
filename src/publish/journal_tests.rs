//! Journals that are shared by way of a real repository, while others share theirs.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::*;
use crate::git::{Address, Login};
use crate::journal::merge_tests::clones;
use crate::journal::tests::{at, first, forge, git, journal, open, pin, record};
use crate::journal::{self, State};
use crate::net::{Client, Settings};

fn remote(place: &Path) -> Remote {
    let client = Client::new(Settings::default()).unwrap();
    let address = Address::read(&place.to_string_lossy(), Path::new("/")).unwrap();
    Remote::new(&client, address, Login::nobody())
}

async fn sent(bare: &Path, handle: &mut Handle, hour: i64) -> Shared {
    share(&remote(bare), handle, at(hour)).await.unwrap()
}

/// Makes the repository run a script before it takes a push, once.
fn before_a_push(bare: &Path, script: &str) {
    let hook = bare.join("hooks/pre-receive");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    let once = "mkdir \"$PWD/raced\" 2>/dev/null || exit 0\n\
                unset $(git rev-parse --local-env-vars) GIT_QUARANTINE_PATH";
    crate::files::replace(&hook, format!("#!/bin/sh\n{once}\n{script}\n").as_bytes()).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// Another runner, which is faster.
fn race(bare: &Path, other: &Path) {
    before_a_push(bare, &format!("git -C '{}' push -q origin {REF} || exit 1", other.display()));
}

fn parents(top: &Path) -> String {
    git(top, &["log", "-1", "--format=%P", REF])
}

#[tokio::test]
async fn what_one_sends_another_brings() {
    let (_folder, bare, [one, two]) = clones();
    let mut handle = open(&one, at(1));
    assert_eq!(sent(&bare, &mut handle, 1).await, Shared::Unchanged);
    assert_eq!(bring(&remote(&bare), &mut handle, at(1)).await.unwrap(), Merged::Unchanged);
    for hour in 1..4 {
        let lines = journal(&[("tool", &format!("1.{hour}"), "aa", hour)]);
        handle.record(&lines, &[], at(hour)).unwrap();
        assert_eq!(sent(&bare, &mut handle, hour).await, Shared::Sent);
        assert_eq!(sent(&bare, &mut handle, hour).await, Shared::Unchanged);
        assert_eq!(git(&bare, &["rev-parse", REF]), handle.tip().unwrap().as_str());
        git(&bare, &["fsck", "--strict"]);
    }
    let mut other = open(&two, at(5));
    assert_eq!(bring(&remote(&bare), &mut other, at(5)).await.unwrap(), Merged::FastForward);
    assert_eq!(other.tip(), handle.tip());
    assert_eq!(bring(&remote(&bare), &mut other, at(5)).await.unwrap(), Merged::Unchanged);
    // Also where somebody works in the other repository.
    other.record(&journal(&[("tool", "2", "bb", 6)]), &[], at(6)).unwrap();
    assert_eq!(sent(&one, &mut other, 6).await, Shared::Sent);
    assert_eq!(open(&one, at(6)).tip(), other.tip());
    assert_eq!(git(&one, &["status", "--porcelain"]), "");
}

#[tokio::test]
async fn a_lease_that_was_lost_is_taken_again() {
    let (_folder, bare, [one, two]) = clones();
    let mut other = record(&one, &[("tool", "1.0", "aa", 1)], 1);
    sent(&bare, &mut other, 1).await;
    record(&two, &[("tool", "1.1", "bb", 2)], 2);
    let other = record(&one, &[("tool", "1.2", "cc", 3)], 3);
    race(&bare, &one);
    let mut handle = open(&two, at(4));
    assert_eq!(sent(&bare, &mut handle, 4).await, Shared::Sent);
    assert!(bare.join("raced").exists());
    let all = journal(&[("tool", "1.0", "aa", 1), ("tool", "1.1", "bb", 3), ("tool", "1.2", "cc", 3)]);
    assert_eq!(*handle.journal(), all);
    assert_eq!(*open(&bare, at(4)).journal(), all);
    // Their commit stays in the history.
    assert_eq!(parents(&bare), other.tip().unwrap().as_str());
}

#[tokio::test]
async fn the_first_push_of_two_is_refused_as_well() {
    let (_folder, bare, [one, two]) = clones();
    record(&one, &[("tool", "1.0", "aa", 1)], 1);
    let mut handle = record(&two, &[("tool", "1.1", "bb", 2)], 2);
    race(&bare, &one);
    assert_eq!(sent(&bare, &mut handle, 3).await, Shared::Sent);
    let both = journal(&[("tool", "1.0", "aa", 1), ("tool", "1.1", "bb", 2)]);
    assert_eq!(*open(&bare, at(3)).journal(), both);
}

#[test]
fn many_that_share_at_once_lose_no_line() {
    let (_folder, bare, clones) = clones();
    std::thread::scope(|scope| {
        for (name, top) in ["one", "two"].into_iter().zip(&clones) {
            for thread in 0..2 {
                let bare = &bare;
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    let mut handle = open(top, at(1));
                    for i in 0..3 {
                        let lines = journal(&[(name, &format!("{thread}.{i}"), "aa", 1)]);
                        handle.record(&lines, &[], at(1)).unwrap();
                        runtime.block_on(sent(bare, &mut handle, 1));
                    }
                });
            }
        }
    });
    let handle = open(&bare, at(1));
    let lines = |name| handle.journal().seen(&pin(name)).unwrap().lines().len();
    assert_eq!(lines("one") + lines("two"), 12);
    git(&bare, &["fsck", "--strict"]);
}

/// A clone that has one commit only.
fn shallow(folder: &Path, bare: &Path) -> PathBuf {
    git(folder, &["clone", "-q", "--depth", "1", &format!("file://{}", bare.display()), "shallow"]);
    folder.join("shallow")
}

#[tokio::test]
async fn a_shallow_clone_does_not_begin_a_journal() {
    let (folder, bare, [one, _]) = clones();
    let shallow = shallow(folder.path(), &bare);
    git(&shallow, &["worktree", "add", "-q", "../linked"]);
    for root in [&shallow, &folder.path().join("linked")] {
        assert!(matches!(journal::load(root, at(1)).unwrap(), State::NotFetched), "{}", root.display());
    }
    for hour in [1, 2] {
        sent(&bare, &mut record(&one, &[("tool", &format!("1.{hour}"), "aa", hour)], hour), hour).await;
    }
    let mut handle = journal::open(&shallow, at(3)).unwrap().unwrap();
    bring(&remote(&bare), &mut handle, at(3)).await.unwrap();
    assert_eq!(first(&handle, "tool", "1.1", "aa"), Some(at(1)));
    handle.record(&journal(&[("tool", "1.3", "cc", 4)]), &[], at(4)).unwrap();
    assert_eq!(sent(&bare, &mut handle, 4).await, Shared::Sent);
    assert_eq!(git(&bare, &["rev-list", "--count", REF]), "3");
    assert!(matches!(journal::load(&shallow, at(4)).unwrap(), State::Open(_)));
    assert_eq!(git(&shallow, &["rev-list", "--count", "HEAD"]), "1", "the code stays as shallow as it was");
    let nowhere = tempfile::tempdir().unwrap();
    assert!(journal::open(nowhere.path(), at(1)).unwrap().is_none());
}

#[tokio::test]
async fn a_history_that_is_cut_off_is_not_sent_as_if_it_were_whole() {
    let (folder, bare, [one, _]) = clones();
    for hour in 1..4 {
        sent(&bare, &mut record(&one, &[("tool", &format!("1.{hour}"), "aa", hour)], hour), hour).await;
    }
    let shallow = shallow(folder.path(), &bare);
    git(&shallow, &["fetch", "-q", "--depth", "1", "origin", &format!("{REF}:{REF}")]);
    let mut handle = record(&shallow, &[("tool", "1.4", "aa", 4)], 4);
    assert_eq!(sent(&bare, &mut handle, 4).await, Shared::Sent);
    git(&bare, &["fsck", "--strict"]);
    assert_eq!(git(&bare, &["rev-list", "--count", REF]), "4");
    git(folder.path(), &["init", "-q", "--bare", "empty.git"]);
    let empty = folder.path().join("empty.git");
    let error = share(&remote(&empty), &mut handle, at(4)).await.unwrap_err();
    assert!(error.message.contains("cut off") && error.hints[0].contains("unshallow"), "{error:?}");
    assert!(open(&empty, at(4)).tip().is_none());
}

#[tokio::test]
async fn what_cannot_be_read_or_sent_changes_nothing() {
    let (_folder, bare, [one, two]) = clones();
    sent(&bare, &mut record(&one, &[("tool", "1.0", "aa", 1)], 1), 1).await;
    let mut handle = record(&two, &[("tool", "1.1", "bb", 2)], 2);
    before_a_push(&bare, "echo 'not you' >&2; exit 1");
    let error = share(&remote(&bare), &mut handle, at(3)).await.unwrap_err();
    assert!(error.message.contains("refuses the journal") && error.message.contains("not you"), "{error}");
    let theirs = forge(&bare, "tool", b"<<<<<<< ours\n", 4);
    let ours = handle.tip();
    assert!(share(&remote(&bare), &mut handle, at(5)).await.is_err());
    assert_eq!((git(&bare, &["rev-parse", REF]), open(&two, at(5)).tip()), (theirs.to_string(), ours));
}
