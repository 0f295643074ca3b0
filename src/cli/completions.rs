//! `completions`: for the shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::Cli;
use super::session::Session;
use crate::error::{Error, Status};

/// Print completions for a shell
#[derive(Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(session: &mut Session<'_>, args: &CompletionsArgs) -> Result<Status, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "solera-pin", &mut script);
    session.output.data(&String::from_utf8_lossy(&script))?;
    Ok(Status::Done)
}
