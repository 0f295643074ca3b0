//! Pushing under a tag, which is never taken from other content.

use std::collections::BTreeSet;
use std::path::Path;

use super::{BuildArgs, Job};
use crate::cli::network::settings;
use crate::cli::session::Session;
use crate::engine::Recipe;
use crate::error::{Error, Status};
use crate::inspect::unreadable;
use crate::model::{Digest, ImageName, ImageRef, ImageRefError};
use crate::net::{Client, Kind};
use crate::oci::{Document, Folder};
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

/// What can be known of a push before anything is built: that it has a name, and that the registry lets us in.
pub(super) async fn check(session: &Session<'_>, job: &Job<'_>, recipe: &Recipe) -> Result<(), Error> {
    let name = name(recipe)?;
    let client = straight(session, job, &name)?;
    upload::check_allowed(&client, name.repository()).await.map_err(|error| refused(&name, &error))
}

fn name(recipe: &Recipe) -> Result<ImageRef, Error> {
    let wrong = |error: ImageRefError| Error::usage(format!("{} cannot be pushed: {error}", recipe.name));
    recipe.name.parse().map_err(wrong)
}

/// Pushes the layout that was audited, byte for byte, unless its images are there, or something else is.
pub(super) async fn push(
    session: &Session<'_>,
    job: &Job<'_>,
    recipe: &Recipe,
    layout: &Path,
) -> Result<&'static str, Error> {
    let name = name(recipe)?;
    let folder = Folder::open(layout).map_err(unreadable)?;
    let roots = folder.index().map_err(unreadable)?;
    let [root] = roots.as_slice() else {
        let error = format!("{name} is not pushed: the builder has written {} images", roots.len());
        return Err(Error::new(Status::Failed, error));
    };
    let built = images(&root.digest, &folder.manifest(&root.digest).map_err(unreadable)?);
    let client = straight(session, job, &name)?;
    let failed = |error: UploadError| refused(&name, &error);
    match upload::held(&client, &name).await.map_err(failed)? {
        Some(held) if images(&Digest::sha256(&held), &held) == built => return Ok("it was there already"),
        Some(_) if !job.args.force => {
            let error = format!("{name} is not pushed: the tag holds another image");
            return Err(Error::new(Status::Failed, error)
                .hint("a tag that moves surprises whoever pulls it; --force moves it"));
        }
        Some(_) | None => {}
    }
    upload::push(&client, &folder, root, &name).await.map_err(failed)?;
    match upload::held(&client, &name).await.map_err(failed)? {
        Some(held) if Digest::of(root.digest.algorithm(), &held) == root.digest => Ok("pushed"),
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

/// A push is work to be done, and its registry no upstream: only where there is no answer another run may have one.
fn refused(name: &ImageRef, error: &UploadError) -> Error {
    let status = match error.kind() {
        Kind::Integrity => Status::Alarm,
        Kind::Unreachable => Status::Incomplete,
        Kind::Denied | Kind::Configuration => Status::Usage,
        Kind::NotFound | Kind::Protocol => Status::Failed,
    };
    let failed = Error::new(status, format!("{name} is not pushed: {error}"));
    match (error.hint(), error.kind()) {
        (Some(hint), _) => failed.hint(hint),
        (None, Kind::Denied) => failed.hint(format!(
            "log in with an account that may push: docker login {}",
            name.repository().registry()
        )),
        (None, _) => failed,
    }
}

/// A client that asks the registry itself: what is at its mirror is not what was pushed.
fn straight(session: &Session<'_>, job: &Job<'_>, name: &ImageRef) -> Result<Client, Error> {
    let settings = settings(session.app, job.workspace)?;
    Ok(Client::new(settings.without_mirror_of(name.repository().registry()))?)
}
