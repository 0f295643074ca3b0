//! The command line: one file a command, each its arguments and a thin run.

mod add;
mod audit;
mod build;
mod catalog;
mod commit;
mod completions;
mod daemon;
mod diff;
mod doctor;
mod emit;
mod expected;
mod explain;
mod init;
mod log;
mod looked;
mod memory;
mod merge_driver;
mod mirror;
mod network;
mod next;
mod output;
mod progress;
mod propose;
mod refresh;
mod requests;
mod session;
mod simulate;
mod status;
mod stop;
mod unpin;
mod verify;
mod written;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::app::App;
use crate::error::{Error, Status};
use output::Output;
use session::Session;
use stop::Stop;

/// How long work on a repository, which was begun apart, has to end where a run is stopped.
const GRACE: std::time::Duration = std::time::Duration::from_millis(200);

/// Pins every outside input of a container image build to its content, and moves those pins only by a change that a
/// person can read.
#[derive(Parser)]
#[command(name = "solera-pin", version, max_term_width = 110)]
#[command(
    after_help = "Exit codes: 0 done; 1 the gate or the audit failed, --check found a change, or a merge left conflicts; 2 usage, configuration or a \
malformed file; 3 an upstream could not be asked or has nothing eligible; 4 an integrity alarm; 130 or 143 it was stopped by \
SIGINT or SIGTERM."
)]
pub struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Globals {
    /// Run as if started in this folder
    #[arg(short = 'C', global = true, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Whether to colour what a person reads
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    color: Color,
    /// Say more: each request and what each host was asked; twice: what was known without asking, too
    #[arg(short, long, global = true, conflicts_with = "quiet", action = clap::ArgAction::Count)]
    verbose: u8,
    /// Say only what is wrong
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Send at most this many requests to upstreams; what is left is not asked about
    #[arg(long, global = true, value_name = "N")]
    max_requests: Option<u64>,
    /// The form of what is said on standard error
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Human)]
    log_format: LogFormat,
}

impl Globals {
    /// Whether a person wants to know more.
    fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// Whether there is a line for each request.
    fn logs(&self) -> bool {
        self.is_verbose() || self.log_format == LogFormat::Json
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For a person
    Human,
    /// For a machine: an object in JSON a line
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

/// The form of what a command prints on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a person
    #[default]
    Human,
    /// For a machine, with a schema version
    Json,
}

#[derive(Subcommand)]
enum Command {
    Init(init::InitArgs),
    Refresh(refresh::RefreshArgs),
    Add(add::AddArgs),
    Status(status::StatusArgs),
    Explain(explain::ExplainArgs),
    Next(next::NextArgs),
    Simulate(simulate::SimulateArgs),
    Verify(verify::VerifyArgs),
    Audit(audit::AuditArgs),
    Diff(diff::DiffArgs),
    Doctor(doctor::DoctorArgs),
    Emit(emit::EmitArgs),
    Build(build::BuildArgs),
    Catalog(catalog::CatalogArgs),
    #[command(subcommand)]
    Mirror(mirror::MirrorCommand),
    Daemon(daemon::DaemonArgs),
    MergeDriver(merge_driver::MergeDriverArgs),
    Completions(completions::CompletionsArgs),
}

/// Parses the arguments, runs the command and reports what went wrong. Gives the exit code.
pub fn main(app: &App, arguments: impl IntoIterator<Item = std::ffi::OsString>) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // A help text that cannot be printed has no one to tell.
            let _ = error.print();
            return if error.use_stderr() { Status::Usage.code() } else { Status::Done.code() };
        }
    };
    log::start(&cli.globals);
    let mut output = Output::new(app, &cli.globals);
    match run(app, &cli, &mut output) {
        Ok(status) => status.code(),
        Err(error) => {
            output.error(&error);
            error.status.code()
        }
    }
}

