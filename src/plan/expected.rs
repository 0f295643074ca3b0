//! What a decision will ask where nothing has changed since it was made last: the same questions, answered with what is
//! locked, and with what was seen of the tags that upstream had.

use std::collections::BTreeSet;

use super::image::{Facts, Next, Seen, next};
use super::{Question, Wish, debian, shortlist, stale, watched};
use crate::catalog::{Archive, ArchivePlace, Debian, Upstream, Versions};
use crate::model::{ArchivePin, ArchiveTime, Digest, GitUrl, Pin, Repository, Sightings, Suite, Tag};

/// A question to an upstream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ask {
    /// A tag list, of one page at least.
    Tags(Repository),
    /// What a tag names, by a HEAD.
    Claim(Repository, Tag),
    /// Whether something is served, by a HEAD where its content is at hand.
    IsServed(Repository, Digest),
    /// What a tag names, by a GET; the newest there is, where only the list will tell which.
    Manifest(Repository, Option<Tag>),
    /// What something is that a tag named before, by a GET where its content is not at hand.
    Content(Repository, Digest),
    /// A git repository's tags.
    References(GitUrl),
    /// What a suite of an archive says of itself, by the address below which it is.
    Suite(Suite, String),
    /// Whether a file of an archive has changed, by a HEAD.
    Standing(String),
    /// A file of an archive, by a GET; `{version}` stands for the newest where only the tags will tell which that is.
    File(String),
}

/// More questions than any pin has.
const MANY: usize = 100;

/// What will be asked about a pin, at least.
pub fn expected(question: &Question<'_>) -> Vec<Ask> {
    if question.settled().is_some() {
        return Vec::new();
    }
    match &question.declaration.upstream {
        Upstream::Git(url) => vec![Ask::References(url.clone())],
        Upstream::Archive(archive) => of_archive(question, archive),
        Upstream::Debian(declared) => of_suites(question, declared),
        Upstream::Image(repository) => of_image(question, repository),
    }
}

fn of_archive(question: &Question<'_>, archive: &Archive) -> Vec<Ask> {
    let (mut asks, newest) = match &archive.versions {
        Versions::Git { url, .. } => (vec![Ask::References(url.clone())], "{version}"),
        Versions::Literal(version) => (Vec::new(), version.as_str()),
    };
    let asked = match question.wish {
        Wish::Tag { tag, .. } => Some(tag.as_str()),
        _ => None,
    };
    let locked = match question.comparable() {
        Some((Pin::Archive(pin), _)) => Some(pin),
        _ => None,
    };
    let is_whole = |pin: &&ArchivePin| {
        stale(question.declaration, question.needs, &Pin::Archive((*pin).clone())).is_empty()
    };
    let accepts = *question.wish == Wish::Accept;
    let standing = locked.filter(is_whole).filter(|_| !accepts);
    asks.extend(standing.into_iter().flat_map(ArchivePin::files).map(|(.., url)| Ask::Standing(url)));
    let wanted = match (standing, asked) {
        (Some(pin), Some(version)) if version == pin.version => None,
        (_, Some(version)) => Some(version),
        (Some(_), None) => None,
        (None, None) => Some(locked.map_or(newest, |pin| pin.version.as_str())),
    };
    let words: Vec<&str> = match archive.url.has_architecture() {
        true => archive.architectures.values().map(String::as_str).collect(),
        false => vec![""],
    };
    let file = |version| words.iter().map(move |word| Ask::File(archive.url.at(version, word)));
    asks.extend(wanted.into_iter().flat_map(file));
    asks
}

/// The one tag that could be taken, where no list is needed to know it.
pub fn only_tag<'a>(question: &Question<'a>) -> Option<&'a str> {
    let track = &question.declaration.track;
    match question.wish {
        Wish::Tag { tag, because: Some(_) } if question.locked.is_none() && track.read(tag).is_some() => {
            Some(tag)
        }
        _ => track.is_literal().then(|| track.as_str()),
    }
}

/// The suites of the time that would be taken, and of the locked one; of a mirror those that it has.
fn of_suites(question: &Question<'_>, declared: &Debian) -> Vec<Ask> {
    let times: BTreeSet<Option<ArchiveTime>> = match &declared.place {
        ArchivePlace::Mirror(_) => [None].into(),
        ArchivePlace::Snapshot(_) => {
            let offered = debian::offered(question);
            let mut shortlist = shortlist(question, offered.iter().map(String::as_str));
            let Ok(time) = debian::wanted(question, &mut shortlist) else { return Vec::new() };
            let locked = debian::comparable(question).map(|pin| pin.time().clone());
            [Some(time)].into_iter().chain([locked].into_iter().filter(Option::is_some)).collect()
        }
    };
    let of_time = |time: &Option<ArchiveTime>| declared.bases(time.as_ref());
    times.iter().flat_map(of_time).map(|(suite, base)| Ask::Suite(suite, base)).collect()
}

fn of_image(question: &Question<'_>, repository: &Repository) -> Vec<Ask> {
    let only = only_tag(question);
    let mut asks = Vec::new();
    if only.is_none() {
        asks.push(Ask::Tags(repository.clone()));
    }
    let asked = match question.wish {
        Wish::Tag { tag, .. } => Some(tag.as_str()),
        _ => None,
    };
    let locked = question.comparable().map(|(pin, _)| pin);
    let Some(tag) = only.or(asked).or(locked.map(Pin::tag)) else {
        asks.push(Ask::Manifest(repository.clone(), None));
        return asks;
    };
    // The list had these, of what was looked at: the rest was not.
    let seen = question.past.seen().filter(|_| only.is_none() && asked.is_none());
    let tags: BTreeSet<&str> = seen.into_iter().flat_map(Sightings::tags).chain([tag]).collect();
    let (mut shortlist, mut facts) = (shortlist(question, tags), Facts::default());
    while asks.len() < MANY {
        match next(question, repository, &mut shortlist, &facts) {
            Next::Decided(outcome) => {
                let decision = shortlist.decide(question, outcome, Vec::new());
                let watched = watched(question, &decision.candidates).and_then(|tag| tag.parse().ok());
                asks.extend(watched.map(|tag| Ask::Claim(repository.clone(), tag)));
                break;
            }
            Next::IsServed(digest) => {
                asks.push(Ask::IsServed(repository.clone(), digest));
                facts.locked_served = Some(true);
            }
            Next::Look { tag, known } => {
                // What is locked, or what was seen there since.
                let Some(claim) = known.last() else {
                    asks.push(Ask::Manifest(repository.clone(), Some(tag)));
                    break;
                };
                asks.push(Ask::Claim(repository.clone(), tag.clone()));
                facts.tags.insert(tag, Seen::Claims(claim.clone()));
            }
            Next::Read(digest) => {
                asks.push(Ask::Content(repository.clone(), digest));
                break;
            }
        }
    }
    asks
}
