//! The content's laws, and journals in real repositories.

use std::path::{Path, PathBuf};
use std::process::Command;

use git2::Repository;
use jiff::Timestamp;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::model::{CommitId, PinName, Sighting};

pub(crate) fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
}

pub(crate) fn pin(name: &str) -> PinName {
    name.parse().unwrap()
}

/// A journal of lines `pin tag content hour`.
pub(crate) fn journal(lines: &[(&str, &str, &str, i64)]) -> Journal {
    let mut journal = Journal::default();
    for (name, tag, content, hour) in lines {
        let line = Sighting { tag: (*tag).into(), content: (*content).into(), first_seen: at(*hour) };
        journal.note(&pin(name), line).unwrap();
    }
    journal
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"])
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {told}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// A repository with two commits and a changed file.
pub(crate) fn repository() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path().join("top");
    std::fs::create_dir_all(top.join("services/pay")).unwrap();
    git(&top, &["init", "-q"]);
    for text in ["one", "two"] {
        crate::files::replace(&top.join("services/pay/file"), text.as_bytes()).unwrap();
        git(&top, &["add", "."]);
        git(&top, &["commit", "-q", "-m", text]);
    }
    crate::files::replace(&top.join("services/pay/file"), "three".as_bytes()).unwrap();
    (folder, top)
}

pub(crate) fn open(root: &Path, now: Timestamp) -> Handle {
    match load(root, now).unwrap() {
        State::Open(handle) => *handle,
        other => panic!("{}: {other:?}", root.display()),
    }
}

pub(crate) fn record(root: &Path, lines: &[(&str, &str, &str, i64)], now: i64) -> Handle {
    let mut handle = open(root, at(now));
    handle.record(&journal(lines), &[], at(now)).unwrap();
    handle
}

pub(crate) fn first(handle: &Handle, name: &str, tag: &str, content: &str) -> Option<Timestamp> {
    handle.journal().seen(&pin(name))?.first(tag, content)
}

/// Adds a commit to the ref with a file of any content and a time of any sort, as somebody might who can push.
pub(crate) fn forge(top: &Path, file: &str, text: &[u8], hour: i64) -> CommitId {
    let repository = Repository::open(top).unwrap();
    let parent = repository.find_reference(REF).ok().map(|found| found.peel_to_commit().unwrap());
    let base = parent.as_ref().map(|parent| parent.tree().unwrap());
    let mut tree = repository.treebuilder(base.as_ref()).unwrap();
    tree.insert(file, repository.blob(text).unwrap(), 0o100_644).unwrap();
    let tree = repository.find_tree(tree.write().unwrap()).unwrap();
    let who = git2::Signature::new("a", "a@example.org", &git2::Time::new(at(hour).as_second(), 0)).unwrap();
    let parents: Vec<_> = parent.iter().collect();
    repository.commit(Some(REF), &who, &who, "forged", &tree, &parents).unwrap().to_string().parse().unwrap()
}

prop_compose! {
    pub(super) fn any_journal()(
        seen in proptest::collection::vec(("[ab]", "[0-9v./ü]{1,2}", "[ab]", 0i64..9), 0..12),
        told in proptest::collection::vec(("[ab]", "[ab:]{1,2}", 0i64..9), 0..5),
        accepted in proptest::collection::vec(("[ab]", "[ab]", 0i64..9, "[ \na-cü]{0,9}"), 0..5),
    ) -> Journal {
        let mut journal = Journal::default();
        for (name, tag, content, hour) in seen {
            journal.note(&pin(&name), Sighting { tag, content, first_seen: at(hour) }).unwrap();
        }
        for (name, print, hour) in told {
            journal.announce(&pin(&name), &print, at(hour)).unwrap();
        }
        for (name, print, hour, reason) in accepted {
            journal.accept(&pin(&name), &print, at(hour), &reason).unwrap();
        }
        journal
    }
}

