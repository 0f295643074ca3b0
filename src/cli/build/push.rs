//! Pushing under a tag, which is never taken from other content.

use std::collections::BTreeSet;
use std::path::Path;

use super::{BuildArgs, Job};
use crate::cli::session::Session;
use crate::engine::Recipe;
use crate::error::{Error, Status};
use crate::inspect::unreadable;
use crate::model::{Digest, ImageName, ImageRef};
use crate::net::Kind;
use crate::oci::{Document, Folder};
use crate::source::RawManifest;
use crate::upload::{self, UploadError};

/// The repository that an image is pushed to.
pub(super) fn repository(args: &BuildArgs, image: &ImageName) -> String {
    let prefix = &args.tag_prefix;
    let slash = if prefix.is_empty() || prefix.ends_with(['/', '-']) { "" } else { "/" };
    format!("{prefix}{slash}{image}")
}

/// A prefix that makes no repository, or none where one is pushed.
pub(super) fn check_prefix(args: &BuildArgs) -> Result<(), Error> {
    let prefix = &args.tag_prefix;
    if prefix.is_empty() {
        return match args.push {
            true => Err(Error::usage("--push needs --tag-prefix: where to push to")
                .hint("as in --tag-prefix ghcr.io/acme/")),
            false => Ok(()),
        };
    }
    let slash = if prefix.ends_with(['/', '-']) { "" } else { "/" };
    match format!("{prefix}{slash}image").parse::<ImageRef>() {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::usage(format!("--tag-prefix {prefix} makes no repository: {error}"))),
    }
}

/// Pushes the layout that was audited, byte for byte, unless its images are there, or something else is.
pub(super) async fn push(
    session: &Session<'_>,
    job: &Job<'_>,
    recipe: &Recipe,
    layout: &Path,
) -> Result<&'static str, Error> {
    let name: ImageRef = recipe.name.parse().map_err(|error| Error::usage(format!("{error}")))?;
    let folder = Folder::open(layout).map_err(unreadable)?;
    let roots = folder.index().map_err(unreadable)?;
    let [root] = roots.as_slice() else {
        let error = format!("{name} is not pushed: the builder has written {} images", roots.len());
        return Err(Error::new(Status::Failed, error));
    };
    let built = images(&root.digest, &folder.manifest(&root.digest).map_err(unreadable)?);
    match held(session, job, &name).await? {
        Some(held) if images(&held.digest, &held.bytes) == built => return Ok("it was there already"),
        Some(_) if !job.args.force => {
            let error = format!("{name} is not pushed: the tag holds another image");
            return Err(Error::new(Status::Failed, error)
                .hint("a tag that moves surprises whoever pulls it; --force moves it"));
        }
        Some(_) | None => {}
    }
    let client = session.client(job.workspace)?;
    upload::push(&client, &folder, root, &name).await.map_err(|error| refused(&name, &error))?;
    match held(session, job, &name).await? {
        Some(held) if held.digest == root.digest => Ok("pushed"),
        _ => {
            let error = format!("{name} holds another image than was pushed");
            Err(Error::new(Status::Alarm, error).hint("somebody else pushes there: see who"))
        }
    }
}

/// What runs of an index or a manifest: each manifest with its platform. What is attested differs with every build.
fn images(digest: &Digest, bytes: &[u8]) -> BTreeSet<(Option<String>, Digest)> {
    let Ok(document) = serde_json::from_slice::<Document>(bytes) else {
        return BTreeSet::from([(None, digest.clone())]);
    };
    if document.config.is_some() {
        return BTreeSet::from([(None, digest.clone())]);
    }
    let runs = document.manifests.into_iter().filter(|entry| !entry.is_attestation());
    runs.map(|entry| (entry.platform().map(|platform| platform.to_string()), entry.digest)).collect()
}

fn refused(name: &ImageRef, error: &UploadError) -> Error {
    let failed = Error::new(Status::of_kind(error.kind()), format!("{name} is not pushed: {error}"));
    match error.kind() {
        Kind::Denied => failed.hint(format!(
            "log in with an account that may push: docker login {}",
            name.repository().registry()
        )),
        _ => failed,
    }
}

/// What the tag holds.
async fn held(session: &Session<'_>, job: &Job<'_>, name: &ImageRef) -> Result<Option<RawManifest>, Error> {
    // Asked anew each time: a source remembers what a run has seen.
    let upstreams = session.upstreams(job.workspace)?;
    match upstreams.sources.images.raw_manifest(name).await {
        Ok(manifest) => Ok(Some(manifest)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => {
            let failed = Error::new(Status::of_source(&error), format!("{name} is not pushed: {error}"));
            Err(error.hint().into_iter().fold(failed, Error::hint))
        }
    }
}
