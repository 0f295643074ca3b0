//! A pin of a git repository: one list of its tags tells all.

use super::rules::{TAG_GONE, TAG_MOVED};
use super::wrong::{Help, Wrong};
use super::{Answers, Subject};
use crate::error::Status;
use crate::model::{CommitId, GitPin};
use crate::plan::Alarm;
use crate::source::GitSource;

pub(super) async fn ask(source: &GitSource, subject: Subject<'_>, pin: &GitPin) -> Answers {
    let mut answers = Answers::default();
    let Some(tags) = answers.take(source.tags(&pin.url).await) else {
        return answers;
    };
    let (key, moved) = match tags.iter().find(|tag| tag.name == pin.tag) {
        Some(tag) if tag.commit != pin.commit => {
            let moved =
                format!("the tag {} is locked at {} and now names {}", pin.tag, pin.commit, tag.commit);
            ("commit", moved)
        }
        Some(tag) if tag.tag_object != pin.tag_object => {
            let shown = |id: &Option<CommitId>| id.as_ref().map_or("none".into(), ToString::to_string);
            let (now, locked) = (shown(&tag.tag_object), shown(&pin.tag_object));
            let moved = format!("the tag {} has the tag object {now}, and {locked} is locked", pin.tag);
            ("tag-object", moved)
        }
        Some(_) => return answers,
        None => {
            // Whether the commit is still served cannot be asked without fetching it.
            let vanished = Alarm::Vanished { tag: pin.tag.to_string(), upstream: pin.url.to_string() };
            match subject.past.accepts(&vanished.mark()) {
                true => answers.notes.push(format!("{vanished}, which was accepted")),
                false => answers.wrong.push(gone(subject, pin)),
            }
            return answers;
        }
    };
    match subject.is_immutable() {
        true => answers.wrong.push(Wrong {
            rule: &TAG_MOVED,
            status: Status::Alarm,
            keys: vec![key.into()],
            message: moved,
            help: Help::Accept,
        }),
        false => answers.notes.push(moved),
    }
    answers
}

fn gone(subject: Subject<'_>, pin: &GitPin) -> Wrong {
    Wrong {
        rule: &TAG_GONE,
        status: if subject.is_immutable() { Status::Alarm } else { Status::Failed },
        keys: vec!["tag".into()],
        message: format!("{} no longer has the tag {}", pin.url, pin.tag),
        help: Help::Leave,
    }
}
