//! git's protocol: the same laws over HTTP in both versions, over ssh and for a folder.

use std::path::{Path, PathBuf};

use solera_pin::git::{Address, Login, Pushed, Remote, Update, resolve};
use solera_pin::model::CommitId;
use solera_pin::source::Kind;
use tempfile::TempDir;

use crate::support::git_http::{self, Version, git};
use crate::{client, settings};

/// A bare repository with three commits and an annotated tag, and the clone that made them.
pub(crate) struct World {
    pub(crate) root: TempDir,
    pub(crate) bare: PathBuf,
    pub(crate) work: PathBuf,
}

impl World {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        git(root.path(), &["init", "-q", "--bare", "-b", "main", "a.git"]);
        let (bare, work) = (root.path().join("a.git"), root.path().join("work"));
        git(&bare, &["config", "http.receivepack", "true"]);
        git(root.path(), &["clone", "-q", "a.git", "work"]);
        let world = Self { root, bare, work };
        (1..4).for_each(|number| drop(world.upstream(number)));
        git(&world.work, &["tag", "-a", "-m", "one", "v1"]);
        git(&world.work, &["push", "-q", "origin", "v1"]);
        world
    }

    /// One more commit of the bare repository's main branch.
    pub(crate) fn upstream(&self, number: u32) -> CommitId {
        let id = commit(&self.work, number);
        git(&self.work, &["push", "-q", "origin", "main"]);
        id
    }

    /// An empty repository.
    pub(crate) fn init(&self, name: &str) -> PathBuf {
        git(self.root.path(), &["init", "-q", "-b", "main", name]);
        self.root.path().join(name)
    }
}

/// A commit on top of `HEAD`.
pub(crate) fn commit(work: &Path, number: u32) -> CommitId {
    std::fs::write(work.join("file"), format!("{number}\n").repeat(100)).unwrap();
    git(work, &["add", "."]);
    git(work, &["commit", "-q", "-m", &format!("commit {number}")]);
    id(work, "HEAD")
}

pub(crate) fn id(repository: &Path, name: &str) -> CommitId {
    git(repository, &["rev-parse", name]).parse().unwrap()
}

pub(crate) fn remote(address: &str) -> Remote {
    remote_for(address, Login::nobody())
}

pub(crate) fn remote_for(address: &str, login: Login) -> Remote {
    let address = Address::read(address, Path::new("/")).unwrap();
    Remote::new(&client(settings()), address, login)
}

fn dot_git(repository: &Path) -> PathBuf {
    repository.join(".git")
}

fn count(repository: &Path, tip: &CommitId) -> String {
    git(repository, &["rev-list", "--count", tip.as_str()])
}

pub(crate) fn update(name: &str, old: Option<&CommitId>, new: Option<&CommitId>) -> Update {
    Update { name: format!("refs/heads/{name}"), old: old.cloned(), new: new.cloned() }
}

pub(crate) async fn push_one(remote: &Remote, from: &Path, update: Update) -> Pushed {
    let mut pushed = remote.push(&dot_git(from), &[update]).await.unwrap();
    assert_eq!(pushed.len(), 1);
    pushed.remove(0).1
}

/// What holds over every transport.
pub(crate) async fn laws(world: &World, remote: &Remote) {
    references(world, remote).await;
    fetched(world, remote).await;
    pushed(world, remote).await;
    refused(world, remote).await;
    cut_off(world, remote).await;
}

async fn references(world: &World, remote: &Remote) {
    let refs = remote.refs(&[]).await.unwrap();
    let main = id(&world.bare, "main");
    assert_eq!(refs.id("refs/heads/main"), Some(&main));
    assert_eq!(refs.head.as_deref(), Some("refs/heads/main"));
    assert_eq!(refs.names["refs/tags/v1"].peeled.as_ref(), Some(&main));
    let some = remote.refs(&["refs/tags/"]).await.unwrap();
    assert_eq!(some.names.keys().collect::<Vec<_>>(), ["refs/tags/v1"]);
    assert_eq!(some.head, refs.head);
}

