//! A repository whose pins are of every kind that builders fetch, locked while their upstreams had something else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::served::Served;
use crate::session::Session;

/// Where git repositories and files are served.
pub(crate) const ADDRESS: &str = "127.0.0.1:8092";

pub(crate) struct Sources {
    session: Session,
    /// What is locked of `policy-base:1.88-slim`.
    pub(crate) locked: String,
    /// What that tag names now.
    pub(crate) moved: String,
    /// Where git repositories are served.
    pub(crate) git: String,
    /// What is locked of them.
    pub(crate) commit: String,
    /// The annotated tag that names it in one.
    pub(crate) tag_object: String,
    /// What another pin locks of the same repository.
    pub(crate) old_commit: String,
    /// A commit that is on its branch.
    pub(crate) other_commit: String,
    /// Of the locked file.
    pub(crate) checksum: String,
    _served: Served,
}

/// The repositories have another address in each run: the engine keeps what it fetched.
const GIT: &str = "ADDRESS/cgi-bin/git/RUN";

const PINS: &str = "\
[pin.base]
image = \"docker.io/library/policy-base\"
track = \"{major}.{minor}-slim\"

[pin.source]
git = \"http://GIT/source.git\"
track = \"v{version}\"

[pin.old]
git = \"http://GIT/source.git\"
track = \"old-{version}\"

[pin.annotated]
git = \"http://GIT/annotated.git\"
track = \"v{version}\"

[pin.tool]
archive = \"http://ADDRESS/tool-{version}.tgz\"
versions = \"1.4.2\"

[pin.moved]
archive = \"http://ADDRESS/moved-{version}.tgz\"
versions = \"1.0.0\"
";

