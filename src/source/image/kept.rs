//! What is known of images without asking: content that was read in an earlier run.

use std::sync::Arc;

use super::content::{self, Child, Content};
use super::{Image, ImageSource, manifest_of};
use crate::model::{Digest, Manifest};

impl ImageSource {
    /// Whether the content of `digest` is at hand.
    pub fn is_kept(&self, digest: &Digest) -> bool {
        self.cache.body(digest).is_some()
    }

    /// What `digest` names, where it is an index that is at hand and names the platforms of all its images. Whether
    /// anybody still serves it is another question.
    pub fn kept_index(&self, digest: &Digest) -> Option<Arc<Manifest>> {
        let body = self.cache.body(digest)?;
        let Content::Index(media_type, children) = content::read(&body, None).ok()? else { return None };
        let image = |Child { digest, platform, claims }| Some(Image { platform: platform?, digest, claims });
        let images = children.into_iter().map(image).collect::<Option<Vec<_>>>()?;
        Some(Arc::new(manifest_of(digest.clone(), media_type, images)))
    }
}
