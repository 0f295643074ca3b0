//! A daemon as a process, and who asks it over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::forge::TOKEN;
use crate::world::World;

/// What those know who ask for a run.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Whether property tests run their large counts, and the rest does with them.
pub(crate) fn is_long() -> bool {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse::<u64>().ok());
    cases.is_some_and(|cases| cases > 1000)
}

/// Longer than anything takes that ends.
const LONG: Duration = Duration::from_secs(120);

/// A daemon; killed where nobody ended it.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) host: String,
    /// The numbers of runs, as they end.
    ended: Mutex<Receiver<u64>>,
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

/// The same where it can be asked.
pub(crate) fn listening(world: &World, state: &Path, arguments: &[&str]) -> Command {
    let secret = state.with_extension("secret");
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let secret = secret.display().to_string();
    let always = ["--listen", "127.0.0.1:0", "--trigger-secret", &secret, "--log-format=json"];
    command(world, state, &[&always, arguments].concat())
}

impl Daemon {
    pub(crate) fn start(world: &World, state: &Path) -> Self {
        Self::of(listening(world, state, &[]))
    }

    /// One whose clock stands at a time.
    pub(crate) fn start_at(world: &World, state: &Path, now: &str) -> Self {
        let mut command = listening(world, state, &[]);
        command.env("SOLERA_PIN_NOW", now);
        Self::of(command)
    }

    pub(crate) fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let host = line.trim().strip_prefix("http://").expect("it says where it listens").to_owned();
        let (tell, ended) = mpsc::channel();
        let log = BufReader::new(child.stderr.take().unwrap());
        // What nobody reads is full some day, and the daemon would wait.
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok).filter(|line| line.contains("a run has ended")) {
                let line: Value = serde_json::from_str(&line).unwrap();
                let _ = tell.send(line["run"].as_u64().unwrap());
            }
        });
        Self { child, host, ended: Mutex::new(ended) }
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let (host, long) = (&self.host, body.len());
        let text = self.says_to(&format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {long}\r\n{headers}\r\n{body}"
        ));
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    /// A connection on which some bytes were said.
    pub(crate) fn hears(&self, bytes: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.write_all(bytes.as_bytes()).unwrap();
        stream
    }

    /// All that is answered to some bytes.
    pub(crate) fn says_to(&self, bytes: &str) -> String {
        let mut text = String::new();
        self.hears(bytes).read_to_string(&mut text).unwrap();
        text
    }

    /// The value of a metric that counts.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let metrics = self.get("/metrics").body;
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let line = line.unwrap_or_else(|| panic!("{name}: {metrics}"));
        line.strip_suffix(".0").unwrap_or(line).parse().unwrap()
    }

    /// Waits until a run is under way.
    pub(crate) fn begins(&self) {
        while self.metric("solera_pin_running") == 0 {
            std::thread::yield_now();
        }
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

    /// Waits for the end of a run that is newer than this one.
    pub(crate) fn ends_after(&self, run: u64) {
        while self.ended.lock().unwrap().recv_timeout(LONG).expect("the run ends") <= run {}
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
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
        let until = Instant::now() + LONG;
        loop {
            match self.child.try_wait().unwrap() {
                Some(status) => return status.code(),
                None => assert!(Instant::now() < until, "it does not end"),
            }
            std::thread::yield_now();
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
