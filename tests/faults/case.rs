//! One misbehaviour: what a server does, and what must come of it.
//!
//! Each case has three servers: a `bad` one, a `good` one, and one `elsewhere` that nobody is to be sent to unless the
//! case says so. A pin on the bad server and a pin on the good one are locked; both upstreams have moved on. The user is
//! logged in to both, so that there is always a secret that could leak.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::guard::{Access, Guard};
use super::reply::Reply;
use super::upstream::{COMMITS, Images, On, git_answer};
use super::wire::{Heard, Opening, Script, Server};

/// No run takes longer, however the servers behave: not even on a machine that is busy with others.
const LIMIT: Duration = Duration::from_secs(90);

pub const USER: &str = "pinner";

/// What the pin on the bad server follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// One tag that moves: HEAD, then GET.
    Tag,
    /// Versions: a tag list, then GET.
    Versions,
    /// The tags of a git repository.
    Git,
}

/// What a fault knows of the world.
pub struct Around<'a> {
    pub heard: &'a Heard,
    /// Another server, on another host.
    pub elsewhere: &'a str,
    /// The honest server, on another port of the same host.
    pub good: &'a str,
    /// How many such requests there were before.
    pub before: usize,
    /// What the pin is locked at.
    pub old: &'a Images,
}

type Does = Box<dyn Fn(Reply, &Around<'_>) -> Script + Send + Sync>;

/// What becomes of the pin on the bad server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Stays,
    Moves,
}

/// A row of the suite.
pub struct Case {
    pub name: String,
    follow: Follow,
    access: Access,
    opening: Opening,
    https: bool,
    at: On,
    does: Does,
    publishes: Option<fn(&mut Images)>,
    /// What the other server answers, where it is not honest either.
    elsewhere: Option<fn(&Heard) -> Reply>,
    timeout: &'static str,
    code: i32,
    says: Vec<String>,
    hides: Vec<String>,
    then: Then,
    asks_elsewhere: bool,
    most: Option<usize>,
    shows: bool,
}

