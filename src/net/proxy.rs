//! Which proxy stands before a host, from the variables that other tools read too.
//!
//! The variables are read here and not by the HTTP library, so that it can be told which proxy is used for what, and
//! that one that is misspelt is a mistake and not a connection past the proxy. Loopback is never behind a proxy: a
//! proxy's loopback is another machine's.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::fmt;
use std::sync::Arc;

use hyper_util::client::proxy::matcher::Matcher;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::NetError;
use super::endpoint::is_loopback;

const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// The proxies of an environment, by what they stand before. Its `Debug` shows no password.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    direct: Direct,
}

/// One proxy. Its `Debug` and `Display` show neither its user nor its password.
#[derive(Clone)]
pub struct Proxy {
    /// With the user and the password.
    url: Arc<SecretString>,
    scheme: String,
    host: String,
    has_login: bool,
}

/// What is asked without a proxy.
#[derive(Clone, Default)]
struct Direct {
    all: bool,
    /// Names and addresses, by the port that they are limited to.
    hosts: BTreeMap<Option<u16>, Arc<Matcher>>,
}

impl Proxies {
    /// The proxies that these variables name. The name in capitals goes first; `ALL_PROXY` is for what has none of its
    /// own. Under CGI a caller can set `HTTP_PROXY` by a header, so that there it says nothing.
    pub fn from_environment<'a>(variable: impl Fn(&str) -> Option<&'a str>) -> Result<Self, NetError> {
        let either = |upper: &str| {
            let lower = upper.to_ascii_lowercase();
            let named =
                [upper, lower.as_str()].map(|name| variable(name).map(|value| (name.to_owned(), value)));
            let cgi = upper == "HTTP_PROXY" && variable("REQUEST_METHOD").is_some();
            named.into_iter().skip(usize::from(cgi)).flatten().find(|(_, value)| !value.trim().is_empty())
        };
        let proxy = |upper: &str| either(upper).map(|(name, value)| Proxy::parse(&name, value)).transpose();
        let all = proxy("ALL_PROXY")?;
        Ok(Self {
            http: proxy("HTTP_PROXY")?.or_else(|| all.clone()),
            https: proxy("HTTPS_PROXY")?.or(all),
            direct: either("NO_PROXY").map(|(_, value)| Direct::parse(value)).unwrap_or_default(),
        })
    }

    /// The proxy that `url` is asked through.
    pub fn of(&self, url: &Url) -> Option<&Proxy> {
        let proxy = match url.scheme() {
            "https" => self.https.as_ref(),
            "http" => self.http.as_ref(),
            _ => None,
        };
        proxy.filter(|_| !is_loopback(url) && !self.direct.has(url))
    }
}

impl fmt::Display for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = [("http", &self.http), ("https", &self.https)];
        let named: Vec<String> = named
            .into_iter()
            .filter_map(|(scheme, proxy)| Some(format!("{scheme} through {}", proxy.as_ref()?)))
            .collect();
        match named.is_empty() {
            true => f.write_str("none"),
            false => f.write_str(&named.join(", ")),
        }
    }
}

