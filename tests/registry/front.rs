//! nginx as Debian packages it, as a child process: the TLS side of a registry, and whatever else its configuration says.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use tempfile::TempDir;

use crate::certs::Certificate;
use crate::server::{command, spawn};

/// How long a child may take until it listens.
const START: Duration = Duration::from_secs(60);

/// A running nginx; it ends when this is dropped.
pub(crate) struct Front {
    child: Child,
    pub(crate) port: u16,
    _folder: TempDir,
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
    }
}

/// A name that nginx answers to, `_` for any, and directives of its `server`.
pub(crate) type Site = (&'static str, String);

/// What passes everything on to `host`.
pub(crate) fn passes_to(host: &str) -> String {
    format!(
        "location / {{ proxy_pass http://{host}; proxy_set_header Host $http_host; \
         proxy_set_header X-Forwarded-Proto https; }}\n"
    )
}

impl Front {
    /// Sites with one certificate, on one port, by which they are made.
    pub(crate) fn start(certificate: &Certificate, sites: &mut dyn FnMut(u16) -> Vec<Site>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (child, port) = on_free_port(|port| {
            let servers: String = sites(port).iter().map(|site| server(site, certificate, port)).collect();
            let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
            let paths: String = paths.iter().map(|kind| format!("{kind}_temp_path {kind};\n")).collect();
            let text = format!(
                "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr notice;\nevents {{}}\n\
                 http {{\naccess_log off;\n{paths}{servers}}}\n"
            );
            let file = folder.path().join("nginx.conf");
            fs::write(&file, text).unwrap();
            let mut command = command("/usr/sbin/nginx");
            command.args(["-e", "stderr", "-p"]).arg(folder.path()).arg("-c").arg(file);
            listening(&mut command, "nginx-light", "using the \"")
        });
        Self { child, port, _folder: folder }
    }

    /// One that passes all it is asked for on to `host`.
    pub(crate) fn of(certificate: &Certificate, host: &str) -> Self {
        Self::start(certificate, &mut |_| vec![("_", passes_to(host))])
    }
}

fn server((name, rules): &Site, given: &Certificate, port: u16) -> String {
    let (certificate, key) = (given.certificate.display(), given.key.display());
    format!(
        "server {{\nlisten 127.0.0.1:{port} ssl http2;\nserver_name {name};\nssl_certificate {certificate};\n\
         ssl_certificate_key {key};\n{rules}}}\n"
    )
}

/// What `start` makes of a port that nobody has: neither nginx nor squid can be told to choose one. Between choosing and
/// listening somebody else may take it.
pub(crate) fn on_free_port(mut start: impl FnMut(u16) -> Result<Child, String>) -> (Child, u16) {
    let mut said = String::new();
    for _ in 0..5 {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        match start(port) {
            Ok(child) => return (child, port),
            Err(log) => said = log,
        }
    }
    panic!("it does not start:\n{said}");
}

/// Starts `command`, and waits until a line of what it says has `words`; or gives what it said.
pub(crate) fn listening(command: &mut Command, package: &str, words: &'static str) -> Result<Child, String> {
    let mut child = spawn(command.stderr(Stdio::piped()), package);
    let (sender, receiver) = channel();
    let log = BufReader::new(child.stderr.take().unwrap());
    // Reads on to the end, so that the child never waits for a reader.
    std::thread::spawn(move || {
        let mut said = String::new();
        for line in log.lines().map_while(Result::ok) {
            if line.contains(words) {
                let _ = sender.send(Ok(()));
            }
            said += &format!("{line}\n");
        }
        let _ = sender.send(Err(said));
    });
    match receiver.recv_timeout(START) {
        Ok(Ok(())) => Ok(child),
        failed => {
            let _ = (child.kill(), child.wait());
            Err(format!("{failed:?}"))
        }
    }
}
