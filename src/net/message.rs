//! What is asked, without the HTTP library's types.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::SecretString;
use url::Url;

use super::deadline::Deadline;
use super::endpoint::Endpoint;
use super::response::Response;
use super::stats::Asked;
use crate::model::Registry;

/// How the server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// As HTTP writes it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// What a caller has to show of its own. It stays on the origin that the request is for.
#[derive(Clone, Debug)]
pub enum Secret {
    /// A token behind `Authorization: Bearer`.
    Bearer(SecretString),
    /// A user and a password.
    Basic(String, SecretString),
    /// The value of a header of this name, in lower case.
    Header(&'static str, SecretString),
}

/// Under whose rules the request is authorized.
#[derive(Clone, Debug)]
pub(super) enum Access {
    /// Nobody's: a 401 is the answer.
    Anonymous,
    /// By what the caller shows. It is not redirected to another origin.
    Secret(Secret),
    /// A registry's: a 401 is a challenge, answered for the repository that has this name there.
    Registry { endpoint: Box<Endpoint>, name: String, actions: Actions },
}

/// What is done with a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Actions {
    Pull,
    Push,
}

impl Actions {
    /// As the scope of a token names them.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "pull,push",
        }
    }
}

/// How something is done to a repository by one who may push to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push {
    /// Beginning an upload.
    Post,
    /// Ending one, or putting a manifest.
    Put,
    /// Adding to one.
    Patch,
    /// Giving one up.
    Delete,
}

/// Takes in a body as it comes, so that it may be larger than memory.
pub trait Sink: Send {
    /// A good answer begins. What came of an attempt before it is forgotten. Where the answer is not one that is wanted,
    /// says so, as a predicate of whoever answered.
    fn begin(&mut self, answer: &Response) -> Result<(), String>;

    /// Its next bytes. Where they cannot be taken, says why, as a predicate of whoever answered.
    fn take(&mut self, bytes: &[u8]) -> Result<(), String>;

    /// How many bytes it has already: each attempt asks for those behind them only, and a server that does not know how
    /// answers with all. [`Sink::begin`] sees by the status, 206 or 200, which of the two it did.
    fn kept(&self) -> u64 {
        0
    }
}

/// Where a body goes.
#[derive(Clone)]
pub(super) struct Target(pub(super) Arc<Mutex<dyn Sink>>);

impl Target {
    /// How many bytes of the body are there already.
    pub(super) fn kept(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).kept()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").finish_non_exhaustive()
    }
}

/// A request that may be sent several times.
#[derive(Clone)]
pub struct Request {
    pub(super) asked: Asked,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) access: Access,
    /// The registry whose authorities are trusted for it.
    pub(super) behalf: Option<Registry>,
    pub(super) deadline: Option<Deadline>,
    pub(super) once: bool,
    pub(super) in_pieces: bool,
    pub(super) sink: Option<Target>,
    /// Whether plain HTTP will do.
    pub(super) signed: bool,
    limit: Option<usize>,
}

impl Request {
    /// A GET for anyone.
    pub fn get(asked: Asked, mut url: Url) -> Self {
        // The HTTP library would make an Authorization header of these, and a link may have them.
        let _ = (url.set_username(""), url.set_password(None));
        Self {
            asked,
            method: if asked == Asked::Head { Method::Head } else { Method::Get },
            url,
            headers: Vec::new(),
            body: None,
            access: Access::Anonymous,
            behalf: None,
            deadline: None,
            once: false,
            in_pieces: false,
            sink: None,
            signed: false,
            limit: None,
        }
    }

    /// A POST for anyone. Its body is not sent along a redirect.
    pub fn post(asked: Asked, url: Url, body: Vec<u8>) -> Self {
        Self { method: Method::Post, body: Some(body), ..Self::get(asked, url) }
    }

    /// A PUT for anyone. Neither is its body sent along a redirect.
    pub fn put(asked: Asked, url: Url, body: Vec<u8>) -> Self {
        Self { method: Method::Put, ..Self::post(asked, url, body) }
    }

