//! A registry behind a certificate that only a private authority vouches for, as in a company's network.

use std::path::PathBuf;

use crate::certs::Authority;
use crate::content::push_index;
use crate::server::{Registry, Second};
use crate::workspace::Workspace;

const PINS: &str = "[pin.app]\nimage = \"app\"\ntrack = \"{version}\"\n";
/// A registry with one image, its TLS side, and a repository that asks that side.
struct Company {
    workspace: Workspace,
    front: Second,
    authority: Authority,
    _registry: Registry,
}

impl Company {
    fn new() -> Self {
        let registry = Registry::start();
        push_index(&registry, "library/app", "1.0.0", &["linux/amd64"], "app");
        let authority = Authority::new();
        let given = authority.gives("registry", "IP:127.0.0.1");
        let front = registry.over_tls(&given.certificate, &given.key);
        let workspace = Workspace::new(&registry, PINS);
        let company = Self { workspace, front, authority, _registry: registry };
        company.trust("");
        company
    }

    fn trust(&self, line: &str) {
        let host = &self.front.host;
        self.workspace.configure(&format!("[registries.\"docker.io\"]\nmirror = \"https://{host}\"\n{line}"));
    }

    fn ca(&self) -> PathBuf {
        self.authority.file()
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    let company = Company::new();
    let refused = company.workspace.run("refresh").ended(3);
    refused.says("UnknownIssuer").says(&company.front.host).says("name its certificate as `ca`");
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
fn who_vouches_for_a_registry_is_told() {
    let company = Company::new();
    company.trust(&format!("ca = \"{}\"\n", company.ca().display()));
    let told = company.workspace.run("doctor").ended(0);
    told.says("vouched for by CN=cellar").says(&format!("docker.io, at {}", company.front.host));
    company.trust("");
    company.workspace.run("doctor").ended(3).says("none that is of use").says("certificate");
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
    let wrong = company.workspace.path("pins.toml");
    company.trust(&format!("ca = \"{}\"\n", wrong.display()));
    company.workspace.run("refresh").ended(2).says("pins.toml holds no certificate");
    company.trust("ca = \"nowhere.pem\"\n");
    company.workspace.run("refresh").ended(2).says("nowhere.pem");
}
