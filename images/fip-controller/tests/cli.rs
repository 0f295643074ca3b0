//! The program as it is installed: its arguments, files, streams and exit codes.

#![allow(clippy::unwrap_used, reason = "a test that cannot set up fails")]

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A folder for one test's files; the name keeps tests apart, which run at the same time.
fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fip-controller"));
    command.args(arguments).env_clear();
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn assert_output(output: &Output, code: i32, stdout: &str, stderr: &str) {
    assert_eq!((text(&output.stdout), text(&output.stderr)), (stdout, stderr));
    assert_eq!(output.status.code(), Some(code));
}

#[test]
fn a_plan_from_arguments_a_file_and_what_is_bound() {
    let folder = folder("plan");
    fs::write(folder.join("aliases.txt"), "# edge\n203.0.113.11   # web\n2001:db8::10/128\n").unwrap();
    fs::write(folder.join("bound.txt"), "10.0.0.5/24\n203.0.113.10/32\n198.51.100.7/32\n").unwrap();
    let arguments =
        ["plan", "--interface", "eth0", "--file", "aliases.txt", "--present", "bound.txt", "203.0.113.10/32"];

    let output = program(&arguments).current_dir(&folder).output().unwrap();
    let summary = "fip-controller: nothing was changed; the plan for eth0: 1 to remove, 2 to add, 1 to keep, 1 left \
                   alone (not an alias)\n";
    assert_output(
        &output,
        0,
        "leave 10.0.0.5/24 dev eth0\n\
         remove 198.51.100.7/32 dev eth0\n\
         keep 203.0.113.10/32 dev eth0\n\
         add 203.0.113.11/32 dev eth0 label eth0:fip1\n\
         add 2001:db8::10/128 dev eth0\n",
        summary,
    );

    let output =
        program(&arguments).args(["--format", "ip", "--check"]).current_dir(&folder).output().unwrap();
    assert_output(
        &output,
        1,
        "# leave 10.0.0.5/24 dev eth0\n\
         ip address del 198.51.100.7/32 dev eth0\n\
         # keep 203.0.113.10/32 dev eth0\n\
         ip address replace 203.0.113.11/32 dev eth0 label eth0:fip1\n\
         ip address replace 2001:db8::10/128 dev eth0\n",
        summary,
    );
}

#[test]
fn aliases_from_standard_input() {
    let mut child = program(&["plan", "-i", "eth0", "-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"203.0.113.10\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stdout), "add 203.0.113.10/32 dev eth0 label eth0:fip0\n");
    assert!(text(&output.stderr).contains("nothing was changed"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn bad_input_is_named_with_its_line_and_leaves_no_plan() {
    let folder = folder("bad");
    fs::write(folder.join("aliases.txt"), "203.0.113.10\n203.0.113.0/24\n203.0.113.10\n").unwrap();
    let output = program(&["plan", "-i", "eth0", "-f", "aliases.txt"]).current_dir(&folder).output().unwrap();
    assert_output(
        &output,
        2,
        "",
        "fip-controller: aliases.txt:2: 203.0.113.0/24 is the address of the network itself; expected the address of \
         a host in it\n\
         fip-controller: aliases.txt:3: 203.0.113.10/32 is listed already (aliases.txt:1); expected each address once\n",
    );
}

#[test]
fn a_missing_file_is_named() {
    let folder = folder("missing");
    let output = program(&["plan", "-i", "eth0", "-f", "none.txt"]).current_dir(&folder).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        text(&output.stderr).starts_with("fip-controller: cannot read none.txt: "),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn version_and_help() {
    let output = program(&["--version"]).output().unwrap();
    assert_output(&output, 0, concat!("fip-controller ", env!("CARGO_PKG_VERSION"), "\n"), "");
    let output = program(&["--help"]).output().unwrap();
    assert!(text(&output.stdout).contains("Usage: fip-controller plan --interface NAME"));
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(program(&[]).output().unwrap().status.code(), Some(2));
}
