//! The daemon as a process: the binary, real git, registries and forges over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod support;

#[path = "daemon/access.rs"]
mod access;
#[path = "daemon/browser.rs"]
mod browser;
#[path = "daemon/chromium.rs"]
mod chromium;
#[path = "daemon/clients.rs"]
mod clients;
#[path = "daemon/driver.rs"]
mod driver;
#[path = "daemon/expected.rs"]
mod expected;
#[path = "daemon/keyboard.rs"]
mod keyboard;
#[path = "daemon/life.rs"]
mod life;
#[path = "daemon/service.rs"]
mod service;
#[path = "daemon/shop.rs"]
mod shop;
#[path = "daemon/soak.rs"]
mod soak;
#[path = "daemon/stage.rs"]
mod stage;
#[path = "propose/world.rs"]
#[allow(dead_code, reason = "tests of proposals use the rest")]
mod world;
