//! `refresh --commit`

use std::fs;

use crate::support::checkout::{BOTH, Ended, Project, pin};
use crate::support::registry::{Registry, Reply};

/// A project with one pin at 1.0.0, committed, and 1.0.1 waiting upstream.
fn project(registry: &Registry, more: &str) -> Project {
    registry.push_index("x", "1.0.0", BOTH);
    let project = Project::new(&format!("{}{more}", pin(registry, "x", "x", "{version}")));
    fs::write(project.checkout.path("Dockerfile"), format!("FROM {}/x:1.0.0\n", registry.host())).unwrap();
    project.git(&["add", "."]);
    project.git(&["commit", "-qm", "begin"]);
    let first = project.at(1, 6, &["refresh", "--commit"]);
    assert_eq!(first.code, 0, "{}", first.said);
    registry.push_index("x", "1.0.1", BOTH);
    project.at(2, 6, &["refresh", "--observe"]);
    project
}

fn head(project: &Project) -> String {
    project.git(&["rev-parse", "HEAD"]).trim().into()
}

#[test]
fn a_bump_is_one_commit_of_lock_and_files_that_says_why() {
    let registry = Registry::start();
    let project = project(&registry, "[propose]\nauthor = \"Bot <bot@example.org>\"\n");
    let committed = project.at(6, 6, &["refresh", "--commit"]);
    assert_eq!(committed.code, 0, "{}", committed.said);
    assert!(
        committed.said.contains("bump x 1.0.0 to 1.0.1\nDockerfile:1  x 1.0.0 -> 1.0.1\n"),
        "{}",
        committed.said
    );
    assert_eq!(project.git(&["status", "--porcelain"]), "", "index and files came along");
    assert_eq!(project.git(&["show", "--format=", "--name-only", "HEAD"]), "Dockerfile\npins.lock\n");
    let digest =
        project.lock().lines().find_map(|line| line.strip_prefix("digest = ")).unwrap().replace('"', "");
    let message = project.git(&["log", "-1", "--format=%B"]);
    let seen = project.git(&["log", "-1", "--format=%an <%ae> %at %cn <%ce> %ct"]);
    let at = 1_777_701_600;
    assert_eq!(
        seen.trim(),
        format!("Bot <bot@example.org> {at} Bot <bot@example.org> {at}"),
        "as of the observation"
    );
    for line in [
        "bump x 1.0.0 to 1.0.1\n\nA patch step of ",
        "\nPin: x\nLane: patch\nFrom: 1.0.0 sha256:",
        &format!("\nTo: 1.0.1 {digest}\nDigest: {digest}\nFirst-Seen: 2026-05-02T06:00:00Z\n"),
        "\nBecause: a patch step within allow = minor, seen for min-age = 3 d\nFingerprint: ",
    ] {
        assert!(message.contains(line), "{line}: {message}");
    }
    let trailers = project.git(&["log", "-1", "--format=%(trailers:key=Fingerprint,valueonly)"]);
    assert_eq!(trailers.trim().len(), 16, "git reads the trailers: {trailers}");
    let again = project.at(6, 7, &["refresh", "--commit"]);
    assert!(again.said.contains("0 commits, 1 unchanged"), "{}", again.said);
    assert_eq!(project.git(&["fsck", "--strict"]), "");
}

#[test]
fn the_same_bump_made_twice_is_the_same_commit() {
    let registry = Registry::start();
    let project = project(&registry, "");
    let before = head(&project);
    let commit = |hour| {
        let done = project.at(6, hour, &["refresh", "--commit"]);
        assert_eq!(done.code, 0, "{}", done.said);
        head(&project)
    };
    let first = commit(6);
    project.git(&["reset", "-q", "--hard", &before]);
    assert_eq!(commit(9), first);
    assert_ne!(first, before);
}