/// A case whose bad server is honest up to `at`. It is to end with 3, and the pin is to stay.
pub fn case(
    name: impl Into<String>,
    at: On,
    does: impl Fn(Reply, &Around<'_>) -> Script + Send + Sync + 'static,
) -> Case {
    let follow = match at {
        On::Head => Follow::Tag,
        On::Refs | On::Command => Follow::Git,
        _ => Follow::Versions,
    };
    Case {
        name: name.into(),
        follow,
        access: Access::Open,
        opening: Opening::Plain,
        https: false,
        at,
        does: Box::new(does),
        publishes: None,
        elsewhere: None,
        timeout: "20s",
        code: 3,
        says: Vec::new(),
        hides: Vec::new(),
        then: Then::Stays,
        asks_elsewhere: false,
        most: None,
        shows: false,
    }
}

/// The same where one answer is always given.
pub fn reply(name: impl Into<String>, at: On, reply: Reply) -> Case {
    case(name, at, move |_, _| reply.clone().into())
}

/// The same where the connection itself is bad.
pub fn opening(name: impl Into<String>, opening: Opening) -> Case {
    Case { opening, ..case(name, On::Other, |honest, _| honest.into()) }
}

impl Case {
    pub fn follows(self, follow: Follow) -> Self {
        Self { follow, ..self }
    }

    pub fn access(self, access: Access) -> Self {
        // Where a login is asked for, it is shown.
        Self { access, shows: true, ..self }
    }

    /// Over TLS, to a mirror.
    pub fn https(self) -> Self {
        Self { https: true, ..self }
    }

    pub fn over(self, opening: Opening) -> Self {
        Self { opening, ..self }
    }

    /// What the bad server has besides.
    pub fn publishes(self, publishes: fn(&mut Images)) -> Self {
        Self { publishes: Some(publishes), ..self }
    }

    /// Where the other server is bad as well.
    pub fn elsewhere(self, answers: fn(&Heard) -> Reply) -> Self {
        Self { elsewhere: Some(answers), asks_elsewhere: true, ..self }
    }

    /// Where silence is part of the case.
    pub fn hurried(self) -> Self {
        Self { timeout: "2s", ..self }
    }

    pub fn timeout(self, timeout: &'static str) -> Self {
        Self { timeout, ..self }
    }

    pub fn ends(self, code: i32) -> Self {
        Self { code, ..self }
    }

    pub fn says(mut self, words: &str) -> Self {
        self.says.push(words.into());
        self
    }

    /// What no message may hold.
    pub fn hides(mut self, words: &str) -> Self {
        self.hides.push(words.into());
        self
    }

    /// The pin goes where it should, and nothing is wrong.
    pub fn moves(self) -> Self {
        Self { code: 0, then: Then::Moves, ..self }
    }

    /// The other server may be asked, without a secret.
    pub fn may_go_elsewhere(self) -> Self {
        Self { asks_elsewhere: true, ..self }
    }

    /// The most requests of the kind that goes wrong.
    pub fn at_most(self, requests: usize) -> Self {
        Self { most: Some(requests), ..self }
    }

    /// Runs it, and interrupts it once its server has heard of it.
    pub fn interrupt(self) {
        let world = World::new(self, 0);
        let before = files(world.folder.path());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let ended = runtime.block_on(async {
            let mut command = command(world.folder.path(), &["refresh"]);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            world.bad.wait_until_asked(LIMIT);
            let id = child.id().unwrap().to_string();
            let interrupted = std::process::Command::new("kill").args(["-INT", &id]).status();
            assert!(interrupted.unwrap().success());
            tokio::time::timeout(LIMIT, child.wait()).await.expect("an end").unwrap()
        });
        assert!(!ended.success(), "{ended}");
        assert_eq!(files(world.folder.path()), before);
    }

    /// Runs it; says what was not as it must be.
    pub fn run(self, number: usize) -> Result<(), String> {
        World::new(self, number).run()
    }
}

/// A case with its servers and its repository.
struct World {
    bad: Server,
    good: Server,
    elsewhere: Server,
    /// What each server has at the end.
    images: Images,
    old: Images,
    secrets: Arc<Mutex<Vec<String>>>,
    folder: tempfile::TempDir,
    case: Expected,
}

/// What is left of a case once its server runs.
struct Expected {
    follow: Follow,
    at: On,
    code: i32,
    says: Vec<String>,
    hides: Vec<String>,
    then: Then,
    asks_elsewhere: bool,
    most: Option<usize>,
    shows: bool,
}

/// An image repository as it is locked, and as it is now.
fn published() -> (Images, Images) {
    let mut old = Images::default();
    old.publish("1.0", "one");
    old.publish("stable", "one");
    let mut new = old.clone();
    new.publish("1.1", "two");
    new.publish("stable", "two");
    (old, new)
}

impl World {
    fn new(case: Case, number: usize) -> Self {
        let (old, honest) = published();
        let mut has = honest.clone();
        if let Some(publishes) = case.publishes {
            publishes(&mut has);
        }
        let secrets = Arc::new(Mutex::new(Vec::new()));
        let honest_here = honest.clone();
        let bad_too = case.elsewhere;
        let elsewhere = Server::start([127, 0, 0, 2], Opening::Plain, move |heard| match bad_too {
            Some(answers) => answers(heard).into(),
            None => honest_here.answer(heard).into(),
        });
        let honest_here = honest.clone();
        let good =
            Server::start([127, 0, 0, 1], Opening::Plain, move |heard| honest_here.answer(heard).into());
        let password = format!("hunter2-{number}-bad");
        let guard = Guard::new(case.access, &password, Arc::clone(&secrets));
        let answer = faulty(
            case.at,
            case.does,
            case.follow,
            has.clone(),
            old.clone(),
            (elsewhere.host(), good.host()),
            guard,
        );
        let bad = Server::start([127, 0, 0, 1], case.opening, answer);
        let folder = tempfile::tempdir().unwrap();
        let world = Self {
            bad,
            good,
            elsewhere,
            images: has,
            old,
            secrets,
            folder,
            case: Expected {
                follow: case.follow,
                at: case.at,
                code: case.code,
                says: case.says,
                hides: case.hides,
                then: case.then,
                asks_elsewhere: case.asks_elsewhere,
                most: case.most,
                shows: case.shows,
            },
        };
        world.write(case.https, case.timeout, &password, number);
        world
    }

    /// The repository, and the home of a user who is logged in.
    fn write(&self, https: bool, timeout: &str, password: &str, number: usize) {
        let (bad, good) = (self.bad.host(), self.good.host());
        let platforms = "platforms = [\"linux/amd64\", \"linux/arm64\"]";
        let followed = match self.case.follow {
            Follow::Tag => format!("image = \"{bad}/app\"\ntrack = \"stable\"\n{platforms}"),
            Follow::Versions => {
                format!("image = \"{bad}/app\"\ntrack = \"{{major}}.{{minor}}\"\n{platforms}")
            }
            Follow::Git => format!("git = \"http://{bad}/app.git\"\ntrack = \"v{{major}}.{{minor}}\""),
        };
        let mirror = match https {
            true => format!("[registries.\"{bad}\"]\nmirror = \"https://{bad}\"\n"),
            false => String::new(),
        };
        let authority = super::authority::certificates().ca.display();
        let pins = format!(
            "[defaults]\nmin-age = \"0d\"\n\n[pin.bad]\n{followed}\n\n[pin.good]\nimage = \"{good}/app\"\n\
             track = \"{{major}}.{{minor}}\"\n{platforms}\n\n[network]\nca-files = [\"{authority}\"]\n\
             timeout = \"{timeout}\"\nmax-wait = \"1s\"\n\n{mirror}"
        );
        let write = |path: &str, text: &str| {
            let path = self.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("checkout/pins.toml", &pins);
        write("checkout/pins.lock", &self.lock(Then::Stays, "1.0"));
        write("tmp/.keep", "");
        let entry = |password: &str| serde_json::json!({ "auth": base64(&format!("{USER}:{password}")) });
        let other = format!("hunter2-{number}-good");
        let logins =
            serde_json::json!({ "auths": { bad.clone(): entry(password), good: entry(&other) } }).to_string();
        write("home/.docker/config.json", &logins);
        // And what git knows: a header for the bad server alone, and a helper that has a password for it.
        let (header, helped) = (format!("hunter2-{number}-header"), format!("hunter2-{number}-helped"));
        write(
            "home/.gitconfig",
            &format!(
                "[http \"http://{bad}/\"]\nextraHeader = Authorization: Basic {}\n[credential]\nhelper = store\n",
                base64(&format!("{USER}:{header}"))
            ),
        );
        write("home/.git-credentials", &format!("http://{USER}:{helped}@{bad}\n"));
        let mut secrets = self.secrets.lock().unwrap();
        for password in [password, &header, &helped] {
            secrets.extend([password.to_owned(), base64(&format!("{USER}:{password}")), base64(password)]);
        }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// What `pins.lock` is to be, with the good pin at a tag.
    fn lock(&self, then: Then, good: &str) -> String {
        let host = self.bad.host();
        let image = |tag: &str| match then {
            Then::Stays => self.old.locked("bad", &host, tag),
            Then::Moves => self.images.locked("bad", &host, tag),
        };
        let at = usize::from(then == Then::Moves);
        let bad = match self.case.follow {
            Follow::Tag => image("stable"),
            Follow::Versions => image(["1.0", "1.1"][at]),
            Follow::Git => {
                let (tag, commit) = COMMITS[at];
                format!(
                    "[pin.bad]\ngit = \"http://{host}/app.git\"\ntag = \"{tag}\"\ncommit = \"{commit}\"\n"
                )
            }
        };
        let good = published().1.locked("good", &self.good.host(), good);
        format!(
            "# solera-pin writes this file. Edit pins.toml, then run `solera-pin refresh`.\nversion = 1\n\n{bad}\n{good}"
        )
    }

    fn run(self) -> Result<(), String> {
        let before = files(self.folder.path());
        let (code, said) = refresh(self.folder.path())?;
        let mut wrong = Vec::new();
        if code != self.case.code {
            wrong.push(format!("it ended with {code}, not {}", self.case.code));
        }
        for words in self.case.says.iter().filter(|words| !said.contains(*words)) {
            wrong.push(format!("it does not say `{words}`"));
        }
        for words in self.case.hides.iter().filter(|words| said.contains(*words)) {
            wrong.push(format!("it says `{words}`"));
        }
        if said.contains("panicked") || said.contains("RUST_BACKTRACE") {
            wrong.push("it panicked".into());
        }
        if said.chars().any(|c| c.is_control() && c != '\n') {
            wrong.push("it gives control characters to a terminal".into());
        }
        let mut after = files(self.folder.path());
        let lock = after.insert("checkout/pins.lock".into(), before["checkout/pins.lock"].clone());
        let lock = String::from_utf8_lossy(&lock.unwrap_or_default()).into_owned();
        if lock != self.lock(self.case.then, "1.1") {
            wrong.push(format!("the lock is\n{lock}"));
        }
        if after != before {
            wrong.push(format!("other files changed: {:?}", after.keys()));
        }
        self.check_requests(&mut wrong);
        self.check_secrets(&said, &lock, &mut wrong);
        match wrong.is_empty() {
            true => Ok(()),
            false => {
                let asked: Vec<String> = self
                    .bad
                    .requests()
                    .iter()
                    .map(|heard| format!("{} {}", heard.method, heard.path))
                    .collect();
                Err(format!("{}\n--- it said:\n{said}--- it asked: {asked:#?}", wrong.join("\n")))
            }
        }
    }

    fn check_requests(&self, wrong: &mut Vec<String>) {
        let asked: Vec<String> = self.good.requests().into_iter().map(|heard| heard.path).collect();
        if asked != ["/v2/app/tags/list", "/v2/app/manifests/1.1"] {
            wrong.push(format!("the good server was asked for {asked:?}"));
        }
        if self.elsewhere.was_asked() != self.case.asks_elsewhere {
            wrong.push(format!("elsewhere heard {:?}", self.elsewhere.requests()));
        }
        let asked = self.bad.requests().iter().filter(|heard| On::of(heard) == self.case.at).count();
        if let Some(most) = self.case.most.filter(|most| asked > *most) {
            wrong.push(format!("it asked {asked} times, more than {most}"));
        }
    }

    /// A secret is seen by the server that it is for, where that asks for it, and nowhere else.
    fn check_secrets(&self, said: &str, lock: &str, wrong: &mut Vec<String>) {
        let secrets = self.secrets.lock().unwrap();
        for (server, whose) in [(&self.good, "good"), (&self.elsewhere, "elsewhere")] {
            if secrets.iter().any(|secret| server.has_seen(secret)) {
                wrong.push(format!("{whose} has seen a secret of another server"));
            }
            if server.requests().iter().any(|heard| heard.header("authorization").is_some()) {
                wrong.push(format!("{whose} was shown a credential that it did not ask for"));
            }
        }
        // What git is told to show at once is shown without being asked for.
        let shows = self.case.shows || self.case.follow == Follow::Git;
        let seen = secrets.iter().any(|secret| self.bad.has_seen(secret));
        if seen && !shows {
            wrong.push("a server that asked for no credential has seen one".into());
        }
        if secrets.iter().any(|secret| said.contains(secret) || lock.contains(secret)) {
            wrong.push("a secret was said or written".into());
        }
    }
}

/// The bad server's answers.
fn faulty(
    at: On,
    does: Does,
    follow: Follow,
    has: Images,
    old: Images,
    (elsewhere, good): (String, String),
    mut guard: Guard,
) -> impl FnMut(&Heard) -> Script + Send + 'static {
    let mut before = 0;
    move |heard| {
        let honest = match follow {
            Follow::Git => git_answer(heard),
            Follow::Tag | Follow::Versions => has.answer(heard),
        };
        let honest = guard.answer(heard, honest);
        // What is asked for again with a login goes wrong then.
        if On::of(heard) != at || (honest.status == 401 && at != On::Token) {
            return honest.into();
        }
        let around = Around { heard, elsewhere: &elsewhere, good: &good, before, old: &old };
        before += 1;
        does(honest, &around)
    }
}

/// Every file below a folder.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(folder).unwrap().display().to_string();
                    found.insert(name, fs::read(&path).unwrap());
                }
            }
        }
    }
    found
}

