//! A repository with images/fip-alias-agent, whose base and packages are of one release; its lock, and builds of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::archive::{Deb, State, architecture};
use crate::recorded::debian;
use crate::served::Served;
use crate::session::Session;

#[path = "beside.rs"]
#[allow(dead_code, reason = "another test of the engine uses the rest")]
mod beside;

/// Where apt finds the servers. The addresses differ, because apt gives up on one as a whole.
const SNAPSHOT: &str = "127.0.0.1:8081";
const LIVE: &str = "127.0.0.2:8082";
/// The midnight that is three days, which a state has to be old, before now.
const TIME: &str = "20260820T000000Z";
const NOW: &str = "2026-08-23T12:00:00Z";

/// The addresses are there once.
static ADDRESSES: Mutex<()> = Mutex::new(());

pub(crate) struct Repository {
    suite: String,
    images: &'static [&'static str],
    session: Session,
    debs: Vec<Deb>,
    base: BTreeSet<String>,
    more: Option<Served>,
    _addresses: MutexGuard<'static, ()>,
}

/// What became of a build.
pub(crate) struct Built {
    pub(crate) succeeded: bool,
    pub(crate) output: String,
    /// What was asked of the servers, each with the status of the answer.
    pub(crate) snapshot: Vec<(String, u16)>,
    pub(crate) live: Vec<(String, u16)>,
}

impl Repository {
    /// Makes the base image, the archive's state and the lock.
    pub(crate) fn make(suite: &str) -> Self {
        Self::of(suite, &["fip-alias-agent"], &["iproute2"], |_| None)
    }

