//! The binary and private git upstreams: they are shown what git itself would show them there, and no more.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use solera_pin::model::GitUrl;
use solera_pin::net::Settings;
use solera_pin::source::{GitSource, Kind};
use tempfile::TempDir;

use crate::support::checkout::{Checkout, Ended, Project};
use crate::support::git_http::{self, AUTHORIZATION, PASSWORD, Seen, USER, Version, git, packets};
use crate::support::serve::Server;
use crate::{client, said, settings};

/// A private server with two repositories.
pub(crate) struct Private {
    pub(crate) root: TempDir,
    pub(crate) server: Server,
    pub(crate) seen: Seen,
}

impl Private {
    pub(crate) fn new() -> Self {
        Self::for_whom(AUTHORIZATION)
    }

    pub(crate) fn for_whom(authorization: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        for name in ["a.git", "b.git"] {
            git_http::every_kind(root.path(), name);
        }
        let (server, seen) = git_http::start_seen(root.path(), Version::Two, Some(authorization));
        Self { root, server, seen }
    }

    /// Declarations of both repositories.
    pub(crate) fn pins(&self) -> String {
        pin("a", &format!("{}/a.git", self.server.url())) + &pin("b", &format!("{}/b.git", self.server.url()))
    }
}

pub(crate) fn pin(name: &str, url: &str) -> String {
    format!("[pin.{name}]\ngit = \"{url}\"\ntrack = \"{{major}}.{{minor}}.{{patch}}\"\n\n")
}

/// A credential helper that notes what it is asked for.
struct Helper(TempDir);

impl Helper {
    fn new(password: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("answer"), format!("username={USER}\npassword={password}\n")).unwrap();
        let script = "#!/bin/sh\ncd \"$(dirname \"$0\")\"\necho \"$1\" >> actions\ncat > \"asked-$1\"\n\
                      [ \"$1\" != get ] || cat answer\n";
        fs::write(folder.path().join("run"), script).unwrap();
        Self(folder)
    }

    /// For `credential.helper`.
    fn line(&self) -> String {
        format!("!sh '{}'", self.path("run").display())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn actions(&self) -> String {
        fs::read_to_string(self.path("actions")).unwrap_or_default()
    }
}

/// Says neither the password nor its header.
pub(crate) fn secretive(ended: Ended) -> Ended {
    for secret in [PASSWORD, AUTHORIZATION.trim_start_matches("Basic ")] {
        assert!(!ended.said.contains(secret), "{}", ended.said);
    }
    ended
}

fn refresh(checkout: &Checkout) -> Ended {
    secretive(checkout.run(&["refresh", "-v"]))
}

#[test]
fn helpers_are_asked_once_for_a_host_and_never_for_who_answers_without() {
    let (private, helper) = (Private::new(), Helper::new(PASSWORD));
    let open = tempfile::tempdir().unwrap();
    git_http::every_kind(open.path(), "c.git");
    let (public, seen) = git_http::start_seen(open.path(), Version::Two, None);
    let project = Project::new(&pin("c", &format!("{}/c.git", public.url())));
    project.git(&["config", "credential.helper", &helper.line()]);
    assert_eq!(refresh(&project.checkout).code, 0);
    assert_eq!((helper.actions(), seen.shown()), (String::new(), Vec::new()));

    fs::write(project.checkout.path("pins.toml"), private.pins()).unwrap();
    let ended = refresh(&project.checkout);
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert_eq!(helper.actions(), "get\nstore\n", "once for both repositories");
    assert!(private.seen.shown().iter().all(|shown| shown == AUTHORIZATION));
    let unasked = private.seen.all().iter().filter(|asked| asked.shown.is_empty()).count();
    assert_eq!(unasked, 2, "each is asked without first: {:?}", private.seen.all());

    // Where the path counts, its answer is for the repository.
    fs::remove_file(helper.path("actions")).unwrap();
    project.git(&["config", "credential.useHttpPath", "true"]);
    assert_eq!(refresh(&project.checkout).code, 0);
    assert_eq!(helper.actions().matches("get").count(), 2);
    let asked = fs::read_to_string(helper.path("asked-get")).unwrap();
    assert!(asked.contains("path=a.git") || asked.contains("path=b.git"), "{asked}");
}

