//! A repository with images/fip-alias-agent, whose base and packages are of one release; its lock, and builds of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use solera_pin::openpgp::Keyring;

use crate::archive::{Deb, State, architecture};
use crate::recorded::debian;
use crate::served::Served;
use crate::session::Session;

/// Where apt finds the servers. The addresses differ, because apt gives up on one as a whole.
const SNAPSHOT: &str = "127.0.0.1:8081";
const LIVE: &str = "127.0.0.2:8082";
const TIME: &str = "20260820T000000Z";

/// The addresses are there once.
static ADDRESSES: Mutex<()> = Mutex::new(());

pub(crate) struct Repository {
    suite: String,
    session: Session,
    debs: Vec<Deb>,
    base: BTreeSet<String>,
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
        let addresses = ADDRESSES.lock().unwrap_or_else(PoisonError::into_inner);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/debs");
        let made = Command::new(script).args([suite, "iproute2"]).stderr(Stdio::inherit()).output().unwrap();
        assert!(made.status.success(), "there are no packages of {suite}");
        let made = PathBuf::from(String::from_utf8(made.stdout).unwrap().trim_end());
        let session = Session::start();
        let tar = session.folder().join("base.tar");
        fs::hard_link(made.join("base.tar"), &tar)
            .or_else(|_| fs::copy(made.join("base.tar"), &tar).map(drop))
            .unwrap();
        let base = listed(Command::new("tar").arg("-tf").arg(&tar).output().unwrap());
        let repository =
            Self { suite: suite.into(), session, debs: Deb::all(&made), base, _addresses: addresses };
        let digest = repository.push_base();
        repository.write(&digest);
        repository.lock(&repository.publish("2026-08-19T20:00:00Z"));
        repository
    }

    /// Makes the base an image of the registry; gives its digest.
    fn push_base(&self) -> String {
        let name = format!("127.0.0.1:5000/library/debian:{}-slim", self.suite);
        self.succeed(&["docker", "import", &self.session.seen("base.tar"), &name]);
        let pushed = self.succeed(&["docker", "push", &name]);
        let digest = pushed.split_whitespace().find(|word| word.starts_with("sha256:"));
        digest.unwrap_or_else(|| panic!("no digest: {pushed}")).to_owned()
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
    fn write(&self, digest: &str) {
        let image = self.root().join("images/fip-alias-agent");
        fs::create_dir_all(&image).unwrap();
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("images/fip-alias-agent");
        for file in ["Dockerfile", "fip-alias-agent.sh"] {
            fs::copy(own.join(file), image.join(file)).unwrap();
        }
        let manifest = fs::read_to_string(own.join("image.toml")).unwrap();
        let platform = format!("linux/{}", architecture());
        let manifest: String = manifest
            .lines()
            .map(|line| {
                if line.starts_with("platforms =") {
                    format!("platforms = [\"{platform}\"]\n")
                } else {
                    format!("{line}\n")
                }
            })
            .collect();
        fs::write(image.join("image.toml"), manifest).unwrap();
        fs::write(self.root().join("archive-key.gpg"), debian::KEYRING).unwrap();
        let suite = &self.suite;
        let pins = format!(
            "[pin.debian]\nimage = \"docker.io/library/debian\"\ntrack = \"{suite}-slim\"\n\n\
             [pin.bookworm]\nsuites = [\"{suite}\", \"{suite}-updates\", \"{suite}-security\"]\n\
             snapshot = \"http://{SNAPSHOT}/archive/{{archive}}/{{timestamp}}\"\nlive = \"http://{LIVE}/{{archive}}\"\n\
             signed-by = \"archive-key.gpg\"\n"
        );
        fs::write(self.root().join("pins.toml"), pins).unwrap();
        let lock = format!(
            "version = 1\n\n[pin.debian]\nimage = \"docker.io/library/debian\"\ntag = \"{suite}-slim\"\ndigest = \"{digest}\"\n\
             media-type = \"application/vnd.oci.image.manifest.v1+json\"\nplatforms.\"{platform}\" = \"{digest}\"\n"
        );
        fs::write(self.root().join("pins.lock"), lock).unwrap();
    }

    /// Publishes the suites, and gives the lock's lines about them.
    fn publish(&self, date: &str) -> String {
        let date: Timestamp = date.parse().unwrap();
        let is_security = |deb: &&Deb| deb.name == "libcap2-bin";
        let (security, main): (Vec<&Deb>, Vec<&Deb>) = self.debs.iter().partition(is_security);
        let mut lines = String::new();
        for (archive, part, debs) in [
            ("debian", "", main),
            ("debian-security", "-security", security),
            ("debian", "-updates", Vec::new()),
        ] {
            let suite = format!("{}{part}", self.suite);
            let state = State { archive, time: TIME, suite: &suite, debs, date };
            let digest = state.publish(&self.served());
            state.mirror(&self.served());
            writeln!(
                lines,
                "inrelease.{suite} = {{ digest = \"{digest}\", date = \"{date}\", signed-by = [\"{}\"] }}",
                signer()
            )
            .unwrap();
        }
        lines
    }

    /// Publishes other suites under the same address.
    pub(crate) fn publish_newer(&self) {
        self.publish("2026-08-20T20:00:00Z");
    }

    /// Writes what `refresh` would.
    fn lock(&self, inrelease: &str) {
        let file = self.root().join("pins.lock");
        let before = fs::read_to_string(&file).unwrap();
        let head = before.replace(
            "version = 1\n",
            &format!(
                "version = 1\n\n[pin.bookworm]\nsuites = [\"{0}\", \"{0}-security\", \"{0}-updates\"]\nsnapshot = \"{TIME}\"\n{inrelease}\
                 packages.iproute2.{1} = {2}\n",
                self.suite,
                architecture(),
                self.deb("iproute2").locked(),
            ),
        );
        fs::write(file, head).unwrap();
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

    /// Builds the image with what `emit` prints.
    pub(crate) fn build(&self) -> Built {
        let arguments = self.emit("build-args");
        fs::write(self.session.folder().join("sources-list"), self.emit("sources-list")).unwrap();
        for folder in ["", "live"] {
            fs::write(self.served().join(folder).join("up"), "").unwrap();
        }
        let snapshot = Served::start(&self.session, SNAPSHOT, &self.session.seen("served"));
        let live = Served::start(&self.session, LIVE, &self.session.seen("served/live"));
        let secret = format!("id=sources-list,src={}", self.session.seen("sources-list"));
        let context = self.session.seen("repository/images/fip-alias-agent");
        let mut words =
            vec!["docker-buildx", "build", "--progress=plain", "--no-cache", "--network=host", "--load"];
        words.extend(["--tag=built", "--secret", &secret]);
        words.extend(arguments.split_whitespace());
        words.push(&context);
        let ended = self.session.run(words);
        Built {
            succeeded: ended.status.success(),
            output: String::from_utf8_lossy(&ended.stderr).into_owned(),
            snapshot: snapshot.asked(),
            live: live.asked(),
        }
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

/// Who signs the suites.
fn signer() -> String {
    let keyring = Keyring::parse(debian::KEYRING).unwrap();
    keyring.fingerprints().next().unwrap().to_string()
}
