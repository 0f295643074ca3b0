//! Signatures of commits, made by `ssh-keygen` (SSHSIG, as git makes them with `gpg.format = ssh`).

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::error::Error;
use crate::model::harmless;

/// A key to sign with.
#[derive(Clone, Debug)]
pub struct Signer {
    key: PathBuf,
}

impl Signer {
    /// The private key in a file; or the public one, where an agent has the private key.
    pub fn ssh(key: PathBuf) -> Result<Self, Error> {
        match key.is_file() {
            true => Ok(Self { key }),
            false => Err(Error::usage(format!("the signing key {} does not exist", key.display()))
                .hint("`propose.sign` names it; a job writes it there from its secrets")),
        }
    }

    /// The signature of a commit's bytes.
    pub(super) fn sign(&self, content: &[u8]) -> Result<String, Error> {
        let failed = |why: String| {
            Error::usage(format!("the commit could not be signed with {}: {why}", self.key.display()))
        };
        let mut child = Command::new("ssh-keygen")
            .args(["-Y", "sign", "-n", "git", "-f"])
            .arg(&self.key)
            // Nobody is there to be asked for a passphrase.
            .env("SSH_ASKPASS", "false")
            .env("SSH_ASKPASS_REQUIRE", "force")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| {
                failed(format!("ssh-keygen cannot be run: {error}")).hint("install an ssh client")
            })?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that ended already says why below.
            let _ = stdin.write_all(content);
        }
        let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
        let signature = String::from_utf8(output.stdout).unwrap_or_default();
        match output.status.success() && signature.starts_with("-----BEGIN SSH SIGNATURE-----") {
            true => Ok(signature.trim_end().to_owned()),
            false => {
                let said = String::from_utf8_lossy(&output.stderr);
                let last = said.lines().rev().find(|line| !line.trim().is_empty());
                let why = last.map_or("ssh-keygen gave no signature".into(), harmless);
                Err(failed(why).hint(self.remedy(&said)))
            }
        }
    }

    /// What to do about what ssh-keygen said, whose last line often is about the public key that was not there either.
    fn remedy(&self, said: &str) -> String {
        let key = std::fs::read(&self.key).unwrap_or_default();
        if said.contains("too open") {
            format!("others may read it: `chmod 600 {}`", self.key.display())
        } else if key.starts_with(b"-----BEGIN") && (!key.ends_with(b"\n") || key.contains(&b'\r')) {
            "ssh wants each line of the key, the last one too, to end with a line feed alone: write it with \
             `printf '%s\\n'`, without carriage returns"
                .into()
        } else {
            "a key with a passphrase has to be in the ssh agent, and its public key named here".into()
        }
    }
}
