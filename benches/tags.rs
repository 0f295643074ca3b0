//! A refresh of one locked pin whose repository has a million tags: its time, the time that reading and decoding the
//! list takes alone, and the peak memory of the process.
//!
//! `cargo bench --bench tags` does that for lists of several kinds, in pages of a thousand and in a single one.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints"
)]

#[path = "shared/lists.rs"]
mod lists;
#[path = "shared/measure.rs"]
mod measure;
#[path = "../tests/support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{Method, Uri};
use axum::response::Response;
use lists::{LISTS, Make, TAGS};
use solera_pin::model::{Digest, Repository};
use solera_pin::net::{Client, Settings};
use solera_pin::source::ImageSource;
use support::serve::Server;

const RUNS: usize = 5;
const LOCKED: &str = "1.88.0-slim-bookworm";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn main() {
    for (name, make) in LISTS {
        for size in [1_000, TAGS] {
            let pages = pages(make, size);
            let bytes: usize = pages.iter().map(Bytes::len).sum();
            let (count, index) = (pages.len(), index());
            let digest = Digest::sha256(&index).to_string();
            let shared = Arc::new((pages, index, digest.clone()));
            let server = Server::start(axum::Router::new().fallback(move |method: Method, uri: Uri| {
                let answer = answer(&shared, &method, &uri);
                async move { answer }
            }));
            let folder = tempfile::tempdir().unwrap();
            let image = format!("{}/library/many", server.host());
            let lock = locked(&image, &digest);
            let refreshed = |track: &str| {
                let declared = format!("[pin.many]\nimage = \"{image}\"\ntrack = \"{track}\"\n");
                fs::write(folder.path().join("pins.toml"), declared).unwrap();
                let mut runs: Vec<(Duration, u64)> =
                    (0..RUNS).map(|_| refresh(folder.path(), &lock)).collect();
                runs.sort();
                let memory = runs.iter().map(|(_, memory)| *memory).max().unwrap();
                (runs[RUNS / 2].0.as_secs_f64(), memory)
            };
            let mut read: Vec<Duration> = (0..RUNS).map(|_| list(&image)).collect();
            read.sort();
            let read = read[RUNS / 2].as_secs_f64();
            // One tag is asked for no list: what is left is the process, its certificates, the lock.
            let (whole, memory) = refreshed("{version}-slim-bookworm");
            let (bare, _) = refreshed(LOCKED);
            println!(
                "{name:<24} {count:>5} pages {:>5.1} MB  read and decoded in {:>4.0} ms; refreshed in {:>4.0} ms, without a \
                 list in {:>3.0} ms: the list is {:.2} times  {:>5.1} MiB",
                bytes as f64 / 1e6,
                read * 1e3,
                whole * 1e3,
                bare * 1e3,
                (whole - bare) / read,
                memory as f64 / 1024.0,
            );
        }
    }
}

fn pages(make: Make, size: usize) -> Vec<Bytes> {
    let mut tag = String::new();
    let mut page = |number: usize| {
        let mut text = String::from("{\"name\":\"library/many\",\"tags\":[");
        for i in number * size..((number + 1) * size).min(TAGS) {
            tag.clear();
            make(&mut tag, i);
            let comma = if i % size == 0 { "" } else { "," };
            write!(text, "{comma}\"{tag}\"").unwrap();
        }
        text.push_str("]}\n");
        Bytes::from(text)
    };
    (0..TAGS.div_ceil(size)).map(&mut page).collect()
}

fn index() -> Bytes {
    let child = |architecture: &str| {
        let digest = Digest::sha256(architecture.as_bytes());
        format!(
            "{{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"size\":9,\"digest\":\"{digest}\",\
             \"platform\":{{\"os\":\"linux\",\"architecture\":\"{architecture}\"}}}}"
        )
    };
    let children = [child("amd64"), child("arm64")].join(",");
    format!("{{\"schemaVersion\":2,\"mediaType\":\"{INDEX}\",\"manifests\":[{children}]}}").into()
}

/// A server that has its answers ready: the pages by number, and one index under any name.
fn answer((pages, index, digest): &(Vec<Bytes>, Bytes, String), method: &Method, uri: &Uri) -> Response {
    let response = Response::builder().status(200);
    if !uri.path().ends_with("/tags/list") {
        let body = if method == Method::HEAD { Bytes::new() } else { index.clone() };
        let response = response.header("Content-Type", INDEX).header("Docker-Content-Digest", digest);
        return response.header("Content-Length", index.len()).body(Body::from(body)).unwrap();
    }
    let number: usize =
        uri.query().unwrap().rsplit_once("page=").map_or(0, |(_, number)| number.parse().unwrap());
    let mut response = response.header("Content-Type", "application/json");
    if number + 1 < pages.len() {
        let link = format!("<{}?n=1000&page={}>; rel=\"next\"", uri.path(), number + 1);
        response = response.header("Link", link);
    }
    response.body(Body::from(pages[number].clone())).unwrap()
}

fn locked(image: &str, digest: &str) -> String {
    let child = |architecture: &str| {
        let digest = Digest::sha256(architecture.as_bytes());
        format!("platforms.\"linux/{architecture}\" = \"{digest}\"\n")
    };
    format!(
        "version = 1\n\n[pin.many]\nimage = \"{image}\"\ntag = \"{LOCKED}\"\ndigest = \"{digest}\"\n\
         media-type = \"{INDEX}\"\n{}{}",
        child("amd64"),
        child("arm64")
    )
}

/// The time of reading and decoding the list, by the same client.
fn list(image: &str) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let source = ImageSource::new(Client::new(Settings::default()).unwrap());
        let repository: Repository = image.parse().unwrap();
        let started = Instant::now();
        let tags = source.tags(&repository).await.unwrap();
        let spent = started.elapsed();
        assert_eq!(tags.len(), TAGS);
        spent
    })
}

/// The time, and the most memory that was resident, in KiB.
fn refresh(folder: &Path, lock: &str) -> (Duration, u64) {
    fs::write(folder.join("pins.lock"), lock).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_solera-pin"));
    let (status, time, memory) = measure::measure(command.arg("refresh").current_dir(folder).env_clear());
    assert!(status.success(), "{status}");
    (time, memory)
}
