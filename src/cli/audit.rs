//! `audit`: whether images were built from what is locked, and from nothing else.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::Value;

use super::Format;
use super::session::Session;
use crate::document::meant;
use crate::error::{Error, Status};
use crate::inspect::{Audited, Auditor, Compare, unreadable};
use crate::model::{ImageName, ImageRef};
use crate::oci::Folder;
use crate::provenance::LIMIT;
use crate::report::human::count;
use crate::report::{audit as report, json as report_json};
use crate::workspace::Workspace;

/// More than a list of images has.
const LIST: u64 = 16 << 20;

/// Check that images were built from what the lock has, as it was at the revision that they were built from
#[derive(Args)]
#[command(after_help = "\
An image is a reference with a tag or a digest (docker.io/acme/app:1), or an OCI layout: oci:FOLDER[:TAG], or the path of
its folder, which begins with `.` or `/`. Everything that its provenance names must be in pins.lock of the commit that
the image names, and each installed package in its base or in a locked suite. Labels say which commit that is, and prove
nothing.

  crane ls --full-ref docker.io/acme/app | solera-pin audit -")]
pub(super) struct AuditArgs {
    /// The images; `-` reads them from standard input, one a line
    #[arg(value_name = "IMAGE", required_unless_present = "provenance")]
    images: Vec<String>,
    /// A file with provenance: of `docker buildx build --metadata-file`, or an in-toto statement
    #[arg(long, value_name = "FILE", conflicts_with = "images")]
    provenance: Option<PathBuf>,
    /// The revision to compare with, instead of the one that each image names
    #[arg(long, value_name = "REV")]
    revision: Option<String>,
    /// The image of the catalog that they are: only what it reads may have been used
    #[arg(long = "image", value_name = "NAME")]
    name: Option<String>,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What is audited.
enum Subject {
    Provenance(PathBuf),
    Folder(PathBuf, Option<String>),
    Registry(ImageRef),
}

pub(super) async fn run(session: &mut Session<'_>, args: &AuditArgs) -> Result<Status, Error> {
    let workspace = session.workspace()?;
    let upstreams = session.upstreams(&workspace)?;
    let name = args.name.as_deref().map(|name| known(&workspace, name)).transpose()?;
    let mut auditor = Auditor::new(&workspace, &upstreams.sources, session.app.now);
    auditor.image = name.as_ref();
    if let Some(revision) = &args.revision {
        auditor.compare = Compare::Revision(revision);
    }
    let mut status = Status::Done;
    let mut documents = Vec::new();
    for name in names(args)? {
        let audited = match subject(session, args, &name) {
            Ok(subject) => audit(&auditor, subject).await,
            Err(error) => Err(error),
        };
        match audited {
            Ok(all) => {
                for audited in &all {
                    status = status.max(say(session, args, &name, audited, &mut documents)?);
                }
            }
            // One image that cannot be had keeps no other from being looked at.
            Err(error) => {
                status = status.max(error.status);
                let message = format!("{name} could not be audited: {}", error.message);
                session.output.error(&Error { message, ..error });
            }
        }
    }
    session.done_asking(&upstreams);
    if args.format == Format::Json {
        session.output.data(&report_json::document("audit", [("images", Value::from(documents))]))?;
    }
    Ok(status)
}

/// The catalog may have had other images when the image was built.
fn known(workspace: &Workspace, name: &str) -> Result<ImageName, Error> {
    name.parse().map_err(|error| {
        let error = Error::usage(format!("--image: {error}"));
        match meant(name, workspace.catalog.images.keys().map(ImageName::as_str)) {
            Some(known) => error.hint(format!("did you mean `{known}`?")),
            None => error,
        }
    })
}

/// What is to be looked at, as it was given.
fn names(args: &AuditArgs) -> Result<Vec<String>, Error> {
    if let Some(file) = &args.provenance {
        return Ok(vec![file.display().to_string()]);
    }
    let mut names = Vec::new();
    for image in &args.images {
        if image != "-" {
            names.push(image.clone());
            continue;
        }
        let mut text = String::new();
        let read = io::stdin().lock().take(LIST).read_to_string(&mut text);
        read.map_err(|error| Error::usage(format!("standard input could not be read: {error}")))?;
        names.extend(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned));
    }
    Ok(names)
}

fn subject(session: &Session<'_>, args: &AuditArgs, name: &str) -> Result<Subject, Error> {
    let folder = session.folder()?;
    if args.provenance.is_some() {
        return Ok(Subject::Provenance(folder.join(name)));
    }
    if let Some(layout) = name.strip_prefix("oci:") {
        let whole = folder.join(layout);
        return Ok(match layout.rsplit_once(':') {
            Some((path, tag)) if !whole.is_dir() => Subject::Folder(folder.join(path), Some(tag.into())),
            _ => Subject::Folder(whole, None),
        });
    }
    // A folder that is called like an image must not be looked at in its place.
    if name.starts_with(['.', '/']) {
        return Ok(Subject::Folder(folder.join(name), None));
    }
    let is_layout = || folder.join(name).join("oci-layout").is_file();
    let reference: ImageRef = name.parse().map_err(|error| {
        Error::usage(format!("it is neither an image reference nor an OCI layout: {error}"))
    })?;
    match (reference.tag(), reference.digest()) {
        (None, None) if is_layout() => Err(Error::usage("it has neither a tag nor a digest")
            .hint(format!("for the folder of that name write `oci:{name}`"))),
        (None, None) => Err(Error::usage("it has neither a tag nor a digest")
            .hint("which image is meant? `latest` is never filled in")),
        _ => Ok(Subject::Registry(reference)),
    }
}

async fn audit(auditor: &Auditor<'_>, subject: Subject) -> Result<Vec<Audited>, Error> {
    match subject {
        Subject::Provenance(path) => auditor.file(&bytes(&path)?),
        Subject::Folder(path, tag) => {
            let folder = Folder::open(path).map_err(unreadable)?;
            auditor.folder(&Arc::new(folder), tag.as_deref()).await
        }
        Subject::Registry(reference) => auditor.registry(&reference).await,
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, Error> {
    let wrong = |error: io::Error| Error::usage(format!("{} could not be read: {error}", path.display()));
    let limit = u64::try_from(LIMIT).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(wrong)?.take(limit + 1).read_to_end(&mut bytes).map_err(wrong)?;
    Ok(bytes)
}

/// Says what is known of an image; gives what it amounts to.
fn say(
    session: &mut Session<'_>,
    args: &AuditArgs,
    name: &str,
    audited: &Audited,
    documents: &mut Vec<Value>,
) -> Result<Status, Error> {
    match args.format {
        Format::Human => session.output.data(&report::human(name, audited))?,
        Format::Json => documents.push(report::json(name, audited)),
    }
    for failure in &audited.failures {
        session.output.error(failure);
    }
    let (status, title) = (audited.status(), report::title(name, audited));
    session.output.note(&match (status, audited.findings.len()) {
        (Status::Done, _) => format!("audited: {title}: nothing that is not locked\n"),
        // What failed is said above.
        (_, 0) => format!("not known: {title}: whether it is as locked could not be told\n"),
        (_, findings) => format!("not as locked: {title}: {}\n", count(findings, "finding")),
    });
    Ok(status)
}
