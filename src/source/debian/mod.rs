//! Suites of Debian archives: what they say of themselves, verified, and what their lists have.
//!
//! Everything hangs on the signature of `InRelease` (`release`), which names the digests of the lists (`list`). So it may
//! all come over plain HTTP, from any mirror.

mod file;
mod list;
mod release;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::sync::Semaphore;

pub use self::file::PackageFile;
use self::list::Body;
use self::release::{InReleaseFile, Verified};
use super::SourceError;
use super::memo::Memo;
use crate::cache::Cache;
use crate::debian::{Choice, Index, Installed, choose, closure, providers};
use crate::model::{
    Architecture, ArchiveState, Component, Digest, PackageName, PackagePin, Packages, Reach, Suite,
};
use crate::net::{Client, Kind};
use crate::openpgp::Keyring;

/// How many lists are unpacked at once: each takes some tens of megabytes meanwhile.
const LISTS_AT_ONCE: usize = 2;

/// Reads suites of archives. Clones share what was answered.
#[derive(Clone)]
pub struct DebianSource {
    client: Client,
    cache: Cache,
    memory: Arc<Memory>,
}

struct Memory {
    releases: Memo<String, Arc<InReleaseFile>>,
    lists: Memo<Digest, Body>,
    readers: Semaphore,
}

/// Suites at a place and a time.
#[derive(Clone, Debug)]
pub struct Suites<'a> {
    /// Each with the address below which its `dists` is.
    pub bases: BTreeMap<Suite, String>,
    /// Whose signatures count.
    pub keys: &'a Keyring,
    /// The components that are read.
    pub components: &'a BTreeSet<Component>,
    /// The architectures.
    pub architectures: &'a BTreeSet<Architecture>,
    /// The time of the run.
    pub now: Timestamp,
}

/// What was read of suites, and what it takes to read more of them.
#[derive(Clone, Debug)]
pub struct SuitesState {
    /// What they are.
    pub state: ArchiveState,
    verified: Vec<Verified>,
}

impl fmt::Debug for DebianSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DebianSource").finish_non_exhaustive()
    }
}

impl DebianSource {
    /// A source for one run. What was read is kept in `cache`.
    pub fn new(client: Client, cache: Cache) -> Self {
        let readers = Semaphore::new(LISTS_AT_ONCE);
        let memory = Memory { releases: Memo::default(), lists: Memo::default(), readers };
        Self { client, cache, memory: Arc::new(memory) }
    }

    /// The digest of a suite's `InRelease` as it is served. Nothing is verified.
    pub async fn served(&self, base: &str, suite: &Suite) -> Result<Digest, SourceError> {
        Ok(self.in_release(base, suite).await?.digest.clone())
    }

    /// What the suites are: their signatures are verified, and they are those that were asked for.
    pub async fn state(&self, suites: &Suites<'_>) -> Result<SuitesState, SourceError> {
        let one = |(suite, base): (&Suite, &String)| {
            let (suite, base) = (suite.clone(), base.clone());
            async move {
                let file = self.in_release(&base, &suite).await?;
                release::verify(&file, base, suite, suites.keys, suites.now)
            }
        };
        // Collected first: a stream over the borrowed iterator would not be `Send`.
        let asked: Vec<_> = suites.bases.iter().map(one).collect();
        // All are waited for: of several that fail, the first by name is told.
        let verified = join_all(asked).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let mut lists = BTreeMap::new();
        for one in &verified {
            for (path, digest) in one.lists(suites.components, suites.architectures)? {
                lists.insert((one.suite.clone(), path), digest);
            }
        }
        let valid_until = verified.iter().filter_map(|one| one.valid_until).min();
        let releases = verified.iter().map(|one| (one.suite.clone(), one.in_release.clone()));
        Ok(SuitesState { state: ArchiveState { suites: releases.collect(), lists, valid_until }, verified })
    }

