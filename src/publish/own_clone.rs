//! A clone of its own for who serves a repository and needs nobody's work tree: its remote is that of the repository, and
//! what is checked out in it is nothing.

use std::path::Path;

use git2::{ConfigLevel, Repository};

use super::place::{Place, oid, said};
use crate::error::Error;
use crate::git::{Address, resolve};
use crate::model::CommitId;
use crate::workspace::Workspace;

/// The clone in `folder` of what `source` is in, made where it is not there. The root in it is the one that `source` is in.
pub fn open(source: &Path, folder: &Path, remote: &str) -> Result<Place, Error> {
    let root = Workspace::root_of(source);
    let theirs = Place::open(&root)?;
    configure(&made(folder)?, &theirs, remote)?;
    let own = folder.join(&theirs.folder);
    std::fs::create_dir_all(&own)?;
    Place::open(&own)
}

/// The clone in `folder` of what is at an address, made where it is not there.
pub fn of(address: &Address, folder: &Path, remote: &str) -> Result<Place, Error> {
    let failed = |error: git2::Error| said("configured", &error);
    let repository = made(folder)?;
    let mut local =
        repository.config().and_then(|config| config.open_level(ConfigLevel::Local)).map_err(failed)?;
    let (key, url) = (format!("remote.{remote}.url"), address.to_string());
    if local.get_string(&key).ok().as_deref() != Some(&url) {
        local.set_str(&key, &url).map_err(failed)?;
    }
    Place::open(folder)
}

/// A repository in `folder`: one whose making was cut off is made to its end.
fn made(folder: &Path) -> Result<Repository, Error> {
    let repository = Repository::open(folder).or_else(|_| Repository::init(folder));
    repository.map_err(|error| {
        said("opened", &error).hint(format!("it is a copy: remove {} to have it made anew", folder.display()))
    })
}

/// What git is told about remotes and credentials is what the repository's own configuration says, read where it stands.
fn configure(repository: &Repository, theirs: &Place, remote: &str) -> Result<(), Error> {
    let failed = |error: git2::Error| said("configured", &error);
    let common = Repository::open(theirs.git()).map_err(|error| said("opened", &error))?;
    let path = common.commondir().canonicalize()?.join("config").display().to_string();
    let mut local =
        repository.config().and_then(|config| config.open_level(ConfigLevel::Local)).map_err(failed)?;
    if local.get_string("include.path").ok().as_deref() != Some(&path) {
        local.set_str("include.path", &path).map_err(failed)?;
    }
    let (there, here) = (resolve(theirs.git(), remote)?, resolve(repository.path(), remote)?);
    // A path is relative to where it stands.
    for (key, there, here) in [("url", &there.fetch, &here.fetch), ("pushurl", &there.push, &here.push)] {
        if there.to_string() != here.to_string() {
            local.set_str(&format!("remote.{remote}.{key}"), &there.to_string()).map_err(failed)?;
        }
    }
    Ok(())
}

/// Lets a commit that is here be the one that the clone stands on.
pub fn stand_on(place: &Place, commit: &CommitId) -> Result<(), Error> {
    let repository = place.repository()?;
    repository.set_head_detached(oid(commit)?).map_err(|error| said("brought to its base", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_whose_making_was_cut_off_is_made_to_its_end() {
        let (source, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let theirs = Repository::init(source.path()).unwrap();
        theirs.remote("origin", "https://example.org/a.git").unwrap();
        for made in ["", ".git", ".git/objects", ".git/refs"] {
            std::fs::create_dir_all(folder.path().join(made)).unwrap();
            let place = open(source.path(), folder.path(), "origin").unwrap();
            assert!(place.head().unwrap().is_none(), "{made}");
            std::fs::remove_dir_all(folder.path().join(".git")).unwrap();
        }
    }
}
