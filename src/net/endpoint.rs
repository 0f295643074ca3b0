//! Where a registry is asked, and which hosts may be spoken to without TLS.

use url::{Host, Url};

use super::NetError;
use super::error::Place;
use super::message::{Access, Actions, Request};
use super::settings::Settings;
use super::stats::Asked;
use crate::model::{Registry, Repository};

/// Docker Hub's registry; `docker.io` itself serves no registry.
const DOCKER_HUB: &str = "registry-1.docker.io";

/// Docker Hub's names in the configurations of Docker and podman.
const DOCKER_HUB_LOGINS: [&str; 4] =
    ["https://index.docker.io/v1/", "index.docker.io", "docker.io", DOCKER_HUB];

/// Domains below which each name is another customer's registry, and which the public suffix list does not have.
const RENTED: [&str; 5] = ["azurecr.io", "azurecr.cn", "azurecr.us", "jfrog.io", "tencentcloudcr.com"];

/// The place where a registry, or the mirror declared for it, is asked.
#[derive(Clone, Debug)]
pub struct Endpoint {
    registry: Registry,
    /// Where the API begins; ends with `/v2`.
    base: Url,
    /// What a mirror has before the name of each repository, if anything.
    prefix: String,
    realm: Option<Url>,
    mirrored: bool,
}

impl Endpoint {
    /// Where `registry` is asked under `settings`.
    pub(super) fn of(registry: &Registry, settings: &Settings) -> Result<Self, NetError> {
        let declared = settings.registries.get(registry);
        let mirror = declared.and_then(|declared| declared.mirror.as_ref());
        let plain_http = declared.is_some_and(|declared| declared.plain_http);
        let (base, prefix) = match mirror {
            Some(mirror) => mirror_base(registry, mirror)?,
            None => (registry_base(registry, plain_http)?, String::new()),
        };
        if base.scheme() != "https" && !is_plain_allowed(&base, settings) {
            return Err(NetError::Insecure(Place::of(&base)));
        }
        Ok(Self {
            registry: registry.clone(),
            base,
            prefix,
            realm: declared.and_then(|declared| declared.realm.clone()),
            mirrored: mirror.is_some(),
        })
    }

    /// The registry's canonical name.
    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    /// Where it is asked.
    pub fn url(&self) -> &Url {
        &self.base
    }

    /// `host` or `host:port` of what is asked.
    pub fn host(&self) -> String {
        Place::of(&self.base).host().into()
    }

    /// Whether a mirror is asked in place of the registry.
    pub fn is_mirror(&self) -> bool {
        self.mirrored
    }

    /// Whether `url` is on the same origin as this endpoint.
    pub fn is_origin_of(&self, url: &Url) -> bool {
        self.base.origin() == url.origin()
    }

    /// A request for `tail` (as `tags/list?n=9`) of `repository`, authorized for pulling from it.
    pub fn request(&self, asked: Asked, repository: &Repository, tail: &str) -> Request {
        let mut url = self.base.clone();
        let (path, query) = tail.split_once('?').map_or((tail, None), |(path, query)| (path, Some(query)));
        url.set_path(&format!("{}/{}/{path}", self.base.path(), self.name_of(repository)));
        url.set_query(query);
        self.request_to(asked, repository, url)
    }

    /// A request for `url`, which the registry itself named; authorized only where it is this endpoint's.
    pub fn request_to(&self, asked: Asked, repository: &Repository, url: Url) -> Request {
        let mut request = Request::get(asked, url);
        request.behalf = Some(self.registry.clone());
        if self.is_origin_of(&request.url) {
            let (endpoint, name) = (Box::new(self.clone()), self.name_of(repository));
            request.access = Access::Registry { endpoint, name, actions: Actions::Pull };
        }
        request
    }

    /// The name that this host has for `repository`.
    pub(super) fn name_of(&self, repository: &Repository) -> String {
        match self.prefix.as_str() {
            "" => repository.path().into(),
            prefix => format!("{prefix}/{}", repository.path()),
        }
    }