impl Proxy {
    fn parse(variable: &str, value: &str) -> Result<Self, NetError> {
        let value = value.trim();
        let text = match value.contains("://") {
            true => value.to_owned(),
            false => format!("http://{value}"),
        };
        // The value may hold a password: it is not repeated.
        let wrong =
            |why: &str| NetError::Configuration(format!("{variable} names no proxy that can be used: {why}"));
        let mut url =
            Url::parse(&text).map_err(|_| wrong("it is not a URL, as http://proxy.example:3128 is"))?;
        if !SCHEMES.contains(&url.scheme()) {
            return Err(wrong(&format!("its scheme is none of {}", SCHEMES.join(", "))));
        }
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| wrong("it has no host"))?.to_owned();
        let port = url.port_or_known_default().unwrap_or(1080);
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        let has_login = !url.username().is_empty() || url.password().is_some();
        let (scheme, host) = (url.scheme().to_owned(), format!("{host}:{port}"));
        Ok(Self { url: Arc::new(String::from(url).into()), scheme, host, has_login })
    }

    /// `host:port`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it is spoken to over TLS.
    pub fn is_tls(&self) -> bool {
        self.scheme == "https"
    }

    /// Whether a user or a password is shown to it.
    pub fn has_login(&self) -> bool {
        self.has_login
    }

    /// What it did wrong, where asking `url` through it ended in `error`; `None` where it did its part. The library has
    /// no types for this, only the words that its errors begin with.
    pub(super) fn fault(&self, url: &Url, error: &reqwest::Error) -> Option<Fault> {
        if !error.is_connect() {
            return None;
        }
        let (mut said, mut next) = (None, error.source());
        while let Some(error) = next.filter(|_| said.is_none()) {
            let text = error.to_string();
            said = Some(text).filter(|text| BEGINNINGS.iter().any(|words| text.starts_with(words)));
            next = error.source();
        }
        match said.as_deref() {
            // Without a tunnel, the one connection is that to the proxy.
            None => (url.scheme() == "http").then_some(Fault::Unreachable),
            Some(text) if LOGIN.iter().any(|words| text.ends_with(words)) => Some(Fault::Login),
            Some(text) if text.ends_with(UNDERLYING) => Some(Fault::Unreachable),
            Some(_) => Some(Fault::Refused),
        }
    }
}

/// What a proxy did wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not there, or not what it was taken for.
    Unreachable,
    /// It wants to know who asks, or somebody else to ask.
    Login,
    /// It does not connect to the host.
    Refused,
}

/// How the library begins what it says of a proxy.
const BEGINNINGS: [&str; 2] = ["tunnel error: ", "SOCKS error: "];

/// What the library says of a proxy that wants a login.
const LOGIN: [&str; 3] = [
    "proxy authorization required",
    "credentials not accepted",
    "server does not support user/pass authentication",
];

/// What the library says of a connection to a proxy that there was none of.
const UNDERLYING: &str = "failed to create underlying connection";

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Direct {
    /// Names with all below them, addresses and networks, `*`; each but the last with a port, if it is for that alone.
    fn parse(text: &str) -> Self {
        let mut hosts: BTreeMap<Option<u16>, Vec<&str>> = BTreeMap::new();
        let words = || text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
        for word in words() {
            let (host, port) = split_port(word);
            let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            let host = if host.starts_with("*.") { &host[1..] } else { host };
            hosts.entry(port).or_default().push(host.trim_end_matches('.'));
        }
        // The library's matcher asks whether a proxy is to be used: any will do.
        let matcher =
            |hosts: Vec<&str>| Arc::new(Matcher::builder().all("http://x").no(hosts.join(",")).build());
        Self {
            all: words().any(|word| word == "*"),
            hosts: hosts.into_iter().map(|(port, hosts)| (port, matcher(hosts))).collect(),
        }
    }

    fn has(&self, url: &Url) -> bool {
        // A name that ends with a dot is the same name.
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        let Ok(uri) = format!("http://{host}/").parse() else {
            return self.all;
        };
        let ports = [None, url.port_or_known_default()];
        self.all
            || ports
                .iter()
                .filter_map(|port| self.hosts.get(port))
                .any(|hosts| hosts.intercept(&uri).is_none())
    }
}

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direct").field("all", &self.all).field("hosts", &self.hosts).finish()
    }
}

/// A host, and the port behind it. The colons of an address are none before a port.
fn split_port(word: &str) -> (&str, Option<u16>) {
    match word.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (word, None),
        },
        _ => (word, None),
    }
}

