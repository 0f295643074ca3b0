//! Pins of archives in the other commands: the gate, plans, reports, proposals; and the lines that they are written into.

use std::fs;

use crate::archives::{Tool, body, hex, path};

fn write(tool: &Tool, path: &str, text: &str) {
    let path = tool.project.checkout.path(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn read(tool: &Tool, path: &str) -> String {
    fs::read_to_string(tool.project.checkout.path(path)).unwrap()
}

/// What the gate says; its code.
fn gate(tool: &Tool, arguments: &[&str]) -> (i32, String) {
    let ended = tool.project.at(1, 6, &[&["verify"], arguments].concat());
    (ended.code, ended.said)
}

#[test]
fn the_gate_downloads_all_and_finds_what_differs_or_is_gone() {
    let tool = Tool::new("");
    tool.release("1.0.0");
    tool.locks(1);
    tool.server.asked();
    let (code, said) = gate(&tool, &["--upstream"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(tool.server.asked(), ["GET /v1.0.0/tool-arm64.tgz", "GET /v1.0.0/tool-x86_64.tgz"]);
    let mut other = body("1.0.0", "arm64");
    other[9] = b'!';
    tool.server.put(&path("1.0.0", "arm64"), other);
    let (code, said) = gate(&tool, &["--upstream"]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("upstream-tag-moved") && said.contains("1.0.0 (arm64)"), "{said}");
    assert!(said.contains("pins.lock:"), "{said}");
    tool.server.remove(&path("1.0.0", "arm64"));
    let (code, said) = gate(&tool, &["--upstream"]);
    assert!(code == 1 && said.contains("upstream-not-served"), "{code} {said}");
}

#[test]
fn the_gate_checks_what_vouches_for_a_file_too() {
    let tool = Tool::at("/tool-{version}.tgz", "checksums = \"SERVER/SUMS\"\n");
    tool.tag("1.0.0");
    tool.server.put("/tool-1.0.0.tgz", "one");
    tool.server.put("/SUMS", solera_pin::model::Digest::sha256(b"one").hex().to_owned());
    tool.locks(1);
    assert_eq!(gate(&tool, &["--upstream"]).0, 0);
    tool.server.put("/SUMS", "0".repeat(64));
    let (code, said) = gate(&tool, &["--upstream"]);
    assert!(code == 4 && said.contains("the published checksum is"), "{code} {said}");
}

#[test]
fn a_plan_says_what_will_be_asked() {
    let tool = Tool::new("");
    tool.release("1.0.0");
    let plan = || tool.project.at(1, 6, &["refresh", "--plan"]).said;
    let before = plan();
    assert!(before.contains("GET") && before.contains("/v{version}/tool-x86_64.tgz"), "{before}");
    assert_eq!(tool.server.asked(), Vec::<String>::new());
    tool.locks(1);
    tool.server.asked();
    let after = plan();
    let heads = tool.locks(2);
    for asked in tool.server.asked() {
        let (method, path) = asked.split_once(' ').unwrap();
        assert!(method == "HEAD" && after.contains(path), "{asked}: {after}");
    }
    assert!(after.contains(&format!("{}  2 requests", tool.server.host())), "{after}");
    assert!(heads.contains("1.0.0"));
    let to = tool.project.at(1, 6, &["refresh", "--plan", "tool", "--to", "1.1.0"]).said;
    assert!(to.contains("/v1.1.0/tool-arm64.tgz"), "{to}");
}

#[test]
fn reports_name_the_version_and_every_file() {
    let tool = Tool::new("min-age = \"0s\"\nchangelog = \"https://example.org/changes\"\n");
    tool.release("1.0.0");
    tool.locks(1);
    tool.project.git(&["add", "."]);
    tool.project.git(&["commit", "-q", "-m", "one"]);
    tool.release("1.1.0");
    tool.locks(1);
    let told = tool.project.at(1, 6, &["diff", "--upstream", "--format", "markdown"]).said;
    for part in
        ["| version | `1.0.0` | `1.1.0` |", "| amd64 | `sha256:", &hex("1.1.0", "arm64"), "Commits: 1"]
    {
        assert!(told.contains(part), "{part}: {told}");
    }
    let status = tool.project.at(1, 6, &["status"]).said;
    assert!(status.contains("1.1.0"), "{status}");
    let doctor = tool.project.at(1, 6, &["doctor"]);
    assert!(
        doctor.code == 0 && doctor.said.contains(&format!("{} (archives)", tool.server.host())),
        "{}",
        doctor.said
    );
    let simulated = tool.project.at(1, 6, &["simulate", "tool"]);
    assert!(simulated.code == 2 && simulated.said.contains("cannot be simulated"), "{}", simulated.said);
}

const DOCKERFILE: &str = "FROM scratch
# solera-pin: tool.version
ARG TOOL_VERSION=0
# solera-pin: tool.sha256.amd64
ARG TOOL_SHA256_AMD64=ZERO
# solera-pin: tool.sha256.arm64
ADD --checksum=sha256:ZERO https://example.org/v${TOOL_VERSION}/tool.tgz /
";

const MAKEFILE: &str = "# solera-pin: tool.version
TOOL_VERSION ?= 0
";

const SCRIPT: &str = "#!/bin/sh
# solera-pin: tool.version
version=\"0\"
# solera-pin: tool.sha256.amd64, tool.sha256.arm64
case $(uname -m) in x86_64) sum=ZERO ;; *) sum=ZERO ;; esac
";

/// The lines of a version, in each of the three files.
fn lines(version: &str, [amd64, arm64]: [&str; 2]) -> [(&'static str, String); 3] {
    let fill = |text: &str| {
        let text = text.replacen("ZERO", amd64, 1).replacen("ZERO", arm64, 1);
        text.replace("VERSION=0", &format!("VERSION={version}"))
            .replace("?= 0", &format!("?= {version}"))
            .replace("\"0\"", &format!("\"{version}\""))
    };
    [("Dockerfile", fill(DOCKERFILE)), ("Makefile", fill(MAKEFILE)), ("get.sh", fill(SCRIPT))]
}

#[test]
fn lines_that_comments_bind_move_together_in_either_mode() {
    ["in-place", "policy"].into_iter().for_each(lines_move_together);
}

fn lines_move_together(mode: &str) {
    let sums = |version: &str| [hex(version, "x86_64"), hex(version, "arm64")];
    let tool = Tool::new("min-age = \"0s\"\n");
    tool.edit("[pin.tool]", &format!("[references]\nmode = \"{mode}\"\n\n[pin.tool]"));
    tool.release("1.0.0");
    tool.locks(1);
    let [amd64, arm64] = sums("1.0.0");
    for (path, text) in lines("1.0.0", [&amd64, &arm64]) {
        write(&tool, path, &text);
    }
    assert_eq!(gate(&tool, &[]).0, 0, "{}", gate(&tool, &[]).1);
    tool.release("1.1.0");
    tool.locks(1);
    let [amd64, arm64] = sums("1.1.0");
    for (path, text) in lines("1.1.0", [&amd64, &arm64]) {
        assert_eq!(read(&tool, path), text, "{path}");
    }
    assert_eq!(gate(&tool, &[]).0, 0);
    // A line that a person edited is found, and is not overwritten.
    let edited = read(&tool, "get.sh").replace(&arm64, &amd64);
    write(&tool, "get.sh", &edited);
    let (code, said) = gate(&tool, &[]);
    assert!(code == 1 && said.contains("lock-differs") && said.contains("get.sh"), "{code} {said}");
    let ended = tool.project.at(1, 6, &["refresh"]);
    assert!(ended.said.contains("get.sh"), "{}", ended.said);
    assert_eq!(read(&tool, "get.sh"), edited);
}

const IMAGE: &str = "class = \"toolchain\"\nruntime-base = \"base\"\narchives = [\"tool\"]\ntag = \"{tool.version}\"\n\
                     platforms = [\"linux/amd64\"]\ndelta = [\"the tool\"]\nupstream-provides = [\"x\"]\nrefuses = [\"y\"]\n";

#[test]
fn a_catalog_dockerfile_gets_address_and_checksum_from_the_lock() {
    let arguments = "ARG PIN_BASE\nFROM ${PIN_BASE}\nARG PIN_TOOL PIN_TOOL_SHA256\n";
    let tool = Tool::at("/tool-{version}.tgz", "");
    tool.tag("1.0.0");
    tool.server.put("/tool-1.0.0.tgz", "one");
    tool.locks(1);
    let image = "\n[pin.base]\nimage = \"debian\"\ntrack = \"bookworm-slim\"\n";
    let [digest, child] = ["a", "b"].map(|digit| digit.repeat(64));
    let locked = format!(
        "[pin.base]\nimage = \"docker.io/library/debian\"\ntag = \"bookworm-slim\"\ndigest = \"sha256:{digest}\"\n\
         media-type = \"application/vnd.oci.image.index.v1+json\"\nplatforms.\"linux/amd64\" = \"sha256:{child}\"\n\n"
    );
    write(&tool, "pins.toml", &(read(&tool, "pins.toml") + image));
    write(
        &tool,
        "pins.lock",
        &read(&tool, "pins.lock").replace("[pin.tool]", &format!("{locked}[pin.tool]")),
    );
    write(&tool, "images/tool/image.toml", IMAGE);
    for (line, says) in [
        ("ADD --checksum=sha256:${PIN_TOOL_SHA256} ${PIN_TOOL} /t", None),
        ("RUN curl -fsSLo /t \"$PIN_TOOL\" && echo \"$PIN_TOOL_SHA256  /t\" | sha256sum -c -", None),
        ("ADD ${PIN_TOOL} /t\nRUN echo $PIN_TOOL_SHA256", Some("unlocked-fetch")),
        ("RUN curl -fsSLo /t \"$PIN_TOOL\" && echo \"$PIN_TOOL_SHA256\"", Some("unlocked-fetch")),
        ("ADD --checksum=sha256:${PIN_TOOL} ${PIN_TOOL_SHA256} /t", Some("not-pinned")),
    ] {
        write(&tool, "images/tool/Dockerfile", &format!("{arguments}{line}\n"));
        let (code, said) = gate(&tool, &[]);
        match says {
            None => assert!(code == 0 && !said.contains("unlocked-fetch"), "{line}: {code} {said}"),
            Some(rule) => assert!(said.contains(rule), "{line}: {code} {said}"),
        }
    }
    let emitted = tool.project.at(1, 6, &["emit", "env", "tool"]).said;
    assert!(emitted.contains("PIN_TOOL_VERSION=1.0.0") && emitted.contains("PIN_TOOL_SHA256="), "{emitted}");
}

#[test]
fn proposals_go_by_the_keyring_of_the_base_branch_and_tell_what_changed() {
    use crate::archives::{DETACHED, made, signed};

    let tool = signed(DETACHED, "good.gpg", &[("/tool-1.0.0.tgz.sig", "tool.good.sig")]);
    tool.edit("signed-by", "min-age = \"0s\"\nsigned-by");
    write(&tool, "get.sh", "# solera-pin: tool.version\nVERSION=1.0.0\n");
    fs::write(
        tool.project.checkout.path("pins.toml"),
        read(&tool, "pins.toml") + "\n[propose]\nforge = \"none\"\nbase = \"main\"\n",
    )
    .unwrap();
    tool.locks(1);
    let remote = tempfile::tempdir().unwrap();
    let remote = remote.path().to_str().unwrap();
    tool.project.git(&["init", "-q", "--bare", remote]);
    tool.project.git(&["checkout", "-q", "-b", "main"]);
    tool.project.git(&["add", "."]);
    tool.project.git(&["commit", "-q", "-m", "one"]);
    tool.project.git(&["remote", "add", "origin", remote]);
    tool.project.git(&["push", "-q", "origin", "main"]);
    tool.tag("1.0.1");
    tool.server.put("/tool-1.0.1.tgz", "a tool\n".repeat(30_000).into_bytes()[..200_000].to_vec());
    tool.server.put("/tool-1.0.1.tgz.sig", made("tool.good.sig"));
    // What is not committed does not count.
    write(&tool, "keys/tool.gpg", "no keyring");
    let ended = tool.project.at(1, 7, &["refresh", "--propose"]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    let shown = tool.project.git(&["-C", remote, "show", "solera-pin/pin/tool"]);
    for part in
        ["tool", "1.0.0", "-version = \"1.0.0\"", "+version = \"1.0.1\"", "-VERSION=1.0.0", "+VERSION=1.0.1"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    // A keyring that somebody else's key is in says no.
    write(&tool, "keys/tool.gpg", "");
    fs::write(tool.project.checkout.path("keys/tool.gpg"), made("other.gpg")).unwrap();
    tool.project.git(&["commit", "-q", "-a", "-m", "two"]);
    tool.project.git(&["push", "-q", "origin", "main"]);
    let ended = tool.project.at(1, 8, &["refresh", "--propose"]);
    assert!(ended.code == 4 && ended.said.contains("not in the keyring"), "{} {}", ended.code, ended.said);
}

#[test]
fn a_commit_of_a_new_version_says_what_it_is() {
    let tool = Tool::new("min-age = \"0s\"\n");
    tool.release("1.0.0");
    tool.locks(1);
    tool.project.git(&["add", "."]);
    tool.project.git(&["-c", "commit.gpgsign=false", "commit", "-q", "-m", "one"]);
    tool.release("1.0.1");
    let mut command = tool.project.checkout.command(&["refresh", "--commit"]);
    let identity =
        [("GIT_AUTHOR_NAME", "a"), ("GIT_COMMITTER_NAME", "a"), ("SOLERA_PIN_NOW", "2026-05-02T00:00:00Z")];
    let ended = crate::support::checkout::Ended::of(command.envs(identity).output().unwrap());
    assert_eq!(ended.code, 0, "{}", ended.said);
    let log = tool.project.git(&["log", "-1", "--format=%B"]);
    assert!(log.starts_with("bump tool 1.0.0 to 1.0.1\n"), "{log}");
    assert!(log.contains("First-Seen: 2026-05-02T00:00:00Z"), "{log}");
}

#[test]
fn an_archive_is_as_old_as_the_look_that_saw_its_tag() {
    let tool = Tool::new("");
    tool.release("1.0.0");
    tool.locks(1);
    let age = |day: u32| {
        let shown = tool.project.at(day, 6, &["status", "--offline", "--format", "json"]).said;
        let document: serde_json::Value = serde_json::from_str(&shown).unwrap();
        document["pins"][0]["age_seconds"].as_u64()
    };
    assert_eq!(age(3), Some(2 * 86_400));
    // A tag that moved, which a person accepted, is as old as what it names now.
    tool.tag("1.0.0");
    assert_eq!(tool.refresh(4, &["tool", "--accept"]).code, 0);
    assert_eq!(age(5), Some(86_400));
}

#[test]
fn an_archive_is_added_by_its_url() {
    let tool = Tool::new("");
    tool.release("1.0.0");
    tool.release("1.0.1");
    let text = read(&tool, "pins.toml");
    let git = text.split("git = \"").nth(1).unwrap().split('"').next().unwrap();
    let url = format!("{}/v{{version}}/tool-{{arch}}.tgz", tool.server.url());
    fs::write(tool.project.checkout.path("pins.toml"), "").unwrap();
    let untold = tool.project.at(1, 6, &["add", "tool", &url]);
    assert!(untold.code == 2 && untold.said.contains("--versions"), "{}", untold.said);
    for (rest, says) in [
        (["--versions", "1.0.1", "--track", "v{version}"], "--track"),
        (["--versions", git, "--architectures", "amd64=x86_64,amd64=arm64"], "names `amd64` twice"),
        (["--versions", git, "--architectures", "amd64,amd64"], "names `amd64` twice"),
    ] {
        let refused = tool.project.at(1, 6, &[&["add", "tool", &url], &rest[..]].concat());
        assert!(refused.code == 2 && refused.said.contains(says), "{}", refused.said);
        assert_eq!(read(&tool, "pins.toml"), "");
    }
    let added = tool.project.at(
        1,
        6,
        &["add", "tool", &url, "--versions", git, "--architectures", "amd64=x86_64,arm64"],
    );
    assert_eq!(added.code, 0, "{}", added.said);
    let declared = format!(
        "[pin.tool]\narchive = \"{url}\"\nversions = {{ git = \"{git}\", track = \"v{{version}}\" }}\narchitectures = {{ \
         amd64 = \"x86_64\", arm64 = \"arm64\" }}\n"
    );
    assert_eq!(read(&tool, "pins.toml"), declared);
    assert!(tool.project.lock().contains("version = \"1.0.1\""));
    tool.server.put("/one-2.0.tgz", "one");
    let url = format!("{}/one-{{version}}.tgz", tool.server.url());
    let one = tool.project.at(1, 6, &["add", "one", &url, "--versions", "2.0"]);
    assert!(one.code == 0 && read(&tool, "pins.toml").contains("versions = \"2.0\""), "{}", one.said);
}

#[test]
fn the_gate_sees_that_the_tag_of_the_locked_version_moved() {
    let tool = Tool::new("");
    tool.release("1.0.0");
    tool.locks(1);
    let (code, said) = gate(&tool, &["--upstream"]);
    assert_eq!(code, 0, "{said}");
    tool.tag("1.0.0");
    let (code, said) = gate(&tool, &["--upstream"]);
    assert!(code == 4 && said.contains("upstream-tag-moved"), "{code} {said}");
    assert!(said.contains("the tag v1.0.0 was seen to name") && said.contains("pins.lock:"), "{said}");
    // It is refresh that a person tells that this is well.
    assert_eq!(tool.refresh(1, &["tool", "--accept"]).code, 0);
    let (code, said) = gate(&tool, &["--upstream"]);
    assert_eq!(code, 0, "{said}");
}
