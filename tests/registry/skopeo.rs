//! The second opinion: what `skopeo` reads from the same registry.

use std::fs;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::content::sha256;
use crate::server::{Registry, command, spawn};
use crate::workspace::{Locked, Workspace};

/// Whether the manifests that an index names can be asked for as well.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Children {
    Served,
    Pruned,
}

/// Compares every pin of the lock, and each of its platforms, with what skopeo reads. Gives the number of pins.
#[track_caller]
pub(crate) fn agrees(registry: &Registry, workspace: &Workspace, children: Children) -> usize {
    let locked = workspace.locked();
    for (name, pin) in &locked {
        let skopeo = Skopeo { registry, workspace };
        let path = path_of(registry, pin);
        let (tagged, by_digest) = (format!("{path}:{}", pin.tag), format!("{path}@{}", pin.digest));
        assert_eq!(pin.digest, skopeo.digest(&tagged), "{name}: the digest of {tagged}");
        assert_eq!(pin.digest, skopeo.digest(&by_digest), "{name}: {by_digest}");
        assert!(!pin.platforms.is_empty(), "{name} has no platform");
        for (platform, child) in &pin.platforms {
            assert!(!platform.contains("unknown"), "{name}: {platform} is an attestation");
            if children == Children::Served {
                skopeo.agrees_on(&tagged, &format!("{path}@{child}"), platform, child);
            }
        }
    }
    locked.len()
}

fn path_of(registry: &Registry, pin: &Locked) -> String {
    let own = format!("{}/", registry.host());
    let path = pin.image.strip_prefix("docker.io/").or(pin.image.strip_prefix(&own));
    path.unwrap().to_owned()
}

struct Skopeo<'a> {
    registry: &'a Registry,
    workspace: &'a Workspace,
}

impl Skopeo<'_> {
    /// The digest of the bytes that skopeo reads, which skopeo itself computes too.
    fn digest(&self, reference: &str) -> String {
        let raw = self.inspect(&[], &["--raw"], reference);
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), &raw).unwrap();
        let path = file.path().to_str().unwrap();
        let computed = String::from_utf8(run(&["manifest-digest", path])).unwrap();
        assert_eq!(computed.trim(), sha256(&raw), "{reference}");
        sha256(&raw)
    }

    /// The locked manifest of a platform is the one that skopeo chooses for it: it has the configuration of the image
    /// that skopeo inspects.
    #[track_caller]
    fn agrees_on(&self, tagged: &str, by_digest: &str, platform: &str, child: &str) {
        let raw = self.inspect(&[], &["--raw"], by_digest);
        assert_eq!(sha256(&raw), child, "the locked manifest of {platform}");
        let manifest: Value = serde_json::from_slice(&raw).unwrap();
        let mut parts = platform.split('/');
        let mut wanted = vec!["--override-os", parts.next().unwrap()];
        wanted.extend(["--override-arch", parts.next().unwrap()]);
        wanted.extend(parts.next().iter().flat_map(|variant| ["--override-variant", variant]));
        let configuration = self.inspect(&wanted, &["--config", "--raw"], tagged);
        assert_eq!(manifest["config"]["digest"], sha256(&configuration), "what {tagged} is for {platform}");
    }

    fn inspect(&self, globals: &[&str], options: &[&str], reference: &str) -> Vec<u8> {
        let place = format!("docker://{}/{reference}", self.registry.host());
        let login = self.workspace.login_file().map(|file| file.display().to_string());
        let login = match &login {
            Some(file) => vec!["--authfile", file],
            None => vec!["--no-creds"],
        };
        let words = [globals, &["inspect", "--tls-verify=false"], &login, options, &[&place]];
        run(&words.concat())
    }
}

fn run(arguments: &[&str]) -> Vec<u8> {
    let mut command = command("skopeo");
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output: Output = spawn(&mut command, "skopeo").wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "skopeo {arguments:?}: {said}");
    output.stdout
}
