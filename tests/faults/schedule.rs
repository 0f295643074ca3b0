//! Random schedules of faults, and what must hold after each: the model is what the servers know that they said.
//!
//! A schedule says of one to three pins which request goes wrong, how, and how often in a row, and when their upstreams
//! move on. What was ever published stays served. Whatever happens, each pin is as it was, or names what its server gave
//! out, in full, under that tag.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use serde_json::{Value, json};
use solera_pin::lock::Store;
use solera_pin::model::{Digest, Pin};

use super::binary::{base64, run};
use super::case::Follow;
use super::guard::{Access, Guard, USER};
use super::reply::Reply;
use super::upstream::{Images, On, PLATFORMS, git_capabilities, git_references};
use super::wire::{Heard, Opening, Script, Server, Step};

/// How many schedules are run, side by side in so many threads.
const THREADS: u32 = 6;

/// No pin needs more, with all that is asked again.
const REQUESTS: usize = 60;

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Status(u16),
    /// With a pause that is asked for.
    Limited(u16),
    Challenged,
    Page,
    Compressed,
    Reset,
    /// After so many tenths.
    ResetAfter(usize),
    ClosedAfter(usize),
    NoDigest,
    /// What there was when the run began.
    Stale,
    ToItself,
    /// From here on, a fault is a lie about content.
    WrongDigest,
    Forged,
}

impl Fault {
    fn lies(self) -> bool {
        matches!(self, Self::WrongDigest | Self::Forged)
    }

    /// Whether it is asked again after it.
    fn goes_away(self) -> bool {
        match self {
            Self::Status(status) => matches!(status, 408 | 500 | 502 | 503 | 504),
            Self::Limited(_) | Self::Reset | Self::ResetAfter(_) | Self::ClosedAfter(_) => true,
            _ => false,
        }
    }

    fn script(self, honest: Reply, stale: Reply, heard: &Heard) -> Script {
        let bodiless = honest.bodiless;
        let other = Digest::sha256(b"something else").to_string();
        let reply = match self {
            Self::Reset => return vec![Step::Reset],
            Self::ResetAfter(tenths) => return vec![Step::Send(honest.tenths(tenths)), Step::Reset],
            Self::ClosedAfter(tenths) => return vec![Step::Send(honest.tenths(tenths)), Step::Close],
            Self::Status(status) => Reply::of(status),
            Self::Limited(status) => Reply::of(status).and("Retry-After", "1"),
            Self::Challenged => Reply::of(401).and("WWW-Authenticate", "Basic realm=\"another\""),
            Self::Page => Reply::html(),
            Self::Compressed => honest.and("Content-Encoding", "gzip"),
            Self::NoDigest => honest.without("Docker-Content-Digest"),
            Self::Stale => stale,
            Self::ToItself => Reply::of(302).and("Location", heard.path.clone()),
            Self::WrongDigest => honest.set("Docker-Content-Digest", other),
            Self::Forged => {
                let body = [honest.body.clone(), b" ".to_vec()].concat();
                honest.body(body)
            }
        };
        Reply { bodiless, ..reply }.into()
    }
}

/// Which request goes wrong, from which of its kind on, and how often.
#[derive(Clone, Debug)]
struct Planned {
    at: On,
    skip: usize,
    times: usize,
    fault: Fault,
}

#[derive(Clone, Debug)]
struct PinPlan {
    follow: Follow,
    access: Access,
    locked: bool,
    faults: Vec<Planned>,
    /// After how many requests the upstream moves on, and whether to a new tag.
    moves: Vec<(usize, bool)>,
}

fn plans() -> impl Strategy<Value = Vec<PinPlan>> {
    proptest::collection::vec(plan(), 1..4)
}

fn plan() -> impl Strategy<Value = PinPlan> {
    let follow = prop_oneof![2 => Just(Follow::Tag), 2 => Just(Follow::Versions), 1 => Just(Follow::Git)];
    let access = prop_oneof![3 => Just(Access::Open), 1 => Just(Access::Basic), 1 => Just(Access::Tokens(1)),
        1 => Just(Access::Tokens(9))];
    let moves = proptest::collection::vec((0usize..6, any::<bool>()), 0..3);
    let whole = (follow, access, prop::bool::weighted(0.8), moves);
    whole.prop_flat_map(|(follow, access, locked, moves)| {
        let access = if follow == Follow::Git { Access::Open } else { access };
        proptest::collection::vec(planned(follow), 0..4).prop_map(move |faults| PinPlan {
            follow,
            access,
            locked,
            faults,
            moves: moves.clone(),
        })
    })
}

