//! Asks upstream what changed between two pins, and makes evidence of it.
//!
//! What cannot be learnt is a part of the evidence that says why, never an error: nothing that is locked depends on it.

use crate::catalog::{Archive, Declaration, Upstream, Versions};
use crate::evidence::{Evidence, Facts, wanted};
use crate::model::{ArchivePin, Between, GitPin, ImagePin, Learnt, Pin};
use crate::resolve::Sources;

/// What changed from one pin to another, as far as upstream tells. What is declared says where the tags of an archive's
/// versions are.
pub async fn learn(
    sources: &Sources,
    declaration: Option<&Declaration>,
    from: Option<&Pin>,
    to: &Pin,
) -> Evidence {
    let facts = match (from, to) {
        (Some(Pin::Image(from)), Pin::Image(to)) => images(sources, Some(from), to).await,
        (_, Pin::Image(to)) => images(sources, None, to).await,
        (Some(Pin::Git(from)), Pin::Git(to)) => Facts::Git(commits(sources, from, to).await),
        (Some(Pin::Archive(from)), Pin::Archive(to)) => {
            let declared = declaration.map(|declaration| &declaration.upstream);
            match declared {
                Some(Upstream::Archive(archive)) => versions(sources, archive, from, to).await,
                _ => Facts::Pins,
            }
        }
        (_, Pin::Git(_) | Pin::Archive(_) | Pin::Debian(_)) => Facts::not_asked(to),
    };
    Evidence::of(from, to, &facts)
}

async fn images(sources: &Sources, from: Option<&ImagePin>, to: &ImagePin) -> Facts {
    let [was, is] = wanted(from, to);
    let before = async {
        match from {
            Some(from) => sources.images.anatomy(from, &was).await,
            None => Learnt::not_asked(),
        }
    };
    let (from, to) = futures_util::future::join(before, sources.images.anatomy(to, &is)).await;
    Facts::Image { from, to }
}

/// The commits between two pins.
async fn commits(sources: &Sources, from: &GitPin, to: &GitPin) -> Learnt<Between> {
    if from.url != to.url {
        return Learnt::Unknown("it is another repository".into());
    }
    match sources.git.between(&to.url, &from.commit, &to.commit).await {
        Ok(between) => Learnt::Known(between),
        Err(error) => Learnt::Unknown(error.to_string()),
    }
}

/// The commits between the tags of two versions, where both are known.
async fn versions(sources: &Sources, archive: &Archive, from: &ArchivePin, to: &ArchivePin) -> Facts {
    let Versions::Git { url, .. } = &archive.versions else { return Facts::Pins };
    let Ok(tags) = sources.git.tags(url).await else { return Facts::Pins };
    let commit = |pin: &ArchivePin| {
        let name = archive.tag_of(&pin.version);
        let tag = tags.iter().find(|tag| tag.name.as_str() == name && pin.url == archive.url)?;
        Some(tag.commit.clone())
    };
    let (Some(from), Some(to)) = (commit(from), commit(to)) else { return Facts::Pins };
    let commits = match sources.git.between(url, &from, &to).await {
        Ok(between) => Learnt::Known(between),
        Err(error) => Learnt::Unknown(error.to_string()),
    };
    Facts::Tagged { url: url.clone(), from, to, commits }
}