/// How the HTTP library is told.
pub(super) fn for_library(proxies: &Proxies) -> reqwest::Proxy {
    let proxies = proxies.clone();
    reqwest::Proxy::custom(move |url| proxies.of(url).map(|proxy| proxy.url.expose_secret().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &'static str)]) -> Result<Proxies, NetError> {
        Proxies::from_environment(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
        })
    }

    fn of(variables: &[(&str, &'static str)], url: &str) -> String {
        let proxies = proxies(variables).unwrap();
        proxies.of(&Url::parse(url).unwrap()).map_or("none".into(), Proxy::to_string)
    }

    #[test]
    fn the_variables_are_read_as_other_tools_read_them() {
        let all = [("HTTPS_PROXY", "http://s:1"), ("http_proxy", "p:2"), ("ALL_PROXY", "socks5h://a")];
        assert_eq!(of(&all, "https://r.example/v2"), "http://s:1");
        assert_eq!(of(&all, "http://r.example/v2"), "http://p:2");
        assert_eq!(of(&all[2..], "https://r.example/"), "socks5h://a:1080");
        assert_eq!(of(&all[1..2], "https://r.example/"), "none");
        assert_eq!(
            of(&[("HTTPS_PROXY", "https://u:p@s.example/x?y")], "https://r/"),
            "https://s.example:443"
        );
        let both = [("HTTPS_PROXY", " "), ("https_proxy", "http://lower"), ("all_proxy", "http://all")];
        assert_eq!(of(&both, "https://r.example/"), "http://lower:80", "empty is not set");
        let both = [("https_proxy", "http://lower"), ("HTTPS_PROXY", "http://upper")];
        assert_eq!(of(&both, "https://r.example/"), "http://upper:80");
    }

    #[test]
    fn a_header_of_a_cgi_request_is_no_proxy() {
        let cgi = [("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "http://evil"), ("HTTPS_PROXY", "http://good")];
        assert_eq!(of(&cgi, "http://r.example/"), "none");
        assert_eq!(of(&cgi, "https://r.example/"), "http://good:80");
        let lower = [("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "http://evil"), ("http_proxy", "http://good")];
        assert_eq!(of(&lower, "http://r.example/"), "http://good:80");
    }

    #[test]
    fn loopback_and_what_is_named_is_asked_directly() {
        let direct =
            |no: &'static str, url: &str| of(&[("ALL_PROXY", "http://p"), ("NO_PROXY", no)], url) == "none";
        for url in ["https://localhost/", "https://127.8.8.8:1/", "http://[::1]/", "https://LOCALHOST:5000/"]
        {
            assert!(direct("", url), "{url}");
        }
        for (no, inside, outside) in [
            ("corp.example", "https://corp.example:5000/", "https://notcorp.example/"),
            (".corp.example", "https://r.corp.example/", "https://corp.example.org/"),
            ("*.corp.example", "https://a.r.corp.example/", "https://r.example/"),
            ("x, CORP.example ,y", "https://r.corp.example/", "https://example/"),
            ("a.example b.example", "https://b.example/", "https://c.example/"),
            ("corp.example:5000", "https://r.corp.example:5000/", "https://r.corp.example/"),
            ("corp.example:443", "https://corp.example/", "http://corp.example/"),
            ("10.0.0.0/8,192.0.2.1", "http://10.9.8.7:5000/", "http://192.0.2.2/"),
            ("fd00::/8", "https://[fd00::1]:5000/", "https://[fe80::1]/"),
            ("[fd00::1]:5000", "https://[fd00::1]:5000/", "https://[fd00::1]/"),
            ("fd00::1", "https://[fd00::1]/", "https://[fd00::2]/"),
            ("corp.example.", "https://r.corp.example./", "https://example./"),
        ] {
            assert!(direct(no, inside), "{no}: {inside}");
            assert!(!direct(no, outside), "{no}: {outside}");
        }
        assert!(direct("*", "https://r.example/") && direct("a,*", "https://10.0.0.1/"));
    }

    #[test]
    fn a_proxy_that_is_none_is_said_and_a_password_is_not() {
        for value in
            ["http://u:hunter2@", "ftp://u:hunter2@p:1", "http://u:hunter2@p:port", "http:// hunter2"]
        {
            let error = proxies(&[("HTTPS_PROXY", value)]).unwrap_err().to_string();
            assert!(error.starts_with("HTTPS_PROXY names no proxy") && !error.contains("hunter2"), "{error}");
        }
        let secret = proxies(&[("ALL_PROXY", "http://u%40x:hunter2@p.example:3128/")]).unwrap();
        let proxy = secret.of(&Url::parse("https://r.example/").unwrap()).unwrap();
        assert_eq!((proxy.host(), proxy.has_login()), ("p.example:3128", true));
        let shown = format!("{secret:?} {proxy} {proxy:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("u%40x"), "{shown}");
    }
}