async fn fetched(world: &World, remote: &Remote) {
    let here = world.init("fetched");
    let main = id(&world.bare, "main");
    remote.fetch(&dot_git(&here), std::slice::from_ref(&main), None).await.unwrap();
    assert_eq!(count(&here, &main), "3");
    git(&here, &["update-ref", "refs/elsewhere/main", main.as_str()]);
    git(&here, &["fsck", "--strict"]);
    let objects = |repository: &Path| {
        let counted = git(repository, &["count-objects", "-v"]);
        let packed = counted.lines().find_map(|line| line.strip_prefix("in-pack: ")).unwrap();
        packed.parse::<u32>().unwrap()
    };
    let before = objects(&here);
    let next = world.upstream(4);
    let wants = [main.clone(), next.clone()];
    remote.fetch(&dot_git(&here), &wants, None).await.unwrap();
    assert_eq!(count(&here, &next), "4");
    assert_eq!(objects(&here) - before, 3, "a commit, its folder and its file");
    // Nobody is asked for what is there.
    self::remote("/nowhere").fetch(&dot_git(&here), &wants, None).await.unwrap();
    let gone: CommitId = "1".repeat(40).parse().unwrap();
    let error = remote.fetch(&dot_git(&here), &[gone], None).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound, "{error}");
}

async fn pushed(world: &World, remote: &Remote) {
    let here = world.root.path().join("fetched");
    let main = id(&world.bare, "main");
    git(&here, &["reset", "-q", "--hard", main.as_str()]);
    let (one, two) = (commit(&here, 5), commit(&here, 6));
    assert_eq!(push_one(remote, &here, update("topic", None, Some(&one))).await, Pushed::Done);
    assert_eq!(id(&world.bare, "topic"), one);
    assert_eq!(push_one(remote, &here, update("topic", None, Some(&two))).await, Pushed::Stale);
    assert_eq!(push_one(remote, &here, update("topic", Some(&main), Some(&two))).await, Pushed::Stale);
    assert_eq!(push_one(remote, &here, update("topic", Some(&one), Some(&one))).await, Pushed::Done);
    assert_eq!(id(&world.bare, "topic"), one);
    // What is there already needs no objects; several are told apart.
    let updates = [
        update("topic", Some(&one), Some(&two)),
        update("main", None, Some(&two)),
        update("again", None, Some(&one)),
    ];
    let results: Vec<_> = remote.push(&dot_git(&here), &updates).await.unwrap();
    let results: Vec<_> = results.into_iter().map(|(_, result)| result).collect();
    assert_eq!(results, [Pushed::Done, Pushed::Stale, Pushed::Done]);
    assert_eq!((id(&world.bare, "topic"), id(&world.bare, "again")), (two.clone(), one.clone()));
    git(&world.bare, &["fsck", "--strict"]);
    assert_eq!(push_one(remote, &here, update("again", Some(&two), None)).await, Pushed::Stale);
    assert_eq!(push_one(remote, &here, update("again", Some(&one), None)).await, Pushed::Done);
    assert!(git(&world.bare, &["for-each-ref", "refs/heads/again"]).is_empty());
    let error =
        remote.push(&dot_git(&here), &[Update { name: "x\n".into(), old: None, new: Some(one) }]).await;
    assert!(error.unwrap_err().to_string().contains("full name"));
}

