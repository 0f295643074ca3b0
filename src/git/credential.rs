//! The user's credential helpers, by way of `git credential`.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use url::Url;

use super::local;
use crate::net::Secret;

/// A helper may ask a keyring, which may ask a person; it is not waited for longer than this.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What is asked for.
#[derive(Clone, Copy)]
pub(super) struct Question<'a> {
    /// Whose configuration names the helpers.
    pub(super) repository: &'a Path,
    pub(super) url: &'a Url,
    pub(super) user: Option<&'a str>,
}

impl Question<'_> {
    /// As git's credential protocol has it. Values are of a URL that was parsed: none holds a line feed.
    fn lines(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port().map_or(String::new(), |port| format!(":{port}"));
        let path = self.url.path().trim_start_matches('/');
        let user = self.user.filter(|user| !user.contains(char::is_control));
        let user = user.map_or(String::new(), |user| format!("username={user}\n"));
        format!("protocol={}\nhost={host}{port}\npath={path}\n{user}", self.url.scheme())
    }
}

/// What a helper knew.
pub(super) struct Found {
    user: String,
    password: SecretString,
    /// As it said it, to be told again.
    whole: SecretString,
}

impl Found {
    pub(super) fn secret(&self) -> Secret {
        Secret::Basic(self.user.clone(), self.password.clone())
    }
}

/// Asks the helpers; `None` where none knows, in time. No terminal is asked.
pub(super) async fn fill(question: &Question<'_>) -> Option<Found> {
    let output = run(question.repository, "fill", &question.lines()).await?;
    let text = SecretString::from(String::from_utf8(output).ok()?);
    let value = |key: &str| {
        let line = text.expose_secret().lines().find_map(|line| line.strip_prefix(key));
        line.map(str::to_owned)
    };
    let (user, password) = (value("username=").unwrap_or_default(), SecretString::from(value("password=")?));
    Some(Found { user, password, whole: text })
}

/// Tells the helpers whether what they knew was of use, so that they keep or forget it.
pub(super) async fn tell(question: &Question<'_>, found: &Found, good: bool) {
    let action = if good { "approve" } else { "reject" };
    run(question.repository, action, found.whole.expose_secret()).await;
}

async fn run(repository: &Path, action: &str, input: &str) -> Option<Vec<u8>> {
    let mut command = Command::new("git");
    for variable in local::OURS {
        command.env_remove(variable);
    }
    let mut child = command
        .arg("-C")
        .arg(repository)
        .args(["credential", action])
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take()?;
    let talk = async {
        stdin.write_all(input.as_bytes()).await.ok()?;
        stdin.write_all(b"\n").await.ok()?;
        drop(stdin);
        child.wait_with_output().await.ok()
    };
    let output = tokio::time::timeout(TIMEOUT, talk).await.ok()??;
    output.status.success().then_some(output.stdout)
}
