//! `build`: a builder with the lock, under a policy that denies everything else; then the audit of what it has built.
//!
//! `prepare` makes a recipe of an image, `bases` looks at what a builder without policies would follow, `make` has a builder follow it, `push` guards tags that are taken, `twice` compares
//! two builds.

mod bases;
mod further;
mod make;
mod prepare;
mod push;
mod twice;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::emit::read::{images, pins};
use super::session::Session;
use super::{Format, verify};
use crate::catalog::Image;
use crate::engine::{Engine, answers};
use crate::error::{Error, Status};
use crate::files;
use crate::lock::Store;
use crate::model::{PinName, Platform};
use crate::report::human::count;
use crate::report::json as report_json;
use crate::workspace::Workspace;
use make::Built;

/// Build images with what is locked and nothing else, and audit what was built
#[derive(Args)]
#[command(after_long_help = EXPLANATION)]
pub(super) struct BuildArgs {
    /// The images to build; all of the catalog, where none is named
    #[arg(value_name = "IMAGE")]
    images: Vec<String>,
    /// The builder; the first that is found, where none is named
    #[arg(long, value_enum)]
    engine: Option<Named>,
    /// Build for these platforms only
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',')]
    platform: Vec<Platform>,
    /// What comes before the image's name, as in ghcr.io/acme/
    #[arg(long, value_name = "PREFIX", default_value = "")]
    tag_prefix: String,
    /// Push what was built and audited, unless the tag holds something else
    #[arg(long)]
    push: bool,
    /// Push even where the tag holds something else, or for some of the declared platforms only
    #[arg(long, requires = "push")]
    force: bool,
    /// Put each image into this folder, as an OCI layout of its name, and not among the builder's own
    #[arg(long, value_name = "DIR", conflicts_with_all = ["push", "check_reproducible"])]
    output: Option<PathBuf>,
    /// Build twice with no cache, and say where the images differ; keep neither
    #[arg(long, conflicts_with = "push")]
    check_reproducible: bool,
    /// Where the log of each image goes; among the user's state, where nothing is said
    #[arg(long, value_name = "DIR")]
    logs: Option<PathBuf>,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// What only the builder understands
    #[arg(last = true, value_name = "ARGUMENT")]
    further: Vec<OsString>,
}

const EXPLANATION: &str = "\
Before a builder starts, the gate is held (`solera-pin verify --upstream`, for the pins of these images). buildx then
runs under a policy that denies everything but what is locked; buildah has none, and each reference is checked before it
starts. What was built lands in an OCI layout, is audited there, and only then goes where it is to go.

Every time in the image is that of the last commit that touched pins.lock or the image's folder, or SOURCE_DATE_EPOCH.

  solera-pin build fip-alias-agent
  solera-pin build --push --tag-prefix ghcr.io/acme/
  solera-pin build --check-reproducible fip-controller
  solera-pin build aralez -- --builder remote           # all behind `--` is the builder's";

#[derive(Clone, Copy, ValueEnum)]
enum Named {
    /// Docker's buildx: BuildKit
    Buildx,
    /// buildah
    Buildah,
}

/// What one command builds with.
struct Job<'a> {
    workspace: &'a Workspace,
    store: &'a Store,
    engine: Engine,
    args: &'a BuildArgs,
    /// Where what is between two steps lies.
    scratch: &'a std::path::Path,
}

impl Job<'_> {
    /// Tells a build of this run from all others: the scratch folder's name is used once.
    fn run(&self, image: &Image) -> String {
        let folder = self.scratch.file_name().unwrap_or_default().to_string_lossy();
        format!("{}-{}", folder.to_ascii_lowercase(), image.name)
    }
}

