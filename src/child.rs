//! Children of this process, ended together with all that they started.

use std::ops::{Deref, DerefMut};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// A child in a process group of its own. What is still running of it when this is dropped is told to end, and with it the
/// helper of a helper, or the proxy of an `ssh`. It is told, and not killed: git takes its locks along then.
pub struct Group(Child);

impl Group {
    /// Starts one.
    pub fn spawn(command: &mut Command) -> std::io::Result<Self> {
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

#[cfg(test)]
mod tests {
    use std::process::Stdio;
    use std::time::Duration;

    use tokio::io::AsyncReadExt as _;

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
}
