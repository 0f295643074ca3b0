//! A pin of suites of a Debian archive: whether they are served as they are locked, and have the packages that are.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::rules::{CHILDREN, MOVED_ON, NOT_SERVED, REWRITTEN};
use super::wrong::{Help, Wrong};
use super::{Answers, Subject};
use crate::catalog::{ArchivePlace, Debian, Upstream};
use crate::error::Status;
use crate::model::{Architecture, ArchiveState, DebianPin, Digest, InRelease, PackageName, Reach, Suite};
use crate::openpgp::Keyring;
use crate::source::{DebianSource, Kind, PackageFile, SourceError, Suites};

/// Where the archive is only the declaration tells.
pub(super) async fn ask(
    source: &DebianSource,
    subject: Subject<'_>,
    pin: &DebianPin,
    keyring: Option<Result<Arc<Keyring>, String>>,
) -> Answers {
    let mut answers = Answers::default();
    let Some(Upstream::Debian(declared)) = subject.declaration.map(|declaration| &declaration.upstream)
    else {
        answers.notes.push("nothing declares where its suites are: it was not asked about".into());
        return answers;
    };
    let mut as_locked = 0;
    for (suite, base) in declared.bases(pin.snapshot()) {
        let Some(locked) = pin.suites().get(&suite).map(|locked| &locked.digest) else { continue };
        match source.served(&base, &suite).await {
            Err(error) if error.kind() == Kind::NotFound => answers.wrong.push(gone(pin, &suite)),
            served => {
                let served = answers.take(served);
                as_locked += usize::from(served.as_ref() == Some(locked));
                let served = served.filter(|served| served != locked);
                answers.wrong.extend(served.map(|served| other(declared, pin, (&suite, locked), &served)));
            }
        }
    }
    // Of other suites the packages are others.
    if as_locked == pin.suites().len() && !pin.packages.is_empty() {
        let keyring = keyring.unwrap_or_else(|| Err("no keyring is declared".into()));
        let reach = reach(source, subject, declared, pin, keyring).await;
        if let Some((state, reach, files)) = answers.take(reach) {
            answers.wrong.extend(redated(pin, &state));
            answers.wrong.extend(foreign(pin, &reach));
            answers.wrong.extend(files.into_iter().filter_map(|file| altered(pin, file)));
        }
    }
    answers
}

/// What the locked suites say of themselves and have of the locked packages, and what became of the files of these.
async fn reach(
    source: &DebianSource,
    subject: Subject<'_>,
    declared: &Debian,
    pin: &DebianPin,
    keyring: Result<Arc<Keyring>, String>,
) -> Result<(ArchiveState, Reach, Vec<File>), SourceError> {
    let asked = || format!("look the packages of {} up", pin.names());
    let keys = keyring.map_err(|why| SourceError::new(Kind::Configuration, asked(), why))?;
    let architectures: BTreeSet<Architecture> =
        pin.packages.values().flat_map(|each| each.keys().cloned()).collect();
    let suites = Suites {
        bases: declared.bases(pin.snapshot()),
        keys: &keys,
        components: &declared.components,
        architectures: &architectures,
        now: subject.now,
    };
    let names: BTreeSet<PackageName> = pin.packages.keys().cloned().collect();
    let state = source.state(&suites).await?;
    let reach = source.reach(&suites, &state, &names).await?;
    let files = source.files(&suites, &state, &pin.packages).await?;
    Ok((state.state, reach, files))
}

/// A package's file, by name and architecture.
type File = (PackageName, Architecture, PackageFile);

/// A package whose file is not what its list signs.
fn altered(pin: &DebianPin, (name, of, file): File) -> Option<Wrong> {
    let (rule, status, what) = match file {
        PackageFile::AsLocked => return None,
        PackageFile::Other(what) => {
            (&REWRITTEN, Status::Alarm, format!("is served as something else: {what}"))
        }
        PackageFile::Missing => (&NOT_SERVED, Status::Failed, "is no longer served".into()),
    };
    Some(Wrong {
        rule,
        status,
        keys: vec!["packages".into(), name.to_string(), of.to_string()],
        message: format!("the file of {name} for {of} at {} {what}", pin.time()),
        help: Help::Words("do not build from this archive before you know why; tell those who run it".into()),
    })
}

/// The suites whose locked date is not their own.
fn redated(pin: &DebianPin, state: &ArchiveState) -> Vec<Wrong> {
    let differs = |(suite, own): (&Suite, &InRelease)| {
        let locked = pin.suites().get(suite).filter(|locked| locked.date != own.date)?;
        Some(Wrong {
            rule: &CHILDREN,
            status: Status::Failed,
            keys: vec!["inrelease".into(), suite.to_string()],
            message: format!("{suite} is locked with the date {}, and says {}", locked.date, own.date),
            help: Help::Accept,
        })
    };
    state.suites.iter().filter_map(differs).collect()
}

/// The locked packages that are not those of the locked suites.
fn foreign(pin: &DebianPin, reach: &Reach) -> Vec<Wrong> {
    let each = pin.packages.iter().flat_map(|(name, each)| each.iter().map(move |(of, pin)| (name, of, pin)));
    let wrong = each.filter_map(|(name, of, locked)| {
        let own = reach.packages.get(name).and_then(|each| each.get(of));
        let what = match own {
            Some(own) if own == locked => return None,
            Some(own) => format!("the suites have {}, with {}", own.version, own.digest),
            None => "the suites do not have it".into(),
        };
        Some(Wrong {
            rule: &CHILDREN,
            status: Status::Failed,
            keys: vec!["packages".into(), name.to_string(), of.to_string()],
            message: format!(
                "{name} {} for {of} is not the one of the locked suites: {what}",
                locked.version
            ),
            help: Help::Accept,
        })
    });
    wrong.collect()
}

fn gone(pin: &DebianPin, suite: &Suite) -> Wrong {
    Wrong {
        rule: &NOT_SERVED,
        status: Status::Failed,
        keys: vec!["inrelease".into(), suite.to_string()],
        message: format!("there is no {suite} of {} any more", pin.time()),
        help: Help::Refresh,
    }
}

/// A snapshot never changes; a mirror does, and then has nothing that is locked.
fn other(declared: &Debian, pin: &DebianPin, (suite, locked): (&Suite, &Digest), served: &Digest) -> Wrong {
    let keys = vec!["inrelease".into(), suite.to_string()];
    match &declared.place {
        ArchivePlace::Snapshot(_) => Wrong {
            rule: &REWRITTEN,
            status: Status::Alarm,
            keys,
            message: format!(
                "the snapshot {} of {suite} is locked as {locked} and now is {served}",
                pin.time()
            ),
            help: Help::Accept,
        },
        ArchivePlace::Mirror(_) => Wrong {
            rule: &MOVED_ON,
            status: Status::Failed,
            keys,
            message: format!("the mirror has moved on: {suite} is locked as {locked} and now is {served}"),
            help: Help::Refresh,
        },
    }
}
