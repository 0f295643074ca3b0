//! Commits that are here, sent to a repository elsewhere.

use std::collections::BTreeMap;
use std::path::Path;

use super::conversation::For;
use super::error::{Failure, GitError, one_line};
use super::fetch::AGENT;
use super::pack::pack;
use super::pkt_line::{self, Packet, packets};
use super::refs::{Advertisement, Listed, Version};
use super::store::blocking;
use super::{Remote, Service};
use crate::model::CommitId;
use crate::net::Kind;

/// No object at all.
const ZERO: &str = "0000000000000000000000000000000000000000";

/// A reference that is to name something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Its full name, as `refs/heads/main`.
    pub name: String,
    /// What it names now; `None` where it is not there. The server compares it: nothing else is overwritten.
    pub old: Option<CommitId>,
    /// What it is to name, which is here; `None` to delete it.
    pub new: Option<CommitId>,
}

/// What came of an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The reference names it now.
    Done,
    /// The reference did not name what it was said to: somebody else was faster.
    Stale,
    /// The server did not want it, for this reason: one harmless line.
    Refused(String),
}

impl Remote {
    /// Updates references, with the objects of the repository whose `.git` folder is `from` that the server lacks. Each
    /// update is done or not by itself; what came of them is in their order.
    pub async fn push(&self, from: &Path, updates: &[Update]) -> Result<Vec<(String, Pushed)>, GitError> {
        let pushed = self.push_updates(from, updates).await;
        pushed.map_err(|failure| GitError::new(format!("push to {}", self.address), failure))
    }

    async fn push_updates(&self, from: &Path, updates: &[Update]) -> Result<Vec<(String, Pushed)>, Failure> {
        if let Some(update) = updates.iter().find(|update| !is_name(&update.name)) {
            let why = format!("`{}` is not the full name of a reference", one_line(&update.name));
            return Err(Failure::new(Kind::Configuration, why));
        }
        let conversation = self.open(Service::ReceivePack, Version::Zero).await?;
        let Advertisement::Listed(listed) = conversation.advertisement()? else {
            return Err(Failure::protocol("the server answered in a protocol that was not asked for"));
        };
        let mut pushed: BTreeMap<&str, Pushed> = BTreeMap::new();
        let mut sent = Vec::new();
        for update in updates {
            match before(update, &listed) {
                Some(known) => drop(pushed.insert(&update.name, known)),
                None => sent.push(update),
            }
        }
        if sent.is_empty() {
            conversation.leave().await;
        } else {
            let mut request = commands(&sent, &listed)?;
            let news: Vec<CommitId> = sent.iter().filter_map(|update| update.new.clone()).collect();
            if !news.is_empty() {
                let (folder, theirs) = (from.to_owned(), known(&listed));
                request.extend(blocking(move || pack(&folder, &news, &theirs)).await?);
            }
            let report = conversation.answer(request, For::Change, report).await?;
            for (update, result) in self.results(&sent, &report).await {
                pushed.insert(&update.name, result);
            }
        }
        let result = |update: &Update| {
            let result = pushed.get(update.name.as_str()).cloned();
            (update.name.clone(), result.unwrap_or(Pushed::Stale))
        };
        Ok(updates.iter().map(result).collect())
    }

    /// What came of updates that were sent. One that was refused because somebody else was faster is told from others by
    /// what its reference names now: servers have many words for it.
    async fn results<'u>(&self, sent: &[&'u Update], report: &Report) -> Vec<(&'u Update, Pushed)> {
        let refused = sent.iter().any(|update| !report.done(&update.name));
        let names: Vec<&str> = sent.iter().map(|update| update.name.as_str()).collect();
        let now = if refused { self.list(&names).await.ok() } else { None };
        let result = |update: &'u Update| {
            let moved = now.as_ref().is_some_and(|refs| refs.id(&update.name) != update.old.as_ref());
            let result = match report.done(&update.name) {
                true => Pushed::Done,
                false if moved => Pushed::Stale,
                false => Pushed::Refused(report.reason(&update.name)),
            };
            (update, result)
        };
        sent.iter().map(|update| result(update)).collect()
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with("refs/") && git2::Reference::is_valid_name(name)
}

/// What is known of an update before anything is sent.
fn before(update: &Update, listed: &Listed) -> Option<Pushed> {
    let now = listed.refs.id(&update.name);
    if now != update.old.as_ref() {
        return Some(Pushed::Stale);
    }
    if update.old == update.new {
        return Some(Pushed::Done);
    }
    (update.new.is_none() && !listed.can("delete-refs"))
        .then(|| Pushed::Refused("the server does not delete references".into()))
}

