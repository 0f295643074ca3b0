//! Git repositories, references and object ids.

use std::fmt;
use std::str::FromStr;

/// How a repository is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Smart HTTP, plain only where it is on loopback or declared.
    Http,
    /// `ssh://` or `user@host:path`.
    Ssh,
    /// A folder of this machine.
    Local,
}

/// Where a git repository is: `https://…`, `ssh://…`, `user@host:path`, `file://…` or an absolute path.
///
/// A URL with a password is refused: it would end in a lock file, a log or an argument list.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GitUrl(String);

/// Why a text is not the URL of a git repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{subject} is not the URL of a git repository: {reason}")]
pub struct GitUrlError {
    subject: String,
    reason: &'static str,
}

impl GitUrl {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// How it is reached.
    pub fn transport(&self) -> Transport {
        match self.0.split_once("://") {
            Some(("https" | "http", _)) => Transport::Http,
            Some(("ssh", _)) => Transport::Ssh,
            Some(_) => Transport::Local,
            None if self.0.starts_with('/') => Transport::Local,
            None => Transport::Ssh,
        }
    }

    /// The URL with `.git` at its end, without which BuildKit would fetch a page instead of a repository.
    pub fn for_builders(&self) -> String {
        match self.0.trim_end_matches('/') {
            url if url.ends_with(".git") || self.transport() == Transport::Local => url.into(),
            url => format!("{url}.git"),
        }
    }
}

impl FromStr for GitUrl {
    type Err = GitUrlError;

    fn from_str(text: &str) -> Result<Self, GitUrlError> {
        // The input is named only where it cannot hold a password.
        let wrong = |subject: String, reason| Err(GitUrlError { subject, reason });
        let named = || match text.contains('@') {
            true => "the given URL".to_owned(),
            false => format!("`{text}`"),
        };
        if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return wrong(named(), "it is empty or holds white space");
        }
        if text.starts_with('-') {
            return wrong(named(), "it starts with `-`");
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return match text.starts_with('/') || is_scp_like(text) {
                true => Ok(Self(text.into())),
                false => {
                    wrong(named(), "expected https://, ssh://, file://, user@host:path or an absolute path")
                }
            };
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        if !matches!(scheme, "https" | "http" | "ssh" | "file") {
            return wrong(named(), "its scheme is not https, http, ssh or file");
        }
        if let Some((user, _)) = authority.rsplit_once('@')
            && (scheme != "ssh" || user.contains(':'))
        {
            return wrong(
                "the given URL".into(),
                "it holds a credential, which belongs to a credential helper",
            );
        }
        if (scheme != "file" && authority.is_empty()) || authority.starts_with('-') || path.is_empty() {
            return wrong(named(), "it lacks a host or a path");
        }
        if rest.contains(['#', '?']) {
            return wrong(named(), "it has a query or a fragment");
        }
        Ok(Self(text.into()))
    }
}

/// `[user@]host:path`, where no slash stands before the colon.
fn is_scp_like(text: &str) -> bool {
    text.split_once(':').is_some_and(|(host, path)| {
        !host.is_empty()
            && !path.is_empty()
            && !host.contains('/')
            && text.contains('@')
            && !host.contains("@-")
    })
}

impl fmt::Display for GitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A git URL without what different spellings of one repository differ by: `github.com/actions/checkout`.
pub fn same_git(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let (rest, scp) = match (url.contains("://"), rest.split_once(':')) {
        (false, Some((host, path))) if !host.contains('/') => (format!("{host}/{path}"), true),
        _ => (rest.to_owned(), false),
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest.as_str(), ""));
    let host = match url.starts_with("ssh://") || scp {
        true => host.rsplit_once('@').map_or(host, |(_, host)| host),
        false => host,
    };
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let path = path.join("/");
    let path = path.strip_suffix(".git").unwrap_or(&path);
    let host = host.to_ascii_lowercase();
    let host = port(url).and_then(|port| host.strip_suffix(port)).unwrap_or(&host);
    // GitHub's names have no case.
    let path = if host == "github.com" { path.to_ascii_lowercase() } else { path.to_owned() };
    format!("{host}/{path}")
}

/// The port that a URL has when it names none.
fn port(url: &str) -> Option<&'static str> {
    match url.split_once("://")?.0 {
        "https" => Some(":443"),
        "http" => Some(":80"),
        "ssh" => Some(":22"),
        "git" => Some(":9418"),
        _ => None,
    }
}

/// Why a text is not an object id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a git object id: expected 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits")]
pub struct ObjectIdError(String);

/// A git object id at its full length: of a commit, or of an annotated tag.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(String);

impl CommitId {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl FromStr for CommitId {
    type Err = ObjectIdError;

