//! Asks upstream what changed between two pins, and makes evidence of it.
//!
//! What cannot be learnt is a part of the evidence that says why, never an error: nothing that is locked depends on it.

use crate::evidence::{Evidence, Facts, wanted};
use crate::model::{Between, GitPin, ImagePin, Learnt, Pin};
use crate::resolve::Sources;

/// What changed from one pin to another, as far as upstream tells.
pub async fn learn(sources: &Sources, from: Option<&Pin>, to: &Pin) -> Evidence {
    let facts = match (from, to) {
        (Some(Pin::Image(from)), Pin::Image(to)) => images(sources, Some(from), to).await,
        (_, Pin::Image(to)) => images(sources, None, to).await,
        (Some(Pin::Git(from)), Pin::Git(to)) => Facts::Git(commits(sources, from, to).await),
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
