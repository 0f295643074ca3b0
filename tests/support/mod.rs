//! In-process servers for tests: each speaks its protocol over real HTTP on a free port of 127.0.0.1, runs on a
//! thread of its own, and ends when its handle is dropped.

#![allow(dead_code, unreachable_pub, missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

pub mod base64;
pub mod built;
pub mod checkout;
pub mod files;
pub mod forge;
pub mod git_http;
pub mod registry;
pub mod serve;
pub mod sshd;
pub mod uploads;
