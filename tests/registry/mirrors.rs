//! `mirror pull` from the real registry, and `skopeo` at `mirror serve` of what it made, when the registry is gone.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::content::{Family, escaped_index, push_entries, sha256};
use crate::server::{AUTH, Access, Registry, command, spawn};
use crate::workspace::Workspace;

const BOTH: [&str; 2] = ["linux/amd64", "linux/arm64"];

const APP: &str = r#"
[pin.app]
image = "app"
track = "{version}"
platforms = ["linux/amd64", "linux/arm64"]
"#;

/// `mirror serve` of a folder; it ends when this is dropped.
struct Mirror {
    child: Child,
    host: String,
}

impl Mirror {
    fn serve(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_solera-pin"));
        command.args(["mirror", "serve"]).arg(folder).args(["--listen", "127.0.0.1:0"]).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut url).unwrap();
        let host = url.trim().strip_prefix("http://").unwrap().to_owned();
        Self { child, host }
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
    }
}

/// Runs skopeo, and says whether it was content; and what it printed.
fn skopeo(arguments: &[&str]) -> (bool, Vec<u8>) {
    let mut command = command("skopeo");
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = spawn(&mut command, "skopeo").wait_with_output().unwrap();
    (output.status.success(), [output.stdout, output.stderr].concat())
}

/// A registry behind a password, which holds an index with three platforms; a workspace that has locked it for two of
/// them; and the index.
fn locked() -> (Registry, Workspace, String) {
    let registry = Registry::with(Access::Password);
    let platforms = [BOTH[0], BOTH[1], "linux/s390x"];
    // Its bytes are none that a library would write.
    let index = escaped_index(&push_entries(&registry, "library/app", Family::Oci, &platforms, "first"));
    registry.push("library/app", "1.0.0", &index);
    let mut workspace = Workspace::new(&registry, APP);
    workspace.log_in(AUTH);
    workspace.run("refresh").ended(0);
    assert_eq!(workspace.pin("app").digest, index.digest());
    (registry, workspace, index.digest())
}

/// The files of what skopeo copied, but for its own note of the version.
fn copied(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| file.file_name().is_some_and(|name| name != "version")).collect()
}

#[test]
fn what_was_pulled_is_served_by_tag_and_digest_when_the_registry_is_gone() {
    let (registry, workspace, index) = locked();
    workspace
        .run("mirror pull m")
        .ended(0)
        .says("app  docker.io/library/app:1.0.0  linux/amd64, linux/arm64");
    drop(registry);
    workspace.run("mirror verify m").ended(0).says("all as locked");
    // Nothing is asked of anybody.
    workspace.run("mirror pull m").ended(0).says("fetched 0 pieces");
    let mirror = Mirror::serve(&workspace.path("m"));
    for name in ["library/app", "docker.io/library/app"] {
        for reference in [format!("{name}:1.0.0"), format!("{name}@{index}")] {
            let place = format!("docker://{}/{reference}", mirror.host);
            let (good, raw) = skopeo(&["inspect", "--tls-verify=false", "--no-creds", "--raw", &place]);
            assert!(good, "{}", String::from_utf8_lossy(&raw));
            assert_eq!(sha256(&raw), index, "{reference}");
        }
    }
    for platform in BOTH {
        let to = tempfile::tempdir().unwrap();
        let (from, into) =
            (format!("docker://{}/library/app:1.0.0", mirror.host), format!("dir:{}", to.path().display()));
        let architecture = platform.split('/').nth(1).unwrap();
        let words = [
            "--override-os=linux",
            "--override-arch",
            architecture,
            "copy",
            "--src-tls-verify=false",
            "--src-no-creds",
        ];
        let (good, said) = skopeo(&[&words[..], &[&from, &into]].concat());
        assert!(good, "{}", String::from_utf8_lossy(&said));
        let manifest = fs::read(to.path().join("manifest.json")).unwrap();
        assert_eq!(sha256(&manifest), workspace.pin("app").platforms[platform]);
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        // Manifest, configuration and layer.
        assert_eq!(copied(to.path()).len(), 3, "{manifest}");
    }
    // The third is named by the index, and is not there.
    let to = tempfile::tempdir().unwrap();
    let (from, into) =
        (format!("docker://{}/library/app:1.0.0", mirror.host), format!("dir:{}", to.path().display()));
    let other = [
        "--override-os=linux",
        "--override-arch",
        "s390x",
        "copy",
        "--src-tls-verify=false",
        "--src-no-creds",
    ];
    assert!(!skopeo(&[&other[..], &[&from, &into]].concat()).0);
}

