//! A refresh of a pin of a suite with 63,000 packages: its time, the time that downloading its lists and unpacking them
//! takes alone, and the peak memory of the process.
//!
//! `cargo bench --bench debian` takes Debian's own suite, from the mirror that this machine's apt is configured with, and
//! serves it from loopback.

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

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::process::Command;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{StatusCode, Uri};
use solera_pin::debian::{Form, Release, Unpacked};
use solera_pin::net::{Asked, Client, Request, Settings};
use support::serve::Server;

const RUNS: usize = 5;
const PACKAGES: &str =
    "\"ca-certificates\", \"curl\", \"git\", \"iproute2\", \"nginx\", \"openssl\", \"python3\"";

fn main() {
    let Some((mirror, suite, keyring)) = configured() else {
        println!("this machine has no apt that is configured for Debian");
        return;
    };
    let folder = format!("{mirror}/dists/{suite}");
    let in_release = fetch(&format!("{folder}/InRelease"), Asked::Suite).unwrap();
    let text = String::from_utf8(in_release.clone()).unwrap();
    let signed = text.split("\n\n").nth(1).unwrap().split("\n-----BEGIN").next().unwrap();
    let release = Release::parse(signed).unwrap();
    let mut files = BTreeMap::from([("InRelease".to_owned(), Bytes::from(in_release))]);
    for architecture in ["amd64", "arm64"] {
        let path = format!("main/binary-{architecture}/Packages.xz");
        let digest = release.file(&path).unwrap().digest.hex();
        let content = Bytes::from(fetch(&format!("{folder}/{path}"), Asked::List).unwrap());
        files.insert(format!("main/binary-{architecture}/by-hash/SHA256/{digest}"), content);
    }
    let served = files.clone();
    let start = format!("/debian/dists/{suite}/");
    let server = Server::start(axum::Router::new().fallback(move |uri: Uri| {
        let file = uri.path().strip_prefix(&start).and_then(|path| served.get(path)).cloned();
        async move { file.map_or((StatusCode::NOT_FOUND, Bytes::new()), |file| (StatusCode::OK, file)) }
    }));
    let base = format!("{}/debian", server.url());
    for architectures in [&["amd64"][..], &["amd64", "arm64"]] {
        let paths: Vec<String> = files
            .keys()
            .filter(|path| architectures.iter().any(|of| path.contains(&format!("binary-{of}/"))))
            .map(|path| format!("{base}/dists/{suite}/{path}"))
            .collect();
        let mut alone: Vec<Duration> = (0..RUNS).map(|_| downloaded_and_unpacked(&paths)).collect();
        alone.sort();
        let quoted: Vec<String> = architectures.iter().map(|of| format!("\"{of}\"")).collect();
        let pin = format!(
            "[pin.x]\nsuites = [\"{suite}\"]\nmirror = \"{base}\"\npackages = [{PACKAGES}]\narchitectures = [{}]\n\
             signed-by = \"{keyring}\"\n",
            quoted.join(", ")
        );
        let mut runs: Vec<(Duration, u64)> = (0..RUNS).map(|_| refreshed(&pin)).collect();
        runs.sort();
        let (alone, whole) = (alone[RUNS / 2].as_secs_f64(), runs[RUNS / 2].0.as_secs_f64());
        let memory = runs.iter().map(|(_, memory)| *memory).max().unwrap();
        println!(
            "{suite} main, {:<12} downloaded and unpacked in {:>5.0} ms; refreshed in {:>5.0} ms: {:.2} times  {:>5.1} MiB",
            architectures.join(", "),
            alone * 1e3,
            whole * 1e3,
            whole / alone,
            memory as f64 / 1024.0,
        );
    }
}

/// Mirror, suite and keyring of this machine's apt.
fn configured() -> Option<(String, String, String)> {
    let printed = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().ok()?;
        String::from_utf8(output.stdout).ok().filter(|_| output.status.success())
    };
    let format = "$(REPO_URI) $(CODENAME) $(COMPONENT) $(ORIGIN)";
    let targets = printed("apt-get", &["indextargets", "--format", format, "Created-By: Packages"])?;
    let target = targets.lines().find(|line| line.ends_with(" main Debian") && !line.contains("-"))?;
    let (mirror, rest) = target.split_once(' ')?;
    let files = printed("dpkg", &["-L", "debian-archive-keyring"])?;
    let keyring = files.lines().find(|file| file.ends_with("/debian-archive-keyring.gpg"))?;
    let suite = rest.split(' ').next()?;
    Some((mirror.trim_end_matches('/').into(), suite.into(), keyring.into()))
}

#[tokio::main(flavor = "current_thread")]
async fn fetch(url: &str, asked: Asked) -> Option<Vec<u8>> {
    let client = Client::new(Settings::default()).ok()?;
    let request = Request::get(asked, url.parse().ok()?).signed();
    let response = client.send(&request).await.ok()?;
    (response.status() == 200).then(|| response.into_body())
}

/// What nobody can do without: the bytes, and what they are packed from. One after the other.
fn downloaded_and_unpacked(urls: &[String]) -> Duration {
    let started = Instant::now();
    for url in urls {
        let stored = fetch(url, Asked::List).unwrap();
        let mut unpacked = Unpacked::new(Form::Xz, stored.as_slice(), u64::MAX, false).unwrap();
        let mut piece = vec![0; 256 << 10];
        while unpacked.read(&mut piece).unwrap() > 0 {}
    }
    started.elapsed()
}

/// A first refresh, with nothing kept.
fn refreshed(pin: &str) -> (Duration, u64) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pins.toml"), pin).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_solera-pin"));
    command.arg("refresh").current_dir(folder.path()).env("SOLERA_PIN_CACHE", "cache");
    let (status, time, memory) = measure::measure(&mut command);
    assert!(status.success());
    (time, memory)
}
