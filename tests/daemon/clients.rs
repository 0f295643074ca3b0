//! Those who ask, and mean no good.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::driver::{Daemon, listening};
use crate::world::World;

const NONE: &str = "forge = \"none\"\n";

/// More than a process has descriptors for the connections of.
const MANY: usize = 700;

fn daemon(world: &World, folder: &tempfile::TempDir, arguments: &[&str]) -> Daemon {
    let daemon = Daemon::of(listening(world, &folder.path().join("state"), arguments));
    daemon.ran(1);
    daemon
}

#[test]
fn a_crowd_that_says_nothing_keeps_nobody_out_and_no_end_up() {
    let (world, folder) = (World::new(&["x"], NONE), tempfile::tempdir().unwrap());
    let daemon = daemon(&world, &folder, &["--grace", "1h"]);
    let begun: Vec<TcpStream> =
        (0..MANY).map(|_| daemon.hears("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")).collect();
    for _ in 0..20 {
        assert_eq!(daemon.get("/healthz").status, 200);
    }
    let descriptors = fs::read_dir(format!("/proc/{}/fd", daemon.id())).unwrap().count();
    assert!(descriptors < 256 + 40, "{descriptors}");
    // One that is kept, and one in the middle of a request.
    let mut kept = daemon.hears("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut answer = [0; 15];
    kept.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    assert_eq!(daemon.end(), Some(0));
    drop(begun);
}

#[test]
fn a_head_of_megabytes_is_refused() {
    let (world, folder) = (World::new(&["x"], NONE), tempfile::tempdir().unwrap());
    let daemon = daemon(&world, &folder, &[]);
    let mut stream = daemon.hears("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ");
    // It is closed before all of that was said.
    let said = (0..1024).try_for_each(|_| stream.write_all(&[b'x'; 8192]));
    let mut answer = Vec::new();
    let heard = stream.read_to_end(&mut answer);
    assert!(said.is_err() || heard.is_err() || answer.starts_with(b"HTTP/1.1 431"), "{answer:?}");
    assert_eq!(daemon.get("/healthz").status, 200);
    assert_eq!(daemon.end(), Some(0));
}

#[test]
fn whoever_asks_for_another_name_is_told_so() {
    let (world, folder) = (World::new(&["x"], NONE), tempfile::tempdir().unwrap());
    let daemon = daemon(&world, &folder, &["--host", "pins.example.org", "--host", "pins"]);
    let status = |request: &str| daemon.says_to(request)[9..12].parse::<u16>().unwrap();
    for (host, expected) in [
        ("127.0.0.1", 200),
        ("10.1.2.3:8643", 200),
        ("[::1]:8643", 200),
        ("localhost:8643", 200),
        ("PINS.example.org", 200),
        ("pins:80", 200),
        ("elsewhere.example", 421),
        ("elsewhere.example:8643", 421),
        ("127.0.0.1.elsewhere.example", 421),
    ] {
        for path in ["/", "/metrics", "/api/v1/pins", "/healthz"] {
            let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            assert_eq!(status(&request), expected, "{path} of {host}");
        }
    }
    assert_eq!(status("GET / HTTP/1.0\r\n\r\n"), 200);
    for bad in ["", "Host: pins\r\nHost: elsewhere.example\r\n", "Host: a b\r\n"] {
        assert_eq!(status(&format!("GET / HTTP/1.1\r\nConnection: close\r\n{bad}\r\n")), 400, "{bad}");
    }
    let told = daemon.says_to("GET / HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n");
    assert!(told.contains("--host elsewhere.example") && told.contains("default-src 'none'"), "{told}");
    assert_eq!(daemon.end(), Some(0));
}
