//! Challenges, tokens and credentials: who is told what.

use std::path::PathBuf;

use futures_util::future::join_all;
use solera_pin::net::{RegistrySettings, Settings};
use solera_pin::source::{ImageSource, Kind};

use crate::support::registry::{Auth, Registry, Reply, Secret};
use crate::{client, images, repository, said, settings, tag};

fn token_wants(wants: Secret) -> Auth {
    Auth::Token { wants: Some(wants), expires_in: None, field: "access_token" }
}

/// A Docker configuration with `entry` for `host`.
fn docker_config(host: &str, entry: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.json");
    std::fs::write(&file, format!(r#"{{"auths": {{"{host}": {entry}}}}}"#)).unwrap();
    (folder, file)
}

fn with_config(file: PathBuf) -> ImageSource {
    ImageSource::new(client(Settings { docker_config: Some(file), ..settings() }))
}

/// `user:hunter2`
const ENTRY: &str = r#"{"auth": "dXNlcjpodW50ZXIy"}"#;

#[tokio::test]
async fn a_hundred_at_once_cost_one_challenge_and_one_token() {
    let registry = Registry::start();
    registry.set_auth(Auth::tokens());
    let tags: Vec<_> = (0..100).map(|n| tag(&format!("t{n}"))).collect();
    for tag in &tags {
        registry.push_index("a", tag.as_str(), &["linux/amd64"]);
    }
    let source = images();
    let name = repository(&registry, "a");
    let all = join_all(tags.iter().map(|tag| source.by_tag(&name, tag))).await;
    assert!(all.iter().all(Result::is_ok), "{:?}", all[0]);
    let counters = registry.counters();
    assert_eq!((counters.unauthorized, counters.tokens, counters.pings), (1, 1, 0), "{counters:?}");
    assert_eq!(counters.manifests, 101);
}

#[tokio::test]
async fn a_second_repository_costs_a_token_and_no_challenge() {
    let registry = Registry::start();
    registry.set_auth(Auth::tokens());
    let client = client(settings());
    let source = ImageSource::new(client.clone());
    let names: Vec<_> = (0..50).map(|n| format!("team/r{n}")).collect();
    for name in &names {
        registry.push_index(name, "1", &["linux/amd64"]);
    }
    let all = join_all(names.iter().map(|name| {
        let (source, name) = (source.clone(), repository(&registry, name));
        async move { source.head(&name, &tag("1")).await }
    }))
    .await;
    assert!(all.iter().all(|digest| matches!(digest, Ok(Some(_)))));
    let counters = registry.counters();
    assert_eq!((counters.unauthorized, counters.tokens), (1, 50));
    let stats = client.stats();
    assert_eq!((stats.tokens, stats.heads, stats.retries), (50, 51, 0));
    assert!(counters.peak <= 32, "{counters:?}");
}

#[tokio::test]
async fn a_token_that_expired_or_was_revoked_is_fetched_again_once() {
    let registry = Registry::start();
    registry.set_auth(Auth::Token { wants: None, expires_in: Some(0), field: "token" });
    registry.push_index("a", "1", &["linux/amd64"]);
    registry.push_index("a", "2", &["linux/amd64"]);
    let (source, name) = (images(), repository(&registry, "a"));
    source.by_tag(&name, &tag("1")).await.unwrap();
    source.by_tag(&name, &tag("2")).await.unwrap();
    assert_eq!((registry.counters().tokens, registry.counters().unauthorized), (2, 1), "expired at once");

    registry.set_auth(Auth::tokens());
    registry.reset_counters();
    let source = images();
    source.by_tag(&name, &tag("1")).await.unwrap();
    registry.revoke_tokens();
    source.by_tag(&name, &tag("2")).await.unwrap();
    assert_eq!((registry.counters().tokens, registry.counters().unauthorized), (2, 2), "revoked");
}

#[tokio::test]
async fn a_token_that_is_no_use_is_tried_twice_and_then_denied() {
    let registry = Registry::start();
    let challenge =
        format!(r#"Bearer realm="{}/token",service="s",error="insufficient_scope""#, registry.url());
    registry.set_auth(Auth::tokens());
    registry.answer("GET /v2/private/tags/list", Reply::new(401, "").header("WWW-Authenticate", challenge));
    let error = images().tags(&repository(&registry, "private")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Denied);
    assert!(said(&error).contains(&format!("docker login {}", registry.host())), "{}", said(&error));
    assert_eq!((registry.counters().tag_pages, registry.counters().tokens), (3, 2));
}

#[tokio::test]
async fn a_host_that_was_open_may_have_private_repositories() {
    let registry = Registry::start();
    registry.push_index("open", "1", &["linux/amd64"]);
    registry.push_index("private", "1", &["linux/amd64"]);
    registry.push_index("secret", "1", &["linux/amd64"]);
    let source = images();
    source.by_tag(&repository(&registry, "open"), &tag("1")).await.unwrap();
    registry.set_auth(Auth::tokens());
    source.by_tag(&repository(&registry, "private"), &tag("1")).await.unwrap();
    source.by_tag(&repository(&registry, "secret"), &tag("1")).await.unwrap();
    assert_eq!(registry.counters().unauthorized, 1, "what was learnt is kept");
}

#[tokio::test]
async fn a_challenge_behind_a_redirect_is_not_answered() {
    let (registry, other) = (Registry::start(), Registry::start());
    other.set_auth(Auth::tokens());
    let location = format!("{}/v2/a/manifests/1", other.url());
    registry.answer("GET /v2/a/manifests/1", Reply::new(307, "").header("Location", location));
    let error = images().by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Denied);
    assert_eq!((other.counters().manifests, other.counters().tokens), (1, 0));
}

#[tokio::test]
async fn credentials_reach_the_registry_that_they_are_for() {
    for auth in [
        Auth::Basic("user".into(), "hunter2".into()),
        token_wants(Secret::Password("user".into(), "hunter2".into())),
    ] {
        let (registry, other) = (Registry::start(), Registry::start());
        registry.push_index("a", "1", &["linux/amd64"]);
        registry.set_auth(auth.clone());
        other.push_index("a", "1", &["linux/amd64"]);
        other.set_auth(auth);
        let (_folder, file) = docker_config(&registry.host(), ENTRY);
        let source = with_config(file);
        source.by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap();
        let error = source.by_tag(&repository(&other, "a"), &tag("1")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Denied);
        assert!(said(&error).contains("docker login"), "{}", said(&error));
        assert!(other.requests().iter().all(|request| request.header("authorization").is_none()));
        // The first request never carries a secret: nobody has asked for one yet.
        assert_eq!(registry.requests()[0].header("authorization"), None);
    }
}

/// `docker logout` and Docker Desktop leave such entries behind.
#[tokio::test]
async fn an_empty_entry_is_no_credential() {
    for entry in [r#"{"auth": ""}"#, "{}", "null", r#"{"auth": "", "username": "", "password": ""}"#] {
        let registry = Registry::start();
        registry.push_index("a", "1", &["linux/amd64"]);
        registry.set_auth(Auth::tokens());
        let (_folder, file) = docker_config(&registry.host(), entry);
        let name = repository(&registry, "a");
        with_config(file.clone()).by_tag(&name, &tag("1")).await.unwrap();
        registry.set_auth(Auth::Basic("user".into(), "hunter2".into()));
        let error = with_config(file).by_tag(&name, &tag("1")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Denied, "{entry}: {error}");
    }
}

/// As `podman login quay.io/acme` stores it.
#[tokio::test]
async fn a_credential_may_be_for_a_part_of_a_registry() {
    let wants = Secret::Password("user".into(), "hunter2".into());
    for auth in [token_wants(wants), Auth::Basic("user".into(), "hunter2".into())] {
        let registry = Registry::start();
        registry.push_index("acme/app", "1", &["linux/amd64"]);
        registry.push_index("acme-not/app", "1", &["linux/amd64"]);
        registry.set_auth(auth);
        let (_folder, file) = docker_config(&format!("{}/acme", registry.host()), ENTRY);
        let source = with_config(file);
        source.by_tag(&repository(&registry, "acme/app"), &tag("1")).await.unwrap();
        let error = source.by_tag(&repository(&registry, "acme-not/app"), &tag("1")).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Denied, "{error}");
        let told = registry.requests();
        let told =
            told.iter().filter(|asked| asked.path.contains("acme-not") || asked.query.contains("acme-not"));
        assert!(told.into_iter().all(|asked| asked.header("authorization").is_none()));
    }
}

#[tokio::test]
async fn an_identity_token_is_exchanged() {
    let registry = Registry::start();
    registry.push_index("a", "1", &["linux/amd64"]);
    registry.set_auth(token_wants(Secret::Refresh("hunter2".into())));
    let (_folder, file) = docker_config(&registry.host(), r#"{"identitytoken": "hunter2"}"#);
    let source = with_config(file);
    source.by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap();
    let requests = registry.requests();
    let exchange = requests.iter().find(|request| request.path == "/token").unwrap();
    assert_eq!(exchange.method, "POST");
    assert!(exchange.body.contains("grant_type=refresh_token") && exchange.query.is_empty());
}

#[tokio::test]
async fn a_token_server_elsewhere_is_refused_unless_declared() {
    let registry = Registry::start();
    registry.push_index("a", "1", &["linux/amd64"]);
    registry.set_auth(token_wants(Secret::Password("user".into(), "hunter2".into())));
    // The same server by another name: `localhost` is not the domain of an address.
    let realm = registry.url().replace("127.0.0.1", "localhost");
    registry.set_realm(format!("{realm}/token"));
    let (_folder, file) = docker_config(&registry.host(), ENTRY);
    let name = repository(&registry, "a");

    let error = with_config(file.clone()).by_tag(&name, &tag("1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Denied);
    let text = said(&error);
    assert!(text.contains("not declared") && text.contains("realm = "), "{text}");
    assert_eq!(registry.counters().tokens, 0);

    let declared = RegistrySettings { realm: Some(realm.parse().unwrap()), ..RegistrySettings::default() };
    let source = ImageSource::new(client(Settings {
        docker_config: Some(file),
        registries: [(name.registry().clone(), declared)].into(),
        ..settings()
    }));
    source.by_tag(&name, &tag("1")).await.unwrap();
}

#[tokio::test]
async fn a_dead_or_redirecting_token_server_is_an_error_and_not_anonymous() {
    let other = Registry::start();
    for reply in [
        Reply::new(500, ""),
        Reply::new(200, "<html>"),
        Reply::new(307, "").header("Location", format!("{}/token", other.url())),
    ] {
        let registry = Registry::start();
        registry.push_index("a", "1", &["linux/amd64"]);
        registry.set_auth(Auth::tokens());
        registry.answer("GET /token", reply);
        let error = images().by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap_err();
        assert!(said(&error).contains("/token"), "{error}");
        assert_eq!(registry.counters().manifests, 1, "only the one that was challenged");
    }
    assert!(other.requests().is_empty());
}

#[tokio::test]
async fn a_malformed_configuration_is_named_and_a_missing_one_is_none() {
    let registry = Registry::start();
    registry.push_index("a", "1", &["linux/amd64"]);
    registry.set_auth(Auth::tokens());
    let (folder, file) = docker_config("x", "{");
    let error = with_config(file.clone()).by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Configuration);
    assert!(said(&error).contains(&file.display().to_string()), "{error}");
    let missing = folder.path().join("nothing.json");
    with_config(missing).by_tag(&repository(&registry, "a"), &tag("1")).await.unwrap();
}

#[tokio::test]
async fn a_mirror_is_asked_with_its_own_credentials_and_scope() {
    let mirror = Registry::start();
    let digest = mirror.push_index("hub/library/rust", "1", &["linux/amd64"]);
    mirror.set_auth(token_wants(Secret::Password("user".into(), "hunter2".into())));
    let (_folder, file) = docker_config(&mirror.host(), ENTRY);
    let declared = RegistrySettings {
        mirror: Some(format!("{}/v2/hub", mirror.url()).parse().unwrap()),
        ..RegistrySettings::default()
    };
    let source = ImageSource::new(client(Settings {
        docker_config: Some(file),
        registries: [("docker.io".parse().unwrap(), declared)].into(),
        ..settings()
    }));
    let found = source.by_tag(&"rust".parse().unwrap(), &tag("1")).await.unwrap();
    assert_eq!(found.digest, digest);
    let requests = mirror.requests();
    assert!(
        requests
            .iter()
            .any(|request| { request.query.contains("scope=repository%3Ahub%2Flibrary%2Frust%3Apull") })
    );
}
