//! What stands between this machine and the upstreams: what the configuration comes to, and for each host the proxy, the
//! certificate, whose credentials, what it answers and how much more it will.

use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use serde_json::{Value, json};
use url::Url;

use super::session::{Session, Upstreams};
use super::{Format, network, requests};
use crate::catalog::{Upstream, Versions};
use crate::error::{Error, Status};
use crate::lock::{Lock, Store};
use crate::model::{ArchiveTime, ArchiveUrl, GitUrl, Pin, Registry, Repository, Suite, Tag};
use crate::net::{Place, Settings, Tally};
use crate::report::{harmless, json as report_json};
use crate::source::SourceError;
use crate::workspace::Workspace;

/// Show how each host is reached: proxy, certificate, credentials, rate limit; and what the configuration comes to
#[derive(Args)]
pub(super) struct DoctorArgs {
    /// Ask nobody
    #[arg(long)]
    offline: bool,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What is told of one thing, a line each.
type Lines = Vec<(&'static str, String)>;

/// A repository of each registry, and a tag of it.
type Registries = BTreeMap<Registry, (Repository, Option<Tag>)>;

/// What is followed, one of each server.
#[derive(Default)]
struct Followed {
    registries: Registries,
    servers: BTreeMap<String, GitUrl>,
    /// By host: where archives are, with a file that is locked.
    files: BTreeMap<String, (ArchiveUrl, Option<String>)>,
}

/// One host, or what is asked there.
struct Seen {
    title: String,
    host: Option<String>,
    lines: Lines,
    failure: Option<SourceError>,
}

pub(super) async fn run(session: &mut Session<'_>, args: &DoctorArgs) -> Result<Status, Error> {
    let workspace = session.workspace()?;
    let store = Store::load(&workspace.root)?;
    let upstreams = session.upstreams(&workspace)?;
    let configuration = configuration(session, &workspace, &upstreams);
    let Followed { registries, servers, files } = followed(&workspace, store.lock());
    let archives = archives(&workspace, store.lock(), session.app.now);
    let mut all = Vec::new();
    for (registry, (repository, tag)) in &registries {
        all.push(of_registry(&upstreams, registry, repository, tag.as_ref(), args.offline).await?);
    }
    for url in servers.values() {
        all.push(of_server(&upstreams, url, args.offline).await);
    }
    for (url, file) in files.values() {
        all.push(of_files(&upstreams, url, file.as_deref(), args.offline).await);
    }
    for (base, suite) in &archives {
        all.push(of_archive(&upstreams, base, suite, args.offline).await);
    }
    let mut status = Status::Done;
    match args.format {
        Format::Human => session.output.data(&human(&configuration, &all))?,
        Format::Json => session.output.data(&document(&configuration, &all))?,
    }
    for Seen { failure, .. } in &all {
        if let Some(error) = failure {
            session.output.wrong(&error.to_string(), error.hint().as_slice());
            status = status.max(Status::of_source(error));
        }
    }
    session.done_asking(&upstreams);
    Ok(status)
}

/// What the configuration comes to.
fn configuration(session: &Session<'_>, workspace: &Workspace, upstreams: &Upstreams) -> Lines {
    let Settings {
        ca,
        certificates,
        auth_file,
        docker_config,
        proxies,
        timeout,
        max_delay,
        max_requests,
        ..
    } = upstreams.client.settings();
    let shown = |path: &Path| path.display().to_string();
    let none_or = |path: Option<&Path>| path.map_or_else(|| "none".to_owned(), shown);
    let credentials: Vec<String> =
        [auth_file, docker_config].into_iter().flatten().map(|file| shown(file)).collect();
    let authorities: Vec<String> = ca.iter().map(|pem| shown(&pem.file)).collect();
    let host_certificates = certificates.as_deref().filter(|folder| folder.is_dir());
    let cache = match upstreams.cache.root() {
        Some(root) => format!("{}, {} bytes", shown(root), upstreams.cache.size()),
        None => "off".into(),
    };
    let mut lines = vec![
        ("repository", shown(&workspace.root)),
        ("declared in", workspace.catalog.declared_in.clone()),
        ("own file", none_or(network::user_file(session.app).as_deref().filter(|file| file.is_file()))),
        ("credentials", or_none(&credentials)),
        ("authorities", [vec!["the system's".to_owned()], authorities].concat().join(", ")),
        ("by host", none_or(host_certificates)),
        ("proxies", proxies.to_string()),
        ("cache", cache),
        (
            "waits",
            format!(
                "{} s for the next bytes, {} s where a host asks for a pause",
                timeout.as_secs(),
                max_delay.as_secs()
            ),
        ),
    ];
    lines.extend(max_requests.map(|most| ("requests", format!("{most} at most"))));
    lines
}

fn or_none(texts: &[String]) -> String {
    if texts.is_empty() { "none".into() } else { texts.join(", ") }
}

/// A repository of each registry, with a tag that is known; a repository of each git server; an archive of each other.
fn followed(workspace: &Workspace, lock: &Lock) -> Followed {
    let Followed { mut registries, mut servers, mut files } = Followed::default();
    let mut serves = |url: &GitUrl| {
        servers.entry(server(url)).or_insert_with(|| url.clone());
    };
    for declaration in workspace.catalog.declarations.values() {
        match &declaration.upstream {
            Upstream::Image(repository) => {
                let literal = declaration.track.is_literal().then(|| declaration.track.as_str());
                let locked = lock.pins.get(&declaration.name).map(Pin::tag);
                let tag: Option<Tag> = locked.or(literal).and_then(|tag| tag.parse().ok());
                let known = registries
                    .entry(repository.registry().clone())
                    .or_insert_with(|| (repository.clone(), None::<Tag>));
                if known.1.is_none() && tag.is_some() {
                    *known = (repository.clone(), tag);
                }
            }
            Upstream::Git(url) => serves(url),
            Upstream::Archive(archive) => {
                if let Versions::Git { url, .. } = &archive.versions {
                    serves(url);
                }
                let file = match lock.pins.get(&declaration.name) {
                    Some(Pin::Archive(pin)) => pin.files().into_iter().next().map(|(.., url)| url),
                    _ => None,
                };
                let known = files.entry(archive.url.host()).or_insert_with(|| (archive.url.clone(), None));
                known.1 = known.1.take().or(file);
            }
            Upstream::Debian(_) => {}
        }
    }
    Followed { registries, servers, files }
}

/// The archives of suites, by address, each with a suite: of a snapshot service at the locked time, or at today's midnight.
fn archives(workspace: &Workspace, lock: &Lock, now: jiff::Timestamp) -> BTreeMap<String, Suite> {
    let mut archives = BTreeMap::new();
    for declaration in workspace.catalog.declarations.values() {
        let Upstream::Debian(declared) = &declaration.upstream else { continue };
        let time = match lock.pins.get(&declaration.name) {
            Some(Pin::Debian(pin)) => pin.time().clone(),
            _ => ArchiveTime::midnight(now),
        };
        for (suite, base) in declared.bases(Some(&time)) {
            archives.entry(base).or_insert(suite);
        }
    }
    archives
}

async fn of_archive(upstreams: &Upstreams, base: &str, suite: &Suite, offline: bool) -> Seen {
    let source = &upstreams.sources.debian;
    let url = source.place(base).ok();
    let host = url.as_ref().map(|url| Place::of(url).host().to_owned());
    let mut lines = vec![("asked for", format!("{suite} of {base}"))];
    lines.extend(url.map(|url| ("proxy", proxy(upstreams, &url))));
    let failure = if offline { None } else { source.served(base, suite).await.err() };
    lines.extend(heard(upstreams, host.as_deref().unwrap_or_default(), failure.as_ref(), offline));
    let title = format!("{} (archive)", host.as_deref().unwrap_or(base));
    Seen { title, host, lines, failure }
}

/// What of a URL names its server.
fn server(url: &GitUrl) -> String {
    let text = url.as_str();
    let after = text.find("://").map_or(0, |at| at + 3);
    let end = text[after..].find(['/', ':']).map_or(text.len(), |at| after + at);
    text[..end].to_owned()
}

async fn of_registry(
    upstreams: &Upstreams,
    registry: &Registry,
    repository: &Repository,
    tag: Option<&Tag>,
    offline: bool,
) -> Result<Seen, Error> {
    let client = &upstreams.client;
    let endpoint = client.endpoint(registry)?;
    let host = endpoint.host();
    let failure = match (offline, tag) {
        (true, _) => None,
        (false, Some(tag)) => upstreams.sources.images.head(repository, tag).await.err(),
        (false, None) => upstreams.sources.images.tags(repository).await.err(),
    };
    let login = client.login(&endpoint, repository).await;
    let mut lines = vec![
        ("asked for", tag.map_or_else(|| repository.to_string(), |tag| format!("{repository}:{tag}"))),
        ("proxy", proxy(upstreams, endpoint.url())),
        (
            "login",
            match login {
                Ok(login) => login.unwrap_or_else(|| "none".into()),
                Err(error) => error.to_string(),
            },
        ),
    ];
    lines.extend(heard(upstreams, &host, failure.as_ref(), offline));
    let title = match registry.as_str() == host {
        true => host.clone(),
        false => format!("{registry}, at {host}"),
    };
    Ok(Seen { title, host: Some(host), lines, failure })
}

async fn of_server(upstreams: &Upstreams, url: &GitUrl, offline: bool) -> Seen {
    let git = &upstreams.sources.git;
    let mut lines = vec![("asked for", url.to_string())];
    let (host, failure) = match git.way(url).await {
        Err(error) => (None, Some(error)),
        Ok(way) => {
            lines.push(("login", way.login));
            lines.extend(way.web.map(|web| ("proxy", proxy(upstreams, &web))));
            (way.host, if offline { None } else { git.tags(url).await.err() })
        }
    };
    lines.extend(heard(upstreams, host.as_deref().unwrap_or_default(), failure.as_ref(), offline));
    let title = host.clone().unwrap_or_else(|| "this machine".into());
    Seen { title: format!("{title} (git)"), host, lines, failure }
}

async fn of_files(upstreams: &Upstreams, url: &ArchiveUrl, file: Option<&str>, offline: bool) -> Seen {
    let failure = match file.filter(|_| !offline) {
        Some(file) => upstreams.sources.archives.is_there(file).await.err(),
        None => None,
    };
    let mut lines = vec![("asked for", file.unwrap_or(url.as_str()).to_owned())];
    let place = url.at("0", "0").parse().map(|url| upstreams.client.place_of(&url));
    let host = place.as_ref().map_or_else(|_| url.host(), |place| Place::of(place).host().to_owned());
    lines.extend(place.map(|place| ("proxy", proxy(upstreams, &place))));
    lines.push(("login", "none".into()));
    lines.extend(heard(upstreams, &host, failure.as_ref(), offline || file.is_none()));
    Seen { title: format!("{host} (archives)"), host: Some(host), lines, failure }
}

fn proxy(upstreams: &Upstreams, url: &Url) -> String {
    upstreams.client.proxy(url).map_or_else(|| "none".into(), ToString::to_string)
}

/// What a host has told by answering.
fn heard(upstreams: &Upstreams, host: &str, failure: Option<&SourceError>, offline: bool) -> Lines {
    let stats = upstreams.client.stats();
    let tally = stats.hosts.get(host);
    let mut lines = Lines::new();
    if let Some(Tally { issuer: Some(issuer), .. }) = tally {
        lines.push(("certificate", format!("vouched for by {issuer}")));
    }
    if let Some(allowance) = tally.and_then(|tally| tally.allowance.as_ref()) {
        lines.push(("limit", requests::left(allowance)));
    }
    let answer = match (offline, failure) {
        (true, _) => "not asked".to_owned(),
        (false, Some(_)) => "none that is of use: see below".to_owned(),
        (false, None) => "as it should be".to_owned(),
    };
    lines.push(("answer", answer));
    lines
}

fn human(configuration: &Lines, all: &[Seen]) -> String {
    let mut text = section("configuration", configuration);
    for Seen { title, lines, .. } in all {
        text.push_str(&section(title, lines));
    }
    text
}

fn section(title: &str, lines: &Lines) -> String {
    let lines = lines.iter().map(|(key, value)| format!("  {key:<12} {}\n", harmless(value)));
    format!("{title}\n{}", lines.collect::<String>())
}

fn document(configuration: &Lines, all: &[Seen]) -> String {
    let object = |lines: &Lines| -> Value { lines.iter().map(|(key, value)| (*key, json!(value))).collect() };
    let hosts = all.iter().map(|seen| {
        let mut value = object(&seen.lines);
        value["host"] = json!(seen.host);
        value["title"] = json!(seen.title);
        value["failure"] = json!(seen.failure.as_ref().map(ToString::to_string));
        value
    });
    let configuration = ("configuration", object(configuration));
    report_json::document("doctor", [configuration, ("hosts", hosts.collect())])
}
