//! How close a refresh of many locked pins comes to the time that its requests need at best.
//!
//! `cargo bench --bench refresh` refreshes 1,000 locked pins of 200 repositories against a registry that answers after
//! 50 ms, and prints requests, seconds, the ratio to that limit, and the peak memory of the process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints"
)]

#[path = "shared/measure.rs"]
mod measure;
#[path = "../tests/support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use support::registry::{Auth, Registry};

const REPOSITORIES: u32 = 200;
const FLAVOURS: u32 = 5;
const LATENCY: Duration = Duration::from_millis(50);
/// The limit that the program keeps for one host.
const AT_ONCE: u32 = 32;
const RUNS: usize = 5;

fn main() {
    let registry = Registry::start();
    registry.set_auth(Auth::tokens());
    let mut declarations = String::new();
    for repository in 0..REPOSITORIES {
        for flavour in 0..FLAVOURS {
            for version in 0..10 {
                let tag = format!("1.{version}.0-f{flavour}");
                registry.push_index(&format!("library/r{repository}"), &tag, &["linux/amd64", "linux/arm64"]);
            }
            let host = registry.host();
            let table = format!("[pin.p{repository}-{flavour}]\nimage = \"{host}/library/r{repository}\"");
            writeln!(declarations, "{table}\ntrack = \"{{version}}-f{flavour}\"\n").unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pins.toml"), declarations).unwrap();
    refresh(folder.path());
    let lock = fs::read(folder.path().join("pins.lock")).unwrap();
    registry.set_latency(LATENCY);
    let mut ratios: Vec<f64> = (0..RUNS).map(|_| measure(&registry, folder.path())).collect();
    assert_eq!(
        fs::read(folder.path().join("pins.lock")).unwrap(),
        lock,
        "nothing moved, so nothing is written"
    );
    ratios.sort_by(f64::total_cmp);
    println!(
        "ratio to the limit over {RUNS} runs: median {:.2}, worst {:.2}",
        ratios[RUNS / 2],
        ratios[RUNS - 1]
    );
}

/// One refresh of everything that is locked; gives its time in units of what its requests need at best.
fn measure(registry: &Registry, folder: &Path) -> f64 {
    registry.reset_counters();
    let (seconds, memory) = refresh(folder);
    let asked = registry.counters();
    let requests = asked.pings + asked.heads + asked.manifests + asked.tag_pages + asked.tokens + asked.blobs;
    let limit = f64::from(u32::try_from(requests).unwrap()) * LATENCY.as_secs_f64() / f64::from(AT_ONCE);
    println!(
        "{} pins, {} repositories: {requests} requests ({} HEAD, {} GET, {} tag pages, {} tokens, {} of them answered 401; \
         {} at once at most) in {seconds:.2} s, at best {limit:.2} s, ratio {:.2}, {} MiB",
        REPOSITORIES * FLAVOURS,
        REPOSITORIES,
        asked.heads,
        asked.manifests,
        asked.tag_pages,
        asked.tokens,
        asked.unauthorized,
        asked.peak,
        seconds / limit,
        memory / 1024,
    );
    seconds / limit
}

/// Seconds, and the most memory that was resident, in KiB.
fn refresh(folder: &Path) -> (f64, u64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_solera-pin"));
    let (status, time, memory) = measure::measure(command.arg("refresh").current_dir(folder).env_clear());
    assert!(status.success(), "{status}");
    (time.as_secs_f64(), memory)
}
