//! A pin of suites of a Debian archive: whether they are served as they are locked.

use super::rules::{MOVED_ON, NOT_SERVED, REWRITTEN};
use super::wrong::{Help, Wrong};
use super::{Answers, Subject};
use crate::catalog::{ArchivePlace, Debian, Upstream};
use crate::error::Status;
use crate::model::{DebianPin, Digest, Suite};
use crate::source::{DebianSource, Kind};

/// Where the archive is only the declaration tells.
pub(super) async fn ask(source: &DebianSource, subject: Subject<'_>, pin: &DebianPin) -> Answers {
    let mut answers = Answers::default();
    let Some(Upstream::Debian(declared)) = subject.declaration.map(|declaration| &declaration.upstream)
    else {
        answers.notes.push("nothing declares where its suites are: it was not asked about".into());
        return answers;
    };
    for (suite, base) in declared.bases(pin.snapshot()) {
        let Some(locked) = pin.suites().get(&suite).map(|locked| &locked.digest) else { continue };
        match source.served(&base, &suite).await {
            Err(error) if error.kind() == Kind::NotFound => answers.wrong.push(gone(pin, &suite)),
            served => {
                let served = answers.take(served).filter(|served| served != locked);
                answers.wrong.extend(served.map(|served| other(declared, pin, (&suite, locked), &served)));
            }
        }
    }
    answers
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
