//! What a host that answered 401 wants, and what was tried already.

use std::sync::Arc;

use super::auth::{Authorization, Scheme, Token};
use super::endpoint::Endpoint;
use super::error::{NetError, Place};
use super::message::{Actions, Request};
use super::response::Response;

/// What was already refused while one request was being authorized.
#[derive(Default)]
pub(super) struct Tried {
    rounds: u32,
    token: Option<Arc<Token>>,
}

impl Tried {
    pub(super) fn refused(&self, token: &Arc<Token>) -> bool {
        self.token.as_ref().is_some_and(|refused| Arc::ptr_eq(refused, token))
    }

    /// Notes a refusal, and says whether another attempt makes sense: after none at all, or with a new token, which
    /// helps once.
    pub(super) fn may_follow(&mut self, authorization: Option<Authorization>) -> bool {
        self.rounds += 1;
        match authorization {
            None => self.rounds == 1,
            Some(Authorization::Basic(_)) => false,
            Some(Authorization::Bearer(token)) => self.token.replace(token).is_none(),
        }
    }
}

/// Whether this is a 401 of the host that was asked, and not of one that it redirected to.
pub(super) fn is_challenge(request: &Request, response: &Response) -> bool {
    response.status == 401 && request.url.origin() == response.url.origin()
}

/// How a host that answered 401 wants to be asked.
pub(super) fn challenged(response: &Response, endpoint: &Endpoint) -> Result<Scheme, NetError> {
    Scheme::offered(response.headers("www-authenticate")).ok_or_else(|| NetError::Denied {
        place: Place::of(&response.url),
        what: "answered 401 without saying how to log in".into(),
        hint: format!("check that {} is a registry", endpoint.host()),
    })
}

/// That the host lets nobody in, or not this one.
pub(super) fn denied(response: &Response, endpoint: &Endpoint, actions: Actions) -> NetError {
    let (place, login) = (Place::of(&response.url), endpoint.login_name());
    let (what, hint) = match actions {
        Actions::Pull => (
            "answered 401: the repository does not exist, or is private".to_owned(),
            format!("check the repository's name; if it is private: docker login{login}"),
        ),
        Actions::Push => {
            let said = response.complaint().map(|said| format!(" ({said})")).unwrap_or_default();
            (
                format!("answered 401: who asks may not push there{said}"),
                format!("log in with an account that may push: docker login{login}"),
            )
        }
    };
    NetError::Denied { place, what, hint }
}
