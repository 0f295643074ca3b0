//! Image repositories under their canonical names: all spellings of Docker Hub are one.

use std::fmt;
use std::str::FromStr;

/// The host and optional port of a registry, in lower case; Docker Hub is `docker.io`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Registry(String);

impl Registry {
    /// `host` or `host:port`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is Docker Hub.
    pub fn is_docker_hub(&self) -> bool {
        self.0 == "docker.io"
    }

    /// Whether the host is this machine: `localhost`, `127.0.0.0/8` or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        let host = match self.0.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => self.0.split(':').next().unwrap_or_default(),
        };
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl FromStr for Registry {
    type Err = RepositoryError;

    fn from_str(text: &str) -> Result<Self, RepositoryError> {
        let wrong = |reason| Err(RepositoryError { text: text.into(), reason });
        let host = text.to_ascii_lowercase();
        let (name, port) = split_port(&host);
        if let Some(inner) = name.strip_prefix('[') {
            let inner = inner.strip_suffix(']').unwrap_or_default();
            if inner.parse::<std::net::Ipv6Addr>().is_err() {
                return wrong("what is between `[` and `]` is not an IPv6 address");
            }
        } else if name.is_empty() || !name.split('.').all(is_host_label) {
            return wrong("its host is not a host name");
        }
        if port.is_some_and(|port| port.parse::<u16>().map_or(true, |port| port == 0)) {
            return wrong("its port is not a number from 1 to 65535");
        }
        Ok(Self(match host.as_str() {
            "index.docker.io" | "registry-1.docker.io" => "docker.io".into(),
            _ => host,
        }))
    }
}

fn split_port(host: &str) -> (&str, Option<&str>) {
    let after_address = host.rfind(']').unwrap_or(0);
    match host[after_address..].find(':') {
        Some(colon) => (&host[..after_address + colon], Some(&host[after_address + colon + 1..])),
        None => (host, None),
    }
}

fn is_host_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `registry/path`, fully spelled out: `docker.io/library/rust`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    registry: Registry,
    path: String,
}

/// Why a text is not a repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an image repository: {reason}")]
pub struct RepositoryError {
    text: String,
    reason: &'static str,
}

impl Repository {
    /// The registry that it is named after (not a mirror).
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// As short as a Dockerfile may write it: `rust` for `docker.io/library/rust`.
    pub fn familiar(&self) -> String {
        let official = self.path.strip_prefix("library/").filter(|name| !name.contains('/'));
        match (self.registry.is_docker_hub(), official) {
            (true, Some(name)) => name.to_owned(),
            (true, None) => self.path.clone(),
            (false, _) => self.to_string(),
        }
    }

    /// The path below the registry, `library/` included.
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl FromStr for Repository {
    type Err = RepositoryError;

    /// Follows the reference grammar of the distribution project: the first component is a host when it holds
    /// a `.` or a `:`, is `localhost`, or has an upper-case letter.
    fn from_str(text: &str) -> Result<Self, RepositoryError> {
        let wrong = |reason| Err(RepositoryError { text: text.into(), reason });
        let (host, rest) = match text.split_once('/') {
            Some((first, rest)) if is_host(first) => (first, rest),
            _ => ("docker.io", text),
        };
        let registry = host.parse::<Registry>().map_err(|e| RepositoryError { text: text.into(), ..e })?;
        let path = match rest {
            name if registry.is_docker_hub() && !name.contains('/') => format!("library/{name}"),
            path => path.to_owned(),
        };
        if rest.is_empty() {
            return wrong("it names no repository");
        }
        if path.len() > 255 {
            return wrong("its path has more than 255 characters");
        }
        if path.bytes().any(|b| b.is_ascii_uppercase()) {
            return wrong("a repository's path is in lower case");
        }
        if !path.split('/').all(is_path_component) {
            return wrong(
                "a component of its path is not lower-case letters and digits, separated by `.`, `_`, `__` or `-`",
            );
        }
        Ok(Self { registry, path })
    }
}

fn is_host(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost" || first.bytes().any(|b| b.is_ascii_uppercase())
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(component: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = component.as_bytes();
    let ends = |end: Option<&u8>| end.copied().is_some_and(alphanumeric);
    let separators = component.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    ends(bytes.first())
        && ends(bytes.last())
        && separators
            .filter(|separator| !separator.is_empty())
            .all(|separator| matches!(separator, "." | "_" | "__") || separator.bytes().all(|b| b == b'-'))
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}

super::text_type!(Registry);
super::text_type!(Repository);

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        text.parse::<Repository>().map_or_else(|e| format!("error: {e}"), |r| r.to_string())
    }

    #[test]
    fn all_spellings_of_docker_hub_are_one() {
        for text in [
            "rust",
            "library/rust",
            "docker.io/rust",
            "docker.io/library/rust",
            "index.docker.io/library/rust",
            "registry-1.docker.io/library/rust",
            "Docker.IO/rust",
        ] {
            assert_eq!(canonical(text), "docker.io/library/rust", "{text}");
        }
        assert_eq!(canonical("bitnami/redis"), "docker.io/bitnami/redis");
    }

    #[test]
    fn a_familiar_name_is_the_shortest_that_means_the_same() {
        for (text, familiar) in [
            ("docker.io/library/rust", "rust"),
            ("docker.io/library/a/b", "library/a/b"),
            ("bitnami/redis", "bitnami/redis"),
            ("ghcr.io/acme/app", "ghcr.io/acme/app"),
            ("localhost:5000/library/rust", "localhost:5000/library/rust"),
        ] {
            let repository: Repository = text.parse().unwrap();
            assert_eq!(repository.familiar(), familiar);
            assert_eq!(canonical(familiar), repository.to_string());
        }
    }

    #[test]
    fn hosts_have_ports_addresses_and_case() {
        assert_eq!(canonical("localhost/a"), "localhost/a");
        assert_eq!(canonical("localhost:5000/a/b"), "localhost:5000/a/b");
        assert_eq!(canonical("[::1]:5000/a"), "[::1]:5000/a");
        assert_eq!(canonical("[2001:db8::1]/a"), "[2001:db8::1]/a");
        assert_eq!(canonical("UPPER/x"), "upper/x");
        assert_eq!(canonical("ghcr.io/acme/app__x-y.z"), "ghcr.io/acme/app__x-y.z");
        // a path component that looks like a host is a path component
        assert_eq!(canonical("ghcr.io/docker.io/library/rust"), "ghcr.io/docker.io/library/rust");
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, says) in [
            ("", "names no repository"),
            ("ghcr.io/", "names no repository"),
            ("ghcr.io/Acme/app", "lower case"),
            ("host:0/a", "port"),
            ("host:99999/a", "port"),
            ("[::zz]/a", "IPv6"),
            ("a//b", "component"),
            ("a/b_", "component"),
            ("a/b___c", "component"),
            ("-.example/a", "host"),
        ] {
            assert!(canonical(text).contains(says), "{text}: {}", canonical(text));
        }
    }

    #[test]
    fn loopback_is_told_from_the_name_alone() {
        let loopback = |text: &str| text.parse::<Registry>().unwrap().is_loopback();
        assert!(loopback("localhost:5000") && loopback("127.3.2.1") && loopback("[::1]:1"));
        assert!(!loopback("localhost.example") && !loopback("128.0.0.1") && !loopback("[::2]"));
    }
}
