//! Redirects: followed here and not by the HTTP library, because what may follow depends on the request.
//!
//! A credential stays on its origin, a body and a request for a token are never sent on, and HTTPS is never left. The
//! other headers go along: they say what is asked for (`Accept`, `Git-Protocol`) and hold no secret.

use reqwest::header::LOCATION;
use url::Url;

use super::client::Inner;
use super::endpoint::is_plain_allowed;
use super::error::Place;
use super::message::{Access, Request};
use super::response::Response;
use super::{Asked, NetError};

const REDIRECTS: usize = 5;

impl Inner {
    /// Whether the request may follow its redirect.
    pub(super) fn check_hop(
        &self,
        request: &Request,
        from: &Url,
        to: &Url,
        hops: usize,
    ) -> Result<(), NetError> {
        let refuse = |what: String| Err(NetError::Refused { place: Place::of(from), what });
        let secure = match to.scheme() {
            "https" => true,
            "http" => {
                from.scheme() == "http" && (request.goes_plain() || is_plain_allowed(to, &self.settings))
            }
            _ => false,
        };
        if hops > REDIRECTS {
            return refuse(format!("redirects more than {REDIRECTS} times"));
        }
        if !secure {
            return refuse(format!("redirects to {}, which is not HTTPS", Place::of(to)));
        }
        // A token's request is a secret or leads to one.
        let crosses = from.origin() != to.origin();
        let secret = request.asked == Asked::Token || matches!(request.access, Access::Secret(_));
        if request.body.is_some() || (crosses && secret) {
            return refuse(format!("redirects to {}, where this request does not go", Place::of(to)));
        }
        Ok(())
    }
}

/// Where a redirect leads; `None` where the answer is not one.
pub(super) fn next_hop(response: &Response, url: &Url) -> Result<Option<Url>, NetError> {
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = response.header(LOCATION.as_str()) else {
        return Ok(None);
    };
    let Ok(mut next) = url.join(location) else {
        let (place, what) = (Place::of(url), "redirects to what is not a URL".into());
        return Err(NetError::Refused { place, what });
    };
    // The HTTP library would make an Authorization header of these.
    let _ = (next.set_username(""), next.set_password(None));
    Ok(Some(next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Settings;
    use crate::net::message::Secret;

    #[test]
    fn what_a_hop_may_be() {
        let inner = Inner::new(Settings::default()).unwrap();
        let url = |text: &str| Url::parse(text).unwrap();
        let get = |asked| Request::get(asked, url("https://r.example/"));
        let post = Request::post(Asked::Git, url("https://r.example/"), Vec::new());
        let hop =
            |request: &Request, from, to, hops| inner.check_hop(request, &url(from), &url(to), hops).is_ok();
        let (blob, token) = (get(Asked::Blob), get(Asked::Token));
        assert!(hop(&blob, "https://r.example/", "https://storage.example/", 5));
        assert!(!hop(&blob, "https://r.example/", "https://storage.example/", 6));
        assert!(!hop(&blob, "https://r.example/", "http://r.example/", 1));
        assert!(!hop(&blob, "https://r.example/", "http://127.0.0.1/", 1), "TLS is not left, even to here");
        assert!(hop(&blob, "http://127.0.0.1:1/", "http://127.0.0.1:2/", 1));
        assert!(hop(&blob, "http://127.0.0.1:1/", "https://r.example/", 1));
        assert!(!hop(&blob, "http://127.0.0.1:1/", "http://169.254.169.254/", 1));
        assert!(hop(&token, "https://r.example/", "https://r.example/token", 1));
        assert!(!hop(&token, "https://r.example/", "https://r.example:444/token", 1));
        assert!(!hop(&post, "https://r.example/", "https://r.example/x", 1));
        let signed = get(Asked::List).signed();
        assert!(hop(&signed, "http://r.example/", "http://mirror.example/", 1));
        assert!(!hop(&signed, "https://r.example/", "http://r.example/", 1), "TLS is not left");
        assert!(!hop(
            &signed.show(Secret::Bearer("hunter2".into())),
            "http://r.example/",
            "http://r.example/x",
            1
        ));
        let shown = get(Asked::Forge).show(Secret::Bearer("hunter2".into()));
        assert!(hop(&shown, "https://r.example/", "https://r.example/moved", 1));
        assert!(!hop(&shown, "https://r.example/", "https://storage.example/", 1));
    }
}
