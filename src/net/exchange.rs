//! One request, sent once: the connection, its redirects (`hop` says which), and a body that is read up to a cap.

use std::error::Error;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, HeaderValue, RANGE};
use secrecy::ExposeSecret as _;
use tokio::time::Instant;
use tracing::Instrument as _;
use url::Url;

use super::auth::{Authorization, Credential};
use super::body::Body;
use super::client::Inner;
use super::error::{Between, Place, seconds};
use super::hop::next_hop;
use super::message::{Access, Actions, Method, Request, Secret, Target};
use super::proxy::{Fault, Proxy};
use super::response::Response;
use super::{Allowance, Asked, NetError, issuer, tls};

/// How many times the limit for the next bytes a whole answer may take, with the redirects that led to it.
const WHOLE: u32 = 4;

/// Why there is no answer to one attempt.
pub(super) enum Failure {
    /// Another attempt may succeed.
    Transport {
        place: Place,
        proxy: Between,
        cause: String,
        /// Whether there was a connection that answered something.
        reached: bool,
    },
    /// It would not.
    Final(NetError),
}

impl Inner {
    /// Sends `request` and follows its redirects.
    pub(super) async fn exchange(
        &self,
        request: &Request,
        authorization: Option<&Authorization>,
    ) -> Result<Response, Failure> {
        let mut url = request.url.clone();
        let mut hops = 0;
        let mut left = self.whole();
        loop {
            let response = self.exchange_once(request, authorization, &url, &mut left).await?;
            let Some(next) = next_hop(&response, &url).map_err(Failure::Final)? else {
                return Ok(response);
            };
            hops += 1;
            self.check_hop(request, &url, &next, hops).map_err(Failure::Final)?;
            url = next;
        }
    }

    async fn exchange_once(
        &self,
        request: &Request,
        authorization: Option<&Authorization>,
        url: &Url,
        left: &mut Duration,
    ) -> Result<Response, Failure> {
        let host = self.host(url);
        let admitted = host.admit(url, request.asked == Asked::Head).await.map_err(Failure::Final)?;
        if let Some(deadline) = &request.deadline {
            deadline.note_queued(admitted.queued);
            if deadline.is_over() {
                return Err(slow(url, deadline.limit(), true));
            }
        }
        // Only what is admitted takes the memory of a connection.
        Box::pin(self.admitted(request, authorization, url, left)).await
    }

    pub(super) fn whole(&self) -> Duration {
        self.settings.timeout.saturating_mul(WHOLE)
    }

    async fn admitted(
        &self,
        request: &Request,
        authorization: Option<&Authorization>,
        url: &Url,
        left: &mut Duration,
    ) -> Result<Response, Failure> {
        let (place, settings) = (Place::of(url), &self.settings);
        self.counters.spend(&place, request.asked, settings.max_requests).map_err(Failure::Final)?;
        let begun = Instant::now();
        let span = tracing::info_span!("request", method = request.method.as_str(), url = %place);
        let answer = self.answered(request, authorization, url).instrument(span.clone());
        let answered = match &request.sink {
            // It may take any time while it goes on.
            Some(_) => answer.await,
            // What was too slow once is not asked again.
            None => tokio::time::timeout(*left, answer)
                .await
                .unwrap_or_else(|_| Err(slow(url, self.whole(), false))),
        };
        let time = begun.elapsed();
        *left = left.saturating_sub(time);
        self.counters.over(place.host(), time);
        span.in_scope(|| tell(request, &place, time, &answered));
        let response = answered?;
        if let Some(allowance) = Allowance::of(&response) {
            self.counters.allows(place.host(), allowance);
            self.host(url).allows(allowance, settings.requests_per_host, settings.max_delay);
        }
        Ok(response)
    }

    async fn answered(
        &self,
        request: &Request,
        authorization: Option<&Authorization>,
        url: &Url,
    ) -> Result<Response, Failure> {
        let prepared = self.prepare(request, authorization, url).map_err(Failure::Final)?;
        let answer = prepared.send().await.map_err(|error| self.failure(url, &error, false))?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        self.counters.vouched(Place::of(url).host(), || issuer::of(&answer));
        // Without a tunnel it is the proxy that answers so.
        if status == 407
            && url.scheme() == "http"
            && let Some(proxy) = self.settings.proxies.of(url)
        {
            return Err(proxy_login(url, proxy));
        }
        if let Some(sink) = &request.sink {
            return self.pour(request, url, answer, sink).await;
        }
        let body = self.read_body(request, url, answer).await?;
        if status == 400 && wants_certificate(body.first()) {
            return Err(Failure::Final(NetError::Denied {
                place: Place::of(url),
                what: "answered 400: it wants a certificate of ours, another one if it was shown one".into(),
                hint: "declare `client-cert` and `client-key` of the registry".into(),
            }));
        }
        Ok(Response { status, headers, url: url.clone(), body })
    }

