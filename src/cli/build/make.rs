//! One build: the builder runs, what it says goes on and into a log, and what it has built is looked at before it goes
//! anywhere.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anstream::adapter::strip_str;
use serde_json::{Value, json};

use super::bases::Bases;
use super::{Job, push};
use crate::audit::NO_PROVENANCE;
use crate::catalog::Image;
use crate::cli::session::Session;
use crate::engine::{Ended, Engine, Goal, Invocation, Recipe, run};
use crate::error::{Error, Status};
use crate::inspect::{Audited, Auditor, Compare, unreadable};
use crate::model::{Digest, Platform};
use crate::oci::{Folder, pack};
use crate::report::audit::{human as audit_human, json as audit_json};
use crate::report::harmless;

/// What became of an image.
#[derive(Default)]
pub(super) struct Built {
    pub(super) image: String,
    /// `repository:tag`; empty where that is not known.
    pub(super) name: String,
    /// Of all of it, as it is pushed: an index, mostly.
    pub(super) digest: Option<Digest>,
    /// Of each platform, its manifest.
    pub(super) manifests: BTreeMap<Platform, Digest>,
    /// Where it went.
    pub(super) went: String,
    pub(super) log: Option<PathBuf>,
    /// What the audit says of each platform.
    pub(super) audited: Vec<Audited>,
    /// What two builds have apart; one line each.
    pub(super) apart: Vec<String>,
    /// Why it was not built, where that is so.
    pub(super) failure: Option<String>,
}

impl Built {
    /// What was built is in `log`'s words; nothing else is known of it yet.
    pub(super) fn of(image: &Image, recipe: &Recipe, log: &Log) -> Self {
        Self { image: image.name.to_string(), name: recipe.name.clone(), log: log.path(), ..Self::default() }
    }

    /// An image that was not built.
    pub(super) fn failed(image: &Image, error: &Error) -> Self {
        Self { image: image.name.to_string(), failure: Some(error.to_string()), ..Self::default() }
    }

    pub(super) fn json(&self) -> Value {
        let manifests: BTreeMap<String, &Digest> =
            self.manifests.iter().map(|(platform, digest)| (platform.to_string(), digest)).collect();
        let name = &self.image;
        let audited: Vec<Value> = self.audited.iter().map(|audited| audit_json(name, audited)).collect();
        json!({
            "image": name, "name": self.name, "digest": self.digest, "manifests": manifests, "went": self.went,
            "log": self.log, "audit": audited, "differences": self.apart,
            "error": self.failure,
        })
    }

    /// Why one was not built is said where it fails.
    pub(super) fn human(&self) -> String {
        let mut text = String::new();
        if self.failure.is_some() {
            return text;
        }
        for audited in &self.audited {
            text.push_str(&audit_human(&self.name, audited));
        }
        if self.audited.is_empty() {
            text.push_str(&format!("{}\n", self.name));
            for (platform, digest) in &self.manifests {
                text.push_str(&format!("  {platform} {digest}\n"));
            }
        }
        for line in &self.apart {
            text.push_str(&format!("  {}\n", harmless(line)));
        }
        let digest = self.digest.iter().map(|digest| format!(": {}@{digest}", self.name));
        text.push_str(&format!("  {}{}\n", self.went, digest.collect::<String>()));
        text
    }
}

/// What an image's builder says, in a file.
pub(super) struct Log {
    path: Option<PathBuf>,
    file: Option<File>,
}

impl Log {
    /// A new log for an image.
    pub(super) fn start(session: &Session<'_>, job: &Job<'_>, image: &Image) -> Result<Self, Error> {
        let folder = match &job.args.logs {
            Some(folder) => Some(session.folder()?.join(folder)),
            None => session.app.xdg("XDG_STATE_HOME", ".local/state", "solera-pin/builds"),
        };
        let Some(folder) = folder else {
            return Ok(Self { path: None, file: None });
        };
        let path = folder.join(format!("{}.log", image.name));
        // Grows as the builder goes on; the last one's is no longer wanted.
        let file = std::fs::create_dir_all(&folder)
            .and_then(|()| own().write(true).create(true).truncate(true).open(&path));
        let wrong = |error| Error::usage(format!("the log {} cannot be written: {error}", path.display()));
        let file = file.map_err(wrong)?;
        Ok(Self { path: Some(path), file: Some(file) })
    }