fn merged(a: &Journal, b: &Journal) -> Journal {
    let mut merged = a.clone();
    merged.merge(b);
    merged
}

proptest! {
    #[test]
    fn journals_merge_the_same_in_any_order(a in any_journal(), b in any_journal(), c in any_journal()) {
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        prop_assert_eq!(merged(&a, &a), a.clone());
        prop_assert_eq!(merged(&merged(&a, &b), &b), merged(&a, &b));
    }

    #[test]
    fn no_line_claims_what_it_could_not_know(tip in any_journal(), new in any_journal(), time in 0i64..9, now in 0i64..9) {
        let mut lines = new.clone();
        lines.clamp(&tip, Some(at(time)), at(now));
        for (name, line) in lines.pins().flat_map(|name| {
            lines.seen(name).unwrap().lines().into_iter().map(move |line| (name, line))
        }) {
            let known = tip.seen(name).and_then(|seen| seen.first(&line.tag, &line.content)).is_some();
            prop_assert!(line.first_seen <= at(now));
            prop_assert!(known || line.first_seen >= at(time.min(now)));
        }
        let mut again = lines.clone();
        again.clamp(&tip, Some(at(time)), at(now));
        prop_assert_eq!(again, lines);
    }
}

#[test]
fn clamped_lines_are_neither_too_early_nor_too_late() {
    let tip = journal(&[("a", "1", "x", 2)]);
    let mut lines =
        journal(&[("a", "1", "x", 1), ("a", "1", "y", 1), ("a", "2", "x", 7), ("b", "1", "x", 5)]);
    lines.announce(&pin("b"), "moved", at(0)).unwrap();
    lines.clamp(&tip, Some(at(4)), at(6));
    let mut expected =
        journal(&[("a", "1", "x", 1), ("a", "1", "y", 4), ("a", "2", "x", 6), ("b", "1", "x", 5)]);
    expected.announce(&pin("b"), "moved", at(4)).unwrap();
    assert_eq!(lines, expected);
    // A tip from the future counts as now.
    lines.clamp(&Journal::default(), Some(at(99)), at(7));
    assert_eq!(lines.announced(&pin("b"), "moved"), Some(at(7)));
}

#[test]
fn what_was_told_or_accepted_first_stays() {
    let mut journal = Journal::default();
    let tool = pin("tool");
    for (hour, changed) in [(5, true), (7, false), (5, false), (3, true)] {
        assert_eq!(journal.announce(&tool, "moved", at(hour)).unwrap(), changed);
        assert_eq!(journal.accept(&tool, "moved", at(hour), &format!("because\n{hour}")).unwrap(), changed);
    }
    assert_eq!(journal.announced(&tool, "moved"), Some(at(3)));
    let expected = Acceptance { at: at(3), reason: "because 3".into() };
    assert_eq!(journal.accepted(&tool, "moved"), Some(&expected));
}

#[test]
fn only_words_are_taken() {
    let mut journal = Journal::default();
    for bad in ["", "a b", "a\nb", "a\tb", &"x".repeat(MAX_WORD + 1)] {
        let line = Sighting { tag: bad.into(), content: "x".into(), first_seen: at(0) };
        assert!(journal.note(&pin("a"), line).is_err());
        let line = Sighting { tag: "x".into(), content: bad.into(), first_seen: at(0) };
        assert!(journal.note(&pin("a"), line).is_err());
        assert!(journal.announce(&pin("a"), bad, at(0)).is_err());
        assert!(journal.accept(&pin("a"), bad, at(0), "").is_err());
    }
    assert!(journal.is_empty());
}

#[test]
fn outside_of_git_there_is_none() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(load(folder.path(), at(0)).unwrap(), State::Outside));
    assert!(super::open(folder.path(), at(0)).unwrap().is_none());
}