/// Runs `refresh -v` in `FOLDER/checkout`: its exit code, and all that it said.
pub fn refresh(folder: &Path) -> Result<(i32, String), String> {
    run(folder, &["refresh", "-v"])
}

fn command(folder: &Path, arguments: &[&str]) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_solera-pin"));
    command.args(arguments).current_dir(folder.join("checkout")).env_clear();
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path))).env("GIT_CONFIG_NOSYSTEM", "1");
    command.env("HOME", folder.join("home")).env("TMPDIR", folder.join("tmp"));
    // The system's own authorities are many, and of no use here.
    command.env("SSL_CERT_FILE", &super::authority::certificates().ca);
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

pub fn run(folder: &Path, arguments: &[&str]) -> Result<(i32, String), String> {
    let mut command = command(folder, arguments);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(async { tokio::time::timeout(LIMIT, command.output()).await });
    let output = ended.map_err(|_| format!("it did not end within {LIMIT:?}"))?.unwrap();
    let said =
        String::from_utf8([output.stdout, output.stderr].concat()).map_err(|error| error.to_string())?;
    Ok((output.status.code().unwrap_or(-1), said))
}

pub fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut encoded = String::new();
    for three in text.as_bytes().chunks(3) {
        let bits =
            three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..4 {
            let digit = bits >> (18 - 6 * at) & 63;
            encoded.push(if at <= three.len() { char::from(ALPHABET[digit as usize]) } else { '=' });
        }
    }
    encoded
}
