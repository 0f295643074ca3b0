//! A clone of its own for who serves a repository and needs nobody's work tree: its remote is that of the repository, and
//! what is checked out in it is nothing.

use std::path::Path;

use git2::Repository;

use super::place::{Place, oid, said};
use crate::error::Error;
use crate::files;
use crate::git::{Address, resolve};
use crate::model::CommitId;
use crate::workspace::Workspace;

/// What a clone is of, in git's words: where it is, and what configuration it shares.
struct Origin<'a> {
    /// The remote's name.
    remote: &'a str,
    fetch: String,
    push: String,
    /// A configuration that counts as well.
    shared: Option<String>,
}

/// The clone in `folder` of what `source` is in, made where it is not there. The root in it is the one that `source` is in.
///
/// What git is told about remotes and credentials is what the repository's own configuration says, read where it stands.
pub fn open(source: &Path, folder: &Path, remote: &str) -> Result<Place, Error> {
    let root = Workspace::root_of(source);
    let theirs = Place::open(&root)?;
    let places = resolve(theirs.git(), remote)?;
    let common = Repository::open(theirs.git()).map_err(|error| said("opened", &error))?;
    let shared = common.commondir().canonicalize()?.join("config").display().to_string();
    let (fetch, push) = (places.fetch.in_configuration(), places.push.in_configuration());
    made(folder, &Origin { remote, fetch, push, shared: Some(shared) })?;
    let own = folder.join(&theirs.folder);
    std::fs::create_dir_all(&own)?;
    Place::open(&own)
}

/// The clone in `folder` of what is at an address, made where it is not there.
pub fn of(address: &Address, folder: &Path, remote: &str) -> Result<Place, Error> {
    let url = address.in_configuration();
    made(folder, &Origin { remote, fetch: url.clone(), push: url, shared: None })?;
    Place::open(folder)
}

/// A repository in `folder`: one whose making was cut off is made to its end, and one of another origin is made anew, since
/// what is declared and what was seen there is nothing to this one.
fn made(folder: &Path, origin: &Origin<'_>) -> Result<(), Error> {
    let failed = |error: git2::Error| {
        said("opened", &error).hint(format!("it is a copy: remove {} to have it made anew", folder.display()))
    };
    if let Ok(known) = Repository::open(folder)
        && known_origin(&known).is_some_and(|known| known != origin.fetch)
    {
        std::fs::remove_dir_all(folder)?;
    }
    let repository = Repository::open(folder).or_else(|_| Repository::init(folder)).map_err(failed)?;
    let write = |tells| -> Result<(), Error> {
        let (path, text) = (repository.path().join("config"), configuration(origin, tells));
        match std::fs::read(&path).ok().as_deref() == Some(text.as_bytes()) {
            true => Ok(()),
            false => Ok(files::replace(&path, text.as_bytes())?),
        }
    };
    if origin.shared.is_some() {
        write(false)?;
        // What is shared says where it is, unless that is relative to where it stands.
        let here = resolve(repository.path(), origin.remote)?;
        if here.fetch.in_configuration() == origin.fetch && here.push.in_configuration() == origin.push {
            return Ok(());
        }
    }
    write(true)
}

/// Where a clone was told to be from; none where its making was cut off.
fn known_origin(repository: &Repository) -> Option<String> {
    repository.config().ok()?.get_string(ORIGIN).ok()
}

/// The key that says what a clone is of.
const ORIGIN: &str = "solera-pin.origin";

/// All of a clone's configuration; whether it tells where the remote is. What counts first stands first.
fn configuration(origin: &Origin<'_>, tells: bool) -> String {
    let Origin { remote, fetch, push, shared } = origin;
    let (remote, fetch, push) = (quoted(remote), quoted(fetch), quoted(push));
    let mut text =
        format!("[core]\n\trepositoryformatversion = 0\n\tbare = false\n[solera-pin]\n\torigin = {fetch}\n");
    if tells {
        text += &format!("[remote {remote}]\n\turl = {fetch}\n");
    }
    if tells && push != fetch {
        text += &format!("\tpushurl = {push}\n");
    }
    if let Some(shared) = shared {
        text += &format!("[include]\n\tpath = {}\n", quoted(shared));
    }
    text
}

/// A value or a name as git's configuration has it (git-config(1)).
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Lets a commit that is here be the one that the clone stands on.
pub fn stand_on(place: &Place, commit: &CommitId) -> Result<(), Error> {
    let repository = place.repository()?;
    repository.set_head_detached(oid(commit)?).map_err(|error| said("brought to its base", &error))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
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

    #[test]
    fn a_clone_of_another_repository_is_made_anew_and_has_nothing_of_the_other() {
        let (source, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let clone = folder.path().join("clone");
        let theirs = Repository::init(source.path()).unwrap();
        theirs.remote("origin", "https://example.org/a.git").unwrap();
        theirs.remote_set_pushurl("origin", Some("https://example.org/push.git")).unwrap();
        let address = |text: &str| Address::read(text, Path::new("/")).unwrap();
        let urls = || {
            let places = resolve(&clone.join(".git"), "origin").unwrap();
            (places.fetch.in_configuration(), places.push.in_configuration())
        };
        let pair = |fetch: &str, push: &str| (fetch.to_owned(), push.to_owned());
        open(source.path(), &clone, "origin").unwrap();
        assert_eq!(urls(), pair("https://example.org/a.git", "https://example.org/push.git"));
        let mark = clone.join(".git/mark");
        std::fs::write(&mark, "").unwrap();
        of(&address("https://example.org/a.git"), &clone, "origin").unwrap();
        assert_eq!(urls(), pair("https://example.org/a.git", "https://example.org/a.git"));
        assert!(mark.exists(), "it is of the same repository");
        of(&address("https://bot@example.org/b \"c\\d.git"), &clone, "origin").unwrap();
        assert!(!mark.exists(), "it was of another one");
        let url = "https://bot@example.org/b%20%22c/d.git";
        assert_eq!(urls(), pair(url, url));
        open(source.path(), &clone, "origin").unwrap();
        assert_eq!(urls().1, "https://example.org/push.git");
    }
}
