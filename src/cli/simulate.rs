//! `simulate`: a policy over a recorded history.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use super::Format;
use super::memory::Memory;
use super::session::{Session, select};
use crate::catalog::{Catalog, Declaration, Upstream, parse_duration};
use crate::document::SourceFile;
use crate::error::{Error, Status};
use crate::history::{History, parse_time};
use crate::model::{PinName, Sightings};
use crate::plan::Outcome;
use crate::plan::replay::{Replay, Replayed, Start, replay};
use crate::report::human::{self, Simulated, Window};
use crate::report::json as report_json;

/// A history that is larger than this is no history: all tags of a busy image are a few megabytes.
const LARGEST: u64 = 64 << 20;

/// Replay a recorded history under a policy: how many bumps, of which lane, how far behind
///
/// At each look the decision that `refresh` makes is made from what was recorded until then, starting from one lock.
/// Nobody is asked, nothing is written. Every platform counts as being there, and everything that a tag once named as
/// still served.
#[derive(Args)]
#[command(after_long_help = EXPLANATION)]
pub(super) struct SimulateArgs {
    /// The pins; where none is named, all that there is a history of
    #[arg(value_name = "PIN")]
    pins: Vec<String>,
    /// What was recorded of the upstreams; the journal, where it is not given
    ///
    /// JSON (`images.NAME.tags[]` with `tag`, `first_seen` and the times of its `moves`; NAME is the end of the pin's
    /// repository), or text about one upstream, a line `TAG<TAB>TIME[<TAB>CONTENT]` for all that a tag named.
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// The first look: a day, at 00:00 UTC, or a time; by default the beginning of what was recorded
    #[arg(long, value_name = "DATE", value_parser = time)]
    from: Option<Timestamp>,
    /// The last look; by default the end of what was recorded
    #[arg(long, value_name = "DATE", value_parser = time)]
    to: Option<Timestamp>,
    /// The time from one look to the next
    #[arg(long, value_name = "DURATION", value_parser = every, default_value = "1d")]
    every: Duration,
    /// What is locked at first; by default what the rules choose where nothing is locked
    #[arg(long, value_name = "TAG")]
    start: Option<String>,
    /// Show a second policy beside the declared one, which differs in this; can be given several times
    ///
    /// KEY is what a pin's declaration has: allow, min-age, settle, rebuilt, prerelease, version, ignore, immutable,
    /// hold, hold-until. VALUE needs no quotes of TOML.
    #[arg(long, value_name = "KEY=VALUE")]
    against: Vec<String>,
    /// The form of the report; -v lists every bump for a person, JSON always does
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

const EXPLANATION: &str = "\
A lane's number is bumps a year. `behind` is the age of the oldest thing that the policy would have taken if it asked \
for no age and nothing were held, and that the lock had not passed, after each look: the median, what 95 % of the \
looks did not exceed, and the most. `beyond` is the most too, and counts what `allow`, `version` and `ignore` keep \
from being taken. `replaced` is for how long the locked tag named something else than what was locked.

  solera-pin simulate wordpress --history tags.json --against min-age=0s --against allow=major";

fn time(text: &str) -> Result<Timestamp, String> {
    parse_time(text).ok_or_else(|| "it must be a day such as 2026-06-01, or a time".into())
}

fn every(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text).filter(|duration| !duration.is_zero());
    duration.ok_or_else(|| "it must be a duration such as 1d, 6h or 10m".into())
}

