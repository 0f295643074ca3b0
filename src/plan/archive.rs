//! Deciding about a pin of archives: its versions are judged by name, and only what would be locked is looked at.

use std::collections::BTreeMap;

use super::age::unripe;
use super::image::known_alarm;
use super::refusal::{nothing, refused};
use super::stale::stale;
use super::{
    Alarm, Candidate, Decision, Outcome, Past, Question, Rejection, Shortlist, Verdict, Wish, shortlist,
};
use crate::catalog::{Archive, Versions};
use crate::model::{Architecture, ArchiveFile, ArchiveFiles, ArchivePin, GitTag, Lane, Pin};

/// The versions that there are.
#[derive(Clone, Debug)]
pub enum Known<'t> {
    /// The one that is declared.
    Literal,
    /// Those that tags of a git repository stand for, with the commit of each.
    Tagged(BTreeMap<&'t str, &'t GitTag>),
}

/// What was found of versions that were looked at.
pub type Facts = BTreeMap<String, Seen>;

/// What was found of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is the locked one, and nothing says that its files have changed.
    Unchanged,
    /// It is the locked one, and these are its files now, as far as anybody looked.
    Changed(ArchiveFiles),
    /// All its files, and all that vouches for them, are there.
    Published(ArchiveFiles),
    /// This of it is not there: a file that is declared, or what vouches for one.
    Missing(String),
    /// It is the locked one, and this file, which is locked, is not there.
    Gone(String),
    /// It is the locked one; this of what is declared is not there, and what is locked is, as these files where they changed.
    Lacks(String, Option<ArchiveFiles>),
    /// What is there does not fit what its publisher says of it.
    Untrusted(String),
    /// What is there is of no use.
    Unusable(String),
}

impl Seen {
    /// What is known of the locked version, by how its files stand and by what was known of it before.
    pub fn standing(self, before: Option<Self>) -> Self {
        match (self, before) {
            (Self::Unchanged, Some(Self::Missing(what))) => Self::Lacks(what, None),
            (Self::Changed(files), Some(Self::Missing(what))) => Self::Lacks(what, Some(files)),
            (seen, _) => seen,
        }
    }

    /// What becomes of the pin where this is what there is of a version, whatever else there is.
    fn ends(&self, version: &str) -> Option<Outcome> {
        match self {
            Self::Untrusted(why) => {
                Some(Outcome::Alarm(Alarm::Untrusted { version: version.to_owned(), why: why.clone() }))
            }
            Self::Unusable(why) => Some(Outcome::Nothing(why.clone())),
            _ => None,
        }
    }
}

/// The next question, or the answer to all.
#[derive(Clone, Debug)]
pub enum Next {
    /// Ask whether these files, which are locked, are as they were.
    Stands(ArchivePin),
    /// Read all files of a version.
    Read(String),
    /// Nothing more is to be asked.
    Decided(Outcome),
}

/// How many versions are looked at for one that has everything.
const LOOKS: usize = 10;

impl<'t> Known<'t> {
    /// The versions of a declaration, whose tags are these.
    pub fn of(archive: &Archive, tags: &'t [GitTag]) -> Self {
        match &archive.versions {
            Versions::Literal(_) => Self::Literal,
            Versions::Git { .. } => {
                let version = |tag: &'t GitTag| Some((archive.version_of(tag.name.as_str())?, tag));
                Self::Tagged(tags.iter().filter_map(version).collect())
            }
        }
    }

    /// Judges them by name.
    pub fn shortlist(&self, question: &Question<'_>, archive: &Archive, tags: &[GitTag]) -> Shortlist {
        match (self, &archive.versions) {
            (Self::Tagged(versions), _) => {
                let mut found = shortlist(question, versions.keys().copied());
                found.other_shapes += tags.len() - versions.len();
                found
            }
            (Self::Literal, Versions::Literal(version)) => shortlist(question, [version.as_str()]),
            (Self::Literal, Versions::Git { .. }) => shortlist(question, []),
        }
    }

    /// The commit that a version's tag names, where it has one.
    fn commit(&self, version: &str) -> Option<String> {
        match self {
            Self::Literal => None,
            Self::Tagged(versions) => versions.get(version).map(|tag| tag.commit.to_string()),
        }
    }

    fn has(&self, version: &str) -> bool {
        match self {
            Self::Literal => true,
            Self::Tagged(versions) => versions.contains_key(version),
        }
    }
}

