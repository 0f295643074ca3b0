//! The servers and the repository of a case, and what is looked at when it has run.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::authority::certificates;
use super::binary::{LIMIT, base64, command, files, run};
use super::case::{Around, Case, Does, Expected, Follow, Then};
use super::guard::{Guard, USER};
use super::upstream::{COMMITS, Images, On, git_answer};
use super::wire::{Heard, Opening, Script, Server};

/// A case with its servers and its repository.
pub struct World {
    bad: Server,
    good: Server,
    elsewhere: Server,
    /// What each server has at the end.
    images: Images,
    old: Images,
    secrets: Arc<Mutex<Vec<String>>>,
    folder: tempfile::TempDir,
    expected: Expected,
}

fn password(number: usize, of: &str) -> String {
    format!("hunter2-{number}-{of}")
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
    pub fn new(case: Case, number: usize) -> Self {
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
        let guard = Guard::new(case.access, &password(number, "bad"), Arc::clone(&secrets));
        let hosts = (elsewhere.host(), good.host());
        let answer = faulty(&case.expected, case.does, (old.clone(), has.clone()), hosts, guard);
        let bad = Server::start([127, 0, 0, 1], case.opening, answer);
        let folder = tempfile::tempdir().unwrap();
        let world = Self { bad, good, elsewhere, images: has, old, secrets, folder, expected: case.expected };
        world.write(case.https, case.timeout, number);
        world
    }

    /// The repository, and the home of a user who is logged in.
    fn write(&self, https: bool, timeout: &str, number: usize) {
        let (bad, good) = (self.bad.host(), self.good.host());
        let platforms = "platforms = [\"linux/amd64\", \"linux/arm64\"]";
        let followed = match self.expected.follow {
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
        let authority = certificates().ca.display();
        let pins = format!(
            "[defaults]\nmin-age = \"0d\"\n\n[pin.bad]\n{followed}\n\n[pin.good]\nimage = \"{good}/app\"\n\
             track = \"{{major}}.{{minor}}\"\n{platforms}\n\n[network]\nca-files = [\"{authority}\"]\n\
             timeout = \"{timeout}\"\nmax-wait = \"1s\"\n\n{mirror}"
        );
        self.write_file("checkout/pins.toml", &pins);
        self.write_file("checkout/pins.lock", &self.lock(Then::Stays, "1.0"));
        self.write_file("tmp/.keep", "");
        self.write_logins(number);
    }

    /// What Docker and git know: a login to either registry, and a header and a password for the bad server's git.
    fn write_logins(&self, number: usize) {
        let (bad, good) = (self.bad.host(), self.good.host());
        let basic = |password: &str| base64(&format!("{USER}:{password}"));
        let [own, other, header, helped] = ["bad", "good", "header", "helped"].map(|of| password(number, of));
        let logins = json!({ bad.clone(): { "auth": basic(&own) }, good: { "auth": basic(&other) } });
        self.write_file("home/.docker/config.json", &json!({ "auths": logins }).to_string());
        let shown = basic(&header);
        let git = format!(
            "[http \"http://{bad}/\"]\nextraHeader = Authorization: Basic {shown}\n[credential]\nhelper = store\n"
        );
        self.write_file("home/.gitconfig", &git);
        self.write_file("home/.git-credentials", &format!("http://{USER}:{helped}@{bad}\n"));
        let mut secrets = self.secrets.lock().unwrap();
        for password in [own, header, helped] {
            secrets.extend([basic(&password), base64(&password), password]);
        }
    }

    fn write_file(&self, path: &str, text: &str) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// What `pins.lock` is to be, with the good pin at a tag.
    fn lock(&self, then: Then, good: &str) -> String {
        let host = self.bad.host();
        let image = |tag: &str| match then {
            Then::Stays => self.old.locked("bad", &host, tag),
            Then::Moves => self.images.locked("bad", &host, tag),
        };
        let at = usize::from(then == Then::Moves);
        let bad = match self.expected.follow {
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

    /// Says what was not as it must be.
    pub fn run(self) -> Result<(), String> {
        let before = files(self.folder.path());
        let (code, said) = run(self.folder.path(), &["refresh", "-v"])?;
        let mut wrong = Vec::new();
        if code != self.expected.code {
            wrong.push(format!("it ended with {code}, not {}", self.expected.code));
        }
        for words in self.expected.says.iter().filter(|words| !said.contains(*words)) {
            wrong.push(format!("it does not say `{words}`"));
        }
        for words in self.expected.hides.iter().filter(|words| said.contains(*words)) {
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
        if lock != self.lock(self.expected.then, "1.1") {
            wrong.push(format!("the lock is\n{lock}"));
        }
        let kept = taken_out(&mut after, "home/.cache/solera-pin/");
        if said.contains("that a helper gave for it was refused") {
            // Git has its helper forget it.
            after.insert("home/.git-credentials".into(), before["home/.git-credentials"].clone());
        }
        if after != before {
            wrong.push(format!("other files changed: {:?}", after.keys()));
        }
        self.check_requests(&mut wrong);
        self.check_secrets(&[&said, &lock, &kept], &mut wrong);
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

    /// Runs it, and interrupts it once its server has heard of it.
    pub fn interrupt(self) {
        let before = files(self.folder.path());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let ended = runtime.block_on(async {
            let mut command = command(self.folder.path(), &["refresh"]);
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            self.bad.wait_until_asked(LIMIT);
            let id = child.id().unwrap().to_string();
            let interrupted = std::process::Command::new("kill").args(["-INT", &id]).status();
            assert!(interrupted.unwrap().success());
            tokio::time::timeout(LIMIT, child.wait()).await.expect("an end").unwrap()
        });
        assert!(!ended.success(), "{ended}");
        let mut after = files(self.folder.path());
        taken_out(&mut after, "home/.cache/solera-pin/");
        assert_eq!(after, before);
    }

    fn check_requests(&self, wrong: &mut Vec<String>) {
        let mut asked: Vec<String> = self.good.requests().into_iter().map(|heard| heard.path).collect();
        // A machine that is busy with others may make it late, and be asked again.
        asked.dedup();
        if asked != ["/v2/app/tags/list", "/v2/app/manifests/1.1"] {
            wrong.push(format!("the good server was asked for {asked:?}"));
        }
        if self.elsewhere.was_asked() != self.expected.asks_elsewhere {
            wrong.push(format!("elsewhere heard {:?}", self.elsewhere.requests()));
        }
        let asked = self.bad.requests().iter().filter(|heard| On::of(heard) == self.expected.at).count();
        if let Some(most) = self.expected.most.filter(|most| asked > *most) {
            wrong.push(format!("it asked {asked} times, more than {most}"));
        }
    }

    /// A secret is seen by the server that it is for, where that asks for it, and nowhere else.
    fn check_secrets(&self, texts: &[&str], wrong: &mut Vec<String>) {
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
        let shows = self.expected.shows || self.expected.follow == Follow::Git;
        let seen = secrets.iter().any(|secret| self.bad.has_seen(secret));
        if seen && !shows {
            wrong.push("a server that asked for no credential has seen one".into());
        }
        if secrets.iter().any(|secret| texts.iter().any(|text| text.contains(secret))) {
            wrong.push("a secret was said or written".into());
        }
    }
}

/// What stands in the files below a folder, which are left out of all the others: what is kept for later runs may change.
fn taken_out(files: &mut BTreeMap<String, Vec<u8>>, folder: &str) -> String {
    let texts = files.iter().filter(|(name, _)| name.starts_with(folder));
    let text = texts.map(|(_, content)| String::from_utf8_lossy(content).into_owned()).collect();
    files.retain(|name, _| !name.starts_with(folder));
    text
}

/// The bad server's answers.
fn faulty(
    expected: &Expected,
    does: Does,
    (old, has): (Images, Images),
    (elsewhere, good): (String, String),
    mut guard: Guard,
) -> impl FnMut(&Heard) -> Script + Send + 'static {
    let (at, follow) = (expected.at, expected.follow);
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
