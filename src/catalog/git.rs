//! `[git."PREFIX"]`: where git repositories are asked, and with which token.

use super::network::{Network, Whose};
use crate::document::{Entry, Problem, Section};
use crate::model::{GitUrl, Registry};

/// `[git."PREFIX"]`
#[derive(Clone, Debug)]
pub struct GitMirror {
    /// The start of a repository's URL.
    pub prefix: String,
    /// What stands there instead: a URL or an absolute path.
    pub mirror: String,
}

/// `[git."PREFIX"]` with a token: where it is, and never what it is.
#[derive(Clone, Debug)]
pub struct GitToken {
    /// What the URL of a repository begins with.
    pub below: url::Url,
    /// The user that goes with it.
    pub user: String,
    /// Where the token is.
    pub source: TokenSource,
}

/// Where a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// `env:NAME`
    Variable(String),
    /// `file:PATH`
    File(String),
}

impl std::fmt::Display for TokenSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
        }
    }
}

/// The user that forges want beside a token.
const TOKEN_USER: &str = "x-access-token";

/// Reads one table.
pub(super) fn read(
    prefix: &str,
    mut section: Section<'_>,
    network: &mut Network,
    whose: Whose,
    problems: &mut Vec<Problem>,
) {
    let head = section.place();
    let token = section.take("token");
    let user = section.read("user", problems, git_user);
    match (&token, whose) {
        (Some(entry), Whose::Repository) => problems.push(wrong_token(
            entry,
            "a repository does not say which token is shown",
            "it belongs in your own file: what SOLERA_PIN_CONFIG names, or ~/.config/solera-pin/config.toml",
        )),
        (Some(entry), Whose::User) => match git_token(prefix, entry) {
            Ok((below, source)) => {
                let user = user.unwrap_or_else(|| TOKEN_USER.into());
                network.git_tokens.push(GitToken { below, user, source });
            }
            Err(problem) => problems.push(problem),
        },
        (None, _) if user.is_some() => {
            problems.push(Problem::new(
                head,
                format!("`git.\"{prefix}\".user` goes with a token, and there is none"),
            ));
        }
        (None, _) => {}
    }
    let mirror = match token {
        Some(_) => section.read("mirror", problems, git_mirror),
        None => section.require("mirror", problems, git_mirror),
    };
    network.git.extend(mirror.map(|mirror| GitMirror { prefix: prefix.into(), mirror }));
    section.finish(problems);
}

/// What a token is for, and where it is.
fn git_token(prefix: &str, entry: &Entry<'_>) -> Result<(url::Url, TokenSource), Problem> {
    let is_name = |name: &str| {
        let mut bytes = name.bytes();
        bytes.next().is_some_and(|first| first == b'_' || first.is_ascii_alphabetic())
            && bytes.all(|byte| byte == b'_' || byte.is_ascii_alphanumeric())
    };
    let source = match entry.text().ok().and_then(|text| text.split_once(':')) {
        Some(("env", name)) if is_name(name) => TokenSource::Variable(name.into()),
        Some(("file", path)) if !path.is_empty() => TokenSource::File(path.into()),
        _ => {
            let help = "write `env:NAME` of a variable or `file:PATH` of a file that holds it";
            return Err(wrong_token(entry, "it says where a token is, and not what it is", help));
        }
    };
    let wrong = || {
        let help = "write that URL in the table's head, with nothing but a host and a path";
        wrong_token(entry, "a token is for repositories below an https URL", help)
    };
    let below = url::Url::parse(prefix).map_err(|_| wrong())?;
    let more = !below.username().is_empty()
        || below.password().is_some()
        || below.query().is_some()
        || below.fragment().is_some();
    let local =
        below.host_str().is_some_and(|host| host.parse::<Registry>().is_ok_and(|host| host.is_loopback()));
    match below.scheme() {
        _ if more => Err(wrong()),
        "https" => Ok((below, source)),
        "http" if local => Ok((below, source)),
        _ => Err(wrong()),
    }
}

