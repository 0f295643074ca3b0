//! `diff`: what changed between two locks, and with `--upstream` what that brings.

use std::path::Path;

use clap::{Args, ValueEnum};
use futures_util::stream::{StreamExt as _, iter};
use serde_json::{Value, json};

use super::progress::Progress;
use super::session::Session;
use crate::catalog::Catalog;
use crate::document::SourceFile;
use crate::error::{Error, Status};
use crate::learn::learn;
use crate::lock::{Change, FILE_NAME, Lock, changes, decode};
use crate::model::{Lane, Pin};
use crate::report::human::{self, Difference};
use crate::report::{json as report_json, markdown};
use crate::track::Track;
use crate::tree::{CommitTree, Tree, TreeError, WorkTree};
use crate::workspace::{Workspace, WorkspaceError};

/// How many pins upstreams are asked about at once.
const AT_ONCE: usize = 4;

/// The form of the report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum DiffFormat {
    /// For a person
    #[default]
    Human,
    /// For a machine, with a schema version
    Json,
    /// For the text of a pull request
    Markdown,
}

/// Show what changed between two locks; offline, unless --upstream is given
#[derive(Args)]
pub(super) struct DiffArgs {
    /// The commits to compare: `A..B`, or `REV` with pins.lock as it is now
    #[arg(value_name = "REV[..REV]", default_value = "HEAD")]
    revisions: String,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    format: DiffFormat,
    /// Ask upstreams what changed: sizes, configuration, packages, sources. What they do not tell is said
    #[arg(long)]
    upstream: bool,
}

impl DiffArgs {
    /// Whether upstreams are asked.
    pub(super) fn asks(&self) -> bool {
        self.upstream
    }
}

pub(super) async fn run(session: &mut Session<'_>, args: &DiffArgs) -> Result<Status, Error> {
    let root = Workspace::root_of(&session.folder()?);
    let (from, to) = range(&args.revisions)?;
    let from = Side::commit(&root, from)?;
    let to = match to {
        Some(revision) => Side::commit(&root, revision)?,
        None => Side::work(&root),
    };
    let changes = changes(&from.lock()?, &to.lock()?);
    let catalog = catalog(session, &root, &to)?;
    let mut differences: Vec<Difference> =
        changes.into_iter().map(|change| difference(catalog.as_ref(), change)).collect();
    if args.upstream {
        ask(session, &mut differences).await?;
    }
    match args.format {
        DiffFormat::Markdown => session.output.data(&markdown::differences(&differences))?,
        DiffFormat::Human => {
            session.output.data(&human::differences(&differences))?;
            let how_many = human::how_many_differ(&differences);
            session.output.note(&format!("{how_many}: {} -> {}\n", from.name, to.name));
        }
        DiffFormat::Json => {
            let pins: Value = differences.iter().map(report_json::difference).collect();
            let content = [("from", from.document()), ("to", to.document()), ("pins", pins)];
            session.output.data(&report_json::document("diff", content))?;
        }
    }
    Ok(Status::Done)
}

/// Asks upstreams what changed in each pin that is still there.
async fn ask(session: &mut Session<'_>, differences: &mut [Difference]) -> Result<(), Error> {
    let workspace = session.workspace_to_be()?;
    let upstreams = session.upstreams(&workspace)?;
    let declarations = &workspace.catalog.declarations;
    let progress = Progress::start(session.app, session.globals, differences.len());
    let asked = differences.iter().map(|difference| {
        let (sources, progress) = (&upstreams.sources, &progress);
        async move {
            let evidence = match &difference.to {
                Some(to) => {
                    let declaration = declarations.get(&difference.name);
                    Some(learn(sources, declaration, difference.from.as_ref(), to).await)
                }
                None => None,
            };
            progress.done(&difference.name);
            evidence
        }
    });
    // Collected first: a stream over the borrowed iterator would not be `Send`.
    let asked: Vec<_> = asked.collect();
    let learnt: Vec<_> = iter(asked).buffered(AT_ONCE).collect().await;
    progress.finish();
    for (difference, evidence) in differences.iter_mut().zip(learnt) {
        difference.evidence = evidence;
    }
    session.done_asking(&upstreams);
    Ok(())
}

/// The two ends, as git writes them: an end that is left out is `HEAD`, and no second one is the work tree.
fn range(text: &str) -> Result<(&str, Option<&str>), Error> {
    let named = |revision| if str::is_empty(revision) { "HEAD" } else { revision };
    match text.split_once("..") {
        None => Ok((named(text), None)),
        Some((_, to)) if to.starts_with('.') => {
            let error = Error::usage(format!("`{text}` is no range that is understood here: `...` is not"));
            Err(error.hint("name the older commit: solera-pin diff \"$(git merge-base A B)..B\""))
        }
        Some((from, to)) => Ok((named(from), Some(named(to)))),
    }
}

/// One of the two: a commit, or the files as they are.
struct Side {
    name: String,
    commit: Option<String>,
    tree: Box<dyn Tree>,
}

impl Side {
    fn commit(root: &Path, revision: &str) -> Result<Self, Error> {
        let tree = CommitTree::open(root, revision).map_err(|error| no_commit(revision, &error))?;
        Ok(Self { name: revision.to_owned(), commit: Some(tree.commit()), tree: Box::new(tree) })
    }

