//! A daemon as a process, and who asks it over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::support::forge::TOKEN;
use crate::world::World;

/// What those know who ask for a run.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A daemon; killed where nobody ended it.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) host: String,
}

/// An answer: its status, its head and its body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// When daemons live, where nothing else is said.
const NOW: &str = "2026-05-02T06:00:00Z";

/// The daemon of a world, with its state in a folder.
pub(crate) fn command(world: &World, state: &Path, arguments: &[&str]) -> Command {
    let state = state.display().to_string();
    let all = [&["daemon", "--state-dir", &state], arguments].concat();
    let mut command = world.project.checkout.command(&all);
    command.env("SOLERA_PIN_NOW", NOW);
    if world.is_on_a_forge() {
        command.env("SOLERA_PIN_FORGE_TOKEN", TOKEN);
    }
    command
}

impl Daemon {
    pub(crate) fn start(world: &World, state: &Path) -> Self {
        Self::start_at(world, state, NOW)
    }

    /// One whose clock stands at a time.
    pub(crate) fn start_at(world: &World, state: &Path, now: &str) -> Self {
        let secret = state.with_extension("secret");
        std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
        let secret = secret.display().to_string();
        let mut command = command(
            world,
            state,
            &["--listen", "127.0.0.1:0", "--trigger-secret", &secret, "--log-format=json"],
        );
        let mut child = command.env("SOLERA_PIN_NOW", now).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let host = line.trim().strip_prefix("http://").expect("it says where it listens").to_owned();
        Self { child, host }
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let (host, long) = (&self.host, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {long}\r\n{headers}\r\n{body}"
        )
        .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, "", "")
    }

    /// Asks for a run.
    pub(crate) fn trigger(&self, secret: &str, body: &str) -> u16 {
        let header = format!("Authorization: Bearer {secret}\r\n");
        self.ask("POST", "/api/v1/refresh", &header, body).status
    }

    /// Waits until so many runs have ended; gives them, the newest first.
    pub(crate) fn ran(&self, count: usize) -> Vec<Value> {
        loop {
            let runs = self.get("/api/v1/runs").json();
            let runs = runs["runs"].as_array().unwrap().clone();
            if runs.len() >= count && runs.iter().all(|run| !run["ended"].is_null()) {
                return runs;
            }
            std::thread::yield_now();
        }
    }

    /// Waits until the newest run has ended well; those that were cut off have not.
    pub(crate) fn ends_all(&self) {
        loop {
            let newest = self.get("/api/v1/runs").json()["runs"][0].clone();
            match newest["status"].as_u64() {
                None => std::thread::yield_now(),
                Some(0) => return,
                Some(_) => panic!("{newest:#}"),
            }
        }
    }

    pub(crate) fn tell(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Waits until the first page says something, or does not.
    pub(crate) fn says(&self, text: &str, wanted: bool) {
        while self.get("/").body.contains(text) != wanted {
            std::thread::yield_now();
        }
    }

    /// Tells it to end; its exit code.
    pub(crate) fn end(mut self) -> Option<i32> {
        self.tell("-TERM");
        self.child.wait().unwrap().code()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
