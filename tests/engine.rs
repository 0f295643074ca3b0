//! The scanner against BuildKit: small Dockerfiles are built by a real engine, and the images that its provenance names
//! are compared with those that the scanner reads from the same text.
//!
//! The Dockerfiles are in `engine/dockerfiles`; `case` reads what their `#:` lines say. `session` holds the engine up,
//! which `scripts/engine` brings up and takes down; `images` is what its registry serves; `build` builds and reads
//! provenance; `scanner` asks the scanner. An engine that does not start fails these tests: nothing is skipped.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test fails by panicking, and makes its own files"
)]

#[path = "engine/build.rs"]
mod build;
#[path = "engine/case.rs"]
mod case;
#[path = "engine/images.rs"]
mod images;
#[path = "engine/mirror.rs"]
mod mirror;
#[path = "engine/scanner.rs"]
mod scanner;
#[path = "engine/session.rs"]
#[allow(dead_code, reason = "another test of the engine uses the rest")]
mod session;

use std::fmt::Write as _;
use std::sync::OnceLock;

use solera_pin::model::ImageRef;

use build::Outcome;
use case::{Case, Expected};
use session::Session;

/// Every Dockerfile with what became of its build. The engine is up only while they are built.
fn built() -> &'static [(Case, Outcome)] {
    static BUILT: OnceLock<Vec<(Case, Outcome)>> = OnceLock::new();
    BUILT.get_or_init(|| {
        let session = Session::start();
        let digest = images::push(&session);
        let cases = Case::all(&digest);
        let outcomes = build::all(&session, &cases);
        cases.into_iter().zip(outcomes).collect()
    })
}

/// Fails with all that is wrong, not with the first.
#[track_caller]
fn nothing_in(wrong: &str) {
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn list<'a>(images: impl IntoIterator<Item = &'a ImageRef>) -> String {
    let names: Vec<_> = images.into_iter().map(ToString::to_string).collect();
    if names.is_empty() { "nothing".into() } else { names.join(" ") }
}

#[test]
fn the_engine_does_what_each_dockerfile_says_of_itself() {
    let mut wrong = String::new();
    for (case, outcome) in built() {
        match (&case.expected, outcome) {
            (Expected::Uses(expected), Outcome::Used(used)) if expected == used => {}
            (Expected::Refused(why), Outcome::Refused(said)) if said.contains(why) => {}
            (_, Outcome::Used(used)) => writeln!(wrong, "{}: uses {}", case.name, list(used)).unwrap(),
            (_, Outcome::Refused(said)) => writeln!(wrong, "{}: {said}", case.name).unwrap(),
        }
    }
    nothing_in(&wrong);
}

#[test]
fn the_scanner_finds_the_images_that_the_engine_uses() {
    let mut wrong = String::new();
    let mut compared = 0;
    for (case, outcome) in built() {
        let Outcome::Used(used) = outcome else { continue };
        let said = scanner::ask(case);
        compared += 1;
        let complain = |wrong: &mut String, what: &str| writeln!(wrong, "{}: {what}", case.name).unwrap();
        if !said.has_target {
            complain(&mut wrong, "there is no such target");
        }
        if !said.needed.is_subset(used) {
            complain(&mut wrong, &format!("{} would not be used", list(said.needed.difference(used))));
        }
        if said.unresolved.is_empty() && !used.is_subset(&said.needed) {
            complain(&mut wrong, &format!("{} is used too", list(used.difference(&said.needed))));
        }
        if said.unresolved.is_empty() && !used.is_subset(&said.anywhere) {
            complain(
                &mut wrong,
                &format!("{} is not in the whole file", list(used.difference(&said.anywhere))),
            );
        }
        if said.unresolved.is_empty() == case.is_unresolved {
            complain(&mut wrong, &format!("it leaves open {:?}", said.unresolved));
        }
    }
    nothing_in(&wrong);
    assert!(compared >= 100, "only {compared} were built");
}

#[test]
fn the_scanner_is_not_sure_where_the_engine_refuses() {
    let mut wrong = String::new();
    for (case, outcome) in built() {
        let Outcome::Refused(why) = outcome else { continue };
        let said = scanner::ask(case);
        let is_sure = said.has_target && said.unresolved_anywhere.is_empty() && !said.anywhere.is_empty();
        if is_sure != case.is_unnoticed {
            let sure = if is_sure { "it is sure of" } else { "it is not sure any more of" };
            writeln!(wrong, "{}: {sure} {}\n    {why}", case.name, list(&said.anywhere)).unwrap();
        }
    }
    nothing_in(&wrong);
}