    fn line(&mut self, line: &str) {
        if let Some(file) = &mut self.file {
            // A full disk is the builder's trouble, too.
            let _ = writeln!(file, "{line}");
        }
    }

    pub(super) fn path(&self) -> Option<PathBuf> {
        self.path.clone()
    }
}

/// Has the builder build an image, has it audited, and puts it where it is to go.
pub(super) async fn build(
    session: &mut Session<'_>,
    job: &Job<'_>,
    image: &Image,
    recipe: &Recipe,
    bases: Option<&Bases>,
) -> Result<(Status, Built), Error> {
    let mut log = Log::start(session, job, image)?;
    let layout = job.scratch.join(image.name.as_str());
    let kept = make(session, job, image, recipe, (&layout, bases), &mut log).await;
    forget(session, job, recipe, &mut log).await;
    kept
}

/// Has the builder forget what it has under no name of ours, whatever became of the build. Where it does not, the build is
/// what it was.
pub(super) async fn forget(session: &mut Session<'_>, job: &Job<'_>, recipe: &Recipe, log: &mut Log) {
    if follow(session, job, recipe, Goal::Drop, log).await.is_err() {
        let note = format!("{} keeps what it has built under another name: see its log\n", job.engine);
        session.output.note(&note);
    }
}

async fn make(
    session: &mut Session<'_>,
    job: &Job<'_>,
    image: &Image,
    recipe: &Recipe,
    (layout, bases): (&Path, Option<&Bases>),
    log: &mut Log,
) -> Result<(Status, Built), Error> {
    follow(session, job, recipe, Goal::Layout(layout), log).await?;
    let audited = audit(session, job, image, layout, bases).await?;
    keep_audited(session, job, image, recipe, (layout, audited), log).await
}

/// Puts what was audited where it is to go.
async fn keep_audited(
    session: &mut Session<'_>,
    job: &Job<'_>,
    image: &Image,
    recipe: &Recipe,
    (layout, audited): (&Path, Vec<Audited>),
    log: &mut Log,
) -> Result<(Status, Built), Error> {
    let (digest, manifests) = manifests(layout, recipe)?;
    let mut built = Built { digest: Some(digest), manifests, audited, ..Built::of(image, recipe, log) };
    let mut status = Status::Done;
    for audited in &built.audited {
        status = status.max(audited.status());
        audited.failures.iter().for_each(|failure| session.output.error(failure));
    }
    if status != Status::Done {
        built.went = "not kept: the audit did not pass".into();
        return Ok((status, built));
    }
    if job.args.push {
        built.went = push::push(session, job, recipe, layout).await?.into();
    } else if let Some(output) = &job.args.output {
        let target = session.folder()?.join(output).join(image.name.as_str());
        keep(layout, &target)?;
        built.went = format!("in {}", target.display());
    } else {
        let packed = job.scratch.join(format!("{}.tar", image.name));
        if job.engine == Engine::Buildx {
            pack(layout, &packed)?;
        }
        follow(session, job, recipe, Goal::Store(&packed), log).await?;
        built.went = format!("among the images of {}", job.engine);
    }
    Ok((status, built))
}

