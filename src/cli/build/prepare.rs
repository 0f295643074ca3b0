//! What a builder is told of an image: arguments, labels, its time, its name, and what it may read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::Job;
use crate::catalog::{Image, Mode};
use crate::cli::emit::{read::Named, read::pins, sources_list_of};
use crate::cli::session::Session;
use crate::emit::{all_arguments, source_policy};
use crate::engine::{Recipe, digits_of, outside, tag_of};
use crate::error::{Error, Status};
use crate::files;
use crate::model::{Digest, Pin, PinName, Platform};
use crate::tree::{File, Standing, Touched, Tree as _, Want, WorkTree};

/// How a label of an image is called (image-spec, "annotations").
const LABEL: &str = "org.opencontainers.image.";

pub(super) fn recipe(session: &mut Session<'_>, job: &Job<'_>, image: &Image) -> Result<Recipe, Error> {
    let (workspace, store) = (job.workspace, job.store);
    let name = &image.name;
    let folder = format!("images/{name}");
    let read = image.pins().cloned().collect();
    let mut pins_read = pins(workspace, store, Some(&read))?;
    let arguments = all_arguments(&pins_read);
    let named = Named::by(workspace, store.lock(), image);
    pins_read.extend(pins(workspace, store, Some(&named.pins))?);
    let standing = Standing::of(&workspace.root, &["pins.lock", &folder])?;
    let epoch = epoch(session, &standing, &folder)?;
    let inputs = digits_of(&arguments, &files_of(job, &folder)?);
    let tag = tag_of(&workspace.catalog, image, store.lock(), &inputs)
        .map_err(|error| Error::usage(format!("{folder} cannot be built: {error}")))?;
    let platforms = platforms(job, image)?;
    if !job.engine.has_policies() {
        let platforms: Vec<String> = platforms.iter().map(Platform::to_string).collect();
        check(image, &outside(&image.dockerfile.text, &arguments, &platforms, &pins_read))?;
    }
    let mut labels = BTreeMap::from([(format!("{LABEL}version"), tag.to_string())]);
    if let Some(Pin::Image(base)) = store.lock().pins.get(&image.runtime_base) {
        labels.insert(format!("{LABEL}base.name"), format!("{}:{}", base.repository, base.tag));
        labels.insert(format!("{LABEL}base.digest"), base.digest.to_string());
    }
    if let Some(revision) = revision(session, job, standing, &folder)? {
        labels.insert(format!("{LABEL}revision"), revision);
    }
    let mut recipe = Recipe {
        root: workspace.root.clone(),
        dockerfile: image.dockerfile.path.clone(),
        context: folder,
        name: format!("{}:{tag}", super::push::repository(job.args, name)),
        run: job.run(image),
        platforms,
        arguments,
        labels,
        epoch,
        policy: policy(job, image, &pins_read)?,
        sources_list: sources_list(job, image, &pins_read)?,
        fresh: job.args.check_reproducible,
        further: job.args.further.clone(),
    };
    if let Some(time) = recipe.time() {
        recipe.labels.insert(format!("{LABEL}created"), time.to_string());
    }
    Ok(recipe)
}

/// What keeps an image from being built by a builder that nothing keeps from fetching.
fn check(image: &Image, outside: &[String]) -> Result<(), Error> {
    if outside.is_empty() {
        return Ok(());
    }
    let path = &image.dockerfile.path;
    let what = outside.join(", ");
    Err(Error::new(Status::Failed, format!("{path} names what is not locked: {what}"))
        .hint("name a pin there: ARG PIN_NAME, FROM ${PIN_NAME}; `solera-pin add` makes one"))
}

fn platforms(job: &Job<'_>, image: &Image) -> Result<Vec<Platform>, Error> {
    let wanted = &job.args.platform;
    if wanted.is_empty() {
        return Ok(image.platforms.iter().cloned().collect());
    }
    match wanted.iter().find(|platform| !image.platforms.contains(platform)) {
        None => Ok(wanted.clone()),
        Some(platform) => {
            let own: Vec<String> = image.platforms.iter().map(ToString::to_string).collect();
            let error = Error::usage(format!("{} is not built for {platform}", image.name));
            Err(error.hint(format!("its image.toml says: {}", own.join(", "))))
        }
    }
}

