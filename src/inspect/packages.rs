//! What is installed in an image: each package is in its base as it is, or in a list of a locked suite.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::attested::Attested;
use super::revision::State;
use super::unpacked::{LayerError, Record, record};
use super::{Audited, Auditor};
use crate::audit::{Finding, Locked, NOT_UNDERSTOOD, PACKAGE_NOT_LOCKED};
use crate::catalog::{ArchivePlace, Debian, Upstream};
use crate::debian::Installed;
use crate::error::{Error, Status};
use crate::model::{Architecture, DebianPin, Digest, ImagePin, Pin, PinName, Platform, harmless};
use crate::oci::{Folder, FolderError};
use crate::provenance::{Provenance, Source};
use crate::source::{Kind, SourceError, Suites};

/// How many packages an image has, and where they are from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// All of them.
    pub installed: usize,
    /// Those that the base has as they are.
    pub of_base: usize,
    /// Those that a list of a locked suite has.
    pub listed: usize,
}

/// The base of an image.
#[derive(Default)]
struct Base {
    /// How many of the image's layers it has.
    layers: usize,
    /// Why it is not known, where that is so.
    unknown: Vec<SourceError>,
}

impl Base {
    /// What cannot be told without it.
    fn failure(&self, what: &str) -> Error {
        let status = |error: &SourceError| match error.kind() {
            Kind::Integrity => Status::Alarm,
            _ => Status::Incomplete,
        };
        let status = self.unknown.iter().map(status).fold(Status::Incomplete, Status::max);
        let why: Vec<String> = self.unknown.iter().map(ToString::to_string).collect();
        let failed = Error::new(status, format!("it is not known {what}: {}", why.join("; ")));
        self.unknown.iter().find_map(SourceError::hint).into_iter().fold(failed, Error::hint)
    }
}

impl Auditor<'_> {
    /// Compares what is installed.
    pub(super) async fn packages(
        &self,
        folder: &Arc<Folder>,
        image: &Attested,
        used: &[&Provenance],
        state: &State,
        audited: &mut Audited,
    ) -> Result<(), Error> {
        let locked = self.locked(state)?;
        let base = self.base(&locked, image, used).await;
        let record = match self.record(folder, image, base.layers).await {
            Ok(record) => record,
            Err(error) => return wrong(error, audited),
        };
        if record.is_gone && !base.unknown.is_empty() {
            audited.failures.push(base.failure("whether its base has packages"));
            return Ok(());
        }
        if record.is_gone {
            let message = "what is installed cannot be told: dpkg's record is in a lower layer, and a higher one took it away";
            audited.found(NOT_UNDERSTOOD, message, "keep dpkg's record in the image");
            return Ok(());
        }
        let Some(installed) = record.image else {
            audited.notes.push("it has no record of dpkg: no packages were looked at".into());
            return Ok(());
        };
        let mut open: BTreeSet<Installed> = installed.difference(&record.base).cloned().collect();
        let of_base = installed.len() - open.len();
        let before = open.len();
        let mut asked = false;
        for (name, pin) in locked.pins().filter(|(name, _)| locked.reads(name)) {
            let (Pin::Debian(pin), Some(platform), false) = (pin, &image.platform, open.is_empty()) else {
                continue;
            };
            asked = true;
            match self.lacking(state, name, pin, platform, open.clone()).await {
                Ok(lacking) => open = lacking,
                Err(error) => audited.failures.push(told(name, &error)),
            }
        }
        let listed = before - open.len();
        audited.packages = Some(Counted { installed: installed.len(), of_base, listed });
        // Where a list could not be had, nothing tells whether it has them; and without a base, what is of it.
        if !open.is_empty() && !base.unknown.is_empty() {
            let (no, first) = (open.len(), open.iter().next().map(shown).unwrap_or_default());
            let what = format!(
                "whether the base has the packages that no locked suite has ({no}, the first is {first})"
            );
            audited.failures.push(base.failure(&what));
        } else if audited.failures.is_empty() {
            audited
                .findings
                .extend(open.iter().map(|package| foreign(package, image.platform.as_ref(), asked)));
        }
        Ok(())
    }

    async fn record(
        &self,
        folder: &Arc<Folder>,
        image: &Attested,
        base: usize,
    ) -> Result<Record, LayerError> {
        let (folder, layers, diff_ids) = (Arc::clone(folder), image.layers.clone(), image.diff_ids.clone());
        let read = tokio::task::spawn_blocking(move || record(&folder, &layers, &diff_ids, base));
        read.await.unwrap_or_else(|error| Err(LayerError::Record("the layers".into(), error.to_string())))
    }

    /// The locked image whose layers are the lowest of this one, of those that were used.
    async fn base(&self, locked: &Locked<'_>, image: &Attested, used: &[&Provenance]) -> Base {
        let mut base = Base::default();
        for (pin, manifest) in bases(locked, image.platform.as_ref(), used) {
            let make = self.sources.images.make(&pin.repository, &manifest).await;
            let layers: Option<Vec<Digest>> = match make {
                Ok(Some(make)) => make.layers.iter().map(|layer| layer.parse().ok()).collect(),
                Ok(None) => None,
                Err(error) => {
                    base.unknown.push(error);
                    continue;
                }
            };
            let is_lowest = |layers: &Vec<Digest>| image.diff_ids.starts_with(layers);
            base.layers = base.layers.max(layers.filter(is_lowest).map_or(0, |layers| layers.len()));
        }
        base
    }

    /// Those of these packages that no list of the locked suites has.
    async fn lacking(
        &self,
        state: &State,
        name: &PinName,
        pin: &DebianPin,
        platform: &Platform,
        packages: BTreeSet<Installed>,
    ) -> Result<BTreeSet<Installed>, SourceError> {
        let asked = || format!("look the packages of {} up", pin.names());
        let wrong = |why: String| SourceError::new(Kind::Configuration, asked(), why);
        let workspace = state.workspace(self.workspace);
        let declaration = workspace.catalog.declarations.get(name);
        let declared = declaration.and_then(|declaration| match &declaration.upstream {
            Upstream::Debian(declared) => Some((declaration, declared)),
            _ => None,
        });
        let (declaration, declared) =
            declared.ok_or_else(|| wrong("nothing declares where its suites are".into()))?;
        let keys = workspace.keyring(declaration).unwrap_or_else(|| Err("no keyring is declared".into()));
        let keys = keys.map_err(wrong)?;
        let architecture = Architecture::of(platform);
        let architecture = architecture.ok_or_else(|| wrong(format!("Debian has no {platform}")))?;
        let architectures = BTreeSet::from([architecture]);
        let suites = Suites {
            bases: declared.bases(pin.snapshot()),
            keys: &keys,
            components: &declared.components,
            architectures: &architectures,
            now: self.now,
        };
        for (suite, base) in &suites.bases {
            let locked = pin.suites().get(suite).map(|locked| &locked.digest);
            let served = self.sources.debian.served(base, suite).await?;
            if locked != Some(&served) {
                return Err(moved(declared, &asked(), suite.as_str(), &served));
            }
        }
        let found = self.sources.debian.state(&suites).await?;
        self.sources.debian.lacking(&suites, &found, packages).await
    }
}