#[test]
fn a_refused_credential_is_said_and_shown_once() {
    let (private, helper) = (Private::new(), Helper::new("hunter2-of-old"));
    let project = Project::new(&private.pins());
    project.git(&["config", "credential.helper", &helper.line()]);
    let ended = refresh(&project.checkout);
    assert_eq!(ended.code, 3, "{}", ended.said);
    let refused = ended.said.matches("the credential that a helper gave for it was refused").count();
    assert_eq!((refused, helper.actions().as_str()), (2, "get\nerase\n"), "{}", ended.said);
    assert_eq!(private.seen.shown().len(), 1, "an account is not locked for it");
}

#[test]
fn a_header_of_the_configuration_is_shown_at_once_and_to_its_host_alone() {
    let (private, other) = (Private::new(), Private::new());
    let project = Project::new(&(private.pins() + &pin("c", &format!("{}/a.git", other.server.url()))));
    let key = format!("http.{}/.extraheader", private.server.url());
    project.git(&["config", &key, &format!("AUTHORIZATION: {}", AUTHORIZATION.replace("Basic", "basic"))]);
    let ended = refresh(&project.checkout);
    assert_eq!(ended.code, 3, "{}", ended.said);
    assert!(ended.said.contains("the pin `c` stays as it was") && !ended.said.contains("`a` stays"));
    assert_eq!(private.seen.shown().len(), private.seen.all().len(), "no 401 was needed");
    assert_eq!(other.seen.shown(), Vec::<String>::new());
}

/// As CI leaves it: in the environment, where no file has it.
#[test]
fn what_the_environment_adds_to_the_configuration_counts() {
    let private = Private::new();
    let project = Project::new(&private.pins());
    let mut command = project.checkout.command(&["refresh", "-v"]);
    command.env("GIT_CONFIG_COUNT", "1");
    command.env("GIT_CONFIG_KEY_0", format!("http.{}/.extraheader", private.server.url()));
    command.env("GIT_CONFIG_VALUE_0", format!("Authorization: {AUTHORIZATION}"));
    let ended = secretive(Ended::of(command.output().unwrap()));
    assert_eq!(ended.code, 0, "{}", ended.said);
}

/// Outside a repository it is the user's own configuration; there, another address with a password in it too.
#[test]
fn outside_a_repository_the_users_configuration_counts() {
    let (private, helper) = (Private::new(), Helper::new(PASSWORD));
    let home = tempfile::tempdir().unwrap();
    let configured = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["config", "--global"]).args(arguments).env("HOME", home.path());
        assert!(command.env_remove("GIT_CONFIG_GLOBAL").status().unwrap().success());
    };
    let run = |declared: &str| {
        let checkout = Checkout::new(declared);
        let mut command = checkout.command(&["refresh", "-v"]);
        (secretive(Ended::of(command.env("HOME", home.path()).output().unwrap())), checkout.lock())
    };
    configured(&["credential.helper", &helper.line()]);
    let (ended, _) = run(&private.pins());
    assert_eq!((ended.code, helper.actions().as_str()), (0, "get\nstore\n"), "{}", ended.said);

    configured(&["credential.helper", ""]);
    let elsewhere = private.server.url().replace("//", &format!("//{USER}:{PASSWORD}@"));
    configured(&[&format!("url.{elsewhere}/.insteadOf"), "https://git.example/"]);
    let (ended, lock) = run(&pin("a", "https://git.example/a.git"));
    assert_eq!(ended.code, 0, "{}", ended.said);
    let lock = lock.unwrap();
    assert!(lock.contains("git = \"https://git.example/a.git\"") && !lock.contains(PASSWORD), "{lock}");
}

