//! A conversation with a child process that speaks git's protocol on its standard streams.

use std::convert::Infallible;
use std::future;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::error::one_line;
use super::pkt_line::{self, Header, Packet};
use crate::child::Group;

/// The most bytes that a list of references has.
const LIST: usize = 64 << 20;

/// The bytes of a request that are sent at once.
const PART: usize = 1 << 16;

/// How long an end is waited for that has nothing more to tell.
const GRACE: Duration = Duration::from_secs(1);

/// Why there was no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The command cannot be run.
    Missing(String),
    /// What the other side said on standard error, or what happened to the pipe.
    Said(String),
    /// It took too long.
    Slow(Duration),
}

/// A running child. It is ended where this is dropped.
pub(super) struct Duplex {
    child: Group,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    said: Arc<Mutex<Vec<u8>>>,
    listening: JoinHandle<()>,
    /// How long the next bytes are waited for.
    patience: Duration,
}

impl Duplex {
    /// Starts a child, and reads its first message, up to the flush.
    pub(super) async fn start(command: &mut Command, patience: Duration) -> Result<(Self, Vec<u8>), Trouble> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Group::spawn(command).map_err(|error| Trouble::Missing(error.to_string()))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(Trouble::Said("its pipes are not open".into()));
        };
        let said = Arc::new(Mutex::new(Vec::new()));
        let listening = tokio::spawn(drain(stderr, Arc::clone(&said)));
        let mut stdout = BufReader::new(stdout);
        match tokio::time::timeout(patience, read_message(&mut stdout)).await {
            Ok(Ok(message)) => Ok((Self { child, stdin, stdout, said, listening, patience }, message)),
            Ok(Err(why)) => {
                drop((stdin, stdout));
                Err(complaint(&said, listening, why).await)
            }
            Err(_) => Err(Trouble::Slow(patience)),
        }
    }

    /// Says that nothing is wanted. Nothing is waited for that has no more to tell: a connection that the user's
    /// configuration shares with later commands holds standard error open for as long as it lives.
    pub(super) async fn leave(mut self) {
        // A server that has gone already has said all that it had to say.
        let _ = self.stdin.write_all(b"0000").await;
        drop((self.stdin, self.stdout));
        let _ = tokio::time::timeout(GRACE, self.child.wait()).await;
        self.listening.abort();
    }

    /// Sends a request, and reads all that is answered to it.
    pub(super) async fn answer(self, request: &[u8], limit: usize) -> Result<Vec<u8>, Trouble> {
        let Self { mut child, mut stdin, mut stdout, said, listening, patience } = self;
        let taken = AtomicU64::new(0);
        let sending = async {
            for part in request.chunks(PART) {
                // Who stops reading says why in the answer.
                if stdin.write_all(part).await.is_err() {
                    break;
                }
                taken.fetch_add(1, Ordering::Relaxed);
            }
            drop(stdin);
            future::pending::<Infallible>().await
        };
        // Both at once: a server that talks while it reads would else wait for us, and we for it. What is not yet sent
        // where the answer ends is of no use.
        let answer = tokio::select! {
            answer = read_all(&mut stdout, limit, patience, &taken) => answer,
            never = sending => match never {},
        };
        drop(stdout);
        let answer = answer?;
        let status = tokio::time::timeout(GRACE, child.wait()).await;
        if answer.is_empty() {
            let why = match status {
                Ok(Ok(status)) => format!("it ended without an answer ({status})"),
                _ => "it ended without an answer".into(),
            };
            return Err(complaint(&said, listening, why).await);
        }
        listening.abort();
        Ok(answer)
    }
}

/// What the other side said, which it had the time to; or else what happened.
async fn complaint(said: &Mutex<Vec<u8>>, listening: JoinHandle<()>, why: String) -> Trouble {
    let _ = tokio::time::timeout(GRACE, listening).await;
    let said = said.lock().unwrap_or_else(PoisonError::into_inner);
    match one_line(&String::from_utf8_lossy(&said)) {
        said if said.is_empty() => Trouble::Said(why),
        said => Trouble::Said(said),
    }
}

