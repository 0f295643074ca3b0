//! From a decision to commits, branches and pull requests: the binary, real git, registries and forges over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod support;

#[path = "propose/branches.rs"]
mod branches;
#[path = "propose/commit.rs"]
mod commit;
#[path = "propose/kill.rs"]
mod kill;
#[path = "propose/life.rs"]
mod life;
#[path = "propose/people.rs"]
mod people;
#[path = "propose/secrets.rs"]
mod secrets;
#[path = "propose/shared.rs"]
mod shared;
#[path = "propose/texts.rs"]
mod texts;
#[path = "propose/world.rs"]
#[allow(dead_code, reason = "tests of the daemon use the rest")]
mod world;