    fn prepare(
        &self,
        request: &Request,
        authorization: Option<&Authorization>,
        url: &Url,
    ) -> Result<reqwest::RequestBuilder, NetError> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Head => reqwest::Method::HEAD,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let http = self.clients.of(request, url, &self.settings)?;
        // Digests are of the bytes as they are, and a cap must hold for what is read.
        let mut builder = http.request(method, url.clone()).header(ACCEPT_ENCODING, "identity");
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        let kept = request.sink.as_ref().map_or(0, Target::kept);
        if kept > 0 {
            builder = builder.header(RANGE, format!("bytes={kept}-"));
        }
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let own = url.origin() == request.url.origin();
        if let Access::Secret(secret) = &request.access
            && own
        {
            builder = shown(builder, secret);
        }
        Ok(match authorization.filter(|_| own) {
            Some(Authorization::Bearer(token)) => builder.bearer_auth(token.secret.expose_secret()),
            Some(Authorization::Basic(credential)) => match &**credential {
                Credential::Password(user, password) => {
                    builder.basic_auth(user, Some(password.expose_secret()))
                }
                Credential::Identity(_) => builder,
            },
            None => builder,
        })
    }

    async fn read_body(
        &self,
        request: &Request,
        url: &Url,
        mut answer: reqwest::Response,
    ) -> Result<Body, Failure> {
        let encoding = answer.headers().get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        let refused = |what: &str| {
            let (place, what) = (Place::of(url), what.into());
            Failure::Final(NetError::Refused { place, what })
        };
        if encoding.is_some_and(is_compression) {
            return Err(refused("compressed its answer, although it was asked not to"));
        }
        // HEAD has no body whatever its length says; why there is nothing to be read is not used, only why nothing can be put
        // there.
        let is_push = matches!(request.access, Access::Registry { actions: Actions::Push, .. });
        if request.asked == Asked::Head || (!is_push && answer.status() == StatusCode::NOT_FOUND) {
            return Ok(Body::default());
        }
        let limit = request.limit();
        let too_large = || {
            let place = Place::of(url);
            Failure::Final(NetError::TooLarge { place, limit })
        };
        let announced = answer.content_length().unwrap_or(0);
        if announced > limit as u64 {
            return Err(too_large());
        }
        let mut body = match request.in_pieces {
            true => Body::in_pieces(),
            false => Body::whole(usize::try_from(announced).unwrap_or(0)),
        };
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.failure(url, &error, true))? {
            self.counters.received(Place::of(url).host(), chunk.len());
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.push(&chunk);
        }
        Ok(body)
    }

    /// What the library's error comes to, where an answer had `begun` or not.
    pub(super) fn failure(&self, url: &Url, error: &reqwest::Error, begun: bool) -> Failure {
        let place = Place::of(url);
        if error.is_builder() {
            let what = format!("cannot be asked: {}", innermost(error));
            return Failure::Final(NetError::Refused { place, what });
        }
        let waited = match error.is_connect() {
            true => tls::connect_timeout(&self.settings),
            false => self.settings.timeout,
        };
        let cause = match error.is_timeout() {
            true => format!("no answer within {}", seconds(waited)),
            false => innermost(error),
        };
        let reached = begun || (!error.is_connect() && !error.is_timeout());
        let Some(proxy) = self.settings.proxies.of(url) else {
            return Failure::Transport { place, proxy: Between::Nothing, cause, reached };
        };
        let (proxy, cause) = match proxy.fault(url, error) {
            Some(Fault::Login) => return proxy_login(url, proxy),
            Some(Fault::Refused) => (Between::BadProxy(proxy.host().into()), "did not connect to it".into()),
            Some(Fault::Unreachable) => {
                (Between::BadProxy(proxy.host().into()), format!("cannot be reached itself: {cause}"))
            }
            None => (Between::Proxy(proxy.host().into()), cause),
        };
        Failure::Transport { place, proxy, cause, reached }
    }
}

pub(super) fn slow(url: &Url, limit: Duration, together: bool) -> Failure {
    Failure::Final(NetError::Slow { place: Place::of(url), limit, together })
}

/// Tells who listens what was asked and what came of it.
fn tell(request: &Request, place: &Place, time: Duration, answered: &Result<Response, Failure>) {
    let method = request.method.as_str();
    let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    match answered {
        Ok(Response { status, body, .. }) => {
            tracing::info!(method, url = %place, status, bytes = body.len(), ms, "request");
        }
        Err(Failure::Transport { proxy, cause, .. }) => {
            let failed = format!("{proxy}{cause}");
            let failed = failed.trim_start_matches([':', ' ']);
            tracing::info!(method, url = %place, failed, ms, "request");
        }
        Err(Failure::Final(error)) => tracing::info!(method, url = %place, failed = %error, ms, "request"),
    }
}

/// Whether an answer is what nginx says to whoever shows no certificate, or a wrong one: in TLS itself it accepts both.
fn wants_certificate(page: &[u8]) -> bool {
    let page = String::from_utf8_lossy(page);
    ["No required SSL certificate was sent", "The SSL certificate error"]
        .iter()
        .any(|words| page.contains(words))
}

fn proxy_login(url: &Url, proxy: &Proxy) -> Failure {
    let (place, proxy, shown) = (Place::of(url), proxy.host().into(), proxy.has_login());
    Failure::Final(NetError::ProxyLogin { place, proxy, shown })
}

/// A request with what its caller has to show.
fn shown(builder: reqwest::RequestBuilder, secret: &Secret) -> reqwest::RequestBuilder {
    match secret {
        Secret::Bearer(token) => builder.bearer_auth(token.expose_secret()),
        Secret::Basic(user, password) => builder.basic_auth(user, Some(password.expose_secret())),
        Secret::Header(name, value) => match HeaderValue::from_str(value.expose_secret()) {
            Ok(mut value) => {
                value.set_sensitive(true);
                builder.header(*name, value)
            }
            // A secret with a line feed in it is none that could be sent.
            Err(_) => builder,
        },
    }
}

/// Other words in this header, as `aws-chunked`, are left over from an upload and change nothing.
pub(super) fn is_compression(encoding: &str) -> bool {
    let known = ["gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"];
    encoding.split(',').any(|word| known.iter().any(|known| word.trim().eq_ignore_ascii_case(known)))
}

/// What the last error of a chain says: the outer ones only repeat that a request failed.
pub(super) fn innermost(error: &dyn Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
