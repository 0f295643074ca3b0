//! The binary that is told to stop while an upstream keeps it waiting.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use solera_pin::files::FolderLock;

use crate::git_login::{Private, pin as git_pin};
use crate::support::checkout::{BOTH, Checkout, Ended, Project, pin};
use crate::support::git_http::git;
use crate::support::registry::{Auth, Registry};

/// Far longer than any of this may take.
const NEVER: Duration = Duration::from_secs(3600);

/// Waits until something is so; the other side is another process, so that there is nothing to be woken by.
fn until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never came to pass: {what}");
        std::thread::yield_now();
    }
}

/// The shell's own kill: a small machine has no other.
fn signal(name: &str, id: u32) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {id}")]).status().unwrap();
    assert!(sent.success(), "{name}");
}

struct Stopped {
    status: ExitStatus,
    said: String,
    took: Duration,
}

/// Starts a command, tells it to stop once something is so, and gives how it ended.
fn stopped(mut command: Command, name: &str, once: impl Fn() -> bool) -> Stopped {
    let mut child = Running(command.spawn().unwrap());
    until("it asks", once);
    let begun = Instant::now();
    signal(name, child.0.id());
    let status = child.0.wait().unwrap();
    let mut said = String::new();
    child.0.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    child.0.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    Stopped { status, said, took: begun.elapsed() }
}

/// Ended with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = (self.0.kill(), self.0.wait());
    }
}

/// Every file of a work tree, with its bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true if path.ends_with(".git") => {}
            true => found.extend(files(&path)),
            false => found.push((path.clone(), fs::read(path).unwrap())),
        }
    }
    found.sort();
    found
}

/// A project that is locked, committed and pushed twice, and upstreams with something new that do not answer any more.
fn project() -> (Registry, Project, tempfile::TempDir) {
    let registry = Registry::start();
    let project = Project::new(&format!(
        "[defaults]\nmin-age = \"0s\"\n\n{}[propose]\nforge = \"none\"\nbase = \"main\"\nauthor = \"B <b@example.org>\"\n",
        pin(&registry, "x", "x", "{version}")
    ));
    fs::create_dir(project.checkout.path("sub")).unwrap();
    fs::write(project.checkout.path("sub/Dockerfile"), format!("FROM {}/x:1.0.0\n", registry.host()))
        .unwrap();
    project.git(&["checkout", "-q", "-b", "main"]);
    for version in ["1.0.0", "1.0.1"] {
        registry.push_index("x", version, BOTH);
        let ended = project.checkout.run(&["refresh"]);
        assert_eq!(ended.code, 0, "{}", ended.said);
        project.git(&["add", "."]);
        project.git(&["commit", "-q", "-m", version]);
    }
    let remote = tempfile::tempdir().unwrap();
    git(remote.path(), &["init", "-q", "--bare", "-b", "main"]);
    project.git(&["remote", "add", "origin", remote.path().to_str().unwrap()]);
    project.git(&["push", "-q", "origin", "main"]);
    registry.push_index("x", "1.0.2", BOTH);
    registry.set_latency(NEVER);
    (registry, project, remote)
}

