//! The names that the server goes by. A page from elsewhere whose own name was made to lead here (DNS rebinding) would otherwise
//! read all that is shown: its browser says that name, and is refused.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{Response, StatusCode, Version};
use axum::middleware::Next;

use super::{Shared, api::problem};

/// A name in the DNS, without a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostName(String);

impl FromStr for HostName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        match name.len() <= 253 && name.split('.').all(is_label) {
            true => Ok(Self(name.to_ascii_lowercase())),
            false => Err("expected a host's name, without a scheme or a port".to_owned()),
        }
    }
}

/// Passes on what is meant for this server.
pub(super) async fn known(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response<Body> {
    match meant(&request) {
        // Before there were names in requests, an address had one server.
        Ok(None) if request.version() < Version::HTTP_11 => next.run(request).await,
        Ok(Some(name)) if is_known(&shared.names, name.host()) => next.run(request).await,
        Ok(Some(name)) => problem(
            StatusCode::MISDIRECTED_REQUEST,
            &format!(
                "the daemon goes by no such name as {0}: ask it by its address, or start it with --host {0}",
                name.host()
            ),
        ),
        Ok(None) | Err(()) => problem(StatusCode::BAD_REQUEST, "the request names no host, or more than one"),
    }
}

/// Whom a request is for: what stands in its target goes before its header.
fn meant(request: &Request) -> Result<Option<Authority>, ()> {
    let mut headers = request.headers().get_all(HOST).iter();
    let header = match (headers.next(), headers.next()) {
        (None, _) => None,
        (Some(header), None) => Some(Authority::try_from(header.as_bytes()).map_err(drop)?),
        (Some(_), Some(_)) => return Err(()),
    };
    Ok(request.uri().authority().cloned().or(header))
}

fn is_known(names: &[HostName], host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    // An address is nobody's name: no page of another site can have it.
    address.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || names.iter().any(|known| name.eq_ignore_ascii_case(&known.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_localhost_and_what_was_declared_are_known() {
        let names: Vec<HostName> =
            ["pins.example.org.", "Pins"].iter().map(|name| name.parse().unwrap()).collect();
        for host in ["127.0.0.1", "10.0.0.1", "[::1]", "localhost", "LOCALHOST.", "PINS.example.org", "pins"]
        {
            assert!(is_known(&names, host), "{host}");
        }
        for host in
            ["", "example.org", "pins.example.org.evil.example", "127.0.0.1.example.org", "127.1", "[::1"]
        {
            assert!(!is_known(&names, host), "{host}");
        }
        for name in ["", "https://pins", "pins:8643", "a..b", "*", "[::1]"] {
            assert!(name.parse::<HostName>().is_err(), "{name}");
        }
    }

    #[test]
    fn the_target_goes_before_the_header_and_two_headers_name_nobody() {
        let request = |target: &str, hosts: &[&str]| {
            let request =
                hosts.iter().fold(Request::builder().uri(target), |all, host| all.header(HOST, *host));
            meant(&request.body(Body::empty()).unwrap()).map(|name| name.map(|name| name.host().to_owned()))
        };
        assert_eq!(request("/", &["a.example:8643"]), Ok(Some("a.example".to_owned())));
        assert_eq!(request("http://b.example/", &["a.example"]), Ok(Some("b.example".to_owned())));
        assert_eq!(request("/", &[]), Ok(None));
        assert_eq!(request("/", &["a.example", "b.example"]), Err(()));
        assert_eq!(request("/", &["a b"]), Err(()));
    }
}
