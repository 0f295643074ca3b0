//! Who is told a secret: credentials go to the host they are for and to its token server, nowhere else.
//!
//! A registry says what it wants in the challenge of its first 401 (`challenge`). The user's secrets come from the
//! Docker configuration (`credentials`) and other files of its form (`places`). Where the registry wants a token, there
//! is one request for it per scope, however many wait for it (`token`).

mod challenge;
mod credentials;
mod places;
mod token;

use challenge::parse as parse_challenges;
pub(super) use credentials::Credential;
pub(super) use places::{Login, Places};
pub(super) use token::{Token, Tokens, read as read_token, request as token_request};

use url::Url;

/// How a host wants to be authorized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Not at all, as far as it has said.
    Open,
    /// With user and password in each request.
    Basic,
    /// With a token of a token server.
    Bearer(Realm),
}

/// A token server, as a challenge names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Realm {
    pub(super) url: Url,
    pub(super) service: Option<String>,
    /// A scope that is not about one repository, as some registries have; it then holds for all.
    pub(super) scope: Option<String>,
}

impl Scheme {
    /// The best scheme that the `WWW-Authenticate` headers offer: a token before a password. A realm that is not the
    /// URL of a server offers nothing.
    pub(super) fn offered<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let challenges: Vec<_> = headers.flat_map(parse_challenges).collect();
        let bearer =
            challenges.iter().filter(|challenge| challenge.scheme == "bearer").find_map(|challenge| {
                let scope = challenge.get("scope").filter(|scope| !scope.starts_with("repository:"));
                let mut url = Url::parse(challenge.get("realm")?).ok()?;
                if !matches!(url.scheme(), "https" | "http") {
                    return None;
                }
                // A credential in a realm's URL would be the registry's idea, not the user's.
                let _ = (url.set_username(""), url.set_password(None));
                Some(Self::Bearer(Realm {
                    url,
                    service: challenge.get("service").map(Into::into),
                    scope: scope.map(Into::into),
                }))
            });
        let basic = challenges.iter().any(|challenge| challenge.scheme == "basic");
        bearer.or(basic.then_some(Self::Basic))
    }
}

/// What goes into the `Authorization` header.
#[derive(Clone, Debug)]
pub(super) enum Authorization {
    Basic(std::sync::Arc<Credential>),
    Bearer(std::sync::Arc<Token>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_before_a_password() {
        let offered = |headers: &[&str]| Scheme::offered(headers.iter().copied());
        assert_eq!(offered(&[r#"Basic realm="x""#]), Some(Scheme::Basic));
        assert_eq!(offered(&["Negotiate"]), None);
        assert_eq!(offered(&[r#"Bearer realm="not a url""#]), None);
        assert_eq!(offered(&[r#"Bearer realm="file:///etc/passwd""#]), None);
        let both =
            offered(&[r#"Basic realm="x""#, r#"Bearer realm="https://a:b@h/t",service="s",scope="aws""#]);
        let Some(Scheme::Bearer(realm)) = both else { panic!("a token is offered") };
        assert_eq!(realm.url.as_str(), "https://h/t");
        assert_eq!((realm.service.as_deref(), realm.scope.as_deref()), (Some("s"), Some("aws")));
        let repository = offered(&[r#"Bearer realm="https://h/t",scope="repository:a:pull""#]);
        assert!(matches!(repository, Some(Scheme::Bearer(Realm { scope: None, .. }))));
    }
}
