//! Random schedules of faults, and what must hold after each: the model is what the servers know that they said.
//!
//! A schedule says of one to three pins which request goes wrong, how, and how often in a row, and when their upstreams
//! move on. What was ever published stays served. Whatever happens, each pin is as it was, or names what its server gave
//! out, in full, under that tag.

use std::fs;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use serde_json::json;
use solera_pin::lock::Store;

use super::binary::{base64, run};
use super::guard::{Access, Guard, USER};
use super::model::Upstream;
use super::plan::{Fault, PinPlan, plans};
use super::wire::{Heard, Opening, Server};

/// So many schedules are run side by side.
const THREADS: u32 = 6;

/// No pin needs more, with all that is asked again.
const REQUESTS: usize = 60;

/// The servers of a schedule, and a repository whose pins follow them.
struct World {
    folder: tempfile::TempDir,
    pins: Vec<(String, Server, Arc<Mutex<Upstream>>)>,
}

impl World {
    fn new(plans: &[PinPlan]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let start = |(at, plan): (usize, &PinPlan)| {
            let upstream = Arc::new(Mutex::new(Upstream::new(plan.clone())));
            let (shared, mut guard) =
                (Arc::clone(&upstream), Guard::new(plan.access, "hunter2", Arc::default()));
            let answer = move |heard: &Heard| shared.lock().unwrap().answer(heard, &mut guard);
            (format!("p{at}"), Server::start([127, 0, 0, 1], Opening::Plain, answer), upstream)
        };
        let world = Self { folder, pins: plans.iter().enumerate().map(start).collect() };
        world.write();
        world
    }

    fn write(&self) {
        let (mut pins, mut lock, mut logins) = (String::new(), String::new(), json!({}));
        for (name, server, upstream) in &self.pins {
            let upstream = upstream.lock().unwrap();
            pins += &upstream.declared(name, &server.host());
            logins[server.host()] = json!({ "auth": base64(&format!("{USER}:hunter2")) });
            if upstream.plan.locked {
                lock += &format!("\n{}", upstream.table(name, &server.host()));
            }
        }
        let write = |path: &str, text: String| {
            let path = self.folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        // Nothing is waited for that is to be asked again.
        let network = "[network]\ntimeout = \"20s\"\nmax-wait = \"1s\"\n";
        write("checkout/pins.toml", format!("[defaults]\nmin-age = \"0d\"\n\n{pins}\n{network}"));
        write("checkout/pins.lock", format!("# A comment that stays.\nversion = 1\n{lock}"));
        write("home/.docker/config.json", json!({ "auths": logins }).to_string());
        fs::create_dir(self.folder.path().join("tmp")).unwrap();
    }

    fn store(&self) -> Result<Store, TestCaseError> {
        Store::load(&self.folder.path().join("checkout"))
            .map_err(|error| fail(format!("the lock: {error:?}")))
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let before = self.store()?.lock().clone();
        let (code, said) = run(self.folder.path(), &["refresh", "-v"]).map_err(fail)?;
        let after = self.store()?.lock().clone();
        let played = self.pins.iter().flat_map(|(.., upstream)| upstream.lock().unwrap().played.clone());
        let played: Vec<Fault> = played.collect();
        let context = format!("it ended with {code}; played {played:?}; it said:\n{said}");
        prop_assert!(matches!(code, 0 | 3 | 4), "{}", context);
        // Each request is sent three times; a token that is good once is used up by the first.
        let survivable = self.pins.iter().all(|(.., upstream)| {
            let upstream = upstream.lock().unwrap();
            let goes_away = upstream.played.iter().all(|fault| fault.goes_away());
            upstream.played.len() <= 2 && goes_away && upstream.plan.access != Access::Tokens(1)
        });
        prop_assert!(code == 0 || !survivable, "all went away by itself: {}", context);
        prop_assert!(code == 0 || !played.is_empty(), "nothing went wrong: {}", context);
        prop_assert!(code != 4 || played.iter().any(|fault| fault.lies()), "nobody lied: {}", context);
        prop_assert!(!said.contains("hunter2") && !said.contains("panicked"), "{}", context);
        for (name, _, upstream) in &self.pins {
            let upstream = upstream.lock().unwrap();
            let name = name.parse().unwrap();
            let (old, new) = (before.pins.get(&name), after.pins.get(&name));
            let known = old == new || new.is_some_and(|pin| upstream.gave(pin));
            prop_assert!(known, "{} is {:?}, which nobody gave: {}", name, new, context);
            let right = new.is_some_and(|pin| upstream.wants(pin));
            prop_assert!(
                code != 0 || right,
                "{} is {:?}, and all is said to be well: {}",
                name,
                new,
                context
            );
            prop_assert!(upstream.requests <= REQUESTS, "{} requests: {}", upstream.requests, context);
        }
        self.check_form(after.pins.len(), &context)
    }

    /// The gate reads what was written, and misses only what is not locked yet.
    fn check_form(&self, locked: usize, context: &str) -> Result<(), TestCaseError> {
        let (code, said) = run(self.folder.path(), &["verify"]).map_err(fail)?;
        let expected = i32::from(locked < self.pins.len());
        prop_assert_eq!(code, expected, "{}; {}", said, context);
        let text = fs::read_to_string(self.folder.path().join("checkout/pins.lock")).unwrap();
        prop_assert!(text.starts_with("# A comment that stays.\n") && text.ends_with('\n'), "{}", text);
        Ok(())
    }
}

fn fail(why: impl Into<String>) -> TestCaseError {
    TestCaseError::fail(why.into())
}

/// A tenth of the cases of other properties, as each is a process with its servers; a hundred at least.
fn cases() -> u32 {
    (Config::default().cases / 10).max(100)
}

pub fn property() {
    let seed = |thread: u32| match Config::default().rng_seed {
        RngSeed::Fixed(seed) => RngSeed::Fixed(seed + u64::from(thread)),
        RngSeed::Random => RngSeed::Random,
    };
    let one = |thread: u32| {
        let config = Config {
            cases: cases().div_ceil(THREADS),
            rng_seed: seed(thread),
            failure_persistence: None,
            max_shrink_iters: 100,
            ..Config::default()
        };
        TestRunner::new(config).run(&plans(), |plans| World::new(&plans).check())
    };
    let failed: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(move || one(thread))).collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().unwrap().err())
            .map(|error| error.to_string())
            .collect()
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
