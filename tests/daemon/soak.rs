//! Months in one process: many runs, many requests beside them, upstreams that move, and what that costs.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::driver::{Daemon, SECRET, is_long};
use crate::support::checkout::BOTH;
use crate::support::forge::Software;
use crate::world::World;

/// How many requests there are beside each run.
const BESIDE: usize = 10;

/// What a process has of the machine.
#[derive(Clone, Copy, Debug)]
struct Usage {
    /// Memory of its own, in KiB: the heap and the stacks.
    own: u64,
    /// Memory in all, in KiB, with what of its file is in there.
    resident: u64,
    threads: u64,
    descriptors: usize,
}

impl Usage {
    fn of(daemon: &Daemon) -> Self {
        let folder = format!("/proc/{}", daemon.id());
        let status = fs::read_to_string(format!("{folder}/status")).unwrap();
        let value = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
        };
        Self {
            own: value("RssAnon"),
            resident: value("VmRSS"),
            threads: value("Threads"),
            descriptors: fs::read_dir(format!("{folder}/fd")).unwrap().count(),
        }
    }

    /// Once that is so, or when a minute has not made it so: connections that were closed are closed there too, and threads
    /// that had nothing to do are gone.
    fn once(daemon: &Daemon, is_so: impl Fn(&Self) -> bool) -> Self {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let usage = Self::of(daemon);
            if is_so(&usage) || Instant::now() > until {
                return usage;
            }
            std::thread::yield_now();
        }
    }
}

/// A request on a connection of its own, each of some kind; the answer is the one that it should have.
fn asks(daemon: &Daemon, number: usize) {
    let kinds: &[(&str, &str, u16)] = &[
        ("GET", "/", 200),
        ("GET", "/api/v1/pins", 200),
        ("GET", "/metrics", 200),
        ("GET", "/pins/x", 200),
        ("GET", "/api/v1/pins/y", 200),
        ("GET", "/runs", 200),
        ("GET", "/api/v1/runs", 200),
        ("GET", "/images", 200),
        ("GET", "/api/v1/proposals", 200),
        ("HEAD", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/style.css", 200),
        ("GET", "/api/v1/openapi.json", 200),
        ("GET", "/pins/..%2f..%2fetc", 404),
        ("DELETE", "/api/v1/pins", 405),
        ("POST", "/api/v1/refresh", 401),
    ];
    match number % (kinds.len() + 3) {
        0 => assert!(daemon.says_to("what is this\r\n\r\n").starts_with("HTTP/1.1 400")),
        // Whoever goes away in the middle is let go.
        1 => drop(daemon.hears("GET / HTTP/1.1\r\nHost: loc")),
        2 => assert_eq!(daemon.trigger(SECRET, &"x".repeat(5000)), 413),
        kind => {
            let (method, path, status) = kinds[kind - 3];
            assert_eq!(daemon.ask(method, path, "", "").status, status, "{method} {path}");
        }
    }
}

/// One run, with requests from two sides beside it.
fn refresh(daemon: &Daemon, number: usize) {
    let before = daemon.metric("solera_pin_runs_total");
    // In a burst now and then, which is one run, or two where the first had begun.
    for _ in 0..if number.is_multiple_of(10) { 5 } else { 1 } {
        assert_eq!(daemon.trigger(SECRET, ""), 202);
    }
    std::thread::scope(|scope| {
        for side in 0..2 {
            let first = number * BESIDE + side * BESIDE / 2;
            scope.spawn(move || (first..first + BESIDE / 2).for_each(|request| asks(daemon, request)));
        }
    });
    daemon.ends_after(before);
}

/// What is new upstream, and what people merge.
fn moves(world: &World, step: usize) {
    world.registry.push_index("x", &format!("1.0.{}", step + 1), BOTH);
    if step.is_multiple_of(4) {
        world.merge("solera-pin/pin/x");
    }
}

/// As many runs as a daemon remembers: one that has been there for long.
fn remember(file: &Path) {
    let mut state: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let runs = state["runs"].as_array_mut().unwrap();
    while runs.len() < 200 {
        let mut run = runs[0].clone();
        run["id"] = (runs.len() + 1).into();
        runs.push(run);
    }
    fs::write(file, state.to_string()).unwrap();
}

/// A folder is the remote; the long one has a forge, and talks to both over HTTP.
#[test]
fn memory_threads_and_descriptors_stay_what_they_are() {
    let (world, count) = match is_long() {
        true => (World::on(Software::GitHub, &["x", "y"], ""), 2000),
        false => (World::new(&["x", "y"], "forge = \"none\"\n"), 200),
    };
    world.registry.push_index("x", "1.0.1", BOTH);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let daemon = Daemon::start(&world, &state);
    daemon.ran(1);
    assert_eq!(daemon.end(), Some(0));
    remember(&state.join("state.json"));
    let daemon = Daemon::start(&world, &state);
    assert_eq!(daemon.trigger(SECRET, ""), 202);
    daemon.ends_after(200);
    let mut after = Vec::new();
    for number in 1..=count {
        refresh(&daemon, number);
        if number.is_multiple_of(count / 20) {
            moves(&world, number / (count / 20));
        }
        if number.is_multiple_of(count / 10) {
            let usage = Usage::of(&daemon);
            println!("after {number} runs and {} requests: {usage:?}", number * BESIDE);
            after.push(usage);
        }
    }
    let (tenth, half) = (after[0], after[4]);
    let is_like = |late: &Usage| late.descriptors <= tenth.descriptors && late.threads <= tenth.threads;
    let end = Usage::once(&daemon, is_like);
    println!("at the end: {end:?}");
    assert!(is_like(&end), "threads and descriptors: {tenth:?}, then {end:?}");
    assert!(end.resident * 10 < tenth.resident * 11, "memory: {tenth:?}, then {end:?}");
    // Of that, what is not the program's file; it is little, and each thread's part comes with its first use.
    assert!(end.own * 10 < half.own * 11, "own memory: {half:?}, then {end:?}");
    assert_eq!(world.names(), ["solera-pin/pin/x"]);
    assert_eq!(daemon.end(), Some(0));
}