/// Looks at what was built: what it was made from, and what is installed in it.
async fn audit(
    session: &Session<'_>,
    job: &Job<'_>,
    image: &Image,
    layout: &Path,
    bases: Option<&Bases>,
) -> Result<Vec<Audited>, Error> {
    let upstreams = session.upstreams(job.workspace)?;
    let mut auditor = Auditor::new(job.workspace, &upstreams.sources, session.app.now);
    auditor.image = Some(&image.name);
    auditor.compare = Compare::Here(job.store.lock());
    let folder = Arc::new(Folder::open(layout).map_err(unreadable)?);
    let mut audited = auditor.folder(&folder, None).await?;
    if !job.engine.attests() {
        // What it names was checked before it was built.
        for one in &mut audited {
            one.findings.retain(|finding| finding.rule != NO_PROVENANCE);
            one.notes.push(format!(
                "{} attests nothing: what it fetched was checked before, and not after",
                job.engine
            ));
        }
    }
    if let Some(bases) = bases {
        let images = folder.images().map_err(unreadable)?;
        for one in &mut audited {
            let Some(platform) = &one.platform else { continue };
            let Some(image) = images.get(platform) else { continue };
            let layers = folder.configuration(&image.config).map_err(unreadable)?.diff_ids();
            one.findings.extend(bases.compare(platform, &layers));
        }
    }
    Ok(audited)
}

/// Runs the builder until it has reached a goal.
pub(super) async fn follow(
    session: &mut Session<'_>,
    job: &Job<'_>,
    recipe: &Recipe,
    goal: Goal<'_>,
    log: &mut Log,
) -> Result<(), Error> {
    for step in job.engine.steps(recipe, goal) {
        log.line(&shown(&step));
        let output = &mut session.output;
        let ended = run(&step, &recipe.root, |line| {
            // Colours are for its own terminal.
            let line = strip_str(line).to_string();
            log.line(&line);
            output.note(&format!("{}\n", harmless(&line)));
        })
        .await
        .map_err(|error| Error::usage(error.to_string()))?;
        if let Ended::Failed(code) = ended {
            let code = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
            let error =
                Error::new(Status::Failed, format!("{} has not built {}: {code}", job.engine, recipe.name));
            return Err(match log.path() {
                Some(path) => error.hint(format!("its log: {}", path.display())),
                None => error,
            });
        }
    }
    Ok(())
}

/// A command line as a person would repeat it.
fn shown(step: &Invocation) -> String {
    let variables = step.environment.iter().map(|(name, value)| format!("{name}={}", value.display()));
    let words = step.arguments.iter().map(|word| word.display().to_string());
    let all: Vec<String> = variables.chain([step.program.to_owned()]).chain(words).collect();
    format!("$ {}", all.join(" "))
}

/// What a builder has put into a layout: the digest of all, and the manifests, which have to be of the platforms that were
/// asked for.
pub(super) fn manifests(
    layout: &Path,
    recipe: &Recipe,
) -> Result<(Digest, BTreeMap<Platform, Digest>), Error> {
    let wrong =
        |why: String| Error::new(Status::Failed, format!("what the builder has written is of no use: {why}"));
    let folder = Folder::open(layout).map_err(|error| wrong(error.to_string()))?;
    let roots = folder.index().map_err(|error| wrong(error.to_string()))?;
    let [root] = roots.as_slice() else {
        return Err(wrong(format!("it has {} images", roots.len())));
    };
    let images = folder.images().map_err(|error| wrong(error.to_string()))?;
    let found: Vec<&Platform> = images.keys().collect();
    let mut wanted: Vec<&Platform> = recipe.platforms.iter().collect();
    wanted.sort();
    wanted.dedup();
    if found != wanted {
        let names = |platforms: &[&Platform]| {
            platforms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        return Err(wrong(format!("it is for {}, and not for {}", names(&found), names(&wanted))));
    }
    let manifests = images.into_iter().map(|(platform, image)| (platform, image.manifest)).collect();
    Ok((root.digest.clone(), manifests))
}

/// A file that is its owner's alone: what a person gives a builder may be a secret.
fn own() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Puts a layout where a person wants it, whole or not at all; what was there is replaced.
fn keep(layout: &Path, target: &Path) -> Result<(), Error> {
    let wrong = |error: std::io::Error| {
        Error::usage(format!("the image cannot be put into {}: {error}", target.display()))
    };
    crate::files::replace_folder(layout, target).map_err(wrong)
}
