//! A repository in a folder of this machine: read with the git library, fetched and pushed with git's own programs.

use std::path::Path;

use git2::{ErrorCode, ObjectType, Reference, Repository};
use tokio::process::Command;

use super::Service;
use super::duplex::Trouble;
use super::error::{Failure, one_line};
use super::refs::{Named, Refs, Version};
use crate::net::Kind;

/// What git sets for its hooks: it is about the repository that we may run in, not about the one that is named.
pub(super) const OURS: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_QUARANTINE_PATH",
];

/// The references of the repository at `path` that name a commit.
pub(super) async fn refs(path: &Path, prefixes: &[&str]) -> Result<Refs, Failure> {
    let (shown, path) = (path.display().to_string(), path.to_owned());
    let prefixes: Vec<String> = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
    match tokio::task::spawn_blocking(move || read(&path, &prefixes)).await {
        Ok(Ok(refs)) => Ok(refs),
        Ok(Err(error)) if error.code() == ErrorCode::NotFound => {
            Err(Failure::new(Kind::NotFound, format!("{shown} is not a git repository")))
        }
        Ok(Err(error)) => {
            Err(Failure::new(Kind::Unreachable, format!("{shown}: {}", one_line(error.message()))))
        }
        Err(_) => Err(Failure::new(Kind::Unreachable, format!("reading {shown} was interrupted"))),
    }
}

fn read(path: &Path, prefixes: &[String]) -> Result<Refs, git2::Error> {
    let repository = Repository::open(path)?;
    let wanted = |name: &str| prefixes.is_empty() || prefixes.iter().any(|prefix| name.starts_with(prefix));
    let mut refs = Refs::default();
    for reference in repository.references()? {
        let reference = reference?;
        if let Ok(name) = reference.name()
            && wanted(name)
            && let Some(named) = named(&repository, &reference)
        {
            refs.names.insert(name.to_owned(), named);
        }
    }
    if let Ok(head) = repository.find_reference("HEAD") {
        refs.head = head.symbolic_target().ok().flatten().map(str::to_owned);
        if let Some(named) = named(&repository, &head).filter(|_| wanted("HEAD")) {
            refs.names.insert("HEAD".into(), named);
        }
    }
    Ok(refs)
}

/// `None` where what it names in the end is no commit.
fn named(repository: &Repository, reference: &Reference<'_>) -> Option<Named> {
    let commit = reference.peel_to_commit().ok()?.id();
    let id = reference.resolve().ok()?.target()?;
    let is_tag = repository.find_object(id, None).ok()?.kind() == Some(ObjectType::Tag);
    let peeled = if is_tag { Some(commit.to_string().parse().ok()?) } else { None };
    Some(Named { id: id.to_string().parse().ok()?, peeled })
}

/// git's program for a service.
pub(super) fn command(path: &Path, service: Service, version: Version) -> Command {
    let mut command = Command::new("git");
    command.arg(service.name()).arg("--").arg(path);
    match version {
        Version::Zero => command.env_remove("GIT_PROTOCOL"),
        Version::Two => command.env("GIT_PROTOCOL", "version=2"),
    };
    for variable in OURS {
        command.env_remove(variable);
    }
    command
}

/// What a failure of git's program comes to.
pub(super) fn failed(trouble: Trouble, path: &Path) -> Failure {
    let shown = path.display();
    match trouble {
        Trouble::Missing(error) => {
            Failure::new(Kind::Unreachable, format!("git cannot be run: {error}")).hinted("install git")
        }
        Trouble::Slow(limit) => {
            let why = format!("git did not answer within {} s for {shown}", limit.as_secs());
            Failure::new(Kind::Unreachable, why)
        }
        Trouble::Said(said) if said.contains("does not appear to be a git repository") => {
            Failure::new(Kind::NotFound, format!("{shown} is not a git repository"))
        }
        Trouble::Said(said) => Failure::new(Kind::Unreachable, format!("git failed in {shown}: {said}"))
            .hinted("see whether `git status` works there"),
    }
}
