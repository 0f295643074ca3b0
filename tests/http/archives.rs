//! Archives: versions from tags, files from a server, and all that can be wrong with either.

use std::fs;
use std::path::PathBuf;

use solera_pin::model::{Algorithm, Digest};

use crate::support::checkout::{Ended, Project};
use crate::support::files::{File, FileServer};
use crate::support::git_http::git;

/// A tool with releases: its tags in a git repository, its files on a server.
pub(crate) struct Tool {
    pub(crate) server: FileServer,
    pub(crate) project: Project,
    tags: tempfile::TempDir,
}

const BOTH: &str = "architectures = { amd64 = \"x86_64\", arm64 = \"arm64\" }\n";

impl Tool {
    /// Declared with `{arch}` and these lines besides.
    pub(crate) fn new(lines: &str) -> Self {
        Self::at("/v{version}/tool-{arch}.tgz", &format!("{BOTH}{lines}"))
    }

    pub(crate) fn at(path: &str, lines: &str) -> Self {
        let (server, tags) = (FileServer::start(), tempfile::tempdir().unwrap());
        git(tags.path(), &["init", "-q"]);
        let url = server.url();
        let text = format!(
            "[pin.tool]\narchive = \"{url}{path}\"\nversions = {{ git = \"{}\", track = \"v{{version}}\" }}\n{lines}",
            tags.path().display()
        );
        let project = Project::new(&text.replace("SERVER", &url));
        Self { server, project, tags }
    }

    pub(crate) fn declared(&self) -> PathBuf {
        self.project.checkout.path("pins.toml")
    }

    pub(crate) fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.declared()).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(self.declared(), text.replace(from, to)).unwrap();
    }

    /// Tags a version, whose commit is new.
    pub(crate) fn tag(&self, version: &str) {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let commit = ["commit", "-q", "--allow-empty", "-m", version];
        git(self.tags.path(), &[&identity[..], &commit[..]].concat());
        git(self.tags.path(), &["tag", "-f", &format!("v{version}")]);
    }

    pub(crate) fn release(&self, version: &str) {
        self.tag(version);
        for word in ["x86_64", "arm64"] {
            self.server.put(&path(version, word), body(version, word));
        }
    }

    pub(crate) fn refresh(&self, day: u32, arguments: &[&str]) -> Ended {
        self.project.at(day, 6, &[&["refresh", "-q"], arguments].concat())
    }

    /// Refreshes, which must go well.
    pub(crate) fn locks(&self, day: u32) -> String {
        let ended = self.project.at(day, 6, &["refresh"]);
        assert_eq!(ended.code, 0, "{}", ended.said);
        self.project.lock()
    }

    /// Refreshes, which must fail so and leave the lock as it is.
    pub(crate) fn fails(&self, day: u32, code: i32, says: &str) -> String {
        let lock = self.project.checkout.lock();
        let ended = self.project.at(day, 6, &["refresh"]);
        assert_eq!(ended.code, code, "{}", ended.said);
        assert!(ended.said.contains(says), "{}", ended.said);
        assert_eq!(self.project.checkout.lock(), lock);
        ended.said
    }
}

pub(crate) fn path(version: &str, word: &str) -> String {
    format!("/v{version}/tool-{word}.tgz")
}

pub(crate) fn body(version: &str, word: &str) -> Vec<u8> {
    format!("{version} for {word}\n").repeat(10_000).into_bytes()
}

pub(crate) fn hex(version: &str, word: &str) -> String {
    Digest::sha256(&body(version, word)).hex().to_owned()
}

#[test]
fn the_newest_version_is_locked_with_the_digest_of_every_file() {
    let tool = Tool::new("");
    tool.release("1.4.1");
    tool.release("1.4.2");
    tool.tag("2.0.0-rc1");
    let lock = tool.locks(1);
    let size = body("1.4.2", "x86_64").len();
    let expected = format!(
        "version = \"1.4.2\"\nfiles.amd64 = {{ sha256 = \"{}\", size = {size}, arch = \"x86_64\" }}\nfiles.arm64 = {{ \
         sha256 = \"{}\", size = {} }}\n",
        hex("1.4.2", "x86_64"),
        hex("1.4.2", "arm64"),
        body("1.4.2", "arm64").len()
    );
    assert!(lock.contains(&expected), "{lock}");
    assert_eq!(tool.server.asked(), ["GET /v1.4.2/tool-arm64.tgz", "GET /v1.4.2/tool-x86_64.tgz"]);
    // Nothing has changed: one HEAD for each file.
    assert_eq!(tool.locks(2), lock);
    assert_eq!(tool.server.asked(), ["HEAD /v1.4.2/tool-arm64.tgz", "HEAD /v1.4.2/tool-x86_64.tgz"]);
}

