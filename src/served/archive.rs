//! A pin of archives: every file is downloaded and hashed, and held against what its publisher says of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::rules::{NOT_SERVED, TAG_GONE, TAG_MOVED};
use super::wrong::{Help, Wrong};
use super::{Answers, Subject};
use crate::catalog::{Archive, Upstream, Versions};
use crate::error::Status;
use crate::model::{Architecture, ArchiveFile, ArchivePin, GitTag, Pin};
use crate::openpgp::Keyring;
use crate::plan::archive::tag_moved;
use crate::plan::{Alarm, stale};
use crate::resolve::{Sources, release};
use crate::source::{AskedFile, FileNow, Kind, Release, SourceError};

pub(super) async fn ask(
    sources: &Sources,
    subject: Subject<'_>,
    pin: &ArchivePin,
    keyring: Option<Result<Arc<Keyring>, String>>,
) -> Answers {
    let mut answers = Answers::default();
    let declared = declared(subject, pin);
    let keyring = keyring.filter(|_| declared.is_some()).transpose().map_err(|why| {
        let asked = format!("check signatures of {}", pin.url);
        SourceError::new(Kind::Configuration, asked, why)
    });
    let Some(keyring) = answers.take(keyring) else { return answers };
    if let Some(archive) = declared {
        tag(sources, subject, archive, pin, &mut answers).await;
    }
    let spelled: BTreeMap<Architecture, String> = spelled(pin);
    let release = match declared {
        Some(archive) => release(archive, &pin.version, keyring.as_ref(), subject.now),
        None => Release::alone(&pin.url, &pin.version, &spelled, subject.now),
    };
    for AskedFile { architecture, file } in sources.archives.fresh().each(&release).await {
        let files = pin.files();
        let locked = files.iter().find(|(of, ..)| *of == architecture.as_ref());
        let (Some(now), Some((_, locked, _))) = (answers.take(file), locked) else { continue };
        judge(subject, pin, architecture.as_ref(), (locked, now), &mut answers);
    }
    answers
}

/// What is declared, where the locked files are those of it.
fn declared<'d>(subject: Subject<'d>, pin: &ArchivePin) -> Option<&'d Archive> {
    let declaration = subject.declaration?;
    let Upstream::Archive(archive) = &declaration.upstream else { return None };
    let needs = crate::catalog::Needs::default();
    let is_whole = stale(declaration, &needs, &Pin::Archive(pin.clone())).is_empty();
    (is_whole && archive.url == pin.url).then_some(&**archive)
}

fn spelled(pin: &ArchivePin) -> BTreeMap<Architecture, String> {
    let word = |(of, file, _): (Option<&Architecture>, &ArchiveFile, String)| {
        let of = of?.clone();
        let word = file.spelled.clone().unwrap_or_else(|| of.to_string());
        Some((of, word))
    };
    pin.files().into_iter().filter_map(word).collect()
}

/// Whether the tag of the locked version is still there, and names what it was last seen to name.
async fn tag(
    sources: &Sources,
    subject: Subject<'_>,
    archive: &Archive,
    pin: &ArchivePin,
    answers: &mut Answers,
) {
    let Versions::Git { url, .. } = &archive.versions else { return };
    let Some(tags) = answers.take(sources.git.tags(url).await) else { return };
    let tag = archive.tag_of(&pin.version);
    if let Some(known) = tags.iter().find(|known| known.name.as_str() == tag) {
        moved(subject, pin, known, answers);
        return;
    }
    let vanished = Alarm::Vanished { tag: pin.version.clone(), upstream: pin.url.to_string() };
    if subject.past.accepts(&vanished.mark()) {
        answers.notes.push(format!("{vanished}, which was accepted"));
        return;
    }
    answers.wrong.push(Wrong {
        rule: &TAG_GONE,
        status: if subject.is_immutable() { Status::Alarm } else { Status::Failed },
        keys: vec!["version".into()],
        message: format!("{url} no longer has the tag {tag}"),
        help: Help::Leave,
    });
}

/// Whether a tag names another commit than it was last seen to name.
fn moved(subject: Subject<'_>, pin: &ArchivePin, now: &GitTag, answers: &mut Answers) {
    let Some(alarm) = tag_moved(subject.past, &pin.version, &now.commit.to_string()) else { return };
    let Alarm::Moved { from, to, .. } = &alarm else { return };
    let message = format!("the tag {} was seen to name {from}, and now names {to}", now.name);
    if subject.past.accepts(&alarm.mark()) {
        answers.notes.push(format!("{message}, which was accepted"));
    } else if subject.is_immutable() {
        answers.wrong.push(Wrong {
            rule: &TAG_MOVED,
            status: Status::Alarm,
            keys: vec!["version".into()],
            message,
            help: Help::Accept,
        });
    } else {
        answers.notes.push(message);
    }
}

/// How a file stands to the locked one.
fn judge(
    subject: Subject<'_>,
    pin: &ArchivePin,
    architecture: Option<&Architecture>,
    (locked, now): (&ArchiveFile, FileNow),
    answers: &mut Answers,
) {
    let keys = match architecture {
        Some(of) => vec!["files".to_owned(), of.to_string()],
        None => vec!["sha256".to_owned()],
    };
    let of = architecture.map_or_else(String::new, |of| format!(" ({of})"));
    let version = &pin.version;
    match now {
        FileNow::Missing(what) => answers.wrong.push(Wrong {
            rule: &NOT_SERVED,
            status: Status::Failed,
            keys,
            message: format!("of version {version}{of} this is not served: {what}"),
            help: Help::Leave,
        }),
        FileNow::Here(file) if file.digest == locked.digest && file.size == locked.size => {}
        FileNow::Here(file) => {
            let moved = format!(
                "the file of version {version}{of} is locked as {}, {} bytes, and is {}, {} bytes",
                locked.digest, locked.size, file.digest, file.size
            );
            match subject.is_immutable() {
                true => answers.wrong.push(Wrong {
                    rule: &TAG_MOVED,
                    status: Status::Alarm,
                    keys,
                    message: moved,
                    help: Help::Accept,
                }),
                false => answers.notes.push(moved),
            }
        }
    }
}
