//! The program against a real registry: Debian's `docker-registry` on loopback serves, `solera-pin` locks, and `skopeo`
//! says which digests are right.
//!
//! Every test starts a registry of its own, which ends with it. `server` is that registry, `content` what is pushed to
//! it, `workspace` a repository in which the program runs, `skopeo` the second opinion. The tests are in the other
//! modules: `digests` (what is locked), `steps` (what moves a pin), `access` (logging in, and a registry that is gone),
//! `tls` (private authorities) and `upstream` (`verify --upstream`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and makes its own files"
)]

#[path = "registry/access.rs"]
mod access;
#[path = "registry/content.rs"]
mod content;
#[path = "registry/digests.rs"]
mod digests;
#[path = "registry/server.rs"]
mod server;
#[path = "registry/skopeo.rs"]
mod skopeo;
#[path = "registry/steps.rs"]
mod steps;
#[path = "registry/tls.rs"]
mod tls;
#[path = "registry/upstream.rs"]
mod upstream;
#[path = "registry/workspace.rs"]
mod workspace;
