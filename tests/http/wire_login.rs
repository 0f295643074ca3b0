//! Who is told a secret over HTTP, and which one.

use std::path::{Path, PathBuf};

use solera_pin::git::{GitError, Login, Pushed};
use solera_pin::source::Kind;

use crate::support::git_http::{self, AUTHORIZATION, PASSWORD, USER, Version, git};
use crate::support::registry::{Registry, Reply};
use crate::wire::{World, commit, id, laws, push_one, remote, remote_for, update};

/// What an error says: no secret.
fn said(error: &GitError) -> String {
    let said = format!("{error} / {}", error.hint().unwrap_or_default());
    assert!(!format!("{said} {error:?}").contains(PASSWORD), "{said}");
    said
}

/// A helper that notes what it is asked, and whether the password is in anybody's arguments meanwhile.
fn helper(world: &World, password: &str) -> PathBuf {
    let folder = world.root.path().join("helper");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("answer"), format!("username={USER}\npassword={password}\n")).unwrap();
    std::fs::write(folder.join("pattern"), password).unwrap();
    let script = "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho \"$1\" >> actions\ncat > \"asked-$1\"\n\
                  grep -l -f pattern /proc/[0-9]*/cmdline >> shown 2>/dev/null\n\
                  [ \"$1\" != get ] || cat answer\n";
    std::fs::write(folder.join("run"), script).unwrap();
    git(&world.work, &["config", "credential.helper", &format!("!sh '{}/run'", folder.display())]);
    folder
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_default()
}

#[tokio::test]
async fn a_token_that_is_given_is_shown() {
    let world = World::new();
    let server = git_http::start_private(world.root.path(), Version::Two);
    let url = format!("{}/a.git", server.url());
    let given = |password: &str| remote_for(&url, Login::of(&world.work).given(USER, password.into()));
    laws(&world, &given(PASSWORD)).await;
    let folder = helper(&world, PASSWORD);
    let error = given("wrong").refs(&[]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Denied);
    assert!(said(&error).contains("token"), "{}", said(&error));
    assert_eq!(read(&folder, "actions"), "", "nothing else is tried");
    let error = remote(&url).refs(&[]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Denied, "{}", said(&error));
    // A URL with a password in it works, and shows none.
    let with_password = remote(&url.replace("//", &format!("//{USER}:{PASSWORD}@")));
    assert!(with_password.refs(&[]).await.is_ok());
    assert!(!format!("{with_password:?}").contains(PASSWORD));
}

#[tokio::test]
async fn after_a_401_the_helpers_are_asked_once() {
    let world = World::new();
    let server = git_http::start_private(world.root.path(), Version::Two);
    let folder = helper(&world, PASSWORD);
    let remote = remote_for(&format!("{}/a.git", server.url()), Login::of(&world.work));
    let main = id(&world.bare, "main");
    assert!(remote.refs(&[]).await.unwrap().id("refs/heads/main") == Some(&main));
    let new = commit(&world.work, 4);
    assert_eq!(push_one(&remote, &world.work, update("main", Some(&main), Some(&new))).await, Pushed::Done);
    assert_eq!(id(&world.bare, "main"), new);
    assert_eq!(read(&folder, "actions"), "get\nstore\n");
    let asked = read(&folder, "asked-get");
    assert!(
        asked.contains("protocol=http\n") && asked.contains(&format!("host={}\n", server.host())),
        "{asked}"
    );
    assert!(read(&folder, "asked-store").contains(&format!("password={PASSWORD}\n")));
    assert_eq!(read(&folder, "shown"), "", "in nobody's arguments");
}

#[tokio::test]
async fn what_a_helper_knew_wrongly_it_forgets() {
    let world = World::new();
    let server = git_http::start_private(world.root.path(), Version::Two);
    let folder = helper(&world, "hunter2-of-old");
    let remote = remote_for(&format!("{}/a.git", server.url()), Login::of(&world.work));
    let error = remote.refs(&[]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Denied);
    assert!(said(&error).contains("git credential fill"), "{}", said(&error));
    assert_eq!(read(&folder, "actions"), "get\nerase\n");
}

#[tokio::test]
async fn a_header_of_the_configuration_is_shown_to_its_host_alone() {
    let world = World::new();
    let server = git_http::start_private(world.root.path(), Version::Two);
    let other = git_http::start_private(world.root.path(), Version::Two);
    let key = format!("http.{}/.extraheader", server.url());
    let value = AUTHORIZATION.replace("Basic", "basic");
    git(&world.work, &["config", &key, &format!("AUTHORIZATION: {value}")]);
    let at = |url: &str| remote_for(&format!("{url}/a.git"), Login::of(&world.work));
    assert!(at(&server.url()).refs(&[]).await.is_ok());
    assert_eq!(at(&other.url()).refs(&[]).await.unwrap_err().kind(), Kind::Denied);
}

#[tokio::test]
async fn a_secret_is_not_redirected() {
    let world = World::new();
    let elsewhere = git_http::start(world.root.path(), Version::Two);
    let server = Registry::start();
    let location = format!("{}/a.git/info/refs?service=git-upload-pack", elsewhere.url());
    server.answer("GET /a.git/info/refs", Reply::new(302, "").header("Location", &location));
    let url = format!("{}/a.git", server.url());
    assert!(remote(&url).refs(&[]).await.is_ok(), "without one it is followed");
    let error = remote_for(&url, Login::nobody().given(USER, PASSWORD.into())).refs(&[]).await.unwrap_err();
    assert!(said(&error).contains("where this request does not go"), "{}", said(&error));
    // A redirect that asks for a password on the other side gets none from the helpers either.
    let private = git_http::start_private(world.root.path(), Version::Two);
    let folder = helper(&world, PASSWORD);
    let location = location.replace(&elsewhere.url(), &private.url());
    server.answer("GET /a.git/info/refs", Reply::new(302, "").header("Location", &location));
    let error = remote_for(&url, Login::of(&world.work)).refs(&[]).await.unwrap_err();
    assert_eq!((error.kind(), read(&folder, "actions")), (Kind::Denied, String::new()));
}
