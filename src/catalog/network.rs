//! `[registries]`, `[git]` and `[network]`, in a repository's policy and in a user's own file: where upstreams are
//! asked, and who is trusted on the way. Nothing here changes a decision.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::duration;
use super::git::{self, GitMirror, GitToken};
use crate::document::{Entry, Problem, Section, SourceFile, parse_toml};
use crate::model::{Registry, holds_login};

/// `[registries]`, `[git]` and `[network]`: nothing here changes a decision.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// By canonical name.
    pub registries: BTreeMap<Registry, RegistryPolicy>,
    /// The longest matching prefix applies.
    pub git: Vec<GitMirror>,
    /// Where archives are asked: a URL prefix, and what stands there instead. The longest matching prefix applies.
    pub archives: BTreeMap<String, String>,
    /// Of a user's file alone. The longest matching prefix applies, to the place that is asked.
    pub git_tokens: Vec<GitToken>,
    /// PEM files, relative to the repository or, in a user's file, absolute.
    pub ca_files: Vec<String>,
    /// How long the next bytes of an answer are waited for.
    pub timeout: Option<Duration>,
    /// The longest pause that a server may ask for.
    pub max_wait: Option<Duration>,
    /// Where credentials are, of a user's own file alone.
    pub auth_file: Option<String>,
    /// Where the machine has certificates by host, of a user's own file alone.
    pub certs_dir: Option<String>,
}

/// `[registries."HOST"]`
#[derive(Clone, Debug, Default)]
pub struct RegistryPolicy {
    /// Asked instead; the canonical name stays in the lock.
    pub mirror: Option<url::Url>,
    /// The token server, where it is on another domain.
    pub realm: Option<url::Url>,
    /// A PEM file.
    pub ca: Option<String>,
    /// The PEM files of our certificate and its key.
    pub client: Option<ClientFiles>,
    /// Where credentials for it are, of a user's own file alone.
    pub auth_file: Option<String>,
    /// Whether it is asked without TLS.
    pub plain_http: Option<bool>,
}

/// `client-cert` and `client-key`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientFiles {
    /// The certificate, with those between it and the authority.
    pub cert: String,
    /// Its key.
    pub key: String,
}

/// Whose file settings of the network stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    Repository,
    User,
}

impl RegistryPolicy {
    /// What is declared here, and where nothing is, what is declared in `other`.
    fn or(self, other: Self) -> Self {
        Self {
            mirror: self.mirror.or(other.mirror),
            realm: self.realm.or(other.realm),
            ca: self.ca.or(other.ca),
            client: self.client.or(other.client),
            auth_file: self.auth_file.or(other.auth_file),
            plain_http: self.plain_http.or(other.plain_http),
        }
    }
}

impl Network {
    /// Adds a user's own settings, each of which goes before the repository's.
    #[must_use]
    pub fn with_user(mut self, user: Self) -> Self {
        for (registry, own) in user.registries {
            let declared = self.registries.remove(&registry).unwrap_or_default();
            self.registries.insert(registry, own.or(declared));
        }
        self.git.retain(|mirror| !user.git.iter().any(|own| own.prefix == mirror.prefix));
        self.git.extend(user.git);
        self.archives.extend(user.archives);
        self.git_tokens.extend(user.git_tokens);
        self.ca_files.extend(user.ca_files);
        self.timeout = user.timeout.or(self.timeout);
        self.max_wait = user.max_wait.or(self.max_wait);
        self.auth_file = user.auth_file.or(self.auth_file);
        self.certs_dir = user.certs_dir.or(self.certs_dir);
        self
    }

    /// Every path of a file or folder in it.
    pub fn paths_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let own = self.registries.values_mut().flat_map(|registry| {
            let client = registry.client.iter_mut().flat_map(|files| [&mut files.cert, &mut files.key]);
            registry.ca.iter_mut().chain(&mut registry.auth_file).chain(client)
        });
        own.chain(&mut self.ca_files).chain(&mut self.auth_file).chain(&mut self.certs_dir)
    }
}

/// Parses a user's own file, which may hold `[network]`, `[registries]` and `[git]` only.
pub fn parse_user(file: &Arc<SourceFile>) -> Result<Network, Vec<Problem>> {
    let document = parse_toml(file).map_err(|problem| vec![problem])?;
    let mut root = Section::root(&document, file);
    let (mut network, mut problems) = (Network::default(), Vec::new());
    read(Whose::User, &mut root, &mut network, &mut problems);
    root.finish(&mut problems);
    match problems.is_empty() {
        true => Ok(network),
        false => Err(problems),
    }
}

pub(super) fn read(whose: Whose, root: &mut Section<'_>, network: &mut Network, problems: &mut Vec<Problem>) {
    for (host, entry) in root.read("registries", problems, Entry::section).iter().flat_map(Section::entries) {
        let registry = host.parse::<Registry>().map_err(|error| entry.problem(error.to_string()));
        match registry.and_then(|registry| Ok((registry, entry.section()?))) {
            Ok((registry, section)) => {
                let policy = read_registry(whose, &registry, section, problems);
                network.registries.insert(registry, policy);
            }
            Err(problem) => problems.push(problem),
        }
    }
    for (prefix, entry) in root.read("git", problems, Entry::section).iter().flat_map(Section::entries) {
        match entry.section() {
            Ok(section) => git::read(prefix, section, network, whose, problems),
            Err(problem) => problems.push(problem),
        }
    }
    for (prefix, entry) in root.read("archives", problems, Entry::section).iter().flat_map(Section::entries) {
        let mirror = archive_mirror(prefix, &entry, problems);
        network.archives.extend(mirror);
    }
    if let Some(mut section) = root.read("network", problems, Entry::section) {
        let files = section.read("ca-files", problems, Entry::texts);
        network.ca_files.extend(files.unwrap_or_default());
        network.timeout = section.read("timeout", problems, timeout);
        network.max_wait = section.read("max-wait", problems, duration::read);
        network.auth_file = section.read("auth-file", problems, |entry| of_user(whose, entry));
        network.certs_dir = section.read("certs-dir", problems, |entry| of_user(whose, entry));
        section.finish(problems);
    }
}

