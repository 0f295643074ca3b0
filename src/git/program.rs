//! Children of this process, ended together with all that they started.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::local;

/// A child in a process group of its own. What is still running of it when this is dropped is told to end, and with it the
/// helper of a helper, or the proxy of an `ssh`. It is told, and not killed: git takes its locks along then.
pub(super) struct Group(Child);

impl Group {
    pub(super) fn spawn(command: &mut Command) -> std::io::Result<Self> {
        command.process_group(0).spawn().map(Self)
    }
}

impl Deref for Group {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Group {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // Whose end was waited for has left behind what is to stay, and its number may be another's by now.
        let running = self.0.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(group) = running {
            // What has ended meanwhile needs no more.
            let _ = kill_process_group(group, Signal::TERM);
            // One that wanted to ask on the terminal is halted, and would not hear it.
            let _ = kill_process_group(group, Signal::CONT);
        }
    }
}

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

    /// Its grandchild writes to a pipe of ours for as long as it lives.
    #[tokio::test]
    async fn what_a_child_started_ends_with_it() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 1000 & echo; wait"]).stdout(Stdio::piped());
        let mut group = Group::spawn(&mut command).unwrap();
        let mut stdout = group.stdout.take().unwrap();
        let mut said = [0];
        stdout.read_exact(&mut said).await.unwrap();
        drop(group);
        let ended = tokio::time::timeout(Duration::from_secs(30), stdout.read(&mut said)).await;
        assert_eq!(ended.unwrap().unwrap(), 0, "nobody holds the pipe");
    }

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
