//! What a client is told once: mirrors, certificates, proxies, credentials' place and limits.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::proxy::Proxies;
use crate::model::Registry;

/// Everything that a [`Client`](super::Client) does not decide by itself.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is declared of single registries, by canonical name.
    pub registries: BTreeMap<Registry, RegistrySettings>,
    /// Mirrors of git repositories: a URL prefix, and what replaces it (an HTTPS URL, a file URL or an absolute path).
    pub git: Vec<(String, String)>,
    /// Mirrors of archives: a URL prefix, and the URL prefix that replaces it.
    pub archives: Vec<(String, String)>,
    /// Tokens for git servers over HTTP.
    pub git_tokens: Vec<GitToken>,
    /// The folder that git servers are asked from: what git's configuration and helpers have there for a server is shown to
    /// it. Without one nothing is.
    pub git_folder: Option<PathBuf>,
    /// Certificate authorities besides those of the system, for all hosts and for proxies.
    pub ca: Vec<Pem>,
    /// Where certificates are by host, as Docker keeps them: `HOST[:PORT]/{*.crt,*.cert,*.key}`. It counts for
    /// registries that declare none.
    pub certificates: Option<PathBuf>,
    /// The Docker configuration file (`config.json`) that holds or names the credentials.
    pub docker_config: Option<PathBuf>,
    /// A file of the same form that is looked into before it.
    pub auth_file: Option<PathBuf>,
    /// The command that takes the place of `ssh`, as git's `GIT_SSH_COMMAND`: a shell command line.
    pub ssh_command: Option<String>,
    /// How often a request is sent at most.
    pub attempts: u32,
    /// How long to wait for the next bytes of an answer. The whole of it may take four times as long, with the
    /// redirects to it, and is not asked again then; all the pages of a list, and all that an index leaves to be asked,
    /// may take ten times as long.
    pub timeout: Duration,
    /// The delay before the first repetition; it doubles with each further one.
    pub base_delay: Duration,
    /// The longest delay, also where a server asks for more.
    pub max_delay: Duration,
    /// How many requests to one host may be under way at once.
    pub requests_per_host: usize,
    /// How many requests may be sent in all; any number where none is given.
    pub max_requests: Option<u64>,
    /// Sent as `User-Agent`.
    pub user_agent: String,
    /// What is asked through which proxy.
    pub proxies: Proxies,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            registries: BTreeMap::new(),
            git: Vec::new(),
            archives: Vec::new(),
            git_tokens: Vec::new(),
            git_folder: None,
            ca: Vec::new(),
            certificates: None,
            docker_config: None,
            auth_file: None,
            ssh_command: None,
            attempts: 3,
            timeout: Duration::from_secs(30),
            base_delay: Duration::from_millis(200),
            max_delay: Duration::from_secs(60),
            requests_per_host: 32,
            max_requests: None,
            user_agent: concat!("solera-pin/", env!("CARGO_PKG_VERSION")).into(),
            proxies: Proxies::default(),
        }
    }
}

impl Settings {
    /// The same with `registry` asked itself, as for a push: a mirror is for reading.
    #[must_use]
    pub fn without_mirror_of(mut self, registry: &Registry) -> Self {
        if let Some(declared) = self.registries.get_mut(registry)
            && let Some(mirror) = declared.mirror.take()
        {
            // Where the mirror has no TLS that was said of the mirror, and a login is shown to no other without.
            declared.plain_http &= mirror.scheme() == "https";
        }
        self
    }
}

/// What is declared of one registry.
#[derive(Clone, Debug, Default)]
pub struct RegistrySettings {
    /// Asked instead of the registry; results keep the registry's canonical name.
    pub mirror: Option<Url>,
    /// The token server, where it is on another domain than the registry.
    pub realm: Option<Url>,
    /// Certificate authorities of this registry. They are trusted for what is asked on its behalf: of the registry or
    /// its mirror, of its token server, and of where these redirect to.
    pub ca: Vec<Pem>,
    /// Who we are to this registry. It is shown to the registry's, or its mirror's, own origin and nowhere else.
    pub identity: Option<Identity>,
    /// A Docker configuration that is looked into first, for this registry.
    pub auth_file: Option<PathBuf>,
    /// Whether registry, mirror and token server may be asked without TLS.
    pub plain_http: bool,
}

/// A token for the git repositories below a URL.
#[derive(Clone, Debug)]
pub struct GitToken {
    /// What the place that is asked begins with: origin, and whole parts of a path.
    pub below: Url,
    /// The user that goes with it.
    pub user: String,
    /// The token; or why there is none, which concerns only who asks below.
    pub token: Result<SecretString, String>,
    /// Where it comes from, for messages.
    pub source: String,
}

impl GitToken {
    /// Whether it is for a repository at `url`.
    pub fn covers(&self, url: &Url) -> bool {
        let path = self.below.path().trim_end_matches('/');
        let rest = url.path().strip_prefix(path);
        url.origin() == self.below.origin()
            && rest.is_some_and(|rest| matches!(rest, "" | ".git") || rest.starts_with('/'))
    }
}

/// The content of a PEM file, and the file that errors name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pem {
    /// The file.
    pub file: PathBuf,
    /// What it holds.
    pub text: Vec<u8>,
}

/// A client's certificate with its key.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate, with those between it and the authority.
    pub certificate: Pem,
    /// The file of the key.
    pub key_file: PathBuf,
    /// The key, in PEM.
    pub key: SecretString,
}
