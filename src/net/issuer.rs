//! Who vouches for a host: the issuer of the certificate that it shows.

use reqwest::tls::TlsInfo;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// The issuer's distinguished name (RFC 4514), where the answer came over TLS.
pub(super) fn of(answer: &reqwest::Response) -> Option<String> {
    let info = answer.extensions().get::<TlsInfo>()?;
    let certificate = Certificate::from_der(info.peer_certificate()?).ok()?;
    Some(certificate.tbs_certificate.issuer.to_string())
}