/// The time of everything in the image.
fn epoch(session: &Session<'_>, standing: &Option<Standing>, folder: &str) -> Result<i64, Error> {
    if let Some(text) = session.app.variable("SOURCE_DATE_EPOCH") {
        let seconds = text.parse::<i64>().ok().filter(|seconds| *seconds >= 0);
        return seconds.ok_or_else(|| {
            Error::usage(format!("SOURCE_DATE_EPOCH is `{text}`, which is no count of seconds since 1970"))
        });
    }
    let why = match standing.as_ref().map(|standing| standing.touched) {
        Some(Touched::At(seconds)) => return Ok(seconds),
        Some(Touched::Never) => format!("neither pins.lock nor {folder} is in any commit"),
        Some(Touched::Beyond) => {
            format!(
                "this is a shallow clone, which does not go back to the last change of pins.lock or {folder}"
            )
        }
        None => "there is no git repository with a commit here".to_owned(),
    };
    let error = Error::usage(format!("the time of the image is not known: {why}"));
    Err(error.hint("set SOURCE_DATE_EPOCH, or fetch the history: git fetch --unshallow"))
}

/// The commit that the image is built from, unless what it is built from is in none.
fn revision(
    session: &mut Session<'_>,
    job: &Job<'_>,
    standing: Option<Standing>,
    folder: &str,
) -> Result<Option<String>, Error> {
    let Some(standing) = standing else {
        return Ok(None);
    };
    let Some(changed) = standing.changed.first() else {
        return Ok(Some(standing.commit));
    };
    if job.args.push {
        let error = Error::usage(format!("{folder} is not pushed: {changed} differs from the last commit"));
        return Err(error.hint("commit it: what is pushed names the commit that it was built from"));
    }
    session
        .output
        .note(&format!("{changed} differs from the last commit: the image will name no revision\n"));
    Ok(None)
}

/// The files of an image's folder that git does not ignore.
fn files_of(job: &Job<'_>, folder: &str) -> Result<BTreeMap<String, (bool, Digest)>, Error> {
    let tree = WorkTree::new(&job.workspace.root);
    let found = Mutex::new((BTreeMap::new(), None));
    let wanted = |_: &str| Want::Whole;
    tree.each(&[folder.to_owned()], &wanted, &|path, file| {
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        match file {
            File::Bytes(bytes) => {
                let program = files::is_program(&job.workspace.root.join(path));
                found.0.insert(path.to_owned(), (program, Digest::sha256(bytes)));
            }
            File::Unreadable(why) => found.1 = Some(format!("{path} could not be read: {why}")),
            File::Submodule => {}
        }
    })?;
    let (files, wrong) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    match wrong {
        None => Ok(files),
        Some(why) => Err(Error::usage(why)),
    }
}

/// What BuildKit may fetch, in a file.
fn policy(job: &Job<'_>, image: &Image, pins: &BTreeMap<PinName, Pin>) -> Result<Option<PathBuf>, Error> {
    if !job.engine.has_policies() {
        return Ok(None);
    }
    let mode: Mode = job.workspace.catalog.policy.references.mode;
    let path = job.scratch.join(format!("{}.policy.json", image.name));
    files::replace(&path, source_policy(pins, mode, &[]).as_bytes())?;
    Ok(Some(path))
}

fn sources_list(
    job: &Job<'_>,
    image: &Image,
    pins: &BTreeMap<PinName, Pin>,
) -> Result<Option<PathBuf>, Error> {
    if image.packages.is_none() {
        return Ok(None);
    }
    let path = job.scratch.join(format!("{}.sources-list", image.name));
    files::replace(&path, sources_list_of(job.workspace, pins)?.as_bytes())?;
    Ok(Some(path))
}
