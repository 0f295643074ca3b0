//! Why a request has no usable answer.

use std::time::Duration;

use url::Url;

/// The classes of failure that callers tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The upstream says that it does not exist.
    NotFound,
    /// The upstream refuses to tell us.
    Denied,
    /// No answer, or none but transient failures.
    Unreachable,
    /// An answer that breaks the protocol, or that our rules refuse.
    Protocol,
    /// Content that does not match its digest.
    Integrity,
    /// A file or a setting of the user is wrong.
    Configuration,
}

/// Why a request has no usable answer. No variant holds a secret, or a URL with its query.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// A certificate, a credential store or a mirror that cannot be used as declared.
    #[error("{0}")]
    Configuration(String),
    /// Plain HTTP to a host that is neither on loopback nor declared.
    #[error("{0} is not HTTPS")]
    Insecure(Place),
    /// No connection, or one that broke.
    #[error("{place} {}{proxy}{cause}{}", if *.reached { "broke off its answer" } else { "cannot be reached" }, times(*.attempts))]
    Transport {
        /// What was asked.
        place: Place,
        /// The proxy between here and there.
        proxy: Between,
        /// The innermost cause.
        cause: String,
        /// Whether it had begun to answer.
        reached: bool,
        /// How often it was tried.
        attempts: u32,
    },
    /// A proxy that wants to know who asks.
    #[error("{place} cannot be reached: the proxy {proxy} {}", if *.shown { "refused the user and the password that it was given" } else { "wants a user and a password" })]
    ProxyLogin {
        /// What was asked.
        place: Place,
        /// The proxy's `host:port`.
        proxy: String,
        /// Whether it was given a user or a password.
        shown: bool,
    },
    /// A transient status, to the last attempt.
    #[error("{place} answered {status}{}{}", reason(*.status, *.retry_after), times(*.attempts))]
    Transient {
        /// What was asked.
        place: Place,
        /// The status of the last answer.
        status: u16,
        /// When the server wants to be asked again.
        retry_after: Option<Duration>,
        /// How often it was tried.
        attempts: u32,
    },
    /// An answer that comes too slowly, or too many of them.
    #[error("{place} {} {}", if *.together { "was not done within" } else { "was still sending after" }, seconds(*.limit))]
    Slow {
        /// What was asked.
        place: Place,
        /// How long it was waited for.
        limit: Duration,
        /// Whether the limit is that of several requests.
        together: bool,
    },
    /// More bytes than any honest answer has.
    #[error("{place} sent more than {limit} bytes")]
    TooLarge {
        /// What was asked.
        place: Place,
        /// The cap.
        limit: usize,
    },
    /// An answer that we refuse to act on.
    #[error("{place} {what}")]
    Refused {
        /// What was asked.
        place: Place,
        /// What it did, as a predicate.
        what: String,
    },
    /// As many requests were sent as the user allows.
    #[error("{place} was not asked: the {limit} requests that --max-requests allows were sent")]
    Budget {
        /// What would have been asked.
        place: Place,
        /// How many requests were allowed.
        limit: u64,
    },
    /// Not authorized, after all that could be tried.
    #[error("{place} {what}")]
    Denied {
        /// What was asked.
        place: Place,
        /// What it did, as a predicate.
        what: String,
        /// What to do about it.
        hint: String,
    },
    /// A token server that is not the registry's own and not declared.
    #[error("{place} asks for a token from {realm}, which is on another domain and not declared")]
    Realm {
        /// What was asked.
        place: Place,
        /// Where the token would come from.
        realm: Place,
        /// The registry's canonical name.
        registry: String,
    },
}

impl NetError {
    /// That a host cannot be reached, which another request to it found out, as the answer to this one.
    pub(super) fn about(self, url: &Url) -> Self {
        match self {
            Self::Transport { place, proxy, cause, reached: false, attempts }
                if is_same_host(&place, url) =>
            {
                Self::Transport { place: Place::of(url), proxy, cause, reached: false, attempts }
            }
            Self::ProxyLogin { place, proxy, shown } if is_same_host(&place, url) => {
                Self::ProxyLogin { place: Place::of(url), proxy, shown }
            }
            other => other,
        }
    }

    /// Whether every other request to the host would end in the same way.
    pub(super) fn is_about_host(&self) -> bool {
        matches!(self, Self::Transport { reached: false, .. } | Self::ProxyLogin { .. })
    }

