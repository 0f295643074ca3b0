//! The client: it sends requests, again where that helps, and answers challenges.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::ExposeSecret as _;
use url::Url;

use super::auth::{self, Authorization, Credential, Login, Places, Realm, Scheme, Token, Tokens};
use super::endpoint::{Endpoint, is_plain_allowed};
use super::error::Place;
use super::exchange::Failure;
use super::host::{Host, Refusal};
use super::message::{Access, Actions, Request};
use super::proxy::Proxy;
use super::refused::{Tried, challenged, denied, is_challenge};
use super::response::Response;
use super::settings::Settings;
use super::stats::Counters;
use super::tls::Clients;
use super::{Allowance, Asked, NetError, Stats, mirrored, retry};
use crate::model::{Registry, Repository};

/// One HTTP client for everything. Cheap to clone: clones share connections, tokens and counters.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

/// What the clones share.
pub(super) struct Inner {
    pub(super) settings: Settings,
    pub(super) clients: Clients,
    pub(super) counters: Counters,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
    credentials: Places,
    tokens: Tokens,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    /// A client under `settings`; fails where a certificate in them is malformed.
    pub fn new(settings: Settings) -> Result<Self, NetError> {
        Inner::new(settings).map(|inner| Self(Arc::new(inner)))
    }

    /// What it was told.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What was asked up to now.
    pub fn stats(&self) -> Stats {
        self.0.counters.read()
    }

    /// The proxy that `url` is asked through, if it is.
    pub fn proxy(&self, url: &Url) -> Option<&Proxy> {
        self.0.settings.proxies.of(url)
    }

    /// Where an archive, or the mirror declared for it, is asked.
    pub fn place_of(&self, archive: &Url) -> Url {
        let mirror = mirrored(archive.as_str(), &self.0.settings.archives);
        mirror.and_then(|place| place.parse().ok()).unwrap_or_else(|| archive.clone())
    }

    /// Where `registry`, or the mirror declared for it, is asked.
    pub fn endpoint(&self, registry: &Registry) -> Result<Endpoint, NetError> {
        Endpoint::of(registry, &self.0.settings)
    }

    /// Whose credential there is for the repository `name` of `endpoint`, in words that hold no secret.
    pub async fn login(
        &self,
        endpoint: &Endpoint,
        repository: &Repository,
    ) -> Result<Option<String>, NetError> {
        let name = endpoint.name_of(repository);
        let Some(login) = self.0.credentials.find(endpoint, &name).await? else { return Ok(None) };
        let place = self.0.credentials.place(&login);
        Ok(self.0.credentials.read(Some(login)).await?.map(|credential| match &*credential {
            // With some registries it is the token that stands for the user, or for both.
            Credential::Password(user, password) if is_token(user, password.expose_secret()) => {
                format!("a token, {place}")
            }
            Credential::Password(user, _) => format!("those of `{user}`, {place}"),
            Credential::Identity(_) => format!("an identity token, {place}"),
        }))
    }

    /// Counts a connection to a git server that is none over HTTP, and that is not to be made once as many requests were
    /// sent as may be.
    pub fn spend(&self, host: &str) -> Result<(), NetError> {
        let place = Place::named(host);
        self.0.counters.spend(&place, Asked::Git, self.0.settings.max_requests)?;
        tracing::info!(host, "connection over ssh");
        Ok(())
    }

    /// The answer to `request`, of any status that is not transient.
    pub async fn send(&self, request: &Request) -> Result<Response, NetError> {
        let plain = || request.goes_plain() || is_plain_allowed(&request.url, &self.0.settings);
        if request.url.scheme() != "https" && !(request.url.scheme() == "http" && plain()) {
            return Err(NetError::Insecure(Place::of(&request.url)));
        }
        // On the heap, and only from here on: a thousand pins that wait for their turn are to be small.
        match &request.access {
            Access::Anonymous | Access::Secret(_) => Box::pin(self.0.attempts(request, None)).await,
            Access::Registry { endpoint, name, actions } => {
                Box::pin(self.0.authorized(request, endpoint, (name, *actions))).await
            }
        }
    }
}

