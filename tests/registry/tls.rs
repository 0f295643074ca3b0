//! A registry behind a certificate that only a private authority vouches for, as in a company's network.

use std::fs;
use std::path::{Path, PathBuf};

use crate::content::push_index;
use crate::server::{Registry, TlsFront, command, spawn};
use crate::workspace::Workspace;

const PINS: &str = "[pin.app]\nimage = \"app\"\ntrack = \"{version}\"\n";
const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout";

fn openssl(folder: &Path, words: &str) {
    let mut command = command("openssl");
    command.current_dir(folder).args(words.split_whitespace());
    let output = spawn(command.stderr(std::process::Stdio::piped()), "openssl").wait_with_output().unwrap();
    assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
}

/// An authority of its own (`ca.pem`), and a certificate that it gave for 127.0.0.1.
fn authority(folder: &Path) -> (PathBuf, PathBuf) {
    openssl(folder, &format!("req -x509 {KEY} ca.key -out ca.pem -days 30 -subj /CN=cellar"));
    openssl(folder, &format!("req {KEY} key.pem -out request.pem -subj /CN=registry"));
    let names = "basicConstraints=CA:FALSE\nsubjectAltName=IP:127.0.0.1\n";
    fs::write(folder.join("names"), names).unwrap();
    openssl(
        folder,
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile names -out cert.pem",
    );
    (folder.join("cert.pem"), folder.join("key.pem"))
}

/// A registry with one image, its TLS side, and a repository that asks that side.
struct Company {
    workspace: Workspace,
    front: TlsFront,
    folder: tempfile::TempDir,
    _registry: Registry,
}

impl Company {
    fn new() -> Self {
        let registry = Registry::start();
        push_index(&registry, "library/app", "1.0.0", &["linux/amd64"], "app");
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = authority(folder.path());
        let front = registry.over_tls(&certificate, &key);
        let workspace = Workspace::new(&registry, PINS);
        let company = Self { workspace, front, folder, _registry: registry };
        company.trust("");
        company
    }

    fn trust(&self, line: &str) {
        let host = &self.front.host;
        self.workspace.configure(&format!("[registries.\"docker.io\"]\nmirror = \"https://{host}\"\n{line}"));
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    let company = Company::new();
    let refused = company.workspace.run("refresh").ended(3);
    refused.says("certificate").says(&company.front.host);
    assert!(!company.workspace.path("pins.lock").exists());
}

#[test]
fn the_authority_of_a_registry_may_be_declared() {
    let company = Company::new();
    company.trust(&format!("ca = \"{}\"\n", company.ca().display()));
    company.workspace.run("refresh").ended(0);
    assert_eq!(company.workspace.pin("app").tag, "1.0.0");
}

#[test]
fn the_authority_of_a_network_may_be_declared() {
    let company = Company::new();
    company.trust(&format!("[network]\nca-files = [\"{}\"]\n", company.ca().display()));
    company.workspace.run("refresh").ended(0);
}

#[test]
fn the_authority_may_be_the_environments() {
    let mut company = Company::new();
    let ca = company.ca();
    company.workspace.set("SSL_CERT_FILE", ca);
    company.workspace.run("refresh").ended(0);
}

#[test]
fn a_certificate_file_that_is_none_is_a_mistake_of_the_configuration() {
    let company = Company::new();
    let wrong = company.folder.path().join("names");
    company.trust(&format!("ca = \"{}\"\n", wrong.display()));
    company.workspace.run("refresh").ended(2).says("certificate");
    company.trust("ca = \"nowhere.pem\"\n");
    company.workspace.run("refresh").ended(2).says("nowhere.pem");
}
