//! What a client is told once: mirrors, certificates, credentials' place and limits.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use crate::model::Registry;

/// Everything that a [`Client`](super::Client) does not decide by itself.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is declared of single registries, by canonical name.
    pub registries: BTreeMap<Registry, RegistrySettings>,
    /// Mirrors of git repositories: a URL prefix, and what replaces it (an HTTPS URL, a file URL or an absolute path).
    pub git: Vec<(String, String)>,
    /// Certificate authorities besides those of the system, in PEM.
    pub ca_pem: Vec<Vec<u8>>,
    /// The Docker configuration file (`config.json`) that holds or names the credentials.
    pub docker_config: Option<PathBuf>,
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
    /// Sent as `User-Agent`.
    pub user_agent: String,
    /// Whether `HTTPS_PROXY`, `NO_PROXY` and their like count.
    pub system_proxy: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            registries: BTreeMap::new(),
            git: Vec::new(),
            ca_pem: Vec::new(),
            docker_config: None,
            ssh_command: None,
            attempts: 3,
            timeout: Duration::from_secs(30),
            base_delay: Duration::from_millis(200),
            max_delay: Duration::from_secs(60),
            requests_per_host: 32,
            user_agent: concat!("solera-pin/", env!("CARGO_PKG_VERSION")).into(),
            system_proxy: true,
        }
    }
}

/// What is declared of one registry.
#[derive(Clone, Debug, Default)]
pub struct RegistrySettings {
    /// Asked instead of the registry; results keep the registry's canonical name.
    pub mirror: Option<Url>,
    /// The token server, where it is on another domain than the registry.
    pub realm: Option<Url>,
    /// Certificate authorities of this registry, in PEM. They are trusted for the whole client.
    pub ca_pem: Vec<Vec<u8>>,
    /// Whether registry, mirror and token server may be asked without TLS.
    pub plain_http: bool,
}
