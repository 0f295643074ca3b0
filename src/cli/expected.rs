//! `refresh --plan`: the requests that a refresh would make, without making one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Format;
use super::memory::Memory;
use super::session::{Session, Upstreams};
use crate::catalog::Declaration;
use crate::error::{Error, Status};
use crate::lock::Lock;
use crate::model::PinName;
use crate::net::Place;
use crate::plan::{Ask, Wish};
use crate::report::human::count;
use crate::report::json as report_json;
use crate::workspace::Workspace;

/// By host, then by request: the pins that want to know it.
type Requests = BTreeMap<String, BTreeMap<Ask, BTreeSet<PinName>>>;

/// Prints what would be asked about these pins.
pub(super) async fn tell(
    session: &mut Session<'_>,
    workspace: &Workspace,
    lock: &Lock,
    declarations: &[&Declaration],
    wish: &Wish,
    format: Format,
) -> Result<Status, Error> {
    let memory = Memory::load(session, workspace)?;
    let upstreams = session.upstreams(workspace)?;
    let (mut requests, mut unasked) = (Requests::new(), Vec::new());
    for job in session.jobs(workspace, lock, declarations, (wish, false), &memory) {
        let asks = job.expected(session.app.now);
        let name = &job.declaration.name;
        if asks.is_empty() {
            unasked.push(name.clone());
        }
        for ask in asks {
            let ask = as_it_is_asked(&upstreams, ask);
            let host = host(&upstreams, &ask).await?;
            requests.entry(host).or_default().entry(ask).or_default().insert(name.clone());
        }
    }
    match format {
        Format::Human => session.output.data(&human(&requests, &unasked))?,
        Format::Json => session.output.data(&document(&requests, &unasked))?,
    }
    Ok(Status::Done)
}

/// Of what is at hand it is only asked whether it is served; what is not is read.
fn as_it_is_asked(upstreams: &Upstreams, ask: Ask) -> Ask {
    match ask {
        Ask::IsServed(repository, digest) | Ask::Content(repository, digest) => {
            match upstreams.sources.images.is_kept(&digest) {
                true => Ask::IsServed(repository, digest),
                false => Ask::Content(repository, digest),
            }
        }
        ask => ask,
    }
}

async fn host(upstreams: &Upstreams, ask: &Ask) -> Result<String, Error> {
    match ask {
        Ask::References(url) => {
            let way = upstreams.sources.git.way(url).await;
            let way = way.map_err(|error| Error::usage(error.to_string()))?;
            Ok(way.host.unwrap_or_else(|| "this machine".into()))
        }
        Ask::Suite(_, base) => {
            let place = upstreams.sources.debian.place(base).map_err(Error::usage)?;
            Ok(Place::of(&place).host().to_owned())
        }
        Ask::Standing(url) | Ask::File(url) => {
            let url = url.parse().map_err(|_| Error::usage(format!("{url} is no URL")))?;
            Ok(Place::of(&upstreams.client.place_of(&url)).host().to_owned())
        }
        Ask::Tags(repository)
        | Ask::Claim(repository, _)
        | Ask::IsServed(repository, _)
        | Ask::Manifest(repository, _)
        | Ask::Content(repository, _) => Ok(upstreams.client.endpoint(repository.registry())?.host()),
    }
}

/// How it is asked, and for what.
fn words(ask: &Ask) -> (&'static str, String) {
    match ask {
        Ask::Tags(repository) => ("tags", repository.to_string()),
        Ask::Claim(repository, tag) => ("HEAD", format!("{repository}:{tag}")),
        Ask::IsServed(repository, digest) => ("HEAD", format!("{repository}@{digest}")),
        Ask::Manifest(repository, Some(tag)) => ("GET", format!("{repository}:{tag}")),
        Ask::Manifest(repository, None) => ("GET", format!("{repository}, its newest tag")),
        Ask::Content(repository, digest) => ("GET", format!("{repository}@{digest}")),
        Ask::References(url) => ("refs", url.to_string()),
        Ask::Suite(suite, base) => ("GET", format!("{base}/dists/{suite}/InRelease")),
        Ask::Standing(url) => ("HEAD", url.clone()),
        Ask::File(url) => ("GET", url.clone()),
    }
}

fn names(pins: &BTreeSet<PinName>) -> Vec<&str> {
    pins.iter().map(PinName::as_str).collect()
}

fn human(requests: &Requests, unasked: &[PinName]) -> String {
    let mut text = String::new();
    for (host, asks) in requests {
        text.push_str(&format!("{host}  {}\n", count(asks.len(), "request")));
        for (ask, pins) in asks {
            let (how, what) = words(ask);
            text.push_str(&format!("  {how:<4}  {what}  ({})\n", names(pins).join(", ")));
        }
    }
    if !unasked.is_empty() {
        let names: Vec<&str> = unasked.iter().map(PinName::as_str).collect();
        text.push_str(&format!("not asked about: {}\n", names.join(", ")));
    }
    let all = requests.values().map(BTreeMap::len).sum();
    text.push_str(&format!(
        "{} where nothing has changed; what has is read besides, long lists have more pages, and a host that wants a \
         login is asked how, and for a token for each repository\n",
        count(all, "request")
    ));
    text
}

fn document(requests: &Requests, unasked: &[PinName]) -> String {
    let ask = |(ask, pins): (&Ask, &BTreeSet<PinName>)| {
        let (how, what) = words(ask);
        json!({ "how": how.to_lowercase(), "what": what, "pins": names(pins) })
    };
    let hosts = requests.iter().map(
        |(host, asks)| json!({ "host": host, "requests": asks.iter().map(ask).collect::<Vec<Value>>() }),
    );
    report_json::document("plan", [("hosts", hosts.collect()), ("not-asked", json!(unasked))])
}
