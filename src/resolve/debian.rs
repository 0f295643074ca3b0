//! Asks what the decision about suites of a Debian archive wants to know.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{ArchivePlace, Debian};
use crate::model::{Architecture, ArchiveTime, DebianPin, Digest, PackageName, Reach, Suite};
use crate::openpgp::Keyring;
use crate::plan::debian::{self, Facts, Locked};
use crate::plan::{self, Decision, Question, Wish};
use crate::source::{DebianSource, Kind, SourceError, Suites, SuitesState};

/// One decision: what is asked, and of whom.
struct Inquiry<'a> {
    source: &'a DebianSource,
    question: &'a Question<'a>,
    declared: &'a Debian,
    keys: &'a Keyring,
    architectures: &'a BTreeSet<Architecture>,
    names: BTreeSet<PackageName>,
}

pub(super) async fn decide(
    source: &DebianSource,
    question: &Question<'_>,
    declared: &Debian,
    keys: Option<&Keyring>,
) -> Result<Decision, SourceError> {
    let asked = || format!("decide about {}", declared.names());
    let wrong = |why: &str| SourceError::new(Kind::Configuration, asked(), why);
    let keys = keys.ok_or_else(|| wrong("its keyring was not read"))?;
    let Some(architectures) = &question.needs.architectures else {
        return Err(wrong(
            "nothing says for which architectures: no image reads it, and it has no `architectures`",
        ));
    };
    let names = debian::names(question);
    let inquiry = Inquiry { source, question, declared, keys, architectures, names };
    match &declared.place {
        ArchivePlace::Snapshot(_) => inquiry.of_snapshot().await,
        ArchivePlace::Mirror(_) => inquiry.of_mirror().await,
    }
}

impl Inquiry<'_> {
    async fn of_snapshot(&self) -> Result<Decision, SourceError> {
        let question = self.question;
        let offered = debian::offered(question);
        let mut shortlist = plan::shortlist(question, offered.iter().map(String::as_str));
        let time = match debian::wanted(question, &mut shortlist) {
            Ok(time) => time,
            Err(outcome) => return Ok(shortlist.decide(question, *outcome, Vec::new())),
        };
        let suites = self.at(Some(&time));
        let found = self.source.state(&suites).await?;
        let (digests, stands) = match debian::comparable(question) {
            None => (BTreeMap::new(), Stands::NotAsked),
            Some(pin) => self.stands(pin, &time, &found).await?,
        };
        // The same lists have the same packages: none need be read again.
        let as_locked = debian::whole(question).filter(|_| *question.wish != Wish::Accept);
        let reach = match (&stands, as_locked) {
            (Stands::Same, Some(pin)) => Reach { packages: pin.packages.clone(), ..Reach::default() },
            _ => self.reach(&suites, &found).await?,
        };
        let before = match &stands {
            Stands::Other(Some(before)) => self.before(before, &reach).await?,
            Stands::Other(None) => Some(Reach::default()),
            Stands::NotAsked | Stands::Gone | Stands::Same => None,
        };
        let locked = match &stands {
            Stands::NotAsked => Locked::NotAsked,
            Stands::Gone => Locked::Gone,
            Stands::Same | Stands::Other(_) => Locked::Served { digests: &digests, reach: before.as_ref() },
        };
        let facts = Facts { snapshot: Some(&time), state: &found.state, reach: &reach, locked };
        Ok(debian::decide(question, shortlist, &facts))
    }

    async fn of_mirror(&self) -> Result<Decision, SourceError> {
        let suites = self.at(None);
        let found = self.source.state(&suites).await?;
        let reach = self.reach(&suites, &found).await?;
        let newest = found.state.suites.values().map(|suite| suite.date).max();
        let tag = newest.map(|time| ArchiveTime::from(time).to_string());
        let shortlist = plan::shortlist(self.question, tag.as_deref());
        let facts = Facts { snapshot: None, state: &found.state, reach: &reach, locked: Locked::NotAsked };
        Ok(debian::decide(self.question, shortlist, &facts))
    }

    fn at(&self, time: Option<&ArchiveTime>) -> Suites<'_> {
        Suites {
            bases: self.declared.bases(time),
            keys: self.keys,
            components: &self.declared.components,
            architectures: self.architectures,
            now: self.question.now,
        }
    }

    /// Where no package is named, no list need be read.
    async fn reach(&self, suites: &Suites<'_>, found: &SuitesState) -> Result<Reach, SourceError> {
        match self.names.is_empty() {
            true => Ok(Reach::default()),
            false => self.source.reach(suites, found, &self.names).await,
        }
    }

    /// What became of what is locked: the digest of each suite, and whether its lists are those that were found.
    async fn stands(
        &self,
        pin: &DebianPin,
        time: &ArchiveTime,
        found: &SuitesState,
    ) -> Result<(BTreeMap<Suite, Digest>, Stands), SourceError> {
        let suites = self.at(pin.snapshot());
        let mut digests = BTreeMap::new();
        for (suite, base) in &suites.bases {
            match self.source.served(base, suite).await {
                Ok(digest) => drop(digests.insert(suite.clone(), digest)),
                Err(error) if error.kind() == Kind::NotFound => return Ok((digests, Stands::Gone)),
                Err(error) => return Err(error),
            }
        }
        let is_locked = |(suite, digest): (&Suite, &Digest)| {
            pin.suites().get(suite).is_some_and(|locked| locked.digest == *digest)
        };
        let same = || found.state.suites.iter().all(|(suite, now)| is_locked((suite, &now.digest)));
        if !digests.iter().all(is_locked) {
            return Ok((digests, Stands::Other(None)));
        }
        if pin.snapshot() == Some(time) || same() {
            return Ok((digests, Stands::Same));
        }
        let stands = match self.source.state(&suites).await {
            Ok(before) if before.state.lists == found.state.lists => Stands::Same,
            Ok(before) => Stands::Other(Some(before)),
            // It was signed well when it was locked: the keyring or the declaration has changed.
            Err(error) if matches!(error.kind(), Kind::Integrity | Kind::Protocol) => Stands::Other(None),
            Err(error) => return Err(error),
        };
        Ok((digests, stands))
    }

    /// What could be installed from the locked snapshot; none where it is what was found.
    async fn before(&self, before: &SuitesState, reach: &Reach) -> Result<Option<Reach>, SourceError> {
        if self.names.is_empty() {
            return Ok(Some(Reach::default()));
        }
        let locked = debian::comparable(self.question).and_then(DebianPin::snapshot);
        let before = self.source.reach(&self.at(locked), before, &self.names).await?;
        Ok(Some(before).filter(|before| before != reach))
    }
}

/// What became of the locked snapshot.
enum Stands {
    NotAsked,
    Gone,
    /// It is served, with the lists that were found.
    Same,
    /// It is served, with other lists; with none that could be read, where it is not what was locked.
    Other(Option<SuitesState>),
}
