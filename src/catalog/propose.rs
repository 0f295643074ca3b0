//! `[propose]` of `refresh/policy.toml`: how a bump reaches people.

use super::network::web_url;
use super::policy::one_of;
use crate::document::{Entry, Problem, Section};
use crate::model::GitRef;

/// `[propose]`
#[derive(Clone, Debug)]
pub struct Propose {
    /// Where pull requests are opened; where it is not declared, the remote's host tells.
    pub forge: Option<ForgeKind>,
    /// The address of the forge's API, where its host does not tell it.
    pub api: Option<url::Url>,
    /// The name of the remote that branches are pushed to.
    pub remote: String,
    /// The branch that bumps are for; the remote's own default where it is not declared.
    pub base: Option<String>,
    /// Which version steps share a proposal, where their pins name no group.
    pub group_by: GroupBy,
    /// Which digest steps share one.
    pub digests: Digests,
    /// How many proposals are open at once.
    pub max_open: usize,
    /// What pull requests are labelled with.
    pub labels: Vec<String>,
    /// Who is asked to review them.
    pub reviewers: Vec<String>,
    /// Who makes bump commits.
    pub author: Author,
    /// What they are signed with.
    pub sign: Option<Sign>,
}

impl Default for Propose {
    fn default() -> Self {
        Self {
            forge: None,
            api: None,
            remote: "origin".into(),
            base: None,
            group_by: GroupBy::default(),
            digests: Digests::default(),
            max_open: 5,
            labels: Vec::new(),
            reviewers: Vec::new(),
            author: Author::default(),
            sign: None,
        }
    }
}

/// A kind of forge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForgeKind {
    /// GitHub, also an enterprise's own.
    GitHub,
    /// GitLab.
    GitLab,
    /// Forgejo or Gitea.
    Forgejo,
    /// None: branches are pushed, and that is all.
    None,
}

impl ForgeKind {
    /// What people call them.
    pub const NAMES: [(&str, Self); 5] = [
        ("github", Self::GitHub),
        ("gitlab", Self::GitLab),
        ("forgejo", Self::Forgejo),
        ("gitea", Self::Forgejo),
        ("none", Self::None),
    ];
}

/// Which version steps share a proposal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupBy {
    /// Each has its own.
    #[default]
    Pin,
    /// All are one.
    All,
}

/// Which digest steps share a proposal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digests {
    /// All of them.
    #[default]
    Together,
    /// As version steps do.
    Each,
}

/// Who makes a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// Not empty; no `<`, `>` or control character.
    pub name: String,
    /// As `name`.
    pub email: String,
}

impl Default for Author {
    fn default() -> Self {
        Self { name: "solera-pin".into(), email: "bumps@solera-pin.invalid".into() }
    }
}

/// What commits are signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sign {
    /// A private ssh key's file; `~/` is the home directory.
    Ssh(String),
}

pub(super) fn read(root: &mut Section<'_>, propose: &mut Propose, problems: &mut Vec<Problem>) {
    let Some(mut section) = root.read("propose", problems, Entry::section) else {
        return;
    };
    propose.forge = section.read("forge", problems, |entry| one_of(entry, &ForgeKind::NAMES));
    propose.api = section.read("api", problems, |entry| web_url(entry, false));
    propose.base = section.read("base", problems, branch);
    let groups = [("pin", GroupBy::Pin), ("all", GroupBy::All)];
    let digests = [("together", Digests::Together), ("each", Digests::Each)];
    let group_by = section.read("group-by", problems, |entry| one_of(entry, &groups));
    propose.group_by = group_by.unwrap_or_default();
    propose.digests = section.read("digests", problems, |entry| one_of(entry, &digests)).unwrap_or_default();
    let take = |value: Option<String>, into: &mut String| value.into_iter().for_each(|value| *into = value);
    take(section.read("remote", problems, remote), &mut propose.remote);
    propose.max_open = section.read("max-open", problems, max_open).unwrap_or(propose.max_open);
    propose.author = section.read("author", problems, author).unwrap_or_default();
    propose.sign = section.read("sign", problems, sign);
    propose.labels = section.read("labels", problems, Entry::texts).unwrap_or_default();
    propose.reviewers = section.read("reviewers", problems, Entry::texts).unwrap_or_default();
    section.finish(problems);
}

