//! Which forge a remote is on, where its API is, and what the repository is called there.

use url::{Host, Url};

use super::error::ForgeError;
use crate::catalog::{ForgeKind, Propose};
use crate::model::{GitUrl, Transport};

/// A lookup in the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A kind of forge that has pull requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Software {
    GitHub,
    GitLab,
    Forgejo,
}

/// A repository at a forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) software: Software,
    /// Where the API begins, without a slash at its end.
    pub(super) api: Url,
    /// The names on the way to the repository, itself the last.
    pub(super) path: Vec<String>,
    pub(super) server: Server,
}

/// The host of a remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Server {
    pub(super) host: String,
    /// Where the remote is a web address: its scheme and port are the forge's own.
    web: Option<Url>,
}

impl Address {
    /// What `remote` is on; `None` where no forge is declared to be used.
    pub(super) fn of(
        propose: &Propose,
        remote: &GitUrl,
        environment: Environment<'_>,
    ) -> Result<Option<Self>, ForgeError> {
        if propose.forge == Some(ForgeKind::None) {
            return Ok(None);
        }
        let (server, path) = server_and_path(remote).ok_or_else(|| {
            ForgeError::configuration(format!("the remote `{}` is at {remote}, which is on no forge", propose.remote))
                .hinted("name the remote of a forge with `propose.remote`, or write `propose.forge = \"none\"` to push branches only")
        })?;
        let software = software(propose.forge, &server.host).ok_or_else(|| {
            ForgeError::configuration(format!("nothing says what kind of forge {} is", server.host)).hinted(
                "declare `propose.forge`: \"github\", \"gitlab\" or \"forgejo\", or \"none\" to push branches only",
            )
        })?;
        let api = api(software, propose.api.as_ref(), &server, environment)?;
        let path = names(software, &api, &server, &path).ok_or_else(|| {
            let expected = match software {
                Software::GitLab => "GROUP/PROJECT",
                _ => "OWNER/REPOSITORY",
            };
            ForgeError::configuration(format!("{remote} does not end in {expected}"))
                .hinted(format!("check the address: git remote get-url {}", propose.remote))
        })?;
        Ok(Some(Self { software, api, path, server }))
    }
}

impl Server {
    /// Whether this is the server of `url`. A remote over ssh says nothing of the web's port.
    pub(super) fn is_of(&self, url: &str) -> bool {
        let Ok(url) = Url::parse(url) else { return false };
        match &self.web {
            Some(web) => web.origin() == url.origin(),
            None => url.host_str() == Some(&self.host),
        }
    }
}

/// The host of `remote` and the path on it, without what only git needs.
fn server_and_path(remote: &GitUrl) -> Option<(Server, String)> {
    let text = remote.as_str();
    let (host, path, web) = match (remote.transport(), text.contains("://")) {
        (Transport::Local, _) => return None,
        (transport, true) => {
            let url = Url::parse(text).ok()?;
            let (host, path) = (url.host_str()?.to_ascii_lowercase(), url.path().to_owned());
            (host, path, (transport == Transport::Http).then_some(url))
        }
        (_, false) => {
            let (authority, path) = text.split_once(':')?;
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            (host.to_ascii_lowercase(), path.to_owned(), None)
        }
    };
    // Where ssh goes through the port of HTTPS.
    let host = match host.as_str() {
        "ssh.github.com" => "github.com".into(),
        "altssh.gitlab.com" => "gitlab.com".into(),
        _ => host,
    };
    Some((Server { host, web }, path))
}

/// Whether it is known what kind of forge a remote is on.
pub(super) fn is_told(propose: &Propose, remote: &GitUrl) -> bool {
    server_and_path(remote).is_some_and(|(server, _)| software(propose.forge, &server.host).is_some())
}

fn software(declared: Option<ForgeKind>, host: &str) -> Option<Software> {
    match (declared, host) {
        (Some(ForgeKind::GitHub), _) | (None, "github.com") => Some(Software::GitHub),
        (Some(ForgeKind::GitLab), _) | (None, "gitlab.com") => Some(Software::GitLab),
        (Some(ForgeKind::Forgejo), _) | (None, "codeberg.org") => Some(Software::Forgejo),
        (Some(ForgeKind::None) | None, _) => None,
    }
}

