//! Whether a locked pin still satisfies its declaration, as Cargo decides it for a lock file.

use std::collections::BTreeSet;

use crate::catalog::{Declaration, Upstream};
use crate::model::{Pin, Platform};

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
}

/// Every way in which a pin has fallen behind its declaration; none where it has not.
///
/// `platforms` are the declared ones; `None` accepts any.
pub fn stale(declaration: &Declaration, platforms: Option<&BTreeSet<Platform>>, pin: &Pin) -> Vec<Stale> {
    if !same_upstream(declaration, pin) {
        return vec![Stale::Upstream { locked: pin.upstream(), declared: upstream(declaration) }];
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
    if let (Pin::Image(pin), Some(platforms)) = (pin, platforms) {
        let locked: BTreeSet<Platform> = pin.platforms.keys().cloned().collect();
        found.extend(platforms.difference(&locked).cloned().map(Stale::Platform));
        found.extend(locked.difference(platforms).cloned().map(Stale::Surplus));
    }
    found
}

/// Whether a version's numbers satisfy a requirement; one that does not fit 64 bits satisfies none.
pub(super) fn satisfies(requirement: &semver::VersionReq, version: &crate::track::Version) -> bool {
    version.to_semver().is_some_and(|version| requirement.matches(&version))
}

pub(super) fn same_upstream(declaration: &Declaration, pin: &Pin) -> bool {
    match (&declaration.upstream, pin) {
        (Upstream::Image(repository), Pin::Image(pin)) => *repository == pin.repository,
        (Upstream::Git(url), Pin::Git(pin)) => *url == pin.url,
        _ => false,
    }
}

fn upstream(declaration: &Declaration) -> String {
    match &declaration.upstream {
        Upstream::Image(repository) => repository.to_string(),
        Upstream::Git(url) => url.to_string(),
    }
}