/// Reads to the end and keeps the beginning, so that a talkative server does not stop for lack of a reader.
async fn drain(mut from: impl AsyncRead + Unpin, kept: Arc<Mutex<Vec<u8>>>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < buffer.len() {
            kept.extend_from_slice(&buffer[..count]);
        }
    }
}

/// Reads to the end. Who says nothing while it still takes what is sent is not slow.
async fn read_all(
    from: &mut (impl AsyncRead + Unpin),
    limit: usize,
    patience: Duration,
    taken: &AtomicU64,
) -> Result<Vec<u8>, Trouble> {
    let mut answer = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let before = taken.load(Ordering::Relaxed);
        match tokio::time::timeout(patience, from.read(&mut buffer)).await {
            Err(_) if taken.load(Ordering::Relaxed) > before => {}
            Err(_) => return Err(Trouble::Slow(patience)),
            Ok(Ok(0) | Err(_)) => return Ok(answer),
            Ok(Ok(count)) if answer.len() + count > limit => {
                return Err(Trouble::Said(format!("it sent more than {limit} bytes")));
            }
            Ok(Ok(count)) => answer.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Reads packets up to and with the flush.
async fn read_message(from: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, String> {
    let mut message = Vec::new();
    loop {
        let mut digits = [0; 4];
        let ended = |_| "the connection ended before the list did".to_owned();
        from.read_exact(&mut digits).await.map_err(ended)?;
        message.extend_from_slice(&digits);
        match pkt_line::header(digits).map_err(|error| error.to_string())? {
            Header::Special(Packet::Flush) => return Ok(message),
            Header::Special(_) => {}
            Header::Data(length) => {
                let start = message.len();
                if start + length > LIST {
                    return Err(format!("it sent more than {LIST} bytes"));
                }
                message.resize(start + length, 0);
                from.read_exact(&mut message[start..]).await.map_err(ended)?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_ends_with_its_flush() {
        let mut bytes = &b"0006a\n0000rest"[..];
        assert_eq!(read_message(&mut bytes).await.unwrap(), b"0006a\n0000");
        for cut in [&b""[..], b"00", b"0006a", b"0006a\n"] {
            assert!(read_message(&mut &*cut).await.is_err());
        }
        assert!(read_message(&mut &b"SSH-2.0"[..]).await.unwrap_err().contains("hexadecimal"));
    }

    #[tokio::test]
    async fn more_than_the_limit_is_not_read() {
        let patience = Duration::from_secs(9);
        let taken = AtomicU64::new(0);
        let read = async |limit| read_all(&mut &b"12345"[..], limit, patience, &taken).await;
        assert_eq!(read(5).await.unwrap(), b"12345");
        assert!(matches!(read(4).await, Err(Trouble::Said(_))));
    }

    async fn answered(script: &str, patience: Duration) -> Result<Vec<u8>, Trouble> {
        let mut shell = Command::new("sh");
        let (duplex, first) = Duplex::start(shell.args(["-c", script]), patience).await.unwrap();
        assert_eq!(first, b"0000");
        duplex.answer(&vec![b'x'; 1 << 20], 99).await
    }

    #[tokio::test]
    async fn who_reads_nothing_and_says_nothing_is_not_waited_for() {
        let ended = answered("printf 0000; exec sleep 99", Duration::from_millis(300));
        let ended = tokio::time::timeout(Duration::from_secs(30), ended).await.expect("an end");
        assert!(matches!(ended, Err(Trouble::Slow(_))), "{ended:?}");
    }

    #[tokio::test]
    async fn who_takes_long_to_read_is_waited_for() {
        let slow =
            "printf 0000; for i in 1 2 3 4; do sleep 1; head -c 131072 >&2; done; cat >&2; printf done";
        assert_eq!(answered(slow, Duration::from_secs(3)).await.unwrap(), b"done");
    }
}
