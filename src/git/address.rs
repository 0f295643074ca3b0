//! Where a repository is: over HTTP, over ssh, or in a folder.

use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::ssh::Destination;
use crate::model::{GitUrl, Transport, harmless};
use crate::net::Place;

/// Where a repository is. A user and a password that its URL had are kept apart and never shown.
#[derive(Clone, Debug)]
pub struct Address {
    pub(super) way: Way,
    /// Of an HTTP URL that names one.
    pub(super) user: Option<String>,
    pub(super) password: Option<SecretString>,
}

/// How an address is reached.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// Without user, password, query and fragment.
    Http(Url),
    Ssh(Destination),
    Local(PathBuf),
}

/// Why a text is not the address of a repository. It does not repeat a text that may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{subject} is not the address of a git repository: {reason}")]
pub struct AddressError {
    subject: String,
    reason: &'static str,
}

impl Address {
    /// The address that a declared URL names.
    pub fn of(url: &GitUrl) -> Result<Self, AddressError> {
        let wrong = |reason| AddressError { subject: harmless(url.as_str()), reason };
        let way = match url.transport() {
            Transport::Http => Way::Http(Url::parse(url.as_str()).map_err(|_| wrong("it is not a URL"))?),
            Transport::Ssh => Way::Ssh(
                Destination::read(url.as_str()).ok_or_else(|| wrong("it names no host and path for ssh"))?,
            ),
            Transport::Local => {
                Way::Local(local(url.as_str()).ok_or_else(|| wrong("it is not a path of this machine"))?)
            }
        };
        Ok(Self { way, user: None, password: None })
    }

    /// Reads what git's configuration may say of a remote: a URL, which may hold a password, `[user@]host:path`, or a
    /// path, which is below `folder` where it is relative.
    pub fn read(text: &str, folder: &std::path::Path) -> Result<Self, AddressError> {
        // Where there is one of these there may be a secret.
        let subject = match text.contains(['@', '?', '#']) {
            true => "the given URL".to_owned(),
            false => format!("`{}`", harmless(text)),
        };
        let wrong = |reason| AddressError { subject: subject.clone(), reason };
        let plain = |way| Ok(Self { way, user: None, password: None });
        if text.is_empty() || text.starts_with('-') || text.chars().any(char::is_control) {
            return Err(wrong("it is empty, starts with `-` or holds a control character"));
        }
        match text.split_once("://") {
            Some(("http" | "https", _)) => {
                Self::split(Url::parse(text).map_err(|_| wrong("it is not a URL"))?)
                    .ok_or_else(|| wrong("it has a query or a fragment"))
            }
            Some(("ssh" | "git+ssh" | "ssh+git", rest)) => {
                let found = Destination::read(&format!("ssh://{rest}"));
                plain(Way::Ssh(
                    found.ok_or_else(|| wrong("it names no host and path for ssh, or a password"))?,
                ))
            }
            Some(("file", _)) => {
                plain(Way::Local(local(text).ok_or_else(|| wrong("it is not a path of this machine"))?))
            }
            Some(_) => Err(wrong("its scheme is not https, http, ssh or file")),
            None if text.split_once(':').is_some_and(|(_, rest)| rest.starts_with(':')) => {
                Err(wrong("it is for a helper of git's"))
            }
            None if text.split('/').next().is_some_and(|first| first.contains(':')) => {
                let found = Destination::read(text);
                plain(Way::Ssh(
                    found.ok_or_else(|| wrong("it names no host and path for ssh, or a password"))?,
                ))
            }
            None => plain(Way::Local(folder.join(text))),
        }
    }

    /// Takes user and password out of a URL; `None` where it has more than a path.
    fn split(mut url: Url) -> Option<Self> {
        if url.query().is_some() || url.fragment().is_some() {
            return None;
        }
        let user = Some(decoded(url.username())).filter(|user| !user.is_empty());
        let password = url.password().map(|password| SecretString::from(decoded(password)));
        let _ = (url.set_username(""), url.set_password(None));
        Some(Self { way: Way::Http(url), user, password })
    }

