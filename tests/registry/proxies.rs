//! Proxies as the environment names them: which is used for what, what it is shown, and what is said where it fails.

use std::net::TcpListener;

use crate::certs::Authority;
use crate::company::{Company, NAME};
use crate::content::push_index;
use crate::forward::{PASSWORD, Squid, USER, Wants};
use crate::server::{Access, Registry};
use crate::skopeo::{Children, agrees};
use crate::workspace::{Run, Workspace};

/// `clerk:oloroso-9-butt` in base64, and the password as it is.
#[track_caller]
fn says_no_password(run: Run) -> Run {
    for secret in [PASSWORD, "Y2xlcms6b2xvcm9zby05LWJ1dHQ=", "hunter2"] {
        assert!(!run.stderr.contains(secret) && !run.stdout.contains(secret), "{}", run.stderr);
    }
    run
}

/// `127.0.0.1:PORT` where nobody listens.
fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[test]
fn a_proxy_that_wants_to_know_who_asks() {
    let mut company = Company::new(Access::Open);
    let squid = Squid::start(&[NAME], &Wants::Login);
    let (host, proxy) = (company.host(), squid.host());
    company.workspace.set("HTTPS_PROXY", format!("http://{proxy}"));
    let refused = says_no_password(company.workspace.run("refresh -v")).ended(3);
    refused
        .says(&format!("the proxy {proxy} wants a user and a password"))
        .says(&host)
        .says("USER:PASSWORD@");
    squid.was_asked(&format!("CONNECT {host} - 407"));
    company.workspace.set("HTTPS_PROXY", format!("http://{USER}:hunter2@{proxy}"));
    let refused = says_no_password(company.workspace.run("refresh -v")).ended(3);
    refused.says(&format!("the proxy {proxy} refused the user and the password")).says("%40");
    squid.was_asked(&format!("CONNECT {host} {USER} 407"));
    squid.was_not_asked();
    company.workspace.set("HTTPS_PROXY", format!("http://{USER}:{PASSWORD}@{proxy}"));
    says_no_password(company.workspace.run("refresh -v")).ended(0);
    squid.was_asked(&format!("CONNECT {host} {USER} 200"));
    company.locks();
}

#[test]
fn a_registry_without_tls_behind_a_proxy() {
    let registry = Registry::start();
    let image = push_index(&registry, "library/app", "1.0.0", &["linux/amd64"], "app");
    let mut workspace = Workspace::new(&registry, "[pin.app]\nimage = \"app\"\ntrack = \"{version}\"\n");
    let host = registry.host().replace("127.0.0.1", NAME);
    workspace
        .configure(&format!("[registries.\"docker.io\"]\nmirror = \"http://{host}\"\nplain-http = true\n"));
    let squid = Squid::start(&[NAME], &Wants::Login);
    workspace.set("http_proxy", format!("http://{}", squid.host()));
    let refused = workspace.run("refresh").ended(3);
    refused.says(&format!("the proxy {} wants a user and a password", squid.host()));
    squid.was_asked(&format!("GET http://{host}/v2/library/app/tags/list"));
    workspace.set("http_proxy", format!("{USER}:{PASSWORD}@{}", squid.host()));
    says_no_password(workspace.run("refresh -v")).ended(0);
    assert_eq!(workspace.pin("app").digest, image.digest());
    assert_eq!(agrees(&registry, &workspace, Children::Served), 1);
    squid.was_asked(&format!("GET http://{host}/v2/library/app/manifests/"));
    // The proxy is there, and says that the registry is not.
    drop(registry);
    workspace.run("refresh").ended(3).says("answered 503").says(&host);
}

#[test]
fn a_proxy_over_tls_is_trusted_by_the_authorities_of_the_network() {
    let mut company = Company::new(Access::Open);
    let office = Authority::named("office");
    let squid = Squid::start(&[NAME], &Wants::Tls(&office.gives("proxy", "IP:127.0.0.1")));
    let (host, proxy) = (company.host(), squid.host());
    company.workspace.set("ALL_PROXY", format!("https://{proxy}"));
    let refused = company.workspace.run("refresh").ended(3);
    refused
        .says(&format!("the proxy {proxy} cannot be reached itself"))
        .says("UnknownIssuer")
        .says("`ca-files`");
    let lines = format!("{}[network]\nca-files = [\"{}\"]\n", company.ca(), office.file().display());
    company.asks(&host, &lines);
    company.locks();
    squid.was_asked(&format!("CONNECT {host} - 200"));
}

#[test]
fn hosts_that_need_no_proxy_are_asked_without() {
    let mut company = Company::new(Access::Open);
    let squid = company.proxy();
    // An address of this machine that is not loopback to anybody who reads it.
    let host = format!("0.0.0.0:{}", company.front.port);
    company.asks(&host, &company.ca());
    company.locks();
    squid.was_asked(&format!("CONNECT {host} - 200"));
    squid.was_not_asked();
    for direct in ["0.0.0.0", &host, "x.example,0.0.0.0/8", "*"] {
        company.workspace.set("NO_PROXY", direct);
        company.locks();
        squid.was_not_asked();
    }
    company.workspace.set("NO_PROXY", "0.0.0.0:1,10.0.0.0/8");
    company.locks();
    squid.was_asked(&format!("CONNECT {host} - 200"));
    // What is on loopback is so without being named, over TLS too.
    company.workspace.set("NO_PROXY", "");
    company.asks(&format!("127.0.0.1:{}", company.front.port), &company.ca());
    company.workspace.run("refresh").ended(3).says("not valid for name");
    squid.was_not_asked();
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let mut company = Company::new(Access::Open);
    for scheme in ["http", "https", "socks5h"] {
        let proxy = nobody();
        company.workspace.set("HTTPS_PROXY", format!("{scheme}://{USER}:{PASSWORD}@{proxy}"));
        let refused = says_no_password(company.workspace.run("refresh -v")).ended(3);
        refused.says(&format!("the proxy {proxy} cannot be reached itself")).says("NO_PROXY");
    }
    company.workspace.set("HTTPS_PROXY", format!("ftp://{USER}:{PASSWORD}@proxy.example"));
    says_no_password(company.workspace.run("refresh -v")).ended(2).says("HTTPS_PROXY names no proxy");
}

#[test]
fn a_proxy_that_does_not_connect_is_named() {
    let mut company = Company::new(Access::Open);
    let squid = company.proxy();
    let nobody = nobody().replace("127.0.0.1", NAME);
    company.asks(&nobody, &company.ca());
    let refused = company.workspace.run("refresh").ended(3);
    refused.says(&format!("the proxy {} did not connect to it", squid.host())).says(&nobody).says("NO_PROXY");
    squid.was_asked(&format!("CONNECT {nobody} - 503"));
}
