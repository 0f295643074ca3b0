//! Ctrl-C: a command that asks upstreams stops at once, and says what it left.
//!
//! The command's future is dropped where it waits. All that is written to a folder is written between two such places, so
//! that none of it is ever half done: `refresh`, `add`, `init` and `refresh --commit` first ask, and then write without
//! waiting. `refresh --propose` writes no file of the folder. What it did elsewhere is done, and the next run finds it.

use std::fs;
use std::io;

use rustix::process::{Pid, Signal as Kill, getpid, kill_process};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::error::Status;

/// Hears that the run is to stop.
pub(super) struct Stop(oneshot::Receiver<Told>);

/// What told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    Interrupt,
    Terminate,
}

impl Told {
    /// As people know it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        }
    }

    /// What it amounts to.
    pub(super) fn status(self) -> Status {
        match self {
            Self::Interrupt => Status::Interrupted,
            Self::Terminate => Status::Terminated,
        }
    }
}

impl Stop {
    /// Listens from now on. Whoever is told twice ends without ceremony, whatever is under way.
    pub(super) fn listen() -> io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (tell, told) = oneshot::channel();
        // On a thread of its own: the one that the command runs on may be writing.
        tokio::spawn(async move {
            // Where the command has ended there is nobody to tell.
            let _ = tell.send(next(&mut interrupt, &mut terminate).await);
            end(next(&mut interrupt, &mut terminate).await);
        });
        Ok(Self(told))
    }

    /// Completes when the run is to stop.
    pub(super) async fn told(self) -> Told {
        match self.0.await {
            Ok(told) => told,
            // Nobody can tell it any more.
            Err(_) => std::future::pending().await,
        }
    }
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) -> Told {
    tokio::select! {
        _ = interrupt.recv() => Told::Interrupt,
        _ = terminate.recv() => Told::Terminate,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "who is told twice to stop does not wait for the end of anything"
)]
fn end(told: Told) {
    std::process::exit(told.status().code().into());
}

/// Ends the children that are still there: a credential helper that a library has started and waits for. What git and
/// ssh are run for has ended with the future that ran them.
pub(super) fn end_children() {
    let own = getpid().as_raw_nonzero().get();
    // Only Linux tells; elsewhere a helper ends when nobody reads what it says.
    let Ok(processes) = fs::read_dir("/proc") else { return };
    for process in processes.flatten() {
        let id = process.file_name().to_str().and_then(|name| name.parse::<i32>().ok());
        let Some(child) = id.and_then(Pid::from_raw) else { continue };
        if fs::read_to_string(process.path().join("stat")).is_ok_and(|stat| parent(&stat) == Some(own)) {
            // One that has ended meanwhile needs no more.
            let _ = kill_process(child, Kill::TERM);
        }
    }
}

/// The parent's number: the second word after the name, which may hold anything and stands in parentheses.
fn parent(stat: &str) -> Option<i32> {
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_read_whatever_a_process_is_called() {
        assert_eq!(parent("17 (sleep) S 4 17 17 0"), Some(4));
        assert_eq!(parent("17 (a) S 1 (b)) R 5 17"), Some(5));
        assert_eq!(parent("17"), None);
    }
}