    /// The names of this host in a Docker configuration.
    pub(super) fn logins(&self) -> Vec<String> {
        match self.base.host_str() {
            Some(DOCKER_HUB) => DOCKER_HUB_LOGINS.map(Into::into).into(),
            _ => vec![self.host()],
        }
    }

    /// What a person types after `docker login`.
    pub fn login_name(&self) -> String {
        match (self.registry.is_docker_hub(), self.mirrored) {
            (true, false) => String::new(),
            _ => format!(" {}", self.host()),
        }
    }

    /// Whether a token for this host may be asked of `realm`: on the same registrable domain, or declared.
    pub(super) fn allows_realm(&self, realm: &Url) -> bool {
        let declared = self.realm.as_ref().is_some_and(|declared| declared.origin() == realm.origin());
        declared
            || match (self.base.host(), realm.host()) {
                (Some(Host::Domain(base)), Some(Host::Domain(realm))) => is_same_domain(base, realm),
                (base, realm) => base == realm,
            }
    }
}

/// Whether two names are one, or are registered by one owner.
fn is_same_domain(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim_end_matches('.'), other.trim_end_matches('.'));
    one == other || registrable(one).is_some_and(|domain| registrable(other) == Some(domain))
}

/// The part of `host` that somebody registered, by the public suffix list with its private section; `None` where the
/// list has no such part, as in a name of one label.
fn registrable(host: &str) -> Option<&str> {
    let domain = psl::domain_str(host)?;
    (!RENTED.contains(&domain)).then_some(domain)
}

fn registry_base(registry: &Registry, plain_http: bool) -> Result<Url, NetError> {
    let scheme = match registry.is_loopback() || plain_http {
        true => "http",
        false => "https",
    };
    let host = match registry.is_docker_hub() {
        true => DOCKER_HUB,
        false => registry.as_str(),
    };
    Url::parse(&format!("{scheme}://{host}/v2")).map_err(|error| {
        NetError::Configuration(format!("the registry {registry} has no usable address: {error}"))
    })
}

/// Where a mirror's API begins, and what stands before its repositories' names. A `/v2` at either end of the path says
/// where that is; without one it is after the path.
fn mirror_base(registry: &Registry, mirror: &Url) -> Result<(Url, String), NetError> {
    let wrong = |why: &str| {
        let place = Place::of(mirror);
        Err(NetError::Configuration(format!("the mirror {place} of {registry} {why}")))
    };
    if !matches!(mirror.scheme(), "https" | "http") {
        return wrong("is not an https URL");
    }
    if !mirror.username().is_empty() || mirror.password().is_some() {
        return wrong("holds a credential, which belongs into the Docker configuration");
    }
    if mirror.query().is_some() || mirror.fragment().is_some() {
        return wrong("has a query or a fragment");
    }
    let mut base = mirror.clone();
    let path = mirror.path().trim_end_matches('/');
    let (api, prefix) = match path.strip_prefix("/v2/") {
        Some(prefix) => ("/v2".to_owned(), prefix.trim_start_matches('/')),
        None if path.ends_with("/v2") => (path.to_owned(), ""),
        None => (format!("{path}/v2"), ""),
    };
    base.set_path(&api);
    Ok((base, prefix.to_owned()))
}

