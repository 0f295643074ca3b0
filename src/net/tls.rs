//! Which certificate authorities are trusted, who we are to a host, and the HTTP clients that go by it.
//!
//! A registry's own authorities are trusted for what is asked on its behalf and for nothing else, so each registry that
//! has some has a client of its own: one that shares a connection with the others would share its trust too. A
//! certificate of ours is in a third one, which is taken for the registry's own origin alone.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::Certificate;
use secrecy::ExposeSecret as _;
use url::{Origin, Url};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use super::endpoint::{Endpoint, is_loopback};
use super::message::Request;
use super::settings::{Identity, Pem, RegistrySettings, Settings};
use super::{NetError, certificates, proxy};
use crate::model::Registry;

/// A host that does not even open a connection is given up sooner than one that is slow.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection is waited for.
pub(super) fn connect_timeout(settings: &Settings) -> Duration {
    settings.timeout.min(CONNECT_TIMEOUT)
}

/// The HTTP clients of one [`Client`](super::Client).
#[derive(Debug)]
pub(super) struct Clients {
    common: reqwest::Client,
    /// For plain HTTP on loopback.
    loopback: reqwest::Client,
    /// Those of single registries, or why there are none. What is declared is made at once, the rest when it is wanted.
    own: Mutex<HashMap<Registry, Made>>,
}

/// The clients of a registry, if it has some of its own.
type Made = Result<Option<Arc<Own>>, NetError>;

/// The clients of a registry that has certificates of its own.
#[derive(Debug)]
struct Own {
    trusting: reqwest::Client,
    /// Where we say who we are.
    known: Option<(Origin, reqwest::Client)>,
}

impl Clients {
    /// Those that `settings` want; fails where a certificate in them is malformed.
    pub(super) fn new(settings: &Settings) -> Result<Self, NetError> {
        let declared = authorities(&settings.ca)?;
        let clients = Self {
            common: http_client(settings, &declared, None)?,
            loopback: built(builder(settings).no_proxy().tls_certs_only([]).build())?,
            own: Mutex::default(),
        };
        for (registry, declared) in &settings.registries {
            if !declared.ca.is_empty() || declared.identity.is_some() {
                clients.own(registry, settings)?;
            }
        }
        Ok(clients)
    }

    /// The client for `url`, where `request` or a redirect of it leads.
    pub(super) fn of(
        &self,
        request: &Request,
        url: &Url,
        settings: &Settings,
    ) -> Result<reqwest::Client, NetError> {
        if url.scheme() == "http" && is_loopback(url) {
            return Ok(self.loopback.clone());
        }
        let Some(registry) = request.behalf.as_ref().filter(|_| url.scheme() == "https") else {
            return Ok(self.common.clone());
        };
        let Some(own) = self.own(registry, settings)? else {
            return Ok(self.common.clone());
        };
        match &own.known {
            Some((origin, client)) if *origin == url.origin() => match settings.proxies.of(url) {
                // The library would show it to the proxy as well.
                Some(proxy) if proxy.is_tls() => Err(NetError::Configuration(format!(
                    "the client certificate for {registry} would be shown to the proxy {proxy} too: name a proxy that is \
                     spoken to without TLS, which sees nothing of what goes through it, or put the host into NO_PROXY"
                ))),
                _ => Ok(client.clone()),
            },
            _ => Ok(own.trusting.clone()),
        }
    }

    fn own(&self, registry: &Registry, settings: &Settings) -> Made {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = own.get(registry) {
            return made.clone();
        }
        // The files of one folder, once a run: others that wait for them meanwhile would have to read them too.
        let made = Own::of(registry, settings).map(|made| made.map(Arc::new));
        own.insert(registry.clone(), made.clone());
        made
    }
}

impl Own {
    /// The clients of `registry`, if it declares certificates or the machine has some for it.
    fn of(registry: &Registry, settings: &Settings) -> Result<Option<Self>, NetError> {
        let endpoint = Endpoint::of(registry, settings);
        let declared = settings.registries.get(registry);
        let found = match (declared, &settings.certificates, &endpoint) {
            (Some(RegistrySettings { ca, identity, .. }), ..) if !ca.is_empty() || identity.is_some() => {
                (ca.clone(), identity.clone())
            }
            (_, Some(folder), Ok(endpoint)) => certificates::of_host(folder, &endpoint.host())?,
            _ => return Ok(None),
        };
        let (ca, identity) = found;
        if ca.is_empty() && identity.is_none() {
            return Ok(None);
        }
        let trusted: Vec<Certificate> = [authorities(&settings.ca)?, authorities(&ca)?].concat();
        let trusting = http_client(settings, &trusted, None)?;
        let shown =
            identity.as_ref().map(|identity| http_client(settings, &trusted, Some(identity))).transpose()?;
        // A registry that cannot be asked at all is told so when it is.
        let origin = endpoint.ok().map(|endpoint| endpoint.base().origin());
        Ok(Some(Self { trusting, known: origin.zip(shown) }))
    }
}

