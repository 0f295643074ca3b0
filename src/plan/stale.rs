//! Whether a locked pin still satisfies its declaration, as Cargo decides it for a lock file.

use std::collections::BTreeSet;

use crate::catalog::{ArchivePlace, Declaration, Needs, Upstream};
use crate::model::{
    Architecture, ArchiveFile, ArchiveFiles, ArchivePin, DebianPin, PackageName, Pin, Platform,
};

/// Why a locked pin does not satisfy its declaration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stale {
    /// It is from elsewhere.
    #[error("it is locked from {locked}, and {declared} is declared")]
    Upstream {
        /// Where it was taken from.
        locked: String,
        /// Where it should be from.
        declared: String,
    },
    /// Its tag has another shape.
    #[error("its tag {tag} does not match the track {track}")]
    Track {
        /// The locked tag.
        tag: String,
        /// The declared track.
        track: String,
    },
    /// Its number is out of range.
    #[error("its tag {tag} does not satisfy version = \"{version}\"")]
    Version {
        /// The locked tag.
        tag: String,
        /// The requirement.
        version: String,
    },
    /// It is ignored.
    #[error("its tag {tag} matches ignore = \"{pattern}\"")]
    Ignored {
        /// The locked tag.
        tag: String,
        /// The pattern.
        pattern: String,
    },
    /// It lacks platforms.
    #[error("it has no {0}, which is declared")]
    Platform(Platform),
    /// It has a platform that nobody declared.
    #[error("it has {0}, which is no longer declared")]
    Surplus(Platform),
    /// It lacks an architecture.
    #[error("it has nothing for {0}, which is declared")]
    Architecture(Architecture),
    /// It has an architecture that nobody declared.
    #[error("it has {0}, which is no longer declared")]
    SurplusArchitecture(Architecture),
    /// The URL spells an architecture in another way.
    #[error("its file for {architecture} is locked as `{locked}`, and `{declared}` is declared")]
    Spelled {
        /// Whose.
        architecture: Architecture,
        /// In the locked URL.
        locked: String,
        /// In the declared one.
        declared: String,
    },
    /// It lacks a package.
    #[error("it has no package {0}, which is wanted")]
    Package(PackageName),
    /// It has a package that nobody wants.
    #[error("it has the package {0}, which is no longer wanted")]
    SurplusPackage(PackageName),
}

/// Every way in which a pin has fallen behind its declaration; none where it has not.
///
/// `needs` are those of the declaration; none accepts any.
pub fn stale(declaration: &Declaration, needs: &Needs, pin: &Pin) -> Vec<Stale> {
    if !same_upstream(declaration, pin) {
        return vec![Stale::Upstream { locked: place(pin), declared: declared(declaration) }];
    }
    let mut found = Vec::new();
    let tag = || pin.tag().to_owned();
    match declaration.track.read(pin.tag()) {
        None => found.push(Stale::Track { tag: tag(), track: declaration.track.to_string() }),
        Some(read) => {
            if let Some(version) = declaration.version.as_ref().filter(|version| !satisfies(version, &read)) {
                found.push(Stale::Version { tag: tag(), version: version.to_string() });
            }
        }
    }
    if let Some(pattern) = declaration.ignore.iter().find(|pattern| pattern.matches(pin.tag())) {
        found.push(Stale::Ignored { tag: tag(), pattern: pattern.as_str().into() });
    }
    match pin {
        Pin::Git(_) => {}
        Pin::Image(pin) => {
            if let Some(platforms) = &needs.platforms {
                let locked: BTreeSet<Platform> = pin.platforms.keys().cloned().collect();
                found.extend(platforms.difference(&locked).cloned().map(Stale::Platform));
                found.extend(locked.difference(platforms).cloned().map(Stale::Surplus));
            }
        }
        Pin::Archive(pin) => {
            let locked: BTreeSet<Architecture> = match &pin.files {
                ArchiveFiles::One(_) => BTreeSet::new(),
                ArchiveFiles::Each(files) => files.keys().cloned().collect(),
            };
            architectures(needs, &locked, &mut found);
            found.extend(spelled(declaration, pin));
        }
        Pin::Debian(pin) => packages(needs, pin, &mut found),
    }
    found
}

/// The architectures that the declared URL spells in another way than the locked one.
fn spelled(declaration: &Declaration, pin: &ArchivePin) -> Vec<Stale> {
    let (Upstream::Archive(archive), ArchiveFiles::Each(files)) = (&declaration.upstream, &pin.files) else {
        return Vec::new();
    };
    let differs = |(architecture, file): (&Architecture, &ArchiveFile)| {
        let declared = archive.architectures.get(architecture)?.clone();
        let locked = file.spelled.clone().unwrap_or_else(|| architecture.to_string());
        (locked != declared).then(|| Stale::Spelled { architecture: architecture.clone(), locked, declared })
    };
    files.iter().filter_map(differs).collect()
}

/// Where a pin is from; of suites also whether from snapshots.
fn place(pin: &Pin) -> String {
    match pin {
        Pin::Debian(pin) if pin.snapshot().is_some() => format!("snapshots of {}", pin.names()),
        Pin::Debian(pin) => format!("a mirror of {}", pin.names()),
        pin => pin.upstream(),
    }
}

/// Where it should be from, in the same words.
fn declared(declaration: &Declaration) -> String {
    match &declaration.upstream {
        Upstream::Debian(debian) => match debian.place {
            ArchivePlace::Snapshot(_) => format!("snapshots of {}", debian.names()),
            ArchivePlace::Mirror(_) => format!("a mirror of {}", debian.names()),
        },
        upstream => upstream.to_string(),
    }
}

fn architectures(needs: &Needs, locked: &BTreeSet<Architecture>, found: &mut Vec<Stale>) {
    if let Some(wanted) = &needs.architectures {
        found.extend(wanted.difference(locked).cloned().map(Stale::Architecture));
        found.extend(locked.difference(wanted).cloned().map(Stale::SurplusArchitecture));
    }
}

/// Whether the packages are those that are wanted, each for every architecture.
fn packages(needs: &Needs, pin: &DebianPin, found: &mut Vec<Stale>) {
    let Some(wanted) = &needs.packages else { return };
    let locked: BTreeSet<PackageName> = pin.packages.keys().cloned().collect();
    found.extend(wanted.difference(&locked).cloned().map(Stale::Package));
    found.extend(locked.difference(wanted).cloned().map(Stale::SurplusPackage));
    if let Some(each) = &needs.architectures {
        let differs = pin.packages.values().find(|of| !each.iter().eq(of.keys()));
        if let Some(of) = differs {
            architectures(needs, &of.keys().cloned().collect(), found);
        }
    }
}

/// Whether a version's numbers satisfy a requirement; one that does not fit 64 bits satisfies none.
pub(super) fn satisfies(requirement: &semver::VersionReq, version: &crate::track::Version) -> bool {
    version.to_semver().is_some_and(|version| requirement.matches(&version))
}

pub(super) fn same_upstream(declaration: &Declaration, pin: &Pin) -> bool {
    match (&declaration.upstream, pin) {
        (Upstream::Image(repository), Pin::Image(pin)) => *repository == pin.repository,
        (Upstream::Git(url), Pin::Git(pin)) => *url == pin.url,
        (Upstream::Archive(archive), Pin::Archive(pin)) => archive.url == pin.url,
        (Upstream::Debian(debian), Pin::Debian(pin)) => {
            let is_snapshot = matches!(debian.place, ArchivePlace::Snapshot(_));
            debian.suites.iter().eq(pin.suites().keys()) && pin.snapshot().is_some() == is_snapshot
        }
        _ => false,
    }
}