/// Where the API is: declared, or told by a runner of this very server, or where its host always has it.
fn api(
    software: Software,
    declared: Option<&Url>,
    server: &Server,
    environment: Environment<'_>,
) -> Result<Url, ForgeError> {
    let (server_variable, api_variable) = match software {
        Software::GitHub | Software::Forgejo => ("GITHUB_SERVER_URL", "GITHUB_API_URL"),
        Software::GitLab => ("CI_SERVER_URL", "CI_API_V4_URL"),
    };
    let told = || {
        environment(server_variable).filter(|url| server.is_of(url))?;
        environment(api_variable)
    };
    let (url, from) = match (declared, told()) {
        (Some(declared), _) => (Some(declared.clone()), "`propose.api`"),
        (None, Some(told)) => (Url::parse(&told).ok(), api_variable),
        (None, None) => (usual_api(software, server), "the remote"),
    };
    let usable = |url: &Url| {
        let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        plain
            && url.fragment().is_none()
            && (url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)))
    };
    let mut url = url.filter(usable).ok_or_else(|| {
        ForgeError::configuration(format!(
            "the address of the API of {}, from {from}, is no https URL",
            server.host
        ))
        .hinted("declare `propose.api`, as \"https://forge.example.org/api/v4\"")
    })?;
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

fn usual_api(software: Software, server: &Server) -> Option<Url> {
    let host = &server.host;
    if software == Software::GitHub && host == "github.com" {
        return Url::parse("https://api.github.com").ok();
    }
    let mut url = match &server.web {
        Some(web) => web.clone(),
        None => Url::parse(&format!("https://{host}")).ok()?,
    };
    url.set_path(suffix(software));
    Some(url)
}

/// What the path of every API of this kind ends with, but github.com's.
fn suffix(software: Software) -> &'static str {
    match software {
        Software::GitHub => "/api/v3",
        Software::GitLab => "/api/v4",
        Software::Forgejo => "/api/v1",
    }
}