impl Client {
    /// After the `attempt`-th attempt (from 1) at something of several requests: whether there may be another one, once it
    /// was waited for as long as before a request is sent again. A pause that the host asked for is waited for anyway.
    pub async fn may_begin_anew(&self, place: &Url, attempt: u32) -> bool {
        let settings = &self.0.settings;
        if attempt >= settings.attempts.max(1) {
            return false;
        }
        let delay = retry::delay(attempt, settings.base_delay, settings.max_delay);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.0.counters.retried(Place::of(place).host());
        true
    }
}

impl Inner {
    pub(super) fn new(settings: Settings) -> Result<Self, NetError> {
        Ok(Self {
            clients: Clients::new(&settings)?,
            credentials: Places::new(&settings),
            settings,
            counters: Counters::default(),
            hosts: Mutex::default(),
            tokens: Tokens::default(),
        })
    }

    /// What is known of the host of `url`.
    pub(super) fn host(&self, url: &Url) -> Arc<Host> {
        let origin = url.origin().ascii_serialization();
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Host::new(self.settings.requests_per_host));
        Arc::clone(hosts.entry(origin).or_insert_with(new))
    }

    /// Sends `request` until it has an answer that is not transient, or as often as allowed.
    async fn attempts(
        &self,
        request: &Request,
        authorization: Option<&Authorization>,
    ) -> Result<Response, NetError> {
        let (base, max) = (self.settings.base_delay, self.settings.max_delay);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let last = attempts >= self.settings.attempts.max(1);
            let answered = self.exchange(request, authorization).await;
            if attempts > 1 && was_sent(&answered) {
                self.counters.retried(Place::of(&request.url).host());
            }
            let (failed, given_up) = match answered {
                Ok(response) if retry::is_transient(response.status) => {
                    self.transient(&response, request.asked == Asked::Head, attempts)
                }
                Ok(response) => {
                    self.host(&response.url).answered();
                    return Ok(response);
                }
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Transport { place, proxy, cause, reached }) => {
                    (NetError::Transport { place, proxy, cause, reached, attempts }, false)
                }
            };
            if last || given_up || (request.once && !was_refused(&failed)) {
                return Err(failed);
            }
            let delay = retry::delay(attempts, base, max);
            // A pause that was asked for is the host's, and waited for where requests are admitted.
            let paused = matches!(failed, NetError::Transient { retry_after: Some(_), .. });
            if !paused && !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
        }
    }

    /// What an answer of a transient status comes to, and whether its host is given up. The pause that it may ask for is
    /// its host's.
    fn transient(&self, response: &Response, head: bool, attempts: u32) -> (NetError, bool) {
        let status = response.status;
        let retry_after = response
            .header("retry-after")
            .and_then(|value| retry::retry_after(value, response.header("date")));
        let (host, settings) = (self.host(&response.url), &self.settings);
        let given_up = if let Some(wait) = retry_after {
            let (place, pause) = (Place::of(&response.url), wait.min(settings.max_delay));
            let refusal = Refusal { status, wait, head };
            let given_up = host.pause(refusal, settings.max_delay, settings.attempts.max(1));
            if !given_up {
                tracing::info!(host = place.host(), seconds = pause.as_secs(), "waiting, as the host asks");
                self.counters.paused(place.host(), pause);
            }
            given_up
        } else if status == 429
            && let Some(left) = Allowance::of(response).filter(|left| left.remaining == 0)
        {
            let wait = left.reset.or(left.window).unwrap_or(settings.max_delay);
            host.close(Refusal { status, wait, head });
            true
        } else {
            false
        };
        (NetError::Transient { place: Place::of(&response.url), status, retry_after, attempts }, given_up)
    }

    /// Sends `request` as its registry wants it authorized. While nothing is known of the host, one request finds
    /// out and all others wait for it, so that a thousand pins cost one 401.
    async fn authorized(
        &self,
        request: &Request,
        endpoint: &Endpoint,
        to: (&str, Actions),
    ) -> Result<Response, NetError> {
        let host = self.host(&request.url);
        let mut first = None;
        let probe = async {
            let response = match self.attempts(request, None).await {
                // Nobody else needs to find out by trying that the host is not there.
                Err(error) if error.is_about_host() => return Err(error),
                // Any other failure is about this request, and nobody else's.
                result => result,
            };
            let offered = match &response {
                Ok(response) if is_challenge(request, response) => challenged(response, endpoint),
                _ => Ok(Scheme::Open),
            };
            let (scheme, response) = match offered {
                Ok(scheme) => (scheme, response),
                Err(error) => (Scheme::Open, Err(error)),
            };
            first = Some(response);
            Ok(Arc::new(scheme))
        };
        let mut scheme = host.scheme.get(|_| true, probe).await.map_err(|error| error.about(&request.url))?;
        if let Some(response) = first.filter(|_| *scheme == Scheme::Open) {
            return response;
        }
        let mut tried = Tried::default();
        loop {
            let authorization = self.authorization(&scheme, endpoint, to, &tried).await?;
            let response = self.attempts(request, authorization.as_ref()).await?;
            if !is_challenge(request, &response) {
                return Ok(response);
            }
            if !tried.may_follow(authorization) {
                return Err(denied(&response, endpoint, to.1));
            }
            // A host that was open has private repositories, or a token was revoked.
            let offered = Arc::new(challenged(&response, endpoint)?);
            if offered != scheme {
                host.scheme.set(Arc::clone(&offered)).await;
                scheme = offered;
            }
        }
    }

    async fn authorization(
        &self,
        scheme: &Scheme,
        endpoint: &Endpoint,
        (name, actions): (&str, Actions),
        tried: &Tried,
    ) -> Result<Option<Authorization>, NetError> {
        if *scheme == Scheme::Open {
            return Ok(None);
        }
        let login = self.credentials.find(endpoint, name).await?;
        match scheme {
            Scheme::Open => Ok(None),
            Scheme::Basic => match self.credentials.read(login).await? {
                Some(credential) if matches!(*credential, Credential::Password(..)) => {
                    Ok(Some(Authorization::Basic(credential)))
                }
                _ => Err(NetError::Denied {
                    place: Place::of(endpoint.base()),
                    what: "wants a user and a password, and there is none for it".into(),
                    hint: format!("docker login{}", endpoint.login_name()),
                }),
            },
            Scheme::Bearer(realm) => {
                let scope =
                    realm.scope.clone().unwrap_or_else(|| format!("repository:{name}:{}", actions.as_str()));
                let flight = self.tokens.of(endpoint.host(), realm, &scope, login.clone());
                let good = |token: &Arc<Token>| token.is_fresh() && !tried.refused(token);
                let fetch = Box::pin(self.fetch_token(realm, endpoint, &scope, login));
                let token = flight.get(good, fetch).await?;
                Ok(Some(Authorization::Bearer(token)))
            }
        }
    }

    async fn fetch_token(
        &self,
        realm: &Realm,
        endpoint: &Endpoint,
        scope: &str,
        login: Option<Login>,
    ) -> Result<Arc<Token>, NetError> {
        if !endpoint.allows_realm(&realm.url) {
            return Err(NetError::Realm {
                place: Place::of(endpoint.base()),
                realm: Place::of(&realm.url),
                registry: endpoint.registry().to_string(),
            });
        }
        if realm.url.scheme() != "https" && !is_plain_allowed(&realm.url, &self.settings) {
            return Err(NetError::Insecure(Place::of(&realm.url)));
        }
        let credential = self.credentials.read(login).await?;
        let (mut request, authorization) = auth::token_request(realm, scope, credential);
        request.behalf = Some(endpoint.registry().clone());
        let response = self.attempts(&request, authorization.as_ref()).await?;
        auth::read_token(&response, &endpoint.login_name()).map(Arc::new)
    }
}

/// Whether a user's name may be the secret itself.
fn is_token(user: &str, password: &str) -> bool {
    matches!(password, "" | "x-oauth-basic") || user == password
}

/// Whether a request was sent, and not held back by a budget, or by a host that is given up.
fn was_sent(answered: &Result<Response, Failure>) -> bool {
    !matches!(answered, Err(Failure::Final(error)) if error.not_asked().is_some())
}

/// Whether a request certainly did nothing.
fn was_refused(error: &NetError) -> bool {
    matches!(error, NetError::Transient { status: 429, .. })
}