/// Goes on from what is known; notes in `shortlist` why a version is not taken after all.
pub fn next(
    question: &Question<'_>,
    archive: &Archive,
    known: &Known<'_>,
    shortlist: &mut Shortlist,
    facts: &Facts,
) -> Next {
    let locked = locked(question);
    if let Some(pin) = locked.filter(|pin| !known.has(&pin.version)) {
        shortlist.reject(&pin.version, Rejection::NotServed);
    }
    if let Some(alarm) = tag_alarm(question, known, shortlist) {
        return Next::Decided(alarm);
    }
    if !shortlist.majors.is_empty() {
        return Next::Decided(Outcome::Ambiguous(shortlist.majors.clone()));
    }
    if let Some(outcome) = refused(question, shortlist) {
        return Next::Decided(outcome);
    }
    if let Some(next) = locked.and_then(|pin| locked_first(question, pin, shortlist, facts)) {
        return next;
    }
    if let Some(outcome) = question.held() {
        return Next::Decided(outcome);
    }
    let is_own = |version: &str| locked.is_some_and(|pin| pin.version == version);
    let lacking = |(version, seen): &(&String, &Seen)| !is_own(version) && matches!(seen, Seen::Missing(_));
    let is_enough = facts.iter().filter(lacking).count() >= LOOKS;
    loop {
        // Where enough of them lack something, what is locked may still stand.
        let best = shortlist.eligible().find(|candidate| !is_enough || is_own(&candidate.tag)).cloned();
        let Some(best) = best else {
            let outcome = vanished(question, shortlist, facts);
            let outcome = outcome.or_else(|| lacks(question, archive, facts, shortlist));
            return Next::Decided(outcome.unwrap_or_else(|| nothing(question, shortlist)));
        };
        let version = best.tag.as_str();
        let own = is_own(version);
        // What was locked may have been seen for the first time just now.
        let commit = known.commit(version).filter(|_| !own);
        if let Some(young) = commit.and_then(|commit| unripe(question, version, &commit)) {
            shortlist.reject(version, young);
            continue;
        }
        if let Some(outcome) = facts.get(version).and_then(|seen| seen.ends(version)) {
            return Next::Decided(outcome);
        }
        match facts.get(version) {
            Some(Seen::Missing(what)) => shortlist.reject(version, Rejection::NoFile(what.clone())),
            Some(Seen::Unchanged) if own => {
                shortlist.select(version);
                return Next::Decided(Outcome::Keep { note: None });
            }
            Some(Seen::Published(files)) => {
                shortlist.select(version);
                return Next::Decided(taken(archive, locked, &best, files));
            }
            Some(_) | None => return Next::Read(version.to_owned()),
        }
    }
}

/// What was seen on the way: versions, each with the commit of its tag, as only that has an age. Where the locked one's
/// moved, it is not noted: whatever was noted last is what it should be.
pub fn seen(question: &Question<'_>, known: &Known<'_>, decision: &Decision) -> Vec<(String, String)> {
    let matters = |candidate: &&Candidate| match &candidate.verdict {
        Verdict::Selected | Verdict::Eligible => true,
        Verdict::Rejected(why) => !matches!(why, Rejection::Older | Rejection::Ignored(_)),
    };
    let moved = matches!(decision.outcome, Outcome::Alarm(Alarm::Moved { .. }));
    let locked = question.locked.map(Pin::tag).filter(|_| moved);
    let wanted = decision.candidates.iter().filter(matters).map(|candidate| candidate.tag.as_str());
    let wanted = wanted.filter(|version| Some(*version) != locked);
    wanted.filter_map(|version| Some((version.to_owned(), known.commit(version)?))).collect()
}

/// What is locked, where it can be compared with what is declared.
fn locked<'a>(question: &Question<'a>) -> Option<&'a ArchivePin> {
    match question.comparable()? {
        (Pin::Archive(pin), _) => Some(pin),
        _ => None,
    }
}

/// Whether the tag of the locked version is gone, or names another commit than it was seen to name last.
fn tag_alarm(question: &Question<'_>, known: &Known<'_>, shortlist: &mut Shortlist) -> Option<Outcome> {
    let pin = locked(question).filter(|_| question.declaration.immutable)?;
    let tag = pin.version.clone();
    let Known::Tagged(_) = known else { return None };
    let Some(now) = known.commit(&tag) else {
        let gone = Alarm::Vanished { tag, upstream: pin.url.to_string() };
        return known_alarm(question, shortlist, gone);
    };
    known_alarm(question, shortlist, tag_moved(question.past, &tag, &now)?)
}

/// That the tag of a version names another commit than it was seen to name last.
pub fn tag_moved(past: Past<'_>, version: &str, now: &str) -> Option<Alarm> {
    let last = past.last(version).filter(|last| *last != now)?;
    Some(Alarm::Moved { tag: format!("of {version}"), from: last.to_owned(), to: now.to_owned() })
}