fn max_open(entry: &Entry<'_>) -> Result<usize, Problem> {
    let number = entry.integer()?;
    usize::try_from(number)
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| entry.problem("`propose.max-open` must be at least 1"))
}

/// The name of a remote. An address would be a place for a password.
fn remote(entry: &Entry<'_>) -> Result<String, Problem> {
    let text = entry.text()?;
    let is_name = !text.is_empty() && !text.contains([':', '@', ' ']) && !text.starts_with(['-', '/', '.']);
    match is_name {
        true => Ok(text.into()),
        false => Err(entry
            .problem("`propose.remote` is the name of a remote, not an address")
            .help("git remote add NAME ADDRESS, then name it here")),
    }
}

/// A branch's name below `refs/heads/`, by the rules of git-check-ref-format.
fn branch(entry: &Entry<'_>) -> Result<String, Problem> {
    let text = entry.text()?;
    match text.parse::<GitRef>().is_ok() && !text.starts_with('-') {
        true => Ok(text.into()),
        false => Err(entry.problem(format!("`{text}` is no name of a branch"))),
    }
}

/// `Name <address>`
fn author(entry: &Entry<'_>) -> Result<Author, Problem> {
    let text = entry.text()?;
    let parts = text.strip_suffix('>').and_then(|text| text.split_once('<'));
    let plain =
        |part: &str| !part.is_empty() && !part.contains(['<', '>']) && !part.contains(char::is_control);
    match parts.map(|(name, email)| (name.trim(), email.trim())) {
        Some((name, email)) if plain(name) && plain(email) => {
            Ok(Author { name: name.into(), email: email.into() })
        }
        _ => Err(entry.problem("`propose.author` is written `Name <address@example.org>`")),
    }
}

fn sign(entry: &Entry<'_>) -> Result<Sign, Problem> {
    match entry.text()?.strip_prefix("ssh:") {
        Some(key) if !key.is_empty() => Ok(Sign::Ssh(key.into())),
        _ => Err(entry
            .problem("`propose.sign` is `ssh:` and the path of a private key, as \"ssh:~/.ssh/id_ed25519\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Files, parse};
    use super::*;
    use crate::document::SourceFile;

    fn propose(text: &str) -> Result<Propose, String> {
        let pins = SourceFile::new("pins.toml", &format!("[propose]\n{text}"));
        let catalog = parse(&Files { pins: Some(pins), ..Files::default() });
        catalog.map(|catalog| catalog.policy.propose).map_err(|problems| problems[0].message.clone())
    }

    #[test]
    fn what_is_declared_is_read_and_the_rest_has_its_default() {
        let read = propose(
            "forge = \"gitea\"\nbase = \"release/1\"\nauthor = \"A B <a@b>\"\nsign = \"ssh:~/k\"\nmax-open = 2\n",
        );
        let read = read.unwrap();
        assert_eq!((read.forge, read.base.as_deref()), (Some(ForgeKind::Forgejo), Some("release/1")));
        assert_eq!((read.author.name.as_str(), read.author.email.as_str()), ("A B", "a@b"));
        assert_eq!((read.sign, read.max_open), (Some(Sign::Ssh("~/k".into())), 2));
        let default = propose("").unwrap();
        assert_eq!((default.remote.as_str(), default.forge, default.max_open), ("origin", None, 5));
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (text, part) in [
            ("remote = \"https://u:hunter2@h/x\"", "the name of a remote"),
            ("base = \"a..b\"", "no name of a branch"),
            ("base = \"-x\"", "no name of a branch"),
            ("author = \"nobody\"", "Name <address"),
            ("author = \"a <b>\\n<c>\"", "Name <address"),
            ("sign = \"gpg:1\"", "ssh:"),
            ("max-open = 0", "at least 1"),
            ("api = \"http://forge.example/\"", "plain HTTP"),
        ] {
            let error = propose(text).unwrap_err();
            assert!(error.contains(part) && !error.contains("hunter2"), "{text}: {error}");
        }
    }
}