#[test]
fn what_is_recorded_is_read_and_nothing_else_is_touched() {
    let (_folder, top) = repository();
    let before = (git(&top, &["status", "--porcelain"]), git(&top, &["rev-parse", "HEAD"]));
    let index = std::fs::read(top.join(".git/index")).unwrap();
    let mut handle = open(&top, at(5));
    assert_eq!((handle.tip(), handle.journal().is_empty()), (None, true));
    let mut lines = journal(&[("tool", "1.0", "sha256:aa", 5), ("other", "v1", "cc", 5)]);
    lines.announce(&pin("tool"), "moved:1.0", at(5)).unwrap();
    lines.accept(&pin("tool"), "moved:1.0", at(5), "asked them").unwrap();
    assert!(matches!(handle.record(&lines, &[], at(5)).unwrap(), Recorded::Written(_)));
    assert_eq!(handle.journal(), &lines);
    assert_eq!(open(&top, at(5)).journal(), &lines);
    assert_eq!(git(&top, &["show", &format!("{REF}:tool")]), "1.0 sha256:aa 2027-01-15T13:00:00Z");
    assert_eq!(git(&top, &["ls-tree", "-r", "--name-only", REF]), "_accepted\n_announced\nother\ntool");
    assert_eq!(
        git(&top, &["log", "-1", "--format=%an <%ae> %at|%cn <%ce> %ct|%B", REF]),
        "solera-pin <journal@solera-pin.invalid> 1800018000|solera-pin <journal@solera-pin.invalid> 1800018000|\
         journal: 2 new sightings\n\nother v1\ntool 1.0"
    );
    git(&top, &["fsck", "--strict"]);
    assert_eq!((git(&top, &["status", "--porcelain"]), git(&top, &["rev-parse", "HEAD"])), before);
    assert_eq!(std::fs::read(top.join(".git/index")).unwrap(), index);
}

#[test]
fn nothing_new_is_no_commit() {
    let (_folder, top) = repository();
    let first = record(&top, &[("tool", "1.0", "aa", 1)], 1);
    let mut handle = open(&top, at(2));
    assert_eq!(
        handle.record(&journal(&[("tool", "1.0", "aa", 2)]), &[], at(2)).unwrap(),
        Recorded::Unchanged
    );
    assert_eq!(handle.record(&Journal::default(), &[], at(2)).unwrap(), Recorded::Unchanged);
    assert_eq!(open(&top, at(2)).tip(), first.tip());
    let decision = Decision { pin: pin("tool"), to: "0.9".into(), because: "1.0 is broken".into() };
    assert!(matches!(handle.record(&Journal::default(), &[decision], at(2)).unwrap(), Recorded::Written(_)));
    let trailers = git(&top, &["log", "-1", "--format=%(trailers)", REF]);
    assert_eq!(trailers.trim_end(), "Pin: tool\nTo: 0.9\nBecause: 1.0 is broken");
}

#[test]
fn the_same_input_makes_the_same_commit() {
    let tips = [(); 2].map(|()| {
        let (_folder, top) = repository();
        record(&top, &[("tool", "1.0", "aa", 1)], 1);
        let now = at(2).checked_add(jiff::SignedDuration::from_millis(700)).unwrap();
        let mut handle = open(&top, now);
        let line = Sighting { tag: "1.1".into(), content: "bb".into(), first_seen: now };
        let mut lines = Journal::default();
        lines.note(&pin("tool"), line).unwrap();
        handle.record(&lines, &[], now).unwrap();
        assert_eq!(first(&handle, "tool", "1.1", "bb"), Some(at(2)));
        assert_eq!(open(&top, now).journal(), handle.journal());
        handle.tip().unwrap()
    });
    assert_eq!(tips[0], tips[1]);
}

#[test]
fn a_line_gets_no_time_before_the_tip_and_none_after_now() {
    let (_folder, top) = repository();
    record(&top, &[("tool", "1.0", "aa", 3)], 5);
    let handle =
        record(&top, &[("tool", "1.0", "aa", 2), ("tool", "1.0", "bb", 1), ("tool", "1.1", "cc", 9)], 8);
    assert_eq!(first(&handle, "tool", "1.0", "bb"), Some(at(5)));
    assert_eq!(first(&handle, "tool", "1.1", "cc"), Some(at(8)));
    assert_eq!(first(&handle, "tool", "1.0", "aa"), Some(at(2)));
}

