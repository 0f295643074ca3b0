//! The engine, up for as long as a value lives.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};

use tempfile::TempDir;

pub(crate) const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/engine");

/// Where the engine sees the folder that both sides have.
const EXCHANGE: &str = "/exchange";

pub(crate) struct Session {
    script: Child,
    /// The script waits for its end, which comes with that of this process, however it ends.
    stdin: Option<ChildStdin>,
    folder: TempDir,
}

impl Session {
    /// Brings the engine up, unless somebody has it up already.
    pub(crate) fn start() -> Self {
        let mut script = Command::new(SCRIPT)
            .args(["with", "sh", "-c", "echo \"$ENGINE_EXCHANGE\"; cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut exchange = String::new();
        BufReader::new(script.stdout.as_mut().unwrap()).read_line(&mut exchange).unwrap();
        if exchange.is_empty() {
            panic!("these tests need an engine, and it is not up: {}", script.wait().unwrap());
        }
        let stdin = script.stdin.take();
        let folder = tempfile::tempdir_in(exchange.trim_end()).unwrap();
        Self { script, stdin, folder }
    }

    /// A folder that the engine sees, gone with this value.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The name that a file of that folder has for the engine.
    pub(crate) fn seen(&self, name: &str) -> String {
        let folder = self.folder.path().file_name().unwrap();
        let seen: PathBuf = [Path::new(EXCHANGE), Path::new(folder), Path::new(name)].iter().collect();
        seen.into_os_string().into_string().unwrap()
    }

    /// Runs a command beside the engine.
    pub(crate) fn run<I: AsRef<str>>(&self, words: impl IntoIterator<Item = I>) -> Output {
        let words = words.into_iter().map(|word| word.as_ref().to_owned());
        Command::new(SCRIPT).arg("run").args(words).stdin(Stdio::null()).output().unwrap()
    }
}

impl Session {
    /// Runs a command of this machine in a folder, where the engine's servers are. `words` begin with its variables.
    pub(crate) fn near(&self, folder: &Path, words: &[&str]) -> Output {
        let mut script = Command::new(SCRIPT);
        script.args(["near", "env", "--chdir"]).arg(folder).args(words);
        script.stdin(Stdio::null()).output().unwrap()
    }

    /// Begins a command beside the engine, whose standard input stays open.
    pub(crate) fn begin<I: AsRef<str>>(&self, words: impl IntoIterator<Item = I>) -> Child {
        let words = words.into_iter().map(|word| word.as_ref().to_owned());
        let mut script = Command::new(SCRIPT);
        script.arg("run").args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        script.spawn().unwrap()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // What it has to say it says on the same terminal.
        let _ = self.script.wait();
    }
}
