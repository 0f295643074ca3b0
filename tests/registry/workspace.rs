//! A repository in which the program runs, knowing nothing but the registry.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::server::Registry;

pub(crate) struct Workspace {
    folder: TempDir,
    host: String,
    docker_config: Option<PathBuf>,
    environment: Vec<(&'static str, PathBuf)>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n-- stderr\n{}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        let found = self.stdout.contains(words) || self.stderr.contains(words);
        assert!(found, "not said: {words}\n{}\n-- stderr\n{}", self.stdout, self.stderr);
        self
    }
}

/// What is locked of one image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Locked {
    pub(crate) image: String,
    pub(crate) tag: String,
    pub(crate) digest: String,
    pub(crate) media_type: String,
    pub(crate) platforms: BTreeMap<String, String>,
}

impl Workspace {
    /// One with this `pins.toml`, in which `HOST` stands for the registry.
    pub(crate) fn new(registry: &Registry, pins: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("repository")).unwrap();
        let configuration = format!("[registries.\"docker.io\"]\nmirror = \"http://{}\"\n", registry.host());
        fs::write(folder.path().join("config.toml"), configuration).unwrap();
        let workspace =
            Self { folder, host: registry.host().to_owned(), docker_config: None, environment: Vec::new() };
        workspace.declare(pins);
        workspace
    }

    /// Replaces the user's own configuration.
    pub(crate) fn configure(&self, text: &str) {
        fs::write(self.folder.path().join("config.toml"), text).unwrap();
    }

    /// Writes a file beside the user's own configuration; gives its path.
    pub(crate) fn keep(&self, name: &str, text: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        file
    }

    /// Sets a variable of the program's environment, which may be set already.
    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<PathBuf>) {
        self.environment.push((name, value.into()));
    }

    /// Logs in to the registry, with what a Docker configuration has under `auth`.
    pub(crate) fn log_in(&mut self, auth: &str) {
        self.log_in_at(&self.host.clone(), auth);
    }

    /// Logs in to the host of this name.
    pub(crate) fn log_in_at(&mut self, host: &str, auth: &str) {
        let text = format!("{{\"auths\": {{\"{host}\": {{\"auth\": \"{auth}\"}}}}}}");
        let file = self.keep("docker/config.json", &text);
        self.docker_config = file.parent().map(Into::into);
    }

    /// The file that holds the login, for other tools.
    pub(crate) fn login_file(&self) -> Option<PathBuf> {
        self.docker_config.as_ref().map(|folder| folder.join("config.json"))
    }

    pub(crate) fn declare(&self, pins: &str) {
        fs::write(self.path("pins.toml"), pins.replace("HOST", &self.host)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("repository").join(name)
    }

    /// Runs the program with these words as its arguments.
    pub(crate) fn run(&self, arguments: &str) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_solera-pin"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.path(""))
            .env_clear()
            .env("SOLERA_PIN_CONFIG", self.folder.path().join("config.toml"))
            .env("SOLERA_PIN_NOW", "2026-06-01T12:00:00Z")
            .stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.docker_config {
            command.env("DOCKER_CONFIG", folder);
        }
        let output = command.output().unwrap();
        Run {
            code: output.status.code().unwrap(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The text of `pins.lock`.
    pub(crate) fn lock_text(&self) -> String {
        fs::read_to_string(self.path("pins.lock")).unwrap()
    }

    /// What changes whenever a file is written or replaced.
    pub(crate) fn lock_identity(&self) -> (u64, i64, i64) {
        let found = fs::metadata(self.path("pins.lock")).unwrap();
        (found.ino(), found.ctime(), found.ctime_nsec())
    }

    /// As somebody with an editor would.
    pub(crate) fn edit_lock(&self, from: &str, to: &str) {
        let text = self.lock_text();
        assert!(text.contains(from), "{from} is not in\n{text}");
        fs::write(self.path("pins.lock"), text.replacen(from, to, 1)).unwrap();
    }

    /// Everything that is locked, read as TOML and nothing more.
    pub(crate) fn locked(&self) -> BTreeMap<String, Locked> {
        let document: toml_edit::DocumentMut = self.lock_text().parse().unwrap();
        let Some(pins) = document.get("pin").and_then(toml_edit::Item::as_table) else {
            return BTreeMap::new();
        };
        pins.iter()
            .map(|(name, pin)| {
                let text = |key: &str| pin[key].as_str().unwrap().to_owned();
                let platforms = pin["platforms"].as_table_like().unwrap().iter();
                let locked = Locked {
                    image: text("image"),
                    tag: text("tag"),
                    digest: text("digest"),
                    media_type: text("media-type"),
                    platforms: platforms
                        .map(|(platform, child)| (platform.to_owned(), child.as_str().unwrap().to_owned()))
                        .collect(),
                };
                (name.to_owned(), locked)
            })
            .collect()
    }

    /// What is locked under `name`.
    #[track_caller]
    pub(crate) fn pin(&self, name: &str) -> Locked {
        self.locked().remove(name).unwrap_or_else(|| panic!("{name} is not locked"))
    }
}
