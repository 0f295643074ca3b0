//! squid as Debian packages it, as a child process: a forward proxy that knows the names of the tests.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use tempfile::TempDir;

use crate::certs::Certificate;
use crate::front::{listening, on_free_port};
use crate::server::{command, spawn};

pub(crate) const USER: &str = "clerk";
pub(crate) const PASSWORD: &str = "oloroso-9-butt";
/// `openssl passwd -apr1 -salt cellar01`
const USERS: &str = "clerk:$apr1$cellar01$H1oieuJM.Nn0agxcFPz3E0\n";

/// A name at which nobody listens.
const NOBODY: &str = "nobody.cellar.test";

/// How long the log of a request may take.
const LOGGED: Duration = Duration::from_secs(60);

/// A running squid; it ends when this is dropped.
pub(crate) struct Squid {
    child: Child,
    port: u16,
    /// Where it says what it was asked.
    log: Receiver<String>,
    _folder: TempDir,
}

impl Drop for Squid {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
    }
}

/// What a proxy wants.
pub(crate) enum Wants<'a> {
    Nothing,
    Login,
    /// It is spoken to over TLS.
    Tls(&'a Certificate),
}

impl Squid {
    /// One that resolves these names to this machine.
    pub(crate) fn start(names: &[&str], wants: &Wants<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        // Started by root it becomes somebody else, who has to write and read here.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let log = read_pipe(folder.path());
        let hosts: String = names.iter().chain(&[NOBODY]).map(|name| format!("127.0.0.1 {name}\n")).collect();
        fs::write(path("hosts"), hosts).unwrap();
        let (listens, access) = match wants {
            Wants::Nothing => ("http_port 127.0.0.1:PORT".into(), "http_access allow all".into()),
            Wants::Login => {
                fs::write(path("users"), USERS).unwrap();
                let helper = format!("/usr/lib/squid/basic_ncsa_auth {}", path("users"));
                let access = format!(
                    "auth_param basic program {helper}\nauth_param basic children 1\nauth_param basic realm cellar\n\
                     acl known proxy_auth REQUIRED\nhttp_access allow known\nhttp_access deny all"
                );
                ("http_port 127.0.0.1:PORT".into(), access)
            }
            Wants::Tls(Certificate { certificate, key }) => {
                let (certificate, key) = (certificate.display(), key.display());
                let listens = format!("https_port 127.0.0.1:PORT tls-cert={certificate} tls-key={key}");
                (listens, "http_access allow all".into())
            }
        };
        let text = format!(
            "{listens}\n{access}\nvisible_hostname cellar.test\nhosts_file {hosts}\ndns_nameservers 127.0.0.1\ncache deny all\n\
             logformat told %rm %ru %un %>Hs\naccess_log stdio:{log} logformat=told\nbuffered_logs off\ncache_log {cache}\n\
             pid_filename none\npinger_enable off\ncoredump_dir {folder}\nshutdown_lifetime 0 seconds\n",
            hosts = path("hosts"),
            log = path("log"),
            cache = path("cache.log"),
            folder = folder.path().display(),
        );
        let words = if matches!(wants, Wants::Tls(_)) { "Accepting HTTPS" } else { "Accepting HTTP " };
        let (child, port) = on_free_port(|port| {
            let file = path("squid.conf");
            fs::write(&file, text.replace("PORT", &port.to_string())).unwrap();
            let mut command = command("/usr/sbin/squid");
            command.args(["-N", "-d", "1", "-f", &file]);
            listening(&mut command, "squid", words)
        });
        Self { child, port, log, _folder: folder }
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Waits until it says that it was asked for what has `words`; gives the line.
    #[track_caller]
    pub(crate) fn was_asked(&self, words: &str) -> String {
        let mut said = String::new();
        loop {
            match self.line() {
                Some(line) if line.contains(words) => return line,
                Some(line) => said += &line,
                None => panic!("it was not asked for {words}, but for\n{said}"),
            }
        }
    }

    /// That it was not asked for anything since the last look: what it is asked for now is the next that it tells.
    #[track_caller]
    pub(crate) fn was_not_asked(&self) {
        let mut stream = TcpStream::connect(self.host()).unwrap();
        write!(stream, "GET http://{NOBODY}:9/ HTTP/1.0\r\n\r\n").unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        let line = self.line().unwrap();
        assert!(line.contains(NOBODY), "it was asked: {line}");
    }

    fn line(&self) -> Option<String> {
        self.log.recv_timeout(LOGGED).ok()
    }
}

/// Reads the pipe `log` in `folder` line by line, on a thread that ends with the test.
fn read_pipe(folder: &Path) -> Receiver<String> {
    let pipe = folder.join("log");
    let made = spawn(command("mkfifo").args(["-m", "666"]).arg(&pipe), "coreutils").wait().unwrap();
    assert!(made.success());
    // Also for writing, so that it is open before there is somebody who writes.
    let reader = fs::OpenOptions::new().read(true).write(true).open(&pipe).unwrap();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(reader).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