#[test]
fn no_person_is_asked() {
    let private = Private::new();
    let project = Project::new(&private.pins());
    let asked = project.checkout.path("asked");
    let ask = project.checkout.path("ask");
    fs::write(&ask, format!("#!/bin/sh\necho asked >> '{}'\necho me\n", asked.display())).unwrap();
    git(project.checkout.path("").as_path(), &["add", "ask"]);
    fs::set_permissions(&ask, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    project.git(&["config", "core.askPass", ask.to_str().unwrap()]);
    let mut command = project.checkout.command(&["refresh"]);
    for variable in ["GIT_ASKPASS", "SSH_ASKPASS"] {
        command.env(variable, &ask);
    }
    let ended = Ended::of(command.output().unwrap());
    assert_eq!(ended.code, 3, "{}", ended.said);
    assert!(ended.said.contains("no credential helper knows one for it"), "{}", ended.said);
    assert!(ended.said.contains("`git ls-remote` works there without a question"), "{}", ended.said);
    assert!(!asked.exists(), "{}", fs::read_to_string(asked).unwrap());
}

#[tokio::test]
async fn a_helper_that_hangs_is_given_up() {
    let private = Private::new();
    let project = Project::new("");
    project.git(&["config", "credential.helper", "!sleep 1000; :"]);
    let folder = project.checkout.path("");
    let patient = std::time::Duration::from_secs(3);
    let settings = Settings { git_folder: Some(folder), timeout: patient, ..settings() };
    let source = GitSource::new(client(settings));
    let begun = std::time::Instant::now();
    for name in ["a", "b"] {
        let url: GitUrl = format!("{}/{name}.git", private.server.url()).parse().unwrap();
        let error = source.tags(&url).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Denied);
        assert!(said(&error).contains("the credential helper did not answer within 3 s"), "{error}");
    }
    assert!(begun.elapsed() < 2 * patient, "it is not asked again");
}

/// What the lock says of the newest version, over any transport.
pub(crate) fn assert_newest(lock: &str, name: &str, repository: &Path) {
    let id = |revision: &str| git(repository, &["rev-parse", revision]);
    let (commit, object) = (id("1.2.0^{commit}"), id("refs/tags/1.2.0"));
    let table = lock.split_once(&format!("[pin.{name}]")).expect("a pin").1;
    let table = table.split("\n[").next().unwrap();
    for line in ["tag = \"1.2.0\"", &format!("commit = \"{commit}\""), &format!("tag-object = \"{object}\"")]
    {
        assert!(table.contains(line), "{line}: {table}");
    }
}

/// What was said over the wire: references were asked for with their prefix, and nothing else was.
pub(crate) fn assert_no_objects(root: &Path) {
    let said = packets(root);
    assert!(said.contains("command=ls-refs") && said.contains("ref-prefix refs/tags/"), "{said}");
    assert!(said.contains("refs/tags/1.2.0 peeled:"), "{said}");
    for never in ["command=fetch", "want ", "refs/pull/", " refs/heads/main"] {
        assert!(!said.contains(never), "{never}: {said}");
    }
}

#[test]
fn a_refresh_over_http_fetches_no_objects() {
    let root = tempfile::tempdir().unwrap();
    let repository = git_http::every_kind(root.path(), "a.git");
    let (server, seen) = git_http::start_seen(root.path(), Version::Two, None);
    let checkout = Checkout::new(&pin("a", &format!("{}/a.git", server.url())));
    for _ in 0..2 {
        let ended = refresh(&checkout);
        assert_eq!(ended.code, 0, "{}", ended.said);
        assert!(ended.said.contains("2 git"), "{}", ended.said);
        assert_newest(&checkout.lock().unwrap(), "a", &repository);
    }
    let paths: Vec<String> = seen.all().into_iter().map(|asked| asked.path).collect();
    assert_eq!(paths, ["/a.git/info/refs", "/a.git/git-upload-pack"].repeat(2));
    assert_no_objects(root.path());
    // A lightweight tag has no object of its own.
    let ended = checkout.run(&["refresh", "a", "--to", "1.0.0", "--because", "it is lightweight"]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    let lock = checkout.lock().unwrap();
    assert!(lock.contains("tag = \"1.0.0\"") && !lock.contains("tag-object"), "{lock}");
    assert_no_objects(root.path());
}