/// All objects that the server says it has.
fn known(listed: &Listed) -> Vec<CommitId> {
    let named = |named: &super::Named| [Some(named.id.clone()), named.peeled.clone()];
    listed.refs.names.values().flat_map(named).flatten().collect()
}

/// `OLD NEW NAME`, the first with what we can.
fn commands(updates: &[&Update], listed: &Listed) -> Result<Vec<u8>, Failure> {
    if !listed.can("report-status") || !listed.can("side-band-64k") {
        return Err(Failure::protocol("the server's git is too old: it does not report what it did"));
    }
    let mut message = Vec::new();
    let mut capabilities = format!("\0 report-status side-band-64k {AGENT}");
    for update in updates {
        let id = |id: &Option<CommitId>| id.as_ref().map_or(ZERO.to_owned(), ToString::to_string);
        let line = format!("{} {} {}{capabilities}\n", id(&update.old), id(&update.new), update.name);
        pkt_line::write(&mut message, &line);
        capabilities.clear();
    }
    message.extend_from_slice(b"0000");
    Ok(message)
}

/// What a server reports.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    /// Why it could not unpack what it was sent.
    unpack: Option<String>,
    /// By name; with the reason, where it was refused.
    results: BTreeMap<String, Option<String>>,
    /// What its hooks say.
    said: String,
}

impl Report {
    fn done(&self, name: &str) -> bool {
        matches!(self.results.get(name), Some(None))
    }

    fn reason(&self, name: &str) -> String {
        let reason = match self.results.get(name) {
            Some(Some(reason)) => reason.as_str(),
            _ => "the server does not say why",
        };
        let parts = [Some(reason), self.unpack.as_deref(), Some(self.said.as_str())];
        let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        one_line(&parts.join(": "))
    }
}

/// Reads what the server did: packets that hold packets, between what its hooks say.
pub(super) fn report(message: &[u8]) -> Result<Report, String> {
    let (mut inner, mut report) = (Vec::new(), Report::default());
    for packet in packets(message) {
        match packet.map_err(|error| error.to_string())? {
            Packet::Data([1, bytes @ ..]) => inner.extend_from_slice(bytes),
            Packet::Data([2, bytes @ ..]) => report.said.push_str(&String::from_utf8_lossy(bytes)),
            Packet::Data([3, bytes @ ..]) => {
                return Err(format!("it says: {}", one_line(&String::from_utf8_lossy(bytes))));
            }
            Packet::Data(line) => drop(super::refs::text(line)?),
            Packet::Flush | Packet::Delimiter | Packet::ResponseEnd => {}
        }
    }
    for packet in packets(&inner) {
        let Packet::Data(line) = packet.map_err(|error| error.to_string())? else { continue };
        let line = super::refs::text(line)?;
        match line.split_once(' ') {
            Some(("unpack", "ok")) => {}
            Some(("unpack", why)) => report.unpack = Some(why.to_owned()),
            Some(("ok", name)) => drop(report.results.insert(name.to_owned(), None)),
            Some(("ng", rest)) => {
                let (name, why) = rest.split_once(' ').unwrap_or((rest, ""));
                report.results.insert(name.to_owned(), Some(why.to_owned()));
            }
            _ => {}
        }
    }
    match report.results.is_empty() && report.unpack.is_none() {
        true => Err("it does not say what became of the push".into()),
        false => Ok(report),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(band: u8, text: &str) -> Vec<u8> {
        let mut packet = format!("{:04x}", text.len() + 5).into_bytes();
        packet.push(band);
        packet.extend_from_slice(text.as_bytes());
        packet
    }

    #[test]
    fn a_reason_is_one_harmless_line() {
        let mut inner = Vec::new();
        for line in ["unpack ok\n", "ok refs/heads/a\n", "ng refs/heads/b hook declined\n"] {
            pkt_line::write(&mut inner, line);
        }
        inner.extend_from_slice(b"0000");
        let inner = String::from_utf8(inner).unwrap();
        let (start, end) = inner.split_at(9);
        let said = framed(2, "error: GH006:\n\x1b[31mProtected\n");
        let message = [said, framed(1, start), framed(1, end), b"0000".to_vec()].concat();
        let report = report(&message).unwrap();
        assert!(report.done("refs/heads/a") && !report.done("refs/heads/b") && !report.done("refs/heads/c"));
        let reason = r"hook declined: error: GH006: \u{1b}[31mProtected";
        assert_eq!(report.reason("refs/heads/b"), reason);
        assert!(super::report(b"0000").is_err(), "no report is no success");
        assert!(super::report(&framed(3, "no room")).unwrap_err().contains("no room"));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(band in 0u8..4, text: String) {
            let _ = report(&framed(band, &text));
        }
    }
}
