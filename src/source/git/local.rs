//! Tags of a repository in a folder of this machine.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, ObjectType, Reference, Repository};
use url::Url;

use super::refs::one_line;
use crate::model::{GitTag, GitUrl};
use crate::net::Kind;
use crate::source::SourceError;

/// All tags of the repository at `url` that name a commit.
pub(super) async fn tags(url: &GitUrl, asked: &str) -> Result<Vec<GitTag>, SourceError> {
    let wrong = |kind, why: String| SourceError::new(kind, asked, why);
    let path =
        path_of(url).ok_or_else(|| wrong(Kind::Protocol, format!("{url} is not a path of this machine")))?;
    let shown = path.display().to_string();
    let reading = tokio::task::spawn_blocking(move || read(&path));
    match reading.await {
        Ok(Ok(tags)) => Ok(tags),
        Ok(Err(error)) if error.code() == ErrorCode::NotFound => {
            Err(wrong(Kind::NotFound, format!("{shown} is not a git repository")))
        }
        Ok(Err(error)) => Err(wrong(Kind::Unreachable, format!("{shown}: {}", one_line(error.message())))),
        Err(_) => Err(wrong(Kind::Unreachable, format!("reading {shown} was interrupted"))),
    }
}

fn path_of(url: &GitUrl) -> Option<PathBuf> {
    match url.as_str().starts_with('/') {
        true => Some(url.as_str().into()),
        false => Url::parse(url.as_str()).ok()?.to_file_path().ok(),
    }
}

fn read(path: &Path) -> Result<Vec<GitTag>, git2::Error> {
    let repository = Repository::open(path)?;
    let mut tags = Vec::new();
    for reference in repository.references_glob("refs/tags/*")? {
        tags.extend(tag(&repository, &reference?));
    }
    tags.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(tags)
}

/// `None` where the name is not one that git allows, or what it names is no commit.
fn tag(repository: &Repository, reference: &Reference<'_>) -> Option<GitTag> {
    let name = reference.name().ok()?.strip_prefix("refs/tags/")?.parse().ok()?;
    let commit = reference.peel_to_commit().ok()?.id().to_string().parse().ok()?;
    let id = reference.resolve().ok()?.target()?;
    let annotated = repository.find_object(id, None).ok()?.kind() == Some(ObjectType::Tag);
    let tag_object = annotated.then(|| id.to_string().parse().ok()).flatten();
    Some(GitTag { name, commit, tag_object })
}
