//! The program against a real registry: Debian's `docker-registry` on loopback serves, `solera-pin` locks, and `skopeo`
//! says which digests are right.
//!
//! Every test starts a registry of its own, which ends with it. `server` is that registry, `content` what is pushed to
//! it, `workspace` a repository in which the program runs, `skopeo` the second opinion. The tests are in the other
//! modules: `digests` (what is locked), `steps` (what moves a pin), `access` (logging in, and a registry that is gone),
//! `logins` (where credentials are kept), `tls` (private authorities), `push` (what is pushed is what skopeo reads) and `upstream` (`verify --upstream`). In a company's
//! network the registry stands behind nginx (`front`) and is asked through squid (`forward`), with certificates of
//! the company's own (`certs`) and tokens of `tokens`: `company`, `proxies`, `identity`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and makes its own files"
)]

#[path = "registry/access.rs"]
mod access;
#[path = "registry/certs.rs"]
mod certs;
#[path = "registry/company.rs"]
mod company;
#[path = "registry/content.rs"]
mod content;
#[path = "registry/digests.rs"]
mod digests;
#[path = "registry/forward.rs"]
mod forward;
#[path = "registry/front.rs"]
mod front;
#[path = "registry/identity.rs"]
mod identity;
#[path = "registry/logins.rs"]
mod logins;
#[path = "registry/mirrors.rs"]
mod mirrors;
#[path = "registry/proxies.rs"]
mod proxies;
#[path = "registry/push.rs"]
mod push;
#[allow(dead_code, unreachable_pub, reason = "shared by several tests")]
#[path = "support/serve.rs"]
mod serve;
#[path = "registry/server.rs"]
mod server;
#[path = "registry/skopeo.rs"]
mod skopeo;
#[path = "registry/steps.rs"]
mod steps;
#[path = "registry/tls.rs"]
mod tls;
#[path = "registry/tokens.rs"]
mod tokens;
#[path = "registry/upstream.rs"]
mod upstream;
#[path = "registry/workspace.rs"]
mod workspace;
