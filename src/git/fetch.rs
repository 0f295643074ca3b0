//! Commits of a repository elsewhere, brought into one that is here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::conversation::For;
use super::error::{Failure, GitError, one_line};
use super::pkt_line::{self, Packet, packets};
use super::refs::{Advertisement, Listed, Version, text};
use super::store::{self, blocking};
use super::{Remote, Service};
use crate::model::CommitId;

/// How this program is called where it says so.
pub(super) const AGENT: &str = concat!("agent=solera-pin/", env!("CARGO_PKG_VERSION"));

/// What is asked of a server.
#[derive(Debug, Default)]
pub(super) struct Ask {
    pub(super) wants: Vec<CommitId>,
    /// What it need not send, with all that is below.
    pub(super) haves: Vec<CommitId>,
    /// Where the history here is cut off.
    pub(super) shallow: Vec<CommitId>,
    pub(super) depth: Option<u32>,
    /// Without files and folders, where the server can leave them out.
    pub(super) commits_only: bool,
    /// The most bytes that are read.
    pub(super) limit: Option<usize>,
}

/// What a server sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// Where the history here is cut off from now on, and where no longer.
    pub(super) shallow: Vec<CommitId>,
    pub(super) unshallow: Vec<CommitId>,
    pub(super) pack: Vec<u8>,
}

impl Remote {
    /// Brings commits with their history into the repository whose `.git` folder is `into`; no reference is changed. With
    /// a `depth`, only so many of each line of history, and that repository is a shallow one then. Nothing is asked for
    /// that is already there.
    pub async fn fetch(&self, into: &Path, wants: &[CommitId], depth: Option<u32>) -> Result<(), GitError> {
        let fetched = self.fetch_missing(into, wants, depth).await;
        fetched.map_err(|failure| GitError::new(format!("fetch from {}", self.address), failure))
    }

    /// Brings so many commits of the history below each of `tips`, which are there already, into a shallow repository.
    pub async fn deepen(&self, into: &Path, tips: &[CommitId], depth: u32) -> Result<(), GitError> {
        let (folder, wants) = (into.to_owned(), tips.to_vec());
        let deepened = async {
            let ask = blocking(move || store::all(&folder, &wants)).await?;
            self.fetch_asked(into, Ask { depth: Some(depth), ..ask }).await
        };
        deepened.await.map_err(|failure| GitError::new(format!("fetch from {}", self.address), failure))
    }

    async fn fetch_missing(
        &self,
        into: &Path,
        wants: &[CommitId],
        depth: Option<u32>,
    ) -> Result<(), Failure> {
        let (folder, wants) = (into.to_owned(), wants.to_vec());
        let ask = blocking(move || store::missing(&folder, &wants)).await?;
        match ask.wants.is_empty() {
            true => Ok(()),
            false => self.fetch_asked(into, Ask { depth, ..ask }).await,
        }
    }

    /// Brings the commits between two, without anything else where the server can leave it out, into an empty repository.
    pub async fn fetch_between(
        &self,
        into: &Path,
        (from, to): (&CommitId, &CommitId),
        limit: usize,
    ) -> Result<(), GitError> {
        let ask = Ask {
            wants: vec![to.clone()],
            haves: vec![from.clone()],
            commits_only: true,
            limit: Some(limit),
            ..Ask::default()
        };
        let fetched = self.fetch_asked(into, ask).await;
        fetched.map_err(|failure| GitError::new(format!("fetch from {}", self.address), failure))
    }

    async fn fetch_asked(&self, into: &Path, mut ask: Ask) -> Result<(), Failure> {
        let conversation = self.open(Service::UploadPack, Version::Two).await?;
        let request = match conversation.advertisement()? {
            Advertisement::Version2(capabilities) => version_2(&ask, &capabilities),
            Advertisement::Listed(listed) => {
                ask.wants = ask.wants.iter().map(|want| askable(want, &listed)).collect();
                version_0(&ask, &listed)
            }
        };
        let request = match request {
            Ok(request) => request,
            Err(why) => {
                conversation.leave().await;
                return Err(Failure::protocol(why));
            }
        };
        let answer = conversation.answer(request, For::Objects(ask.limit), answer).await?;
        let folder = into.to_owned();
        blocking(move || store::keep(&folder, &answer, &ask.wants)).await
    }
}

/// The request in protocol 2: one round, whatever the server has of what is here.
fn version_2(ask: &Ask, capabilities: &BTreeMap<String, String>) -> Result<Vec<u8>, String> {
    let offered = capabilities.get("fetch").ok_or("it does not give away commits")?;
    let can = |what| offered.split(' ').any(|word| word == what);
    let mut message = Vec::new();
    pkt_line::write(&mut message, "command=fetch");
    pkt_line::write(&mut message, AGENT);
    if let Some(format) = capabilities.get("object-format") {
        pkt_line::write(&mut message, &format!("object-format={format}"));
    }
    message.extend_from_slice(b"0001");
    pkt_line::write(&mut message, "no-progress");
    pkt_line::write(&mut message, "ofs-delta");
    for want in &ask.wants {
        pkt_line::write(&mut message, &format!("want {want}"));
    }
    cut(&mut message, ask, can("shallow"))?;
    if ask.commits_only && can("filter") {
        pkt_line::write(&mut message, "filter tree:0");
    }
    for have in &ask.haves {
        pkt_line::write(&mut message, &format!("have {have}"));
    }
    pkt_line::write(&mut message, "done");
    message.extend_from_slice(b"0000");
    Ok(message)
}