/// Whether `url` names this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// Whether the host of `url` may be asked without TLS: on loopback, or declared.
pub(super) fn is_plain_allowed(url: &Url, settings: &Settings) -> bool {
    let place = Place::of(url);
    let mut plain = settings.registries.iter().filter(|(_, declared)| declared.plain_http);
    let is_mirror = |mirror: &String| url.as_str().starts_with(mirror.as_str());
    is_loopback(url)
        || settings.archives.iter().any(|(_, mirror)| is_mirror(mirror))
        || plain.any(|(registry, declared)| {
            let own = Url::parse(&format!("http://{registry}")).ok();
            let hosts = [own.as_ref(), declared.mirror.as_ref(), declared.realm.as_ref()];
            hosts.into_iter().flatten().any(|url| Place::of(url).host() == place.host())
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::RegistrySettings;

    fn settings(registry: &str, mirror: Option<&str>, realm: Option<&str>, plain_http: bool) -> Settings {
        let parse = |text: &str| Url::parse(text).unwrap();
        let declared = RegistrySettings {
            mirror: mirror.map(parse),
            realm: realm.map(parse),
            plain_http,
            ..RegistrySettings::default()
        };
        Settings { registries: [(registry.parse().unwrap(), declared)].into(), ..Settings::default() }
    }

    fn asked(repository: &str, settings: &Settings) -> Result<(String, String), String> {
        let repository: Repository = repository.parse().unwrap();
        let endpoint = Endpoint::of(repository.registry(), settings).map_err(|e| e.to_string())?;
        let request = endpoint.request(Asked::TagPage, &repository, "tags/list");
        let Access::Registry { name, .. } = &request.access else { panic!("a registry's request") };
        Ok((request.url.to_string(), name.clone()))
    }

    #[test]
    fn a_mirror_of_archives_may_be_plain_below_its_path() {
        let archives = vec![("https://a/".to_owned(), "http://m/x/".to_owned())];
        let settings = Settings { archives, ..Settings::default() };
        let allowed = |url: &str| is_plain_allowed(&Url::parse(url).unwrap(), &settings);
        assert!(allowed("http://m/x/y") && !allowed("http://m/z") && !allowed("http://n/x/"));
    }

    #[test]
    fn registries_are_asked_at_their_own_address() {
        for (repository, url) in [
            ("rust", "https://registry-1.docker.io/v2/library/rust/tags/list"),
            ("ghcr.io/a/b", "https://ghcr.io/v2/a/b/tags/list"),
            ("localhost:5000/a", "http://localhost:5000/v2/a/tags/list"),
            ("[::1]:5000/a", "http://[::1]:5000/v2/a/tags/list"),
            ("127.9.9.9/a", "http://127.9.9.9/v2/a/tags/list"),
            ("10.0.0.1:80/a", "https://10.0.0.1:80/v2/a/tags/list"),
        ] {
            assert_eq!(asked(repository, &Settings::default()).unwrap().0, url);
        }
        let plain = settings("10.0.0.1:80", None, None, true);
        assert_eq!(asked("10.0.0.1:80/a", &plain).unwrap().0, "http://10.0.0.1/v2/a/tags/list");
    }

    #[test]
    fn a_mirror_is_asked_instead() {
        let at = |mirror| asked("rust", &settings("docker.io", Some(mirror), None, false));
        for (mirror, url, name) in [
            ("https://m.example", "https://m.example/v2/library/rust/tags/list", "library/rust"),
            ("https://m.example/hub/", "https://m.example/hub/v2/library/rust/tags/list", "library/rust"),
            (
                "https://m.example/v2/hub",
                "https://m.example/v2/hub/library/rust/tags/list",
                "hub/library/rust",
            ),
            ("https://m.example/v2", "https://m.example/v2/library/rust/tags/list", "library/rust"),
            ("https://m.example/a/v2/", "https://m.example/a/v2/library/rust/tags/list", "library/rust"),
            (
                "https://m.example/v2/a/v2/b/",
                "https://m.example/v2/a/v2/b/library/rust/tags/list",
                "a/v2/b/library/rust",
            ),
            (
                "https://m.example/a/v2/b",
                "https://m.example/a/v2/b/v2/library/rust/tags/list",
                "library/rust",
            ),
            ("http://127.0.0.1:9", "http://127.0.0.1:9/v2/library/rust/tags/list", "library/rust"),
        ] {
            assert_eq!(at(mirror).unwrap(), (url.to_owned(), name.to_owned()));
        }
        assert!(at("http://m.example").unwrap_err().contains("is not HTTPS"));
        let secret = at("https://u:hunter2@m.example").unwrap_err();
        assert!(secret.contains("credential") && !secret.contains("hunter2"), "{secret}");
        let declared = settings("docker.io", Some("http://m.example"), None, true);
        assert!(asked("rust", &declared).is_ok());
    }

    #[test]
    fn a_push_goes_to_the_registry_and_not_without_tls_for_its_mirrors_sake() {
        let at = |mirror, plain| {
            let registry = "r.example".parse().unwrap();
            let settings = settings("r.example", Some(mirror), None, plain).without_mirror_of(&registry);
            let endpoint = Endpoint::of(&registry, &settings).unwrap();
            (endpoint.url().to_string(), endpoint.is_mirror())
        };
        assert_eq!(at("https://m.example", false), ("https://r.example/v2".to_owned(), false));
        assert_eq!(at("https://m.example", true), ("http://r.example/v2".to_owned(), false));
        assert_eq!(at("http://m.example", true), ("https://r.example/v2".to_owned(), false));
    }

    #[test]
    fn a_token_server_is_on_the_domain_or_declared() {
        let allows = |registry: &str, declared: Option<&str>, realm: &str| {
            let settings = settings(registry, None, declared, false);
            let endpoint = Endpoint::of(&registry.parse().unwrap(), &settings).unwrap();
            endpoint.allows_realm(&Url::parse(realm).unwrap())
        };
        assert!(allows("docker.io", None, "https://auth.docker.io/token"));
        assert!(allows("registry.gitlab.com", None, "https://gitlab.com/jwt/auth"));
        assert!(allows("127.0.0.1:1", None, "http://127.0.0.1:2/token"));
        assert!(!allows("127.0.0.1:1", None, "http://127.0.0.2:1/token"));
        assert!(!allows("ghcr.io", None, "https://auth.docker.io/token"));
        assert!(!allows("ghcr.io", None, "https://evil-ghcr.io/token"));
        assert!(!allows("docker.io", None, "https://docker.io.evil.example/token"));
        for (registry, evil) in [
            ("registry.acme.co.uk", "evil.co.uk"),
            ("acme.github.io", "evil.github.io"),
            ("acme.github.io", "github.io"),
            ("acme.azurecr.io", "evil.azurecr.io"),
            ("acme.azurecr.io", "azurecr.io"),
            ("10.0.0.1", "9.0.0.1"),
            ("registry:5000", "evil"),
            ("acme.github.io", "evil.github.io."),
        ] {
            assert!(!allows(registry, None, &format!("https://{evil}/token")), "{registry} -> {evil}");
        }
        for (registry, realm) in [
            ("registry.acme.co.uk", "auth.acme.co.uk"),
            ("acme.github.io", "acme.github.io"),
            ("acme.azurecr.io", "acme.azurecr.io:444"),
            ("registry.corp.internal", "auth.corp.internal"),
            ("registry:5000", "registry:5001"),
            ("co.uk", "co.uk"),
            ("[fe80::1]:5000", "[fe80::1]"),
        ] {
            assert!(allows(registry, None, &format!("https://{realm}/token")), "{registry} -> {realm}");
        }
        assert!(allows("ghcr.io", Some("https://auth.docker.io/x"), "https://auth.docker.io/token"));
        assert!(!allows("ghcr.io", Some("https://auth.docker.io"), "http://auth.docker.io/token"));
    }

    #[test]
    fn plain_http_is_for_loopback_and_for_declared_hosts() {
        let settings = settings("r.example:80", None, Some("http://auth.example"), true);
        let allowed = |url: &str| is_plain_allowed(&Url::parse(url).unwrap(), &settings);
        assert!(
            allowed("http://localhost:1/")
                && allowed("http://r.example/")
                && allowed("http://auth.example/t")
        );
        assert!(!allowed("http://r.example:81/") && !allowed("http://other.example/"));
    }
}