pub(super) fn run(session: &mut Session<'_>, args: &SimulateArgs) -> Result<Status, Error> {
    let workspace = session.workspace()?;
    let selected = select(&workspace, &args.pins)?;
    let history = match &args.history {
        Some(path) => Some(read(&session.folder()?, path)?),
        None => None,
    };
    let memory = match &history {
        Some(_) => Memory::none(),
        None => Memory::load(session, &workspace)?,
    };
    let mut pins = Vec::new();
    let mut without = Vec::new();
    for declaration in selected {
        if matches!(declaration.upstream, Upstream::Archive(_) | Upstream::Debian(_)) {
            match args.pins.is_empty() {
                true => without.push(declaration.name.as_str()),
                false => return Err(not_replayed(&declaration.name)),
            }
            continue;
        }
        let seen = match &history {
            Some(history) => history.of(&upstream(declaration)),
            None => remembered(&memory, &declaration.name),
        };
        match seen {
            Some(seen) => pins.push((declaration, seen)),
            None if args.pins.is_empty() => without.push(declaration.name.as_str()),
            None => return Err(unknown(&declaration.name, &upstream(declaration), history.as_ref(), args)),
        }
    }
    if pins.is_empty() {
        return Err(nothing(history.as_ref(), args));
    }
    if !without.is_empty() {
        session.output.note(&format!("there is no history of {}\n", without.join(", ")));
    }
    one_upstream(&pins, history.as_ref())?;
    one_start(&pins, args)?;
    let window = window(args, session.app.now, history.as_ref(), &pins)?;
    let mut simulated = Vec::new();
    for (declaration, seen) in pins {
        simulated.extend(simulate(&workspace.catalog, declaration, seen, args, &window)?);
    }
    let text = match args.format {
        Format::Human => human::simulation(&simulated, &window, session.globals.is_verbose()),
        Format::Json => report_json::simulation(&simulated, &window),
    };
    session.output.data(&text)?;
    if args.format == Format::Human {
        session.output.note("`solera-pin simulate --help` says what the columns are\n");
    }
    Ok(say_stops(session, &simulated))
}

/// What makes a version of an archive a choice is whether its files are there, which no history tells.
fn not_replayed(pin: &PinName) -> Error {
    let error = Error::usage(format!(
        "the pin `{pin}` cannot be simulated: only images and git repositories have a history that tells all"
    ));
    error.hint(format!("`solera-pin explain {pin}` tells what would be taken now"))
}

/// What the journal has of a pin.
fn remembered<'m>(memory: &'m Memory, pin: &PinName) -> Option<&'m Sightings> {
    memory.of(pin).seen().filter(|seen| !seen.is_empty())
}

/// A pin under the declared policy, and under the second one.
fn simulate(
    catalog: &Catalog,
    declaration: &Declaration,
    history: &Sightings,
    args: &SimulateArgs,
    window: &Window,
) -> Result<Vec<Simulated>, Error> {
    let mut policies = vec![("declared".to_owned(), declaration.clone())];
    if !args.against.is_empty() {
        let changed = declaration.changed(&policy(&args.against)).map_err(|problems| {
            let error = Error::problems(problems);
            error.hint("`solera-pin simulate --help` says how to write --against")
        });
        policies.push((args.against.join(", "), changed?));
    }
    let needs = catalog.needs(declaration);
    let start = args.start.clone().map_or(Start::Rules, Start::Tag);
    let one = |(policy, declaration): (String, Declaration)| {
        let question = Replay {
            declaration: &declaration,
            needs: &needs,
            history,
            start: &start,
            from: window.from,
            to: window.to,
            every: window.every,
        };
        let replayed = replay(&question)
            .map_err(|error| Error::usage(format!("the pin `{}`: {error}", declaration.name)))?;
        Ok(Simulated { declaration, policy, replayed })
    };
    policies.into_iter().map(one).collect()
}

/// What was given with `--against`, as a declaration has it.
fn policy(against: &[String]) -> Arc<SourceFile> {
    let line = |given: &String| {
        let Some((key, value)) = given.split_once('=') else { return format!("{given}\n") };
        let quoted = || format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        let value = match value {
            "true" | "false" => value.to_owned(),
            _ if value.starts_with(['[', '"', '\'']) => value.to_owned(),
            _ if key == "ignore" => format!("[{}]", quoted()),
            _ => quoted(),
        };
        format!("{key} = {value}\n")
    };
    SourceFile::new("--against", &against.iter().map(line).collect::<String>())
}

fn read(folder: &Path, path: &Path) -> Result<History, Error> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| Error::usage(format!("{shown} could not be read: {error}"));
    let file = std::fs::File::open(folder.join(path)).map_err(unreadable)?;
    let mut text = String::new();
    file.take(LARGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LARGEST {
        return Err(Error::usage(format!("{shown} is larger than {} MiB", LARGEST >> 20)));
    }
    History::parse(&SourceFile::new(shown.to_string(), &text))
        .map_err(|problem| Error::problems(vec![problem]))
}

fn upstream(declaration: &Declaration) -> String {
    declaration.upstream.to_string()
}

