//! Over ssh: the user's own `ssh`, with their keys, agent and configuration.

use tokio::process::Command;

use super::Service;
use super::duplex::Trouble;
use super::error::Failure;
use super::refs::Version;
use crate::model::quoted;
use crate::net::Kind;

/// Where a URL leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Destination {
    /// `[user@]host`
    host: String,
    port: Option<u16>,
    pub(super) path: String,
    /// Whether it is spelt as a URL.
    is_url: bool,
}

impl Destination {
    /// Reads `ssh://[user@]host[:port]/path` or `[user@]host:path`; `None` for anything else, and for one with a password
    /// or one that ssh would take for an option.
    pub(super) fn read(url: &str) -> Option<Self> {
        let is_url = url.starts_with("ssh://");
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
                // `user:password@host:path`, which ssh would take for a host of the user's name.
                if path.split('/').next()?.contains('@') {
                    return None;
                }
                (host, None, path.to_owned())
            }
        };
        if host.rsplit_once('@').is_some_and(|(user, _)| user.contains(':')) {
            return None;
        }
        let host: String = host.chars().filter(|c| !matches!(c, '[' | ']')).collect();
        let safe = !host.is_empty() && !host.starts_with('-') && !path.is_empty() && !path.starts_with('-');
        safe.then_some(Self { host, port, path, is_url })
    }

    /// `[user@]host[:port]`.
    fn shown(&self) -> String {
        match self.host.rsplit_once('@') {
            Some((user, _)) => format!("{user}@{}", self.address()),
            None => self.address(),
        }
    }

    /// `host[:port]`.
    pub(super) fn address(&self) -> String {
        let host = self.host.rsplit_once('@').map_or(self.host.as_str(), |(_, host)| host);
        match self.port {
            Some(port) if host.contains(':') => format!("[{host}]:{port}"),
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// As it was written.
    pub(super) fn url(&self) -> String {
        match self.is_url {
            true => format!("ssh://{}/{}", self.shown(), self.path.trim_start_matches('/')),
            false => format!("{}:{}", self.host, self.path),
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

/// The command as git itself would run it. A command line of the user's is given to the shell, which it is written
/// for; ours are always arguments of their own.
pub(super) fn command(
    line: Option<&str>,
    destination: &Destination,
    service: Service,
    version: Version,
) -> Command {
    let mut command = match line {
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
    match version {
        Version::Zero => command.env_remove("GIT_PROTOCOL"),
        // A server that does not take it answers in version 0.
        Version::Two => command.env("GIT_PROTOCOL", "version=2").args(["-o", "SendEnv=GIT_PROTOCOL"]),
    };
    // No terminal is asked for a password.
    command.args(["-o", "BatchMode=yes", "--", &destination.host]);
    command.arg(format!("{} {}", service.program(), quoted(&destination.path)));
    command
}

/// ssh has one exit code for all that can go wrong; its words tell it apart.
pub(super) fn failed(trouble: Trouble, destination: &Destination) -> Failure {
    let (host, trial) = (destination.shown(), destination.trial());
    let complaint = match trouble {
        Trouble::Missing(error) => {
            return Failure::new(Kind::Unreachable, format!("ssh cannot be run: {error}"))
                .hinted("install an ssh client, or use the repository's https URL");
        }
        Trouble::Slow(limit) => {
            let why = format!("{host} did not answer within {} s", limit.as_secs());
            return Failure::new(Kind::Unreachable, why);
        }
        Trouble::Said(complaint) => complaint,
    };
    let said = complaint.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    // It says so in a box of at signs, with every name that the key has.
    if has(&["remote host identification has changed"]) {
        let why = format!(
            "ssh to {host} was refused: its host key is not the one that is known. Either it has a new one, or \
             somebody else answers in its place"
        );
        let hint = "ask who runs it; only then replace the line of your known_hosts file";
        return Failure::new(Kind::Denied, why).hinted(hint);
    }
    let (kind, hint) = if has(&["host key verification failed", "host key is known for"]) {
        let hint = format!(
            "its host key is not known here: compare what `{trial}` shows once with what {host} publishes, \
             or add that to your known_hosts file"
        );
        (Kind::Denied, hint)
    } else if has(&["permission denied", "denied to "]) {
        let hint = format!(
            "none of your keys opens it: check that `{trial}` works without a password, and see `ssh-add -l`"
        );
        (Kind::Denied, hint)
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
    Failure::new(kind, format!("ssh to {host} failed: {complaint}")).hinted(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn destinations_are_read_from_both_spellings() {
        let read = |url| Destination::read(url).map(|d| (d.host, d.port, d.path));
        let expect = |host: &str, port, path: &str| Some((host.to_owned(), port, path.to_owned()));
        assert_eq!(read("git@github.com:a/b.git"), expect("git@github.com", None, "a/b.git"));
        assert_eq!(read("ssh://git@h/a.git"), expect("git@h", None, "/a.git"));
        assert_eq!(read("ssh://h:2222/a"), expect("h", Some(2222), "/a"));
        assert_eq!(read("ssh://u@[::1]:22/~u/a"), expect("u@::1", Some(22), "~u/a"));
        assert_eq!(read("ssh://[::1]/a"), expect("::1", None, "/a"));
        let bad = ["ssh://h:x/a", "ssh://-h/a", "ssh:///a", "h:-a", "h", "u:pw@h:a", "ssh://u:pw@h:22/a"];
        for bad in bad {
            assert_eq!(read(bad), None, "{bad}");
        }
        for url in ["git@h:a/b", "ssh://git@h/a", "ssh://u@[::1]:22/~u/a"] {
            assert_eq!(Destination::read(url).unwrap().url(), url);
        }
    }

    #[test]
    fn the_path_is_one_word_on_the_other_side() {}
}