#[test]
fn a_copy_with_all_that_is_attested_is_all_of_it() {
    let (registry, workspace, _) = locked();
    workspace.declare(&APP.replace("\"linux/arm64\"", "\"linux/arm64\", \"linux/s390x\""));
    workspace.run("refresh").ended(0);
    workspace.run("mirror pull m --attestations").ended(0).says("linux/s390x, 3 attestations");
    drop(registry);
    let mirror = Mirror::serve(&workspace.path("m"));
    let to = tempfile::tempdir().unwrap();
    let (from, into) =
        (format!("docker://{}/library/app:1.0.0", mirror.host), format!("oci:{}:x", to.path().display()));
    let (good, said) = skopeo(&[
        "copy",
        "--all",
        "--preserve-digests",
        "--src-tls-verify=false",
        "--src-no-creds",
        &from,
        &into,
    ]);
    assert!(good, "{}", String::from_utf8_lossy(&said));
    let stored = |folder: &Path| {
        let names =
            fs::read_dir(folder.join("blobs/sha256")).unwrap().map(|entry| entry.unwrap().file_name());
        names.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(stored(to.path()), stored(&workspace.path("m")));
}

#[test]
fn the_registry_is_asked_for_the_rest_of_a_layer() {
    let (_registry, workspace, _) = locked();
    workspace.run("mirror pull whole").ended(0);
    // A layer, which is the only content here that is no JSON, as a run that was ended leaves it.
    let blobs = workspace.path("whole/blobs/sha256");
    let is_layer = |path: &PathBuf| !fs::read(path).unwrap().starts_with(b"{");
    let layer = fs::read_dir(&blobs).unwrap().map(|entry| entry.unwrap().path()).find(is_layer).unwrap();
    let bytes = fs::read(&layer).unwrap();
    let name = layer.file_name().unwrap().to_str().unwrap();
    fs::create_dir_all(workspace.path("m/.partial")).unwrap();
    fs::write(workspace.path(&format!("m/.partial/sha256-{name}")), &bytes[..bytes.len() - 5]).unwrap();
    let had = format!("{} B had come before", bytes.len() - 5);
    workspace.run("mirror pull m").ended(0).says(&had);
    assert_eq!(fs::read(workspace.path(&format!("m/blobs/sha256/{name}"))).unwrap(), bytes);
    workspace.run("mirror verify m").ended(0);
    let text = |file: &str| fs::read_to_string(workspace.path(file)).unwrap();
    assert_eq!(text("m/index.json"), text("whole/index.json"));
}

/// A mirror is a registry to the program itself.
#[test]
fn a_mirror_is_copied_from_a_mirror() {
    let (registry, workspace, _) = locked();
    workspace.run("mirror pull m").ended(0);
    drop(registry);
    let mirror = Mirror::serve(&workspace.path("m"));
    workspace.configure(&format!("[registries.\"docker.io\"]\nmirror = \"http://{}\"\n", mirror.host));
    workspace.run("mirror pull second").ended(0);
    workspace.run("mirror verify second").ended(0);
    let text = |file: &str| fs::read_to_string(workspace.path(file)).unwrap();
    assert_eq!(text("m/index.json"), text("second/index.json"));
    workspace.run("refresh --check").ended(0);
}
