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
                .hint("a key with a passphrase has to be in the ssh agent, and its public key named here")
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
            .map_err(|error| failed(format!("ssh-keygen cannot be run: {error}")))?;
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
                Err(failed(last.map_or("ssh-keygen gave no signature".into(), harmless)))
            }
        }
    }
}