const IMAGE: &str = "\
class = \"upstream-extension\"
runtime-base = \"base\"
tag = \"{base.tag}\"
platforms = [\"linux/amd64\"]
delta = [\"nothing of use\"]
";

impl Sources {
    pub(crate) fn make() -> Self {
        let session = Session::start();
        let web = session.folder().join("web");
        fs::create_dir_all(web.join("cgi-bin")).unwrap();
        for (file, text) in [("up", ""), ("tool-1.4.2.tgz", "a tool\n"), ("tool-1.4.3.tgz", "newer\n")] {
            fs::write(web.join(file), text).unwrap();
        }
        fs::write(web.join("moved-1.0.0.tgz"), "before\n").unwrap();
        let script = format!(
            "#!/bin/sh\nGIT_PROJECT_ROOT={} GIT_HTTP_EXPORT_ALL=1 exec git http-backend\n",
            session.seen("git")
        );
        fs::write(web.join("cgi-bin/git"), script).unwrap();
        succeed(Command::new("chmod").arg("+x").arg(web.join("cgi-bin/git")).output().unwrap());
        let git = git(&session);
        let run = git.rsplit('/').next().unwrap();
        let [old_commit, commit, tag_object, other_commit] =
            make_git(&session.folder().join("git").join(run));
        let served = Served::start(&session, ADDRESS, &session.seen("web"));
        let locked = push(&session, "first", "1.88-slim");
        lock(&session);
        fs::write(web.join("moved-1.0.0.tgz"), "after\n").unwrap();
        let moved = push(&session, "second", "1.88-slim");
        push(&session, "third", "1.87-slim");
        push(&session, "fourth", "latest");
        let checksum = succeed(session.run(["sha256sum", &session.seen("web/tool-1.4.2.tgz")]));
        let checksum = checksum.split(' ').next().unwrap().to_owned();
        let locked_text = fs::read_to_string(session.folder().join("in-place/pins.lock")).unwrap();
        for content in [&locked, &commit, &tag_object, &checksum] {
            assert!(locked_text.contains(content), "{content}: {locked_text}");
        }
        Self {
            session,
            locked,
            moved,
            old_commit,
            commit,
            tag_object,
            other_commit,
            checksum,
            git,
            _served: served,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.session.folder()
    }

    pub(crate) fn seen(&self, name: &str) -> String {
        self.session.seen(name)
    }

    pub(crate) fn root(&self, mode: &str) -> PathBuf {
        self.folder().join(mode)
    }

    pub(crate) fn run<I: AsRef<str>>(&self, words: impl IntoIterator<Item = I>) -> Output {
        self.session.run(words)
    }

    /// What `emit` prints in the repository whose mode this is.
    pub(crate) fn emit(&self, mode: &str, words: &[&str]) -> String {
        self.emit_of(&self.root(mode), words)
    }

    pub(crate) fn emit_of(&self, root: &Path, words: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_solera-pin"));
        succeed(command.arg("emit").args(words).arg("-C").arg(root).output().unwrap())
    }

    /// Writes the policy of this mode; gives its name beside the engine.
    pub(crate) fn policy(&self, mode: &str) -> String {
        self.emit(mode, &["source-policy", "--output", "policy.json"]);
        self.seen(&format!("{mode}/policy.json"))
    }

    /// Builds a Dockerfile; gives what was said.
    pub(crate) fn build(
        &self,
        name: &str,
        text: &str,
        policy: Option<&str>,
        more: &[&str],
    ) -> Result<String, String> {
        let folder = self.folder().join(format!("build-{name}"));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("Dockerfile"), text).unwrap();
        let policy = policy.map(|policy| format!("EXPERIMENTAL_BUILDKIT_SOURCE_POLICY={policy}"));
        let mut words = vec!["env"];
        words.extend(policy.as_deref());
        words.extend(["docker-buildx", "build", "--progress=plain", "--no-cache", "--network=host"]);
        words.push("--output=type=cacheonly");
        words.extend(more);
        let context = self.seen(&format!("build-{name}"));
        words.push(&context);
        let ended = self.run(words);
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        if ended.status.success() { Ok(said) } else { Err(said) }
    }
}

fn succeed(ended: Output) -> String {
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8(ended.stdout).unwrap()
}

/// Pushes an image with a shell and a file that says which it is; gives its digest.
fn push(session: &Session, version: &str, tag: &str) -> String {
    let folder = session.folder().join(format!("image-{version}"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("version"), format!("{version}\n")).unwrap();
    let dockerfile = "FROM scratch\nCOPY busybox /bin/sh\nCOPY busybox /bin/cat\nCOPY version /version\n";
    fs::write(folder.join("Dockerfile"), dockerfile).unwrap();
    let seen = session.seen(&format!("image-{version}"));
    succeed(session.run(["cp", "/bin/busybox", &format!("{seen}/busybox")]));
    let (tag, metadata) =
        (format!("--tag=127.0.0.1:5000/library/policy-base:{tag}"), format!("{seen}/metadata"));
    let words = ["docker-buildx", "build", "--output=type=registry", "--metadata-file", &metadata];
    succeed(session.run([&words[..], &["--platform=linux/amd64", &tag, &seen]].concat()));
    let metadata: Value = serde_json::from_slice(&fs::read(folder.join("metadata")).unwrap()).unwrap();
    metadata["containerimage.digest"].as_str().unwrap().to_owned()
}

/// Where git repositories are served.
fn git(session: &Session) -> String {
    let run = session.folder().file_name().unwrap().to_str().unwrap().trim_start_matches('.');
    GIT.replace("ADDRESS", ADDRESS).replace("RUN", run)
}

/// Makes a git repository, a fork of it, and one whose tag is annotated; gives the commits of its tags, the
/// annotated tag, and the commit of the branch. BuildKit confuses commit and tag where it has seen both, so that no one repository has both.
fn make_git(folder: &Path) -> [String; 4] {
    let work = folder.join("work");
    fs::create_dir_all(work.join("folder")).unwrap();
    let git = |words: &[&str]| {
        let mut command = Command::new("git");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]);
        succeed(command.args(words).current_dir(&work).output().unwrap()).trim().to_owned()
    };
    let write = |text: &str| {
        for file in ["file", "folder/file"] {
            fs::write(work.join(file), format!("{text}\n")).unwrap();
        }
    };
    git(&["init", "-q", "-b", "main"]);
    write("zero");
    git(&["add", "."]);
    git(&["commit", "-qm", "zero"]);
    git(&["tag", "old-0.1.0"]);
    write("one");
    git(&["add", "."]);
    git(&["commit", "-qm", "one"]);
    git(&["tag", "v1.0.0"]);
    write("two");
    git(&["commit", "-qam", "two"]);
    for bare in ["../source.git", "../fork.git", "../annotated.git"] {
        git(&["clone", "-q", "--bare", ".", bare]);
        git(&["-C", bare, "config", "uploadpack.allowAnySHA1InWant", "true"]);
    }
    git(&["-C", "../annotated.git", "tag", "-fam", "a tag", "v1.0.0", "v1.0.0^{commit}"]);
    let tag_object = git(&["-C", "../annotated.git", "rev-parse", "v1.0.0"]);
    let old = git(&["rev-parse", "old-0.1.0"]);
    [old, git(&["rev-parse", "v1.0.0"]), tag_object, git(&["rev-parse", "main"])]
}

/// Locks what there is, for a repository in each mode.
fn lock(session: &Session) {
    let root = |mode: &str| session.folder().join(mode);
    for mode in ["in-place", "policy"] {
        let image = root(mode).join("images/app");
        fs::create_dir_all(&image).unwrap();
        let pins = PINS.replace("ADDRESS", ADDRESS).replace("GIT", &git(session))
            + &format!("\n[references]\nmode = \"{mode}\"\n");
        fs::write(root(mode).join("pins.toml"), pins).unwrap();
        fs::write(image.join("image.toml"), IMAGE).unwrap();
        fs::write(image.join("Dockerfile"), "ARG PIN_BASE\nFROM ${PIN_BASE}\nCOPY Dockerfile /\n").unwrap();
    }
    let configuration = session.folder().join("configuration.toml");
    fs::write(&configuration, "[registries.\"docker.io\"]\nmirror = \"http://127.0.0.1:5000\"\n").unwrap();
    let configuration = format!("SOLERA_PIN_CONFIG={}", configuration.display());
    let words = [configuration.as_str(), "SOLERA_PIN_CACHE=off", env!("CARGO_BIN_EXE_solera-pin"), "refresh"];
    succeed(session.near(&root("in-place"), &words));
    fs::copy(root("in-place").join("pins.lock"), root("policy").join("pins.lock")).unwrap();
}