    /// Whether it was written with a password, which whoever sees the command line can read.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// As git's configuration has it: with the name of who asks, and without a password.
    pub fn in_configuration(&self) -> String {
        match (&self.way, &self.user) {
            (Way::Http(url), Some(user)) => {
                let mut url = url.clone();
                // Whatever has a host has a place for a name.
                let _ = url.set_username(user);
                url.to_string()
            }
            _ => self.to_string(),
        }
    }

    /// How it is reached.
    pub fn transport(&self) -> Transport {
        match self.way {
            Way::Http(_) => Transport::Http,
            Way::Ssh(_) => Transport::Ssh,
            Way::Local(_) => Transport::Local,
        }
    }

    /// Its URL, without user and password, where it is reached over HTTP.
    pub fn web(&self) -> Option<&Url> {
        match &self.way {
            Way::Http(url) => Some(url),
            Way::Ssh(_) | Way::Local(_) => None,
        }
    }

    /// `host` or `host:port`, without a user; `None` for a folder.
    pub fn host(&self) -> Option<String> {
        match &self.way {
            Way::Http(url) => Some(Place::of(url).host().to_owned()),
            Way::Ssh(destination) => Some(destination.address()),
            Way::Local(_) => None,
        }
    }

    /// The repository's path on its host.
    pub fn path(&self) -> String {
        match &self.way {
            Way::Http(url) => url.path().to_owned(),
            Way::Ssh(destination) => destination.path.clone(),
            Way::Local(path) => path.display().to_string(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.way {
            Way::Http(url) => write!(f, "{}", Place::of(url)),
            Way::Ssh(destination) => write!(f, "{}", harmless(&destination.url())),
            Way::Local(path) => write!(f, "{}", harmless(&path.display().to_string())),
        }
    }
}

fn local(text: &str) -> Option<PathBuf> {
    match text.starts_with('/') {
        true => Some(text.into()),
        false => Url::parse(text).ok()?.to_file_path().ok(),
    }
}

/// Percent signs of a URL's user or password undone.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digit = |at: usize| rest.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (*first, digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = &rest[3..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use secrecy::ExposeSecret as _;

    use super::*;

    fn read(text: &str) -> Result<Address, AddressError> {
        Address::read(text, Path::new("/work"))
    }

    #[test]
    fn what_a_remote_may_be() {
        for (text, shown, host, path) in [
            ("https://h/a/b.git", "https://h/a/b.git", Some("h"), "/a/b.git"),
            ("http://h:8080/a", "http://h:8080/a", Some("h:8080"), "/a"),
            ("git@h:a/b.git", "git@h:a/b.git", Some("h"), "a/b.git"),
            ("h:a/b.git", "h:a/b.git", Some("h"), "a/b.git"),
            ("ssh://git@h:22/a", "ssh://git@h:22/a", Some("h:22"), "/a"),
            ("ssh://git@[::1]:22/a", "ssh://git@[::1]:22/a", Some("[::1]:22"), "/a"),
            ("file:///srv/a.git", "/srv/a.git", None, "/srv/a.git"),
            ("/srv/a:b", "/srv/a:b", None, "/srv/a:b"),
            ("../a", "/work/../a", None, "/work/../a"),
        ] {
            let address = read(text).unwrap();
            assert_eq!((address.to_string(), address.path()), (shown.to_owned(), path.to_owned()), "{text}");
            assert_eq!(address.host().as_deref(), host, "{text}");
        }
    }

    #[test]
    fn a_password_is_taken_out_and_never_shown() {
        let address = read("https://me:hunter%322%zz@h/a.git").unwrap();
        assert_eq!(address.user.as_deref(), Some("me"));
        assert_eq!(address.password.as_ref().unwrap().expose_secret(), "hunter22%zz");
        assert_eq!(address.to_string(), "https://h/a.git");
        assert!(!format!("{address:?}").contains("hunter"), "{address:?}");
        for text in
            ["ssh://me:hunter2@h/a", "me:hunter2@h:a/b", "https://me:hunter2@h/a?b", "ftp://me:hunter2@h/a"]
        {
            let error = read(text).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        for text in ["", "-x", "ssh://-oProxyCommand=x/a", "ext::sh -c x", "a\nb"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
