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
             AcceptEnv GIT_PROTOCOL\nPermitRootLogin prohibit-password\n",
            path("host"),
            path("authorized")
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