/// `[archives."PREFIX"]`
fn archive_mirror(prefix: &str, entry: &Entry<'_>, problems: &mut Vec<Problem>) -> Option<(String, String)> {
    let mut section = entry.section().map_err(|problem| problems.push(problem)).ok()?;
    let whole = |url: &url::Url| {
        matches!(url.scheme(), "http" | "https") && url.query().is_none() && url.fragment().is_none()
    };
    // In its normal form, as what is asked for is compared.
    let start = prefix.parse::<url::Url>().ok().filter(|url| whole(url) && !holds_login(prefix));
    if start.is_none() {
        problems.push(section.problem("the head of the table is not the start of a URL over HTTP"));
    }
    let plain = section.read("plain-http", problems, Entry::boolean) == Some(true);
    let mirror = section.require("mirror", problems, |entry| match web_url(entry, plain)? {
        url if whole(&url) => Ok(url.to_string()),
        _ => Err(entry.problem("a mirror is the start of a URL, without a query")),
    });
    section.finish(problems);
    Some((start?.to_string(), mirror?))
}

/// A duration of some length: nothing answers at once.
fn timeout(entry: &Entry<'_>) -> Result<Duration, Problem> {
    match duration::read(entry)? {
        none if none.is_zero() => Err(entry.problem(format!("`{}` must be a second or more", entry.path))),
        some => Ok(some),
    }
}

fn read_registry(
    whose: Whose,
    registry: &Registry,
    mut section: Section<'_>,
    problems: &mut Vec<Problem>,
) -> RegistryPolicy {
    let plain_http = section.read("plain-http", problems, Entry::boolean);
    let plain = plain_http == Some(true) || registry.is_loopback();
    let url = |entry: &Entry<'_>| web_url(entry, plain);
    let policy = RegistryPolicy {
        mirror: section.read("mirror", problems, url),
        realm: section.read("realm", problems, url),
        ca: section.read("ca", problems, |entry| entry.text().map(str::to_owned)),
        client: read_client(whose, &mut section, problems),
        auth_file: section.read("auth-file", problems, |entry| of_user(whose, entry)),
        plain_http,
    };
    section.finish(problems);
    policy
}

/// Both of `client-cert` and `client-key`, or neither.
fn read_client(whose: Whose, section: &mut Section<'_>, problems: &mut Vec<Problem>) -> Option<ClientFiles> {
    let (cert, key) = (section.take("client-cert"), section.take("client-key"));
    let read = match (&cert, &key) {
        (Some(cert), Some(key)) => {
            cert.text().and_then(|cert| Ok(ClientFiles { cert: cert.into(), key: key_file(whose, key)? }))
        }
        (Some(half), None) | (None, Some(half)) => Err(half
            .problem(format!("`{}` is only one half: a certificate is shown with its key", half.path))
            .help("declare both, `client-cert` and `client-key`")),
        (None, None) => return None,
    };
    read.map_err(|problem| problems.push(problem)).ok()
}

/// A private key's file. One that a repository names by a relative path would be a secret in it.
fn key_file(whose: Whose, entry: &Entry<'_>) -> Result<String, Problem> {
    let text = entry.text()?;
    let outside = text.starts_with('/') || text.starts_with("~/");
    match whose == Whose::User || outside {
        true => Ok(text.into()),
        false => Err(entry
            .problem(format!("`{}` would be a private key inside the repository", entry.path))
            .help("name a file outside of it, as /etc/… or ~/…, or declare it in your own configuration")),
    }
}

/// A path that says where a person or a machine keeps something, which is not for a repository to say.
fn of_user(whose: Whose, entry: &Entry<'_>) -> Result<String, Problem> {
    let text = entry.text()?;
    match whose {
        Whose::User => Ok(text.into()),
        Whose::Repository => Err(entry
            .problem(format!("`{}` is a person's own setting, not a repository's", entry.path))
            .help(
                "it belongs into ~/.config/solera-pin/config.toml, or the file that SOLERA_PIN_CONFIG names",
            )),
    }
}

/// An `https` URL, or `http` on loopback or where plain HTTP is declared.
pub(super) fn web_url(entry: &Entry<'_>, plain: bool) -> Result<url::Url, Problem> {
    check_web(entry, entry.parse()?, plain)
}

/// Whether `url`, which `entry` says, may be asked.
pub(super) fn check_web(entry: &Entry<'_>, url: url::Url, plain: bool) -> Result<url::Url, Problem> {
    let credential = !url.username().is_empty() || url.password().is_some();
    let loopback =
        url.host_str().is_some_and(|host| host.parse::<Registry>().is_ok_and(|host| host.is_loopback()));
    match url.scheme() {
        _ if credential => Err(entry.problem(format!("`{}` must not hold a credential", entry.path))),
        "https" => Ok(url),
        "http" if plain || loopback => Ok(url),
        "http" => Err(entry
            .problem(format!("`{}` is plain HTTP on another machine", entry.path))
            .help("use https, or declare `plain-http = true` beside it")),
        _ => Err(entry.problem(format!("`{}` must be an https URL", entry.path))),
    }
}
