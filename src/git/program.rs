//! Git's own program, asked for what a person has configured.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::local;
use crate::child::Group;

/// What came of asking git's own program.
pub(super) enum Ran {
    /// What it printed.
    Done(Vec<u8>),
    /// It failed: it has said why to nobody.
    Failed,
    /// It took too long, and was ended.
    Slow,
    /// It cannot be run.
    Missing,
}

/// Asks git's own program in `folder`. No person is asked anything: neither on a terminal nor in a window.
pub(super) async fn ask(folder: &Path, arguments: &[&str], input: &str, patience: Duration) -> Ran {
    let mut command = Command::new("git");
    for variable in local::OURS {
        command.env_remove(variable);
    }
    command.arg("-C").arg(folder).args(["-c", "credential.interactive=false"]).args(arguments);
    // An empty program is none, and hides those of the configuration and of ssh. The last is of a common helper.
    command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_ASKPASS", "").env("GCM_INTERACTIVE", "never");
    // A helper may leave a daemon behind that holds standard error open.
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let Ok(mut child) = Group::spawn(&mut command) else {
        return Ran::Missing;
    };
    let (Some(mut stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Ran::Missing;
    };
    let talk = async {
        // Who does not read has no need of it.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let mut said = Vec::new();
        stdout.read_to_end(&mut said).await?;
        child.wait().await.map(|status| (status, said))
    };
    match tokio::time::timeout(patience, talk).await {
        Ok(Ok((status, said))) if status.success() => Ran::Done(said),
        Ok(_) => Ran::Failed,
        Err(_) => Ran::Slow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn git_is_asked_and_not_waited_for_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let version = ask(folder.path(), &["version"], "", Duration::from_secs(30)).await;
        assert!(matches!(version, Ran::Done(said) if said.starts_with(b"git version")));
        let none = ask(folder.path(), &["no-such-command"], "", Duration::from_secs(30)).await;
        assert!(matches!(none, Ran::Failed));
        let slow = ["-c", "alias.slow=!sleep 1000", "slow"];
        assert!(matches!(ask(folder.path(), &slow, "", Duration::from_millis(300)).await, Ran::Slow));
    }
}
