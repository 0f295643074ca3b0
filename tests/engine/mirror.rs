//! The engine pulls from `mirror serve`, by digest and by tag, what `mirror pull` has copied.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::images;
use crate::session::{SCRIPT, Session};

const IMAGE: &str = "team/mirrored";
const SERVED: &str = "127.0.0.1:5055";

const PINS: &str = "[pin.mirrored]\nimage = \"127.0.0.1:5000/team/mirrored\"\ntrack = \"{version}\"\n\
                    platforms = [\"linux/amd64\", \"linux/arm64\"]\n";

/// `mirror serve` on the engine's loopback, up for as long as a value lives.
struct Mirror {
    script: Child,
    stdin: Option<ChildStdin>,
}

impl Mirror {
    fn serve(layout: &str) -> Self {
        let script =
            "\"$1\" mirror serve \"$2\" --listen \"$3\" & server=$!; cat >/dev/null; kill $server; wait";
        let mut script = Command::new(SCRIPT)
            .args(["near", "sh", "-c", script, "sh", env!("CARGO_BIN_EXE_solera-pin"), layout, SERVED])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(script.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, format!("http://{SERVED}\n"));
        let stdin = script.stdin.take();
        Self { script, stdin }
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.script.wait();
    }
}

/// Runs a command beside the engine, which must succeed; gives what it printed.
#[track_caller]
fn run(session: &Session, words: &[&str]) -> String {
    let output = session.run(words);
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_engine_pulls_a_locked_image_from_its_copy() {
    let session = Session::start();
    let digest = images::push_as(&session, "mirrored", [format!("127.0.0.1:5000/{IMAGE}:1.0.0")]);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pins.toml"), PINS).unwrap();
    for words in ["refresh", "mirror pull m", "mirror verify m"] {
        let words: Vec<&str> =
            ["-i", env!("CARGO_BIN_EXE_solera-pin")].into_iter().chain(words.split(' ')).collect();
        let output = session.near(folder.path(), &words);
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{words:?}: {said}");
    }
    assert!(fs::read_to_string(folder.path().join("pins.lock")).unwrap().contains(&digest));
    let _mirror = Mirror::serve(folder.path().join("m").to_str().unwrap());
    for platform in ["linux/amd64", "linux/arm64"] {
        for reference in [format!("{IMAGE}@{digest}"), format!("{IMAGE}:1.0.0")] {
            let name = format!("{SERVED}/{reference}");
            let said = run(&session, &["docker", "pull", "--platform", platform, &name]);
            assert!(said.contains(&format!("Digest: {digest}")), "{said}");
        }
    }
    let tag = format!("{SERVED}/{IMAGE}:1.0.0");
    let said = run(
        &session,
        &[
            "docker",
            "run",
            "--rm",
            "--network",
            "none",
            "--platform",
            "linux/amd64",
            &tag,
            "/bin/busybox",
            "echo",
            "runs",
        ],
    );
    assert_eq!(said, "runs\n");
}