#[test]
fn what_a_person_has_edited_stays_and_a_dirty_lock_is_refused() {
    let registry = Registry::start();
    let project = project(&registry, "");
    let before = head(&project);
    for (file, stage) in
        [("pins.lock", false), ("pins.lock", true), ("Dockerfile", false), ("Dockerfile", true)]
    {
        let path = project.checkout.path(file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}# mine\n")).unwrap();
        if stage {
            project.git(&["add", file]);
        }
        let status = project.git(&["status", "--porcelain"]);
        let refused = project.at(6, 6, &["refresh", "--commit"]);
        assert_eq!(refused.code, 2, "{}", refused.said);
        assert!(refused.said.contains(file) && refused.said.contains("nothing was done"), "{}", refused.said);
        assert_eq!((project.git(&["status", "--porcelain"]), head(&project)), (status, before.clone()));
        project.git(&["reset", "-q", "--hard"]);
    }
    fs::write(project.checkout.path("mine"), "staged").unwrap();
    project.git(&["add", "mine"]);
    fs::write(project.checkout.path("mine"), "and more").unwrap();
    fs::write(project.checkout.path("pins.toml"), "nonsense").unwrap();
    let done = project.at(6, 6, &["refresh", "--commit"]);
    assert_eq!(done.code, 0, "{}", done.said);
    assert!(done.said.contains("what is committed counts"), "{}", done.said);
    assert_eq!(project.git(&["status", "--porcelain"]), "AM mine\n M pins.toml\n");
    assert_eq!(project.git(&["show", ":mine"]), "staged");
    assert!(project.lock().contains("1.0.1"));
}

#[test]
fn a_reason_becomes_a_trailer_and_a_pin_is_dropped() {
    let registry = Registry::start();
    let project = project(&registry, "");
    let forced =
        project.at(2, 7, &["refresh", "x", "--to", "1.0.1", "--because", "urgent:\nCVE-1", "--commit"]);
    assert_eq!(forced.code, 0, "{}", forced.said);
    assert!(project.git(&["log", "-1", "--format=%B"]).contains("\nBecause: urgent: CVE-1\n"));
    fs::write(project.checkout.path("pins.toml"), "").unwrap();
    project.git(&["commit", "-qam", "nothing is followed"]);
    let dropped = project.at(7, 7, &["refresh", "--commit"]);
    assert!(dropped.said.contains("drop x"), "{}", dropped.said);
    assert!(!project.lock().contains("1.0.1"));
    assert!(project.git(&["log", "-1", "--format=%B"]).contains("\nLane: drop\n"));
}

#[test]
fn a_reason_is_of_what_it_moved_and_what_failed_is_not_unchanged() {
    let registry = Registry::start();
    let project = project(&registry, "");
    let froms = format!("FROM {}/x:1.0.1\n", registry.host());
    fs::write(project.checkout.path("pins.toml"), "").unwrap();
    project.git(&["commit", "-qam", "nothing is followed"]);
    let dropped = project.at(7, 6, &["refresh", "--ignore-min-age", "--because", "urgent", "--commit"]);
    assert!(dropped.said.contains("drop x"), "{}", dropped.said);
    let message = project.git(&["log", "-1", "--format=%B"]);
    assert!(message.contains("\nBecause: it is declared nowhere\n"), "{message}");
    fs::write(project.checkout.path("pins.toml"), pin(&registry, "x", "x", "{version}")).unwrap();
    fs::write(project.checkout.path("Dockerfile"), froms).unwrap();
    project.git(&["commit", "-qam", "followed again"]);
    registry.answer("GET /v2/x/tags/list", Reply::new(403, ""));
    let failed = project.at(7, 7, &["refresh", "--commit"]);
    assert_eq!(failed.code, 3, "{}", failed.said);
    assert!(failed.said.contains("0 commits, 0 unchanged, 1 failed"), "{}", failed.said);
}