    fn work(root: &Path) -> Self {
        Self { name: "the work tree".to_owned(), commit: None, tree: Box::new(WorkTree::new(root)) }
    }

    /// What is locked there; nothing where there is no lock file.
    fn lock(&self) -> Result<Lock, Error> {
        let Some(bytes) = self.tree.read(FILE_NAME)? else { return Ok(Lock::default()) };
        let (path, hint) = match self.commit {
            Some(_) => (
                format!("{}:{FILE_NAME}", self.name),
                "choose a commit whose lock is whole: git log pins.lock lists them",
            ),
            None => (
                FILE_NAME.to_owned(),
                "restore it from git, or resolve the conflict in it, then run `solera-pin refresh`",
            ),
        };
        decode(&SourceFile::from_bytes(path, bytes)).map_err(|problems| Error::problems(problems).hint(hint))
    }

    fn document(&self) -> Value {
        json!({ "revision": self.commit.as_ref().map(|_| &self.name), "commit": self.commit })
    }
}

fn no_commit(revision: &str, error: &TreeError) -> Error {
    let failed = Error::usage(format!("pins.lock of {revision} could not be read: {error}"));
    match error {
        TreeError::NoRepository(_) => failed.hint(
            "`diff` compares with a commit: run it in a clone with a work tree, or `git init` and commit pins.lock",
        ),
        TreeError::Revision(name) if name == "HEAD" => failed.hint("commit pins.lock first"),
        TreeError::Revision(_) => failed.hint("fetch it first: a shallow clone does not have it"),
        TreeError::Git(_, Some(remedy)) => failed.hint(remedy),
        TreeError::Io(..) | TreeError::Git(_, None) => failed,
    }
}

/// What the newer side declares. The locks can be compared without it.
fn catalog(session: &mut Session<'_>, root: &Path, side: &Side) -> Result<Option<Catalog>, Error> {
    match Workspace::of(root, side.tree.as_ref()) {
        Ok(workspace) => Ok(Some(workspace.catalog)),
        Err(WorkspaceError::Tree(error)) => Err(error.into()),
        Err(WorkspaceError::Problems(problems)) => {
            let why = Error::problems(problems).message;
            let note = format!(
                "{}: {why}, so that steps between tags have no lane and images are not told\n",
                side.name
            );
            session.output.note(&note);
            Ok(None)
        }
    }
}

fn difference(catalog: Option<&Catalog>, change: Change) -> Difference {
    let Change { name, from, to } = change;
    let (lane, down) = from.as_ref().zip(to.as_ref()).map_or((None, false), |(from, to)| {
        let declaration = catalog.and_then(|catalog| catalog.declarations.get(&name));
        step(declaration.map(|declaration| &declaration.track), from, to)
    });
    let readers = catalog.into_iter().flat_map(|catalog| catalog.readers(&name));
    let images = readers.map(|image| image.name.clone()).collect();
    Difference { lane, down, images, name, from, to, evidence: None }
}

/// The class of a step, and whether it goes down. Versions of two upstreams are not compared.
fn step(track: Option<&Track>, from: &Pin, to: &Pin) -> (Option<Lane>, bool) {
    if from.upstream() != to.upstream() {
        return (None, false);
    }
    if from.tag() == to.tag() {
        return ((from.content() != to.content()).then_some(Lane::Digest), false);
    }
    let versions = track.and_then(|track| Some((track.read(from.tag())?, track.read(to.tag())?)));
    versions.map_or((None, false), |(from, to)| (from.lane_to(&to), to < from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_git_reads_it() {
        let read = |text| range(text).ok();
        assert_eq!(read("HEAD"), Some(("HEAD", None)));
        assert_eq!(read("v1.2"), Some(("v1.2", None)));
        assert_eq!(read("a..b"), Some(("a", Some("b"))));
        assert_eq!(read("a.."), Some(("a", Some("HEAD"))));
        assert_eq!(read("..b"), Some(("HEAD", Some("b"))));
        assert_eq!(read("a...b"), None);
    }

    #[test]
    fn a_step_has_the_lane_of_the_track_that_reads_both_tags() {
        let pin = |url: &str, tag: &str, commit: u8| {
            Pin::Git(crate::model::GitPin {
                url: url.parse().unwrap(),
                tag: tag.parse().unwrap(),
                commit: format!("{commit:040}").parse().unwrap(),
                tag_object: None,
            })
        };
        let here = |tag, commit| pin("https://example.org/a.git", tag, commit);
        let track = Track::parse("v{version}").unwrap();
        let of = |from, to| step(Some(&track), &from, &to);
        assert_eq!(of(here("v1.2.3", 1), here("v1.3.0", 2)), (Some(Lane::Minor), false));
        assert_eq!(of(here("v1.2.3", 1), here("v1.2.2", 2)), (Some(Lane::Patch), true));
        assert_eq!(of(here("v1.2.3", 1), here("v1.2.3", 2)), (Some(Lane::Digest), false));
        assert_eq!(of(here("v1.2.3", 1), here("v1.2.3", 1)), (None, false));
        assert_eq!(of(here("1.2.3", 1), here("v1.3.0", 2)), (None, false));
        assert_eq!(step(None, &here("v1.2.3", 1), &here("v1.3.0", 2)), (None, false));
        let elsewhere = pin("https://example.org/b.git", "v1.3.0", 2);
        assert_eq!(of(here("v1.2.3", 1), elsewhere), (None, false));
    }
}
