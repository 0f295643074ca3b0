//! `refresh/policy.toml` and a user's own file: when, how, and through which network.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{PathGlobs, Propose, duration, paths, propose};
use crate::document::{Entry, Place, Problem, Section, SourceFile, meant, parse_toml};
use crate::model::Registry;
use crate::track::Glob;

/// The tables that are about more than one pin.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// How the network is reached.
    pub network: Network,
    /// What is made of the references in files.
    pub references: References,
    /// Levels that differ from a rule's own, each with the place of the rule's name.
    pub rules: BTreeMap<String, (Level, Place)>,
    /// The newest rules that may fail the gate.
    pub edition: Option<Edition>,
    /// How a bump reaches people.
    pub propose: Propose,
}

/// `[references]`
#[derive(Clone, Debug, Default)]
pub struct References {
    /// How a reference comes to name what is locked.
    pub mode: Mode,
    /// Repositories of images that are built here, under their canonical names.
    pub own: Vec<Glob>,
    /// Files that are not looked at.
    pub ignore: PathGlobs,
}

/// How a reference comes to name what is locked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// `repository:tag@digest` is written into files.
    #[default]
    InPlace,
    /// Files keep their tag; the build runs under a policy that is made from the lock.
    Policy,
}

/// The month in which a rule came: `YYYY-MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edition {
    /// The year.
    pub year: i16,
    /// From 1 to 12.
    pub month: i8,
}

impl Edition {
    /// The edition of the first rules.
    pub const FIRST: Self = Self { year: 2026, month: 11 };
}

impl std::fmt::Display for Edition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

/// `[registries]`, `[git]` and `[network]`: nothing here changes a decision.
#[derive(Clone, Debug, Default)]
pub struct Network {
    /// By canonical name.
    pub registries: BTreeMap<Registry, RegistryPolicy>,
    /// The longest matching prefix applies.
    pub git: Vec<GitMirror>,
    /// PEM files, relative to the repository or, in a user's file, absolute.
    pub ca_files: Vec<String>,
    /// How long the next bytes of an answer are waited for.
    pub timeout: Option<Duration>,
    /// The longest pause that a server may ask for.
    pub max_wait: Option<Duration>,
}

/// `[registries."HOST"]`
#[derive(Clone, Debug, Default)]
pub struct RegistryPolicy {
    /// Asked instead; the canonical name stays in the lock.
    pub mirror: Option<url::Url>,
    /// The token server, where it is on another domain.
    pub realm: Option<url::Url>,
    /// A PEM file.
    pub ca: Option<String>,
    /// Whether it is asked without TLS.
    pub plain_http: bool,
}

/// `[git."PREFIX"]`
#[derive(Clone, Debug)]
pub struct GitMirror {
    /// The start of a repository's URL.
    pub prefix: String,
    /// What stands there instead: a URL or an absolute path.
    pub mirror: String,
}

/// How much a rule's findings weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Not reported.
    Off,
    /// Reported.
    Warning,
    /// The gate fails.
    Error,
}

const LEVELS: [(&str, Level); 3] =
    [("error", Level::Error), ("warning", Level::Warning), ("off", Level::Off)];

impl Network {
    /// Adds a user's own settings, which go before the repository's.
    #[must_use]
    pub fn with_user(mut self, user: Self) -> Self {
        self.registries.extend(user.registries);
        self.git.retain(|mirror| !user.git.iter().any(|own| own.prefix == mirror.prefix));
        self.git.extend(user.git);
        self.ca_files.extend(user.ca_files);
        self.timeout = user.timeout.or(self.timeout);
        self.max_wait = user.max_wait.or(self.max_wait);
        self
    }
}

/// Parses a user's own file, which may hold `[network]`, `[registries]` and `[git]` only.
pub fn parse_user(file: &Arc<SourceFile>) -> Result<Network, Vec<Problem>> {
    let document = parse_toml(file).map_err(|problem| vec![problem])?;
    let mut root = Section::root(&document, file);
    let (mut network, mut problems) = (Network::default(), Vec::new());
    read_network(&mut root, &mut network, &mut problems);
    root.finish(&mut problems);
    match problems.is_empty() {
        true => Ok(network),
        false => Err(problems),
    }
}

pub(super) fn read(root: &mut Section<'_>, policy: &mut Policy, problems: &mut Vec<Problem>) {
    read_network(root, &mut policy.network, problems);
    read_schedule(root, problems);
    read_references(root, &mut policy.references, problems);
    propose::read(root, &mut policy.propose, problems);
    if let Some(mut section) = root.read("verify", problems, Entry::section) {
        policy.edition = section.read("edition", problems, edition).or(policy.edition);
        let rules = section.read("rules", problems, Entry::section);
        for (rule, entry, place) in rules.iter().flat_map(|rules| {
            rules.entries().into_iter().map(|(rule, entry)| (rule, entry, rules.key_place(rule)))
        }) {
            match one_of(&entry, &LEVELS) {
                Ok(level) => drop(policy.rules.insert(rule.to_owned(), (level, place))),
                Err(problem) => problems.push(problem),
            }
        }
        section.finish(problems);
    }
}

