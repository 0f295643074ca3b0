//! Running a builder: what it says goes on line by line, and it ends with whoever waits for it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::Command;
use tokio::sync::mpsc;

use super::Invocation;
use crate::child::Group;

/// The longest line that is passed on; the rest of it is a line of its own.
const LINE: u64 = 64 << 10;

/// How long a builder that has ended may still have something to say: in one piece, and in all.
const QUIET: Duration = Duration::from_millis(500);
const LAST: Duration = Duration::from_secs(2);

/// How a builder ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It has done what it was told.
    Done,
    /// It has failed, with this exit code if it has one.
    Failed(Option<i32>),
}

/// Why a builder could not be run.
#[derive(Debug, thiserror::Error)]
#[error("`{program}` cannot be run: {source}")]
pub struct EngineError {
    program: &'static str,
    source: std::io::Error,
}

impl Invocation {
    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new(self.program);
        command.args(&self.arguments).current_dir(folder).stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn error(&self, source: std::io::Error) -> EngineError {
        EngineError { program: self.program, source }
    }
}

/// Whether a command is there, and succeeds.
pub async fn answers(invocation: &Invocation, folder: &Path) -> bool {
    let mut command = invocation.command(folder);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = Group::spawn(&mut command) else {
        return false;
    };
    child.wait().await.is_ok_and(|status| status.success())
}

/// Runs a command in `folder`. Each line of what it says is told, without its end.
pub async fn run(
    invocation: &Invocation,
    folder: &Path,
    mut tell: impl FnMut(&str),
) -> Result<Ended, EngineError> {
    let mut command = invocation.command(folder);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Group::spawn(&mut command).map_err(|error| invocation.error(error))?;
    let (sender, mut lines) = mpsc::channel(64);
    let mut readers = tokio::task::JoinSet::new();
    if let Some(stdout) = child.stdout.take() {
        readers.spawn(pass_on(stdout, sender.clone()));
    }
    if let Some(stderr) = child.stderr.take() {
        readers.spawn(pass_on(stderr, sender.clone()));
    }
    drop(sender);
    let mut open = true;
    let status = loop {
        tokio::select! {
            line = lines.recv(), if open => match line {
                Some(line) => tell(&line),
                None => open = false,
            },
            status = child.wait() => break status.map_err(|error| invocation.error(error))?,
        }
    };
    // What it has said before its end. A daemon that it leaves behind may hold its output open for ever, and talk on.
    let last = async {
        while let Ok(Some(line)) = tokio::time::timeout(QUIET, lines.recv()).await {
            tell(&line);
        }
    };
    // What it has not said by then is not what was waited for.
    let _ = tokio::time::timeout(LAST, last).await;
    Ok(if status.success() { Ended::Done } else { Ended::Failed(status.code()) })
}

async fn pass_on(stream: impl AsyncRead + Unpin, lines: mpsc::Sender<String>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        match (&mut reader).take(LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                if lines.send(text.trim_end_matches(['\n', '\r']).to_owned()).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Invocation {
        let arguments = vec!["-c".into(), script.into()];
        Invocation { program: "sh", arguments, environment: vec![("SAID", "so".into())] }
    }

    #[tokio::test]
    async fn what_is_said_is_told_and_how_it_ended() {
        let mut said = Vec::new();
        let folder = tempfile::tempdir().unwrap();
        let script = shell("echo \"$SAID\"; pwd; echo wrong >&2; printf end; exit 3");
        let ended = run(&script, folder.path(), |line| said.push(line.to_owned())).await.unwrap();
        assert_eq!(ended, Ended::Failed(Some(3)));
        said.sort();
        let mut expected =
            ["so".to_owned(), folder.path().display().to_string(), "wrong".into(), "end".into()];
        expected.sort();
        assert_eq!(said, expected);
        assert_eq!(run(&shell("true"), folder.path(), |_| {}).await.unwrap(), Ended::Done);
        assert!(
            answers(&shell("true"), folder.path()).await && !answers(&shell("false"), folder.path()).await
        );
        let none = Invocation { program: "no-such-program", ..shell("") };
        assert!(run(&none, folder.path(), |_| {}).await.unwrap_err().to_string().contains("no-such-program"));
        assert!(!answers(&none, folder.path()).await);
    }

    /// A daemon that is left behind with the output open.
    #[tokio::test]
    async fn nobody_waits_for_what_a_builder_leaves_behind() {
        let mut said = Vec::new();
        let script = shell("(trap '' TERM; sleep 60) & echo done");
        let ended = run(&script, Path::new("/"), |line| said.push(line.to_owned())).await.unwrap();
        assert_eq!((ended, said), (Ended::Done, vec!["done".to_owned()]));
        let script = shell("(while echo on; do sleep 0.1; done) & echo done");
        assert_eq!(run(&script, Path::new("/"), |_| {}).await.unwrap(), Ended::Done);
    }
}