/// The locked images that were used, each with its manifest for the platform; all of them where nothing is stated.
fn bases<'l>(
    locked: &Locked<'l>,
    platform: Option<&Platform>,
    used: &[&Provenance],
) -> Vec<(&'l ImagePin, Digest)> {
    let is_used = |pin: &ImagePin, manifest: &Digest| {
        let mut materials = used.iter().flat_map(|provenance| &provenance.materials);
        used.is_empty()
            || materials.any(|material| match &material.source {
                Source::Image(used) => used.digest == pin.digest || used.digest == *manifest,
                Source::Layout(digest) => *digest == pin.digest || digest == manifest,
                _ => false,
            })
    };
    let base = |(name, pin): (&'l PinName, &'l Pin)| match pin {
        Pin::Image(pin) if locked.reads(name) => {
            let manifest = pin.platforms.get(platform?)?;
            is_used(pin, manifest).then(|| (pin, manifest.clone()))
        }
        _ => None,
    };
    locked.pins().filter_map(base).collect()
}

/// A snapshot never changes; a mirror does, and then has nothing that is locked.
fn moved(declared: &Debian, asked: &str, suite: &str, now: &Digest) -> SourceError {
    match &declared.place {
        ArchivePlace::Snapshot(_) => SourceError::new(
            Kind::Integrity,
            asked,
            format!("{suite} is served with {now}, which is not what is locked"),
        ),
        ArchivePlace::Mirror(_) => {
            let why = format!("the mirror has moved on: {suite} is not what is locked any more");
            SourceError::new(Kind::NotFound, asked, why)
                .hinted("its locked lists are nowhere: a snapshot service has every state")
        }
    }
}

fn told(name: &PinName, error: &SourceError) -> Error {
    let message = format!("the packages could not be compared with the pin `{name}`: {error}");
    error.hint().into_iter().fold(Error::new(Status::of_source(error), message), Error::hint)
}

fn shown(package: &Installed) -> String {
    let Installed { name, version, architecture } = package;
    harmless(&format!("{name} {version} ({architecture})"))
}

fn foreign(package: &Installed, platform: Option<&Platform>, asked: bool) -> Finding {
    let shown = shown(package);
    let message = match asked {
        true => {
            format!("the package {shown} is neither in the base as it is, nor in a list of the locked suites")
        }
        false => format!("the package {shown} is not in the base as it is, and no suites are locked for it"),
    };
    Finding {
        rule: PACKAGE_NOT_LOCKED,
        platform: platform.cloned(),
        message,
        subject: shown,
        help: "install it from the locked suites, as `emit sources-list` has them".into(),
    }
}

/// Layers that cannot be read leave the answer open; a record that cannot be read is one that cannot be compared.
fn wrong(error: LayerError, audited: &mut Audited) -> Result<(), Error> {
    let message = format!("what is installed cannot be told: {error}");
    let status = match error {
        LayerError::Folder(error @ FolderError::Corrupt { .. }) => return Err(super::unreadable(error)),
        LayerError::Folder(_) => Status::Incomplete,
        LayerError::Other { .. } => Status::Alarm,
        LayerError::Unreadable(..) | LayerError::Record(..) => {
            audited.found(NOT_UNDERSTOOD, message, "build it anew: dpkg and builders write other things");
            return Ok(());
        }
    };
    audited.failures.push(Error::new(status, message));
    Ok(())
}