fn read_network(root: &mut Section<'_>, network: &mut Network, problems: &mut Vec<Problem>) {
    for (host, entry) in root.read("registries", problems, Entry::section).iter().flat_map(Section::entries) {
        let registry = host.parse::<Registry>().map_err(|error| entry.problem(error.to_string()));
        match registry.and_then(|registry| Ok((registry, entry.section()?))) {
            Ok((registry, section)) => {
                let policy = read_registry(&registry, section, problems);
                network.registries.insert(registry, policy);
            }
            Err(problem) => problems.push(problem),
        }
    }
    for (prefix, entry) in root.read("git", problems, Entry::section).iter().flat_map(Section::entries) {
        match entry.section() {
            Ok(mut section) => {
                let mirror = section.require("mirror", problems, git_mirror);
                section.finish(problems);
                network.git.extend(mirror.map(|mirror| GitMirror { prefix: prefix.into(), mirror }));
            }
            Err(problem) => problems.push(problem),
        }
    }
    if let Some(mut section) = root.read("network", problems, Entry::section) {
        let files = section.read("ca-files", problems, Entry::texts);
        network.ca_files.extend(files.unwrap_or_default());
        network.timeout = section.read("timeout", problems, timeout);
        network.max_wait = section.read("max-wait", problems, duration::read);
        section.finish(problems);
    }
}

/// A duration of some length: nothing answers at once.
fn timeout(entry: &Entry<'_>) -> Result<Duration, Problem> {
    match duration::read(entry)? {
        none if none.is_zero() => Err(entry.problem(format!("`{}` must be a second or more", entry.path))),
        some => Ok(some),
    }
}

fn read_registry(
    registry: &Registry,
    mut section: Section<'_>,
    problems: &mut Vec<Problem>,
) -> RegistryPolicy {
    let plain_http = section.read("plain-http", problems, Entry::boolean).unwrap_or(false);
    let url = |entry: &Entry<'_>| web_url(entry, plain_http || registry.is_loopback());
    let policy = RegistryPolicy {
        mirror: section.read("mirror", problems, url),
        realm: section.read("realm", problems, url),
        ca: section.read("ca", problems, |entry| entry.text().map(str::to_owned)),
        plain_http,
    };
    section.finish(problems);
    policy
}

/// An `https` URL, or `http` on loopback or where plain HTTP is declared.
pub(super) fn web_url(entry: &Entry<'_>, plain: bool) -> Result<url::Url, Problem> {
    let url: url::Url = entry.parse()?;
    let credential = !url.username().is_empty() || url.password().is_some();
    let loopback =
        url.host_str().is_some_and(|host| host.parse::<Registry>().is_ok_and(|host| host.is_loopback()));
    match url.scheme() {
        _ if credential => Err(entry.problem(format!("`{}` must not hold a credential", entry.path))),
        "https" => Ok(url),
        "http" if plain || loopback => Ok(url),
        "http" => Err(entry
            .problem(format!("`{}` is plain HTTP on another machine", entry.path))
            .help("use https, or declare `plain-http = true` beside it")),
        _ => Err(entry.problem(format!("`{}` must be an https URL", entry.path))),
    }
}

/// A git URL, or what begins one.
fn git_mirror(entry: &Entry<'_>) -> Result<String, Problem> {
    let text = entry.text()?;
    let url = format!("{}x", text.trim_end_matches('/').to_owned() + "/");
    url.parse::<crate::model::GitUrl>().map_err(|error| entry.problem(error.to_string()))?;
    Ok(text.into())
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(entry: &Entry<'_>, words: &[(&str, T)]) -> Result<T, Problem> {
    let text = entry.text()?;
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let problem =
            entry.problem(format!("`{}` must be one of {}, not {text:?}", entry.path, names.join(", ")));
        match meant(text, names) {
            Some(word) => problem.help(format!("did you mean `{word}`?")),
            None => problem,
        }
    })
}

/// `YYYY-MM`
fn edition(entry: &Entry<'_>) -> Result<Edition, Problem> {
    let date = format!("{}-01", entry.text()?).parse::<jiff::civil::Date>();
    let date = date.map_err(|_| entry.problem("`verify.edition` must be a month such as 2026-11"))?;
    let edition = Edition { year: date.year(), month: date.month() };
    match edition < Edition::FIRST {
        true => {
            Err(entry
                .problem(format!("there are no rules of {edition}: the first are of {}", Edition::FIRST)))
        }
        false => Ok(edition),
    }
}

fn read_schedule(root: &mut Section<'_>, problems: &mut Vec<Problem>) {
    let Some(mut section) = root.read("schedule", problems, Entry::section) else {
        return;
    };
    section.read("cron", problems, |entry| match entry.text()?.split_whitespace().count() {
        5 => Ok(()),
        fields => {
            Err(entry.problem(format!("`schedule.cron` has five fields, as in crontab(5), not {fields}")))
        }
    });
    section.read("time-zone", problems, |entry| entry.text().map(drop));
    section.read("jitter", problems, duration::read);
    section.finish(problems);
}

fn read_references(root: &mut Section<'_>, references: &mut References, problems: &mut Vec<Problem>) {
    let Some(mut section) = root.read("references", problems, Entry::section) else {
        return;
    };
    let modes = [("in-place", Mode::InPlace), ("policy", Mode::Policy)];
    references.mode = section.read("mode", problems, |entry| one_of(entry, &modes)).unwrap_or_default();
    references.own = section.read("own", problems, own).unwrap_or_default();
    references.ignore = section.read("ignore", problems, paths::read).unwrap_or_default();
    section.finish(problems);
}

/// Patterns over repositories. A name without a host is Docker Hub's, as it is in a reference.
fn own(entry: &Entry<'_>) -> Result<Vec<Glob>, Problem> {
    let pattern = |element: &Entry<'_>| {
        let text = element.text()?;
        let first = text.split('/').next().unwrap_or_default();
        let has_host = text.contains('/') && (first.contains(['.', ':', '*']) || first == "localhost");
        Ok(Glob::new(&match (has_host, text.contains('/')) {
            (true, _) => text.to_owned(),
            (false, true) => format!("docker.io/{text}"),
            (false, false) => format!("docker.io/library/{text}"),
        }))
    };
    entry.elements()?.iter().map(pattern).collect()
}
