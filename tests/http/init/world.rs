//! A repository on disk that is run on, and the upstreams that it asks.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::git_http::{self, Version, git};
use crate::support::registry::Registry;
use crate::support::serve::Server;

pub(super) const BOTH: &[&str] = &["linux/amd64", "linux/arm64"];

/// A repository on disk, and upstreams in place of the real ones.
pub(super) struct World {
    pub(super) registry: Registry,
    git: TempDir,
    _git_server: Server,
    configuration: TempDir,
    pub(super) repository: TempDir,
}

pub(super) struct Ended {
    pub(super) code: i32,
    pub(super) data: String,
    pub(super) said: String,
}

impl World {
    pub(super) fn new() -> Self {
        let (registry, git) = (Registry::start(), tempfile::tempdir().unwrap());
        let git_server = git_http::start(git.path(), Version::Two);
        let configuration = tempfile::tempdir().unwrap();
        let mut text = String::new();
        for host in ["docker.io", "quay.io", "ghcr.io"] {
            text += &format!("[registries.\"{host}\"]\nmirror = \"{}\"\n", registry.url());
        }
        text += &format!("[git.\"https://github.com/\"]\nmirror = \"{}/\"\n", git_server.url());
        fs::write(configuration.path().join("config.toml"), text).unwrap();
        let repository = tempfile::tempdir().unwrap();
        Self { registry, git, _git_server: git_server, configuration, repository }
    }

    pub(super) fn with(files: &[(&str, &str)]) -> Self {
        let world = Self::new();
        for (path, text) in files {
            world.write(path, text);
        }
        world
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.repository.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.repository.path().join(path)).unwrap_or_default()
    }

    /// Images of the official repositories.
    pub(super) fn images(&self, tags: &[&str]) {
        for tag in tags {
            let (repository, tag) = tag.split_once(':').unwrap();
            self.registry.push_index(&format!("library/{repository}"), tag, BOTH);
        }
    }

    /// A git repository with a commit for each tag; gives the commits.
    pub(super) fn tags(&self, path: &str, tags: &[&str]) -> Vec<String> {
        let folder = self.git.path().join(format!("{path}.git"));
        if !folder.exists() {
            fs::create_dir_all(&folder).unwrap();
            git(&folder, &["init", "-q", "--bare", "-b", "main", "."]);
        }
        let tree = git(&folder, &["mktree"]);
        let commit = |tag: &&str| {
            let commit = git(&folder, &["commit-tree", "-m", tag, &tree]);
            git(&folder, &["update-ref", "refs/heads/main", &commit]);
            git(&folder, &["tag", "-f", tag, &commit]);
            commit
        };
        tags.iter().map(commit).collect()
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ended {
        let output = Command::new(env!("CARGO_BIN_EXE_solera-pin"))
            .args(arguments)
            .current_dir(self.repository.path())
            .env_clear()
            .env("SOLERA_PIN_CONFIG", self.configuration.path().join("config.toml"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code().unwrap(), data: text(output.stdout), said: text(output.stderr) }
    }

    pub(super) fn ok(&self, arguments: &[&str]) -> Ended {
        let ended = self.run(arguments);
        assert_eq!(ended.code, 0, "{arguments:?}\n{}\n{}", ended.data, ended.said);
        ended
    }

    /// Every file, but for what adoption writes beside the files.
    pub(super) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(self.repository.path(), self.repository.path(), &mut files);
        files.retain(|path, _| path != "pins.toml" && path != "pins.lock");
        files
    }
}

fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            files.insert(name, fs::read(&path).unwrap());
        }
    }
}
