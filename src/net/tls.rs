//! Which certificate authorities are trusted, and the HTTP client that trusts them.

use std::time::Duration;

use reqwest::Certificate;
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

use super::NetError;
use super::settings::Settings;

/// A host that does not even open a connection is given up sooner than one that is slow.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection is waited for.
pub(super) fn connect_timeout(settings: &Settings) -> Duration {
    settings.timeout.min(CONNECT_TIMEOUT)
}

/// A client for plain HTTP on loopback, which is never behind a proxy: a proxy's loopback is another machine's.
pub(super) fn loopback_client(settings: &Settings) -> Result<reqwest::Client, NetError> {
    built(builder(settings).no_proxy().tls_certs_only([]).build())
}

/// A client that trusts the system's authorities and the declared ones. A system that has none, as a minimal
/// container image, gets the bundled list instead.
pub(super) fn http_client(settings: &Settings) -> Result<reqwest::Client, NetError> {
    let declared = declared_authorities(settings)?;
    let system = builder(settings).tls_certs_merge(declared.clone()).build();
    match system {
        Ok(client) => Ok(client),
        Err(_) => {
            let bundled = TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| Certificate::from_der(der).ok());
            built(builder(settings).tls_certs_only(bundled.chain(declared)).build())
        }
    }
}

fn built(client: reqwest::Result<reqwest::Client>) -> Result<reqwest::Client, NetError> {
    client.map_err(|error| {
        let cause = super::exchange::innermost(&error);
        NetError::Configuration(format!("the HTTP client cannot be set up: {cause}"))
    })
}

fn builder(settings: &Settings) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .user_agent(&settings.user_agent)
        .connect_timeout(connect_timeout(settings))
        .read_timeout(settings.timeout)
        // Redirects are followed in `exchange`, where it is known which of them may see a credential.
        .redirect(reqwest::redirect::Policy::none())
        .referer(false);
    match settings.system_proxy {
        true => builder,
        false => builder.no_proxy(),
    }
}

fn declared_authorities(settings: &Settings) -> Result<Vec<Certificate>, NetError> {
    let of_registries = settings.registries.iter().flat_map(|(registry, declared)| {
        let whose = format!("the certificate authorities declared for {registry}");
        declared.ca_pem.iter().map(move |pem| (whose.clone(), pem))
    });
    let of_all = settings.ca_pem.iter().map(|pem| ("the declared certificate authorities".to_owned(), pem));
    let mut all = Vec::new();
    for (whose, pem) in of_all.chain(of_registries) {
        match Certificate::from_pem_bundle(pem) {
            Ok(certificates) if !certificates.is_empty() => all.extend(certificates),
            _ => {
                return Err(NetError::Configuration(format!("{whose} are not certificates in PEM")));
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_certificate_is_said() {
        let settings = Settings { ca_pem: vec![b"not a certificate".to_vec()], ..Settings::default() };
        let error = http_client(&settings).unwrap_err();
        assert!(error.to_string().contains("not certificates in PEM"), "{error}");
    }

    #[test]
    fn the_bundled_authorities_make_a_client() {
        let bundled = TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| Certificate::from_der(der).ok());
        assert!(builder(&Settings::default()).tls_certs_only(bundled).build().is_ok());
    }
}
