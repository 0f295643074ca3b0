//! `build --check-reproducible`: the same image twice, with nothing remembered, and what the two have apart.

use std::collections::BTreeMap;

use super::Job;
use super::make::{Built, Log, follow, forget, manifests};
use crate::catalog::Image;
use crate::cli::session::Session;
use crate::engine::{Goal, Recipe};
use crate::error::{Error, Status};
use crate::oci::{Folder, compare as compare_layouts};

pub(super) async fn compare(
    session: &mut Session<'_>,
    job: &Job<'_>,
    image: &Image,
    recipe: &Recipe,
) -> Result<(Status, Built), Error> {
    let mut log = Log::start(session, job, image)?;
    let [first, second] =
        ["first", "second"].map(|which| job.scratch.join(format!("{}-{which}", image.name)));
    for folder in [&first, &second] {
        let built = follow(session, job, recipe, Goal::Layout(folder), &mut log).await;
        forget(session, job, recipe, &mut log).await;
        built?;
    }
    let ((_, one), (_, other)) = (manifests(&first, recipe)?, manifests(&second, recipe)?);
    let mut apart = Vec::new();
    if one != other {
        let found = Folder::open(&first).and_then(|first| compare_layouts(&first, &Folder::open(&second)?));
        let unread =
            |error| Error::new(Status::Failed, format!("the two builds cannot be compared: {error}"));
        apart = found.map_err(unread)?;
    }
    for folder in [first, second] {
        std::fs::remove_dir_all(folder)?;
    }
    let identical = one == other;
    let went = if identical { "identical: built twice, the same manifests" } else { "differs: built twice" };
    let manifests = if identical { one } else { BTreeMap::new() };
    let built = Built { manifests, went: went.into(), apart, ..Built::of(image, recipe, &log) };
    Ok((if identical { Status::Done } else { Status::Failed }, built))
}