/// The names in a repository's path. Where the whole forge is below a path, as its API then is, that is none of them.
fn names(software: Software, api: &Url, server: &Server, path: &str) -> Option<Vec<String>> {
    let below = match &server.web {
        Some(web) if web.origin() == api.origin() => api.path().strip_suffix(suffix(software)).unwrap_or(""),
        _ => "",
    };
    let path = path.strip_prefix(below).filter(|rest| rest.starts_with('/')).unwrap_or(path);
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let names: Vec<String> = path.split('/').map(Into::into).collect();
    let counts = match software {
        Software::GitLab => names.len() >= 2,
        _ => names.len() == 2,
    };
    let named = names.iter().all(|name| !matches!(name.as_str(), "" | "." | ".."));
    (counts && named).then_some(names)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(
        forge: Option<ForgeKind>,
        api: Option<&str>,
        remote: &str,
        variables: &[(&str, &str)],
    ) -> Result<(Software, String, String), ForgeError> {
        let propose = Propose { forge, api: api.map(|api| Url::parse(api).unwrap()), ..Propose::default() };
        let lookup = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let address = Address::of(&propose, &remote.parse().unwrap(), &lookup)?.unwrap();
        Ok((address.software, address.api.to_string(), address.path.join("/")))
    }

    #[test]
    fn the_remote_tells_the_forge_its_api_and_the_repository() {
        use Software::{Forgejo, GitHub, GitLab};
        let (github, gitlab, forgejo) =
            (Some(ForgeKind::GitHub), Some(ForgeKind::GitLab), Some(ForgeKind::Forgejo));
        for (forge, remote, software, api, path) in [
            (None, "https://github.com/o/r.git", GitHub, "https://api.github.com/", "o/r"),
            (None, "https://github.com/o/r/", GitHub, "https://api.github.com/", "o/r"),
            (None, "git@GitHub.com:o/r.git", GitHub, "https://api.github.com/", "o/r"),
            (None, "ssh://git@ssh.github.com:443/o/r.git", GitHub, "https://api.github.com/", "o/r"),
            (None, "https://gitlab.com/g/s/p.git", GitLab, "https://gitlab.com/api/v4", "g/s/p"),
            (None, "git@gitlab.com:g/p", GitLab, "https://gitlab.com/api/v4", "g/p"),
            (None, "ssh://git@codeberg.org/o/r", Forgejo, "https://codeberg.org/api/v1", "o/r"),
            (github, "git@ghe.example:o/r", GitHub, "https://ghe.example/api/v3", "o/r"),
            (gitlab, "ssh://git@h.example:2222/g/p.git", GitLab, "https://h.example/api/v4", "g/p"),
            (gitlab, "https://h.example:8443/g/p", GitLab, "https://h.example:8443/api/v4", "g/p"),
            (forgejo, "http://127.0.0.1:3000/o/r.git", Forgejo, "http://127.0.0.1:3000/api/v1", "o/r"),
        ] {
            let expected = (software, api.to_owned(), path.to_owned());
            assert_eq!(address(forge, None, remote, &[]), Ok(expected), "{remote}");
        }
    }

    #[test]
    fn a_forge_below_a_path_has_repositories_without_it() {
        let found = address(
            Some(ForgeKind::GitLab),
            Some("https://h.example/git/lab/api/v4/"),
            "https://h.example/git/lab/g/p.git",
            &[],
        );
        let api = "https://h.example/git/lab/api/v4".to_owned();
        assert_eq!(found, Ok((Software::GitLab, api, "g/p".into())));
        let outside = address(
            Some(ForgeKind::Forgejo),
            Some("https://h.example/git/api/v1"),
            "https://h.example/gitea/r",
            &[],
        );
        assert_eq!(outside.unwrap().2, "gitea/r", "half a name is none");
    }

    #[test]
    fn a_runner_tells_the_api_of_its_own_server_only() {
        let runner =
            [("GITHUB_SERVER_URL", "https://ghe.example"), ("GITHUB_API_URL", "https://api.ghe.example")];
        let api =
            |remote: &str, declared| address(Some(ForgeKind::GitHub), declared, remote, &runner).unwrap().1;
        assert_eq!(api("https://ghe.example/o/r", None), "https://api.ghe.example/");
        assert_eq!(api("git@ghe.example:o/r", None), "https://api.ghe.example/");
        assert_eq!(api("https://other.example/o/r", None), "https://other.example/api/v3");
        assert_eq!(api("https://ghe.example:444/o/r", None), "https://ghe.example:444/api/v3");
        assert_eq!(api("https://ghe.example/o/r", Some("https://d.example")), "https://d.example/");
        let job = [("CI_SERVER_URL", "https://h.example"), ("CI_API_V4_URL", "https://h.example/x/api/v4")];
        let found = address(Some(ForgeKind::GitLab), None, "https://h.example/x/g/p", &job).unwrap();
        assert_eq!((found.1.as_str(), found.2.as_str()), ("https://h.example/x/api/v4", "g/p"));
    }

    #[test]
    fn what_cannot_be_told_says_what_to_write() {
        let runner = |api| [("GITHUB_SERVER_URL", "https://h.example"), ("GITHUB_API_URL", api)];
        for (forge, remote, variables, said) in [
            (None, "https://h.example/o/r", None, "`propose.forge`"),
            (None, "/srv/r.git", None, "propose.forge = \"none\""),
            (None, "https://github.com/o", None, "git remote get-url origin"),
            (None, "https://github.com/o/r/x", None, "git remote get-url origin"),
            (None, "git@gitlab.com:g/../p", None, "git remote get-url origin"),
            (Some(ForgeKind::GitHub), "http://h.example/o/r", None, "`propose.api`"),
            (Some(ForgeKind::GitHub), "https://h.example/o/r", Some("http://h.example"), "`propose.api`"),
            (
                Some(ForgeKind::GitHub),
                "https://h.example/o/r",
                Some("https://u:hunter2@h.example"),
                "`propose.api`",
            ),
        ] {
            let variables = variables.map(|api| runner(api).to_vec()).unwrap_or_default();
            let error = address(forge, None, remote, &variables).unwrap_err();
            let shown = format!("{error} {}", error.hint().unwrap());
            assert!(shown.contains(said) && !shown.contains("hunter2"), "{remote}: {shown}");
        }
    }

    #[test]
    fn none_is_none() {
        let propose = Propose { forge: Some(ForgeKind::None), ..Propose::default() };
        let found = Address::of(&propose, &"/srv/r.git".parse().unwrap(), &|_| None);
        assert_eq!(found, Ok(None));
    }
}