fn run(app: &App, cli: &Cli, output: &mut Output) -> Result<Status, Error> {
    // What a daemon does beside its runs is little, and each thread keeps memory of its own.
    let threads = if matches!(cli.command, Command::Daemon(_)) { 1 } else { 2 };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    let ended = runtime.block_on(until_stopped(&as_of(app)?, cli, output));
    match ended {
        Ok(Status::Interrupted | Status::Terminated) => {
            runtime.shutdown_timeout(GRACE);
            stop::end_children();
        }
        // A credential helper that hangs has been given up; the process does not wait for it.
        _ => runtime.shutdown_background(),
    }
    ended
}

/// Runs the command to its end, or until it is told to stop.
async fn until_stopped(app: &App, cli: &Cli, output: &mut Output) -> Result<Status, Error> {
    let left = cli.command.left();
    let stop = left.map(|_| Stop::listen()).transpose()?;
    let mut session = Session { app, globals: &cli.globals, output };
    let command = dispatch(&mut session, &cli.command);
    let (Some(stop), Some(left)) = (stop, left) else {
        return command.await;
    };
    tokio::select! {
        // What has just come to its end has ended.
        biased;
        status = command => status,
        told = stop.told() => {
            session.output.say(&format!("stopped by {}: {left}\n", told.name()));
            Ok(told.status())
        }
    }
}

async fn dispatch(session: &mut Session<'_>, command: &Command) -> Result<Status, Error> {
    match command {
        Command::Init(args) => init::run(session, args).await,
        Command::Refresh(args) => refresh::run(session, args).await,
        Command::Add(args) => add::run(session, args).await,
        Command::Status(args) => status::run(session, args).await,
        Command::Explain(args) => explain::run(session, args).await,
        Command::Next(args) => next::run(session, args),
        Command::Simulate(args) => simulate::run(session, args),
        Command::Verify(args) => verify::run(session, args).await,
        Command::Audit(args) => audit::run(session, args).await,
        Command::Diff(args) => diff::run(session, args).await,
        Command::Doctor(args) => doctor::run(session, args).await,
        Command::Emit(args) => emit::run(session, args),
        Command::Build(args) => build::run(session, args).await,
        Command::Catalog(args) => catalog::run(session, args),
        Command::Mirror(command) => mirror::run(session, command).await,
        Command::Daemon(args) => daemon::run(session, args).await,
        Command::MergeDriver(args) => merge_driver::run(session, args),
        Command::Completions(args) => completions::run(session, args),
    }
}

impl Command {
    /// What a command that asks upstreams has left where it is stopped; none for one that asks nobody, which a signal ends
    /// as it ends any program.
    fn left(&self) -> Option<&'static str> {
        const NOTHING: &str = "nothing was written";
        match self {
            Self::Refresh(args) => args.left(),
            Self::Init(_) | Self::Add(_) => Some("nothing was declared, and nothing was written"),
            Self::Status(args) => args.asks().then_some(NOTHING),
            Self::Explain(_) => Some(NOTHING),
            Self::Verify(args) => args.asks().then_some(NOTHING),
            Self::Diff(args) => args.asks().then_some(NOTHING),
            Self::Audit(_) | Self::Doctor(_) => Some(NOTHING),
            Self::Mirror(command) => command.left(),
            Self::Build(_) => Some("the builder was told to end"),
            Self::Next(_)
            | Self::Simulate(_)
            | Self::Emit(_)
            | Self::Catalog(_)
            // It listens itself.
            | Self::Daemon(_)
            | Self::MergeDriver(_)
            | Self::Completions(_) => None,
        }
    }
}

/// A decision can be made again as of the time it was made at.
fn as_of(app: &App) -> Result<App, Error> {
    let now = app.variable("SOLERA_PIN_NOW").map(|now| {
        now.parse().map_err(|_| {
            Error::usage(format!("SOLERA_PIN_NOW is `{now}`, which is no time such as 2026-06-01T12:00:00Z"))
        })
    });
    Ok(App { now: now.transpose()?.unwrap_or(app.now), ..app.clone() })
}
