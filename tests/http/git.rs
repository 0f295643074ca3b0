//! Tags of git repositories: over HTTP in both protocols, over ssh, and from a folder.

use std::path::Path;

use solera_pin::model::GitTag;
use solera_pin::model::GitUrl;
use solera_pin::net::Settings;
use solera_pin::source::{GitSource, Kind, SourceError};

use crate::support::git_http::{self, Version, git};
use crate::support::registry::{Registry, Reply};
use crate::{client, said, settings};

fn source(settings: Settings) -> GitSource {
    GitSource::new(client(settings))
}

async fn tags(url: &str) -> Result<Vec<GitTag>, SourceError> {
    let url: GitUrl = url.parse().unwrap();
    source(settings()).tags(&url).await.map(|tags| tags.to_vec())
}

/// What the tags of [`git_http::repository`] are, as git itself says.
fn expected(repository: &Path) -> Vec<(String, String, Option<String>)> {
    let id = |name: &str| git(repository, &["rev-parse", name]);
    let commit = id("refs/heads/main");
    vec![
        ("v1".into(), commit.clone(), None),
        ("v2".into(), commit.clone(), Some(id("refs/tags/v2"))),
        ("v3".into(), commit, Some(id("refs/tags/v3"))),
    ]
}

/// The tags without `tree`, which only a local repository can tell from a commit.
fn shown(tags: &[GitTag]) -> Vec<(String, String, Option<String>)> {
    let shown = |tag: &GitTag| {
        let object = tag.tag_object.as_ref().map(ToString::to_string);
        (tag.name.to_string(), tag.commit.to_string(), object)
    };
    tags.iter().filter(|tag| tag.name.as_str() != "tree").map(shown).collect()
}

#[tokio::test]
async fn both_protocols_list_the_same_tags() {
    let root = tempfile::tempdir().unwrap();
    let repository = git_http::repository(root.path(), "a.git");
    for version in [Version::Zero, Version::Two] {
        let server = git_http::start(root.path(), version);
        let client = client(settings());
        let source = GitSource::new(client.clone());
        let url = format!("{}/a.git", server.url()).parse().unwrap();
        let found = source.tags(&url).await.unwrap();
        assert_eq!(shown(&found), expected(&repository), "{version:?}");
        source.tags(&url).await.unwrap();
        let requests = if version == Version::Two { 2 } else { 1 };
        assert_eq!(client.stats().git, requests, "{version:?}: asked once");
    }
}

#[tokio::test]
async fn a_repository_that_moved_is_followed() {
    let root = tempfile::tempdir().unwrap();
    let repository = git_http::repository(root.path(), "a.git");
    let server = git_http::start(root.path(), Version::Two);
    let found = tags(&format!("{}/moved/a.git", server.url())).await.unwrap();
    assert_eq!(shown(&found), expected(&repository));
}

#[tokio::test]
async fn an_empty_repository_has_no_tags() {
    let root = tempfile::tempdir().unwrap();
    git(root.path(), &["init", "-q", "--bare", "a.git"]);
    for version in [Version::Zero, Version::Two] {
        let server = git_http::start(root.path(), version);
        assert_eq!(tags(&format!("{}/a.git", server.url())).await.unwrap(), []);
    }
    assert_eq!(tags(root.path().join("a.git").to_str().unwrap()).await.unwrap(), []);
}

#[tokio::test]
async fn sha256_repositories_are_read() {
    let root = tempfile::tempdir().unwrap();
    git(root.path(), &["init", "-q", "--bare", "--object-format=sha256", "a.git"]);
    let path = root.path().join("a.git");
    let tree = git(&path, &["mktree"]);
    let commit = git(&path, &["commit-tree", "-m", "one", &tree]);
    git(&path, &["tag", "v1", &commit]);
    for version in [Version::Zero, Version::Two] {
        let server = git_http::start(root.path(), version);
        let found = tags(&format!("{}/a.git", server.url())).await.unwrap();
        assert_eq!(found[0].commit.as_str(), commit);
    }
}

#[tokio::test]
async fn folders_are_read_and_mirrors_take_the_place_of_urls() {
    let root = tempfile::tempdir().unwrap();
    let repository = git_http::repository(root.path(), "a.git");
    let path = repository.to_str().unwrap();
    for url in [path.to_owned(), format!("file://{path}")] {
        let found = tags(&url).await.unwrap();
        assert_eq!(shown(&found), expected(&repository));
        assert_eq!(found.len(), 3, "a tag of a tree is left out");
    }
    let mirrored = Settings {
        git: vec![("https://git.example/".into(), format!("{}/", root.path().display()))],
        ..settings()
    };
    let found = source(mirrored).tags(&"https://git.example/a.git".parse().unwrap()).await.unwrap();
    assert_eq!(shown(&found), expected(&repository));
    let missing = tags(&format!("{path}/nothing")).await.unwrap_err();
    assert_eq!(missing.kind(), Kind::NotFound, "{missing}");
}

