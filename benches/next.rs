//! One decision over a million tags: time, and the peak memory of the process while the list streams.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints"
)]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use solera_pin::plan::next::{Next, Rules};
use solera_pin::track::infer;

const TAGS: usize = 1_000_000;

/// What becomes of a tag number: of the shape, of a sibling's shape, of none.
type Make = fn(&mut String, usize);

const LISTS: [(&str, Make); 3] = [
    ("all of the shape", |tag, i| of_shape(tag, i, "slim-bookworm")),
    ("all of sibling shapes", |tag, i| of_shape(tag, i, ["slim-trixie", "slim-bullseye", "slim-sid"][i % 3])),
    ("as a registry has them", |tag, i| match i % 4 {
        0 => of_shape(tag, i, "slim-bookworm"),
        1 => of_shape(tag, i, ["slim-trixie", "alpine3.20", "alpine"][i / 4 % 3]),
        2 => write!(tag, "sha256-{i:064x}.sig").unwrap(),
        _ => write!(tag, "nightly-2026{:02}{:02}-{i:07x}", i % 12 + 1, i % 28 + 1).unwrap(),
    }),
];

fn of_shape(tag: &mut String, i: usize, flavour: &str) {
    write!(tag, "{}.{}.{}-{flavour}", i % 3 + 1, i / 3 % 500, i / 1500).unwrap();
}

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