    /// A PATCH for anyone, as [`Self::put`].
    pub fn patch(asked: Asked, url: Url, body: Vec<u8>) -> Self {
        Self { method: Method::Patch, ..Self::post(asked, url, body) }
    }

    /// A DELETE for anyone.
    pub fn delete(asked: Asked, url: Url) -> Self {
        Self { method: Method::Delete, ..Self::get(asked, url) }
    }

    /// The same as a POST of something for the repository, or as a PUT or a PATCH of a part of it.
    #[must_use]
    pub fn push_by(self, way: Push, body: Vec<u8>) -> Self {
        let method = match way {
            Push::Post => Method::Post,
            Push::Put => Method::Put,
            Push::Patch => Method::Patch,
            Push::Delete => Method::Delete,
        };
        Self { method, body: Some(body), ..self }.pushing()
    }

    /// Is sent by one who may push to the repository: a registry need not tell others what is there.
    #[must_use]
    pub fn pushing(mut self) -> Self {
        if let Access::Registry { actions, .. } = &mut self.access {
            *actions = Actions::Push;
        }
        self
    }

    /// Shows a secret; the request then is not redirected to another origin.
    #[must_use]
    pub fn show(self, secret: Secret) -> Self {
        Self { access: Access::Secret(secret), ..self }
    }

    /// Is sent once: whether it did what it asks for is not known where there is no answer, and it must not be done
    /// twice. Only where it certainly was refused, for its rate, it is sent again.
    #[must_use]
    pub fn once(self) -> Self {
        Self { once: true, ..self }
    }

    /// Is answered with a body that may be large: it is read by [`Response::into_reader`] only.
    #[must_use]
    pub fn in_pieces(self) -> Self {
        Self { in_pieces: true, ..self }
    }

    /// Is answered with a body of any size, which goes to `sink` and is not kept. There is no limit on the time of the whole
    /// of it, as long as it goes on.
    #[must_use]
    pub fn into_sink(self, sink: Arc<Mutex<dyn Sink>>) -> Self {
        Self { sink: Some(Target(sink)), ..self }
    }

    /// Is answered with content that the caller verifies by a signature, or by a digest that was signed: it may come
    /// over plain HTTP, as Debian's archives do. Nothing is shown with it.
    #[must_use]
    pub fn signed(self) -> Self {
        Self { signed: true, ..self }
    }

    /// Whether it may be sent without TLS.
    pub(super) fn goes_plain(&self) -> bool {
        self.signed && matches!(self.access, Access::Anonymous)
    }

    /// Is answered with at most so many bytes.
    #[must_use]
    pub fn at_most(self, limit: usize) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// The most bytes of an answer that are read.
    pub(super) fn limit(&self) -> usize {
        self.limit.unwrap_or(usize::MAX).min(self.asked.limit())
    }

    /// Is not sent, or not again, once `deadline` is over.
    #[must_use]
    pub fn until(self, deadline: &Deadline) -> Self {
        Self { deadline: Some(deadline.clone()), ..self }
    }

    /// Where it goes.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Adds a header, which goes along a redirect, to another origin too: it is no place for a secret. `name` is in
    /// lower case.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

impl Asked {
    /// The most bytes that an honest answer has.
    pub(super) fn limit(self) -> usize {
        const MIB: usize = 1 << 20;
        match self {
            Self::File => usize::try_from(4_u64 << 30).unwrap_or(usize::MAX),
            // What names a layer says how long it is.
            Self::Layer => usize::try_from(1_u64 << 40).unwrap_or(usize::MAX),
            Self::Head => 0,
            Self::Manifest => 4 * MIB,
            Self::TagPage => 64 * MIB,
            Self::Token => MIB,
            Self::Blob => 8 * MIB,
            Self::Git => 64 * MIB,
            Self::Pack => 512 * MIB,
            Self::Forge => 32 * MIB,
            Self::Attestation => 64 * MIB,
            Self::Suite => 16 * MIB,
            Self::List => 128 * MIB,
        }
    }
}