/// A hook of the bare repository, which has the ids of two commits to choose from.
fn hook(world: &World, body: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let path = world.bare.join("hooks/pre-receive");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

async fn refused(world: &World, remote: &Remote) {
    let here = world.root.path().join("fetched");
    let (main, two) = (id(&world.bare, "main"), id(&world.bare, "topic"));
    hook(world, "printf 'main is \\033[31mprotected\\n' >&2; exit 1");
    let Pushed::Refused(reason) = push_one(remote, &here, update("main", Some(&main), Some(&two))).await
    else {
        panic!("not refused")
    };
    assert!(reason.contains("hook declined: main is \\u{1b}[31mprotected"), "{reason}");
    // Somebody is faster while the server thinks about it.
    let clean = "env -u GIT_QUARANTINE_PATH -u GIT_OBJECT_DIRECTORY -u GIT_ALTERNATE_OBJECT_DIRECTORIES";
    hook(world, &format!("{clean} git update-ref refs/heads/main {main}~1"));
    assert_eq!(push_one(remote, &here, update("main", Some(&main), Some(&two))).await, Pushed::Stale);
    assert_eq!(id(&world.bare, "main"), id(&world.bare, &format!("{main}~1")), "theirs is kept");
    std::fs::remove_file(world.bare.join("hooks/pre-receive")).unwrap();
    git(&world.bare, &["update-ref", "refs/heads/main", main.as_str()]);
}

async fn cut_off(world: &World, remote: &Remote) {
    let (here, main) = (world.init("thin"), id(&world.bare, "main"));
    remote.fetch(&dot_git(&here), std::slice::from_ref(&main), Some(1)).await.unwrap();
    assert_eq!(count(&here, &main), "1");
    git(&here, &["reset", "-q", "--hard", main.as_str()]);
    // What stands on a commit below the cut comes with it.
    git(&world.work, &["checkout", "-q", "-b", "side", "main~3"]);
    let side = commit(&world.work, 10);
    git(&world.work, &["push", "-q", "origin", "side"]);
    git(&world.work, &["checkout", "-q", "main"]);
    remote.fetch(&dot_git(&here), std::slice::from_ref(&side), None).await.unwrap();
    assert_eq!(count(&here, &side), "2");
    assert_eq!(count(&here, &main), "1", "the history stays cut off");
    // What is new comes on top.
    let next = world.upstream(7);
    remote.fetch(&dot_git(&here), std::slice::from_ref(&next), None).await.unwrap();
    assert_eq!(count(&here, &next), "2");
    let after = world.upstream(8);
    remote.fetch(&dot_git(&here), std::slice::from_ref(&after), Some(1)).await.unwrap();
    assert_eq!(count(&here, &after), "1");
    git(&here, &["reset", "-q", "--hard", after.as_str()]);
    git(&here, &["fsck"]);
    // What stands on a commit that the server has can be sent; what does not cannot.
    let mine = commit(&here, 9);
    assert_eq!(push_one(remote, &here, update("thin", None, Some(&mine))).await, Pushed::Done);
    git(&world.bare, &["fsck", "--strict"]);
    assert_eq!(count(&world.bare, &mine), "7");
    let empty = world.init("empty");
    let to_empty = self::remote(&dot_git(&empty).to_string_lossy());
    let error = to_empty.push(&dot_git(&here), &[update("thin", None, Some(&mine))]).await.unwrap_err();
    assert!(error.to_string().contains("cut off"), "{error}");
    assert!(git(&empty, &["for-each-ref"]).is_empty());
}

#[tokio::test]
async fn over_http() {
    let world = World::new();
    let server = git_http::start(world.root.path(), Version::Two);
    laws(&world, &remote(&format!("{}/a.git", server.url()))).await;
}

#[tokio::test]
async fn over_http_in_the_old_version() {
    let world = World::new();
    let server = git_http::start(world.root.path(), Version::Zero);
    laws(&world, &remote(&format!("{}/a.git", server.url()))).await;
}

#[tokio::test]
async fn of_a_folder() {
    let world = World::new();
    laws(&world, &remote(&world.bare.to_string_lossy())).await;
}

#[tokio::test]
async fn names_of_remotes_are_resolved_as_git_does() {
    let world = World::new();
    for (key, value) in [
        ("remote.far.url", "gh:acme/a.git"),
        ("remote.two.url", "https://me:hunter2@h.example/a.git"),
        ("remote.two.pushurl", "gh:acme/b.git"),
        ("url.https://github.example/.insteadOf", "gh:"),
        ("url.ssh://git@github.example/.pushInsteadOf", "gh:"),
        ("remote.near.url", "../a.git"),
    ] {
        git(&world.work, &["config", key, value]);
    }
    let at = |remote: &str| {
        let places = resolve(&world.work, remote).unwrap();
        (places.fetch.to_string(), places.push.to_string())
    };
    let pair = |fetch: &str, push: &str| (fetch.to_owned(), push.to_owned());
    let (https, ssh) = ("https://github.example/acme", "ssh://git@github.example/acme");
    assert_eq!(at("far"), pair(&format!("{https}/a.git"), &format!("{ssh}/a.git")));
    assert_eq!(at("gh:x"), pair("https://github.example/x", "ssh://git@github.example/x"));
    assert_eq!(at("two"), pair("https://h.example/a.git", &format!("{https}/b.git")), "pushurl is as it is");
    let near = resolve(&world.work, "near").unwrap();
    let refs = Remote::new(&client(settings()), near.fetch, Login::nobody()).refs(&[]).await.unwrap();
    assert_eq!(refs.id("refs/heads/main"), Some(&id(&world.bare, "main")));
    for wrong in ["ssh://me:hunter2@h/a", "me:hunter2@h:a"] {
        let error = resolve(&world.work, wrong).unwrap_err();
        assert!(!format!("{error} {error:?} {:?}", error.hint()).contains("hunter2"), "{error}");
    }
}