/// Why a pin that was named has no history.
fn unknown(pin: &PinName, upstream: &str, history: Option<&History>, args: &SimulateArgs) -> Error {
    match (history, &args.history) {
        (Some(history), Some(path)) => {
            let error =
                Error::usage(format!("{} has nothing of {upstream}, which `{pin}` follows", path.display()));
            error.hint(format!("it has {}", history.names().collect::<Vec<_>>().join(", ")))
        }
        _ => {
            let error =
                Error::usage(format!("there is no history of `{pin}`: the journal has no line of it"));
            error.hint("--history FILE takes what was recorded elsewhere")
        }
    }
}

/// Why there is nothing to replay.
fn nothing(history: Option<&History>, args: &SimulateArgs) -> Error {
    match (history, &args.history) {
        (Some(history), Some(path)) => {
            let error = Error::usage(format!("{} has nothing of what the pins follow", path.display()));
            error.hint(format!("it has {}", history.names().collect::<Vec<_>>().join(", ")))
        }
        _ => {
            let error = Error::usage("there is no history: the journal has no lines");
            error.hint("--history FILE takes what was recorded elsewhere")
        }
    }
}

/// A history that names no upstream cannot be of several.
fn one_upstream(pins: &[(&Declaration, &Sightings)], history: Option<&History>) -> Result<(), Error> {
    let of_one = history.is_some_and(|history| history.names().next().is_none());
    let first = pins.first().map(|(declaration, _)| &declaration.upstream);
    match of_one && pins.iter().any(|(declaration, _)| Some(&declaration.upstream) != first) {
        true => {
            let error = Error::usage("the history is of one upstream, and these pins follow several");
            Err(error.hint("name the pin that it is about: solera-pin simulate PIN --history FILE"))
        }
        false => Ok(()),
    }
}

/// A tag to start at is of one pin.
fn one_start(pins: &[(&Declaration, &Sightings)], args: &SimulateArgs) -> Result<(), Error> {
    match args.start.is_some() && pins.len() > 1 {
        true => {
            let error = Error::usage("--start is about one pin, which must be named");
            Err(error.hint("solera-pin simulate PIN --start TAG"))
        }
        false => Ok(()),
    }
}

/// The time of the replay: what was asked for, or what was recorded. The journal goes on until now.
fn window(
    args: &SimulateArgs,
    now: Timestamp,
    history: Option<&History>,
    pins: &[(&Declaration, &Sightings)],
) -> Result<Window, Error> {
    let recorded = history.and_then(|history| history.window);
    let times = || {
        let of_track = |(declaration, seen): &(&Declaration, &Sightings)| {
            let track = declaration.track.clone();
            let of_track = seen.lines().into_iter().filter(move |line| track.read(&line.tag).is_some());
            of_track.map(|line| line.first_seen).collect::<Vec<_>>()
        };
        pins.iter().flat_map(of_track)
    };
    let from = args.from.or(recorded.map(|(from, _)| from)).or_else(|| times().min());
    let end = || if history.is_some() { times().max() } else { Some(now) };
    let to = args.to.or(recorded.map(|(_, to)| to)).or_else(end);
    match (from, to) {
        (Some(from), Some(to)) if from <= to => Ok(Window { from, to, every: args.every }),
        (Some(from), Some(to)) => {
            Err(Error::usage(format!("the time to replay ends at {to}, before it begins at {from}")))
        }
        _ => {
            let error = Error::new(Status::Incomplete, "the history has no tag that the pins' tracks match");
            Err(error.hint("--from and --to set the time all the same"))
        }
    }
}

/// Says where a pin never got a lock; gives what that amounts to.
fn say_stops(session: &mut Session<'_>, simulated: &[Simulated]) -> Status {
    let mut worst = Status::Done;
    for Simulated { declaration, policy, replayed } in simulated {
        let Some((status, message, hints)) = never_locked(&declaration.name, policy, replayed) else {
            continue;
        };
        session.output.wrong(&message, &hints);
        worst = worst.max(status);
    }
    worst
}

fn never_locked(pin: &PinName, policy: &str, replayed: &Replayed) -> Option<(Status, String, Vec<String>)> {
    let stop = replayed.stops.first().filter(|_| replayed.first.is_none())?;
    let message = |why: &str| format!("the pin `{pin}` (policy: {policy}) is never locked: {why}");
    Some(match &stop.outcome {
        Outcome::Ambiguous(tags) => {
            let hints = tags.iter().map(|tag| format!("solera-pin simulate {pin} --start {tag} …"));
            (Status::Usage, message("it could start in several majors: choose one"), hints.collect())
        }
        outcome => (Status::Incomplete, message(&human::outcome(outcome)), Vec::new()),
    })
}
