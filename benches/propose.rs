//! What a proposal costs beside the refresh that it is made of.
//!
//! `cargo bench --bench propose` proposes the digest steps of 60 pins in a repository of 8,000 files, once where all is
//! new, and again where nothing is left to do; then once more where the base has moved. It prints requests, seconds, how
//! many times as long as `refresh --check` of the same that is, and the peak memory.

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

use support::checkout::BOTH;
use support::git_http::git;
use support::registry::Registry;

const PINS: usize = 60;
const FILES: usize = 8_000;
/// One file in so many names a pin.
const NAMING: usize = 50;

fn main() {
    let registry = Registry::start();
    let folder = tempfile::tempdir().unwrap();
    let (clone, remote) = (folder.path().join("clone"), folder.path().join("remote.git"));
    fs::create_dir(&clone).unwrap();
    git(folder.path(), &["init", "-q", "--bare", "-b", "main", "remote.git"]);
    git(&clone, &["init", "-q", "-b", "main"]);
    write(&registry, &clone);
    git(&clone, &["add", "."]);
    git(&clone, &["commit", "-qm", "begin"]);
    run(&clone, &["refresh", "--commit"]);
    git(&clone, &["remote", "add", "origin", &remote.display().to_string()]);
    git(&clone, &["push", "-q", "origin", "main"]);
    for pin in 0..PINS {
        registry.push_index(&format!("p{pin}"), "1.0.0", BOTH);
    }
    let propose = ["refresh", "--propose"];
    let checked = told(&registry, "refresh --check", &clone, &["refresh", "--check"], None);
    told(&registry, "all is new", &clone, &propose, Some(checked));
    told(&registry, "nothing to do", &clone, &propose, Some(checked));
    fs::write(clone.join("README"), "another commit\n").unwrap();
    git(&clone, &["add", "."]);
    git(&clone, &["commit", "-qm", "on"]);
    git(&clone, &["push", "-q", "origin", "HEAD:main"]);
    told(&registry, "the base moved", &clone, &propose, Some(checked));
}

fn write(registry: &Registry, clone: &Path) {
    let mut declarations = String::from("[defaults]\nmin-age = \"0s\"\n[propose]\nforge = \"none\"\n");
    for pin in 0..PINS {
        registry.push_index(&format!("p{pin}"), "1.0.0", BOTH);
        let image = format!("{}/p{pin}", registry.host());
        writeln!(declarations, "[pin.p{pin}]\nimage = \"{image}\"\ntrack = \"{{version}}\"").unwrap();
    }
    fs::write(clone.join("pins.toml"), declarations).unwrap();
    for file in 0..FILES {
        let below = clone.join(format!("services/{}", file % 100));
        fs::create_dir_all(&below).unwrap();
        let mut text = "key: value # as files are\n".repeat(60);
        if file % NAMING == 0 {
            writeln!(text, "image: {}/p{}:1.0.0", registry.host(), file / NAMING % PINS).unwrap();
        }
        fs::write(below.join(format!("{file}.yaml")), text).unwrap();
    }
}

/// Runs and prints; gives the seconds.
fn told(registry: &Registry, what: &str, clone: &Path, arguments: &[&str], beside: Option<f64>) -> f64 {
    registry.reset_counters();
    let (seconds, memory) = run(clone, arguments);
    let asked = registry.counters();
    let ratio = beside.map(|beside| format!(", {:.2} times the check", seconds / beside)).unwrap_or_default();
    println!(
        "{PINS} pins, {FILES} files, {what}: {} HEAD, {} GET, {} tag pages, {} blobs in {seconds:.2} s{ratio}, {} MiB",
        asked.heads,
        asked.manifests,
        asked.tag_pages,
        asked.blobs,
        memory / 1024,
    );
    seconds
}

/// Seconds, and the most memory that was resident, in KiB.
fn run(clone: &Path, arguments: &[&str]) -> (f64, u64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_solera-pin"));
    command.args(arguments).current_dir(clone).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    let (status, time, memory) = measure::measure(command.env("SOLERA_PIN_NOW", "2026-05-02T06:00:00Z"));
    // A check exits with 1 where something would change.
    assert!(status.code().is_some_and(|code| code < 2), "{arguments:?}: {status}");
    (time.as_secs_f64(), memory)
}
