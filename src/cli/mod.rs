//! The command line: one file a command, each its arguments and a thin run.

mod add;
mod commit;
mod completions;
mod diff;
mod emit;
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
mod unpin;
mod verify;
mod written;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::app::App;
use crate::error::{Error, Status};
use output::Output;
use session::Session;

/// Pins every outside input of a container image build to its content, and moves those pins only by a change that a
/// person can read.
#[derive(Parser)]
#[command(name = "solera-pin", version, max_term_width = 110)]
#[command(
    after_help = "Exit codes: 0 done; 1 the gate failed, --check found a change, or a merge left conflicts; 2 usage, configuration or a \
malformed file; 3 an upstream could not be asked or has nothing eligible; 4 an integrity alarm."
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
    Diff(diff::DiffArgs),
    Emit(emit::EmitArgs),
    #[command(subcommand)]
    Mirror(mirror::MirrorCommand),
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
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut session = Session { app: &as_of(app)?, globals: &cli.globals, output };
    let status = runtime.block_on(async {
        match &cli.command {
            Command::Init(args) => init::run(&mut session, args).await,
            Command::Refresh(args) => refresh::run(&mut session, args).await,
            Command::Add(args) => add::run(&mut session, args).await,
            Command::Status(args) => status::run(&mut session, args).await,
            Command::Explain(args) => explain::run(&mut session, args).await,
            Command::Next(args) => next::run(&mut session, args),
            Command::Simulate(args) => simulate::run(&mut session, args),
            Command::Verify(args) => verify::run(&mut session, args).await,
            Command::Diff(args) => diff::run(&mut session, args).await,
            Command::Emit(args) => emit::run(&mut session, args),
            Command::Mirror(command) => mirror::run(&mut session, command).await,
            Command::MergeDriver(args) => merge_driver::run(&mut session, args),
            Command::Completions(args) => completions::run(&mut session, args),
        }
    });
    // A credential helper that hangs has been given up; the process does not wait for it.
    runtime.shutdown_background();
    status
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
