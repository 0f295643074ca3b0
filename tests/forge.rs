//! Pull requests at forges that keep them, over real HTTP on loopback.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod support;

#[path = "forge/described.rs"]
mod described;
#[path = "forge/failures.rs"]
mod failures;
#[path = "forge/git.rs"]
mod git;
#[path = "forge/pulls.rs"]
mod pulls;

use std::time::Duration;

use solera_pin::catalog::{ForgeKind, Propose};
use solera_pin::net::{Client, Settings};
use solera_pin::publish::forge::{Forge, ForgeError, NewPull, choose};
use support::forge::{Server, Software, TOKEN};

const BRANCH: &str = "solera-pin/pin/debian";

/// Settings for tests: no delays, and no proxy of the machine's.
fn settings() -> Settings {
    Settings { base_delay: Duration::ZERO, max_delay: Duration::ZERO, ..Settings::default() }
}

fn forge(server: &Server, software: Software) -> Box<dyn Forge> {
    forge_with(server, software, settings(), TOKEN)
}

fn forge_with(server: &Server, software: Software, settings: Settings, token: &str) -> Box<dyn Forge> {
    let kind = match software {
        Software::GitHub => ForgeKind::GitHub,
        Software::GitLab => ForgeKind::GitLab,
        Software::Forgejo => ForgeKind::Forgejo,
    };
    let propose = Propose { forge: Some(kind), ..Propose::default() };
    let remote = server.remote().parse().unwrap();
    let environment = |name: &str| (name == "SOLERA_PIN_FORGE_TOKEN").then(|| token.to_owned());
    choose(&propose, &remote, &environment, &Client::new(settings).unwrap()).unwrap().unwrap()
}

fn new_pull(branch: &str) -> NewPull {
    NewPull {
        branch: branch.into(),
        base: "main".into(),
        title: "debian: a digest".into(),
        body: "What moved, and \"why\"\n".into(),
    }
}

/// What an error says, its hint included: neither may hold the token.
fn said(error: &ForgeError) -> String {
    let said = format!("{error} / {}", error.hint().unwrap_or_default());
    assert!(!said.contains("hunter2") && !format!("{error:?}").contains("hunter2"), "{said}");
    said
}