pub(super) async fn run(session: &mut Session<'_>, args: &BuildArgs) -> Result<Status, Error> {
    let workspace = session.workspace()?;
    let store = Store::load(&workspace.root)?;
    let images = images(&workspace, &args.images)?;
    if images.is_empty() {
        session.output.note("there is nothing to build: no folder of images/ has an image.toml\n");
    }
    let read: BTreeSet<PinName> = images.iter().flat_map(|image| image.pins().cloned()).collect();
    pins(&workspace, &store, Some(&read))?;
    push::check_prefix(args)?;
    further::check(&args.further)?;
    check_places(session, &workspace, args)?;
    let engine = engine(session, args.engine).await?;
    let status = verify::before_build(session, &workspace, &store, &read).await?;
    if status != Status::Done {
        return Err(Error::new(status, "nothing is built: what is locked did not pass the gate")
            .hint("`solera-pin verify --upstream` says the same"));
    }
    let scratch = tempfile::Builder::new().prefix("solera-pin-").tempdir()?;
    if scratch.path().as_os_str().as_encoded_bytes().contains(&b',') {
        let error = format!(
            "temporary files are in {}, and builders end a name at a comma",
            scratch.path().display()
        );
        return Err(Error::usage(error).hint("set TMPDIR to a folder without one"));
    }
    let job = Job { workspace: &workspace, store: &store, engine, args, scratch: scratch.path() };
    if !engine.has_policies() && !images.is_empty() {
        session.output.note(&format!(
            "{engine} has no policies: each reference is checked before it starts, and nothing watches it then\n"
        ));
    }
    let (mut status, mut built) = (Status::Done, Vec::new());
    for image in images {
        match one(session, &job, image).await {
            Ok((ended, one)) => {
                status = status.max(ended);
                built.push(one);
            }
            // What went wrong with one image keeps no other from being built.
            Err(error) => {
                session.output.error(&error);
                status = status.max(error.status);
                built.push(Built::failed(image, &error));
            }
        }
    }
    report(session, args, &built)?;
    Ok(status)
}

async fn one(session: &mut Session<'_>, job: &Job<'_>, image: &Image) -> Result<(Status, Built), Error> {
    let recipe = prepare::recipe(session, job, image)?;
    if job.args.push {
        push::check(session, job, &recipe).await?;
    }
    let bases = match job.engine.has_policies() {
        true => None,
        false => Some(bases::check(session, job, image, &recipe).await?),
    };
    match job.args.check_reproducible {
        true => twice::compare(session, job, image, &recipe).await,
        false => make::build(session, job, image, &recipe, bases.as_ref()).await,
    }
}

/// What lies in an image's folder is a part of what the builder sees.
fn check_places(session: &Session<'_>, workspace: &Workspace, args: &BuildArgs) -> Result<(), Error> {
    let top = session.folder()?;
    for (flag, folder) in [("--logs", &args.logs), ("--output", &args.output)] {
        let Some(folder) = folder else { continue };
        let place = files::resolved(&top.join(folder));
        if place.starts_with(files::resolved(&workspace.root.join("images"))) {
            let error = Error::usage(format!("{flag} {} is among the images", folder.display()));
            return Err(error.hint("name a folder outside images/: the builder would see it"));
        }
    }
    Ok(())
}

/// The builder that is named, or the first that is here.
async fn engine(session: &Session<'_>, named: Option<Named>) -> Result<Engine, Error> {
    let folder = session.folder()?;
    let wanted: &[Engine] = match named {
        None => &Engine::ALL,
        Some(Named::Buildx) => &[Engine::Buildx],
        Some(Named::Buildah) => &[Engine::Buildah],
    };
    for engine in wanted {
        if answers(&engine.version(), &folder).await {
            return Ok(*engine);
        }
    }
    let names: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    let error = Error::usage(format!("there is no builder here: {} does not answer", names.join(" or ")));
    Err(error
        .hint("install Docker with its buildx plugin, or buildah; `docker buildx version` has to succeed"))
}

fn report(session: &mut Session<'_>, args: &BuildArgs, built: &[Built]) -> Result<(), Error> {
    match args.format {
        Format::Json => {
            let images: Vec<_> = built.iter().map(Built::json).collect();
            session.output.data(&report_json::document("build", [("images", json!(images))]))?;
        }
        Format::Human => {
            for one in built {
                session.output.data(&one.human())?;
            }
            let made = built.iter().filter(|one| one.failure.is_none()).count();
            if built.len() > 1 {
                session.output.note(&format!("{} built\n", count(made, "image")));
            }
        }
    }
    Ok(())
}
