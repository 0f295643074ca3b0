//! What is installed in an image: each package is in its base as it is, or in a list of a locked suite.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::attested::Attested;
use super::base::Base;
use super::record::LayerError;
use super::revision::State;
use super::{Audited, Auditor};
use crate::audit::{Finding, NOT_UNDERSTOOD, PACKAGE_NOT_LOCKED};
use crate::catalog::{ArchivePlace, Debian, Upstream};
use crate::debian::Installed;
use crate::error::{Error, Status};
use crate::model::{Architecture, DebianPin, Digest, Pin, PinName, Platform, harmless};
use crate::oci::Folder;
use crate::provenance::Provenance;
use crate::source::{Kind, SourceError, Suites};

/// How many packages an image has, and where they are from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// All of them.
    pub installed: usize,
    /// Those that the base has as they are, or another locked image that was used.
    pub of_base: usize,
    /// Those that a list of a locked suite has.
    pub listed: usize,
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
            Err(error) => {
                wrong(error, audited);
                return Ok(());
            }
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
        let open = self.in_no_other(&base, open, &mut audited.failures).await;
        let of_base = installed.len() - listed - open.len();
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

    /// Those of these packages that no locked image has whose layers are not those of this one.
    async fn in_no_other(
        &self,
        base: &Base,
        mut packages: BTreeSet<Installed>,
        failures: &mut Vec<Error>,
    ) -> BTreeSet<Installed> {
        for (repository, manifest) in &base.others {
            if packages.is_empty() {
                break;
            }
            match self.installed(repository, manifest).await {
                Ok(own) => packages.retain(|package| !own.contains(package)),
                Err(error) => failures.push(error),
            }
        }
        packages
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
        let native = Architecture::of(platform).ok_or_else(|| wrong(format!("Debian has no {platform}")))?;
        let architectures = architectures(native, declared, pin, &packages);
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

/// Those whose lists can have these packages: the platform's own, and the locked ones that dpkg was told to install from besides.
fn architectures(
    native: Architecture,
    declared: &Debian,
    pin: &DebianPin,
    packages: &BTreeSet<Installed>,
) -> BTreeSet<Architecture> {
    let locked = pin.packages.values().flat_map(BTreeMap::keys);
    let known = declared.architectures.iter().flatten().chain(locked);
    let is_there = |of: &&Architecture| packages.iter().any(|package| package.architecture == of.as_str());
    known.filter(is_there).cloned().chain([native]).collect()
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

/// A record that cannot be read is one that cannot be compared; bytes that are other ones are an alarm.
fn wrong(error: LayerError, audited: &mut Audited) {
    let message = format!("what is installed cannot be told: {error}");
    match error {
        LayerError::Folder(error) => audited.distrust(error),
        LayerError::Other { .. } => audited.failures.push(Error::new(Status::Alarm, message)),
        LayerError::Unreadable(..) | LayerError::Record(..) => {
            audited.found(NOT_UNDERSTOOD, message, "build it anew: dpkg and builders write other things");
        }
    }
}
