//! Where credentials are kept: the files that say so, and the helpers that they name.

use std::fs;

use axum::http::Method;
use serde_json::json;

use crate::company::Company;
use crate::server::{AUTH, Access, PASSWORD, USER};
use crate::tokens::{Guarded, helper};

/// A Docker configuration with this login for `host`.
fn login(host: &str, auth: &str) -> String {
    json!({ "auths": { host: { "auth": auth } } }).to_string()
}

/// A refresh, in which nobody is told the password.
#[track_caller]
fn refreshes(company: &Company) {
    let refreshed = company.workspace.run("refresh -v").ended(0);
    let said = format!("{}{}{}", refreshed.stdout, refreshed.stderr, company.workspace.lock_text());
    assert!(!said.contains(PASSWORD) && !said.contains(AUTH), "{said}");
    assert_eq!(company.workspace.pin("app").digest, company.image.digest());
}

/// `reader:wrong-wrong`
const WRONG: &str = "cmVhZGVyOndyb25nLXdyb25n";

#[test]
fn a_users_own_file_says_where_credentials_are() {
    let mut company = Company::new(Access::Password);
    let _squid = company.proxy();
    let (host, ca) = (company.host(), company.ca());
    company.workspace.log_in_at(&host, WRONG);
    company.workspace.run("refresh").ended(3);
    // Relative to the file that names it, and before the Docker configuration.
    company.workspace.keep("secrets/all.json", &login(&host, AUTH));
    company.asks(&host, &format!("{ca}[network]\nauth-file = \"secrets/all.json\"\n"));
    refreshes(&company);
    // A registry's own before that of all.
    company.workspace.keep("secrets/all.json", &login(&host, WRONG));
    company.workspace.run("refresh").ended(3);
    company.workspace.keep("secrets/own.json", &login(&host, AUTH));
    company.asks(
        &host,
        &format!("{ca}auth-file = \"secrets/own.json\"\n[network]\nauth-file = \"secrets/all.json\"\n"),
    );
    refreshes(&company);
    // What it does not have is looked for in the next.
    company.workspace.keep("secrets/own.json", &login("other.example", WRONG));
    company.workspace.keep("secrets/all.json", &login(&host, AUTH));
    refreshes(&company);
    company.asks(&host, &format!("{ca}auth-file = \"secrets/none.json\"\n"));
    company.workspace.run("refresh").ended(2).says("there is no file").says("none.json");
}

#[test]
fn a_repository_does_not_say_where_credentials_are() {
    let company = Company::new(Access::Open);
    let policy = company.workspace.path("pins.toml");
    let pins = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, format!("{pins}[network]\nauth-file = \"secrets.json\"\n")).unwrap();
    let refused = company.workspace.run("refresh").ended(2);
    refused
        .says("`network.auth-file` is a person's own setting")
        .says("SOLERA_PIN_CONFIG")
        .says("pins.toml:");
}

#[test]
fn the_environment_names_a_file_of_podman() {
    let mut company = Company::new(Access::Password);
    let _squid = company.proxy();
    let host = company.host();
    company.workspace.log_in_at(&host, WRONG);
    let file = company.workspace.keep("auth.json", &login(&format!("{host}/library"), AUTH));
    company.workspace.set("REGISTRY_AUTH_FILE", file);
    refreshes(&company);
}

#[test]
fn helpers_are_asked_once_for_what_they_are_named_for() {
    for (names, host_wanted) in [("credHelpers", true), ("credsStore", false)] {
        let mut company = Company::new(Access::Password);
        let _squid = company.proxy();
        let host = company.host();
        let (folder, asked) = helper(&company, USER, PASSWORD);
        company.workspace.set("PATH", format!("{}:/usr/bin:/bin", folder.display()));
        let named = if host_wanted { json!({ host.as_str(): "cellar" }) } else { json!("cellar") };
        let file = company.workspace.keep("auth.json", &json!({ names: named }).to_string());
        company.workspace.set("REGISTRY_AUTH_FILE", file);
        refreshes(&company);
        assert_eq!(fs::read_to_string(asked).unwrap(), format!("get {host}\n"), "{names}");
    }
}

#[test]
fn an_identity_token_is_exchanged_for_tokens() {
    const REFRESH: &str = "refresh-of-a-person";
    for from_helper in [false, true] {
        let mut guarded = Guarded::usual();
        let company = &mut guarded.company;
        let _squid = company.proxy();
        let host = company.host();
        let text = match from_helper {
            true => {
                let (folder, _) = helper(company, "<token>", REFRESH);
                company.workspace.set("PATH", format!("{}:/usr/bin:/bin", folder.display()));
                json!({ "credsStore": "cellar" })
            }
            false => json!({ "auths": { host.as_str(): { "identitytoken": REFRESH } } }),
        };
        let file = company.workspace.keep("auth.json", &text.to_string());
        company.workspace.set("REGISTRY_AUTH_FILE", file);
        refreshes(company);
        let asked = guarded.tokens.asked();
        let [only] = &asked[..] else { panic!("{asked:?}") };
        assert_eq!((&only.method, &only.authorization), (&Method::POST, &None));
        for part in ["grant_type=refresh_token", "service=cellar", &format!("refresh_token={REFRESH}")] {
            assert!(only.text.contains(part), "{part}: {only:?}");
        }
    }
}
