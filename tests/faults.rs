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
const AT_ONCE: usize = 16;

/// Every row, those first that take long.
fn all() -> Vec<Case> {
    let groups = [
        digests::cases,
        pages::cases,
        bodies::cases,
        git::cases,
        connections::cases,
        tls::cases,
        logins::cases,
        redirects::cases,
        headers::cases,
        statuses::cases,
        contents::cases,
    ];
    groups.into_iter().flat_map(|cases| cases()).collect()
}

/// Runs a row; says why it failed.
fn failure(number: usize, case: Case) -> Option<String> {
    let name = case.name.clone();
    let ended = catch_unwind(AssertUnwindSafe(|| case.run(number)));
    let why = ended.unwrap_or_else(|_| Err("the case itself is wrong".into())).err()?;
    Some(format!("=== {name}\n{why}"))
}

#[test]
fn whatever_a_server_does() {
    let wanted = std::env::var("FAULTS").unwrap_or_default();
    let cases = all().into_iter().filter(|case| case.name.contains(&wanted)).enumerate();
    let (queue, failed) = (Mutex::new(cases), Mutex::new(Vec::new()));
    let work = || {
        loop {
            let Some((number, case)) = queue.lock().unwrap().next() else { return };
            let why = failure(number, case);
            failed.lock().unwrap().extend(why);
        }
    };
    std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn whatever_the_schedule_of_faults() {
    schedule::property();
}

#[test]
fn who_is_interrupted_writes_nothing() {
    connections::interrupted();
}

#[test]
fn each_case_has_its_own_name() {
    let names: Vec<String> = all().into_iter().map(|case| case.name).collect();
    let different: BTreeSet<&String> = names.iter().collect();
    assert_eq!(different.len(), names.len());
    assert!(names.len() >= 320, "{}", names.len());
}
