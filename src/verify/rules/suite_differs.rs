//! Packages of one release on a base of another.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Debian, Declaration, Edition, Level, Upstream};
use crate::model::{Pin, Repository, Suite};
use crate::references::Register;
use crate::scan::dockerfile::{self, BuildStage, Source};
use crate::scan::{Format, Input as Named, Reference, Unresolved};
use crate::verify::{Check, Input, Looked, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "suite-differs",
    level: Level::Error,
    since: Edition::FIRST,
    reason: "packages of another release than the base's replace its C library, or do not fit it",
    explanation: "\
A stage installs packages from suites of one release on a base of another, as the base's tag tells.
apt would bring half of the other release along, or find that nothing fits.

    FROM ${PIN_DEBIAN}                      # debian:trixie-slim
    RUN ... = \"$PIN_BOOKWORM_INRELEASE\"; apt-get install -y iproute2      # found

Use a pin with the suites of the base's release, or another base. A base whose tag does not name its
release is not looked at.",
    check: Check::File(check),
};

/// The releases by their names, with the numbers of those that have one: Debian's, then Ubuntu's.
const RELEASES: [(&str, &str); 22] = [
    ("jessie", "8"),
    ("stretch", "9"),
    ("buster", "10"),
    ("bullseye", "11"),
    ("bookworm", "12"),
    ("trixie", "13"),
    ("forky", "14"),
    ("duke", "15"),
    ("sid", ""),
    ("xenial", "16.04"),
    ("bionic", "18.04"),
    ("focal", "20.04"),
    ("jammy", "22.04"),
    ("kinetic", "22.10"),
    ("lunar", "23.04"),
    ("mantic", "23.10"),
    ("noble", "24.04"),
    ("oracular", "24.10"),
    ("plucky", "25.04"),
    ("questing", "25.10"),
    ("resolute", "26.04"),
    ("devel", ""),
];

/// Those whose names mean something else in the tags of other repositories: `12.4.1-devel-ubuntu22.04`.
const COMMON: [&str; 3] = ["devel", "sid", "duke"];

fn check(_: &Input<'_>, looked: &Looked<'_>) -> Vec<Raw> {
    let installs = |reference: &Reference| argument(reference).is_some();
    let is_dockerfile = crate::scan::format(&looked.file.path) == Some(Format::Dockerfile);
    if !is_dockerfile || !looked.scan.references.iter().any(installs) {
        return Vec::new();
    }
    let platforms: Vec<String> =
        looked.image.iter().flat_map(|image| &image.platforms).map(ToString::to_string).collect();
    let stages = dockerfile::stages(&looked.file.text, &BTreeMap::new(), &platforms).list;
    stages.iter().flat_map(|stage| check_stage(looked, &stages, stage)).collect()
}

/// The argument that an installation's suites are held against.
fn argument(reference: &Reference) -> Option<&str> {
    match &reference.input {
        Ok(Named::Fetch(fetch)) => fetch.packages.as_ref()?.checked.as_deref(),
        _ => None,
    }
}

fn check_stage(looked: &Looked<'_>, stages: &[BuildStage], stage: &BuildStage) -> Vec<Raw> {
    let Some(base) = base(looked.register, stages, stage) else {
        return Vec::new();
    };
    let found = stage.fetches.iter().filter_map(|reference| {
        let pin = debian_pin(looked.register, argument(reference)?)?;
        let Upstream::Debian(debian) = &pin.upstream else { return None };
        let releases = releases(debian)?;
        (!releases.contains(base.release)).then(|| Raw {
            place: looked.at(reference.span.clone()),
            message: format!(
                "`{}` has the suites {}, and this stage begins with {}, which is {}",
                pin.name,
                debian.names(),
                base.name,
                base.release
            ),
            help: format!("use a pin with suites of {}, or another base", base.release),
        })
    });
    found.collect()
}

/// The pin whose `InRelease` files an argument stands for.
fn debian_pin<'a>(register: &Register<'a>, argument: &str) -> Option<&'a Declaration> {
    let mut pins = register.catalog().declarations.values();
    pins.find(|pin| {
        matches!(pin.upstream, Upstream::Debian(_))
            && pin.name.debian_arguments().iter().any(|own| own == argument)
    })
}

