//! The binary as a process: how it starts, is read from, and ends.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use solera_pin::model::Digest;

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_solera-pin"));
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Ended with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = (self.0.kill(), self.0.wait());
    }
}

#[tokio::test]
async fn a_mirror_says_where_it_is_and_ends_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}").unwrap();
    std::fs::write(folder.path().join("index.json"), "{\"schemaVersion\":2,\"manifests\":[]}").unwrap();
    let arguments = ["mirror", "serve", ".", "--listen", "127.0.0.1:0"];
    let mut running = Running(command(folder.path(), &arguments).spawn().unwrap());
    let child = &mut running.0;
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let answer = reqwest::get(format!("{}/v2/", line.trim())).await.unwrap();
    assert_eq!(answer.status(), reqwest::StatusCode::OK);
    drop(answer);
    // The shell's own kill: a small machine has no other.
    let ended = Command::new("sh").args(["-c", &format!("kill {}", child.id())]).status().unwrap();
    assert!(ended.success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_mirror_that_is_told_twice_waits_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    // More than the system takes for a client that does not read.
    let layer = vec![7; 64 << 20];
    let digest = Digest::sha256(&layer);
    let manifest = format!("{{\"layers\":[{{\"digest\":\"{digest}\"}}]}}");
    let root = Digest::sha256(manifest.as_bytes());
    fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
    for (digest, content) in [(&digest, layer.as_slice()), (&root, manifest.as_bytes())] {
        fs::write(folder.path().join("blobs/sha256").join(digest.hex()), content).unwrap();
    }
    fs::write(folder.path().join("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}").unwrap();
    let name = "\"annotations\":{\"org.opencontainers.image.ref.name\":\"rust:1\"}";
    let index = format!("{{\"manifests\":[{{\"digest\":\"{root}\",{name}}}]}}");
    fs::write(folder.path().join("index.json"), index).unwrap();
    let arguments = ["mirror", "serve", ".", "--listen", "127.0.0.1:0"];
    let mut running = Running(command(folder.path(), &arguments).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let host = line.trim().trim_start_matches("http://");
    let mut client = TcpStream::connect(host).unwrap();
    write!(client, "GET /v2/library/rust/blobs/{digest} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut status = [0; 12];
    client.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    let tell = || {
        let told = Command::new("sh").args(["-c", &format!("kill {}", running.0.id())]).status().unwrap();
        assert!(told.success());
    };
    tell();
    // Once nobody is let in any more it was heard.
    while TcpStream::connect(host).is_ok() {
        std::thread::yield_now();
    }
    tell();
    assert_eq!(running.0.wait().unwrap().code(), Some(143));
}

#[tokio::test]
async fn a_mirror_tells_a_machine_in_json_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("oci-layout"), "{\"imageLayoutVersion\":\"1.0.0\"}").unwrap();
    std::fs::write(folder.path().join("index.json"), "{\"schemaVersion\":2,\"manifests\":[]}").unwrap();
    let arguments = ["mirror", "serve", ".", "--listen", "127.0.0.1:0", "--log-format", "json"];
    let mut running = Running(command(folder.path(), &arguments).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(running.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    std::fs::write(folder.path().join("index.json"), "broken, and of another length").unwrap();
    let answer = reqwest::get(format!("{}/v2/a/tags/list", line.trim())).await.unwrap();
    assert!(answer.status().is_server_error());
    let mut stderr = running.0.stderr.take().unwrap();
    drop(running);
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    let events: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    assert!(events.iter().any(|event| event["level"] == "ERROR"), "{said}");
}

#[test]
fn what_is_no_layout_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path(), &["mirror", "serve", "."]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("oci-layout"), "{output:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = command(folder.path(), &["completions", "bash"]).spawn().unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((child.wait().unwrap().code(), said.as_str()), (Some(0), ""));
}

#[test]
fn completions_are_a_script_of_their_shell() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = command(folder.path(), &["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && script.contains("explain"), "{shell}");
        if shell == "bash" {
            std::fs::write(folder.path().join("script"), script).unwrap();
            assert!(
                Command::new("bash")
                    .args(["-n", "script"])
                    .current_dir(folder.path())
                    .status()
                    .unwrap()
                    .success()
            );
        }
    }
}

#[test]
fn a_time_that_is_none_is_a_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path(), &["verify"]).env("SOLERA_PIN_NOW", "tomorrow").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("SOLERA_PIN_NOW is `tomorrow`"), "{output:?}");
}
