//! One build: the builder runs, what it says goes on and into a log, and what it has built is looked at before it goes
//! anywhere.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{Job, push};
use crate::catalog::Image;
use crate::cli::session::Session;
use crate::engine::{Ended, Goal, Invocation, Recipe, run};
use crate::error::{Error, Status};
use crate::model::{Digest, ImageName, Platform};
use crate::oci::Folder;
use crate::report::harmless;

/// What became of an image.
pub(super) struct Built {
    pub(super) image: ImageName,
    /// `repository:tag`.
    pub(super) name: String,
    /// Of each platform, its manifest.
    pub(super) manifests: BTreeMap<Platform, Digest>,
    /// Where it went.
    pub(super) went: String,
    pub(super) log: Option<PathBuf>,
    /// What the audit found, or two builds have apart; one line each.
    pub(super) wrong: Vec<String>,
}

impl Built {
    pub(super) fn json(&self) -> Value {
        let manifests: BTreeMap<String, &Digest> =
            self.manifests.iter().map(|(platform, digest)| (platform.to_string(), digest)).collect();
        json!({
            "image": self.image.as_str(), "name": self.name, "manifests": manifests, "went": self.went,
            "log": self.log, "wrong": self.wrong,
        })
    }

    pub(super) fn human(&self) -> String {
        let mut text = format!("{}: {}\n", self.name, self.went);
        for (platform, digest) in &self.manifests {
            text.push_str(&format!("  {platform} {digest}\n"));
        }
        for line in &self.wrong {
            text.push_str(&format!("  {}\n", harmless(line)));
        }
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
        let file = std::fs::create_dir_all(&folder).and_then(|()| File::create(&path));
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
) -> Result<(Status, Built), Error> {
    let mut log = Log::start(session, job, image)?;
    let layout = job.scratch.join(image.name.as_str());
    follow(session, job, recipe, Goal::Layout(&layout), &mut log).await?;
    let manifests = manifests(&layout)?;
    let mut built = Built {
        image: image.name.clone(),
        name: recipe.name.clone(),
        manifests,
        went: String::new(),
        log: log.path(),
        wrong: Vec::new(),
    };
    if job.args.push {
        let pushed = push::push(session, job, recipe, &built.manifests, &mut log).await;
        built.went = pushed?.into();
    } else if let Some(output) = &job.args.output {
        let target = session.folder()?.join(output).join(image.name.as_str());
        keep(&layout, &target)?;
        built.went = format!("in {}", target.display());
    } else if recipe.platforms.len() > 1 && job.engine.attests() {
        built.went = "not kept: several platforms are pushed (--push) or put into a folder (--output)".into();
    } else {
        follow(session, job, recipe, Goal::Store, &mut log).await?;
        built.went = format!("among the images of {}", job.engine);
    }
    Ok((Status::Done, built))
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
            log.line(line);
            output.note(&format!("{}\n", harmless(line)));
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

/// The manifests of what a builder has put into a layout.
pub(super) fn manifests(layout: &Path) -> Result<BTreeMap<Platform, Digest>, Error> {
    let images = Folder::open(layout).and_then(|folder| folder.images());
    let images = images.map_err(|error| {
        Error::new(Status::Failed, format!("what the builder has written cannot be read: {error}"))
    })?;
    if images.is_empty() {
        return Err(Error::new(Status::Failed, "the builder has written no image"));
    }
    Ok(images.into_iter().map(|(platform, image)| (platform, image.manifest)).collect())
}

/// Puts a layout where a person wants it, whole or not at all; what was there is replaced.
fn keep(layout: &Path, target: &Path) -> Result<(), Error> {
    let wrong = |error: std::io::Error| {
        Error::usage(format!("the image cannot be put into {}: {error}", target.display()))
    };
    crate::files::replace_folder(layout, target).map_err(wrong)
}