    /// What the lists of suites have of these packages.
    pub async fn reach(
        &self,
        suites: &Suites<'_>,
        state: &SuitesState,
        names: &BTreeSet<PackageName>,
    ) -> Result<Reach, SourceError> {
        let mut reach = Reach::default();
        // One architecture after the other, so that the lists of one are in memory at once.
        for architecture in suites.architectures {
            let mut wanted = Vec::new();
            for suite in &state.verified {
                let files = suite.files(suites.components, architecture)?;
                wanted.extend(files.into_iter().map(|file| (suite, file)));
            }
            let read: Vec<_> =
                wanted.into_iter().map(|(suite, file)| self.index(suite, file, architecture)).collect();
            let lists = join_all(read).await.into_iter().collect::<Result<Vec<_>, _>>()?;
            let asked = || format!("choose the packages of {}", names_of(&state.verified));
            let chosen = chosen(&lists, names, architecture)
                .map_err(|why| SourceError::new(Kind::Protocol, asked(), why))?;
            merge(&mut reach, chosen, architecture);
        }
        Ok(reach)
    }

    /// Which of these packages, with just their version and architecture, no list of the suites has.
    pub async fn lacking(
        &self,
        suites: &Suites<'_>,
        state: &SuitesState,
        mut packages: BTreeSet<Installed>,
    ) -> Result<BTreeSet<Installed>, SourceError> {
        for architecture in suites.architectures {
            for suite in &state.verified {
                for file in suite.files(suites.components, architecture)? {
                    if packages.is_empty() {
                        return Ok(packages);
                    }
                    let (_, index) = self.index(suite, file, architecture).await?;
                    packages.retain(|package| !is_in(&index, architecture, package));
                }
            }
        }
        Ok(packages)
    }
}

fn is_in(index: &Index, architecture: &Architecture, package: &Installed) -> bool {
    index.get(&package.name).any(|own| {
        let of = if own.is_for_all() { "all" } else { architecture.as_str() };
        own.version() == package.version && of == package.architecture
    })
}

fn names_of(verified: &[Verified]) -> String {
    verified.iter().map(|one| one.suite.as_str()).collect::<Vec<_>>().join(", ")
}

/// What the lists of one architecture come to.
struct Chosen {
    packages: Vec<(PackageName, PackagePin)>,
    missing: Vec<(PackageName, BTreeSet<String>)>,
}

fn chosen(
    lists: &[(crate::debian::Priority, Index)],
    names: &BTreeSet<PackageName>,
    architecture: &Architecture,
) -> Result<Chosen, String> {
    let suites: Vec<crate::debian::Suite<'_>> =
        lists.iter().map(|(priority, index)| crate::debian::Suite { priority: *priority, index }).collect();
    let indexes: Vec<&Index> = lists.iter().map(|(_, index)| index).collect();
    let mut chosen = Chosen { packages: Vec::new(), missing: Vec::new() };
    for name in closure(&indexes, names.iter().map(PackageName::as_str)) {
        let wrong = |why: String| format!("{name} of {architecture}: {why}");
        let choice = choose(&suites, &name).map_err(|error| wrong(error.to_string()))?;
        // What is only provided may have any name.
        let Ok(package) = name.parse::<PackageName>() else { continue };
        match choice {
            Some(choice) => chosen.packages.push((package, pin(&choice).map_err(wrong)?)),
            None if names.contains(&package) => chosen.missing.push((package, providers(&indexes, &name))),
            None => {}
        }
    }
    Ok(chosen)
}

fn pin(choice: &Choice<'_>) -> Result<PackagePin, String> {
    let version = choice.version.as_str().parse().map_err(|error| format!("{error}"))?;
    Ok(PackagePin { version, digest: choice.package.sha256(), size: choice.package.size() })
}

fn merge(reach: &mut Reach, chosen: Chosen, architecture: &Architecture) {
    let packages: &mut Packages = &mut reach.packages;
    for (name, pin) in chosen.packages {
        packages.entry(name).or_default().insert(architecture.clone(), pin);
    }
    for (name, providers) in chosen.missing {
        reach.missing.entry(name).or_default().insert(architecture.clone(), providers);
    }
}
