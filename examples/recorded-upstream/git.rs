//! The bare git repository: a commit of our own for each real tag, since the real contents are not here.

use std::path::Path;

use git2::{Oid, Repository, RepositoryInitOptions, Signature, Time};
use jiff::Timestamp;
use solera_pin::model::GitRef;

use super::RecordedError;
use super::facts::GitTagFacts;

/// Makes or moves the repository at `path`; gives the tags that existed at `at`.
pub(super) fn write(path: &Path, facts: &[GitTagFacts], at: Timestamp) -> Result<Vec<GitRef>, RecordedError> {
    write_tags(path, facts, at).map_err(|source| RecordedError::Git { path: path.into(), source })
}

fn write_tags(path: &Path, facts: &[GitTagFacts], at: Timestamp) -> Result<Vec<GitRef>, git2::Error> {
    // Neither a template nor a default branch of this machine's git may change the result.
    let mut options = RepositoryInitOptions::new();
    options.bare(true).mkpath(true).external_template(false).initial_head("main");
    let repository = Repository::init_opts(path, &options)?;
    let mut tip = None;
    let mut tags = Vec::new();
    for fact in facts {
        let name = format!("refs/tags/{}", fact.tag);
        if fact.committed <= at {
            let commit = commit(&repository, fact, tip)?;
            repository.reference(&name, commit, true, "")?;
            tip = Some(commit);
            tags.push(fact.tag.clone());
        } else if let Ok(mut later) = repository.find_reference(&name) {
            later.delete()?;
        }
    }
    match tip {
        Some(commit) => {
            repository.reference("refs/heads/main", commit, true, "")?;
        }
        None => {
            if let Ok(mut main) = repository.find_reference("refs/heads/main") {
                main.delete()?;
            }
        }
    }
    Ok(tags)
}

/// One file that names the tag, on top of the tag before it.
fn commit(repository: &Repository, fact: &GitTagFacts, parent: Option<Oid>) -> Result<Oid, git2::Error> {
    let blob = repository.blob(format!("{}\n", fact.tag).as_bytes())?;
    let mut tree = repository.treebuilder(None)?;
    tree.insert("VERSION", blob, 0o100_644)?;
    let tree = repository.find_tree(tree.write()?)?;
    let time = Time::new(fact.committed.as_second(), 0);
    let author = Signature::new("recorded upstream", "recorded-upstream@example.org", &time)?;
    let message = format!(
        "{}\n\nStands for commit {} of sadoyan/aralez, whose contents are not here.\n",
        fact.tag, fact.commit
    );
    let parent = parent.map(|id| repository.find_commit(id)).transpose()?;
    let parents: Vec<_> = parent.iter().collect();
    repository.commit(None, &author, &author, &message, &tree, &parents)
}
