//! Copies of images of registries, for as long as they are looked at.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::unreadable;
use crate::error::{Error, Status};
use crate::mirror::pull::{PullError, Puller, Wanted, Which};
use crate::model::ImageRef;
use crate::oci::{Folder, Writer};
use crate::source::ImageSource;

/// A layout that is gone with it.
pub(super) struct Copy {
    pub(super) folder: Arc<Folder>,
    /// What the image is called there.
    pub(super) name: String,
    _place: TempDir,
}

impl Copy {
    /// Of all that a reference leads to, what is attested too.
    pub(super) async fn of(images: &ImageSource, reference: &ImageRef) -> Result<Self, Error> {
        let place = tempfile::tempdir()?;
        let name = fetch(images, reference, place.path()).await.map_err(not_fetched)?;
        let folder = Arc::new(Folder::open(place.path()).map_err(unreadable)?);
        Ok(Self { folder, name, _place: place })
    }
}

/// Copies an image into a layout; gives its name there.
async fn fetch(images: &ImageSource, reference: &ImageRef, place: &Path) -> Result<String, PullError> {
    let write = |error| PullError::Write { path: place.to_path_buf(), error };
    let writer = Writer::open(place).map_err(write)?;
    let puller = Puller::new(images.clone(), writer, Arc::new(|_| ()))?;
    let copied = puller.fetch(reference, &Wanted { which: Which::All, attestations: true }).await?;
    let name = reference.to_string();
    let names = BTreeMap::from([(name.clone(), (copied.digest, copied.size, copied.media_type))]);
    puller.writer().name(&names).map_err(write)?;
    Ok(name)
}

fn not_fetched(error: PullError) -> Error {
    match error {
        PullError::Source(error) => {
            let failed = Error::new(Status::of_source(&error), error.to_string());
            error.hint().into_iter().fold(failed, Error::hint)
        }
        PullError::Folder(error) => unreadable(error),
        error @ PullError::Wrong { .. } => Error::new(Status::Alarm, error.to_string()),
        error @ PullError::Write { .. } => Error::usage(error.to_string()),
        error => Error::new(Status::Incomplete, error.to_string()),
    }
}