#[test]
fn one_file_for_all_architectures_and_a_version_that_is_declared() {
    let tool = Tool::at("/tool-{version}.tgz", "");
    tool.edit("versions = { git", "hold = \"no\"\nversions = { git");
    let text = fs::read_to_string(tool.declared()).unwrap();
    let (before, _) = text.split_once("hold").unwrap();
    fs::write(tool.declared(), format!("{before}versions = \"1.0\"\n")).unwrap();
    tool.server.put("/tool-1.0.tgz", "one");
    let lock = tool.locks(1);
    let digest = Digest::sha256(b"one");
    assert!(
        lock.contains(&format!("version = \"1.0\"\nsha256 = \"{}\"\nsize = 3\n", digest.hex())),
        "{lock}"
    );
    // Another version is an edit, and takes effect at once.
    tool.edit("\"1.0\"", "\"1.1\"");
    tool.fails(1, 3, "has no file at");
    tool.server.put("/tool-1.1.tgz", "two");
    assert!(tool.locks(1).contains("version = \"1.1\""));
}

#[test]
fn a_newer_version_is_taken_when_it_is_old_enough_and_all_of_it_is_there() {
    let tool = Tool::new("");
    tool.release("1.0.0");
    let first = tool.locks(1);
    tool.release("1.0.1");
    tool.server.asked();
    assert_eq!(tool.locks(2), first, "its age is not known yet");
    assert!(
        tool.server.asked().iter().all(|asked| asked.starts_with("HEAD /v1.0.0")),
        "its age costs nothing"
    );
    tool.server.remove(&path("1.0.1", "arm64"));
    assert_eq!(tool.locks(6), first, "a file is missing");
    let explained = tool.project.at(6, 6, &["explain", "tool"]);
    assert!(explained.said.contains("has no file at"), "{}", explained.said);
    tool.server.put(&path("1.0.1", "arm64"), body("1.0.1", "arm64"));
    assert!(tool.locks(6).contains("version = \"1.0.1\""));
}

#[test]
fn a_file_that_changed_is_an_alarm_until_it_is_accepted() {
    let tool = Tool::new("");
    tool.release("1.0.0");
    tool.locks(1);
    tool.release("1.1.0");
    tool.locks(1);
    tool.server.put(&path("1.0.0", "x86_64"), "something else");
    for day in [5, 6] {
        let said = tool.fails(day, 4, "the immutable tag 1.0.0 (amd64) moved from sha256:");
        assert!(said.contains("refresh tool --accept"), "{said}");
    }
    let accepted = tool.refresh(6, &["tool", "--accept"]);
    assert_eq!(accepted.code, 0, "{}", accepted.said);
    assert!(tool.project.lock().contains(Digest::sha256(b"something else").hex()), "{}", accepted.said);
    assert!(tool.locks(6).contains("version = \"1.1.0\""));
}

#[test]
fn a_file_of_the_same_size_is_found_out_by_its_entity_tag() {
    let tool = Tool::new("");
    tool.release("1.0.0");
    let cached = |arguments: &[&str]| {
        let mut command = tool.project.checkout.command(arguments);
        let folder = tool.tags.path().join("cache");
        Ended::of(
            command
                .env("SOLERA_PIN_CACHE", folder)
                .env("SOLERA_PIN_NOW", "2026-05-01T00:00:00Z")
                .output()
                .unwrap(),
        )
    };
    assert_eq!(cached(&["refresh"]).code, 0);
    let lock = tool.project.lock();
    let mut other = body("1.0.0", "arm64");
    other[0] = b'x';
    tool.server.put(&path("1.0.0", "arm64"), other);
    tool.server.asked();
    let ended = cached(&["refresh"]);
    assert_eq!(ended.code, 4, "{}", ended.said);
    assert_eq!(tool.project.lock(), lock);
    let expected =
        ["GET /v1.0.0/tool-arm64.tgz if", "HEAD /v1.0.0/tool-arm64.tgz", "HEAD /v1.0.0/tool-x86_64.tgz"];
    assert_eq!(tool.server.asked(), expected);
    // It is what it was when it was read last: it is not sent again.
    let again = cached(&["refresh"]);
    assert_eq!(again.code, 4, "{}", again.said);
    tool.server.put(&path("1.0.0", "arm64"), body("1.0.0", "arm64"));
    assert_eq!(cached(&["refresh"]).code, 0);
}

