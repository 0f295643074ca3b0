//! Over smart HTTP (gitprotocol-http, gitprotocol-v2).

use tokio::sync::Mutex;
use url::Url;

use super::Service;
use super::credential::{self, Known};
use super::error::Failure;
use super::login::Login;
use super::refs::Version;
use crate::net::{Asked, Client, Kind, Place, Request, Response, Secret};

/// Said where a server did not take what a helper knew.
const REFUSED: &str = "the credential that a helper gave for it was refused";

/// A repository over HTTP.
pub(super) struct Http {
    client: Client,
    url: Url,
    login: Login,
    /// What is shown to it, once that is known.
    held: Mutex<Held>,
}

#[derive(Clone)]
enum Held {
    /// Nobody has looked.
    Unknown,
    Known(Option<Secret>),
}

/// What an answer is for.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    service: Service,
    content_type: &'a str,
}

impl Http {
    pub(super) fn new(client: Client, url: Url, login: Login) -> Self {
        Self { client, url, login, held: Mutex::new(Held::Unknown) }
    }

    /// The server's first message, and where its services are: where it was redirected, the repository has moved.
    pub(super) async fn first(&self, service: Service, version: Version) -> Result<(Vec<u8>, Url), Failure> {
        let mut place = with_path(&self.url, &format!("{}/info/refs", self.url.path().trim_end_matches('/')));
        place.set_query(Some(&format!("service=git-{}", service.name())));
        let request = versioned(Request::get(Asked::Git, place), version);
        let content_type = format!("application/x-git-{}-advertisement", service.name());
        let response = self.ask(request, Wanted { service, content_type: &content_type }).await?;
        let base = response.url().path().strip_suffix("/info/refs");
        let base =
            base.ok_or_else(|| complain(response.url(), "it redirects to what is not a repository"))?;
        Ok((response.body().to_vec(), with_path(response.url(), base)))
    }

    /// The answer to a request of a service below `base`.
    pub(super) async fn answer(&self, base: &Url, service: Service, sent: Sent) -> Result<Vec<u8>, Failure> {
        let place = with_path(base, &format!("{}/git-{}", base.path(), service.name()));
        let content_type = format!("application/x-git-{}-result", service.name());
        let request = Request::post(sent.asked, place, sent.body)
            .header("content-type", format!("application/x-git-{}-request", service.name()))
            .header("accept", content_type.as_str());
        let request = versioned(request, sent.version);
        let request = if sent.once { request.once() } else { request };
        let request = request.at_most(sent.limit);
        let wanted = Wanted { service, content_type: &content_type };
        self.ask(request, wanted).await.map(|response| response.body().to_vec())
    }

    /// Sends a request with what there is to show; where that is not enough, with what the user's helpers know.
    async fn ask(&self, request: Request, wanted: Wanted<'_>) -> Result<Response, Failure> {
        let patience = self.client.settings().timeout;
        let mut held = self.held.lock().await;
        let secret = match &*held {
            Held::Known(secret) => secret.clone(),
            Held::Unknown => self.login.at_hand(&self.url, patience).await?,
        };
        *held = Held::Known(secret.clone());
        let response = self.send(&request, secret).await?;
        let asks = response.status() == 401 && response.url().origin() == self.url.origin();
        if !asks {
            return self.judge(response, wanted, "");
        }
        let Some((helpers, question, place)) = self.login.helpers(&self.url, patience).await? else {
            return self.judge(response, wanted, "");
        };
        let known = helpers.of(place);
        let mut known = known.lock().await;
        if let Known::Unasked = *known {
            *known = match credential::fill(&question).await {
                Err(why) => Known::Nothing(why),
                Ok(found) => {
                    let response = self.send(&request, Some(found.secret())).await?;
                    let good = response.status() != 401;
                    credential::tell(&question, &found, good).await;
                    if good {
                        *held = Held::Known(Some(found.secret()));
                        *known = Known::Good(found);
                        return self.judge(response, wanted, "");
                    }
                    Known::Nothing(REFUSED.into())
                }
            };
        }
        let secret = match &*known {
            Known::Good(found) => found.secret(),
            Known::Nothing(why) => return self.judge(response, wanted, &format!("; {why}")),
            Known::Unasked => return self.judge(response, wanted, ""),
        };
        drop(known);
        let response = self.send(&request, Some(secret.clone())).await?;
        let refused = response.status() == 401;
        if !refused {
            *held = Held::Known(Some(secret));
        }
        self.judge(response, wanted, &if refused { format!("; {REFUSED}") } else { String::new() })
    }

    /// Sends a request. A secret is for the repository's own origin; another one was reached by a redirect without one.
    async fn send(&self, request: &Request, secret: Option<Secret>) -> Result<Response, Failure> {
        let own = request.url().origin() == self.url.origin();
        let request = match secret.filter(|_| own) {
            Some(secret) => request.clone().show(secret),
            None => request.clone(),
        };
        Ok(self.client.send(&request).await?)
    }

    /// Makes of an answer what it is, or why it is none; `besides` is what became of asking for a credential.
    fn judge(&self, response: Response, wanted: Wanted<'_>, besides: &str) -> Result<Response, Failure> {
        let place = Place::of(response.url());
        let (host, writes) = (place.host(), wanted.service == Service::ReceivePack);
        match response.status() {
            200 => {}
            status @ (404 | 410) => {
                let why = format!("{host} answered {status}: it has no such repository");
                let failure = Failure::new(Kind::NotFound, why);
                return Err(match self.login.is_nobody() {
                    true => failure,
                    false => failure.hinted(format!(
                        "check the URL; a private repository is hidden from who may not see it: {}",
                        self.login.looked_for()
                    )),
                });
            }
            status @ (401 | 403) => {
                let what = if writes {
                    "the repository may not be written to"
                } else {
                    "the repository does not exist, or is private"
                };
                let failure =
                    Failure::new(Kind::Denied, format!("{host} answered {status}: {what}{besides}"));
                return Err(failure.hinted(self.login.looked_for()));
            }
            status => return Err(Failure::protocol(format!("{host} answered {status}"))),
        }
        match response.content_type() {
            Some(found) if found == wanted.content_type => Ok(response),
            found => {
                let found = found.unwrap_or_else(|| "something without a type".into());
                Err(Failure::protocol(format!(
                    "{host} answered with {found}, which is not git's smart HTTP protocol"
                )))
            }
        }
    }
}

/// What is sent to a service, and how.
pub(super) struct Sent {
    pub(super) body: Vec<u8>,
    pub(super) asked: Asked,
    pub(super) version: Version,
    pub(super) limit: usize,
    /// Not again, where it is not known whether it was done.
    pub(super) once: bool,
}

/// What cannot be understood of a server's answer.
pub(super) fn complain(url: &Url, why: &str) -> Failure {
    Failure::protocol(format!("{} is not understood: {why}", Place::of(url).host()))
}

fn versioned(request: Request, version: Version) -> Request {
    match version {
        Version::Zero => request,
        Version::Two => request.header("git-protocol", "version=2"),
    }
}

fn with_path(url: &Url, path: &str) -> Url {
    let mut url = url.clone();
    url.set_path(path);
    url.set_query(None);
    url
}
