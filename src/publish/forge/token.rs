//! Which token a forge is shown.

use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::address::{Environment, Server, Software};
use super::error::{ForgeError, Kind};
use crate::files;

const OURS: &str = "SOLERA_PIN_FORGE_TOKEN";
const OUR_FILE: &str = "SOLERA_PIN_FORGE_TOKEN_FILE";
/// What a runner of GitHub's or Forgejo's gives every job: good on the runner's own server only.
const OF_A_JOB: &str = "GITHUB_TOKEN";

/// The variables that each kind's own tools read.
fn usual(software: Software) -> &'static [&'static str] {
    match software {
        Software::GitHub => &["GH_TOKEN", OF_A_JOB],
        Software::GitLab => &["GITLAB_TOKEN"],
        Software::Forgejo => &["FORGEJO_TOKEN", "GITEA_TOKEN", OF_A_JOB],
    }
}

/// The token for `server`, of the first variable that has one.
pub(super) fn read(
    software: Software,
    server: &Server,
    environment: Environment<'_>,
) -> Result<SecretString, ForgeError> {
    let variable = |name: &str| environment(name).filter(|value| !value.trim().is_empty());
    if let Some(value) = variable(OURS) {
        return token(&SecretString::from(value), OURS);
    }
    if let Some(path) = variable(OUR_FILE) {
        return of_file(&path);
    }
    let fits = |name: &&&str| **name != OF_A_JOB || is_job_of(software, server, environment);
    for name in usual(software).iter().filter(fits) {
        if let Some(value) = variable(name) {
            return token(&SecretString::from(value), name);
        }
    }
    let refused = usual(software).contains(&OF_A_JOB)
        && variable(OF_A_JOB).is_some()
        && !is_job_of(software, server, environment);
    let besides = match refused {
        true => format!(": {OF_A_JOB} is set, but nothing says that it is for this server"),
        false => String::new(),
    };
    let cause = format!("there is no token for {}{besides}", server.host);
    let names = usual(software).join(" or ");
    Err(ForgeError::new(Kind::Denied, "ask the forge", cause)
        .hinted(format!("set {OURS}, {OUR_FILE} (the path of a file that holds it), or {names}")))
}

/// Whether the token that jobs have is one for `server`. Where nothing says whose job this is, it is a person's, for
/// GitHub as GitHub's own tools take it.
fn is_job_of(software: Software, server: &Server, environment: Environment<'_>) -> bool {
    match environment("GITHUB_SERVER_URL").filter(|url| !url.is_empty()) {
        Some(url) => server.is_of(&url),
        None => software == Software::GitHub,
    }
}

fn of_file(path: &str) -> Result<SecretString, ForgeError> {
    let asked = format!("read the token's file {path}");
    let missing = || ForgeError::new(Kind::Configuration, asked.clone(), "there is no such file");
    let read = files::read_text(Path::new(path))
        .map_err(|error| ForgeError::new(Kind::Configuration, asked.clone(), error.to_string()))?;
    let text = SecretString::from(read.ok_or_else(|| missing().hinted(format!("check {OUR_FILE}")))?);
    token(&text, OUR_FILE)
}

/// What can be a token: no more than a header can hold.
fn token(text: &SecretString, from: &str) -> Result<SecretString, ForgeError> {
    let token = text.expose_secret().trim();
    match !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(SecretString::from(token)),
        false => Err(ForgeError::configuration(format!(
            "what {from} gives is no token: it is empty, or has white space or a character that is not ASCII in it"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{ForgeKind, Propose};
    use crate::publish::forge::address::Address;

    fn found(remote: &str, forge: Option<ForgeKind>, variables: &[(&str, &str)]) -> Result<String, String> {
        let lookup = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let propose = Propose { forge, ..Propose::default() };
        let address = Address::of(&propose, &remote.parse().unwrap(), &|_| None).unwrap().unwrap();
        let token = read(address.software, &address.server, &lookup);
        token
            .map(|token| token.expose_secret().to_owned())
            .map_err(|error| format!("{error} / {}", error.hint().unwrap_or_default()))
    }

    const GITHUB: &str = "git@github.com:o/r";
    const CODEBERG: &str = "https://codeberg.org/o/r";

    #[test]
    fn the_first_variable_that_has_one_gives_the_token() {
        let all = [
            ("SOLERA_PIN_FORGE_TOKEN", " ours\n"),
            ("GH_TOKEN", "gh"),
            ("GITHUB_TOKEN", "github"),
            ("GITLAB_TOKEN", "gitlab"),
            ("FORGEJO_TOKEN", "forgejo"),
            ("GITEA_TOKEN", "gitea"),
        ];
        let of = |remote, from: usize| found(remote, None, &all[from..]).unwrap();
        assert_eq!(of(GITHUB, 0), "ours");
        assert_eq!(of(GITHUB, 1), "gh");
        assert_eq!(of(GITHUB, 2), "github");
        assert_eq!(of("git@gitlab.com:g/p", 1), "gitlab");
        assert_eq!(of(CODEBERG, 1), "forgejo");
        assert_eq!(of(CODEBERG, 5), "gitea");
        assert_eq!(found(GITHUB, None, &[("GH_TOKEN", ""), ("GITHUB_TOKEN", "b")]).unwrap(), "b");
    }

    #[test]
    fn a_jobs_token_is_shown_to_the_server_of_the_job_only() {
        let job = |server| [("GITHUB_TOKEN", "hunter2"), ("GITHUB_SERVER_URL", server)];
        assert_eq!(found(CODEBERG, None, &job("https://codeberg.org")).unwrap(), "hunter2");
        assert_eq!(found(GITHUB, None, &job("https://github.com")).unwrap(), "hunter2");
        for (remote, forge, variables) in [
            (CODEBERG, None, &job("https://github.com")[..]),
            (CODEBERG, None, &job("")[..1]),
            ("https://ghe.example/o/r", Some(ForgeKind::GitHub), &job("https://github.com")[..]),
            (GITHUB, None, &job("https://ghe.example")[..]),
        ] {
            let error = found(remote, forge, variables).unwrap_err();
            assert!(error.contains("nothing says that it is for this server"), "{error}");
            assert!(!error.contains("hunter2"));
        }
    }

    #[test]
    fn a_file_can_hold_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let path = path.to_str().unwrap();
        let of = || found(GITHUB, None, &[("SOLERA_PIN_FORGE_TOKEN_FILE", path), ("GH_TOKEN", "gh")]);
        assert!(of().unwrap_err().contains("there is no such file"));
        files::replace(Path::new(path), b"\thunter2\r\n").unwrap();
        assert_eq!(of().unwrap(), "hunter2");
        files::replace(Path::new(path), b"two\nhunter2").unwrap();
        let error = of().unwrap_err();
        assert!(
            error.contains("SOLERA_PIN_FORGE_TOKEN_FILE gives is no token") && !error.contains("hunter2")
        );
    }

    #[test]
    fn without_one_all_places_for_it_are_named() {
        let error = found("git@gitlab.com:g/p", None, &[]).unwrap_err();
        for name in ["gitlab.com", "SOLERA_PIN_FORGE_TOKEN,", "SOLERA_PIN_FORGE_TOKEN_FILE", "GITLAB_TOKEN"] {
            assert!(error.contains(name), "{error}");
        }
    }
}