/// A fault of a request that such a pin makes.
fn planned(follow: Follow) -> impl Strategy<Value = Planned> {
    let at = prop::sample::select(match follow {
        Follow::Tag => vec![On::Head, On::Head, On::Manifest, On::Manifest, On::Digest, On::Blob, On::Token],
        Follow::Versions => vec![On::List, On::List, On::Manifest, On::Manifest, On::Head, On::Token],
        Follow::Git => vec![On::Refs, On::Command],
    });
    let fault = prop_oneof![
        3 => prop::sample::select(vec![400, 403, 408, 418, 500, 502, 503, 504]).prop_map(Fault::Status),
        1 => prop::sample::select(vec![429, 503]).prop_map(Fault::Limited),
        2 => (0usize..10).prop_map(Fault::ResetAfter),
        2 => (0usize..10).prop_map(Fault::ClosedAfter),
        3 => prop::sample::select(vec![
            Fault::Challenged,
            Fault::Page,
            Fault::Compressed,
            Fault::Reset,
            Fault::NoDigest,
            Fault::Stale,
            Fault::ToItself,
        ]),
        2 => prop::sample::select(vec![Fault::WrongDigest, Fault::Forged]),
    ];
    let skip = prop_oneof![4 => Just(0usize), 1 => 1usize..3];
    (at, skip, 1usize..5, fault).prop_map(|(at, skip, times, fault)| Planned { at, skip, times, fault })
}

/// What a server has, and what it knows that it said.
struct Upstream {
    plan: PinPlan,
    images: Images,
    tags: Vec<(String, String)>,
    began: (Images, Vec<(String, String)>),
    counts: BTreeMap<String, usize>,
    requests: usize,
    played: Vec<Fault>,
    /// Digests of what was sent whole.
    sent: BTreeSet<String>,
    /// The newest tags of lists that were sent whole.
    newest: BTreeSet<String>,
    /// What the tag that is followed was said to name, by HEAD or GET.
    named: BTreeSet<String>,
    /// Whether it said of a tag that it is not there: an older one is right as well then.
    denied: bool,
}

impl Upstream {
    fn new(plan: PinPlan) -> Self {
        let mut images = Images::default();
        images.publish("1.0", "one");
        images.publish("stable", "one");
        let tags = vec![("v1.0".to_owned(), commit(0))];
        let began = (images.clone(), tags.clone());
        Self {
            plan,
            images,
            tags,
            began,
            counts: BTreeMap::new(),
            requests: 0,
            played: Vec::new(),
            sent: BTreeSet::new(),
            newest: BTreeSet::new(),
            named: BTreeSet::new(),
            denied: false,
        }
    }

    /// What is due after so many requests.
    fn go_on(&mut self) {
        let due: Vec<bool> = self
            .plan
            .moves
            .iter()
            .filter(|(after, _)| *after == self.requests)
            .map(|(_, new)| *new)
            .collect();
        for new_tag in due {
            let number = self.images.ever.len();
            let build = format!("build {number}");
            let newest = self.images.newest().to_owned();
            let tag = if new_tag { format!("1.{number}") } else { newest };
            self.images.publish(&tag, &build);
            self.images.publish("stable", &build);
            self.tags.push((format!("v1.{}", self.tags.len()), commit(self.tags.len())));
        }
    }

    fn answer(&mut self, heard: &Heard, guard: &mut Guard) -> Script {
        self.go_on();
        self.requests += 1;
        let at = On::of(heard);
        let stale = answer(&self.began.0, &self.began.1, heard);
        let honest = guard.answer(heard, answer(&self.images, &self.tags, heard));
        if honest.status == 401 {
            return honest.into();
        }
        let count = self.counts.entry(format!("{at:?}")).or_default();
        let now = *count;
        *count += 1;
        let planned =
            self.plan.faults.iter().find(|planned| {
                planned.at == at && (planned.skip..planned.skip + planned.times).contains(&now)
            });
        let Some(fault) = planned.map(|planned| planned.fault) else {
            self.note(at, &honest);
            return honest.into();
        };
        self.played.push(fault);
        match fault {
            Fault::Stale if stale.status == 404 => self.denied = true,
            Fault::Stale => self.note(at, &stale),
            Fault::NoDigest | Fault::WrongDigest => self.note(at, &honest),
            // A HEAD has said all before its body, and a list with a space more is a list.
            Fault::ResetAfter(_) | Fault::ClosedAfter(_) if at == On::Head => self.note(at, &honest),
            Fault::Forged if matches!(at, On::Head | On::List) => self.note(at, &honest),
            _ => {}
        }
        fault.script(honest, stale, heard)
    }