    /// The class of this failure.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Configuration(_) => Kind::Configuration,
            Self::Insecure(_) | Self::TooLarge { .. } | Self::Refused { .. } => Kind::Protocol,
            Self::Transport { .. } | Self::Transient { .. } | Self::Slow { .. } | Self::Budget { .. } => {
                Kind::Unreachable
            }
            Self::Denied { .. } | Self::Realm { .. } | Self::ProxyLogin { .. } => Kind::Denied,
        }
    }

    /// Why this was not even asked, where that holds for whatever else would be asked of its host: it then needs to be
    /// said once.
    pub fn not_asked(&self) -> Option<String> {
        match self {
            Self::Budget { limit, .. } => {
                Some(format!("the {limit} requests that --max-requests allows were sent"))
            }
            Self::Transient { place, status, retry_after, attempts: 0 } => {
                Some(format!("{} answered {status}{}", place.host(), reason(*status, *retry_after)))
            }
            _ => None,
        }
    }

    /// Whether the same may have an answer, if it is begun anew after a while.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Transport { .. } | Self::Transient { .. }) && self.not_asked().is_none()
    }

    /// What to do next, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Insecure(place) => Some(format!(
                "use https, or declare `plain-http = true` for {} if its network is trusted",
                place.host()
            )),
            Self::Transport { place, proxy, cause, .. } => Some(proxy.hint(place.host(), cause)),
            Self::ProxyLogin { proxy, shown: false, .. } => Some(format!(
                "put them into the variable that names the proxy: HTTPS_PROXY=http://USER:PASSWORD@{proxy}"
            )),
            Self::ProxyLogin { .. } => Some(
                "check them in the variable that names the proxy; there `@`, `:` and `/` are %40, %3A and %2F".into(),
            ),
            Self::Transient { status: 429, .. } => Some(
                "ask less often, log in for a higher limit, or declare a mirror for this registry".into(),
            ),
            Self::Transient { .. } => Some("run it again later".into()),
            Self::Budget { .. } => Some("allow more, or run it again: what was answered is kept".into()),
            Self::Slow { .. } => Some("run it again later, or declare a mirror that is faster".into()),
            Self::Denied { hint, .. } => Some(hint.clone()),
            Self::Realm { realm, registry, .. } => Some(format!(
                "if {} is the token server of {registry}, declare `realm = \"{realm}\"` under [registries.\"{registry}\"]",
                realm.host()
            )),
            Self::Configuration(_) | Self::TooLarge { .. } | Self::Refused { .. } => None,
        }
    }
}

/// Whether `place` is on the host of `url`.
fn is_same_host(place: &Place, url: &Url) -> bool {
    place.host() == Place::of(url).host()
}

/// The proxy, as `host:port`, that a request went through, and whether it is to blame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Between {
    /// There is none.
    Nothing,
    /// It did its part, as far as is known.
    Proxy(String),
    /// It did not do its part.
    BadProxy(String),
}

impl std::fmt::Display for Between {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str(": "),
            Self::Proxy(proxy) => write!(f, " through the proxy {proxy}: "),
            Self::BadProxy(proxy) => write!(f, ": the proxy {proxy} "),
        }
    }
}

impl Between {
    /// What to do about `cause`.
    fn hint(&self, host: &str, cause: &str) -> String {
        // The second is what an authority of the same name as one that is trusted comes to.
        let unknown = cause.contains("UnknownIssuer") || cause.contains("BadSignature");
        match self {
            Self::BadProxy(proxy) if unknown => format!(
                "if the authority that vouches for {proxy} is to be trusted, name its certificate under `ca-files` of [network]"
            ),
            Self::BadProxy(proxy) => format!(
                "check that {proxy} is the proxy to use for {host}: HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names it, NO_PROXY \
                 the hosts that need none"
            ),
            _ if unknown => format!(
                "if the authority that vouches for {host} is to be trusted, name its certificate as `ca` of the registry, or \
                 under `ca-files` of [network]"
            ),
            _ if cause.contains("CertificateRequired") => {
                format!("declare `client-cert` and `client-key` of the registry that {host} is")
            }
            Self::Nothing => format!("check the network, the proxy and the certificates for {host}"),
            Self::Proxy(proxy) => {
                format!("check the network, the proxy {proxy} and the certificates for {host}")
            }
        }
    }
}

fn times(attempts: u32) -> String {
    match attempts {
        0 => " (not asked)".into(),
        1 => String::new(),
        n => format!(" (tried {n} times)"),
    }
}

/// A duration as it is said.
pub(super) fn seconds(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{} ms", duration.as_millis()),
        seconds => format!("{seconds} s"),
    }
}

/// What asks for longer does not mean a time.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn reason(status: u16, retry_after: Option<Duration>) -> String {
    let what = match status {
        429 => ": rate limited",
        _ => ", a failure on its side",
    };
    match retry_after {
        Some(wait) if wait > DAY => format!("{what}; it wants to be left alone for more than a day"),
        Some(wait) => format!("{what}; it may be asked again in {} s", wait.as_secs()),
        None => what.into(),
    }
}

/// A URL without user, query and fragment, which is where secrets travel.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    host: String,
    text: String,
}

impl Place {
    /// What may be shown of `url`.
    pub fn of(url: &Url) -> Self {
        let host = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (Some(host), None) => host.into(),
            (None, _) => String::new(),
        };
        Self { text: format!("{}://{host}{}", url.scheme(), url.path()), host }
    }

    /// A host that is reached in another way than over HTTP.
    pub(super) fn named(host: &str) -> Self {
        Self { host: host.to_owned(), text: host.to_owned() }
    }

    /// `host` or `host:port`.
    pub fn host(&self) -> &str {
        &self.host
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}