#[tokio::test]
async fn what_is_no_git_server_is_said() {
    let server = Registry::start();
    let asked = "GET /a.git/info/refs";
    let typed = |body: &str| {
        Reply::new(200, body).header("Content-Type", "application/x-git-upload-pack-advertisement")
    };
    for (reply, kind, says) in [
        (Reply::new(200, "<html>").header("Content-Type", "text/html"), Kind::Protocol, "smart HTTP"),
        (Reply::new(401, "").header("WWW-Authenticate", "Basic"), Kind::Denied, "ssh URL"),
        (Reply::new(403, ""), Kind::Denied, "private"),
        (Reply::new(404, ""), Kind::NotFound, "no such repository"),
        (Reply::new(503, ""), Kind::Unreachable, "503"),
        (typed("<html>"), Kind::Protocol, "hexadecimal"),
        (typed("001eERR please \u{1b}[1mlog in\n0000"), Kind::Protocol, r"please \u{1b}[1mlog in"),
        (typed("000eversion 2\n0000"), Kind::Protocol, "does not list"),
        (typed("001e# service=git-upload-pack\n0000"), Kind::Protocol, "has no end"),
        (Reply::new(302, "").header("Location", "http://git.example/x"), Kind::Protocol, "not HTTPS"),
    ] {
        server.answer(asked, reply);
        let error = tags(&format!("{}/a.git", server.url())).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(said(&error).contains(says), "{}", said(&error));
        let named = said(&error).contains(&server.host());
        assert!(named || says == "not HTTPS", "a host is named with its port: {}", said(&error));
    }
    let error = tags("http://git.example/a.git").await.unwrap_err();
    assert!(said(&error).contains("not HTTPS"), "{error}");
}

/// A command that takes the place of ssh: it notes its arguments, and runs what it is told on this machine.
fn fake_ssh(folder: &Path, body: &str) -> Settings {
    let script = folder.join("fake ssh");
    std::fs::write(
        &script,
        format!("#!/bin/sh\nprintf '%s\\n' \"$@\" > '{}/arguments'\n{body}\n", folder.display()),
    )
    .unwrap();
    Settings { ssh_command: Some(format!("sh '{}'", script.display())), ..settings() }
}

const RUN_LAST: &str = r#"for last; do :; done; exec sh -c "$last""#;

#[tokio::test]
async fn ssh_lists_tags_through_the_users_command() {
    let root = tempfile::tempdir().unwrap();
    let repository = git_http::repository(root.path(), "it's a.git");
    let link = root.path().join("it's.git");
    std::os::unix::fs::symlink(&repository, &link).unwrap();
    let source = source(fake_ssh(root.path(), RUN_LAST));
    let url = format!("ssh://git@host.example:2222{}", link.display());
    let found = source.tags(&url.parse().unwrap()).await.unwrap();
    assert_eq!(shown(&found), expected(&repository));
    let arguments = std::fs::read_to_string(root.path().join("arguments")).unwrap();
    let arguments: Vec<_> = arguments.lines().collect();
    let expected =
        ["-p", "2222", "-o", "SendEnv=GIT_PROTOCOL", "-o", "BatchMode=yes", "--", "git@host.example"];
    assert_eq!(arguments[..8], expected);
    assert!(arguments[8].starts_with("git-upload-pack '/"), "{arguments:?}");
}

/// A shared connection (`ControlPersist`) keeps standard error open after the command.
#[tokio::test]
async fn ssh_that_leaves_something_behind_is_not_waited_for() {
    let root = tempfile::tempdir().unwrap();
    let repository = git_http::repository(root.path(), "a.git");
    let settings = Settings {
        timeout: std::time::Duration::from_secs(2),
        ..fake_ssh(root.path(), &format!("sleep 20 >/dev/null &\n{RUN_LAST}"))
    };
    let url = format!("ssh://host.example{}", repository.display());
    let found = source(settings).tags(&url.parse().unwrap()).await.unwrap();
    assert_eq!(shown(&found), expected(&repository));
}

