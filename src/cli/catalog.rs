//! `catalog`: the images of this repository, and whether each is admitted.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};

use super::emit::read;
use super::session::Session;
use super::verify;
use crate::catalog::{Image, Level};
use crate::error::{Error, Status};
use crate::gate;
use crate::lock::Store;
use crate::report::catalog::{human, json, markdown, rows};
use crate::report::human::count;
use crate::tree::WorkTree;
use crate::verify::{ADMISSION, Finding, Input, conclude, passes};
use crate::workspace::Workspace;

/// Show the images of this repository: what each is made from, what it adds, and what for
#[derive(Args)]
pub(super) struct CatalogArgs {
    /// The images to show; all, where none is named
    #[arg(value_name = "IMAGE")]
    images: Vec<String>,
    /// Check instead that each is admitted: what upstream provides, what is added and what is refused is said, and is so
    #[arg(long, conflicts_with = "format")]
    check: bool,
    /// The form of the table
    #[arg(long, value_enum, default_value_t)]
    format: CatalogFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum CatalogFormat {
    /// For a person
    #[default]
    Human,
    /// A table for a page, with what is followed in place of what is locked: it stays true through bumps
    Markdown,
    /// For a machine, with a schema version
    Json,
}

pub(super) fn run(session: &mut Session<'_>, args: &CatalogArgs) -> Result<Status, Error> {
    let workspace = session.workspace()?;
    let store = Store::load(&workspace.root)?;
    let images = read::images(&workspace, &args.images)?;
    if args.check {
        return check(session, &workspace, &store, &images);
    }
    if images.is_empty() {
        session.output.note("there are no images: one is a folder of images/ with an image.toml\n");
    }
    let rows = rows(&workspace.catalog, &store.lock().pins, &images);
    let text = match args.format {
        CatalogFormat::Human if rows.is_empty() => String::new(),
        CatalogFormat::Human => human(&rows),
        CatalogFormat::Markdown => markdown(&rows),
        CatalogFormat::Json => json(&rows),
    };
    session.output.data(&text)?;
    Ok(Status::Done)
}

/// What the gate says of these images, as far as it is about admission.
fn check(
    session: &mut Session<'_>,
    workspace: &Workspace,
    store: &Store,
    images: &[&Image],
) -> Result<Status, Error> {
    let input = Input {
        catalog: &workspace.catalog,
        lock: store.lock(),
        lock_file: store.file(),
        policy: &workspace.catalog.policy,
        before: None,
    };
    let files: BTreeSet<String> = images
        .iter()
        .flat_map(|image| [image.dockerfile.path.clone(), image.delta_place.file.path.clone()])
        .collect();
    let mut findings: Vec<Finding> = Vec::new();
    if !images.is_empty() {
        let within: Vec<String> = files.iter().cloned().collect();
        let tree = WorkTree::new(&workspace.root);
        let seen = gate::see(&tree, &input, &within)?;
        findings = conclude(&input, seen, false, |_, _, _| true).findings;
    }
    findings.retain(|finding| {
        ADMISSION.iter().any(|rule| rule.id == finding.rule) && files.contains(&finding.place.file.path)
    });
    verify::show_findings(session, &findings);
    let errors = findings.iter().filter(|finding| finding.level == Level::Error).count();
    let (status, came_to) = match passes(&findings) {
        true => (Status::Done, format!("admitted: {}\n", count(images.len(), "image"))),
        false => (Status::Failed, format!("not admitted: {}\n", count(errors, "error"))),
    };
    session.output.note(&came_to);
    Ok(status)
}
