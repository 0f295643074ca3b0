//! git over a real ssh server, on loopback.

use std::path::Path;
use std::time::Duration;

use solera_pin::git::{Address, Login, Remote};
use solera_pin::net::Settings;
use solera_pin::source::Kind;

use crate::support::git_http::git;
use crate::support::sshd::Sshd;
use crate::wire::{World, laws};
use crate::{client, settings};

#[tokio::test]
async fn over_ssh() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let server = Sshd::start(folder.path());
    let at = |path: &Path| Address::read(&server.url(path), Path::new("/")).unwrap();
    let client_with =
        |key: &str| client(Settings { ssh_command: Some(Sshd::command(folder.path(), key)), ..settings() });
    let known = client_with("user");
    laws(&world, &Remote::new(&known, at(&world.bare), Login::nobody())).await;
    let missing = Remote::new(&known, at(&world.root.path().join("none.git")), Login::nobody());
    let error = missing.refs(&[]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound, "{error}");
    let stranger = client_with("stranger");
    let error = Remote::new(&stranger, at(&world.bare), Login::nobody()).refs(&[]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Denied, "{error}");
}

/// As `actions/checkout` leaves it for a deploy key.
#[tokio::test]
async fn the_command_of_the_configuration_is_used() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let server = Sshd::start(folder.path());
    git(&world.work, &["config", "core.sshCommand", &Sshd::command(folder.path(), "user")]);
    let at = || Address::read(&server.url(&world.bare), Path::new("/")).unwrap();
    let login = || Login::of(&world.work);
    let plain = client(settings());
    assert!(Remote::new(&plain, at(), login()).refs(&[]).await.is_ok());
    // The environment's comes before it.
    let stranger =
        client(Settings { ssh_command: Some(Sshd::command(folder.path(), "stranger")), ..settings() });
    let error = Remote::new(&stranger, at(), login()).refs(&[]).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Denied, "{error}");
}

#[tokio::test]
async fn a_list_that_does_not_end_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    // A first message in version 2, and then a byte now and again.
    let script = "#!/bin/sh\nprintf '000eversion 2\\n000bls-refs0000'\nwhile printf 0; do sleep 0.2; done\n";
    std::fs::write(folder.path().join("ssh"), script).unwrap();
    let ssh_command = Some(format!("sh {}", folder.path().join("ssh").display()));
    let settings = Settings { ssh_command, timeout: Duration::from_millis(400), ..settings() };
    let address = Address::read("ssh://h/a.git", Path::new("/")).unwrap();
    let remote = Remote::new(&client(settings), address, Login::nobody());
    let listed = tokio::time::timeout(Duration::from_secs(30), remote.refs(&["refs/tags/"])).await;
    let error = listed.expect("an end").unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable, "{error}");
    assert!(error.to_string().contains("did not answer within"), "{error}");
}