    fn from_str(text: &str) -> Result<Self, ObjectIdError> {
        let hex = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        match hex && matches!(text.len(), 40 | 64) {
            true => Ok(Self(text.into())),
            false => Err(ObjectIdError(text.into())),
        }
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The short name of a git tag (what follows `refs/tags/`), valid as `git check-ref-format` has it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GitRef(String);

/// Why a text is not a git tag's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a git tag (see git-check-ref-format)")]
pub struct GitRefError(String);

impl GitRef {
    /// Without `refs/tags/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GitRef {
    type Err = GitRefError;

    fn from_str(text: &str) -> Result<Self, GitRefError> {
        let forbidden = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
        let component = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
        let bad = text.is_empty()
            || text.starts_with('-')
            || text.ends_with('.')
            || text == "@"
            || text.contains("..")
            || text.contains("@{")
            || text.contains(forbidden)
            || !text.split('/').all(component);
        match bad {
            true => Err(GitRefError(text.into())),
            false => Ok(Self(text.into())),
        }
    }
}

impl fmt::Display for GitRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

super::text_type!(GitUrl);
super::text_type!(CommitId);
super::text_type!(GitRef);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_know_their_transport() {
        for (text, transport) in [
            ("https://github.com/sadoyan/aralez.git", Transport::Http),
            ("http://127.0.0.1:80/a", Transport::Http),
            ("ssh://git@host:22/a.git", Transport::Ssh),
            ("git@github.com:sadoyan/aralez.git", Transport::Ssh),
            ("file:///srv/a.git", Transport::Local),
            ("/srv/a.git", Transport::Local),
        ] {
            assert_eq!(text.parse::<GitUrl>().unwrap().transport(), transport, "{text}");
        }
    }

    #[test]
    fn a_password_is_refused_and_not_repeated() {
        for text in ["https://user:hunter2@host/a.git", "https://hunter2@host/a", "ssh://git:hunter2@host/a"]
        {
            let error = text.parse::<GitUrl>().unwrap_err().to_string();
            assert!(error.contains("credential") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn what_a_child_process_could_take_for_an_option_is_refused() {
        for text in [
            "--upload-pack=x",
            "ssh://-oProxyCommand=x/a",
            "git@-oProxyCommand=x:a",
            "",
            "a b",
            "ext::sh -c x",
        ] {
            assert!(text.parse::<GitUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn builders_want_the_suffix() {
        let url = |text: &str| text.parse::<GitUrl>().unwrap().for_builders();
        assert_eq!(url("https://h/a"), "https://h/a.git");
        assert_eq!(url("https://h/a.git"), "https://h/a.git");
        assert_eq!(url("https://h/a/"), "https://h/a.git");
        assert_eq!(url("/srv/a"), "/srv/a", "a folder is called what it is called");
    }

    #[test]
    fn tags_follow_git() {
        for good in ["v.0.92.13", "release/1.2", "v1+build", "ünïcode"] {
            assert!(good.parse::<GitRef>().is_ok(), "{good}");
        }
        for bad in ["", "-a", "a..b", "a.lock", ".a", "a/", "a b", "a~1", "@", "a@{1}", "a."] {
            assert!(bad.parse::<GitRef>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_are_whole() {
        assert!("e07791e1f0da683600961b9ff69e5b584be52860".parse::<CommitId>().is_ok());
        assert!("e07791e".parse::<CommitId>().is_err());
        assert!("E07791E1F0DA683600961B9FF69E5B584BE52860".parse::<CommitId>().is_err());
    }

    #[test]
    fn spellings_of_a_git_repository_are_one() {
        for text in [
            "https://github.com/Actions/checkout",
            "https://github.com/actions/checkout.git",
            "https://github.com/actions/checkout/",
            "git@github.com:actions/checkout.git",
            "ssh://git@github.com/actions/checkout",
            "git://GitHub.com/actions/checkout.git",
            "https://github.com:443/actions/checkout.git",
            "http://github.com:80/actions/checkout",
            "ssh://git@github.com:22/actions/checkout",
            "git://github.com:9418/actions/checkout",
            "https://github.com//actions//checkout.git//",
            "git@github.com:/actions/checkout",
        ] {
            assert_eq!(same_git(text), "github.com/actions/checkout", "{text}");
        }
        assert_eq!(same_git("https://git.example.org/A/b"), "git.example.org/A/b");
        assert_eq!(same_git("/srv/a.git"), "/srv/a");
        for other in [
            "https://a.example:22/b",
            "ssh://a.example:443/b",
            "https://a.example:4433/b",
            "a@a.example:22/b",
        ] {
            assert_ne!(same_git(other), "a.example/b", "{other}");
        }
    }
}
