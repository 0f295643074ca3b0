//! `merge-driver` as git calls it: two branches in a repository of its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and makes its own files"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_solera-pin");

fn git(top: &Path, arguments: &[&str]) -> Output {
    Command::new("git")
        .args(["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"])
        .args(arguments)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .current_dir(top)
        .output()
        .unwrap()
}

fn must(top: &Path, arguments: &[&str]) {
    let output = git(top, arguments);
    assert!(output.status.success(), "git {arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// A lock of git pins, each with a number for its tag and commit.
fn lock(pins: &[(&str, u32)]) -> String {
    let mut text =
        "# solera-pin writes this file. Edit pins.toml, then run `solera-pin refresh`.\nversion = 1\n"
            .to_owned();
    for (name, number) in pins {
        text += &format!(
            "\n[pin.{name}]\ngit = \"https://example.org/{name}.git\"\ntag = \"v{number}\"\ncommit = \"{number:040}\"\n"
        );
    }
    text
}

/// Two branches from one commit; the second is checked out.
fn repository(base: Option<&str>, theirs: &str, ours: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path();
    must(top, &["init", "-q", "-b", "main"]);
    must(top, &["config", "merge.solera-pin.driver", &format!("'{PROGRAM}' merge-driver %O %A %B %P")]);
    fs::write(top.join(".gitattributes"), "pins.lock merge=solera-pin\n").unwrap();
    let commit = |text: Option<&str>, message: &str| {
        if let Some(text) = text {
            fs::write(top.join("pins.lock"), text).unwrap();
        }
        must(top, &["add", "."]);
        must(top, &["commit", "-qm", message]);
    };
    commit(base, "base");
    must(top, &["checkout", "-qb", "theirs"]);
    commit(Some(theirs), "theirs");
    must(top, &["checkout", "-q", "main"]);
    commit(Some(ours), "ours");
    folder
}

fn read(top: &Path) -> String {
    fs::read_to_string(top.join("pins.lock")).unwrap()
}

#[test]
fn two_branches_that_move_neighbours_merge() {
    let base = lock(&[("a", 1), ("b", 1), ("d", 1)]);
    let theirs = lock(&[("a", 1), ("b", 2), ("c", 1), ("d", 1)]);
    let ours = lock(&[("a", 2), ("b", 1), ("bb", 1)]);
    let folder = repository(Some(&base), &theirs, &ours);
    must(folder.path(), &["merge", "-q", "theirs"]);
    assert_eq!(read(folder.path()), lock(&[("a", 2), ("b", 2), ("bb", 1), ("c", 1)]));
    // Without the driver two new pins at one place are a conflict.
    let added = [lock(&[("a", 1), ("b", 1)]), lock(&[("a", 1), ("c", 1)])];
    let merges = |driver: bool| {
        let folder = repository(Some(&lock(&[("a", 1)])), &added[0], &added[1]);
        if !driver {
            must(folder.path(), &["config", "--unset", "merge.solera-pin.driver"]);
        }
        git(folder.path(), &["merge", "-q", "theirs"]).status.success()
    };
    assert!(merges(true) && !merges(false));
}

#[test]
fn branches_that_both_add_the_file_merge() {
    let folder = repository(None, &lock(&[("b", 1)]), &lock(&[("a", 1)]));
    must(folder.path(), &["merge", "-q", "theirs"]);
    assert_eq!(read(folder.path()), lock(&[("a", 1), ("b", 1)]));
}

#[test]
fn a_pin_that_both_moved_differently_is_a_conflict_around_its_table() {
    let base = lock(&[("a", 1), ("b", 1), ("c", 1)]);
    let folder = repository(
        Some(&base),
        &lock(&[("a", 1), ("b", 2), ("c", 2)]),
        &lock(&[("a", 2), ("b", 3), ("c", 1)]),
    );
    let top = folder.path();
    let merged = git(top, &["merge", "theirs"]);
    assert_eq!(merged.status.code(), Some(1));
    let messages = String::from_utf8(merged.stderr).unwrap();
    assert!(messages.contains("pins.lock: both sides changed 1 pin differently: `b`"), "{messages}");
    let status = String::from_utf8(git(top, &["status", "--porcelain"]).stdout).unwrap();
    assert!(status.contains("AA pins.lock") || status.contains("UU pins.lock"), "{status}");
    let expected =
        lock(&[("a", 2), ("b", 3), ("c", 2)]).replace("\n[pin.b]", "\n<<<<<<< ours\n[pin.b]").replace(
            "\n\n[pin.c]",
            &format!("\n=======\n{}>>>>>>> theirs\n\n[pin.c]", &lock(&[("b", 2)])[lock(&[]).len() + 1..]),
        );
    assert_eq!(read(top), expected);
    // What the message says is done.
    let ours = read(top).replace("<<<<<<< ours\n", "");
    let (start, end) = (ours.find("=======").unwrap(), ours.find(">>>>>>> theirs\n").unwrap());
    fs::write(top.join("pins.lock"), ours[..start].to_owned() + &ours[end + ">>>>>>> theirs\n".len()..])
        .unwrap();
    must(top, &["commit", "-qam", "merged"]);
    assert_eq!(read(top), lock(&[("a", 2), ("b", 3), ("c", 2)]));
}

#[test]
fn what_is_no_lock_file_stays_as_it_is() {
    let base = lock(&[("a", 1)]);
    let ours = lock(&[("a", 2)]);
    let folder = repository(Some(&base), &base.replace("tag", "tga"), &ours);
    let top = folder.path();
    let merged = git(top, &["merge", "theirs"]);
    assert_eq!(merged.status.code(), Some(1));
    let messages = String::from_utf8(merged.stderr).unwrap();
    assert!(messages.contains("pins.lock (theirs)") && messages.contains("unknown key `tga`"), "{messages}");
    assert_eq!(read(top), ours);
    let unread = Command::new(PROGRAM)
        .args(["merge-driver", "pins.lock", "pins.lock", "nowhere"])
        .current_dir(top)
        .output()
        .unwrap();
    assert_eq!(unread.status.code(), Some(2));
    assert!(String::from_utf8(unread.stderr).unwrap().contains("pins.lock (theirs) could not be read from"));
    let merge = ["merge-driver", "pins.lock", "pins.lock", "pins.lock"];
    assert!(Command::new(PROGRAM).args(merge).current_dir(top).status().unwrap().success());
    assert_eq!(read(top), ours);
}
