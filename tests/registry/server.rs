//! A registry as Debian packages it, as a child process on a port that the system chose.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, StatusCode};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::content::{Manifest, sha256};

pub(crate) const USER: &str = "reader";
pub(crate) const PASSWORD: &str = "sherry-7-cask";
/// `USER:PASSWORD`, as a Docker configuration has it.
pub(crate) const AUTH: &str = "cmVhZGVyOnNoZXJyeS03LWNhc2s=";
/// `htpasswd -nbB -C 4`.
const HTPASSWD: &str = "reader:$2y$04$akRglqK8q/J5c5JN82BpiOE/BWdU8xo1ymEbqAOWUpQOHxinesyQa\n";

/// How long the child may take until it listens.
const START: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Open,
    Password,
}

/// A running registry; it ends when this is dropped.
pub(crate) struct Registry {
    child: Child,
    access: Access,
    host: String,
    folder: TempDir,
    runtime: Runtime,
    http: reqwest::Client,
}

impl Drop for Registry {
    fn drop(&mut self) {
        // It may have ended by itself, which the test that needed it has found out.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A second registry with the same content; it ends when this is dropped.
pub(crate) struct Second {
    child: Child,
    /// `127.0.0.1:PORT`
    pub(crate) host: String,
}

impl Drop for Second {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a registry; gives it and where it listens.
fn serve(configuration: PathBuf) -> (Child, String) {
    let mut command = command("docker-registry");
    command.arg("serve").arg(configuration).stderr(Stdio::piped());
    let mut child = spawn(&mut command, "docker-registry");
    let (sender, receiver) = channel();
    let log = BufReader::new(child.stderr.take().unwrap());
    std::thread::spawn(move || read_log(log, &sender));
    match receiver.recv_timeout(START) {
        Ok(Ok(host)) => (child, host),
        failed => {
            let _ = (child.kill(), child.wait());
            match failed {
                Ok(Err(log)) => panic!("docker-registry ended before it listened:\n{log}"),
                Err(RecvTimeoutError::Timeout) => panic!("docker-registry does not listen after {START:?}"),
                other => panic!("docker-registry closed its log: {other:?}"),
            }
        }
    }
}

impl Registry {
    /// One that anybody may read and write.
    pub(crate) fn start() -> Self {
        Self::with(Access::Open)
    }

    pub(crate) fn with(access: Access) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (child, host) = serve(configure(folder.path(), access));
        Self {
            child,
            access,
            host,
            folder,
            runtime: Runtime::new().unwrap(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// The same content over TLS, from a second process: certificate and key are PEM files.
    pub(crate) fn over_tls(&self, certificate: &Path, key: &Path) -> Second {
        let tls = format!("tls: {{certificate: \"{}\", key: \"{}\"}}", certificate.display(), key.display());
        self.with_text(&|text| text.replace("secret: of-this-test", &format!("secret: of-this-test, {tls}")))
    }

    /// The same content from a second process that has this under `auth`.
    pub(crate) fn guarded_by(&self, auth: &str) -> Second {
        self.with_text(&|text| format!("{text}auth: {auth}\n"))
    }

    fn with_text(&self, change: &dyn Fn(String) -> String) -> Second {
        let plain = fs::read_to_string(self.folder.path().join("config.yml")).unwrap();
        let file = self.folder.path().join("second.yml");
        fs::write(&file, change(plain)).unwrap();
        let (child, host) = serve(file);
        Second { child, host }
    }

    /// `127.0.0.1:PORT`, which is also its name in an image reference.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Stores `bytes`; gives their digest.
    pub(crate) fn push_blob(&self, repository: &str, bytes: &[u8]) -> String {
        let digest = sha256(bytes);
        let begun = self.send(self.request(Method::POST, &format!("{repository}/blobs/uploads/")));
        assert_eq!(begun.status(), StatusCode::ACCEPTED);
        let location = begun.headers()["location"].to_str().unwrap();
        let put = self.authorized(self.http.put(location)).query(&[("digest", &digest)]);
        let stored = self.send(put.body(bytes.to_vec()));
        assert_eq!(stored.status(), StatusCode::CREATED, "{repository}");
        digest
    }

    /// Stores a manifest under a tag or its digest. The registry wants all that it names to be there.
    pub(crate) fn push(&self, repository: &str, reference: &str, manifest: &Manifest) {
        let put = self
            .request(Method::PUT, &format!("{repository}/manifests/{reference}"))
            .header("content-type", manifest.media_type)
            .body(manifest.bytes.clone());
        let stored = self.send(put);
        let status = stored.status();
        let answer = self.runtime.block_on(stored.text()).unwrap();
        assert_eq!(status, StatusCode::CREATED, "{repository}:{reference}: {answer}");
    }

    /// Puts an index into the registry's storage without what it names: what is left where a registry prunes.
    pub(crate) fn store_alone(&self, repository: &str, tag: &str, bytes: &[u8]) {
        let digest = sha256(bytes);
        let hex = digest.strip_prefix("sha256:").unwrap();
        let root = self.folder.path().join("data/docker/registry/v2");
        let write = |path: PathBuf, content: &[u8]| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        };
        write(root.join(format!("blobs/sha256/{}/{hex}/data", &hex[..2])), bytes);
        let manifests = root.join(format!("repositories/{repository}/_manifests"));
        for link in [
            format!("revisions/sha256/{hex}/link"),
            format!("tags/{tag}/index/sha256/{hex}/link"),
            format!("tags/{tag}/current/link"),
        ] {
            write(manifests.join(link), digest.as_bytes());
        }
    }

    /// How many uploads were begun in a repository, and neither ended nor given up.
    pub(crate) fn uploads(&self, repository: &str) -> usize {
        let folder = self.folder.path().join("data/docker/registry/v2/repositories").join(repository);
        let Ok(uploads) = fs::read_dir(folder.join("_uploads")) else { return 0 };
        // Of one that was given up it leaves a folder, and not this.
        uploads.filter(|upload| upload.as_ref().unwrap().path().join("startedat").exists()).count()
    }

    /// Removes a manifest, and the tags that name it.
    pub(crate) fn delete(&self, repository: &str, digest: &str) {
        let deleted = self.send(self.request(Method::DELETE, &format!("{repository}/manifests/{digest}")));
        assert_eq!(deleted.status(), StatusCode::ACCEPTED, "{repository}@{digest}");
    }

    fn request(&self, method: Method, tail: &str) -> RequestBuilder {
        self.authorized(self.http.request(method, format!("http://{}/v2/{tail}", self.host)))
    }

    fn authorized(&self, request: RequestBuilder) -> RequestBuilder {
        match self.access {
            Access::Open => request,
            Access::Password => request.basic_auth(USER, Some(PASSWORD)),
        }
    }

    fn send(&self, request: RequestBuilder) -> Response {
        self.runtime.block_on(request.send()).unwrap()
    }
}

fn configure(folder: &Path, access: Access) -> PathBuf {
    let file = folder.join("config.yml");
    let mut text = format!(
        "version: 0.1\nlog: {{level: info, accesslog: {{disabled: true}}}}\nstorage:\n  filesystem: {{rootdirectory: \
         \"{}\"}}\n  delete: {{enabled: true}}\nhttp: {{addr: \"127.0.0.1:0\", secret: of-this-test}}\n",
        folder.join("data").display()
    );
    if access == Access::Password {
        let users = folder.join("htpasswd");
        fs::write(&users, HTPASSWD).unwrap();
        text += &format!("auth: {{htpasswd: {{realm: cellar, path: \"{}\"}}}}\n", users.display());
    }
    fs::write(&file, text).unwrap();
    file
}

/// Tells where it listens, or all that it said before it ended; then reads on, so that it never waits for a reader.
fn read_log(log: impl BufRead, sender: &Sender<Result<String, String>>) {
    let mut said = String::new();
    for line in log.lines().map_while(Result::ok) {
        let address = line.split_once("listening on ").map(|(_, rest)| rest);
        let end = |c: char| !(c.is_ascii_digit() || matches!(c, '.' | ':'));
        if let Some(address) = address.and_then(|rest| rest.split(end).next()) {
            let _ = sender.send(Ok(address.to_owned()));
        }
        said += &format!("{line}\n");
    }
    let _ = sender.send(Err(said));
}

/// A command of the system that knows nothing of this process's environment.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").stdin(Stdio::null());
    command
}

/// Starts `command`, or says which package has it.
pub(crate) fn spawn(command: &mut Command, package: &str) -> Child {
    match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => panic!(
            "`{}` is not installed: this test needs the Debian package `{package}` (apt-get install {package})",
            command.get_program().to_string_lossy()
        ),
        Err(error) => panic!("{package} cannot be started: {error}"),
    }
}
