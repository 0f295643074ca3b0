//! `doctor`: what it says of hosts that answer, and of those that do not.

use std::fs;

use serde_json::Value;

use crate::support::checkout::{BOTH, Checkout, Ended, pin};
use crate::support::registry::{Auth, Registry, Reply, Secret};

/// `reader:sherry-7-cask`
const AUTH: &str = "cmVhZGVyOnNoZXJyeS03LWNhc2s=";

fn guarded() -> (Registry, Checkout) {
    let registry = Registry::start();
    registry.push_index("a", "slim", BOTH);
    let wants = Some(Secret::Password("reader".into(), "sherry-7-cask".into()));
    registry.set_auth(Auth::Token { wants, expires_in: Some(300), field: "token" });
    let nowhere = "[pin.gone]\ngit = \"http://127.0.0.1:1/x.git\"\ntrack = \"v{version}\"\n";
    let checkout = Checkout::new(&(pin(&registry, "a", "a", "slim") + nowhere));
    let auths = format!("{{\"auths\": {{\"{}\": {{\"auth\": \"{AUTH}\"}}}}}}", registry.host());
    fs::write(checkout.path("auth.json"), auths).unwrap();
    (registry, checkout)
}

fn doctor(checkout: &Checkout, arguments: &[&str]) -> Ended {
    let mut command = checkout.command(&[&["doctor"], arguments].concat());
    command.env("REGISTRY_AUTH_FILE", "auth.json").env("HTTPS_PROXY", "http://u:hunter2@proxy.test:3128");
    Ended::of(command.output().unwrap())
}

fn says_no_secret(said: &str) {
    for secret in ["hunter2", "sherry-7-cask", AUTH, "secret-token"] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[test]
fn each_host_is_told_with_whose_credentials_and_what_is_left() {
    let (registry, checkout) = guarded();
    let digest = registry.push_index("a", "slim", BOTH).to_string();
    let limited = Reply::new(200, "").header("docker-content-digest", digest);
    let unauthorized = Reply::new(401, "")
        .header("www-authenticate", format!("Bearer realm=\"{}/token\",service=\"s\"", registry.url()));
    let limited =
        limited.header("ratelimit-limit", "100;w=21600").header("ratelimit-remaining", "76;w=21600");
    registry.answer_next("HEAD /v2/a/manifests/slim", [unauthorized, limited]);
    let ended = doctor(&checkout, &[]);
    assert_eq!(ended.code, 3, "a host that is not there: {}", ended.said);
    says_no_secret(&ended.said);
    for line in [
        format!("{}\n", registry.host()),
        format!("login        those of `reader`, under `{}` in ", registry.host()),
        "limit        76 of 100 in 6 h left".into(),
        "answer       as it should be".into(),
        "127.0.0.1:1 (git)\n".into(),
        "proxies      https through http://proxy.test:3128\n".into(),
        "cannot be reached".into(),
    ] {
        assert!(ended.said.contains(&line), "{line}\n{}", ended.said);
    }
}

#[test]
fn offline_nobody_is_asked() {
    let (registry, checkout) = guarded();
    let output = checkout
        .command(&["doctor", "--offline", "--format", "json"])
        .env("REGISTRY_AUTH_FILE", "auth.json")
        .output()
        .unwrap();
    assert!(output.status.success() && registry.requests().is_empty());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let hosts = report["hosts"].as_array().unwrap();
    assert_eq!(hosts.len(), 2);
    assert_eq!((&hosts[0]["host"], &hosts[0]["answer"]), (&registry.host().into(), &"not asked".into()));
    assert!(report["configuration"]["credentials"].as_str().unwrap().ends_with("auth.json"), "{report}");
    says_no_secret(&String::from_utf8(output.stdout).unwrap());
}

#[test]
fn a_token_that_stands_for_the_user_is_not_told() {
    let (registry, checkout) = guarded();
    // `hunter2:hunter2`, `hunter2:x-oauth-basic` and `hunter2:`
    for auth in ["aHVudGVyMjpodW50ZXIy", "aHVudGVyMjp4LW9hdXRoLWJhc2lj", "aHVudGVyMjo="] {
        let auths = format!("{{\"auths\": {{\"{}\": {{\"auth\": \"{auth}\"}}}}}}", registry.host());
        fs::write(checkout.path("auth.json"), auths).unwrap();
        let ended = doctor(&checkout, &["--offline"]);
        says_no_secret(&ended.said);
        assert!(ended.said.contains("login        a token, under "), "{}", ended.said);
    }
}
