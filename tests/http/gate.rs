//! The gate over repositories in git: what a change may and may not do to it.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

const PINS: &str = "[pin.node]\nimage = \"docker.io/library/node\"\ntrack = \"{version}-slim\"\nplatforms = [\"linux/amd64\"]\n";
const GOOD: &str =
    "FROM node:22.1.0-slim@sha256:3333333333333333333333333333333333333333333333333333333333333333\n";
const BAD: &str = "FROM alpine:3.20\n";

fn good(tag: &str, digit: char) -> String {
    format!("FROM node:{tag}@sha256:{}\n", digit.to_string().repeat(64))
}

fn lock(tag: &str, digit: char) -> String {
    let digest = digit.to_string().repeat(64);
    format!(
        "version = 1\n\n[pin.node]\nimage = \"docker.io/library/node\"\ntag = \"{tag}\"\ndigest = \"sha256:{digest}\"\nmedia-type = \"application/vnd.oci.image.index.v1+json\"\nplatforms.\"linux/amd64\" = \"sha256:4444444444444444444444444444444444444444444444444444444444444444\"\n"
    )
}

struct Repository(tempfile::TempDir);

impl Repository {
    /// One commit with these files, besides the declarations and the lock.
    fn new(files: &[(&str, &str)]) -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        repository.git(&["init", "-q", "-b", "main"]);
        repository.put("pins.toml", PINS);
        repository.put("pins.lock", &lock("22.1.0-slim", '3'));
        for (path, text) in files {
            repository.put(path, text);
        }
        repository.commit();
        repository
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        let output = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org"])
            .args(arguments)
            .current_dir(self.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn commit(&self) {
        self.git(&["add", "-A", "-f"]);
        self.git(&["commit", "-qm", "a change"]);
    }

    /// The exit code, and the findings as `path:line rule`.
    fn verify(&self, arguments: &[&str]) -> (i32, Vec<String>) {
        let output = self.run(&[&["verify", "--format", "json"], arguments].concat());
        let code = output.status.code().unwrap();
        let document: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        let shown = |finding: &serde_json::Value| {
            let text = |key: &str| finding[key].as_str().unwrap().to_owned();
            format!("{}:{} {}", text("path"), finding["line"], text("rule"))
        };
        (code, document["findings"].as_array().unwrap().iter().map(shown).collect())
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_solera-pin"));
        command.args(arguments).current_dir(self.path()).env_clear();
        command.output().unwrap()
    }
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn only_what_is_new_fails() {
    let repository = Repository::new(&[("Dockerfile", GOOD), ("old/Dockerfile", BAD)]);
    assert_eq!(repository.verify(&[]), (1, vec!["old/Dockerfile:1 no-pin".into()]));
    assert_eq!(repository.verify(&["--base", "HEAD"]), (0, none()));
    repository.put("old/Dockerfile", &format!("# moved down\n\n{BAD}"));
    repository.put("new/Dockerfile", BAD);
    assert_eq!(repository.verify(&["--base", "main"]), (1, vec!["new/Dockerfile:1 no-pin".into()]));
    repository.commit();
    assert_eq!(repository.verify(&["--base", "HEAD~1"]), (1, vec!["new/Dockerfile:1 no-pin".into()]));
    // A second one of the same kind on the same line is new.
    repository.put("old/Dockerfile", &format!("{BAD}{BAD}"));
    assert_eq!(repository.verify(&["--base", "HEAD"]), (1, vec!["old/Dockerfile:2 no-pin".into()]));
    let output = repository.run(&["verify", "--base", "nowhere"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("a shallow clone does not have it"));
}

#[test]
fn a_change_cannot_switch_off_its_own_gate() {
    let suppressed = format!("# solera-pin: ignore[no-pin] it is fine\n{BAD}");
    for (path, text) in [
        ("pins.toml", format!("{PINS}[verify]\nrules.no-pin = \"off\"\n")),
        ("pins.toml", format!("{PINS}[verify]\nrules.no-pin = \"warning\"\n")),
        ("pins.toml", format!("{PINS}[references]\nignore = [\"**\"]\n")),
        ("pins.toml", format!("{PINS}[references]\nown = [\"*\"]\n")),
        (".gitignore", "new/\n".into()),
        ("new/.gitignore", "*\n".into()),
    ] {
        let repository = Repository::new(&[("Dockerfile", GOOD)]);
        repository.put("new/Dockerfile", BAD);
        repository.put(path, &text);
        repository.commit();
        let found = repository.verify(&["--base", "HEAD~1"]);
        assert_eq!(found, (1, vec!["new/Dockerfile:1 no-pin".into()]), "{path} {text}");
    }
    let repository = Repository::new(&[("Dockerfile", GOOD)]);
    repository.put("new/Dockerfile", &suppressed);
    assert_eq!(repository.verify(&["--base", "HEAD"]), (1, vec!["new/Dockerfile:2 no-pin".into()]));
    assert_eq!(repository.verify(&[]), (0, none()), "where there is no base, a person reads the comment");
    repository.commit();
    repository.put("new/Dockerfile", &format!("{suppressed}RUN true\n"));
    assert_eq!(repository.verify(&["--base", "HEAD"]), (0, none()), "it was there before");
    repository.put("new/Dockerfile", &suppressed.replace("alpine", "busybox"));
    assert_eq!(
        repository.verify(&["--base", "HEAD"]),
        (1, vec!["new/Dockerfile:2 no-pin".into()]),
        "over other text"
    );
}

#[test]
fn a_bump_that_no_rule_would_make_is_found() {
    for (tag, digit, found) in [
        ("22.2.0-slim", '6', none()),
        ("22.1.0-slim", '6', none()),
        ("22.0.0-slim", '6', vec!["pins.lock:5 lock-not-chosen".to_owned()]),
        ("23.0.0-slim", '6', vec!["pins.lock:5 lock-not-chosen".into()]),
    ] {
        let repository = Repository::new(&[("Dockerfile", GOOD)]);
        repository.put("pins.lock", &lock(tag, digit));
        repository.put("Dockerfile", &good(tag, digit));
        assert_eq!(repository.verify(&["--base", "HEAD"]).1, found, "{tag}");
        // What a person declares is allowed.
        repository.put("pins.toml", &PINS.replace("platforms", "allow = \"major\"\nplatforms"));
        let down = tag.starts_with("22.0");
        assert_eq!(repository.verify(&["--base", "HEAD"]).1.is_empty(), !down, "{tag}");
    }
    let immutable = format!("{PINS}immutable = true\n");
    let repository = Repository::new(&[("Dockerfile", GOOD), ("pins.toml", &immutable)]);
    repository.put("pins.lock", &lock("22.1.0-slim", '6'));
    repository.put("Dockerfile", &good("22.1.0-slim", '6'));
    assert_eq!(repository.verify(&["--base", "HEAD"]).1, ["pins.lock:6 lock-not-chosen"]);
}

#[test]
fn the_change_that_adopts_a_repository_is_not_its_own_judge_either() {
    let repository = Repository(tempfile::tempdir().unwrap());
    repository.git(&["init", "-q", "-b", "main"]);
    repository.put("old/Dockerfile", BAD);
    repository.commit();
    repository.put("pins.toml", &format!("{PINS}[references]\nmode = \"in-place\"\n"));
    repository.put("pins.lock", &lock("22.1.0-slim", '3'));
    repository.put("Dockerfile", GOOD);
    assert_eq!(repository.verify(&["--base", "HEAD"]), (0, none()));
}

#[test]
fn paths_narrow_what_is_looked_at() {
    let repository =
        Repository::new(&[("a/Dockerfile", BAD), ("b/Dockerfile", BAD), ("b/c/Dockerfile", GOOD)]);
    assert_eq!(repository.verify(&["a"]), (1, vec!["a/Dockerfile:1 no-pin".into()]));
    assert_eq!(repository.verify(&["b/c", "pins.toml"]), (0, none()));
    assert_eq!(repository.verify(&["./b/../a/Dockerfile"]).1, ["a/Dockerfile:1 no-pin"]);
    assert_eq!(repository.verify(&["."]).1.len(), 2);
    assert_eq!(repository.run(&["verify", "nowhere"]).status.code(), Some(2));
    assert_eq!(repository.run(&["verify", "/"]).status.code(), Some(2));
    // From a folder within, paths are relative to that.
    let output = repository.run(&["-C", "b", "verify", "--format", "github", "c"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn nothing_is_written_and_nobody_is_asked() {
    let repository = Repository::new(&[("a/Dockerfile", BAD), ("Dockerfile", GOOD)]);
    let state = || {
        let output = Command::new("find")
            .args([".", "-printf", "%p %T@ %s\n"])
            .current_dir(repository.path())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let before = state();
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    for arguments in [&["verify"] as &[&str], &["verify", "--base", "HEAD"], &["verify", "--explain"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_solera-pin"));
        command.args(arguments).current_dir(repository.path()).env_clear();
        command.env("HTTPS_PROXY", &url).env("HTTP_PROXY", &url).output().unwrap();
    }
    assert!(proxy.accept().is_err(), "the gate is offline");
    assert_eq!(state(), before);
}
