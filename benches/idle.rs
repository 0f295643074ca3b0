//! What a daemon costs that has nothing to do, and how fast it shows what it knows.
//!
//! `cargo bench --bench idle` has a daemon look after 40 pins, waits until its first run has ended and then for five minutes, and prints its
//! memory and the part of a core that it took meanwhile; then how many requests a second it answers on one connection.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints"
)]

#[path = "../tests/daemon/driver.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod driver;
#[path = "../tests/support/mod.rs"]
mod support;
#[path = "../tests/propose/world.rs"]
#[allow(dead_code, reason = "tests use the rest")]
mod world;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use driver::{Daemon, listening};
use world::World;

const PINS: usize = 40;
const IDLE: Duration = Duration::from_secs(300);
const ASKING: Duration = Duration::from_secs(5);
/// Of the kernel's clock, in which it counts what processes take.
const TICKS: f64 = 100.0;

fn main() {
    let names: Vec<String> = (0..PINS).map(|pin| format!("p{pin}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::new(&names, "forge = \"none\"\n\n[schedule]\ncron = \"0 6 * * *\"\n");
    let folder = tempfile::tempdir().unwrap();
    let mut command = listening(&world, &folder.path().join("state"), &[]);
    command.env_remove("SOLERA_PIN_NOW");
    let daemon = Daemon::of(command);
    daemon.ends_after(0);
    println!("{PINS} pins, after the first run: {:.1} MiB", memory(&daemon));
    let before = taken(&daemon);
    std::thread::sleep(IDLE);
    let part = (taken(&daemon) - before) / IDLE.as_secs_f64() * 100.0;
    println!("idle for {} s: {:.1} MiB, {part:.3} % of a core", IDLE.as_secs(), memory(&daemon));
    for path in ["/healthz", "/", "/api/v1/pins", "/metrics"] {
        println!("{path}: {:.0} requests a second", speed(&daemon, path));
    }
    println!("after that: {:.1} MiB", memory(&daemon));
    assert_eq!(daemon.end(), Some(0));
}

/// In MiB.
fn memory(daemon: &Daemon) -> f64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<f64>().unwrap() / 1024.0
}

/// The seconds of a core that it has taken, its own and the kernel's for it.
fn taken(daemon: &Daemon) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", daemon.id())).unwrap();
    let after_its_name = stat.rsplit_once(')').unwrap().1.split_whitespace();
    after_its_name.skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / TICKS
}

fn speed(daemon: &Daemon, path: &str) -> f64 {
    let mut stream = TcpStream::connect(&daemon.host).unwrap();
    stream.set_nodelay(true).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", daemon.host);
    let (began, mut count) = (Instant::now(), 0.0);
    while began.elapsed() < ASKING {
        stream.write_all(request.as_bytes()).unwrap();
        answered(&mut stream);
        count += 1.0;
    }
    count / began.elapsed().as_secs_f64()
}

/// Reads one answer to its end.
fn answered(stream: &mut TcpStream) {
    let (mut heard, mut buffer) = (Vec::new(), [0; 65536]);
    loop {
        let long = stream.read(&mut buffer).unwrap();
        assert!(long > 0, "it is closed");
        heard.extend_from_slice(&buffer[..long]);
        let Some(head) = heard.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&heard[..head]).to_ascii_lowercase();
        let body = text.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        if heard.len() >= head + 4 + body.parse::<usize>().unwrap() {
            return;
        }
    }
}
