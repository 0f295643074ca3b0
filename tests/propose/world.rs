//! A project with its remote, and upstreams that move.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::support::checkout::{BOTH, Ended, Project, pin};
use crate::support::forge::{Server, Software, TOKEN};
use crate::support::git_http::git;
use crate::support::registry::Registry;

/// A clone, the bare repository that it was pushed to, and a registry.
pub(crate) struct World {
    pub(crate) registry: Registry,
    pub(crate) project: Project,
    /// Where the remote is, over HTTP; otherwise it is a folder.
    forge: Option<Server>,
    folder: TempDir,
}

pub(crate) const AUTHOR: &str = "[propose]\nauthor = \"Bot <bot@example.org>\"\n";

impl World {
    /// The pins `names` at 1.0.0, locked, committed and pushed to a bare repository in a folder.
    pub(crate) fn new(names: &[&str], propose: &str) -> Self {
        Self::with(names, propose, None)
    }

    /// The same on a forge, where the remote is private and reached over HTTP.
    pub(crate) fn on(software: Software, names: &[&str], propose: &str) -> Self {
        Self::with(names, propose, Some(software))
    }

    fn with(names: &[&str], propose: &str, software: Option<Software>) -> Self {
        let registry = Registry::start();
        let mut declarations = String::from("[defaults]\nmin-age = \"0s\"\n");
        for name in names {
            registry.push_index(name, "1.0.0", BOTH);
            declarations += &pin(&registry, name, name, "{version}");
        }
        let folder = tempfile::tempdir().unwrap();
        let remote = folder.path().join("acme/shop.git");
        fs::create_dir_all(&remote).unwrap();
        git(&remote, &["init", "-q", "--bare", "-b", "main"]);
        git(&remote, &["config", "http.receivepack", "true"]);
        let forge = software.map(|software| Server::over(software, &remote));
        let declared = software.map(|software| {
            format!(
                "forge = \"{}\"
",
                software.word()
            )
        });
        let declared = declared.unwrap_or_default();
        let project = Project::new(&format!("{declarations}{AUTHOR}{declared}{propose}"));
        let froms = names.iter().map(|name| format!("FROM {}/{name}:1.0.0 AS {name}\n", registry.host()));
        fs::write(project.checkout.path("Dockerfile"), froms.collect::<String>()).unwrap();
        let url = forge.as_ref().map(Server::remote);
        let world = Self { registry, project, forge, folder };
        world.project.git(&["checkout", "-q", "-b", "main"]);
        world.project.git(&["add", "."]);
        world.project.git(&["commit", "-qm", "begin"]);
        let first = world.project.at(1, 6, &["refresh", "--commit"]);
        assert_eq!(first.code, 0, "{}", first.said);
        world.project.git(&["push", "-q", &world.remote().display().to_string(), "main"]);
        world.project.git(&["remote", "add", "origin", &url.unwrap_or(world.remote().display().to_string())]);
        world
    }

    pub(crate) fn is_on_a_forge(&self) -> bool {
        self.forge.is_some()
    }

    pub(crate) fn forge(&self) -> &Server {
        self.forge.as_ref().unwrap()
    }

    /// The folder of the bare repository.
    pub(crate) fn remote(&self) -> PathBuf {
        self.folder.path().join("acme/shop.git")
    }

    pub(crate) fn propose(&self, day: u32) -> Ended {
        self.run(day, &["refresh", "--propose"])
    }

    /// Runs on a day of May 2026, at six, with the forge's token at hand.
    pub(crate) fn run(&self, day: u32, arguments: &[&str]) -> Ended {
        let mut command = self.project.checkout.command(arguments);
        command.env("SOLERA_PIN_NOW", format!("2026-05-{day:02}T06:00:00Z"));
        if self.forge.is_some() {
            command.env("SOLERA_PIN_FORGE_TOKEN", TOKEN);
        }
        Ended::of(command.output().unwrap())
    }

    /// Proposes, and gives what was said; that it went well is checked.
    pub(crate) fn proposes(&self, day: u32) -> String {
        let ended = self.propose(day);
        assert_eq!(ended.code, 0, "{}", ended.said);
        ended.said
    }

    /// Git in the bare repository.
    pub(crate) fn there(&self, arguments: &[&str]) -> String {
        git(&self.remote(), arguments)
    }

    /// Our branches on the remote, each with its commit.
    pub(crate) fn branches(&self) -> Vec<(String, String)> {
        let listed =
            self.there(&["for-each-ref", "--format=%(refname) %(objectname)", "refs/heads/solera-pin/"]);
        let branch = |line: &str| {
            let (name, id) = line.split_once(' ').unwrap();
            (name.trim_start_matches("refs/heads/").to_owned(), id.to_owned())
        };
        listed.lines().map(branch).collect()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.branches().into_iter().map(|(name, _)| name).collect()
    }

    pub(crate) fn tip(&self, branch: &str) -> String {
        self.there(&["rev-parse", &format!("refs/heads/{branch}")])
    }

    /// What a branch has in its lock for a pin's tag.
    pub(crate) fn lock_of(&self, branch: &str) -> String {
        self.there(&["show", &format!("refs/heads/{branch}:pins.lock")])
    }

    /// Merges a branch into the base, as a person does.
    pub(crate) fn merge(&self, branch: &str) {
        self.as_person(|clone| {
            git(clone, &["merge", "-q", "--no-ff", "-m", "merged", &format!("origin/{branch}")]);
            git(clone, &["push", "-q", "origin", "HEAD:main"]);
        });
    }

    /// Does something in a fresh clone of the remote.
    pub(crate) fn as_person(&self, work: impl FnOnce(&std::path::Path)) {
        let clone = tempfile::tempdir().unwrap();
        git(clone.path(), &["clone", "-q", &self.remote().display().to_string(), "."]);
        work(clone.path());
    }

    /// Commits a file's new text to a branch, as a person does.
    pub(crate) fn edit(&self, branch: &str, file: &str, text: &str) {
        self.as_person(|clone| {
            git(clone, &["checkout", "-q", branch]);
            fs::write(clone.join(file), text).unwrap();
            git(clone, &["add", "."]);
            git(clone, &["commit", "-qm", "mine"]);
            git(clone, &["push", "-q", "origin", branch]);
        });
    }
}
