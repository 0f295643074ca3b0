//! git's own HTTP server, run as CGI.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::Request;
use axum::response::Response;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

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
    /// What `Authorization` must be.
    private: Option<String>,
    seen: Seen,
}

/// What was asked for, in its order.
#[derive(Clone, Debug, Default)]
pub struct Seen(Arc<Mutex<Vec<Asked>>>);

/// One request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub path: String,
    /// Its `Authorization`, empty where it had none.
    pub shown: String,
}

impl Seen {
    pub fn all(&self) -> Vec<Asked> {
        self.0.lock().unwrap().clone()
    }

    /// What was shown, without what was shown nothing.
    pub fn shown(&self) -> Vec<String> {
        self.all().into_iter().map(|asked| asked.shown).filter(|shown| !shown.is_empty()).collect()
    }
}

/// Serves the repositories below `root` at `/NAME`, at `/moved/NAME` by a redirect, and leads from `/to/PORT/NAME` to a
/// server behind TLS.
pub fn start(root: &Path, version: Version) -> Server {
    start_seen(root, version, None).0
}

/// The same for [`USER`] with [`PASSWORD`] alone.
pub fn start_private(root: &Path, version: Version) -> Server {
    start_seen(root, version, Some(AUTHORIZATION)).0
}

/// The same for who shows this, or for all, and what it is asked.
pub fn start_seen(root: &Path, version: Version, private: Option<&str>) -> (Server, Seen) {
    let seen = Seen::default();
    let config =
        Config { root: root.into(), version, private: private.map(str::to_owned), seen: seen.clone() };
    (Server::start(Router::new().fallback(handle).with_state(Arc::new(config))), seen)
}

async fn handle(State(config): State<Arc<Config>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or_default();
    let header =
        |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let shown = header("authorization").replacen("basic ", "Basic ", 1);
    config.seen.0.lock().unwrap().push(Asked { path: path.to_owned(), shown: shown.clone() });
    if let Some(moved) = path.strip_prefix("/moved/") {
        let location = format!("/{moved}?{query}");
        return Response::builder().status(301).header("Location", location).body(Body::empty()).unwrap();
    }
    if config.private.as_ref().is_some_and(|wanted| *wanted != shown) {
        let refused = Response::builder().status(401).header("WWW-Authenticate", "Basic realm=\"git\"");
        return refused.body(Body::empty()).unwrap();
    }
    if let Some((port, moved)) = path.strip_prefix("/to/").and_then(|rest| rest.split_once('/')) {
        let location = format!("https://127.0.0.1:{port}/{moved}?{query}");
        return Response::builder().status(302).header("Location", location).body(Body::empty()).unwrap();
    }
    let mut command = tokio::process::Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &config.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TRACE_PACKET", config.root.join("packets"))
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

/// TLS in front of a server; ends when it is dropped.
pub struct TlsFront {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TlsFront {
    /// Shows `cert.pem` of a folder, with `key.pem`, and hands on to `behind` what it hears.
    pub fn start(folder: &Path, behind: SocketAddr) -> Self {
        let certificates = CertificateDer::pem_file_iter(folder.join("cert.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(certificates.map(Result::unwrap).collect(), key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let serving = async {
                    loop {
                        let (stream, _) = listener.accept().await.unwrap();
                        let acceptor = acceptor.clone();
                        tokio::spawn(async move {
                            // Who does not trust it goes away.
                            let Ok(mut stream) = acceptor.accept(stream).await else { return };
                            let mut behind = TcpStream::connect(behind).await.unwrap();
                            let _ = tokio::io::copy_bidirectional(&mut stream, &mut behind).await;
                        });
                    }
                };
                tokio::select! {
                    () = serving => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }
}

impl Drop for TlsFront {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
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

/// A bare repository at `root/NAME` with tags of every kind, and another branch with references such as forges make: tags
/// `1.0.0` (lightweight), `1.1.0` (annotated), `1.2.0` (of a tag), and `blob`, `blob-tag`, `tree-tag` that name no commit.
pub fn every_kind(root: &Path, name: &str) -> PathBuf {
    let path = repository(root, name);
    let blob = git(&path, &["hash-object", "-w", "-t", "blob", "/dev/null"]);
    git(&path, &["tag", "1.0.0", "v1"]);
    git(&path, &["tag", "-a", "-m", "two", "1.1.0", "v1"]);
    git(&path, &["tag", "-a", "-m", "three", "1.2.0", "1.1.0"]);
    git(&path, &["tag", "blob", &blob]);
    git(&path, &["tag", "-a", "-m", "blob", "blob-tag", &blob]);
    git(&path, &["tag", "-a", "-m", "tree", "tree-tag", "tree"]);
    git(&path, &["update-ref", "refs/pull/1/head", "refs/heads/main"]);
    path
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

/// What git's server said of its packets, over any transport, up to now.
pub fn packets(root: &Path) -> String {
    std::fs::read_to_string(root.join("packets")).unwrap_or_default()
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
