//! What the commands share: the repository they work in, and the upstreams they ask.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::memory::Memory;
use super::network::settings;
use super::progress::Progress;
use super::{Globals, LogFormat, Output, requests};
use crate::app::App;
use crate::cache::Cache;
use crate::catalog::Declaration;
use crate::document::meant;
use crate::error::{Error, Status};
use crate::lock::Lock;
use crate::model::PinName;
use crate::net::{Client, Settings, Stats};
use crate::plan::{Alarm, Decision, Outcome, Wish};
use crate::report::human::count;
use crate::resolve::{Job, Resolved, Sources, resolve};
use crate::source::{ArchiveSource, DebianSource, GitSource, ImageSource, SourceError};
use crate::workspace::{Workspace, WorkspaceError};

/// One run of a command.
pub(crate) struct Session<'a> {
    pub(crate) app: &'a App,
    pub(crate) globals: &'a Globals,
    pub(crate) output: &'a mut Output,
}

impl Session<'_> {
    /// The folder that the command runs in.
    pub(crate) fn folder(&self) -> Result<PathBuf, Error> {
        let folder = match &self.globals.folder {
            Some(folder) => self.app.folder.join(folder),
            None => self.app.folder.clone(),
        };
        match folder.is_dir() {
            true => Ok(folder),
            false => Err(Error::usage(format!("{} is not a folder", folder.display()))),
        }
    }

    /// Reads the repository, and says where nothing is declared in it.
    pub(crate) fn workspace(&mut self) -> Result<Workspace, Error> {
        let workspace = self.workspace_to_be()?;
        if !workspace.configured {
            let folder = workspace.root.display();
            self.output.note(&format!(
                "nothing is declared: {folder} has no pins.toml and no refresh/upstreams.toml\n"
            ));
        }
        Ok(workspace)
    }

    /// Reads the repository.
    pub(crate) fn workspace_to_be(&mut self) -> Result<Workspace, Error> {
        let folder = self.folder()?;
        Workspace::find(&folder).map_err(unreadable)
    }

    /// Nothing is written that goes by declarations which were edited meanwhile.
    pub(crate) fn check_unchanged(&self, workspace: &Workspace) -> Result<(), Error> {
        match workspace.is_unchanged().map_err(unreadable)? {
            true => Ok(()),
            false => {
                let error = Error::usage(
                    "the configuration was edited while this run was under way; nothing was written",
                );
                Err(error.hint("run the command again"))
            }
        }
    }

    /// A client under a repository's settings.
    pub(crate) fn client(&self, workspace: &Workspace) -> Result<Client, Error> {
        Ok(Client::new(settings(self.app, workspace)?)?)
    }

    /// What a repository follows.
    pub(crate) fn upstreams(&self, workspace: &Workspace) -> Result<Upstreams, Error> {
        let settings = settings(self.app, workspace)?;
        let client = Client::new(Settings { max_requests: self.globals.max_requests, ..settings })?;
        let cache = cache(self.app);
        let images = ImageSource::caching(client.clone(), cache.clone());
        let git = GitSource::new(client.clone());
        let debian = DebianSource::new(client.clone(), cache.clone());
        let archives = ArchiveSource::caching(client.clone(), cache.clone());
        let sources = Sources { images, git, archives, debian };
        Ok(Upstreams { client, cache, sources })
    }

    /// Decides about pins, with progress where it takes long.
    pub(crate) async fn decide(
        &mut self,
        workspace: &Workspace,
        lock: &Lock,
        declarations: &[&Declaration],
        wish: &Wish,
        memory: &Memory,
        ask_held: bool,
    ) -> Result<Vec<Resolved>, Error> {
        let upstreams = self.upstreams(workspace)?;
        let sources = &upstreams.sources;
        let decided = self.decide_by(sources, workspace, lock, declarations, (wish, ask_held), memory).await;
        self.done_asking(&upstreams);
        Ok(decided)
    }

    /// What is to be decided.
    pub(crate) fn jobs<'j>(
        &self,
        workspace: &Workspace,
        lock: &'j Lock,
        declarations: &[&'j Declaration],
        (wish, ask_held): (&Wish, bool),
        memory: &'j Memory,
    ) -> Vec<Job<'j>> {
        let job = |declaration: &&'j Declaration| Job {
            needs: workspace.catalog.needs(declaration),
            locked: lock.pins.get(&declaration.name),
            wish: wish.clone(),
            past: memory.of(&declaration.name),
            keyring: workspace.keyring(declaration),
            declaration,
            ask_held,
        };
        declarations.iter().map(job).collect()
    }

    /// The same over sources that more is asked of.
    pub(crate) async fn decide_by(
        &mut self,
        sources: &Sources,
        workspace: &Workspace,
        lock: &Lock,
        declarations: &[&Declaration],
        (wish, ask_held): (&Wish, bool),
        memory: &Memory,
    ) -> Vec<Resolved> {
        let jobs = self.jobs(workspace, lock, declarations, (wish, ask_held), memory);
        let progress = Progress::start(self.app, self.globals, jobs.len());
        let resolved = resolve(sources, &jobs, self.app.now, |name| progress.done(name)).await;
        progress.finish();
        resolved
    }

    /// With `-v` says what was asked; keeps what was learnt within its bounds.
    pub(crate) fn done_asking(&mut self, upstreams: &Upstreams) {
        self.say_asked(&upstreams.client.stats());
        upstreams.cache.tidy();
    }

    /// With `-v`: what was asked.
    pub(crate) fn say_asked(&mut self, asked: &Stats) {
        match self.globals.log_format {
            LogFormat::Json => requests::log(asked),
            LogFormat::Human if self.globals.is_verbose() => self.output.note(&requests::summary(asked)),
            LogFormat::Human => {}
        }
    }

    /// Says what went wrong with each pin; gives what that amounts to.
    pub(crate) fn report_failures<'r>(&mut self, resolved: impl IntoIterator<Item = &'r Resolved>) -> Status {
        let mut worst = Status::Done;
        let resolved: Vec<&Resolved> = resolved.into_iter().collect();
        let asked = |resolved: &&&Resolved| not_asked(resolved).is_none();
        for (status, message, hints) in resolved.iter().filter(asked).filter_map(|one| failure(one)) {
            self.output.wrong(&message, &hints);
            worst = worst.max(status);
        }
        // One host, one line: a hundred pins that were not asked have one reason.
        let mut reasons: BTreeMap<&str, (Vec<&str>, Option<String>)> = BTreeMap::new();
        for (pin, error) in resolved.iter().filter_map(|pin| Some((pin, not_asked(pin)?))) {
            let (names, hint) = reasons.entry(error.not_asked().unwrap_or_default()).or_default();
            names.push(pin.name.as_str());
            *hint = error.hint();
            worst = worst.max(Status::of_source(error));
        }
        for (reason, (names, hint)) in reasons {
            let was = if names.len() == 1 { "was" } else { "were" };
            let (pins, names) = (count(names.len(), "pin"), names.join(", "));
            let message =
                format!("{pins} {was} not asked about, and stay as they were, as {reason}: {names}");
            self.output.wrong(&message, hint.as_slice());
        }
        worst
    }
}