/// A client that trusts the system's authorities and the declared ones. A system that has none, as a minimal
/// container image, gets the bundled list instead.
fn http_client(
    settings: &Settings,
    declared: &[Certificate],
    identity: Option<&Identity>,
) -> Result<reqwest::Client, NetError> {
    let known = identity.map(|identity| known(identity).map(|read| (read, identity))).transpose()?;
    let builder = || {
        let builder = builder(settings);
        match &known {
            Some((known, _)) => builder.identity(known.clone()),
            None => builder,
        }
    };
    let system = builder().tls_certs_merge(declared.iter().cloned()).build();
    let client = system.or_else(|_| {
        let bundled = TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| Certificate::from_der(der).ok());
        builder().tls_certs_only(bundled.chain(declared.iter().cloned())).build()
    });
    match (client, known) {
        // Authorities are known to be good: it is the key that does not belong to the certificate.
        (Err(error), Some((_, identity))) => Err(NetError::Configuration(format!(
            "the key {} cannot be used with the certificate {}: {}",
            identity.key_file.display(),
            identity.certificate.file.display(),
            super::exchange::innermost(&error)
        ))),
        (client, _) => built(client),
    }
}

fn built(client: reqwest::Result<reqwest::Client>) -> Result<reqwest::Client, NetError> {
    client.map_err(|error| {
        let cause = super::exchange::innermost(&error);
        NetError::Configuration(format!("the HTTP client cannot be set up: {cause}"))
    })
}

fn builder(settings: &Settings) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(&settings.user_agent)
        .connect_timeout(connect_timeout(settings))
        .read_timeout(settings.timeout)
        // Redirects are followed in `exchange`, where it is known which of them may see a credential.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .tls_info(true)
        // The variables of the process are not the library's to read.
        .no_proxy()
        .proxy(proxy::for_library(&settings.proxies))
}

/// The authorities of all these files.
fn authorities(files: &[Pem]) -> Result<Vec<Certificate>, NetError> {
    let mut all = Vec::new();
    for pem in files {
        let found = certificates_in(pem)?;
        // Each file alone, so that it is known which one is wrong.
        let usable = reqwest::Client::builder().no_proxy().tls_certs_only(found.clone()).build();
        if usable.is_err() {
            return wrong(&pem.file, "holds a certificate that is malformed");
        }
        all.extend(found);
    }
    Ok(all)
}

fn certificates_in(pem: &Pem) -> Result<Vec<Certificate>, NetError> {
    match Certificate::from_pem_bundle(&pem.text) {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => wrong(&pem.file, "holds no certificate in PEM"),
    }
}

/// The identity as the library has it.
fn known(identity: &Identity) -> Result<reqwest::Identity, NetError> {
    certificates_in(&identity.certificate)?;
    let key = identity.key.expose_secret();
    if key.contains("ENCRYPTED") {
        return wrong(&identity.key_file, "holds a key behind a password, which nobody is here to type");
    }
    if !key.contains("PRIVATE KEY-----") {
        return wrong(&identity.key_file, "holds no private key in PEM");
    }
    let both = [identity.certificate.text.as_slice(), b"\n", key.as_bytes()].concat();
    reqwest::Identity::from_pem(&both)
        .or_else(|_| wrong(&identity.key_file, "holds a private key that is malformed"))
}

fn wrong<T>(file: &Path, what: &str) -> Result<T, NetError> {
    Err(NetError::Configuration(format!("the file {} {what}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem(text: &[u8]) -> Pem {
        Pem { file: "certs/x.pem".into(), text: text.into() }
    }

    fn error(settings: &Settings) -> String {
        Clients::new(settings).unwrap_err().to_string()
    }

    #[test]
    fn a_malformed_certificate_is_said_with_its_file() {
        let declared = |ca| Settings { ca: vec![ca], ..Settings::default() };
        let nothing = error(&declared(pem(b"not a certificate")));
        assert_eq!(nothing, "the file certs/x.pem holds no certificate in PEM");
        let hollow = pem(b"-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n");
        let said = error(&declared(hollow.clone()));
        assert_eq!(said, "the file certs/x.pem holds a certificate that is malformed");
        let own = RegistrySettings { ca: vec![hollow], ..RegistrySettings::default() };
        let settings =
            Settings { registries: [("r.example".parse().unwrap(), own)].into(), ..Settings::default() };
        assert_eq!(error(&settings), said);
    }

    #[test]
    fn a_malformed_identity_is_said_without_the_key() {
        let certificate = b"-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
        for (certificate, key, says) in [
            (&b""[..], "", "x.pem holds no certificate"),
            (certificate, "hunter2", "x.key holds no private key"),
            (
                certificate,
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nhunter2",
                "x.key holds a key behind a password",
            ),
            (certificate, "Proc-Type: 4,ENCRYPTED\nhunter2", "x.key holds a key behind a password"),
            (
                certificate,
                "-----BEGIN PRIVATE KEY-----\nhunter2",
                "x.key holds a private key that is malformed",
            ),
        ] {
            let identity =
                Identity { certificate: pem(certificate), key_file: "x.key".into(), key: key.into() };
            let own = RegistrySettings { identity: Some(identity), ..RegistrySettings::default() };
            let registries = [("r.example".parse().unwrap(), own)].into();
            let said = error(&Settings { registries, ..Settings::default() });
            assert!(said.contains(says) && !said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn the_bundled_authorities_make_a_client() {
        let bundled = TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| Certificate::from_der(der).ok());
        assert!(builder(&Settings::default()).tls_certs_only(bundled).build().is_ok());
    }
}
