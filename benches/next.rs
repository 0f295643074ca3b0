//! One decision over a million tags: time, and the peak memory of the process while the list streams.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints"
)]

#[path = "shared/lists.rs"]
mod lists;

use std::time::{Duration, Instant};

use lists::{LISTS, TAGS};
use solera_pin::plan::next::{Next, Rules};
use solera_pin::track::infer;

fn main() {
    for (name, make) in LISTS {
        let rules = Rules {
            min_age: Duration::ZERO,
            prerelease: false,
            now: jiff::Timestamp::UNIX_EPOCH,
            reasons: false,
        };
        let locked = "1.88.0-slim-bookworm";
        let mut next = Next::new(infer(locked).unwrap(), locked, rules).unwrap();
        let (mut tag, mut spent) = (String::new(), Duration::ZERO);
        for i in 0..TAGS {
            tag.clear();
            make(&mut tag, i);
            // What makes the tags is not what is measured: a thousand at a time would measure their cache instead.
            let start = Instant::now();
            next.take(&tag, None);
            spent += start.elapsed();
        }
        let lanes: Vec<String> =
            next.answer().lanes.into_iter().map(|(lane, tag)| format!("{lane} {tag}")).collect();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim();
        println!(
            "{name:<24} {TAGS} tags {:>7.0} ms {peak:>10}  {}",
            spent.as_secs_f64() * 1e3,
            lanes.join(", ")
        );
    }
}