pub(crate) fn unreadable(error: WorkspaceError) -> Error {
    match error {
        WorkspaceError::Problems(problems) => Error::problems(problems),
        WorkspaceError::Tree(error) => error.into(),
    }
}

/// What is asked, and what is known of it already.
pub(crate) struct Upstreams {
    pub(crate) client: Client,
    pub(crate) sources: Sources,
    pub(crate) cache: Cache,
}

/// `SOLERA_PIN_CACHE`, or a folder among the user's cached files; `off` is none.
fn cache(app: &App) -> Cache {
    let folder = match app.variable("SOLERA_PIN_CACHE") {
        Some("off") => None,
        Some(folder) => Some(app.folder.join(folder)),
        None => app.xdg("XDG_CACHE_HOME", ".cache", "solera-pin"),
    };
    folder.map_or_else(Cache::none, |folder| Cache::at(folder, app.now.into()))
}

/// What went wrong with a pin: what that amounts to, what to say, and what to do next.
pub(crate) fn failure(resolved: &Resolved) -> Option<(Status, String, Vec<String>)> {
    let name = &resolved.name;
    match &resolved.result {
        Ok(decision) => failed_decision(name, decision),
        Err(error) => {
            let message = format!("the pin `{name}` stays as it was: {error}");
            Some((Status::of_source(error), message, error.hint().into_iter().collect()))
        }
    }
}

/// The failure of a pin that was not even asked about.
pub(crate) fn not_asked(resolved: &Resolved) -> Option<&SourceError> {
    resolved.result.as_ref().err().filter(|error| error.not_asked().is_some())
}

