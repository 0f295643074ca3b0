//! What is asked and answered over real HTTP, on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod support;

#[path = "http/ages.rs"]
mod ages;
#[path = "http/ages_more.rs"]
mod ages_more;
#[path = "http/archives.rs"]
mod archives;
#[path = "http/archives_more.rs"]
mod archives_more;
#[path = "http/audit.rs"]
mod audit;
#[path = "http/auth.rs"]
mod auth;
#[path = "http/commands.rs"]
mod commands;
#[path = "http/doctor.rs"]
mod doctor;
#[path = "http/evidence.rs"]
mod evidence;
#[path = "http/failures.rs"]
mod failures;
#[path = "http/gate.rs"]
mod gate;
#[path = "http/git.rs"]
mod git;
#[path = "http/git_login.rs"]
mod git_login;
#[path = "http/git_ssh.rs"]
mod git_ssh;
#[path = "http/git_token.rs"]
mod git_token;
#[path = "http/images.rs"]
mod images;
#[path = "http/init.rs"]
mod init;
#[path = "http/manners.rs"]
mod manners;
#[path = "http/mirror.rs"]
mod mirror;
#[path = "http/pull.rs"]
mod pull;
#[path = "http/pull_binary.rs"]
mod pull_binary;
#[path = "http/push.rs"]
mod push;
#[path = "http/push_binary.rs"]
mod push_binary;
#[path = "http/refresh.rs"]
mod refresh;
#[path = "http/requests.rs"]
mod requests;
#[path = "http/stop.rs"]
mod stop;
#[path = "http/tags.rs"]
mod tags;
#[path = "http/upstream.rs"]
mod upstream;
#[path = "http/wire.rs"]
mod wire;
#[path = "http/wire_login.rs"]
mod wire_login;
#[path = "http/wire_ssh.rs"]
mod wire_ssh;

use std::time::Duration;

use solera_pin::model::{Repository, Tag};
use solera_pin::net::{Client, Settings};
use solera_pin::source::ImageSource;
use support::registry::Registry;

/// Settings for tests: no delays, and no proxy of the machine's.
fn settings() -> Settings {
    Settings { base_delay: Duration::ZERO, max_delay: Duration::ZERO, ..Settings::default() }
}

fn client(settings: Settings) -> Client {
    Client::new(settings).unwrap()
}

fn images() -> ImageSource {
    ImageSource::new(client(settings()))
}

fn repository(registry: &Registry, path: &str) -> Repository {
    repository_at(&registry.host(), path)
}

fn repository_at(host: &str, path: &str) -> Repository {
    format!("{host}/{path}").parse().unwrap()
}

fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

/// What an error says, its hint included: neither may hold a secret.
fn said(error: &solera_pin::source::SourceError) -> String {
    let said = format!("{error} / {}", error.hint().unwrap_or_default());
    assert!(!said.contains("secret") && !said.contains("hunter2"), "{said}");
    assert!(!format!("{error:?}").contains("hunter2"));
    said
}
