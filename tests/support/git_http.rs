//! git's own HTTP server, run as CGI.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::Request;
use axum::response::Response;
use tokio::io::AsyncWriteExt as _;

use super::serve::Server;

/// Which protocols are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// `Git-Protocol` does not reach git, as behind an old or careless proxy.
    Zero,
    Two,
}

/// Who may read and write, where not everybody may; and this as `Authorization` has it.
pub const USER: &str = "me";
pub const PASSWORD: &str = "hunter2";
pub const AUTHORIZATION: &str = "Basic bWU6aHVudGVyMg==";

struct Config {
    root: PathBuf,
    version: Version,
    private: bool,
}

/// Serves the repositories below `root` at `/NAME`, and at `/moved/NAME` by a redirect.
pub fn start(root: &Path, version: Version) -> Server {
    serve(Config { root: root.into(), version, private: false })
}

/// The same for [`USER`] with [`PASSWORD`] alone.
pub fn start_private(root: &Path, version: Version) -> Server {
    serve(Config { root: root.into(), version, private: true })
}

fn serve(config: Config) -> Server {
    Server::start(Router::new().fallback(handle).with_state(Arc::new(config)))
}

async fn handle(State(config): State<Arc<Config>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or_default();
    let header =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if let Some(moved) = path.strip_prefix("/moved/") {
        let location = format!("/{moved}?{query}");
        return Response::builder().status(301).header("Location", location).body(Body::empty()).unwrap();
    }
    let shown = header("authorization").replacen("basic ", "Basic ", 1);
    if config.private && shown != AUTHORIZATION {
        let refused = Response::builder().status(401).header("WWW-Authenticate", "Basic realm=\"git\"");
        return refused.body(Body::empty()).unwrap();
    }
    let mut command = tokio::process::Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &config.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header("content-type"))
        .env_remove("GIT_PROTOCOL");
    if config.version == Version::Two {
        command.env("HTTP_GIT_PROTOCOL", header("git-protocol"));
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let body = axum::body::to_bytes(body, 64 << 20).await.unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(&body).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap().stdout;
    cgi(&output)
}

/// The answer that CGI's headers and body make.
pub fn cgi(output: &[u8]) -> Response {
    let end = output.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap_or(output.len());
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        match line.split_once(": ") {
            Some(("Status", status)) => response = response.status(status[..3].parse::<u16>().unwrap()),
            Some((name, value)) => response = response.header(name, value),
            None => {}
        }
    }
    response.body(Body::from(output.get(end + 4..).unwrap_or_default().to_vec())).unwrap()
}

/// A bare repository at `root/NAME` with a lightweight tag `v1`, an annotated `v2`, a tag of a tag `v3`, and a tag
/// `tree` that names no commit. Its ids are the same in every run.
pub fn repository(root: &Path, name: &str) -> PathBuf {
    let path = root.join(name);
    git(root, &["init", "-q", "--bare", "-b", "main", name]);
    let tree = git(&path, &["mktree"]);
    let commit = git(&path, &["commit-tree", "-m", "one", &tree]);
    git(&path, &["update-ref", "refs/heads/main", &commit]);
    git(&path, &["tag", "v1", &commit]);
    git(&path, &["tag", "-a", "-m", "two", "v2", &commit]);
    git(&path, &["tag", "-a", "-m", "three", "v3", "v2"]);
    git(&path, &["tag", "tree", &tree]);
    path
}

/// Runs git without the user's configuration, and gives what it printed.
pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", "A")
        .env("GIT_AUTHOR_EMAIL", "a@example.org")
        .env("GIT_AUTHOR_DATE", "2026-01-01T00:00:00Z")
        .env("GIT_COMMITTER_NAME", "A")
        .env("GIT_COMMITTER_EMAIL", "a@example.org")
        .env("GIT_COMMITTER_DATE", "2026-01-01T00:00:00Z")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().into()
}