    /// The same with these images of this repository, which install these packages. `prepare` makes what they are built
    /// from besides.
    pub(crate) fn of(
        suite: &str,
        images: &'static [&'static str],
        packages: &[&str],
        prepare: impl Fn(&Self) -> Option<Served>,
    ) -> Self {
        let addresses = ADDRESSES.lock().unwrap_or_else(PoisonError::into_inner);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/debs");
        let made = Command::new(script)
            .args([&[suite], packages].concat())
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(made.status.success(), "there are no packages of {suite}");
        let made = PathBuf::from(String::from_utf8(made.stdout).unwrap().trim_end());
        let session = Session::start();
        let tar = session.folder().join("base.tar");
        fs::hard_link(made.join("base.tar"), &tar)
            .or_else(|_| fs::copy(made.join("base.tar"), &tar).map(drop))
            .unwrap();
        let base = listed(Command::new("tar").arg("-tf").arg(&tar).output().unwrap());
        let debs = Deb::all(&made);
        let mut repository =
            Self { suite: suite.into(), images, session, debs, base, more: None, _addresses: addresses };
        repository.push_base();
        repository.write();
        repository.more = prepare(&repository);
        repository.publish("2026-08-19T20:00:00Z");
        repository.refresh();
        repository
    }

    /// Makes the base an image of the registry.
    fn push_base(&self) {
        let name = format!("127.0.0.1:5000/library/debian:{}-slim", self.suite);
        self.succeed(&["docker", "import", &self.session.seen("base.tar"), &name]);
        self.succeed(&["docker", "push", &name]);
    }

    /// Makes another image of the same repository.
    pub(crate) fn push_other(&self) {
        let name = "127.0.0.1:5000/library/debian:other";
        self.succeed(&["docker", "import", "--change=LABEL a=b", &self.session.seen("base.tar"), name]);
        self.succeed(&["docker", "push", name]);
    }

    fn succeed(&self, words: &[&str]) -> String {
        let ended = self.session.run(words);
        assert!(ended.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).unwrap()
    }

    fn root(&self) -> PathBuf {
        self.session.folder().join("repository")
    }

    fn served(&self) -> PathBuf {
        self.session.folder().join("served")
    }

    /// The declarations, and the image as it is in this repository.
    fn write(&self) {
        self.images.iter().for_each(|image| self.write_image(image));
        fs::write(self.root().join("archive-key.gpg"), debian::KEYRING).unwrap();
        let suite = &self.suite;
        let pins = format!(
            "[pin.debian]\nimage = \"docker.io/library/debian\"\ntrack = \"{suite}-slim\"\n\n\
             [pin.bookworm]\nsuites = [\"{suite}\", \"{suite}-updates\", \"{suite}-security\"]\n\
             snapshot = \"http://{SNAPSHOT}/archive/{{archive}}/{{timestamp}}\"\nlive = \"http://{LIVE}/{{archive}}\"\n\
             signed-by = \"archive-key.gpg\"\n"
        );
        fs::write(self.root().join("pins.toml"), pins).unwrap();
        let configuration = "[registries.\"docker.io\"]\nmirror = \"http://127.0.0.1:5000\"\n";
        fs::write(self.session.folder().join("configuration.toml"), configuration).unwrap();
    }

    /// Brings what this repository has of some paths, as git has it.
    pub(crate) fn bring(&self, paths: &[&str]) {
        let top = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tracked =
            Command::new("git").arg("-C").arg(top).args(["ls-files", "--"]).args(paths).output().unwrap();
        let tracked = String::from_utf8(tracked.stdout).unwrap();
        assert!(!tracked.is_empty(), "{paths:?} are in git");
        for path in tracked.lines() {
            let target = self.root().join(path);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(top.join(path), target).unwrap();
        }
    }

    /// An image of this repository as git has it, for this machine's platform.
    fn write_image(&self, name: &str) {
        self.bring(&[&format!("images/{name}")]);
        let path = self.root().join("images").join(name).join("image.toml");
        let platform = format!("platforms = [\"linux/{}\"]", architecture());
        let manifest = fs::read_to_string(&path).unwrap();
        let line = |line: &str| {
            if line.starts_with("platforms =") { format!("{platform}\n") } else { format!("{line}\n") }
        };
        fs::write(&path, manifest.lines().map(line).collect::<String>()).unwrap();
    }

    /// Declares more pins.
    pub(crate) fn declare(&self, pins: &str) {
        let path = self.root().join("pins.toml");
        fs::write(&path, fs::read_to_string(&path).unwrap() + pins).unwrap();
    }

    /// Where a stand-in is made.
    pub(crate) fn context(&self, name: &str) -> PathBuf {
        let folder = self.session.folder().join("stand-in").join(name.replace(['/', ':'], "-"));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// A folder that the engine sees.
    pub(crate) fn folder(&self) -> &Path {
        self.session.folder()
    }

    /// Makes an image of the registry from a Dockerfile and the files beside it.
    pub(crate) fn stand_in(&self, name: &str, dockerfile: &str, files: &[(&str, &str)]) {
        let folder = self.context(name);
        fs::write(folder.join("Dockerfile"), dockerfile).unwrap();
        for (path, content) in files {
            fs::write(folder.join(path), content).unwrap();
        }
        let context = format!("stand-in/{}", name.replace(['/', ':'], "-"));
        let name = format!("127.0.0.1:5000/{name}");
        self.succeed(&[
            "docker-buildx",
            "build",
            "--network=host",
            "--load",
            "--tag",
            &name,
            &self.session.seen(&context),
        ]);
        self.succeed(&["docker", "push", &name]);
    }

    /// Publishes the suites, and puts their packages on the live mirror.
    fn publish(&self, date: &str) {
        let date: Timestamp = date.parse().unwrap();
        let is_security = |deb: &&Deb| deb.name == "libcap2-bin";
        let (security, main): (Vec<&Deb>, Vec<&Deb>) = self.debs.iter().partition(is_security);
        for (archive, part, debs) in [
            ("debian", "", main),
            ("debian-security", "-security", security),
            ("debian", "-updates", Vec::new()),
        ] {
            let suite = format!("{}{part}", self.suite);
            let state = State { archive, time: TIME, suite: &suite, debs, date };
            state.publish(&self.served());
            state.mirror(&self.served());
        }
        for folder in ["", "live"] {
            fs::write(self.served().join(folder).join("up"), "").unwrap();
        }
    }

    /// Locks what there is.
    fn refresh(&self) {
        let snapshot = Served::start(&self.session, SNAPSHOT, &self.session.seen("served"));
        let configuration =
            format!("SOLERA_PIN_CONFIG={}", self.session.folder().join("configuration.toml").display());
        let now = format!("SOLERA_PIN_NOW={NOW}");
        let words = [
            now.as_str(),
            &configuration,
            "SOLERA_PIN_CACHE=off",
            env!("CARGO_BIN_EXE_solera-pin"),
            "refresh",
        ];
        let ended = self.session.near(&self.root(), &words);
        drop(snapshot);
        let lock = fs::read_to_string(self.root().join("pins.lock")).unwrap_or_default();
        println!(
            "{}{}{lock}",
            String::from_utf8_lossy(&ended.stdout),
            String::from_utf8_lossy(&ended.stderr)
        );
        assert!(ended.status.success());
        assert!(lock.contains(TIME));
        if self.images.contains(&"fip-alias-agent") {
            let iproute =
                format!("packages.iproute2.{} = {}\n", architecture(), self.deb("iproute2").locked());
            assert!(lock.contains(&iproute), "{iproute}");
        }
    }

    /// Publishes other suites under the same address.
    pub(crate) fn publish_newer(&self) {
        self.publish("2026-08-20T20:00:00Z");
    }

    fn deb(&self, name: &str) -> &Deb {
        self.debs.iter().find(|deb| deb.name == name).unwrap()
    }

    /// How many packages an installation gets.
    pub(crate) fn packages(&self) -> usize {
        self.debs.len()
    }

    /// Takes a package of the main archive from the live mirror.
    pub(crate) fn drop_from_live(&self, name: &str) {
        fs::remove_file(self.served().join("live/debian").join(&self.deb(name).path)).unwrap();
    }

    /// Builds the image with what `emit` prints, while both servers are up.
    pub(crate) fn build(&self) -> Built {
        let live = Served::start(&self.session, LIVE, &self.session.seen("served/live"));
        let built = self.build_without_live(|_| true);
        Built { live: live.asked(), ..built }
    }

    /// Builds the image with some of the arguments that `emit` prints, while nobody answers for the live mirror.
    pub(crate) fn build_without_live(&self, gives: impl Fn(&str) -> bool) -> Built {
        let arguments = self.emit("build-args");
        fs::write(self.session.folder().join("sources-list"), self.emit("sources-list")).unwrap();
        let snapshot = Served::start(&self.session, SNAPSHOT, &self.session.seen("served"));
        let secret = format!("id=sources-list,src={}", self.session.seen("sources-list"));
        let context = self.session.seen("repository/images/fip-alias-agent");
        let mut words =
            vec!["docker-buildx", "build", "--progress=plain", "--no-cache", "--network=host", "--load"];
        words.extend(["--tag=built", "--secret", &secret]);
        words.extend(arguments.split_whitespace().filter(|argument| gives(argument)));
        words.push(&context);
        let ended = self.session.run(words);
        Built {
            succeeded: ended.status.success(),
            output: String::from_utf8_lossy(&ended.stderr).into_owned(),
            snapshot: snapshot.asked(),
            live: Vec::new(),
        }
    }

    /// Commits what is declared and locked; gives the commit.
    pub(crate) fn commit(&self) -> String {
        let git = |words: &[&str]| {
            let mut git = Command::new("git");
            git.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(words);
            let ended = git.current_dir(self.root()).output().unwrap();
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
            String::from_utf8(ended.stdout).unwrap().trim().to_owned()
        };
        git(&["init", "-q"]);
        git(&["add", "."]);
        git(&["commit", "-qm", "locked"]);
        git(&["rev-parse", "HEAD"])
    }

    /// Writes a Dockerfile of another image.
    pub(crate) fn write_other(&self, dockerfile: &str) {
        let folder = self.root().join("images/other");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("Dockerfile"), dockerfile).unwrap();
    }

    /// Builds an image of the repository into the layout `NAME`, with provenance and the revision that it says it is of.
    pub(crate) fn build_layout(&self, name: &str, version: &str, revision: &str) {
        let arguments = self.emit("build-args");
        fs::write(self.session.folder().join("sources-list"), self.emit("sources-list")).unwrap();
        // apt of Debian 12 was seen to wait for ever, with nothing open, after it had passed on to the second place.
        let _live = Served::start(&self.session, LIVE, &self.session.seen("served/live"));
        let snapshot = Served::start(&self.session, SNAPSHOT, &self.session.seen("served"));
        let secret = format!("id=sources-list,src={}", self.session.seen("sources-list"));
        let output = format!("type=oci,dest={},tar=false,name=built:1", self.session.seen(name));
        let label = format!("org.opencontainers.image.revision={revision}");
        let provenance = format!("mode=max,version={version}");
        let context = self.session.seen(&format!("repository/images/{name}"));
        let mut words = vec!["docker-buildx", "build", "--progress=plain", "--no-cache", "--network=host"];
        words.extend([
            "--secret",
            &secret,
            "--output",
            &output,
            "--label",
            &label,
            "--provenance",
            &provenance,
        ]);
        words.extend(arguments.split_whitespace());
        words.push(&context);
        self.succeed(&words);
        drop(snapshot);
    }

    /// Audits what was built into a layout, while the snapshot service is there; gives the exit code and what was said.
    pub(crate) fn audit(&self, name: &str, more: &[&str]) -> (Option<i32>, String) {
        let snapshot = Served::start(&self.session, SNAPSHOT, &self.session.seen("served"));
        let configuration =
            format!("SOLERA_PIN_CONFIG={}", self.session.folder().join("configuration.toml").display());
        let now = format!("SOLERA_PIN_NOW={NOW}");
        let layout = format!("oci:{}:1", self.session.folder().join(name).display());
        let mut words = vec![now.as_str(), &configuration, "SOLERA_PIN_CACHE=off"];
        words.extend([env!("CARGO_BIN_EXE_solera-pin"), "audit", &layout]);
        words.extend(more);
        let ended = self.session.near(&self.root(), &words);
        drop(snapshot);
        let said = [ended.stdout, ended.stderr].concat();
        (ended.status.code(), String::from_utf8(said).unwrap())
    }

    /// A file of the repository.
    pub(crate) fn file(&self, path: &str) -> PathBuf {
        self.root().join(path)
    }

    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    fn emit(&self, format: &str) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_solera-pin"));
        let ended =
            command.args(["emit", format, "fip-alias-agent", "-C"]).arg(self.root()).output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).unwrap()
    }

    /// The files of what was built.
    pub(crate) fn files(&self) -> BTreeSet<String> {
        let script =
            "set -e; made=$(docker create built true); docker export $made | tar -t; docker rm $made >&2";
        listed(self.session.run(["sh", "-c", script]))
    }

    pub(crate) fn base_has(&self, file: &str) -> bool {
        self.base.contains(file)
    }
}

/// The files that `tar` lists.
fn listed(ended: Output) -> BTreeSet<String> {
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let text = String::from_utf8(ended.stdout).unwrap();
    text.lines().map(|line| line.trim_start_matches("./").to_owned()).collect()
}
