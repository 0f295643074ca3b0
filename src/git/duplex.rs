//! A conversation with a child process that speaks git's protocol on its standard streams.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::error::one_line;
use super::pkt_line::{self, Header, Packet};

/// The most bytes that a list of references has.
const LIST: usize = 64 << 20;

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
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    said: Arc<Mutex<Vec<u8>>>,
    listening: JoinHandle<()>,
    /// How long the next bytes are waited for.
    patience: Duration,
}

impl Duplex {
    pub(super) fn start(command: &mut Command, patience: Duration) -> Result<Self, Trouble> {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Trouble::Missing(error.to_string()))?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(Trouble::Said("its pipes are not open".into()));
        };
        let said = Arc::new(Mutex::new(Vec::new()));
        let listening = tokio::spawn(drain(stderr, Arc::clone(&said)));
        Ok(Self { child, stdin, stdout: BufReader::new(stdout), said, listening, patience })
    }

    /// Reads the server's first message, up to its flush.
    pub(super) async fn first(&mut self) -> Result<Vec<u8>, Trouble> {
        match tokio::time::timeout(self.patience, read_message(&mut self.stdout)).await {
            Ok(Ok(message)) => Ok(message),
            Ok(Err(why)) => Err(self.complaint(why).await),
            Err(_) => Err(Trouble::Slow(self.patience)),
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
        let sending = async move {
            // Who stops reading says why in the answer.
            let _ = stdin.write_all(request).await;
        };
        // Both at once: a server that talks while it reads would else wait for us, and we for it.
        let (answer, ()) = tokio::join!(read_all(&mut stdout, limit, patience), sending);
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

    async fn complaint(&mut self, why: String) -> Trouble {
        // A reader that goes away ends the other side, and with it what it has to say.
        let _ = self.stdin.shutdown().await;
        let _ = tokio::time::timeout(GRACE, &mut self.listening).await;
        told(&self.said, why)
    }
}

async fn complaint(said: &Mutex<Vec<u8>>, listening: JoinHandle<()>, why: String) -> Trouble {
    let _ = tokio::time::timeout(GRACE, listening).await;
    told(said, why)
}

fn told(said: &Mutex<Vec<u8>>, why: String) -> Trouble {
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

async fn read_all(
    from: &mut (impl AsyncRead + Unpin),
    limit: usize,
    patience: Duration,
) -> Result<Vec<u8>, Trouble> {
    let mut answer = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match tokio::time::timeout(patience, from.read(&mut buffer)).await {
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
        let read = |limit| async move { read_all(&mut &b"12345"[..], limit, patience).await };
        assert_eq!(read(5).await.unwrap(), b"12345");
        assert!(matches!(read(4).await, Err(Trouble::Said(_))));
    }
}