#[test]
fn a_future_time_counts_as_now_until_it_is_seen_again() {
    let (_folder, top) = repository();
    forge(&top, "tool", b"1.0 aa 2099-01-01T00:00:00Z\n", 0);
    for now in [1, 2] {
        assert_eq!(first(&open(&top, at(now)), "tool", "1.0", "aa"), Some(at(now)));
    }
    record(&top, &[("tool", "1.0", "aa", 3)], 3);
    assert_eq!(first(&open(&top, at(9)), "tool", "1.0", "aa"), Some(at(3)));
}

#[test]
fn what_a_later_version_wrote_stays() {
    let (_folder, top) = repository();
    forge(&top, "_later", b"what is this?", 0);
    let handle = record(&top, &[("tool", "1.0", "aa", 1)], 1);
    assert_eq!(handle.journal().pins().count(), 1);
    assert_eq!(git(&top, &["show", &format!("{REF}:_later")]), "what is this?");
}

#[test]
fn a_journal_that_somebody_edited_is_an_error_with_its_place() {
    let (_folder, top) = repository();
    let commit = forge(&top, "tool", b"1.0 aa 2026-01-01T00:00:00Z\n1.1 yesterday\n", 0);
    let error = load(&top, at(1)).unwrap_err();
    let told = error.to_string();
    for part in [REF, "`tool`", commit.as_str(), "line 2", "`1.1 yesterday`", &*top.to_string_lossy()] {
        assert!(told.contains(part), "{told} lacks {part}");
    }
    assert!(error.hint().contains("git fetch origin +refs/solera-pin/journal:"), "{}", error.hint());
}

#[test]
fn a_broken_ref_or_lost_objects_are_an_error_and_no_empty_journal() {
    let (_folder, top) = repository();
    let loose = top.join(".git").join(REF);
    std::fs::create_dir_all(loose.parent().unwrap()).unwrap();
    let blob = git(&top, &["hash-object", "-w", "services/pay/file"]);
    for content in
        ["zzz\n", "", "ref: refs/heads/main\n", &format!("{}\n", "1".repeat(40)), &format!("{blob}\n")]
    {
        crate::files::replace(&loose, content.as_bytes()).unwrap();
        assert!(matches!(load(&top, at(1)), Err(Error::Unreadable { .. })), "{content}");
    }
    std::fs::remove_file(&loose).unwrap();
    record(&top, &[("tool", "1.0", "aa", 1)], 1);
    for object in [format!("{REF}:tool"), format!("{REF}^{{tree}}")] {
        let id = git(&top, &["rev-parse", &object]);
        std::fs::remove_file(top.join(".git/objects").join(&id[..2]).join(&id[2..])).unwrap();
        let error = load(&top, at(1)).unwrap_err();
        assert!(
            matches!(error, Error::Unreadable { .. }) && error.to_string().contains("not found"),
            "{error}"
        );
    }
}

#[test]
fn roots_of_one_repository_do_not_mix() {
    let (_folder, top) = repository();
    let [services, pay] = ["services", "services/pay"].map(|path| top.join(path));
    // Names of pins that are names of folders too.
    record(&top, &[("services", "1.0", "aa", 1)], 1);
    record(&services, &[("pay", "1.0", "bb", 2)], 2);
    record(&pay, &[("services", "1.0", "cc", 3), ("pay", "2", "dd", 3)], 3);
    record(&top, &[("pay", "1.1", "ee", 4)], 4);
    assert_eq!(
        *open(&top, at(9)).journal(),
        journal(&[("services", "1.0", "aa", 1), ("pay", "1.1", "ee", 4)])
    );
    assert_eq!(*open(&services, at(9)).journal(), journal(&[("pay", "1.0", "bb", 2)]));
    assert_eq!(*open(&pay, at(9)).journal(), journal(&[("services", "1.0", "cc", 3), ("pay", "2", "dd", 3)]));
    let names = git(&top, &["ls-tree", "-r", "--name-only", REF]);
    assert_eq!(names, "@services/@pay/pay\n@services/@pay/services\n@services/pay\npay\nservices");
    let subjects = git(&top, &["log", "--format=%b", "--skip=1", "-1", REF]);
    assert_eq!(subjects.trim_end(), "services/pay: pay 2\nservices/pay: services 1.0");
}

