//! The daemon as a process: the binary, real git, registries and forges over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod support;

#[path = "daemon/clients.rs"]
mod clients;
#[path = "daemon/driver.rs"]
mod driver;
#[path = "daemon/life.rs"]
mod life;
#[path = "daemon/service.rs"]
mod service;
#[path = "daemon/soak.rs"]
mod soak;
#[path = "propose/world.rs"]
#[allow(dead_code, reason = "tests of proposals use the rest")]
mod world;
