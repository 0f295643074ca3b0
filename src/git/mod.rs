//! git's protocol: repositories elsewhere, read and written without a clone of them.
//!
//! Entry point: [`Remote`], of an [`Address`] (which [`resolve`] finds in git's configuration for a remote's name, and
//! [`locate`] for a URL) and a [`Login`]. It lists
//! references ([`Remote::refs`]), brings commits here ([`Remote::fetch`]) and sends them ([`Remote::push`]). The phases of
//! a conversation are the same over each transport (`http`, `ssh`, `local`): the server says what it has (`refs`), one
//! request is made, one answer is read. Packets are framed by `pkt_line`, objects packed and unpacked by the git library.

mod address;
mod configuration;
mod conversation;
mod credential;
mod duplex;
mod error;
mod fetch;
mod http;
mod local;
mod login;
mod pack;
mod pkt_line;
mod program;
mod push;
mod refs;
mod ssh;
mod store;

use std::fmt;
use std::path::Path;

pub use address::{Address, AddressError};
pub use configuration::{Places, resolve};
pub use error::GitError;
pub use login::Login;
pub use push::{Pushed, Update};
pub use refs::{Named, Refs};

use address::Way;
use error::Failure;
use http::Http;

use crate::model::{GitUrl, Transport};
use crate::net::{Client, Kind};

/// What a server does for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    UploadPack,
    ReceivePack,
}

impl Service {
    /// As a command of git's.
    fn name(self) -> &'static str {
        match self {
            Self::UploadPack => "upload-pack",
            Self::ReceivePack => "receive-pack",
        }
    }

    /// As a program of its own.
    fn program(self) -> &'static str {
        match self {
            Self::UploadPack => "git-upload-pack",
            Self::ReceivePack => "git-receive-pack",
        }
    }
}

/// A repository elsewhere.
pub struct Remote {
    client: Client,
    address: Address,
    /// Where it is reached over HTTP.
    http: Option<Http>,
    login: Login,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("address", &self.address.to_string()).finish_non_exhaustive()
    }
}

impl Remote {
    /// A repository; nothing is asked yet.
    pub fn new(client: &Client, address: Address, login: Login) -> Self {
        let http = match &address.way {
            Way::Http(url) => {
                let login = login.clone().or_url(address.user.as_ref(), address.password.as_ref());
                Some(Http::new(client.clone(), url.clone(), login))
            }
            Way::Ssh(_) | Way::Local(_) => None,
        };
        Self { client: client.clone(), address, http, login }
    }

    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.address
    }
}

/// Where git in the folder of `login` would read `url`: `url.<base>.insteadOf` of its configuration may have another
/// address for it, as CI leaves it with a credential in it.
pub async fn locate(client: &Client, url: &GitUrl, login: &Login) -> Result<Address, GitError> {
    let wrong = |failure| GitError::new(format!("find out where {url} is"), failure);
    let unread = |error: AddressError| wrong(Failure::new(Kind::Configuration, error.to_string()));
    let instead = match url.transport() {
        Transport::Local => None,
        Transport::Http | Transport::Ssh => {
            login.instead(url.as_str(), client.settings().timeout).await.map_err(wrong)?
        }
    };
    match instead {
        Some(text) => Address::read(&text, Path::new("/")).map_err(unread),
        None => Address::of(url).map_err(unread),
    }
}

/// Reads bytes as all that a server may say: its references in each version of the protocol, objects, and what became of
/// a push. Gives the names of references that were understood. For fuzzing.
#[doc(hidden)]
pub fn read_as_all(bytes: &[u8]) -> Vec<String> {
    let _ = (fetch::answer(bytes), push::report(bytes));
    let mut found = vec![refs::listed(bytes).unwrap_or_default()];
    if let Ok(refs::Advertisement::Listed(listed)) = refs::advertisement(bytes) {
        found.push(listed.refs);
    }
    found.into_iter().flat_map(|refs| refs.names.into_keys().chain(refs.head)).collect()
}