/// A mistake about a token. Its line is shown without what is written there, which nobody is to see.
fn wrong_token(entry: &Entry<'_>, why: &str, help: &str) -> Problem {
    Problem::new(entry.hidden(), format!("`token`: {why}")).help(help)
}

/// The name of a user, as it can stand before a colon.
fn git_user(entry: &Entry<'_>) -> Result<String, Problem> {
    let text = entry.text()?;
    match text.is_empty() || text.contains(':') || text.chars().any(char::is_control) {
        true => Err(entry.problem(format!("`{}` must be a user's name, without a colon", entry.path))),
        false => Ok(text.into()),
    }
}

/// A git URL, or what begins one.
fn git_mirror(entry: &Entry<'_>) -> Result<String, Problem> {
    let text = entry.text()?;
    let url = format!("{}x", text.trim_end_matches('/').to_owned() + "/");
    url.parse::<GitUrl>().map_err(|error| entry.problem(error.to_string()))?;
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::parse_user;
    use crate::document::SourceFile;

    fn user(text: &str) -> Result<Network, Vec<Problem>> {
        parse_user(&SourceFile::new("config.toml", text))
    }

    fn said(problems: &[Problem]) -> String {
        let said = problems.iter().map(|problem| {
            let help = problem.help.clone().unwrap_or_default();
            format!("{} / {help}\n{}\n", problem.message, problem.place.file.text)
        });
        said.collect()
    }

    #[test]
    fn a_token_is_named_by_where_it_is() {
        let network = user(
            "[git.\"https://h/acme/\"]\ntoken = \"env:ACME\"\n\
             [git.\"https://i/\"]\ntoken = \"file:~/t\"\nuser = \"oauth2\"\nmirror = \"https://m/\"\n\
             [git.\"http://127.0.0.1:80/\"]\ntoken = \"env:_X\"\n",
        )
        .unwrap();
        let shown: Vec<String> = network
            .git_tokens
            .iter()
            .map(|token| format!("{} {} {}", token.below, token.user, token.source))
            .collect();
        let expected = [
            "https://h/acme/ x-access-token env:ACME",
            "https://i/ oauth2 file:~/t",
            "http://127.0.0.1/ x-access-token env:_X",
        ];
        assert_eq!(shown, expected);
        assert_eq!(network.git.len(), 1);
    }

    #[test]
    fn a_token_itself_is_refused_and_not_shown() {
        for table in [
            "[git.\"https://h/\"]\ntoken = \"hunter2\"\n",
            "git.\"https://h/\" = { token = \"hunter2\" }\n",
            "[git.\"https://h/\"]\ntoken = \"\"\"\nhunter2\"\"\"\n",
            "[git.\"https://h/\"]\ntoken = \"env:hunter2-\"\n",
            "[git.\"https://h/\"]\ntoken = { hunter2 = 1 }\n",
        ] {
            let said = said(&user(table).unwrap_err());
            assert!(said.contains("env:NAME") && !said.contains("hunter2"), "{said}");
        }
        for place in ["http://h/", "git@h:acme/", "/srv/", "https://h/?a", "ssh://h/"] {
            let problems = user(&format!("[git.\"{place}\"]\ntoken = \"env:A\"\n")).unwrap_err();
            assert!(said(&problems).contains("below an https URL"), "{place}");
        }
        for (line, why) in
            [("user = \"u\"\n", "goes with a token"), ("token = \"env:A\"\nuser = \"a:b\"\n", "colon")]
        {
            assert!(said(&user(&format!("[git.\"https://h/\"]\n{line}")).unwrap_err()).contains(why));
        }
    }

    #[test]
    fn a_repository_names_no_token() {
        let text = "[git.\"https://h/\"]\nmirror = \"https://m/\"\ntoken = \"env:HUNTER2\"\n";
        let file = SourceFile::new("refresh/policy.toml", text);
        let files = crate::catalog::Files { policy: Some(file), ..Default::default() };
        let said = said(&crate::catalog::parse(&files).unwrap_err());
        assert!(said.contains("SOLERA_PIN_CONFIG") && !said.contains("HUNTER2"), "{said}");
    }
}
