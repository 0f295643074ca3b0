//! Suites of Debian archives: the binary, and an archive over HTTP that has every state of itself by its time, signed by
//! the keys of `tests/openpgp`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

mod support;

#[path = "debian/altered.rs"]
mod altered;
#[path = "debian/archive.rs"]
mod archive;
#[path = "debian/audited.rs"]
mod audited;
#[path = "debian/machine.rs"]
mod machine;
#[path = "debian/mirror.rs"]
mod mirror;
#[path = "debian/moves.rs"]
mod moves;
#[path = "debian/upstream.rs"]
mod upstream;
#[path = "debian/world.rs"]
mod world;
