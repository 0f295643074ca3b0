//! Pushing under a tag, which is never taken from other content.

use std::collections::BTreeMap;

use super::make::{Log, follow};
use super::{BuildArgs, Job};
use crate::cli::session::Session;
use crate::engine::{Goal, Recipe};
use crate::error::{Error, Status};
use crate::model::{Digest, ImageName, ImageRef, Platform};
use crate::net::Kind;

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

/// Pushes what was built, unless it is there, or something else is.
pub(super) async fn push(
    session: &mut Session<'_>,
    job: &Job<'_>,
    recipe: &Recipe,
    built: &BTreeMap<Platform, Digest>,
    log: &mut Log,
) -> Result<&'static str, Error> {
    match held(session, job, recipe).await? {
        Some(held) if held == *built => return Ok("it was there already"),
        Some(_) if !job.args.force => {
            let error = format!("{} is not pushed: the tag holds another image", recipe.name);
            return Err(Error::new(Status::Failed, error)
                .hint("a tag that moves surprises whoever pulls it; --force moves it"));
        }
        Some(_) | None => {}
    }
    follow(session, job, recipe, Goal::Push, log).await?;
    match held(session, job, recipe).await? {
        Some(held) if held == *built => Ok("pushed"),
        _ => {
            let error = format!("{} holds another image than was built and audited", recipe.name);
            Err(Error::new(Status::Alarm, error)
                .hint("somebody else has pushed there, or the builder has built it anew: push again"))
        }
    }
}

/// What the tag holds.
async fn held(
    session: &Session<'_>,
    job: &Job<'_>,
    recipe: &Recipe,
) -> Result<Option<BTreeMap<Platform, Digest>>, Error> {
    let name: ImageRef = recipe.name.parse().map_err(|error| Error::usage(format!("{error}")))?;
    let Some(tag) = name.tag() else {
        return Ok(None);
    };
    // Asked anew each time: a source remembers what a run has seen.
    let upstreams = session.upstreams(job.workspace)?;
    match upstreams.sources.images.by_tag(name.repository(), tag).await {
        Ok(manifest) => Ok(Some(manifest.platforms.clone())),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => {
            let status = Status::of_source(&error);
            Err(Error::new(status, format!("{} is not pushed: {error}", recipe.name)))
        }
    }
}