#[test]
fn every_command_that_asks_stops_at_once_and_leaves_all_as_it_was() {
    let (registry, project, remote) = project();
    let added = format!("{}/y:1.0.0", registry.host());
    let commands: &[(&[&str], &str)] = &[
        (&["refresh"], "nothing was written; pins.lock and the files are as they were"),
        (&["refresh", "-q"], "nothing was written"),
        (&["refresh", "--check"], "nothing was written"),
        (&["refresh", "--observe"], "nothing was written"),
        (&["refresh", "--commit"], "no commit was made"),
        (&["refresh", "--propose"], "what was pushed or opened by then stays"),
        (&["add", "y", &added], "nothing was declared"),
        (&["status"], "nothing was written"),
        (&["explain", "x"], "nothing was written"),
        (&["verify", "--upstream"], "nothing was written"),
        (&["diff", "--upstream", "HEAD~1..HEAD"], "nothing was written"),
    ];
    let folder = project.checkout.path("");
    let (before, refs) = (files(&folder), project.git(&["for-each-ref"]));
    for (arguments, left) in commands {
        let asked = registry.requests().len();
        let command = project.checkout.command(arguments);
        let stopped = stopped(command, "INT", || registry.requests().len() > asked);
        let said = &stopped.said;
        assert_eq!(stopped.status.code(), Some(130), "{arguments:?}: {said}");
        assert!(stopped.took < Duration::from_secs(10), "{arguments:?}: {:?}", stopped.took);
        assert!(said.starts_with("stopped by SIGINT: ") && said.contains(left), "{arguments:?}: {said}");
        assert_eq!(said.lines().count(), 1, "{arguments:?}: {said}");
        assert!(files(&folder) == before, "{arguments:?}");
        drop(FolderLock::acquire(&folder).expect("the folder is free again"));
        assert_eq!(project.git(&["for-each-ref"]), refs, "{arguments:?}");
        assert_eq!(project.git(&["status", "--porcelain"]), "", "{arguments:?}");
        assert_eq!(git(remote.path(), &["for-each-ref", "refs/heads/solera-pin"]), "");
    }
    let asked = registry.requests().len();
    let command = project.checkout.command(&["refresh"]);
    let stopped = stopped(command, "TERM", || registry.requests().len() > asked);
    assert_eq!(stopped.status.code(), Some(143), "{}", stopped.said);
    assert!(stopped.said.starts_with("stopped by SIGTERM: "), "{}", stopped.said);
    // The next run does what this one did not.
    registry.set_latency(Duration::ZERO);
    let ended = project.checkout.run(&["refresh"]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert!(project.lock().contains("1.0.2"));
}

/// Whatever it was doing: what it says is so.
#[test]
fn at_any_moment_all_is_old_or_all_is_new() {
    let (registry, project, _remote) = project();
    registry.set_latency(Duration::from_millis(5));
    let folder = project.checkout.path("");
    for number in 0..20 {
        fs::write(
            folder.join(format!("sub/{number}.Dockerfile")),
            format!("FROM {}/x:1.0.1\n", registry.host()),
        )
        .unwrap();
    }
    let ended = project.checkout.run(&["refresh", "--to", "1.0.1", "x"]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    project.git(&["add", "."]);
    project.git(&["commit", "-q", "-m", "more"]);
    let (begin, seen) =
        (project.git(&["rev-parse", "HEAD"]), project.git(&["rev-parse", "refs/solera-pin/journal"]));
    let old = files(&folder);
    let reset = || {
        project.git(&["reset", "-q", "--hard", begin.trim()]);
        project.git(&["clean", "-fdq"]);
        project.git(&["update-ref", "refs/solera-pin/journal", seen.trim()]);
    };
    for arguments in [&["refresh"][..], &["refresh", "--commit"]] {
        reset();
        let begun = Instant::now();
        let ended = project.checkout.run(arguments);
        assert_eq!(ended.code, 0, "{}", ended.said);
        let (lasts, new) = (begun.elapsed(), files(&folder));
        assert!(new != old);
        for moment in 0..12 {
            reset();
            let mut child = Running(project.checkout.start(arguments));
            // Nothing is ever sent: this is a clock.
            let (_sender, clock) = std::sync::mpsc::channel::<()>();
            let _ = clock.recv_timeout(lasts * moment / 11);
            signal("INT", child.0.id());
            let status = child.0.wait().unwrap();
            let is_new = match (status.code(), status.signal()) {
                (Some(0), _) => true,
                // Before it could hear it, it had not begun.
                (Some(130), _) | (None, Some(2)) => false,
                _ => panic!("{arguments:?} at {moment}: {status}"),
            };
            assert!(
                files(&folder) == if is_new { new.clone() } else { old.clone() },
                "{arguments:?} at {moment}: {status}"
            );
            let moved = project.git(&["rev-parse", "HEAD"]) != begin;
            assert_eq!(moved, is_new && arguments.len() == 2, "{arguments:?} at {moment}: {status}");
        }
    }
}

#[test]
fn an_adoption_that_is_stopped_leaves_nothing() {
    let registry = Registry::start();
    registry.push_index("x", "1.0.0", BOTH);
    registry.set_latency(NEVER);
    let checkout = Checkout::new("");
    fs::remove_file(checkout.path("pins.toml")).unwrap();
    fs::write(checkout.path("Dockerfile"), format!("FROM {}/x:1.0.0\n", registry.host())).unwrap();
    let before = files(&checkout.path(""));
    for arguments in [&["init", "--ci", "github"][..], &["init", "--dry-run"]] {
        let asked = registry.requests().len();
        let stopped = stopped(checkout.command(arguments), "INT", || registry.requests().len() > asked);
        assert_eq!(stopped.status.code(), Some(130), "{}", stopped.said);
        assert!(stopped.said.contains("nothing was declared, and nothing was written"), "{}", stopped.said);
        assert!(files(&checkout.path("")) == before);
    }
}

/// A script that notes its number and that of a child of its, and waits for that.
fn waiting(folder: &Path, name: &str) -> PathBuf {
    let script = folder.join(name);
    let text = format!("#!/bin/sh\nsleep 1000 &\necho $$ $! > '{}'\nwait\n", folder.join("ids").display());
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    script
}

fn ids(folder: &Path) -> Vec<u32> {
    let text = fs::read_to_string(folder.join("ids")).unwrap_or_default();
    text.split_whitespace().map(|id| id.parse().unwrap()).collect()
}

/// A process that has ended, and that nobody waits for, is one no more.
fn is_running(id: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Stops a command whose child waits, and sees that child and grandchild end.
fn ends_its_children(command: Command, folder: &Path, how_many: usize) {
    let stopped = stopped(command, "TERM", || ids(folder).len() == 2);
    assert_eq!(stopped.status.code(), Some(143), "{}", stopped.said);
    let all = ids(folder);
    let (theirs, others) = all.split_at(how_many);
    for id in theirs {
        until("the children end", || !is_running(*id));
    }
    for id in others {
        signal("KILL", *id);
    }
}

#[test]
fn ssh_and_helpers_end_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let project = Project::new(&git_pin("a", "ssh://git@h.example/a.git"));
    let mut command = project.checkout.command(&["refresh"]);
    let ssh = waiting(folder.path(), "ssh");
    command.env("GIT_SSH_COMMAND", format!("'{}'", ssh.display()));
    ends_its_children(command, folder.path(), 2);

    let (folder, private) = (tempfile::tempdir().unwrap(), Private::new());
    let project = Project::new(&private.pins());
    let helper = waiting(folder.path(), "helper");
    project.git(&["config", "credential.helper", &format!("!'{}'", helper.display())]);
    ends_its_children(project.checkout.command(&["refresh"]), folder.path(), 2);
}

/// A library runs it, so that only the child itself is known.
#[test]
fn a_registrys_helper_ends_with_it() {
    let (folder, registry) = (tempfile::tempdir().unwrap(), Registry::start());
    registry.set_auth(Auth::Basic("u".into(), "p".into()));
    registry.push_index("x", "1.0.0", BOTH);
    waiting(folder.path(), "docker-credential-waiting");
    fs::write(folder.path().join("config.json"), "{\"credsStore\": \"waiting\"}").unwrap();
    let checkout = Checkout::new(&pin(&registry, "x", "x", "{version}"));
    let mut command = checkout.command(&["refresh"]);
    command.env("DOCKER_CONFIG", folder.path());
    command.env("PATH", format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap()));
    ends_its_children(command, folder.path(), 1);
}

#[test]
fn told_twice_it_ends_whatever_it_does() {
    let (registry, project, _remote) = project();
    registry.set_latency(Duration::ZERO);
    let tools = tempfile::tempdir().unwrap();
    let key = waiting(tools.path(), "ssh-keygen");
    let declared = fs::read_to_string(project.checkout.path("pins.toml")).unwrap();
    fs::write(project.checkout.path("pins.toml"), format!("{declared}sign = \"ssh:{}\"\n", key.display()))
        .unwrap();
    project.git(&["commit", "-qam", "sign"]);
    let before = files(&project.checkout.path(""));
    let mut command = project.checkout.command(&["refresh", "--commit"]);
    command.env("PATH", format!("{}:{}", tools.path().display(), std::env::var("PATH").unwrap()));
    let mut child = Running(command.spawn().unwrap());
    until("it signs", || ids(tools.path()).len() == 2);
    let begun = Instant::now();
    let status = loop {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not end");
        signal("INT", child.0.id());
        if let Some(status) = child.0.try_wait().unwrap() {
            break status;
        }
    };
    for id in ids(tools.path()) {
        signal("KILL", id);
    }
    assert_eq!(status.code(), Some(130));
    assert!(files(&project.checkout.path("")) == before);
}

#[test]
fn who_asks_nobody_ends_as_any_program() {
    let checkout = Checkout::new("");
    let mut command = checkout.command(&["next", "1.0.0"]);
    command.stdin(Stdio::piped());
    let mut child = Running(command.spawn().unwrap());
    // Not SIGINT: who starts the tests in the background has it ignored, and so do their children.
    signal("TERM", child.0.id());
    let status = child.0.wait().unwrap();
    assert_eq!((status.code(), status.signal()), (None, Some(15)));
    // Nor is one that ends by itself any other than before.
    assert_eq!(Ended::of(checkout.command(&["refresh"]).output().unwrap()).code, 0);
}
