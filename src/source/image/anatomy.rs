//! What the images of a pin are made of: manifests, configurations and inventories, never a layer's content.

use std::collections::BTreeMap;

use super::ImageSource;
use crate::model::{Anatomy, Depth, ImagePin, Platform};
use crate::source::SourceError;

impl ImageSource {
    /// What the `wanted` images of `pin` are made of. Fails only where what the pin names cannot be read; what is not
    /// known of one image is told in its place.
    pub async fn anatomy(
        &self,
        pin: &ImagePin,
        wanted: &BTreeMap<Platform, Depth>,
    ) -> Result<Anatomy, SourceError> {
        let _ = (pin, wanted);
        Ok(Anatomy::default())
    }
}
