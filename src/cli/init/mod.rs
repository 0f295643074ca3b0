//! `init`: adopt a repository as it is. Nothing is upgraded: what each tag names today is locked and written beside it.

mod ask;
mod open;
mod report;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use clap::{Args, ValueEnum};

use super::Format;
use super::session::Session;
use super::written;
use crate::adopt::ci::{Forge, Job, job};
use crate::adopt::{Declared, Proposal, Survey, proposals};
use crate::error::{Error, Status};
use crate::files::{Batch, Before, FolderLock};
use crate::in_place::{InStep, each, in_step};
use crate::lock::{Lock, Store};
use crate::scanned::Scanned;
use crate::tree::{Overlay, Tree, WorkTree};
use crate::workspace::Workspace;
use ask::Asked;
use open::Open;

const DECLARED_IN: &str = "pins.toml";

/// Adopt a repository as it is: declare what its files name, lock today's content of each tag, and write it beside them
#[derive(Args)]
pub(super) struct InitArgs {
    /// Say everything, write nothing; upstreams are asked all the same
    #[arg(long)]
    dry_run: bool,
    /// Also write the jobs that verify every change and propose moves
    #[arg(long, value_enum, value_name = "FORGE")]
    ci: Option<Ci>,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ci {
    Github,
    Gitlab,
}

/// What adoption makes of a repository.
struct Adoption {
    asked: Asked,
    /// The text of `pins.toml`.
    declared: String,
    /// The repositories of images that are built here.
    own: Vec<String>,
    /// Whether nothing says which platforms are built for.
    assumed: bool,
    after: InStep,
    open: Open,
    job: Option<Job>,
}

pub(super) async fn run(session: &mut Session<'_>, args: &InitArgs) -> Result<Status, Error> {
    let root = Workspace::root_of(&session.folder()?);
    let _held = if args.dry_run { None } else { Some(FolderLock::acquire(&root)?) };
    refuse_configured(&root)?;
    let job = args.ci.map(|ci| new_job(&root, ci)).transpose()?;
    let mut adoption = adopt(session, &root, job).await?;
    if !args.dry_run {
        write(&root, &mut adoption)?;
    }
    match args.format {
        Format::Human => report::show(session, &adoption, args.dry_run)?,
        Format::Json => session.output.data(&report::document(&adoption, args.dry_run))?,
    }
    Ok(adoption.asked.status)
}

/// Adoption is for a repository that has declared nothing yet.
fn refuse_configured(root: &Path) -> Result<(), Error> {
    for file in [DECLARED_IN, "refresh/upstreams.toml", "refresh/policy.toml", crate::lock::FILE_NAME] {
        if root.join(file).exists() {
            let error = Error::usage(format!("{file} is there already: this repository is adopted"));
            return Err(error.hint("`solera-pin add NAME REFERENCE` declares one more pin"));
        }
    }
    Ok(())
}

/// The file with the jobs, which must not be there yet.
fn new_job(root: &Path, ci: Ci) -> Result<Job, Error> {
    let forge = match ci {
        Ci::Github => Forge::Github,
        Ci::Gitlab => Forge::Gitlab,
    };
    let job = job(forge, root.join(".gitlab-ci.yml").exists());
    match root.join(job.path).exists() {
        false => Ok(job),
        true => {
            let error = Error::usage(format!("{} is there already", job.path));
            Err(error.hint("leave --ci out, or move the file away"))
        }
    }
}

async fn adopt(session: &mut Session<'_>, root: &Path, job: Option<Job>) -> Result<Adoption, Error> {
    let below = WorkTree::new(root);
    let jobs = job.iter().map(|job| (job.path.to_owned(), job.text.clone().into_bytes()));
    let tree = Overlay::new(&below, jobs);
    let survey = survey(root, &tree)?;
    let proposals = proposals(&survey);
    let own = survey.own();
    let text = |pins: &[Proposal], lock: &Lock| Declared { pins, own: &own, lock }.text();
    let asked = {
        let workspace = read(root, &tree, &text(&proposals, &Lock::default()))?;
        ask::ask(session, &workspace, proposals, &survey.platforms).await?
    };
    let declared = text(&asked.pins, &asked.lock);
    let workspace = read(root, &tree, &declared)?;
    let after = in_step(&tree, &workspace.catalog, &asked.lock, &asked.lock, &|_| true)?;
    let open = open::find(&tree, &workspace, &asked, &after)?;
    let own = own.iter().map(ToString::to_string).collect();
    Ok(Adoption { asked, declared, own, assumed: survey.platforms.is_empty(), after, open, job })
}

/// What the files name.
fn survey(root: &Path, tree: &dyn Tree) -> Result<Survey, Error> {
    let nothing = Workspace::of(root, tree).map_err(super::session::unreadable)?;
    let survey = Mutex::new(Survey::default());
    each(tree, &nothing.catalog, &|path, bytes| {
        let Scanned { file, scan } = Scanned::new(tree, &nothing.catalog, path, bytes);
        survey.lock().unwrap_or_else(PoisonError::into_inner).take(&file, &scan);
    })?;
    Ok(survey.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// The repository as it would be with these declarations.
fn read(root: &Path, tree: &dyn Tree, declared: &str) -> Result<Workspace, Error> {
    let tree = Overlay::new(tree, [(DECLARED_IN.to_owned(), declared.as_bytes().to_vec())]);
    Workspace::of(root, &tree).map_err(super::session::unreadable)
}

/// Declarations, files and lock at once; the lock is what says that all is done.
fn write(root: &Path, adoption: &mut Adoption) -> Result<(), Error> {
    let mut batch = Batch::default();
    batch.stage(&root.join(DECLARED_IN), adoption.declared.as_bytes(), Before::Absent)?;
    // The jobs' file is new, with its pins or without.
    let job = adoption.job.as_ref().map(|job| job.path);
    let (new, files): (Vec<_>, Vec<_>) =
        adoption.after.files.iter().cloned().partition(|file| Some(file.path.as_str()) == job);
    if let Some(job) = &adoption.job {
        let text = new.first().map_or(job.text.as_bytes(), |file| &file.after);
        batch.stage(&root.join(job.path), text, Before::Absent)?;
    }
    written::stage(&mut batch, root, &files)?;
    Store::load(root)?.stage(&adoption.asked.lock, DECLARED_IN, &mut batch)?;
    Ok(batch.commit()?)
}
