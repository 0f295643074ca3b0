//! Asks what the decision about suites of a Debian archive wants to know.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{ArchivePlace, Debian};
use crate::model::{Architecture, ArchiveTime, DebianPin, Digest, PackageName, Reach, Suite};
use crate::openpgp::Keyring;
use crate::plan::debian::{self, Facts, Locked};
use crate::plan::{self, Decision, Question};
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
            Err(outcome) => return Ok(shortlist.decide(question, outcome, Vec::new())),
        };
        let suites = self.at(Some(&time));
        let found = self.source.state(&suites).await?;
        let reach = self.reach(&suites, &found).await?;
        let (digests, stands) = match debian::comparable(question) {
            None => (BTreeMap::new(), Stands::NotAsked),
            Some(pin) => self.locked(pin, &time, (&found, &reach)).await?,
        };
        let locked = match &stands {
            Stands::NotAsked => Locked::NotAsked,
            Stands::Gone => Locked::Gone,
            Stands::Served(reach) => Locked::Served { digests: &digests, reach: reach.as_ref() },
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

    /// What became of what is locked, and whether what could be installed from it is other than what was found.
    async fn locked(
        &self,
        pin: &DebianPin,
        time: &ArchiveTime,
        (found, reach): (&SuitesState, &Reach),
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
        let as_locked = digests.iter().all(is_locked);
        if !as_locked || pin.snapshot() == Some(time) || same() {
            return Ok((digests, Stands::Served((!as_locked).then(Reach::default))));
        }
        let before = self.before(&suites, (found, reach)).await?;
        Ok((digests, Stands::Served(before)))
    }

    /// What could be installed from the locked snapshot; none where it is what was found.
    async fn before(
        &self,
        suites: &Suites<'_>,
        (found, reach): (&SuitesState, &Reach),
    ) -> Result<Option<Reach>, SourceError> {
        let before = match self.source.state(suites).await {
            Ok(before) => before,
            // It was signed well when it was locked: the keyring or the declaration has changed.
            Err(error) if matches!(error.kind(), Kind::Integrity | Kind::Protocol) => {
                return Ok(Some(Reach::default()));
            }
            Err(error) => return Err(error),
        };
        if before.state.lists == found.state.lists {
            return Ok(None);
        }
        if self.names.is_empty() {
            return Ok(Some(Reach::default()));
        }
        let before = self.source.reach(suites, &before, &self.names).await?;
        Ok(Some(before).filter(|before| before != reach))
    }
}

/// What became of the locked snapshot.
enum Stands {
    NotAsked,
    Gone,
    /// With what could be installed from it, where that is something else.
    Served(Option<Reach>),
}