fn failed_decision(name: &PinName, decision: &Decision) -> Option<(Status, String, Vec<String>)> {
    let explain = || {
        let force = format!(
            "`solera-pin refresh {name} --to TAG --because \"REASON\"` goes where the rules would not"
        );
        let others = decision.candidates.len() > 1;
        [Some(format!("`solera-pin explain {name}` lists every candidate")), others.then_some(force)]
            .into_iter()
            .flatten()
            .collect()
    };
    Some(match &decision.outcome {
        Outcome::Keep { .. } | Outcome::Held(_) | Outcome::Move { .. } | Outcome::First { .. } => {
            return None;
        }
        Outcome::Ambiguous(tags) => (
            Status::Usage,
            format!("the pin `{name}` could go to several majors: choose one"),
            tags.iter().map(|tag| format!("solera-pin refresh {name} --to {tag}")).collect(),
        ),
        Outcome::Refused { reason, hint } => {
            (Status::Usage, format!("the pin `{name}`: {reason}"), vec![hint.clone()])
        }
        Outcome::Nothing(reason) => {
            (Status::Incomplete, format!("the pin `{name}` stays as it was: {reason}"), explain())
        }
        Outcome::Alarm(alarm) => {
            (Status::Alarm, format!("the pin `{name}` stays as it was: {alarm}"), ways_out(name, alarm))
        }
    })
}

/// What ends an alarm.
fn ways_out(name: &PinName, alarm: &Alarm) -> Vec<String> {
    let refresh = format!("solera-pin refresh {name}");
    match alarm {
        Alarm::Moved { .. } => vec![format!("find out why; to take what it names now: {refresh} --accept")],
        Alarm::Vanished { .. } => vec![
            format!("find out why; to leave it: {refresh} --to TAG --because \"REASON\""),
            format!("to stay with what is locked: {refresh} --accept"),
        ],
        Alarm::Untrusted { version, .. } => vec![
            "do not use it before you know why, and tell those who publish it".into(),
            format!("to pass this version over: ignore = [\"{version}\"] in the declaration of `{name}`"),
        ],
        Alarm::Gone { .. } => vec![
            format!("builds can no longer pull it; to take what the tag names now: {refresh} --accept"),
            format!("to take what is newest: {refresh} --ignore-min-age --because \"REASON\""),
        ],
        Alarm::NeverSeen { .. } => {
            vec![format!("find out who wrote it; to take what the tag names now: {refresh} --accept")]
        }
        Alarm::Replayed { .. } => vec![
            "the mirror is behind others, or somebody keeps updates from you: name another mirror".into(),
            format!("to take what it has all the same: {refresh} --accept"),
        ],
        Alarm::Later { .. } => vec![
            "the service does not have what it says: name another one".into(),
            format!("to take what it has all the same: {refresh} --accept"),
        ],
        Alarm::Rewritten { .. } => vec![
            "if pins.lock was edited, restore it".into(),
            format!("else find out why; to take what is served now: {refresh} --accept"),
        ],
    }
}

/// A path as a person declares it: `~/` is the home directory, and what is relative is so to the root.
pub(crate) fn expand_home(app: &App, root: &Path, path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), app.variable("HOME")) {
        (Some(rest), Some(home)) => Path::new(home).join(rest),
        _ => app.folder.join(root).join(path),
    }
}

/// The declarations of the named pins, or all.
pub(crate) fn select<'w>(workspace: &'w Workspace, names: &[String]) -> Result<Vec<&'w Declaration>, Error> {
    let declarations = &workspace.catalog.declarations;
    if names.is_empty() {
        return Ok(declarations.values().collect());
    }
    let find = |name: &String| {
        let known = declarations.values().find(|declaration| declaration.name.as_str() == name);
        known.ok_or_else(|| {
            let error = Error::usage(format!("no pin is called `{name}`"));
            match meant(name, declarations.keys().map(PinName::as_str)) {
                Some(known) => error.hint(format!("did you mean `{known}`?")),
                None => error.hint(format!("the pins are declared in {}", workspace.catalog.declared_in)),
            }
        })
    };
    let mut selected = names.iter().map(find).collect::<Result<Vec<_>, _>>()?;
    selected.sort_by(|a, b| a.name.cmp(&b.name));
    selected.dedup_by(|a, b| a.name == b.name);
    Ok(selected)
}