/// In protocol 0, only what a reference names may be asked for: the tag, where that is all that leads to a commit.
fn askable(want: &CommitId, listed: &Listed) -> CommitId {
    let mut all = listed.refs.names.values();
    if all.clone().any(|named| named.id == *want) {
        return want.clone();
    }
    all.find(|named| named.peeled.as_ref() == Some(want)).map_or(want, |named| &named.id).clone()
}

/// The request in protocol 0.
fn version_0(ask: &Ask, listed: &Listed) -> Result<Vec<u8>, String> {
    if !listed.can("side-band-64k") {
        return Err("its git is too old: it does not tell objects from messages (side-band-64k)".into());
    }
    let filter = ask.commits_only && listed.can("filter");
    let mut capabilities = format!("side-band-64k ofs-delta no-progress {AGENT}");
    if filter {
        let _ = write!(capabilities, " filter");
    }
    let mut message = Vec::new();
    for want in &ask.wants {
        pkt_line::write(&mut message, &format!("want {want} {capabilities}\n"));
        capabilities.clear();
    }
    cut(&mut message, ask, listed.can("shallow"))?;
    if filter {
        pkt_line::write(&mut message, "filter tree:0\n");
    }
    message.extend_from_slice(b"0000");
    for have in &ask.haves {
        pkt_line::write(&mut message, &format!("have {have}\n"));
    }
    pkt_line::write(&mut message, "done\n");
    Ok(message)
}

/// Where the history is cut off, and where it is to be.
fn cut(message: &mut Vec<u8>, ask: &Ask, able: bool) -> Result<(), String> {
    if !able && (ask.depth.is_some() || !ask.shallow.is_empty()) {
        return Err("it does not serve a history that is cut off (shallow)".into());
    }
    for id in &ask.shallow {
        pkt_line::write(message, &format!("shallow {id}\n"));
    }
    if let Some(depth) = ask.depth {
        pkt_line::write(message, &format!("deepen {depth}\n"));
    }
    Ok(())
}

/// Reads the answer in either protocol: lines about what is shared and what is cut off, then the objects, in packets that
/// begin with the number of what they hold: objects, progress, or a failure.
pub(super) fn answer(message: &[u8]) -> Result<Answer, String> {
    let mut answer = Answer::default();
    for packet in packets(message) {
        match packet.map_err(|error| error.to_string())? {
            Packet::Data([1, objects @ ..]) => answer.pack.extend_from_slice(objects),
            Packet::Data([2, ..]) => {}
            Packet::Data([3, failure @ ..]) => {
                return Err(format!("it says: {}", one_line(&String::from_utf8_lossy(failure))));
            }
            Packet::Data(line) => {
                let line = text(line)?;
                let id = |id: &str| id.parse().map_err(|_| "it names a commit that is none".to_owned());
                match line.split_once(' ') {
                    Some(("shallow", commit)) => answer.shallow.push(id(commit)?),
                    Some(("unshallow", commit)) => answer.unshallow.push(id(commit)?),
                    _ => {}
                }
            }
            Packet::Flush | Packet::Delimiter | Packet::ResponseEnd => {}
        }
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::Named;

    fn message(parts: &[&[u8]]) -> Vec<u8> {
        let mut message = Vec::new();
        for part in parts {
            match part.is_empty() {
                true => message.extend_from_slice(b"0000"),
                false => {
                    message.extend_from_slice(format!("{:04x}", part.len() + 4).as_bytes());
                    message.extend_from_slice(part);
                }
            }
        }
        message
    }

    #[test]
    fn objects_are_told_from_messages() {
        let (a, b) = ("a".repeat(40), "b".repeat(40));
        let (shallow, unshallow) = (format!("shallow {a}\n"), format!("unshallow {b}"));
        let lines =
            [shallow.as_bytes(), unshallow.as_bytes(), b"", b"NAK\n", b"\x01PA", b"\x02hm\r", b"\x01CK", b""];
        let read = answer(&message(&lines)).unwrap();
        let (shallow, unshallow) = (vec![a.parse().unwrap()], vec![b.parse().unwrap()]);
        assert_eq!(read, Answer { shallow, unshallow, pack: b"PACK".to_vec() });
        for (lines, says) in [
            (&[&b"ERR upload-pack: not our ref \x1b[1m"[..]][..], r"not our ref \u{1b}"),
            (&[b"NAK\n", b"\x03out of memory"], "out of memory"),
            (&[b"shallow x"], "none"),
        ] {
            let error = answer(&message(lines)).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        assert!(answer(b"0009\x01PA").is_err(), "cut off");
    }

    #[test]
    fn a_commit_that_only_a_tag_leads_to_is_asked_for_by_the_tag() {
        let id = |digit: &str| digit.repeat(40).parse::<CommitId>().unwrap();
        let mut listed = Listed::default();
        for (name, names, peeled) in
            [("refs/heads/a", "a", None), ("refs/tags/b", "b", Some("c")), ("refs/tags/d", "d", Some("a"))]
        {
            let named = Named { id: id(names), peeled: peeled.map(id) };
            listed.refs.names.insert(name.into(), named);
        }
        let asked = |digit| askable(&id(digit), &listed);
        assert_eq!([asked("a"), asked("c"), asked("e")], [id("a"), id("b"), id("e")]);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(lines: Vec<Vec<u8>>) {
            let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
            let _ = answer(&message(&lines));
        }
    }
}