#[test]
fn work_trees_share_a_journal_and_a_bare_repository_has_one() {
    let (folder, top) = repository();
    git(&top, &["worktree", "add", "-q", "../linked"]);
    let linked = folder.path().join("linked");
    record(&linked.join("services"), &[("tool", "1.0", "aa", 1)], 1);
    assert!(first(&open(&top.join("services"), at(1)), "tool", "1.0", "aa").is_some());
    record(&top, &[("tool", "1.0", "aa", 1)], 2);
    assert!(first(&open(&linked, at(2)), "tool", "1.0", "aa").is_some());
    git(folder.path(), &["clone", "-q", "--bare", "top", "bare.git"]);
    let bare = folder.path().join("bare.git");
    assert!(open(&bare, at(1)).tip().is_none());
    record(&bare, &[("tool", "1.0", "aa", 1)], 1);
    assert_eq!(git(&bare, &["ls-tree", "--name-only", REF]), "tool");
}

#[test]
fn many_at_once_lose_no_line() {
    let (_folder, top) = repository();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let top = &top;
            scope.spawn(move || {
                let mut handle = open(top, at(1));
                for i in 0..20 {
                    let name = format!("pin-{}", i % 3);
                    handle
                        .record(&journal(&[(&name, &format!("{thread}.{i}"), "aa", 1)]), &[], at(1))
                        .unwrap();
                }
            });
        }
    });
    let handle = open(&top, at(1));
    let count: usize =
        handle.journal().pins().map(|pin| handle.journal().seen(pin).unwrap().lines().len()).sum();
    assert_eq!(count, 160);
    assert_eq!(git(&top, &["rev-list", "--count", REF]), "160");
}

/// The ref's lock, as an ended process leaves it.
fn locked(top: &Path) -> PathBuf {
    let lock = top.join(".git").join(format!("{REF}.lock"));
    std::fs::create_dir_all(lock.parent().unwrap()).unwrap();
    crate::files::replace(&lock, "".as_bytes()).unwrap();
    lock
}

#[test]
fn a_lock_that_an_ended_process_left_is_removed() {
    let (_folder, top) = repository();
    let lock = locked(&top);
    let mut handle = open(&top, at(1));
    handle.record(&journal(&[("tool", "1.0", "aa", 1)]), &[], at(1)).unwrap();
    assert!(!lock.exists());
    assert_eq!(git(&top, &["rev-list", "--count", REF]), "1");
}

#[test]
fn a_lock_that_others_keep_taking_is_told() {
    let (_folder, top) = repository();
    let lock = locked(&top);
    let (sender, ended) = std::sync::mpsc::channel::<()>();
    let error = std::thread::scope(|scope| {
        let lock = lock.clone();
        scope.spawn(move || {
            // Taken anew all the time, and never by the same one.
            while ended.recv_timeout(std::time::Duration::from_millis(5)).is_err() {
                crate::files::replace(&lock, "".as_bytes()).unwrap();
            }
        });
        let recorded = open(&top, at(1)).record(&journal(&[("tool", "1.0", "aa", 1)]), &[], at(1));
        sender.send(()).unwrap();
        recorded.unwrap_err()
    });
    assert!(matches!(error, Error::Busy { .. }) && error.hint().contains("journal.lock"), "{error}");
    assert!(lock.exists());
}
