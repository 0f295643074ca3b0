//! Tags over ssh: the user's own `ssh`, with their keys, agent and configuration.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::pkt_line::{self, Header, Packet};
use super::refs::{Advertisement, advertisement, one_line};
use crate::model::{GitTag, GitUrl};
use crate::net::{Kind, Settings};
use crate::source::SourceError;

/// The most bytes that a list of references has.
const LIMIT: usize = 64 << 20;

/// How long an end is waited for that has nothing more to tell.
const GRACE: Duration = Duration::from_secs(1);

/// Where a URL leads.
#[derive(Debug, PartialEq, Eq)]
struct Destination {
    /// `[user@]host`
    host: String,
    port: Option<u16>,
    path: String,
}

impl Destination {
    /// As in a URL, with the port where there is one.
    fn shown(&self) -> String {
        let Some(port) = self.port else {
            return self.host.clone();
        };
        match self.host.rsplit_once('@') {
            Some((user, address)) if address.contains(':') => format!("{user}@[{address}]:{port}"),
            None if self.host.contains(':') => format!("[{}]:{port}", self.host),
            _ => format!("{}:{port}", self.host),
        }
    }

    /// What a person types to try it.
    fn trial(&self) -> String {
        match self.port {
            Some(port) => format!("ssh -p {port} {}", self.host),
            None => format!("ssh {}", self.host),
        }
    }
}

/// All tags of the repository at `url`.
pub(super) async fn tags(settings: &Settings, url: &GitUrl, asked: &str) -> Result<Vec<GitTag>, SourceError> {
    let Some(destination) = destination(url.as_str()) else {
        return Err(SourceError::new(Kind::Protocol, asked, format!("{url} names no host and path for ssh")));
    };
    let mut child = command(settings, &destination)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            SourceError::new(Kind::Unreachable, asked, format!("ssh cannot be run: {error}"))
                .hinted("install an ssh client, or use the repository's https URL")
        })?;
    let timeout = settings.timeout.saturating_mul(4);
    match tokio::time::timeout(timeout, converse(&mut child)).await {
        Ok(Ok(message)) => match advertisement(&message) {
            Ok(Advertisement::Tags(tags)) => Ok(tags),
            Ok(Advertisement::Version2 { .. }) => Err(SourceError::new(
                Kind::Protocol,
                asked,
                "the server answered in a protocol that was not asked for",
            )),
            Err(why) => {
                Err(SourceError::new(Kind::Protocol, asked, format!("the server is not understood: {why}")))
            }
        },
        Ok(Err(complaint)) => Err(failed(&complaint, &destination, asked)),
        Err(_) => {
            let why = format!("{} did not answer within {} s", destination.shown(), timeout.as_secs());
            Err(SourceError::new(Kind::Unreachable, asked, why))
        }
    }
}

/// The command as git itself would run it. A command line of the user's is given to the shell, which it is written
/// for; ours are always arguments of their own.
fn command(settings: &Settings, destination: &Destination) -> Command {
    let mut command = match &settings.ssh_command {
        Some(line) => {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(format!("{line} \"$@\"")).arg(line);
            shell
        }
        None => Command::new("ssh"),
    };
    if let Some(port) = destination.port {
        command.arg("-p").arg(port.to_string());
    }
    // No terminal is asked for a password, and the answer is in protocol 0.
    command.args(["-o", "BatchMode=yes", "--", &destination.host]);
    command.arg(format!("git-upload-pack {}", quoted(&destination.path)));
    command.env_remove("GIT_PROTOCOL");
    command
}

/// One word for the shell on the other side.
fn quoted(path: &str) -> String {
    format!("'{}'", path.replace('\'', r"'\''").replace('!', r"'\!'"))
}

fn destination(url: &str) -> Option<Destination> {
    let (host, port, path) = match url.strip_prefix("ssh://") {
        Some(rest) => {
            let (authority, path) = rest.split_once('/')?;
            let after_address = authority.rfind(']').unwrap_or(0);
            let (host, port) = match authority[after_address..].rfind(':') {
                Some(colon) => authority.split_at(after_address + colon),
                None => (authority, ""),
            };
            let port = port.strip_prefix(':').filter(|port| !port.is_empty());
            let port = port.map(str::parse).transpose().ok()?;
            // `/~user/` is the other machine's business.
            let path = if path.starts_with('~') { path.into() } else { format!("/{path}") };
            (host, port, path)
        }
        None => {
            let (host, path) = url.split_once(':')?;
            (host, None, path.to_owned())
        }
    };
    let host: String = host.chars().filter(|c| !matches!(c, '[' | ']')).collect();
    let safe = !host.is_empty() && !host.starts_with('-') && !path.is_empty() && !path.starts_with('-');
    safe.then_some(Destination { host, port, path })
}