#[test]
fn signed_commits_are_verified_by_git() {
    let registry = Registry::start();
    let keys = tempfile::tempdir().unwrap();
    let key = keys.path().join("key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "bot", "-f"])
        .arg(&key)
        .status();
    assert!(made.unwrap().success());
    let sign = format!("[propose]\nauthor = \"Bot <bot@example.org>\"\nsign = \"ssh:{}\"\n", key.display());
    let project = project(&registry, &sign);
    let done = project.at(6, 6, &["refresh", "--commit"]);
    assert_eq!(done.code, 0, "{}", done.said);
    let public = fs::read_to_string(key.with_extension("pub")).unwrap();
    let signers = keys.path().join("signers");
    fs::write(&signers, format!("bot@example.org {public}")).unwrap();
    let signers = format!("gpg.ssh.allowedSignersFile={}", signers.display());
    project.git(&["-c", &signers, "verify-commit", "HEAD"]);
    fs::remove_file(&key).unwrap();
    fs::remove_file(key.with_extension("pub")).unwrap();
    let missing = project.at(6, 7, &["refresh", "--commit"]);
    assert_eq!(missing.code, 2, "{}", missing.said);
    assert!(missing.said.contains("does not exist"), "{}", missing.said);
}

#[test]
fn modes_line_ends_and_folders_are_kept() {
    let registry = Registry::start();
    registry.push_index("x", "1.0.0", BOTH);
    let project = Project::new("");
    fs::remove_file(project.checkout.path("pins.toml")).unwrap();
    let folder = project.checkout.path("services/pay");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("pins.toml"), pin(&registry, "x", "x", "{version}")).unwrap();
    fs::write(folder.join("run.sh"), "#!/bin/sh\n# solera-pin: x.tag\ntag=1.0.0\n").unwrap();
    std::os::unix::fs::symlink("run.sh", folder.join("link.sh")).unwrap();
    project.git(&["config", "core.autocrlf", "true"]);
    project.git(&["add", "."]);
    project.git(&["update-index", "--chmod=+x", "services/pay/run.sh"]);
    project.git(&["commit", "-qm", "begin"]);
    project.git(&["rm", "-q", "-r", "--cached", "."]);
    project.git(&["reset", "-q", "--hard"]);
    let run = |day| project.at(day, 6, &["-C", "services/pay", "refresh", "--commit"]);
    assert_eq!(run(1).code, 0);
    registry.push_index("x", "1.0.1", BOTH);
    run(2);
    let done = run(6);
    assert_eq!(done.code, 0, "{}", done.said);
    assert_eq!(project.git(&["status", "--porcelain"]), "");
    assert_eq!(
        fs::read(folder.join("run.sh")).unwrap(),
        b"#!/bin/sh\r\n# solera-pin: x.tag\r\ntag=1.0.1\r\n"
    );
    let tree = project.git(&["ls-tree", "-r", "HEAD"]);
    assert!(tree.contains("100755 blob") && tree.contains("120000 blob"), "{tree}");
    assert_eq!(
        project.git(&["show", "HEAD:services/pay/run.sh"]),
        "#!/bin/sh\n# solera-pin: x.tag\ntag=1.0.1\n"
    );
}

#[test]
fn what_cannot_be_committed_to_is_said_with_what_to_do() {
    let registry = Registry::start();
    let project = project(&registry, "");
    let refused = |says: &str, hint: &str| {
        let refused = project.at(6, 6, &["refresh", "--commit"]);
        assert_eq!(refused.code, 2, "{}", refused.said);
        assert!(refused.said.contains(says) && refused.said.contains(hint), "{}", refused.said);
    };
    project.git(&["update-index", "--split-index"]);
    refused("'link'", "git update-index --no-split-index");
    project.git(&["update-index", "--no-split-index"]);
    project.git(&["config", "core.repositoryformatversion", "1"]);
    project.git(&["config", "extensions.partialClone", "origin"]);
    refused("extensions.partialclone", "git config --unset extensions.partialClone");
    project.git(&["config", "--unset", "extensions.partialClone"]);
    let path = |name: &str| project.checkout.path(name);
    fs::rename(path("pins.lock"), path("real.lock")).unwrap();
    std::os::unix::fs::symlink("real.lock", path("pins.lock")).unwrap();
    project.git(&["add", "."]);
    project.git(&["commit", "-qm", "link"]);
    refused("pins.lock is a symbolic link", "commit the file itself");
}

#[test]
fn what_is_wrong_with_a_key_is_said() {
    use std::os::unix::fs::PermissionsExt as _;
    let registry = Registry::start();
    let project = project(&registry, "");
    let declared = fs::read_to_string(project.checkout.path("pins.toml")).unwrap();
    fs::write(project.checkout.path("pins.toml"), declared + "[propose]\nsign = \"ssh:key\"\n").unwrap();
    project.git(&["commit", "-qam", "sign"]);
    let key = project.checkout.path("key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status();
    assert!(made.unwrap().success());
    let begin = head(&project);
    // The key is found from a folder below the root too.
    fs::create_dir(project.checkout.path("below")).unwrap();
    let refused = |hint: &str| {
        let mut command = project.checkout.command(&["refresh", "--commit"]);
        let below = command.current_dir(project.checkout.path("below"));
        let ended = Ended::of(below.env("SOLERA_PIN_NOW", "2026-05-06T06:00:00Z").output().unwrap());
        assert_eq!(ended.code, if hint.is_empty() { 0 } else { 2 }, "{}", ended.said);
        assert!(ended.said.contains(hint), "{}", ended.said);
    };
    let mode = |mode| fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o644);
    refused("chmod 600");
    mode(0o600);
    fs::remove_file(project.checkout.path("key.pub")).unwrap();
    let text = fs::read_to_string(&key).unwrap();
    for broken in [text.trim_end(), &text.replace('\n', "\r\n")] {
        fs::write(&key, broken).unwrap();
        refused("to end with a line feed");
    }
    assert_eq!(head(&project), begin);
    fs::write(&key, text).unwrap();
    refused("");
    assert_ne!(head(&project), begin);
}
