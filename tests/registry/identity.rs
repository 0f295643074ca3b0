//! A registry that wants a certificate of whoever asks it.

use std::fs;

use crate::certs::{Authority, Certificate};
use crate::company::{Company, ELSEWHERE, NAME};
use crate::forward::{Squid, Wants};
use crate::front::{Front, passes_to};
use crate::server::{Access, Registry};

/// nginx that wants a certificate of the authority that gave its own.
fn front(authority: &Authority, registry: &Registry) -> Front {
    let certificate = authority.gives("registry", &format!("DNS:{NAME},DNS:{ELSEWHERE}"));
    let trust = format!("ssl_client_certificate {};\n", authority.file().display());
    let pass = passes_to(registry.host());
    Front::start(&certificate, &mut |port| {
        let moved =
            format!("location ~ /manifests/ {{ return 307 https://{ELSEWHERE}:{port}$request_uri; }}\n");
        // Whoever shows here what is for the registry has shown too much.
        let storage = "ssl_verify_client optional;\nif ($ssl_client_verify != NONE) { return 418; }\n";

        vec![
            (NAME, format!("{trust}ssl_verify_client on;\n{moved}{pass}")),
            (ELSEWHERE, format!("{trust}{storage}{pass}")),
        ]
    })
}

fn company() -> (Company, Certificate) {
    let company = Company::with(Access::Open, &mut front);
    let ours = company.authority.gives("ours", "DNS:builder.cellar.test");
    (company, ours)
}

/// The lines that declare a certificate of ours.
fn declared(Certificate { certificate, key }: &Certificate) -> String {
    format!("client-cert = \"{}\"\nclient-key = \"{}\"\n", certificate.display(), key.display())
}

#[test]
fn it_is_shown_to_the_registry_and_not_to_where_it_redirects() {
    let (mut company, ours) = company();
    let squid = company.proxy();
    let (host, ca) = (company.host(), company.ca());
    let refused = company.workspace.run("refresh").ended(3);
    refused.says("it wants a certificate").says(&host).says("`client-cert`");
    company.asks(&host, &format!("{ca}{}", declared(&ours)));
    company.workspace.run("refresh").ended(0);
    assert_eq!(company.workspace.pin("app").digest, company.image.digest());
    squid.was_asked(&format!("CONNECT {ELSEWHERE}:{} - 200", company.front.port));
    // The registry of the same name and another port is another one.
    let other = Company::with(Access::Open, &mut front);
    let image = format!("{}/library/app", other.host());
    company.workspace.configure(&format!(
        "[registries.\"{host}\"]\n{ca}{}[network]\nca-files = [\"{}\"]\n",
        declared(&ours),
        other.authority.file().display()
    ));
    company.workspace.declare(&format!("[pin.app]\nimage = \"{image}\"\ntrack = \"{{version}}\"\n"));
    company.workspace.run("refresh").ended(3).says("it wants a certificate").says(&other.host());
}

#[test]
fn one_of_another_authority_is_refused() {
    let (mut company, _) = company();
    let _squid = company.proxy();
    let other = Authority::new();
    let foreign = other.gives("ours", "DNS:builder.cellar.test");
    company.asks(&company.host(), &format!("{}{}", company.ca(), declared(&foreign)));
    company.workspace.run("refresh").ended(3).says("it wants a certificate").says(&company.host());
}

#[test]
fn what_cannot_be_shown_is_a_mistake_of_the_configuration() {
    let (company, ours) = company();
    let (host, ca) = (company.host(), company.ca());
    let other = company.authority.gives("other", "DNS:other.cellar.test");
    let wrong = |certificate: &Certificate, says: &str| {
        company.asks(&host, &format!("{ca}{}", declared(certificate)));
        company.workspace.run("refresh").ended(2).says(says);
    };
    let mixed = Certificate { certificate: ours.certificate.clone(), key: other.key.clone() };
    wrong(&mixed, "other.key cannot be used with the certificate");
    let turned = Certificate { certificate: ours.key.clone(), key: ours.certificate.clone() };
    wrong(&turned, "ours.key holds no certificate");
    let twice = Certificate { certificate: ours.certificate.clone(), key: ours.certificate.clone() };
    wrong(&twice, "ours.pem holds no private key");
    let nowhere = Certificate { certificate: ours.certificate.clone(), key: "/nowhere/x.key".into() };
    wrong(&nowhere, "/nowhere/x.key cannot be read");
    company.asks(&host, &format!("{ca}client-cert = \"x.pem\"\n"));
    company.workspace.run("refresh").ended(2).says("only one half").says("config.toml:4");
}

#[test]
fn a_proxy_over_tls_would_see_it_and_is_not_used() {
    let (mut company, ours) = company();
    let certificate = company.authority.gives("proxy", "IP:127.0.0.1");
    let squid = Squid::start(&[NAME, ELSEWHERE], &Wants::Tls(&certificate));
    company.workspace.set("HTTPS_PROXY", format!("https://{}", squid.host()));
    company.asks(&company.host(), &format!("{}{}", company.ca(), declared(&ours)));
    let refused = company.workspace.run("refresh").ended(2);
    refused.says(&format!("would be shown to the proxy https://{}", squid.host()));
}

#[test]
fn certificates_are_found_where_docker_has_them() {
    let (mut company, ours) = company();
    let _squid = company.proxy();
    let host = company.host();
    for (name, file) in [
        ("ca.crt", company.authority.file()),
        ("me.cert", ours.certificate.clone()),
        ("me.key", ours.key.clone()),
    ] {
        company.workspace.keep(&format!("certs.d/{host}/{name}"), &fs::read_to_string(file).unwrap());
    }
    company.asks(&host, "");
    company.workspace.run("refresh").ended(3).says("UnknownIssuer");
    company.asks(&host, "[network]\ncerts-dir = \"certs.d\"\n");
    company.workspace.run("refresh").ended(0);
    assert_eq!(company.workspace.pin("app").digest, company.image.digest());
    let key = company.workspace.keep(&format!("certs.d/{host}/me.key"), "no key");
    company.workspace.run("refresh").ended(2).says(&format!("{} holds no private key", key.display()));
    // What is declared goes before them, all of it.
    company.asks(&host, &format!("{}[network]\ncerts-dir = \"certs.d\"\n", company.ca()));
    company.workspace.run("refresh").ended(3).says("it wants a certificate");
}
