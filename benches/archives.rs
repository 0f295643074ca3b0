//! An archive of a GiB, locked: the time, that of hashing as many bytes alone, their ratio, and the peak memory.
//!
//! `cargo bench --bench archives`

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints"
)]

#[path = "shared/measure.rs"]
mod measure;
#[path = "../tests/support/mod.rs"]
mod support;

use std::fs;
use std::process::Command;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::response::Response;
use solera_pin::model::{Algorithm, Hasher};
use support::serve::Server;

const PIECE: usize = 1 << 20;
const PIECES: usize = 1 << 10;
const RUNS: usize = 3;

fn main() {
    let piece = Bytes::from(vec![7; PIECE]);
    let served = piece.clone();
    let server = Server::start(axum::Router::new().fallback(move || {
        let piece = served.clone();
        let pieces = (0..PIECES).map(move |_| Ok::<_, std::io::Error>(piece.clone()));
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        let response = Response::builder().header("content-length", PIECE * PIECES).body(body).unwrap();
        async move { response }
    }));
    for (name, cache) in [("kept nowhere", "off"), ("with a cache", "cache")] {
        let (mut best, mut most) = (f64::MAX, 0);
        for _ in 0..RUNS {
            let folder = tempfile::tempdir().unwrap();
            let archive = format!("{}/tool-{{version}}.tgz", server.url());
            let declared = format!("[pin.tool]\narchive = \"{archive}\"\nversions = \"1.0.0\"\n");
            fs::write(folder.path().join("pins.toml"), declared).unwrap();
            let mut command = Command::new(env!("CARGO_BIN_EXE_solera-pin"));
            command.arg("refresh").current_dir(folder.path()).env_clear().env("SOLERA_PIN_CACHE", cache);
            let (status, time, memory) = measure::measure(&mut command);
            assert!(status.success());
            best = best.min(time.as_secs_f64());
            most = most.max(memory);
        }
        let hashed = hash(&piece);
        println!(
            "1 GiB, {name}: {best:.2} s; hashing alone {hashed:.2} s; ratio {:.2}; peak memory {} MiB",
            best / hashed,
            most >> 10
        );
    }
}

/// How long it takes to hash as many bytes.
fn hash(piece: &Bytes) -> f64 {
    let started = Instant::now();
    let mut hasher = Hasher::new(Algorithm::Sha256);
    (0..PIECES).for_each(|_| hasher.update(piece));
    std::hint::black_box(hasher.finish());
    started.elapsed().as_secs_f64()
}