/// The releases that a pin's suites belong to, if all their names tell.
fn releases(debian: &Debian) -> Option<BTreeSet<&'static str>> {
    let release = |suite: &Suite| suite.as_str().split('-').next().and_then(named);
    debian.suites.iter().map(release).collect()
}

/// What a stage begins with.
struct Base {
    name: String,
    release: &'static str,
}

/// What a stage begins with, past earlier stages, if its tag tells the release.
fn base(register: &Register<'_>, stages: &[BuildStage], stage: &BuildStage) -> Option<Base> {
    let mut first = stage;
    // A stage can only be FROM an earlier one, so this ends.
    while let Source::Stages(earlier) = &first.base {
        first = stages.get(*earlier.first()?)?;
    }
    let Source::Outside(reference) = &first.base else { return None };
    let (repository, tag) = match &reference.input {
        Ok(Named::Image(image)) => (image.repository.parse().ok()?, image.tag.as_ref()?.text.clone()),
        Err(Unresolved::Argument { name, alone: true }) => pinned(register, name)?,
        _ => return None,
    };
    let release = release(&repository, &tag)?;
    Some(Base { name: format!("{repository}:{tag}"), release })
}

/// The repository and tag of the image that an argument stands for.
fn pinned(register: &Register<'_>, argument: &str) -> Option<(Repository, String)> {
    let pin = register.catalog().declarations.values().find(|pin| pin.name.argument() == argument)?;
    let Upstream::Image(repository) = &pin.upstream else { return None };
    let tag = match register.locked(pin) {
        Some(Pin::Image(locked)) => locked.tag.to_string(),
        _ => pin.track.to_string(),
    };
    Some((repository.clone(), tag))
}

/// The release that a tag tells: by its name wherever it stands, by its number where the repository is the release's own.
fn release(repository: &Repository, tag: &str) -> Option<&'static str> {
    let repository = repository.to_string();
    let is_own = matches!(repository.as_str(), "docker.io/library/debian" | "docker.io/library/ubuntu");
    let mut names = tag.split(['-', '_', '.']).filter_map(named);
    if let Some(found) = names.find(|name| is_own || !COMMON.contains(name)) {
        return Some(found);
    }
    let version = tag.split('-').next().unwrap_or_default();
    let number = match repository.as_str() {
        "docker.io/library/debian" => version.split('.').next().unwrap_or_default(),
        "docker.io/library/ubuntu" => version,
        _ => return None,
    };
    RELEASES.iter().find(|(_, known)| !known.is_empty() && *known == number).map(|(name, _)| *name)
}

fn named(word: &str) -> Option<&'static str> {
    RELEASES.iter().map(|(name, _)| *name).find(|name| *name == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_tells_its_release() {
        for (repository, tag, expected) in [
            ("debian", "bookworm-slim", Some("bookworm")),
            ("debian", "bookworm-20260803-slim", Some("bookworm")),
            ("debian", "12", Some("bookworm")),
            ("debian", "12.9-slim", Some("bookworm")),
            ("debian", "13.6", Some("trixie")),
            ("debian", "stable-slim", None),
            ("debian", "1.2", None),
            ("rust", "1.98-slim-bookworm", Some("bookworm")),
            ("rust", "12.9", None),
            ("wordpress", "6.9.4-php8.3-fpm", None),
            ("ubuntu", "24.04", Some("noble")),
            ("ubuntu", "noble-20260101", Some("noble")),
            ("ubuntu", "24", None),
            ("debian", "sid-slim", Some("sid")),
            ("ubuntu", "devel", Some("devel")),
            ("nvidia/cuda", "12.4.1-devel-ubuntu22.04", None),
            ("example.org/debian", "sid", None),
            ("oracle/duke", "duke-bookworm", Some("bookworm")),
            ("example.org/debian", "12", None),
            ("debian", "bookworms", None),
        ] {
            assert_eq!(release(&repository.parse().unwrap(), tag), expected, "{repository}:{tag}");
        }
    }
}
