//! Repositories on disk, and the binary run in them.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use super::registry::Registry;

pub const BOTH: &[&str] = &["linux/amd64", "linux/arm64"];

/// A repository on disk whose pins come from one registry.
pub struct Checkout {
    folder: TempDir,
}

impl Checkout {
    pub fn new(declarations: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pins.toml"), declarations).unwrap();
        Self { folder }
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub fn lock(&self) -> Option<String> {
        fs::read_to_string(self.path("pins.lock")).ok()
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_solera-pin"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        // git and ssh are found, and read nobody's configuration.
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path))).env("GIT_CONFIG_NOSYSTEM", "1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).output().unwrap())
    }

    /// Runs as of a time.
    pub fn run_at(&self, now: &str, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).env("SOLERA_PIN_NOW", now).output().unwrap())
    }

    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }
}

pub struct Ended {
    pub code: i32,
    pub said: String,
}

impl Ended {
    pub fn of(output: Output) -> Self {
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        Self { code: output.status.code().unwrap(), said }
    }
}

pub fn pin(registry: &Registry, name: &str, repository: &str, track: &str) -> String {
    format!("[pin.{name}]\nimage = \"{}/{repository}\"\ntrack = \"{track}\"\n\n", registry.host())
}

/// A repository on disk with git.
pub struct Project {
    pub checkout: Checkout,
}

impl Project {
    pub fn new(declarations: &str) -> Self {
        let checkout = Checkout::new(declarations);
        let project = Self { checkout };
        project.git(&["init", "-q"]);
        project
    }

    pub fn git(&self, arguments: &[&str]) -> String {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        let folder = self.checkout.path("");
        let output = Command::new("git").args(identity).args(arguments).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs at an hour of a day of May 2026.
    pub fn at(&self, day: u32, hour: u32, arguments: &[&str]) -> Ended {
        self.checkout.run_at(&format!("2026-05-{day:02}T{hour:02}:00:00Z"), arguments)
    }

    pub fn lock(&self) -> String {
        fs::read_to_string(self.checkout.path("pins.lock")).unwrap()
    }

    pub fn journal(&self) -> String {
        self.git(&["show", "refs/solera-pin/journal:x"])
    }
}