    /// Remembers what is sent whole.
    fn note(&mut self, at: On, reply: &Reply) {
        let digest = Digest::sha256(&reply.body).to_string();
        match at {
            On::List => {
                let page: Value = serde_json::from_slice(&reply.body).unwrap();
                let tags = page["tags"].as_array().unwrap().iter().filter_map(Value::as_str);
                self.newest.extend(tags.max_by_key(|tag| number(tag)).map(str::to_owned));
            }
            On::Head => {
                self.named.insert(digest);
            }
            On::Manifest => {
                self.named.insert(digest.clone());
                self.sent.insert(digest);
            }
            On::Digest => {
                self.sent.insert(digest);
            }
            On::Command => {
                let text = String::from_utf8_lossy(&reply.body).into_owned();
                let newest =
                    self.tags.iter().rev().find(|(tag, _)| text.contains(&format!("refs/tags/{tag}\n")));
                self.newest.extend(newest.map(|(tag, _)| tag.clone()));
            }
            _ => {}
        }
    }

    fn table(&self, name: &str, host: &str) -> String {
        match self.plan.follow {
            Follow::Tag => self.images.locked(name, host, "stable"),
            Follow::Versions => self.images.locked(name, host, "1.0"),
            Follow::Git => {
                let (tag, commit) = &self.tags[0];
                format!(
                    "[pin.{name}]\ngit = \"http://{host}/app.git\"\ntag = \"{tag}\"\ncommit = \"{commit}\"\n"
                )
            }
        }
    }

    fn declared(&self, name: &str, host: &str) -> String {
        let platforms = format!("platforms = {PLATFORMS:?}");
        match self.plan.follow {
            Follow::Tag => {
                format!("[pin.{name}]\nimage = \"{host}/app\"\ntrack = \"stable\"\n{platforms}\n")
            }
            Follow::Versions => {
                format!(
                    "[pin.{name}]\nimage = \"{host}/app\"\ntrack = \"{{major}}.{{minor}}\"\n{platforms}\n"
                )
            }
            Follow::Git => {
                format!("[pin.{name}]\ngit = \"http://{host}/app.git\"\ntrack = \"v{{major}}.{{minor}}\"\n")
            }
        }
    }

    /// Whether this is what the server gave out, in full, under that tag.
    fn gave(&self, pin: &Pin) -> bool {
        match pin {
            Pin::Image(pin) => {
                let digest = pin.digest.to_string();
                let named = |(tag, ever): &(String, Digest)| *tag == pin.tag.as_str() && *ever == pin.digest;
                self.sent.contains(&digest)
                    && self.images.ever.iter().any(named)
                    && pin.platforms.len() == PLATFORMS.len()
            }
            Pin::Git(pin) => {
                let tag = pin.tag.as_str();
                self.newest.contains(tag)
                    && self.tags.contains(&(tag.to_owned(), pin.commit.as_str().to_owned()))
            }
        }
    }

    /// Whether this is what the rules want, by what the server said.
    fn wants(&self, pin: &Pin) -> bool {
        match (self.plan.follow, pin) {
            (Follow::Tag, Pin::Image(pin)) => self.named.contains(&pin.digest.to_string()),
            _ => self.denied || self.newest.contains(pin.tag()),
        }
    }
}

fn answer(images: &Images, tags: &[(String, String)], heard: &Heard) -> Reply {
    let tags: Vec<(&str, &str)> = tags.iter().map(|(tag, commit)| (tag.as_str(), commit.as_str())).collect();
    match On::of(heard) {
        On::Refs => Reply::new(200, git_capabilities())
            .and("Content-Type", "application/x-git-upload-pack-advertisement"),
        On::Command => {
            Reply::new(200, git_references(&tags)).and("Content-Type", "application/x-git-upload-pack-result")
        }
        _ => images.answer(heard),
    }
}

fn number(tag: &str) -> Option<u64> {
    tag.rsplit('.').next()?.parse().ok()
}

fn commit(number: usize) -> String {
    format!("{number:040x}")
}

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
        let network = "[network]\ntimeout = \"20s\"\nmax-wait = \"0s\"\n";
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
