//! `merge-driver`: a three-way merge of `pins.lock`, as git asks for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::session::Session;
use crate::document::SourceFile;
use crate::error::{Error, Status};
use crate::files;
use crate::lock::{FILE_NAME, Merged, merge};
use crate::model::shell_word;
use crate::report::human::count;

/// Merge pins.lock pin by pin, for git
#[derive(Args)]
#[command(after_help = "\
git calls it where it is told to, in .gitattributes and in each clone:

  pins.lock merge=solera-pin
  git config merge.solera-pin.driver \"solera-pin merge-driver %O %A %B %P\"

The merged text replaces OURS. A pin that both sides changed differently has both tables
between conflict markers, and the exit code is 1. Where one of the three is no lock file,
OURS stays as it is, and the exit code is 2.")]
pub(super) struct MergeDriverArgs {
    /// The file that both sides come from; empty where both added it
    #[arg(value_name = "BASE")]
    base: PathBuf,
    /// The file of the branch that is merged into; the result is written there
    #[arg(value_name = "OURS")]
    ours: PathBuf,
    /// The file of the branch that is merged
    #[arg(value_name = "THEIRS")]
    theirs: PathBuf,
    /// What people call the file
    #[arg(value_name = "PATH")]
    path: Option<String>,
}

pub(super) fn run(session: &mut Session<'_>, args: &MergeDriverArgs) -> Result<Status, Error> {
    let folder = session.folder()?;
    let path = args.path.as_deref().unwrap_or(FILE_NAME);
    let read = |file: &Path, side: &str| read(&folder.join(file), &format!("{path} ({side})"));
    let (base, ours) = (read(&args.base, "the common base")?, read(&args.ours, "ours")?);
    let theirs = read(&args.theirs, "theirs")?;
    let merged = merge(&base, &ours, &theirs).map_err(|problems| {
        let error = Error::problems(problems);
        let message = format!("{path} cannot be merged, ours stays as it is: {}", error.message);
        Error { message, ..error }.hint(format!(
            "choose a side with `git checkout --ours {}` or `--theirs`, then run `solera-pin refresh`",
            shell_word(path)
        ))
    })?;
    let (text, pins) = match merged {
        Merged::Clean(text) => (text, Vec::new()),
        Merged::Conflict { text, pins } => (text, pins),
    };
    let ours = folder.join(&args.ours);
    files::replace(&ours, text.as_bytes()).map_err(|error| {
        Error::usage(format!("the merged {path} could not be written to {}: {error}", ours.display()))
    })?;
    if pins.is_empty() {
        return Ok(Status::Done);
    }
    let names: Vec<String> = pins.iter().map(|pin| format!("`{pin}`")).collect();
    let message =
        format!("{path}: both sides changed {} differently: {}", count(pins.len(), "pin"), names.join(", "));
    let names: Vec<&str> = pins.iter().map(|pin| pin.as_str()).collect();
    let hint = format!(
        "keep one of the two tables between the markers, or neither and run `solera-pin refresh {}`",
        names.join(" ")
    );
    session.output.wrong(&message, &[hint, format!("then `git add {}`", shell_word(path))]);
    Ok(Status::Failed)
}

/// One of the three files, under the name that a mistake in it is told with.
fn read(file: &Path, name: &str) -> Result<Arc<SourceFile>, Error> {
    let text =
        files::read_text(file).and_then(|text| text.ok_or_else(|| std::io::ErrorKind::NotFound.into()));
    let text = text.map_err(|error| {
        let error = Error::usage(format!("{name} could not be read from {}: {error}", file.display()));
        error.hint("git calls this as `solera-pin merge-driver %O %A %B %P`")
    })?;
    Ok(SourceFile::new(name, &text))
}
