//! Servers that misbehave, and the binary that asks them: whatever they do it ends, says what happened, keeps what is
//! right, and shows nobody a secret that is not for them.
//!
//! A case is a row: what the server does, the exit code, words of the message, what becomes of the pin. Whatever the
//! case, the pin of an honest server is written, no other file changes, and every server is searched for secrets that
//! are not its own. `FAULTS=words cargo test --test faults` runs the rows whose names have these words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]
#![allow(unreachable_pub)]

#[path = "faults/authority.rs"]
mod authority;
#[path = "faults/binary.rs"]
mod binary;
#[path = "faults/bodies.rs"]
mod bodies;
#[path = "faults/case.rs"]
mod case;
#[path = "faults/connections.rs"]
mod connections;
#[path = "faults/contents.rs"]
mod contents;
#[path = "faults/digests.rs"]
mod digests;
#[path = "faults/git.rs"]
mod git;
#[path = "faults/guard.rs"]
mod guard;
#[path = "faults/headers.rs"]
mod headers;
#[path = "faults/logins.rs"]
mod logins;
#[path = "faults/model.rs"]
mod model;
#[path = "faults/pages.rs"]
mod pages;
#[path = "faults/plan.rs"]
mod plan;
#[path = "faults/redirects.rs"]
mod redirects;
#[path = "faults/reply.rs"]
mod reply;
#[path = "faults/schedule.rs"]
mod schedule;
#[path = "faults/statuses.rs"]
mod statuses;
#[path = "faults/tls.rs"]
mod tls;
#[path = "faults/upstream.rs"]
mod upstream;
#[path = "faults/wire.rs"]
mod wire;
#[path = "faults/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use case::Case;

/// How many cases run at once: most of them wait.
const AT_ONCE: usize = 12;

/// Runs rows side by side, and says of each that failed why.
fn run(cases: Vec<Case>) {
    let wanted = std::env::var("FAULTS").unwrap_or_default();
    let cases = cases.into_iter().filter(|case| case.name.contains(&wanted)).enumerate();
    let (queue, failed) = (Mutex::new(cases), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((number, case)) = queue.lock().unwrap().next() else { return };
                    let name = case.name.clone();
                    let ended = catch_unwind(AssertUnwindSafe(|| case.run(number)));
                    if let Err(why) = ended.unwrap_or_else(|_| Err("the case itself is wrong".into())) {
                        failed.lock().unwrap().push(format!("=== {name}\n{why}"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn statuses_of_every_kind() {
    run(statuses::cases());
}

#[test]
fn headers_that_lie() {
    run(headers::cases());
}

#[test]
fn bodies_that_break_off_or_never_end() {
    run(bodies::cases());
}

#[test]
fn digests_that_are_wrong() {
    run(digests::cases());
}

#[test]
fn contents_that_are_no_image() {
    run(contents::cases());
}

#[test]
fn redirects_that_lead_astray() {
    run(redirects::cases());
}

#[test]
fn pages_without_end() {
    run(pages::cases());
}

#[test]
fn logins_that_fail() {
    run(logins::cases());
}

#[test]
fn connections_that_break() {
    run(connections::cases());
}

#[test]
fn who_is_interrupted_writes_nothing() {
    connections::interrupted();
}

#[test]
fn tls_that_is_not_what_it_should_be() {
    run(tls::cases());
}

#[test]
fn git_servers_that_misbehave() {
    run(git::cases());
}

#[test]
fn whatever_the_schedule_of_faults() {
    schedule::property();
}

#[test]
fn each_case_has_its_own_name() {
    let all: Vec<String> = [
        statuses::cases(),
        headers::cases(),
        bodies::cases(),
        digests::cases(),
        contents::cases(),
        redirects::cases(),
        pages::cases(),
        logins::cases(),
        connections::cases(),
        tls::cases(),
        git::cases(),
    ]
    .into_iter()
    .flatten()
    .map(|case| case.name)
    .collect();
    let names: BTreeSet<&String> = all.iter().collect();
    assert_eq!(names.len(), all.len());
    assert!(all.len() >= 60, "{}", all.len());
}