/// Why there was no list: what the other side said on standard error, or what happened to the pipe.
struct Complaint(String);

/// Reads the list of references, and says that nothing else is wanted. Nothing is waited for once the list is there: a
/// connection that the user's configuration shares with later commands holds standard error open for as long as it lives.
async fn converse(child: &mut Child) -> Result<Vec<u8>, Complaint> {
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(mut stdin), Some(mut stdout), Some(stderr)) = pipes else {
        return Err(Complaint("its pipes are not open".into()));
    };
    let said = Arc::new(Mutex::new(Vec::new()));
    let listening = tokio::spawn(drain(stderr, Arc::clone(&said)));
    match read_message(&mut stdout).await {
        Ok(message) => {
            // A server that has gone already has said all that it had to say.
            let _ = stdin.write_all(b"0000").await;
            drop((stdin, stdout));
            let _ = tokio::time::timeout(GRACE, child.wait()).await;
            listening.abort();
            Ok(message)
        }
        Err(why) => {
            drop((stdin, stdout));
            let _ = tokio::time::timeout(GRACE, listening).await;
            let said = said.lock().unwrap_or_else(PoisonError::into_inner);
            match one_line(&String::from_utf8_lossy(&said)) {
                said if said.is_empty() => Err(Complaint(why)),
                said => Err(Complaint(said)),
            }
        }
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

/// Reads packets up to and with the flush.
async fn read_message(from: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, String> {
    let mut from = tokio::io::BufReader::new(from);
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
                if start + length > LIMIT {
                    return Err(format!("it sent more than {LIMIT} bytes"));
                }
                message.resize(start + length, 0);
                from.read_exact(&mut message[start..]).await.map_err(ended)?;
            }
        }
    }
}

/// ssh has one exit code for all that can go wrong; its words tell it apart.
fn failed(complaint: &Complaint, destination: &Destination, asked: &str) -> SourceError {
    let said = complaint.0.to_ascii_lowercase();
    let (host, trial) = (destination.shown(), destination.trial());
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    let (kind, hint) = if has(&["permission denied", "host key verification failed"]) {
        (Kind::Denied, format!("check that `{trial}` works without a password"))
    } else if has(&[
        "repository not found",
        "does not appear to be a git repository",
        "does not exist",
        "no such file",
    ]) {
        (Kind::NotFound, "check the URL, and that your key may read the repository".to_owned())
    } else {
        (Kind::Unreachable, format!("check that `{trial}` works"))
    };
    SourceError::new(kind, asked, format!("ssh to {host} failed: {}", complaint.0)).hinted(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_read_from_both_spellings() {
        let read = |url| destination(url).map(|d| (d.host, d.port, d.path));
        let expect = |host: &str, port, path: &str| Some((host.to_owned(), port, path.to_owned()));
        assert_eq!(read("git@github.com:a/b.git"), expect("git@github.com", None, "a/b.git"));
        assert_eq!(read("ssh://git@h/a.git"), expect("git@h", None, "/a.git"));
        assert_eq!(read("ssh://h:2222/a"), expect("h", Some(2222), "/a"));
        assert_eq!(read("ssh://u@[::1]:22/~u/a"), expect("u@::1", Some(22), "~u/a"));
        assert_eq!(read("ssh://[::1]/a"), expect("::1", None, "/a"));
        for bad in ["ssh://h:x/a", "ssh://-h/a", "ssh:///a", "h:-a", "h"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_path_is_one_word_on_the_other_side() {
        assert_eq!(quoted("/a b"), "'/a b'");
        assert_eq!(quoted("/it's; rm -rf !"), r"'/it'\''s; rm -rf '\!''");
    }

    #[tokio::test]
    async fn a_message_ends_with_its_flush() {
        let mut bytes = &b"0006a\n0000rest"[..];
        assert_eq!(read_message(&mut bytes).await.unwrap(), b"0006a\n0000");
        for cut in [&b""[..], b"00", b"0006a", b"0006a\n"] {
            assert!(read_message(&mut &*cut).await.is_err());
        }
        assert!(read_message(&mut &b"SSH-2.0"[..]).await.unwrap_err().contains("hexadecimal"));
    }
}
