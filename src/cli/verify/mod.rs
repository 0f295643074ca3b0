//! `verify`: the gate.

mod base;
mod explain;
mod show;
mod upstream;

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use clap::{Args, ValueEnum};

use super::session::Session;
use crate::error::{Error, Status};
use crate::gate;
use crate::lock::Store;
use crate::model::PinName;
use crate::report;
use crate::tree::WorkTree;
use crate::verify::{Finding, Input, Report, conclude, in_order, passes};
use crate::workspace::Workspace;
use base::Base;
use upstream::Told;

pub(super) use show::findings as show_findings;

/// Check every reference in the repository against the lock; exit with 1 where a build would escape it
#[derive(Args)]
pub(super) struct VerifyArgs {
    /// Look only at these files and folders
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Also ask whether what is locked is still served, and is what the lock says
    #[arg(long)]
    upstream: bool,
    /// Fail only on what is new since this revision; levels and suppressions come from there
    #[arg(long, value_name = "REV", conflicts_with = "paths")]
    base: Option<String>,
    /// Say what a rule finds, why, and what to do; without a rule, list them
    #[arg(long, value_name = "RULE", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["paths", "upstream", "base"])]
    explain: Option<String>,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    format: VerifyFormat,
}

/// The form of the report on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum VerifyFormat {
    /// For a person
    #[default]
    Human,
    /// For a machine, with a schema version
    Json,
    /// For code scanning, SARIF 2.1.0
    Sarif,
    /// Annotations in a workflow of GitHub or Forgejo
    Github,
}

/// What the gate came to.
struct Verdict {
    report: Report,
    /// Findings that an earlier revision had already.
    known: Vec<Finding>,
    told: Told,
    status: Status,
    pins: usize,
}

impl VerifyArgs {
    /// Whether upstreams are asked.
    pub(super) fn asks(&self) -> bool {
        self.upstream
    }
}

pub(super) async fn run(session: &mut Session<'_>, args: &VerifyArgs) -> Result<Status, Error> {
    if let Some(rule) = &args.explain {
        return explain::run(session, rule);
    }
    let workspace = session.workspace()?;
    let store = Store::load(&workspace.root)?;
    let within = within(session, &workspace.root, &args.paths)?;
    let base = args.base.as_ref().map(|revision| Base::read(&workspace, revision)).transpose()?;
    let tree = WorkTree::new(&workspace.root);
    let input = Input {
        catalog: &workspace.catalog,
        lock: store.lock(),
        lock_file: store.file(),
        policy: base.as_ref().map_or(&workspace.catalog.policy, Base::policy),
        before: base.as_ref().map(Base::lock),
    };
    let seen = gate::see(&tree, &input, &within)?;
    let mut report = conclude(&input, seen, within.is_empty(), |file, suppression, finding| {
        base.as_ref().is_none_or(|base| base.trusts(file, suppression, finding))
    });
    let known = base.map_or_else(Vec::new, |base| base.take_known(&mut report.findings));
    let mut status = if passes(&report.findings) { Status::Done } else { Status::Failed };
    let mut told = Told::default();
    if args.upstream {
        let asked =
            upstream::ask(session, &workspace, (store.lock(), &store), &mut report.findings, &mut told);
        status = status.max(asked.await?);
        in_order(&mut report.findings);
    }
    let verdict = Verdict { report, known, told, status, pins: store.lock().pins.len() };
    match args.format {
        VerifyFormat::Human => show::human(session, &verdict),
        VerifyFormat::Json => session.output.data(&show::json(&verdict))?,
        VerifyFormat::Sarif => {
            session.output.data(&report::sarif_of_part(&verdict.report.findings, &verdict.told.not_asked))?;
        }
        VerifyFormat::Github => session.output.data(&report::github(&verdict.report.findings))?,
    }
    Ok(status)
}

/// Holds the gate over the whole repository, and asks upstream about these pins. Says what is wrong.
pub(super) async fn before_build(
    session: &mut Session<'_>,
    workspace: &Workspace,
    store: &Store,
    read: &BTreeSet<PinName>,
) -> Result<Status, Error> {
    let policy = &workspace.catalog.policy;
    let input = Input {
        catalog: &workspace.catalog,
        lock: store.lock(),
        lock_file: store.file(),
        policy,
        before: None,
    };
    let tree = WorkTree::new(&workspace.root);
    let seen = gate::see(&tree, &input, &[])?;
    let mut report = conclude(&input, seen, true, |_, _, _| true);
    let mut status = if passes(&report.findings) { Status::Done } else { Status::Failed };
    let mut told = Told::default();
    let mut lock = store.lock().clone();
    lock.pins.retain(|name, _| read.contains(name));
    let asked = upstream::ask(session, workspace, (&lock, store), &mut report.findings, &mut told).await?;
    status = status.max(asked);
    in_order(&mut report.findings);
    if status != Status::Done {
        show::human(session, &Verdict { report, known: Vec::new(), told, status, pins: lock.pins.len() });
    }
    Ok(status)
}

/// The given paths, relative to the repository.
fn within(session: &Session<'_>, root: &Path, paths: &[PathBuf]) -> Result<Vec<String>, Error> {
    let folder = session.folder()?;
    let canonical = |path: &Path| {
        std::fs::canonicalize(path)
            .map_err(|error| Error::usage(format!("{} could not be looked at: {error}", path.display())))
    };
    let root = canonical(root)?;
    let relative = |path: &PathBuf| {
        // The last part may be a link, which is looked at under its own name.
        let full = folder.join(path);
        let full = match (full.parent(), full.components().next_back()) {
            (Some(parent), Some(Component::Normal(name))) if full.is_symlink() => {
                canonical(parent)?.join(name)
            }
            _ => canonical(&full)?,
        };
        let inside = full.strip_prefix(&root).map_err(|_| {
            Error::usage(format!("{} is not in the repository {}", path.display(), root.display()))
        })?;
        Ok(inside.to_string_lossy().into_owned())
    };
    let within: Vec<String> = paths.iter().map(relative).collect::<Result<_, Error>>()?;
    // The top itself stands for everything.
    Ok(if within.iter().any(String::is_empty) { Vec::new() } else { within })
}
