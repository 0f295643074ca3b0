//! A real ssh server, on loopback.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// An ssh server with keys of its own, which ends when this is dropped.
pub struct Sshd {
    process: Child,
    port: u16,
}

impl Sshd {
    pub fn start(folder: &Path) -> Self {
        Self::start_for(folder, folder)
    }

    /// The same; git says of its packets in a file below `root`.
    pub fn start_for(folder: &Path, root: &Path) -> Self {
        let path = |name: &str| folder.join(name).display().to_string();
        for key in ["host", "user", "stranger"] {
            let made =
                Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &path(key)]).status();
            assert!(made.unwrap().success());
        }
        std::fs::copy(folder.join("user.pub"), folder.join("authorized")).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let configuration = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\n\
             StrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             AcceptEnv GIT_PROTOCOL\nPermitRootLogin prohibit-password\nSetEnv GIT_TRACE_PACKET={}\n",
            path("host"),
            path("authorized"),
            root.join("packets").display()
        );
        std::fs::write(folder.join("sshd_config"), configuration).unwrap();
        // As root it wants this folder, which a package without its service does not make.
        let _ = std::fs::create_dir_all("/run/sshd");
        let mut process = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f", &path("sshd_config")])
            .stderr(Stdio::piped())
            .spawn()
            .expect("sshd: install openssh-server");
        let said = BufReader::new(process.stderr.take().unwrap());
        let mut lines = said.lines();
        let listens = lines.by_ref().map_while(Result::ok).any(|line| line.contains("Server listening"));
        assert!(listens, "sshd does not listen");
        // It must not stop for lack of a reader.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { process, port }
    }

    /// A repository's address.
    pub fn url(&self, path: &Path) -> String {
        let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
        format!("ssh://{}@127.0.0.1:{}{}", user.trim(), self.port, path.display())
    }

    /// The line of a known_hosts file that names this server's key, or another.
    pub fn known(&self, folder: &Path, key: &str) -> String {
        let key = std::fs::read_to_string(folder.join(format!("{key}.pub"))).unwrap();
        format!("[127.0.0.1]:{} {key}", self.port)
    }

    /// For `GIT_SSH_COMMAND`: with the key `user` or `stranger`, and nothing of the user's own.
    pub fn command(folder: &Path, key: &str) -> String {
        format!(
            "ssh -F none -i '{}' -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile='{}'",
            folder.join(key).display(),
            folder.join("known").display()
        )
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An agent with one key, which ends when this is dropped.
pub struct Agent {
    process: Child,
    pub socket: std::path::PathBuf,
}

impl Agent {
    /// Starts one that holds the key in this file.
    pub fn start(folder: &Path, key: &str) -> Self {
        let socket = folder.join("agent");
        let mut process = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(&socket)
            .stdout(Stdio::piped())
            .spawn()
            .expect("ssh-agent: install openssh-client");
        // It says where it listens once it does.
        let mut said = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let agent = Self { process, socket };
        let mut add = Command::new("ssh-add");
        add.arg("-q").arg(folder.join(key)).env("SSH_AUTH_SOCK", &agent.socket);
        assert!(add.status().unwrap().success());
        agent
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