#[tokio::test]
async fn ssh_failures_are_told_apart_by_what_it_says() {
    for (says, kind) in [
        ("git@host: Permission denied (publickey).", Kind::Denied),
        ("Host key verification failed.", Kind::Denied),
        ("ERROR: Repository not found.", Kind::NotFound),
        ("ssh: connect to host host port 22: Connection refused", Kind::Unreachable),
    ] {
        let root = tempfile::tempdir().unwrap();
        let source = source(fake_ssh(root.path(), &format!("echo '{says}' >&2; exit 255")));
        let error = source.tags(&"git@host.example:a/b.git".parse().unwrap()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(said(&error).contains(says), "{error}");
        let error = source.tags(&"ssh://git@[::1]:2222/a/b.git".parse().unwrap()).await.unwrap_err();
        assert!(said(&error).contains("ssh to git@[::1]:2222 failed"), "{}", said(&error));
        let trial = "`ssh -p 2222 git@::1`";
        assert!(kind == Kind::NotFound || said(&error).contains(trial), "{}", said(&error));
    }
}

#[tokio::test]
async fn an_ssh_that_hangs_is_ended() {
    let root = tempfile::tempdir().unwrap();
    let settings = Settings {
        timeout: std::time::Duration::from_millis(50),
        ..fake_ssh(root.path(), "exec sleep 1000")
    };
    let error = source(settings).tags(&"git@host.example:a".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(said(&error).contains("did not answer"), "{error}");
}

/// Four commits and a branch off the first, each with a file that does not get smaller when it is packed.
fn history(root: &Path) -> (std::path::PathBuf, [String; 5]) {
    git(root, &["init", "-q", "-b", "main", "h"]);
    let path = root.join("h");
    let mut noise = 1u64;
    let mut ids: Vec<String> = Vec::new();
    for (number, branch) in [(1, "main"), (2, "main"), (3, "main"), (4, "main"), (5, "side")] {
        if branch == "side" {
            git(&path, &["checkout", "-q", "-b", "side", &ids[0]]);
        }
        let mut bytes = Vec::new();
        for _ in 0..20_000 {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            bytes.extend_from_slice(&noise.to_be_bytes()[..4]);
        }
        std::fs::write(path.join("file"), bytes).unwrap();
        git(&path, &["add", "."]);
        git(&path, &["commit", "-q", "-m", &format!("commit {number}\n\nand more")]);
        ids.push(git(&path, &["rev-parse", "HEAD"]));
    }
    git(&path, &["tag", "-a", "-m", "four", "v4", &ids[3]]);
    git(&path, &["branch", "-q", "-D", "main"]);
    (path.join(".git"), ids.try_into().unwrap())
}

#[tokio::test]
async fn the_commits_between_two_are_listed() {
    let root = tempfile::tempdir().unwrap();
    let (repository, [one, two, three, four, side]) = history(root.path());
    let server = git_http::start(root.path(), Version::Two);
    let old = git_http::start(root.path(), Version::Zero);
    let web = |server: &crate::support::serve::Server| format!("{}/h/.git", server.url());
    let of = |from: &str, to: &str| (from.parse().unwrap(), to.parse().unwrap());
    for allowed in ["true", "false"] {
        git(&repository, &["config", "uploadpack.allowFilter", allowed]);
        for url in [web(&server), web(&old), repository.display().to_string()] {
            let client = client(settings());
            let source = GitSource::new(client.clone());
            let url: GitUrl = url.parse().unwrap();
            let (from, to) = of(&one, &four);
            let between = source.between(&url, &from, &to).await.unwrap();
            let found: Vec<_> =
                between.commits.iter().map(|(id, subject)| format!("{id} {subject}")).collect();
            let expected =
                [format!("{four} commit 4"), format!("{three} commit 3"), format!("{two} commit 2")];
            assert_eq!((found, between.total), (expected.to_vec(), 3), "{url}");
            let bytes = client.stats().bytes;
            assert_eq!(
                bytes > 80_000,
                allowed == "false" && url.as_str().starts_with("http"),
                "{bytes} {url}"
            );
            // The other way nothing is new; from a branch, only what it lacks.
            let (from, to) = of(&side, &four);
            assert_eq!(source.between(&url, &from, &to).await.unwrap().total, 3);
            assert_eq!(source.between(&url, &to, &to).await.unwrap().total, 0);
        }
    }
    let (gone, to) = of(&"1".repeat(40), &four);
    let url = web(&server).parse().unwrap();
    let error = source(settings()).between(&url, &gone, &to).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(said(&error).contains("not there any more"), "{error}");
    let error = source(settings()).between(&url, &to, &gone).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound, "{error}");
}