#[test]
fn what_was_read_before_is_not_sent_again() {
    let tool = Tool::new("");
    tool.release("1.0.0");
    let folder = tool.tags.path().join("cache");
    let cached = |arguments: &[&str]| {
        let mut command = tool.project.checkout.command(arguments);
        Ended::of(command.env("SOLERA_PIN_CACHE", &folder).output().unwrap())
    };
    assert_eq!(cached(&["refresh", "--check"]).code, 1);
    tool.server.asked();
    assert_eq!(cached(&["refresh"]).code, 0);
    assert_eq!(tool.server.asked(), ["GET /v1.0.0/tool-arm64.tgz if", "GET /v1.0.0/tool-x86_64.tgz if"]);
    assert!(tool.project.lock().contains(&hex("1.0.0", "arm64")));
    // One that is damaged is asked for again.
    let kept = folder.join("archives/sha256").join(hex("1.0.0", "arm64"));
    fs::write(&kept, "damaged").unwrap();
    fs::remove_file(tool.project.checkout.path("pins.lock")).unwrap();
    let ended = cached(&["refresh"]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert!(tool.project.lock().contains(&hex("1.0.0", "arm64")));
    assert!(tool.server.asked().contains(&"GET /v1.0.0/tool-arm64.tgz".to_owned()));
}

#[test]
fn a_server_that_does_not_answer_head_is_asked_for_all() {
    for status in [405, 403, 501] {
        let tool = Tool::at("/tool-{version}.tgz", "");
        tool.tag("1.0.0");
        let file = File { body: "one".into(), head: Some(status), ..File::default() };
        tool.server.set("/tool-1.0.0.tgz", file.clone());
        let lock = tool.locks(1);
        assert_eq!(tool.locks(2), lock);
        assert_eq!(
            tool.server.asked(),
            ["GET /tool-1.0.0.tgz", "GET /tool-1.0.0.tgz", "HEAD /tool-1.0.0.tgz"]
        );
        tool.server.set("/tool-1.0.0.tgz", File { body: "two".into(), ..file });
        tool.fails(2, 4, "the immutable tag 1.0.0 moved");
    }
}

#[test]
fn a_locked_file_that_is_gone_is_an_alarm_where_nothing_newer_replaces_it() {
    let tool = Tool::new("");
    tool.release("1.0.0");
    let lock = tool.locks(1);
    tool.server.remove(&path("1.0.0", "arm64"));
    let said = tool.fails(2, 4, "the locked tag 1.0.0 is gone from");
    assert!(said.contains("--accept"), "{said}");
    let accepted = tool.refresh(2, &["tool", "--accept"]);
    assert_eq!(accepted.code, 0, "{}", accepted.said);
    assert_eq!(tool.locks(2), lock);
    tool.release("1.0.1");
    tool.locks(3);
    assert!(tool.locks(7).contains("version = \"1.0.1\""));
}

#[test]
fn a_tag_that_moved_or_went_away_is_an_alarm() {
    let tool = Tool::new("");
    tool.release("1.0.0");
    let lock = tool.locks(1);
    tool.tag("1.0.0");
    for day in [2, 3] {
        tool.fails(day, 4, "the immutable tag of 1.0.0 moved from");
    }
    assert_eq!(tool.refresh(3, &["tool", "--accept"]).code, 0);
    assert_eq!(tool.locks(4), lock);
    git(tool.tags.path(), &["tag", "-d", "v1.0.0"]);
    tool.fails(5, 4, "the locked tag 1.0.0 is gone from");
}

#[test]
fn where_files_may_change_the_digest_moves() {
    let tool = Tool::at("/tool-{version}.tgz", "immutable = false\nmin-age = \"0s\"\n");
    tool.tag("1.0.0");
    tool.server.put("/tool-1.0.0.tgz", "one");
    tool.locks(1);
    tool.server.put("/tool-1.0.0.tgz", "other");
    assert!(tool.locks(2).contains(Digest::sha256(b"other").hex()));
}

#[test]
fn holds_wishes_and_majors_are_as_for_others() {
    let tool = Tool::new("min-age = \"0s\"\n");
    tool.release("1.0.0");
    tool.release("2.0.0");
    let said = tool.fails(1, 2, "several majors");
    assert!(said.contains("refresh tool --to 1.0.0"), "{said}");
    assert_eq!(tool.refresh(1, &["tool", "--to", "1.0.0"]).code, 0);
    let lock = tool.locks(1);
    assert!(lock.contains("version = \"1.0.0\""), "a major step is not taken: {lock}");
    tool.release("1.1.0");
    tool.edit("min-age", "hold = \"the freeze\"\nmin-age");
    let held = tool.project.at(1, 6, &["refresh"]);
    assert!(held.code == 0 && held.said.contains("held: the freeze"), "{}", held.said);
    assert_eq!(tool.project.lock(), lock);
    tool.edit("hold = \"the freeze\"\n", "");
    assert!(tool.locks(1).contains("version = \"1.1.0\""));
    let refused = tool.refresh(1, &["tool", "--to", "1.0.0"]);
    assert_eq!(refused.code, 2, "{}", refused.said);
    assert_eq!(tool.refresh(1, &["tool", "--to", "1.0.0", "--because", "1.1 is broken"]).code, 0);
    assert_eq!(tool.project.lock(), lock);
}

#[test]
fn an_architecture_that_is_declared_since_is_added_and_the_others_stay_what_they_are() {
    let tool = Tool::new("");
    tool.edit(", arm64 = \"arm64\"", "");
    tool.release("1.0.0");
    assert!(!tool.locks(1).contains("arm64"));
    tool.edit("\"x86_64\" }", "\"x86_64\", arm64 = \"arm64\" }");
    assert!(tool.locks(1).contains(&hex("1.0.0", "arm64")));
    // Spelled in another way it is another file.
    tool.server.put(&path("1.0.0", "aarch64"), body("1.0.0", "arm64"));
    tool.edit("arm64 = \"arm64\"", "arm64 = \"aarch64\"");
    assert!(tool.locks(1).contains("arch = \"aarch64\""));
    tool.server.put(&path("1.0.0", "aarch64"), "other");
    tool.edit("amd64 = \"x86_64\", ", "");
    tool.fails(1, 4, "the immutable tag 1.0.0 (arm64) moved");
}

#[test]
fn what_is_not_the_file_is_not_locked() {
    let html = vec![("content-type".to_owned(), "text/html; charset=utf-8".to_owned())];
    for (file, says) in [
        (File { body: "<html>log in</html>".into(), headers: html, ..File::default() }, "a page for people"),
        (
            File { body: vec![7; 100_000].into(), cut: Some(70_000), ..File::default() },
            "broke off its answer: ",
        ),
        (
            File {
                body: vec![7; 100_000].into(),
                announced: Some(5 << 30),
                cut: Some(70_000),
                ..File::default()
            },
            "sent more than 4294967296 bytes",
        ),
        (File::default(), "it is empty"),
        (File { status: Some(403), ..File::default() }, "answered 403"),
        (File { status: Some(418), ..File::default() }, "answered 418"),
    ] {
        let tool = Tool::at("/tool-{version}.tgz", "");
        tool.tag("1.0.0");
        tool.server.set("/tool-1.0.0.tgz", file);
        tool.fails(1, 3, says);
    }
}

#[test]
fn a_redirect_to_another_host_is_followed() {
    let (tool, elsewhere) = (Tool::at("/tool-{version}.tgz", ""), FileServer::start());
    tool.tag("1.0.0");
    tool.server.redirect("/tool-1.0.0.tgz", &format!("{}/blob?key=secret", elsewhere.url()));
    elsewhere.put("/blob", "one");
    let lock = tool.locks(1);
    assert!(lock.contains(Digest::sha256(b"one").hex()));
    assert_eq!(tool.locks(2), lock);
    assert_eq!(elsewhere.asked(), ["GET /blob", "HEAD /blob"]);
    elsewhere.put("/blob", "other");
    assert!(!tool.fails(3, 4, "moved").contains("secret"));
}

#[test]
fn published_checksums_are_held_against_what_came() {
    let content = body("1.0.0", "x86_64");
    let (short, long) = (Digest::sha256(&content), Digest::of(Algorithm::Sha512, &content));
    let (short, long) = (short.hex().to_owned(), long.hex().to_owned());
    let wrong = "0".repeat(64);
    for (list, says) in [
        (format!("{wrong}  other\n{short}  tool-1.0.0.tgz\n"), None),
        (format!("{short} *./dist/tool-1.0.0.tgz\n"), None),
        (format!("SHA256 (tool-1.0.0.tgz) = {short}\n"), None),
        (format!("SHA512 (tool-1.0.0.tgz) = {long}\n"), None),
        (format!("sha256:{short}  tool-1.0.0.tgz\n"), None),
        (short.clone(), None),
        (format!("{short}  tool-1.0.0.tgz\n{long}  tool-1.0.0.tgz\n"), None),
        (format!("{wrong}  tool-1.0.0.tgz\n"), Some("the published checksum is sha256:0000")),
        (format!("{}  tool-1.0.0.tgz\n", "0".repeat(128)), Some("the published checksum is sha512:0000")),
        (format!("{short}  tool-1.0.0.tgz\n{}  tool-1.0.0.tgz\n", "0".repeat(128)), Some("sha512:0000")),
        (format!("{short}  tool-1.0.0.tgz\n{wrong}  tool-1.0.0.tgz\n"), Some("they differ")),
        (format!("{short}  other\n"), Some("no SHA-256 or SHA-512 of tool-1.0.0.tgz")),
    ] {
        let tool = Tool::at("/tool-{version}.tgz", "checksums = \"SERVER/{version}/SUMS\"\n");
        tool.tag("1.0.0");
        tool.server.put("/tool-1.0.0.tgz", content.clone());
        tool.server.put("/1.0.0/SUMS", list);
        match says {
            None => assert!(tool.locks(1).contains(&short)),
            Some(says) => drop(tool.fails(1, 4, says)),
        }
    }
    let tool = Tool::at("/tool-{version}.tgz", "checksums = \"SERVER/{version}/SUMS\"\n");
    tool.tag("1.0.0");
    tool.server.put("/tool-1.0.0.tgz", content);
    tool.fails(1, 3, "has no file at");
    tool.server.put("/1.0.0/SUMS", vec![b'x'; 5 << 20]);
    tool.fails(1, 3, "sent more than 4194304 bytes");
}

/// A file of `tests/archives`.
pub(crate) fn made(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/archives");
    fs::read(folder.join(name)).unwrap()
}

/// A tool whose file is the one that was signed, with a keyring and a file of each name.
pub(crate) fn signed(lines: &str, keyring: &str, files: &[(&str, &str)]) -> Tool {
    let tool = Tool::at("/tool-{version}.tgz", &format!("signed-by = \"keys/tool.gpg\"\n{lines}"));
    tool.tag("1.0.0");
    tool.server.put("/tool-1.0.0.tgz", "a tool\n".repeat(30_000).into_bytes()[..200_000].to_vec());
    fs::create_dir(tool.project.checkout.path("keys")).unwrap();
    fs::write(tool.project.checkout.path("keys/tool.gpg"), made(keyring)).unwrap();
    for (path, name) in files {
        tool.server.put(path, made(name));
    }
    tool
}

pub(crate) const DETACHED: &str = "signature = \"SERVER/tool-{version}.tgz.sig\"\n";
const SUMS: &str = "checksums = \"SERVER/SUMS\"\n";
const SUMS_SIGNED: &str = "checksums = \"SERVER/SUMS\"\nchecksums-signature = \"SERVER/SUMS.asc\"\n";

#[test]
fn signatures_are_checked_against_the_keyring_that_is_declared() {
    let foreign = Some("signed only by keys that are not in the keyring");
    let detached = |name| vec![("/tool-1.0.0.tgz.sig", name)];
    let beside = |name| vec![("/SUMS", "SUMS"), ("/SUMS.asc", name)];
    for (lines, keyring, files, says) in [
        (DETACHED, "good.gpg", detached("tool.good.sig"), None),
        (DETACHED, "good.gpg", detached("tool.other.sig"), foreign),
        (DETACHED, "other.gpg", detached("tool.good.sig"), foreign),
        (DETACHED, "lapsed.gpg", detached("tool.lapsed.sig"), Some("which had expired on")),
        (DETACHED, "good.gpg", detached("SUMS.good.asc"), Some("it was altered after it was signed")),
        (DETACHED, "good.gpg", detached("SUMS"), Some("cannot trust")),
        (DETACHED, "good.gpg", vec![], Some("its signature is not there")),
        (SUMS_SIGNED, "good.gpg", beside("SUMS.good.asc"), None),
        (SUMS_SIGNED, "good.gpg", beside("SUMS.other.asc"), foreign),
        (SUMS_SIGNED, "lapsed.gpg", beside("SUMS.lapsed.asc"), Some("which had expired on")),
        (SUMS_SIGNED, "good.gpg", beside("tool.good.sig"), Some("it was altered after it was signed")),
        (SUMS_SIGNED, "good.gpg", vec![("/SUMS", "SUMS")], Some("its signature is not there")),
        (SUMS, "good.gpg", vec![("/SUMS", "SUMS.good.clear")], None),
        (SUMS, "good.gpg", vec![("/SUMS", "SUMS.other.clear")], foreign),
        (SUMS, "lapsed.gpg", vec![("/SUMS", "SUMS.lapsed.clear")], Some("which had expired on")),
        (SUMS, "good.gpg", vec![("/SUMS", "SUMS")], Some("it has no signature in it")),
        (DETACHED, "SUMS", detached("tool.good.sig"), Some("keys/tool.gpg")),
    ] {
        let tool = signed(lines, keyring, &files);
        match says {
            None => drop(tool.locks(1)),
            Some(says) => {
                let code = if keyring == "SUMS" { 2 } else { 4 };
                tool.fails(1, code, says);
            }
        }
    }
}

#[test]
fn what_is_wrong_with_a_new_version_leaves_the_old_one_locked() {
    let tool = signed(DETACHED, "good.gpg", &[("/tool-1.0.0.tgz.sig", "tool.good.sig")]);
    tool.locks(1);
    tool.tag("1.0.1");
    tool.server.put("/tool-1.0.1.tgz", "an evil tool");
    tool.server.put("/tool-1.0.1.tgz.sig", made("tool.good.sig"));
    tool.locks(1);
    let said = tool.fails(6, 4, "it was altered after it was signed");
    assert!(said.contains("ignore = [\"1.0.1\"]"), "{said}");
    // The next version has its age all the same.
    tool.tag("1.0.2");
    tool.server.put("/tool-1.0.2.tgz", "a tool\n".repeat(30_000).into_bytes()[..200_000].to_vec());
    tool.server.put("/tool-1.0.2.tgz.sig", made("tool.good.sig"));
    tool.fails(7, 4, "it was altered");
    assert!(tool.locks(11).contains("version = \"1.0.2\""));
}

#[test]
fn a_tag_whose_release_is_not_there_yet_is_passed_over() {
    let sums = (SUMS, vec![("/SUMS", "SUMS.good.clear")]);
    let beside = (SUMS_SIGNED.to_owned() + DETACHED, vec![("/SUMS", "SUMS"), ("/SUMS.asc", "SUMS.good.asc")]);
    let each = (
        "checksums = \"SERVER/{version}/SUMS\"\nchecksums-signature = \"SERVER/{version}/SUMS.asc\"\n",
        vec![
            ("/1.0.0/SUMS", "SUMS"),
            ("/1.0.0/SUMS.asc", "SUMS.good.asc"),
            // The list came before its signature.
            ("/1.0.1/SUMS", "SUMS"),
        ],
    );
    let alone = (DETACHED, vec![]);
    for (lines, mut files) in
        [(sums.0.to_owned(), sums.1), beside, (each.0.to_owned(), each.1), (alone.0.to_owned(), alone.1)]
    {
        if lines.contains("signature = \"SERVER/tool-") {
            files.push(("/tool-1.0.0.tgz.sig", "tool.good.sig"));
        }
        let tool = signed(&format!("{lines}min-age = \"0s\"\n"), "good.gpg", &files);
        let lock = tool.locks(1);
        tool.tag("1.0.1");
        assert_eq!(tool.locks(2), lock, "{lines}");
        // Where HEAD is refused, asking for the file tells.
        let absent = File { status: Some(404), head: Some(405), ..File::default() };
        tool.server.set("/tool-1.0.1.tgz", absent);
        assert_eq!(tool.locks(2), lock, "{lines}");
        // Now it is there, and nothing vouches for it.
        tool.server.put("/tool-1.0.1.tgz", "an evil tool");
        tool.fails(3, 4, "1.0.1");
    }
}

#[test]
fn an_architecture_that_the_locked_version_lacks_is_no_alarm() {
    let tool = Tool::new("min-age = \"0s\"\n");
    tool.release("1.1.0");
    let lock = tool.locks(1);
    tool.edit("arm64 = \"arm64\" }", "arm64 = \"arm64\", riscv64 = \"rv64\" }");
    let said = tool.fails(2, 3, "1.1.0 has no file for riscv64");
    assert!(!said.contains("is gone") && said.contains("/v1.1.0/tool-rv64.tgz"), "{said}");
    let accepted = tool.refresh(2, &["tool", "--accept"]);
    assert!(accepted.code == 3 && tool.project.lock() == lock, "{}", accepted.said);
    // A file that is locked is another matter.
    tool.server.remove(&path("1.1.0", "arm64"));
    tool.fails(2, 4, "the locked tag 1.1.0 is gone from");
    // One that has it is taken.
    tool.release("1.2.0");
    tool.server.put(&path("1.2.0", "rv64"), body("1.2.0", "rv64"));
    assert!(tool.locks(3).contains(&hex("1.2.0", "rv64")));
}

#[test]
fn only_so_many_versions_are_looked_at_and_what_is_locked_stays() {
    let tool = Tool::new("min-age = \"0s\"\n");
    tool.release("1.0.0");
    let lock = tool.locks(1);
    (1..40).for_each(|patch| tool.tag(&format!("1.0.{patch}")));
    tool.server.asked();
    assert_eq!(tool.locks(2), lock);
    let asked = tool.server.asked();
    let of = |version: u32| asked.iter().filter(|asked| asked.contains(&format!("/v1.0.{version}/"))).count();
    assert_eq!((of(0), of(39), of(30), of(29)), (2, 2, 2, 0), "{asked:?}");
    // Where nothing is locked, there is nothing to keep.
    fs::remove_file(tool.project.checkout.path("pins.lock")).unwrap();
    let ended = tool.project.at(2, 6, &["refresh"]);
    assert_eq!(ended.code, 3, "{}", ended.said);
    assert_eq!(tool.server.asked().len(), 20);
}

#[test]
fn what_may_change_and_loses_its_list_is_asked_about_once() {
    let sums = "checksums = \"SERVER/{version}/SUMS\"\nimmutable = false\n";
    let tool = Tool::at("/tool-{version}.tgz", sums);
    tool.tag("1.0.0");
    tool.server.put("/tool-1.0.0.tgz", "one");
    tool.server.put("/1.0.0/SUMS", Digest::sha256(b"one").hex().to_owned());
    tool.locks(1);
    tool.server.put("/tool-1.0.0.tgz", "other");
    tool.server.remove("/1.0.0/SUMS");
    tool.fails(2, 3, "has no file at");
    git(tool.tags.path(), &["tag", "-d", "v1.0.0"]);
    tool.server.asked();
    tool.fails(2, 4, "the locked tag 1.0.0 is gone from");
    assert_eq!(tool.server.asked(), ["GET /1.0.0/SUMS", "GET /tool-1.0.0.tgz", "HEAD /tool-1.0.0.tgz"]);
}