/// What concerns the locked version before any other: whether its files are what they were.
fn locked_first(
    question: &Question<'_>,
    pin: &ArchivePin,
    shortlist: &mut Shortlist,
    facts: &Facts,
) -> Option<Next> {
    let version = pin.version.as_str();
    let accepts = match question.wish {
        Wish::Accept => true,
        Wish::Tag { tag, because: Some(_) } => tag == version,
        Wish::Rules | Wish::Young { .. } | Wish::Tag { .. } => false,
    };
    let whole = stale(question.declaration, question.needs, &Pin::Archive(pin.clone())).is_empty();
    let now = match facts.get(version) {
        // A person who asks for a pin wants it read, whatever the lock says of it.
        None if whole && !accepts => return Some(Next::Stands(pin.clone())),
        None => return Some(Next::Read(version.to_owned())),
        Some(Seen::Unchanged) => return None,
        // What is missing need not be what is locked.
        Some(Seen::Missing(_)) => return Some(Next::Stands(pin.clone())),
        Some(Seen::Gone(what) | Seen::Lacks(what, None)) => {
            no_file(shortlist, version, what);
            return None;
        }
        Some(Seen::Lacks(what, Some(now))) => {
            no_file(shortlist, version, what);
            now
        }
        Some(Seen::Changed(now) | Seen::Published(now)) => now,
        Some(seen @ (Seen::Untrusted(_) | Seen::Unusable(_))) => {
            return seen.ends(version).map(Next::Decided);
        }
    };
    if let Some(alarm) = replaced(pin, now).filter(|_| question.declaration.immutable && !accepts) {
        return Some(Next::Decided(Outcome::Alarm(alarm)));
    }
    match facts.get(version) {
        Some(Seen::Published(_)) => {}
        Some(Seen::Lacks(..)) => return None,
        _ => return Some(Next::Read(version.to_owned())),
    }
    let to = with(pin, now);
    (accepts && to != *pin).then(|| {
        shortlist.select(version);
        Next::Decided(Outcome::Move { to: Pin::Archive(to), lane: Lane::Digest, superseded: false })
    })
}

/// The first file that is other than it was, of those that were locked.
fn replaced(pin: &ArchivePin, now: &ArchiveFiles) -> Option<Alarm> {
    let now = with(pin, now);
    let files = now.files();
    let file = |of: Option<&Architecture>| files.iter().find(|(other, ..)| *other == of);
    let differs = |(of, was, _): &(Option<&Architecture>, &ArchiveFile, String)| {
        let (_, is, _) = file(*of)?;
        let named = of.map_or_else(String::new, |of| format!(" ({of})"));
        (is.digest != was.digest).then(|| Alarm::Moved {
            tag: format!("{}{named}", pin.version),
            from: was.digest.to_string(),
            to: is.digest.to_string(),
        })
    };
    pin.files().iter().find_map(differs)
}

fn with(pin: &ArchivePin, files: &ArchiveFiles) -> ArchivePin {
    ArchivePin { files: files.clone(), ..pin.clone() }
}

/// What to do with a version that is all there.
fn taken(archive: &Archive, locked: Option<&ArchivePin>, best: &Candidate, files: &ArchiveFiles) -> Outcome {
    let to = ArchivePin { url: archive.url.clone(), version: best.tag.clone(), files: files.clone() };
    match locked {
        Some(pin) if *pin == to => Outcome::Keep { note: None },
        Some(_) => {
            let lane = best.lane.unwrap_or(Lane::Digest);
            Outcome::Move { to: Pin::Archive(to), lane, superseded: false }
        }
        None => Outcome::First { to: Pin::Archive(to) },
    }
}

/// Notes that the locked version lacks something; that its tag is gone says more.
fn no_file(shortlist: &mut Shortlist, version: &str, what: &str) {
    if !is_unlisted(shortlist, version) {
        shortlist.reject(version, Rejection::NoFile(what.to_owned()));
    }
}

/// Whether no tag stands for a version any more.
fn is_unlisted(shortlist: &Shortlist, version: &str) -> bool {
    let gone = Verdict::Rejected(Rejection::NotServed);
    shortlist.candidates.iter().any(|candidate| candidate.tag == version && candidate.verdict == gone)
}

/// That the locked version stands, and has no file for an architecture that is declared since.
fn lacks(
    question: &Question<'_>,
    archive: &Archive,
    facts: &Facts,
    shortlist: &mut Shortlist,
) -> Option<Outcome> {
    let pin = locked(question).filter(|_| !matches!(question.wish, Wish::Tag { .. }))?;
    let version = pin.version.as_str();
    let Some(Seen::Lacks(what, _)) = facts.get(version) else { return None };
    // A place is shown without what a URL asks for.
    let is_it = |word: &str| archive.url.at(version, word).starts_with(what);
    let files = pin.files();
    let is_new = |of: &Architecture| !files.iter().any(|(locked, ..)| *locked == Some(of));
    let (of, _) = archive.architectures.iter().find(|(of, word)| is_new(of) && is_it(word))?;
    shortlist.give_up();
    Some(Outcome::Nothing(format!("{version} has no file for {of}: {what} is not there")))
}

/// That what is locked is gone, where nothing newer can be taken.
fn vanished(question: &Question<'_>, shortlist: &mut Shortlist, facts: &Facts) -> Option<Outcome> {
    let pin = locked(question).filter(|_| !matches!(question.wish, Wish::Tag { .. }))?;
    let is_gone = matches!(facts.get(&pin.version), Some(Seen::Gone(_)));
    let gone = Alarm::Vanished { tag: pin.version.clone(), upstream: pin.url.to_string() };
    let accepted = Outcome::Keep { note: Some(format!("{gone}, which was accepted")) };
    (is_gone || is_unlisted(shortlist, &pin.version))
        .then(|| known_alarm(question, shortlist, gone).unwrap_or(accepted))
}
