//! The repository itself, for git over HTTP: anyone may read it, and who shows the token may push.

use std::path::Path;
use std::process::Stdio;

use axum::body::Bytes;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use tokio::io::AsyncWriteExt as _;

use super::super::git_http;
use super::super::registry;
use super::{BOT, NAME, OWNER, TOKEN};

/// Where the repository is below the server's address.
pub(super) fn path() -> String {
    format!("/{OWNER}/{NAME}.git/")
}

pub(super) async fn answer(folder: &Path, parts: &Parts, body: &Bytes) -> Response {
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    let pushes = path.ends_with("/git-receive-pack") || query.contains("service=git-receive-pack");
    if pushes && !may_push(parts) {
        let headers = [("www-authenticate", "Basic realm=\"forge\"")];
        return (axum::http::StatusCode::UNAUTHORIZED, headers, "401 Unauthorized").into_response();
    }
    let header =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let inside = path.strip_prefix(&self::path()).unwrap_or_default();
    let mut command = tokio::process::Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", format!("/{inside}"))
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("HTTP_GIT_PROTOCOL", header("git-protocol"))
        .env_remove("GIT_PROTOCOL");
    if pushes {
        // What makes git take a push.
        command.env("REMOTE_USER", BOT);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let write = async {
        let _ = stdin.write_all(body).await;
        drop(stdin);
    };
    let (output, ()) = tokio::join!(child.wait_with_output(), write);
    git_http::cgi(&output.unwrap().stdout)
}

/// Whether the password is the token; forges take any name with it.
fn may_push(parts: &Parts) -> bool {
    let shown = parts.headers.get("authorization").and_then(|value| value.to_str().ok());
    let login = shown.and_then(registry::basic);
    login.is_some_and(|(user, password)| !user.is_empty() && password == TOKEN)
}
